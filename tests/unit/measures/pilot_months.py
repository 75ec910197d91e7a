"""Published months of PCNs made up here, with a pilot whose effect is known."""

import numpy as np
import pandas as pd

from phm.governance.disclosure import recognise
from phm.measures.definition import load_measures

MEASURE = next(m for m in load_measures() if m.id == "raised_bp_not_on_register")
MONTHS = [f"{2025 + i // 12}-{i % 12 + 1:02}" for i in range(18)]
START = MONTHS[12]


def delivered(seed=1, *, effect=0.0, pilots=2, pcns=14, months=MONTHS, size=10_000, drift=0.02):
    """Published rows of PCNs whose true percentages drift apart a little, with the pilots' moved by `effect` points."""
    rng = np.random.default_rng(seed)
    level = rng.normal(12, 2, pcns)[:, np.newaxis]
    trend = rng.normal(0, drift, pcns)[:, np.newaxis] * np.arange(len(months))
    lasting = rng.normal(0, 0.3, (pcns, len(months)))
    moved = effect * np.outer(np.arange(pcns) < pilots, [m >= START for m in months])
    share = np.clip((level + trend + lasting + moved) / 100, 0.001, 0.999)
    people = 5 * rng.integers(size // 10, size // 4, pcns)
    return published(rng.binomial(people[:, np.newaxis], share), people, months, imd=rng.normal(22, 5, pcns).round(1))


def published(counts, people, months, *, imd):
    """Counts of the measure by PCN and month, as published; every month has the same list sizes, ages and scores."""
    pcns = pd.DataFrame({"area_code": [f"U{i:05}" for i in range(len(people))], "people": people, "imd": imd})
    base = pcns.merge(pd.DataFrame({"month": months}), how="cross").assign(area_type="pcn", group_name="all")
    shown = 5 * np.round(np.asarray(counts).ravel() / 5)
    size = base["people"]
    parts = [
        base.assign(measure_id=MEASURE.id, numerator=shown, denominator=size, value=100 * shown / size),
        base.assign(measure_id="list_size", numerator=3 * size, value=3 * size),
        base.assign(measure_id="imd_mean_score", value=base["imd"]),
    ]
    parts = [part.assign(group_value="all") for part in parts]
    for band, of_band in (("female 30-34", 100), ("male 90+", 5), ("other or unknown", 10)):
        parts.append(
            base.assign(measure_id="list_size", group_name="sex_age_band", group_value=band, numerator=of_band)
        )
    table = pd.concat(parts, ignore_index=True).assign(area_name=lambda t: "PCN " + t["area_code"])
    return recognise(table.astype({"numerator": "Int64", "denominator": "Int64"}))

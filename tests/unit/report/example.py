"""A made-up ICB of 25 PCNs in 4 places, published through the gate, and the report made from it."""

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd

from phm.cohorts.definition import load_definition
from phm.governance.disclosure import RawCounts, publish, publish_attrition, publish_quality
from phm.measures.definition import load_measures
from phm.measures.values import statistics
from phm.report.page import build_report

REFERENCE_DATE = dt.date(2026, 10, 31)
MEASURES = load_measures()
COHORT = load_definition("possible_undiagnosed_hypertension")
NAMES = (
    "Ash Beech Cedar Dale Elm Fir Glen Holly Ivy Juniper Kestrel Larch Maple "
    "Nettle Oak Pine Quince Rowan Sorrel Thorn Upton Vale Willow Yarrow Zinnia"
)
PCNS = [(f"U{n:05d}", f"{name} and District PCN", f"L{n % 4}") for n, name in enumerate(NAMES.split(), start=1)]


@cache
def measures():
    """Published measures with one PCN clearly above, one clearly below, and one too small to show."""
    random = np.random.default_rng(7)
    rows = []
    for n, (code, name, place) in enumerate(PCNS):
        people = 300 if n == 24 else int(random.integers(24_000, 110_000))
        shares = random.dirichlet([6 - n / 6, 4, 3, 3, 1 + n / 6])
        groups = np.floor(shares * people).astype(int)
        rates = {
            "raised_bp_not_on_register": 0.06,
            "recorded_hypertension_prevalence": 0.14,
            "bp_not_measured_5y": 0.31,
        }
        rates = {k: r * {0: 1.6, 1: 0.5, 24: 0.01}.get(n, random.normal(1, 0.06)) for k, r in rates.items()}
        for measure in MEASURES:
            base = people // 3 if measure.age_from == 30 else people
            facts = {"measure_id": measure.id, "title": measure.title, "unit": measure.unit, "code": code, "name": name}
            facts |= {"place": place, "group_name": "all", "group_value": "all", "denominator": base}
            if measure.share_by:
                for quintile, count in enumerate(groups, start=1):
                    group = {"group_name": measure.share_by, "group_value": str(quintile)}
                    rows.append(facts | group | {"numerator": count, "denominator": groups.sum()})
            elif measure.unit == "percent":
                rows.append(facts | {"numerator": round(rates[measure.id] * base)})
            elif measure.unit == "score":
                rows.append(facts | {"numerator": base * random.integers(9_000, 42_000)})
            else:
                rows.append(facts | {"numerator": base})
    frame = pd.DataFrame(rows)
    levels = [
        frame.assign(area_type="pcn", area_code=frame["code"], area_name=frame["name"]),
        frame.assign(area_type="place", area_code=frame["place"], area_name="Place " + frame["place"]),
        frame.assign(area_type="icb", area_code="QZZ", area_name="Example ICB"),
    ]
    key = ["measure_id", "title", "area_type", "area_code", "area_name", "group_name", "group_value", "unit"]
    counts = pd.concat(levels).groupby(key, as_index=False)[["numerator", "denominator"]].sum()
    counts["denominator"] = counts["denominator"].astype("Int64").mask(counts["unit"] == "people")
    icb, pcns = ("icb", "QZZ"), [("pcn", code) for code, _, _ in PCNS]
    return publish(RawCounts(counts, nesting=[(icb, pcns)], statistics=statistics))


@cache
def attrition():
    geography = pd.DataFrame(PCNS, columns=["pcn_code", "pcn_name", "place"]).assign(
        icb_code="QZZ", icb_name="Example ICB"
    )
    geography["practice_code"] = "A" + geography["pcn_code"]
    rows = []
    for n, practice in enumerate(geography["practice_code"]):
        left = 12_000 + 300 * n
        steps = [("population", "population", COHORT.population_label, left)]
        steps += [(e.id, "exclusion", e.label, left // (5 + 9 * i)) for i, e in enumerate(COHORT.exclusions[:-1])]
        steps.append((COHORT.exclusions[-1].id, "exclusion", COHORT.exclusions[-1].label, 0))
        tiers = COHORT.outputs["list"].tiers
        steps += [(t.id, "tier", t.title, int(0.05 + 3 ** (i / 1.5) / 2)) for i, t in enumerate(tiers)]
        for order, (step, kind, label, count) in enumerate(steps):
            left -= count if order else 0
            rows.append((COHORT.id, practice, order, step, kind, label, count, left))
        rows.append((COHORT.id, practice, len(steps), "no_tier", "no_tier", "No criterion met", left, 0))
    columns = ["cohort_id", "practice_code", "step_order", "step", "kind", "label", "person_count", "remaining_count"]
    return publish_attrition(pd.DataFrame(rows, columns=columns), geography)


@cache
def quality():
    rows = [
        ("feed_gp_register", "delivered", "rows", 1_211_503),
        ("feed_gp_register", "accepted", "rows", 1_211_200),
        ("feed_gp_register", "quarantined", "rows", 303),
        ("feed_gp_register", "nhs_number_valid", "rows", 300),
        ("feed_gp_register", "registered_before_extract", "rows", 3),
        ("feed_gp_event", "delivered", "rows", 24_000_012),
        ("feed_gp_event", "accepted", "rows", 24_000_012),
        ("feed_gp_event", "quarantined", "rows", 0),
        ("Deprivation of the home area", "matched", "people", 1_208_118),
        ("Deprivation of the home area", "without an area", "people", 2_165),
        ("Events not used", "implausible value (gp_event)", "rows", 20_331),
        ("Practices", "delivered", "practices", 141),
        ("Practices", "without a PCN", "practices", 2),
    ]
    return publish_quality(pd.DataFrame(rows, columns=["section", "item", "unit", "count"]))


def report(**changed):
    """The report of the made-up ICB; `measures`, `attrition` or `quality` can be another table."""
    tables = {"measures": measures(), "attrition": attrition(), "quality": quality()} | changed
    return build_report(
        tables["measures"],
        tables["attrition"],
        tables["quality"],
        cohorts=[COHORT],
        measure_definitions=MEASURES,
        reference_date=REFERENCE_DATE,
        icb_name="NHS Example <Board>",
    )

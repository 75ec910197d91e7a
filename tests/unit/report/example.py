"""A made-up ICB of 25 PCNs in 4 places, published through the gate, and the report made from it."""

import datetime as dt
from functools import cache

import ibis
import numpy as np
import pandas as pd

from phm.cohorts.definition import load_definition
from phm.governance.disclosure import publish
from phm.governance.raw import RawAttrition, RawCounts, RawQuality
from phm.measures.definition import load_measures
from phm.measures.groups import GROUPINGS
from phm.measures.residence import residence_counts
from phm.measures.ties import counted_groups, ties
from phm.measures.values import statistics
from phm.report.know_your_pcn import build_pages
from phm.report.page import build_report

REFERENCE_DATE = dt.date(2026, 10, 31)
MEASURES = load_measures()
COHORT = load_definition("possible_undiagnosed_hypertension")
NAMES = (
    "Ash Beech Cedar Dale Elm Fir Glen Holly Ivy Juniper Kestrel Larch Maple "
    "Nettle Oak Pine Quince Rowan Sorrel Thorn Upton Vale Willow Yarrow Zinnia"
)
AGES = np.array([*(20.0 - i for i in range(19)), *(19.0 - i for i in range(19)), 0.02])
AGES /= AGES.sum()
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
                rows += [
                    facts | {"group_name": measure.count_by, "group_value": group, "numerator": count}
                    for group, count in zip(GROUPINGS[measure.count_by], random.multinomial(base, AGES), strict=True)
                ]
    frame = pd.DataFrame(rows)
    practices = frame[frame["group_name"] == "all"]
    levels = [
        practices.assign(area_type="practice", area_code="A" + practices["code"], area_name="The only practice"),
        frame.assign(area_type="pcn", area_code=frame["code"], area_name=frame["name"]),
        frame.assign(area_type="place", area_code=frame["place"], area_name="Place " + frame["place"]),
        frame.assign(area_type="icb", area_code="QZZ", area_name="Example ICB"),
    ]
    key = ["measure_id", "title", "area_type", "area_code", "area_name", "group_name", "group_value", "unit"]
    counts = pd.concat(levels).groupby(key, as_index=False)[["numerator", "denominator"]].sum()
    counts["denominator"] = counts["denominator"].astype("Int64").mask(counts["unit"] == "people")
    residence = residence_counts(
        ibis.memtable(
            {"pcn_code": [PCNS[0][0]], "inside_count": [21_000], "outside_count": [1_000], "resident_count": [30_000]}
        ),
        pd.Series({code: name for code, name, _ in PCNS}),
    )
    counts = pd.concat([counts, residence.astype({"denominator": "Int64"})], ignore_index=True)
    icb, pcns = ("icb", "QZZ"), [("pcn", code) for code, _, _ in PCNS]
    nesting = [(icb, pcns), *((("pcn", code), [("practice", f"A{code}")]) for code, _, _ in PCNS)]
    raw = RawCounts(
        counts, nesting=nesting, ties=ties(counts, MEASURES), groups=counted_groups(MEASURES), statistics=statistics
    )
    return publish(raw)[raw.name]


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
    raw = RawAttrition(pd.DataFrame(rows, columns=columns), geography)
    return publish(raw)[raw.name]


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
    raw = RawQuality(pd.DataFrame(rows, columns=["section", "item", "unit", "count"]))
    return publish(raw)[raw.name]


def report(*, is_synthetic=False, **changed):
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
        pcn_pages={code: f"pages/{code}.html" for code, _, _ in PCNS},
        is_synthetic=is_synthetic,
    )


def assets():
    """A map of assets with one inside the first PCN and one inside none."""
    row = {"organisation_name": "Walking <Group>", "offer": "Walks", "for_whom": "Adults", "open_to": "everyone"}
    row |= {"how_to_refer": "Come along", "category": "physical_activity", "last_checked_date": dt.date(2026, 9, 1)}
    return pd.DataFrame(
        [
            row | {"asset_id": "1", "pcn_code": PCNS[0][0], "is_recently_checked": True},
            row | {"asset_id": "2", "pcn_code": None, "category": "food_support", "is_recently_checked": False},
        ]
    )


def pages(*, is_synthetic=False, **changed):
    """The page of every PCN; `measures`, `assets` or `earlier` can be others."""
    tables = {"measures": measures(), "assets": assets(), "earlier": {}} | changed
    geography = pd.DataFrame(PCNS, columns=["pcn_code", "pcn_name", "place"]).assign(
        icb_code="QZZ", icb_name="Example ICB"
    )
    geography["practice_code"], geography["practice_name"] = "A" + geography["pcn_code"], "The only practice"
    near = {"pcn_code": [PCNS[0][0]], "category": ["food_support"], "asset_id": ["2"], "distance_metres": [2_345]}
    return build_pages(
        tables["measures"],
        geography,
        pd.DataFrame({"pcn_code": [PCNS[0][0]], "lsoa_count": [12]}),
        tables["assets"],
        pd.DataFrame(near),
        earlier=tables["earlier"],
        measure_definitions=MEASURES,
        month="2026-10",
        reference_date=REFERENCE_DATE,
        back="../report.html",
        is_synthetic=is_synthetic,
    )

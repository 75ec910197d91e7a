"""A made-up ICB of 25 PCNs in 4 places, as published, and the report made from it.

People are counted by PCN, deprivation quintile and age, so that crude and age-standardised values differ for a reason.
"""

import datetime as dt
from functools import cache

import numpy as np
import pandas as pd

from phm.cohorts.definition import load_definition
from phm.governance.disclosure import publish, recognise
from phm.governance.raw import RawAttrition, RawQuality
from phm.measures.asset_gaps import load_needs
from phm.measures.definition import load_measures
from phm.measures.groups import (
    AGE_BAND,
    QUINTILE,
    QUINTILE_AGE_BAND,
    SEX_AGE_BAND,
    band_name,
    bands,
    group_names,
    shares,
)
from phm.measures.residence import PATIENTS_INSIDE, RESIDENTS_HERE, TITLES
from phm.measures.statistics import statistics
from phm.report.site import Sources, build_site

REFERENCE_DATE = dt.date(2026, 10, 31)
MONTH = "2026-10"
SHOWN = (
    "raised_bp_not_on_register",
    "recorded_hypertension_prevalence",
    "hypertension_recorded_of_expected",
    "bp_not_measured_5y",
    "emergency_attendance_rate",
    "registered_12_months",
    "hypertension_list_cascade",
    "list_size",
    "imd_mean_score",
    "imd_quintile_share",
    "people_by_segment",
    "segment_change",
)
"""One measure of each kind, and those the pages of PCNs lean on."""
MEASURES = tuple(measure for measure in load_measures() if measure.id in SHOWN)
COHORT = load_definition("possible_undiagnosed_hypertension")
NAMES = (
    "Ash Beech Cedar Dale Elm Fir Glen Holly Ivy Juniper Kestrel Larch Maple "
    "Nettle Oak Pine Quince Rowan Sorrel Thorn Upton Vale Willow Yarrow Zinnia"
)
PCNS = [(f"U{n:05d}", f"{name} and District PCN", f"L{n % 4}") for n, name in enumerate(NAMES.split(), start=1)]
HIGH, LOW, SMALL = 0, 1, 24
"""Positions of the PCNs that are clearly above, clearly below, and too small for most numbers to be shown."""
_RATES = {"percent": 0.2, "ratio": 0.2, "rate": 0.3, "people": 1.0, "score": 1.0}
_KEY = ["measure_id", "title", "area_type", "area_code", "area_name", "group_name", "group_value", "unit"]


@cache
def _people():
    """Registered people: one row per PCN, quintile and year of age."""
    random = np.random.default_rng(7)
    rows = []
    for n, (code, name, place) in enumerate(PCNS):
        total = 300 if n == SMALL else int(random.integers(24_000, 110_000))
        shares = random.dirichlet([max(6 - n / 6, 1), 4, 3, 3, 1 + n / 6])
        for quintile, share in enumerate(shares, start=1):
            ages = np.exp(-((np.arange(100) - (28 + 4 * quintile)) ** 2) / 1800)
            counts = random.multinomial(int(share * total), ages / ages.sum())
            rows += [(n, code, name, place, str(quintile), age, count) for age, count in enumerate(counts)]
    return pd.DataFrame(rows, columns=["position", "code", "name", "place", "quintile", "age", "people"])


def _counted(measure, *, drift):
    """The people of a measure with how many of them it counts."""
    random = np.random.default_rng(measure.position)
    rows = _people().query(f"{measure.age_from} <= age <= {measure.age_to}")
    factor = pd.Series(random.normal(1, 0.06, len(PCNS)))
    factor[[HIGH, LOW, SMALL]] = [1.6, 0.5, 0.01]
    rate = _RATES[measure.unit] * rows["position"].map(factor) * drift
    if measure.unit in ("percent", "ratio"):
        rate = (rate * (rows["age"] / 60) ** 1.5 * (1.3 - rows["quintile"].astype(int) / 15)).clip(0, 0.95)
    if measure.unit == "score":
        return rows.assign(counted=rows["people"] * (45_000 - 7_000 * rows["quintile"].astype(int)))
    return rows.assign(counted=rows["people"] if measure.unit == "people" else (rate * rows["people"]).round())


def _levels(rows):
    """Rows once for every area their people count in."""
    return pd.concat(
        [
            rows.assign(area_type="practice", area_code="A" + rows["code"], area_name="The only practice"),
            rows.assign(area_type="pcn", area_code=rows["code"], area_name=rows["name"]),
            rows.assign(area_type="place", area_code=rows["place"], area_name="Place " + rows["place"]),
            rows.assign(area_type="icb", area_code="QZZ", area_name="Example ICB"),
        ]
    )


def _groupings(measure, rows):
    """Name of each grouping the measure is shown in, with the group of every row."""
    named = [(range(low, high + 1), band_name(low, high)) for low, high in bands(measure.age_from, measure.age_to)]
    band = rows["age"].map({age: name for ages, name in named for age in ages})
    known = {AGE_BAND: band, QUINTILE: rows["quintile"], QUINTILE_AGE_BAND: rows["quintile"] + " " + band}
    if measure.share_by == "segment_change":  # few people move in a month: those of one age or two
        moved = {70: "more_need", 71: "less_need", 0: "new"}
        return {measure.share_by: rows["age"].map(moved).fillna("same")}
    if measure.share_by:
        values = shares(measure.share_by)
        return {measure.share_by: rows["quintile"].astype(int).map(dict(enumerate(values, start=1)))}
    if measure.cascade_of:
        steps = np.array(["listed", "contacted", "measured", "confirmed", "diagnosed", "treated"])
        return {"furthest_step": pd.Series(steps[rows["age"] % 6], index=rows.index)}
    if measure.count_by:
        five = (rows["age"] // 5).clip(upper=18) + 19 * ((rows["age"] + rows["position"]) % 2)
        return {"all": "all", measure.count_by: five.map(dict(enumerate(group_names(SEX_AGE_BAND))))}
    shown = {*measure.groups, *([QUINTILE_AGE_BAND] if measure.standardisation == "direct" else [])}
    return {"all": "all"} | {name: groups for name, groups in known.items() if name in shown}


def _cells(measure, *, drift):
    counted = _counted(measure, drift=drift)
    facts = {"measure_id": measure.id, "title": measure.title, "unit": measure.unit}
    found = []
    for grouping, groups in _groupings(measure, counted).items():
        rows = _levels(counted.assign(group_name=grouping, group_value=groups, **facts))
        if grouping != "all":
            rows = rows[rows["area_type"] != "practice"]
        if grouping == QUINTILE_AGE_BAND:
            rows = rows[rows["area_type"] == "icb"]
        cells = rows.groupby(_KEY, as_index=False)[["counted", "people"]].sum()
        if grouping in (measure.share_by, "furthest_step"):
            whole = cells.groupby(["area_type", "area_code"])["people"].transform("sum")
            cells = cells.assign(counted=cells["people"], people=whole)
        found.append(cells)
    return pd.concat(found)


def _residence():
    rows = [(PATIENTS_INSIDE, 21_000, 22_000), (RESIDENTS_HERE, 21_000, 30_000)]
    table = pd.DataFrame(rows, columns=["measure_id", "counted", "people"])
    area = {"area_type": "pcn", "area_code": PCNS[0][0], "area_name": PCNS[0][1]}
    everybody = {"unit": "percent", "group_name": "all", "group_value": "all"}
    return table.assign(title=table["measure_id"].map(TITLES), **everybody, **area)


@cache
def measures(drift=1.0):
    """Published measures with one PCN clearly above, one clearly below, and one too small to show."""
    cells = pd.concat([*(_cells(measure, drift=drift) for measure in MEASURES), _residence()], ignore_index=True)
    is_score, is_people = cells["unit"].eq("score"), cells["unit"].eq("people")
    released = cells[_KEY].copy()
    for name, counts, is_there in (("numerator", "counted", ~is_score), ("denominator", "people", ~is_people)):
        is_small = cells[counts] < 8
        rounded = ((cells[counts] + 2) // 5 * 5).astype("Int64")
        released[name] = rounded.mask(is_small | ~is_there)
        text = pd.Series(np.where(is_small, "0 to 7", "nearest 5"), index=cells.index, dtype=object)
        released[f"{name}_precision"] = text.where(is_there, None)
    released["value"] = (cells["counted"] / cells["people"] / 1000).round(1).where(is_score)
    released["is_suppressed"] = released["numerator"].isna() & ~is_score
    return recognise(statistics(released, definitions=MEASURES, reference_date=REFERENCE_DATE))


@cache
def geography():
    table = pd.DataFrame(PCNS, columns=["pcn_code", "pcn_name", "place_code"])
    return table.assign(
        practice_code="A" + table["pcn_code"],
        practice_name="The only practice",
        place_name="Place " + table["place_code"],
        place_basis="sub_icb_location",
        icb_code="QZZ",
        icb_name="NHS Example <Board>",
    )


@cache
def attrition(fewer=1):
    """Published attrition of one cohort, of everybody or of one in so many."""
    rows = []
    for n, practice in enumerate(geography()["practice_code"]):
        left = (12_000 + 300 * n) // fewer
        steps = [("population", "population", COHORT.population_label, left)]
        steps += [(e.id, "exclusion", e.label, left // (5 + 9 * i)) for i, e in enumerate(COHORT.exclusions[:-1])]
        steps.append((COHORT.exclusions[-1].id, "exclusion", COHORT.exclusions[-1].label, 0))
        tiers = COHORT.outputs["list"].tiers
        steps += [(t.id, "tier", t.title, int(0.05 + 3 ** (i / 1.5) / 2 / fewer)) for i, t in enumerate(tiers)]
        for order, (step, kind, label, count) in enumerate(steps):
            left -= count if order else 0
            rows.append((COHORT.id, practice, order, step, kind, label, count, left))
        rows.append((COHORT.id, practice, len(steps), "no_tier", "no_tier", "No criterion met", left, 0))
    columns = ["cohort_id", "practice_code", "step_order", "step", "kind", "label", "person_count", "remaining_count"]
    raw = RawAttrition(pd.DataFrame(rows, columns=columns), geography())
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


def assets():
    """A map of assets with one inside the first PCN and one inside none."""
    row = {"organisation_name": "Walking <Group>", "offer": "Walks", "for_whom": "Adults", "open_to": "everyone"}
    row |= {"how_to_refer": "Come along", "category": "physical_activity", "last_checked_date": dt.date(2026, 9, 1)}
    return pd.DataFrame(
        [
            row | {"asset_id": "1", "pcn_code": PCNS[0][0], "is_recently_checked": True, "is_suitable": True},
            row
            | {"asset_id": "2", "pcn_code": None, "category": "food_support", "is_suitable": False}
            | {"is_recently_checked": False},
        ]
    )


def months(**published):
    """Published measures of several months as one table."""
    tables = [measures.table.assign(month=month) for month, measures in published.items()]
    return recognise(pd.concat(tables, ignore_index=True))


def sources(**changed):
    """What the made-up ICB's report is made from, but for what is `changed`."""
    near = {"pcn_code": [PCNS[0][0]], "category": ["food_support"], "asset_id": ["2"], "distance_metres": [2_345]}
    parts = {
        "measures": measures(),
        "attrition": attrition(),
        "quality": quality(),
        "months": months(**{MONTH: measures()}),
        "attrition_before": None,
        "geography": geography(),
        "lsoa_count": {PCNS[0][0]: 12},
        "assets": assets(),
        "nearest": pd.DataFrame(near),
        "drift": pd.DataFrame({"feed": ["gp_event"], "kind": ["practice_rows"], "subject": ["AU00002"]}),
        "cohorts": [COHORT],
        "measure_definitions": MEASURES,
        "asset_needs": load_needs(measures={measure.id for measure in load_measures()}),
        "deprivation_index": "IMD 2025 on LSOA 2021",
        "reference_date": REFERENCE_DATE,
        "is_synthetic": False,
    }
    return Sources(**(parts | changed))


@cache
def site():
    """Every file of the site with two months before this one."""
    return build_site(
        sources(
            months=months(**{"2026-08": measures(0.8), "2026-09": measures(0.98), MONTH: measures()}),
            attrition_before=attrition(fewer=2),
        )
    )


@cache
def plain_site():
    """Every file of the site of invented people, a local map of places, no map of assets, few measures, one month."""
    few = ("bp_not_measured_5y", "list_size", "imd_quintile_share", "imd_mean_score")
    return build_site(
        sources(
            measure_definitions=[m for m in MEASURES if m.id in few],
            geography=geography().assign(place_basis="place_membership"),
            assets=assets().iloc[:0],
            is_synthetic=True,
        )
    )

"""Statistics of released rows: against formulas by hand, and never from a count that is not shown."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from phm.measures.adjusted import standard_people
from phm.measures.definition import load_measures
from phm.measures.expected import deprivation_factors
from phm.measures.groups import group_names
from phm.measures.statistics import compared, statistics

DAY = dt.date(2026, 10, 31)
DEFINITIONS = {m.id: m for m in load_measures()}
PREVALENCE, EMERGENCY = "recorded_hypertension_prevalence", "emergency_attendance_rate"
EXPECTED = "hypertension_recorded_of_expected"
BANDS = group_names("age_band")
AREAS = [("pcn", "P1"), ("pcn", "P2"), ("icb", "X")]


def row(measure, area, group_name, group, numerator, denominator, precision="nearest 5"):
    of_count = DEFINITIONS[measure].unit == "people"
    return {
        "measure_id": measure,
        "title": measure,
        "unit": DEFINITIONS[measure].unit,
        "area_type": area[0],
        "area_code": area[1],
        "area_name": area[1],
        "group_name": group_name,
        "group_value": group,
        "numerator": numerator,
        "numerator_precision": precision,
        "denominator": pd.NA if of_count else denominator,
        "denominator_precision": None if of_count else "nearest 5",
        "value": np.nan,
        "is_suppressed": precision != "nearest 5",
    }


def computed(rows, *measures):
    table = pd.DataFrame(rows).astype({"numerator": "Int64", "denominator": "Int64"})
    found = statistics(table, definitions=[DEFINITIONS[m] for m in measures], reference_date=DAY)
    return found.set_index(["measure_id", "area_code", "group_value"])


def by_age(measure, young, old):
    """Rows by age band and of everybody, of a young PCN, an old PCN and both; rates per band are the same in both."""
    rows = []
    share = dict(zip(BANDS, (0, 5, 10, 15, 20, 30, 40, 50), strict=True))
    sizes = {("pcn", "P1"): young, ("pcn", "P2"): old, ("icb", "X"): [a + b for a, b in zip(young, old, strict=True)]}
    for area, people in sizes.items():
        counts = [share[band] * n // 100 for band, n in zip(BANDS, people, strict=True)]
        rows += [row(measure, area, "age_band", b, c, n) for b, c, n in zip(BANDS, counts, people, strict=True)]
        rows.append(row(measure, area, "all", "all", sum(counts), sum(people)))
    return rows


YOUNG, OLD = [4000, 6000, 5000, 4000, 2000, 1000, 1000, 1000], [1000, 1000, 1000, 2000, 4000, 5000, 4000, 2000]


def test_areas_with_the_same_rates_at_each_age_are_the_same_once_standardised():
    table = computed(by_age(PREVALENCE, YOUNG, OLD), PREVALENCE)
    of_area = table.xs((PREVALENCE, "all"), level=["measure_id", "group_value"])
    assert of_area.loc["P1", "value"] < of_area.loc["P2", "value"] - 5
    assert list(of_area["significance"].iloc[:2]) == ["low 99.8%", "high 99.8%"]
    weights = np.array(
        standard_people([(0, 17), (18, 29), (30, 39), (40, 49), (50, 59), (60, 69), (70, 79), (80, 120)])
    )
    by_hand = (np.array([0, 5, 10, 15, 20, 30, 40, 50]) * weights).sum() / weights.sum()
    assert of_area["standardised_value"].tolist() == pytest.approx([by_hand] * 3)
    assert list(of_area["standardised_significance"].iloc[:2]) == ["not different"] * 2
    assert pd.isna(of_area.loc["X", "significance"])


def test_the_standard_population_is_100_000():
    assert sum(standard_people([(0, 17), (18, 120)])) == 100_000


@pytest.mark.parametrize(("precision", "reach"), [("1 to 7", 3), ("0 to 7", 3.5)])
def test_limits_allow_for_every_count_that_one_not_shown_could_be(precision, reach):
    rows = by_age(PREVALENCE, YOUNG, OLD)
    exact = computed(rows, PREVALENCE).loc[(PREVALENCE, "P1", "all")]
    hidden = [r | {"numerator": pd.NA, "numerator_precision": precision} if is_it(r, "80+") else r for r in rows]
    found = computed(hidden, PREVALENCE).loc[(PREVALENCE, "P1", "all")]
    step = 100 * standard_people([(80, 120)])[0] / 100_000 / YOUNG[-1]
    middle = 7 / 2 if precision == "0 to 7" else 4
    assert found["standardised_value"] == pytest.approx(exact["standardised_value"] + (middle - 500) * step)
    width = found["standardised_upper"] - found["standardised_lower"]
    assert width > 2 * reach * step


def test_a_count_withheld_leaves_no_standardised_value():
    rows = by_age(PREVALENCE, YOUNG, OLD)
    hidden = [r | {"numerator": pd.NA, "numerator_precision": "withheld"} if is_it(r, "80+") else r for r in rows]
    table = computed(hidden, PREVALENCE)
    columns = ["standardised_value", "standardised_lower", "standardised_upper", "standardised_method"]
    assert table.loc[(PREVALENCE, "P1", "all"), columns].isna().all()
    assert table.loc[(PREVALENCE, "P2", "all"), columns].notna().all()


def is_it(one, group):
    return one["area_code"] == "P1" and one["group_value"] == group


def test_an_indirectly_standardised_rate_is_the_icbs_times_observed_over_expected():
    table = computed(by_age(EMERGENCY, YOUNG, OLD), EMERGENCY)
    of_area = table.xs((EMERGENCY, "all"), level=["measure_id", "group_value"])
    assert of_area["expected"].tolist() == pytest.approx(of_area["numerator"].astype(float).tolist(), abs=1)
    assert of_area["standardised_value"].tolist() == pytest.approx([of_area.loc["X", "value"]] * 3, rel=1e-3)
    assert of_area.loc["P1", "value"] == pytest.approx(1000 * of_area.loc["P1", "numerator"] / 24_000)
    assert set(of_area["period"]) == {"12 months to 31 October 2026"}


def test_expected_hypertension_follows_age_sex_and_deprivation():
    rows = [row(EXPECTED, area, "all", "all", 300, 2_000) for area in AREAS]
    for area, quintile in zip(AREAS, "135", strict=True):
        for group in group_names("sex_age_band"):
            people = 1_000 if group in ("female 45-49", "male 75-79") else 0
            rows.append(row("list_size", area, "sex_age_band", group, people, None))
        for q in "12345":
            rows.append(row("imd_quintile_share", area, "imd_quintile", q, 2_000 * (q == quintile), 2_000))
    table = computed(rows, EXPECTED).xs((EXPECTED, "all"), level=["measure_id", "group_value"])
    survey = 1_000 * 0.23 + 1_000 * 0.64
    assert table["expected"].tolist() == [round(survey * f) for f in deprivation_factors()[["1", "3", "5"]]]
    assert table.loc["P2", "value"] == pytest.approx(100 * 300 / 870)
    assert (table["lower"] < table["value"]).all() and (table["value"] < table["upper"]).all()


def test_what_is_expected_is_missing_where_a_count_it_needs_is():
    rows = [row(EXPECTED, ("pcn", "P1"), "all", "all", 300, 2_000)]
    table = computed(rows, EXPECTED)
    assert table[["expected", "value", "significance"]].isna().all().all()


def test_a_gradient_is_of_the_icb_and_in_the_measures_unit():
    measure = "raised_bp_not_on_register"
    rows = [row(measure, ("icb", "X"), "imd_quintile", str(q), 250 - 25 * q, 1_000) for q in range(1, 6)]
    rows += [row(measure, ("icb", "X"), "imd_quintile", "no quintile", 0, 10)]
    rows += [row(measure, area, "all", "all", 875, 5_000) for area in AREAS]
    found = computed(rows, measure)
    icb = found.loc[(measure, "X", "all")]
    assert icb["sii"] == pytest.approx(-12.5) and icb["sii_lower"] < -12.5 < icb["sii_upper"] < 0
    assert icb["rii"] == pytest.approx((17.5 - 6.25) / (17.5 + 6.25))
    assert icb["inequality_method"].startswith("crude values")
    assert found["sii"].notna().sum() == 1


def test_a_place_against_the_funnel_needs_both_parts_and_a_baseline():
    parts = np.array([10.0, np.nan, 10.0, 500.0]), np.array([1_000.0, 1_000.0, 0.0, 1_000.0]), np.full(4, 0.1)
    assert compared(*parts, kind="proportion").tolist() == ["low 99.8%", "", "", "high 99.8%"]
    assert compared(parts[0], parts[1], np.full(4, np.nan), kind="rate").tolist() == [""] * 4

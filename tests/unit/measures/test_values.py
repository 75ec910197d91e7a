"""Counting by area: the counts of a handful of people by hand, and additivity."""

import datetime as dt

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from phm.errors import DefinitionError
from phm.feeds.contracts import load_contract
from phm.feeds.layout import table_schema
from phm.governance.disclosure import publish
from phm.measures.definition import load_measures
from phm.measures.groups import shares
from phm.measures.values import measure_values, people_with_scores

REFERENCE_DATE = dt.date(2026, 10, 31)
GEOGRAPHY = pd.DataFrame(
    [
        ("A", "P1", "North", "L1", "Hill"),
        ("B", "P1", "North", "L1", "Hill"),
        ("C", "P2", "South", "L2", "Vale"),
        ("D", "U", None, "L2", "Vale"),
    ],
    columns=["practice_code", "pcn_code", "pcn_name", "place_code", "place_name"],
).assign(icb_code="X", icb_name="Board", practice_name=lambda rows: "Practice " + rows["practice_code"])
RESIDENCE = pd.DataFrame({"pcn_code": ["P1"], "inside_count": [2], "outside_count": [1], "resident_count": [4]})
"""What is known of where people live: of one PCN."""
LISTED = next(m.entries_of for m in load_measures() if m.entries_of)
ATTRITION = pd.DataFrame(
    [
        (cohort, practice, order, kind, count)
        for cohort in LISTED
        for practice, listed in (("A", 2), ("C", 1))
        for order, kind, count in ((0, "population", 9), (1, "exclusion", 4), (2, "tier", listed), (3, "no_tier", 1))
    ],
    columns=["cohort_id", "practice_code", "step_order", "kind", "person_count"],
)
"""Three people listed by every cohort, two of practice A and one of C."""
CASCADE = pd.DataFrame(
    [
        ("A", 0, "listed", 10, 10), ("A", 1, "contacted", 3, 7), ("A", 2, "measured", 2, 5),
        ("A", 3, "confirmed", 0, 5), ("A", 4, "diagnosed", 1, 4), ("A", 5, "treated", 3, 1),
    ],
    columns=["practice_code", "step_order", "step", "person_count", "remaining_count"],
).assign(cohort_id="possible_undiagnosed_hypertension")  # fmt: skip
"""Ten people of practice A, of whom one was treated."""


def person(practice, n=1, **values):
    """`n` people of one practice, registered and alive, 40 years old unless told otherwise."""
    base = {
        "practice_code": practice,
        "age": 40,
        "sex": "F",
        "is_registered": True,
        "is_alive": True,
        "registered_months": 60,
        "has_hypertension": False,
        "segment": "healthy",
        "segment_change": "same",
    }
    return [base | values] * n


def features(*people):
    schema = table_schema(load_contract("person_feature")).append(pa.field("segment", pa.string()))
    schema = schema.append(pa.field("segment_change", pa.string()))
    return ibis.memtable(pa.Table.from_pylist([row for group in people for row in group], schema=schema))


def counted(*people, only=""):
    """Counts of all measures, or of one alone."""
    geography = ibis.memtable(pa.Table.from_pandas(GEOGRAPHY, preserve_index=False))
    residence = ibis.memtable(pa.Table.from_pandas(RESIDENCE, preserve_index=False))
    return measure_values(
        features(*people), geography, residence, ATTRITION, CASCADE,
        definitions=[m for m in load_measures() if only in ("", m.id)], reference_date=REFERENCE_DATE,
    )  # fmt: skip


def counts(*people, only=""):
    return (
        counted(*people, only=only)
        ._counts.set_index(["measure_id", "area_code", "group_value"])[["numerator", "denominator"]]
        .sort_index()
    )


RAISED = {"latest_bp_date": dt.date(2026, 3, 3), "latest_bp_systolic": 150, "latest_bp_diastolic": 80}


@pytest.mark.parametrize(
    ("values", "counted"),
    [
        (RAISED | {"latest_bp_setting": "clinic"}, 1),
        (RAISED | {"latest_bp_setting": "clinic", "latest_bp_systolic": 139}, 0),
        (RAISED | {"latest_bp_setting": "home", "latest_bp_systolic": 135}, 1),
        (RAISED | {"latest_bp_setting": "clinic", "latest_bp_systolic": 120, "latest_bp_diastolic": 90}, 1),
        (RAISED | {"latest_bp_setting": "clinic", "latest_bp_date": dt.date(2024, 10, 31)}, 0),
        (RAISED | {"latest_bp_setting": "clinic", "latest_bp_date": dt.date(2024, 11, 1)}, 1),
        (RAISED | {"latest_bp_setting": "clinic", "has_hypertension": True}, 0),
        ({}, 0),
    ],
)
def test_raised_and_not_on_the_register(values, counted):
    only = "raised_bp_not_on_register"
    row = counts(person("A", **values), only=only).loc[(only, "P1", "all")]
    assert (row["numerator"], row["denominator"]) == (counted, 1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (1, 1)),
        ({"latest_bp_date": dt.date(2021, 10, 31)}, (1, 1)),
        ({"latest_bp_date": dt.date(2021, 11, 1)}, (0, 1)),
        ({"registered_months": 11}, (0, 0)),
        ({"age": 29}, (0, 0)),
        ({"age": 51}, (0, 0)),
        ({"is_alive": False}, (0, 0)),
    ],
)
def test_not_measured_in_five_years(values, expected):
    row = counts(person("A", **values), only="bp_not_measured_5y").loc[("bp_not_measured_5y", "P1", "all")]
    assert tuple(row) == expected


def test_recorded_prevalence_counts_all_ages():
    table = counts(person("A", 5, age=80, has_hypertension=True), person("A", 4), person("A", 5, age=3))
    assert tuple(table.loc[("recorded_hypertension_prevalence", "P1", "all")]) == (5, 14)


def test_areas_add_up_and_practices_without_a_pcn_are_counted():
    table = counts(person("A", 3), person("B", 4), person("C", 5), person("D", 6))
    sizes = table.loc["list_size"]["numerator"].xs("all", level="group_value").to_dict()
    assert sizes == {"A": 3, "B": 4, "C": 5, "D": 6, "P1": 7, "P2": 5, "U": 6, "L1": 7, "L2": 11, "X": 18}


def test_people_are_counted_by_sex_and_age_from_pcn_up():
    table = counts(
        person("A", 3, sex="F", age=34), person("B", 2, sex="F", age=30), person("C", 1, sex="M", age=101),
        person("A", 1, sex="I"), person("B", 1, sex="U"),
    )  # fmt: skip
    north = table.loc[("list_size", "P1")]["numerator"]
    assert north[north > 0].to_dict() == {"all": 7, "female 30-34": 5, "other or unknown": 2}
    assert table.loc[("list_size", "L2", "male 90+"), "numerator"] == 1
    assert list(table.loc[("list_size", "A")].index) == ["all"]


def test_everybody_is_in_one_group_of_each_grouping_and_none_is_of_a_practice():
    people = (
        person("A", 3, age=17, imd_quintile=1, ethnicity_group="asian", has_hypertension=True),
        person("A", 2, age=18, sex="I"),
        person("B", 4, age=95, sex="M", imd_quintile=5, ethnicity_group="black"),
    )
    table = counted(*people)._counts
    table = table[table["measure_id"] == "recorded_hypertension_prevalence"]
    assert set(table.loc[table["area_type"] == "practice", "group_name"]) == {"all"}
    assert "imd_quintile_age_band" not in set(table.loc[table["area_type"] == "place", "group_name"])
    icb = table[table["area_type"] == "icb"].groupby("group_name")[["numerator", "denominator"]].sum()
    assert set(icb.index) == {"all", "sex", "age_band", "imd_quintile", "ethnicity_group", "imd_quintile_age_band"}
    assert (icb == [3, 9]).all().all()
    shown = table[(table["area_code"] == "P1") & (table["denominator"] > 0)].set_index("group_value")["denominator"]
    assert shown.to_dict() == {
        "all": 9, "female": 3, "male": 4, "other or unknown": 2, "0-17": 3, "18-29": 2, "80+": 4,
        "1": 3, "5": 4, "no quintile": 2, "asian": 3, "black": 4, "unknown": 2,
    }  # fmt: skip


def test_a_rate_adds_up_events_and_list_entries():
    table = counts(person("A", 3, emergency_attendance_count_12m=2), person("C", 5, emergency_attendance_count_12m=0))
    assert tuple(table.loc[("emergency_attendance_rate", "X", "all")]) == (6, 8)
    assert tuple(table.loc[("list_entries_rate", "P1", "all")]) == (2 * len(LISTED), 3)
    assert tuple(table.loc[("list_entries_rate", "X", "all")]) == (3 * len(LISTED), 8)


def test_people_listed_count_at_the_furthest_step_they_reached():
    table = counts(person("A"))
    reached = table.loc[("hypertension_list_cascade", "P1")]
    assert reached["numerator"].to_dict() == {
        "listed": 3, "contacted": 2, "measured": 0, "confirmed": 1, "diagnosed": 3, "treated": 1
    }  # fmt: skip
    assert set(reached["denominator"]) == {10}
    assert ("hypertension_list_cascade", "A") not in table.index.droplevel(2)


def test_a_list_the_site_does_not_evaluate_is_not_counted():
    raw = measure_values(
        features(person("A", 3)), ibis.memtable(GEOGRAPHY), ibis.memtable(RESIDENCE),
        ATTRITION[ATTRITION["cohort_id"] != LISTED[0]], CASCADE,
        definitions=load_measures(), reference_date=REFERENCE_DATE,
    )  # fmt: skip
    table = raw._counts
    of_pcn = table[(table["measure_id"] == "list_entries_rate") & (table["area_code"] == "P1")]
    assert of_pcn["numerator"].tolist() == [2 * (len(LISTED) - 1)]


def test_lists_that_nobody_makes_are_refused():
    with pytest.raises(DefinitionError, match=LISTED[0]):
        measure_values(
            features(person("A")), ibis.memtable(GEOGRAPHY), ibis.memtable(RESIDENCE),
            ATTRITION.assign(cohort_id="another"), CASCADE,
            definitions=load_measures(), reference_date=REFERENCE_DATE,
        )  # fmt: skip


def test_where_people_live_is_counted_out_of_patients_and_out_of_residents():
    table = counts(person("A", 4))
    assert tuple(table.loc[("patients_living_inside", "P1", "all")]) == (2, 3)
    assert tuple(table.loc[("residents_registered_here", "P1", "all")]) == (2, 4)
    assert "P2" not in table.loc["patients_living_inside"].index


def test_mean_score_is_weighted_by_people_and_leaves_the_unmatched_out():
    table = counts(person("A", 3, imd_score=10.0), person("B", 1, imd_score=30.5), person("B", 9))
    assert tuple(table.loc[("imd_mean_score", "P1", "all")]) == (60_500, 4)


def test_each_person_is_in_one_segment():
    table = counts(person("A", 3), person("B", 1, segment="frailty"), person("C", 2), person("A", is_registered=False))
    north = table.loc[("people_by_segment", "P1")]
    assert north["numerator"].to_dict() == dict.fromkeys(shares("segment"), 0) | {"healthy": 3, "frailty": 1}
    assert set(north["denominator"]) == {4}


def test_each_person_has_moved_one_way_between_segments():
    table = counts(person("A", 3), person("B", 1, segment_change="more_need"), person("C", 2, segment_change="new"))
    north = table.loc[("segment_change", "P1")]
    assert north["numerator"].to_dict() == {"more_need": 1, "same": 3, "less_need": 0, "new": 0}


def test_scores_stand_beside_the_features_of_those_who_have_some():
    feature = ibis.memtable(pa.table({"person_id": ["a", "b"], "age": [40, 41]}))
    risk = ibis.memtable(pa.table({"person_id": ["a"], "age": [40], "segment": ["healthy"]}))
    rows = people_with_scores(feature, risk).order_by("person_id").to_pyarrow().to_pylist()
    assert rows == [
        {"person_id": "a", "age": 40, "segment": "healthy"},
        {"person_id": "b", "age": 41, "segment": None},
    ]


def test_quintile_shares_are_complete():
    table = counts(person("A", 3, imd_quintile=1), person("B", 1, imd_quintile=5), person("C", 2))
    north = table.loc[("imd_quintile_share", "P1")]
    assert north["numerator"].to_dict() == {"1": 3, "2": 0, "3": 0, "4": 0, "5": 1}
    assert set(north["denominator"]) == {4}
    assert table.loc[("imd_quintile_share", "P2")]["denominator"].eq(0).all()


def test_what_is_published_meets_the_contract():
    people = [person(p, 300, imd_quintile=2, imd_score=20.25, **RAISED, latest_bp_setting="clinic") for p in "ABCD"]
    people += [person(p, 300, age=60, imd_quintile=4, imd_score=12.0, latest_bp_date=REFERENCE_DATE) for p in "ABC"]
    table = publish(counted(*people))["measure_value"].table
    contract = load_contract("measure_value")
    assert tuple(table.columns) == contract.column_names
    for column in contract.columns:
        assert table[column.name].notna().all() or not column.required, column.name
        assert not column.valid_values or table[column.name].dropna().isin(column.valid_values).all()
    row = table.set_index(["measure_id", "area_code", "group_value"]).loc[("raised_bp_not_on_register", "P1", "all")]
    assert (row["numerator"], row["denominator"], row["value"]) == (600, 600, 100.0)
    assert row["lower"] < 100 and row["upper"] == 100
    assert (row["period"], row["significance"]) == ("31 October 2026", "not different")
    score = table.set_index(["measure_id", "area_code"]).loc[("imd_mean_score", "P1")]
    assert score["value"] == 16.1 and pd.isna(score["lower"])

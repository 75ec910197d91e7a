"""Entries of a list: the fields of the contract, in order, with reasons that name only what put the person there."""

import datetime as dt

import ibis
import pyarrow as pa
import pytest

from phm.cohorts.evaluate import evaluate
from phm.cohorts.facts import person_facts
from phm.feeds.contracts import load_contract
from phm.feeds.layout import table_schema
from phm.governance.pseudonyms import Pseudonymiser
from phm.lists.prioritise import entries
from phm.lists.references import ListReference

REFERENCE_DATE = dt.date(2026, 10, 31)
KEY = Pseudonymiser.demo()


def features(*people):
    contract = load_contract("person_feature")
    nobody = {c.name: {"BOOLEAN": False, "BIGINT": 0}.get(c.type) for c in contract.columns if c.required}
    rows = [
        nobody
        | {"person_id": f"{n:032x}", "practice_code": "A12345", "pcn_code": "U00001", "age": 44, "sex": "F"}
        | {"is_registered": True, "is_alive": True, "registered_months": 90, "ethnicity_group": "white"}
        | person
        for n, person in enumerate(people, start=1)
    ]
    table = ibis.memtable(pa.Table.from_pylist(rows, schema=table_schema(contract)))
    return person_facts("possible_undiagnosed_hypertension", table)


def reading(systolic, diastolic, day=dt.date(2026, 3, 3), setting="clinic"):
    values = {"date": day, "days": (REFERENCE_DATE - day).days, "systolic": systolic, "diastolic": diastolic}
    latest = {f"latest_bp_{k}": v for k, v in values.items()} | {"latest_bp_setting": setting}
    return latest | {"latest_bp_source": "practice", "raised_day_count_24m": 1}


def listed_entries(definition, member, table, *, key=KEY):
    return entries(definition, member, table, reference_date=REFERENCE_DATE, pseudonymiser=key)


@pytest.fixture
def listed(definition):
    def made(*people):
        table = features(*people)
        member = evaluate(definition, table, reference_date=REFERENCE_DATE).member
        return listed_entries(definition, member, table).to_pyarrow().to_pylist()

    return made


def test_an_entry_has_the_columns_of_the_contract(listed):
    (entry,) = listed(reading(164, 102))
    contract = load_contract("case_finding_list")
    assert tuple(entry) == contract.column_names
    assert all(entry[column.name] is not None for column in contract.columns if column.required)
    assert (entry["tier"], entry["output"], entry["position"]) == ("stage_2", "list", 1)
    assert entry["due_date"] == dt.date(2026, 11, 14)


def test_reasons_name_only_what_put_the_person_there(listed):
    (entry,) = listed(
        reading(164, 102) | {"smoking_status": "current", "has_diabetes": True, "ethnicity_group": "black"}
    )
    assert entry["reasons"].startswith("164/102 clinic (practice), 3 Mar 2026; stage 2 (160/100 or more)")
    assert "no hypertension code" in entry["reasons"]
    for word in ("smok", "diabetes", "ethnic", "black"):
        assert word not in entry["reasons"].lower()


def test_ethnicity_is_said_where_it_triggered_the_tier(listed):
    (entry,) = listed(reading(142, 80) | {"ethnicity_group": "black"})
    assert entry["tier"] == "stage_1_high_risk"
    assert "ethnic group black" in entry["reasons"]


def test_the_most_urgent_stands_first_and_outputs_are_lists_of_their_own(listed):
    maternity = {"is_pregnant": True, "latest_maternity_bp_date": dt.date(2026, 10, 30), "latest_maternity_bp_days": 1}
    maternity |= {"latest_maternity_bp_systolic": 150, "latest_maternity_bp_diastolic": 80}
    rows = listed(reading(142, 80), maternity, reading(190, 100, dt.date(2026, 10, 28)), reading(164, 102))
    order = [(r["output"], r["position"], r["tier"]) for r in rows]
    assert sorted(order) == [
        ("list", 1, "severe_recent"),
        ("list", 2, "stage_2"),
        ("list", 3, "stage_1"),
        ("maternity_raised_bp", 1, "maternity_same_day"),
    ]


def test_an_entry_keeps_its_id_whatever_the_month_tier_or_practice(listed):
    (before,) = listed(reading(164, 102))
    (after,) = listed(reading(150, 95, dt.date(2026, 10, 1)))
    (moved,) = listed(reading(164, 102) | {"practice_code": "B12345"})
    assert before["entry_id"] == after["entry_id"] == moved["entry_id"]
    assert len(before["entry_id"]) == 32 and before["entry_id"] != before["person_id"]


def test_an_entry_id_needs_the_key(definition):
    table = features(reading(164, 102))
    member = evaluate(definition, table, reference_date=REFERENCE_DATE).member
    other = Pseudonymiser(b"the key of another site, long enough")
    ids = [listed_entries(definition, member, table, key=key).entry_id.to_pyarrow()[0] for key in (KEY, other)]
    assert ids[0] != ids[1]


def test_an_entry_says_which_list_it_is_on(listed, definition):
    (entry,) = listed(reading(164, 102))
    reference = ListReference.read(entry["list_reference"], KEY)
    assert reference == ListReference("2026-10", "A12345", definition.id, definition.version)


def test_one_working_day_is_a_working_day(listed):
    (entry,) = listed(reading(184, 122, dt.date(2026, 10, 1)))
    assert entry["tier"] == "severe_unresolved"
    assert entry["due_date"] == dt.date(2026, 11, 2), "31 October 2026 is a Saturday"


def test_support_and_residence_are_put_in_words(listed):
    cases = [
        ({}, None, None),
        ({"reasonable_adjustment": "Large print"}, "Large print", None),
        (
            {
                "reasonable_adjustment": "Large print",
                "has_learning_disability": True,
                "has_severe_mental_illness": True,
            },
            "Large print; learning disability; severe mental illness",
            None,
        ),
        ({"has_severe_mental_illness": True, "is_housebound": True}, "severe mental illness", "housebound"),
        ({"is_in_care_home": True, "is_housebound": True}, None, "care home; housebound"),
    ]
    rows = listed(*(reading(164, 102) | values for values, _, _ in cases))
    assert [(r["support_needs"], r["residence"]) for r in rows] == [case[1:] for case in cases]


def test_nobody_is_an_empty_list(listed):
    assert listed({"latest_bp_date": REFERENCE_DATE, "latest_bp_systolic": 120, "latest_bp_diastolic": 70}) == []


def test_members_of_other_cohorts_are_left_alone(definition):
    table = features(reading(164, 102))
    member = evaluate(definition, table, reference_date=REFERENCE_DATE).member.mutate(cohort_id=ibis.literal("another"))
    assert listed_entries(definition, member, table).to_pyarrow().num_rows == 0

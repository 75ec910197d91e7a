"""`core_event` and `core_event_issue` of a hand-written delivery, and of random ones against a naive second opinion."""

from datetime import date

import ibis
import pyarrow as pa
import pytest

from phm.core.codelists import load_code_lists
from phm.core.events import events, issues, readings
from phm.core.features import person_features
from tests.spec.event_cases import (
    GP_EVENTS,
    ISSUES,
    OTHER_EVENTS,
    READINGS,
    delivered,
    naive_bp_features,
    naive_readings,
    random_halves,
)
from tests.spec.people import (
    EVENT_SCHEMA,
    GP_EVENT_SCHEMA,
    REFERENCE_DATE,
    core_person,
    fetched,
    person_id,
    rows,
    table,
)


@pytest.fixture(scope="module")
def duckdb():
    return ibis.duckdb.connect(threads=1)


@pytest.fixture(scope="module")
def code_lists(duckdb):
    return duckdb.create_table("code_lists", load_code_lists())


@pytest.fixture(scope="module")
def feeds(duckdb, code_lists):
    return (*(table(feed, duckdb) for feed in delivered()), code_lists)


@pytest.fixture(scope="module")
def found(duckdb, feeds):
    return fetched(events(*feeds), duckdb, "person_id", "concept", "event_date", "setting", "systolic")


def test_columns_and_types(duckdb, feeds):
    assert duckdb.to_pyarrow(events(*feeds)).schema.equals(EVENT_SCHEMA)


def test_readings(found):
    expected = [
        (person_id(person), date(2026, 3, day), setting, systolic, diastolic, source)
        for person, day, setting, systolic, diastolic, source in READINGS
    ]
    pressures = [event for event in found if event["concept"] == "blood_pressure"]
    columns = ("person_id", "event_date", "setting", "systolic", "diastolic", "source")
    assert [tuple(event[name] for name in columns) for event in pressures] == expected
    assert {event["value"] for event in pressures} == {None}


def test_other_events(found):
    others = [event for event in found if event["concept"] != "blood_pressure"]
    columns = ("person_id", "concept", "value", "source")
    assert [tuple(event[name] for name in columns) for event in others] == [
        (person_id(person), *rest) for person, *rest in OTHER_EVENTS
    ]


def test_everything_left_out_is_counted(duckdb, feeds):
    counted = fetched(issues(*feeds), duckdb, "feed", "reason")
    assert {(row["feed"], row["reason"]): row["event_count"] for row in counted} == ISSUES
    practices = {row["feed"]: row["practice_code"] for row in counted}
    assert practices == {"gp_event": "A81001", "gp_medication": "A81001", "emergency_attendance": None}


def test_delivered_rows_are_conserved(duckdb, feeds, found):
    counted = fetched(issues(*feeds), duckdb, "feed", "reason")
    left_out = sum(row["event_count"] for row in counted if row["feed"] == "gp_event")
    kept = sum(
        2 if event["concept"] == "blood_pressure" else event["source"] not in ("medication", "emergency")
        for event in found
        if event["concept"] != "type_2_diabetes"  # the same row as its diabetes
    )
    assert kept + left_out == len(rows(GP_EVENTS))


def test_readings_at_hand_give_the_same(duckdb, feeds):
    gp_event, _, _, person, code_lists = feeds
    paired = readings(gp_event, person, code_lists).cache()
    order = ("person_id", "concept", "event_date", "setting", "systolic")
    assert fetched(events(*feeds, paired=paired), duckdb, *order) == fetched(events(*feeds), duckdb, *order)
    order = ("feed", "reason")
    assert fetched(issues(*feeds, paired=paired), duckdb, *order) == fetched(issues(*feeds), duckdb, *order)


def test_a_code_in_two_lists_is_two_events_but_one_delivered_row(duckdb, feeds, code_lists):
    gp_event, medication, attendance, person, _ = feeds
    diabetes = [row for row in load_code_lists().to_pylist() if row["concept"] == "diabetes"]
    twice = [*load_code_lists().to_pylist(), *({**row, "concept": "organ_damage"} for row in diabetes)]
    lists = table(pa.Table.from_pylist(twice), duckdb)
    found = fetched(events(gp_event, medication, attendance, person, lists), duckdb, "person_id")
    assert {event["concept"] for event in found if event["person_id"] == person_id(8)} == {
        "bmi",
        "diabetes",
        "type_2_diabetes",
        "organ_damage",
    }
    counted = fetched(issues(gp_event, medication, attendance, person, lists), duckdb, "feed", "reason")
    assert {(row["feed"], row["reason"]): row["event_count"] for row in counted} == ISSUES


@pytest.mark.parametrize("seed", range(4))
def test_a_naive_program_finds_the_same(seed, duckdb, feeds):
    _, medication, attendance, _, code_lists = feeds
    halves = random_halves(seed)
    gp_event = table(pa.Table.from_pylist(halves, schema=GP_EVENT_SCHEMA), duckdb)
    person = table(core_person("person\n" + "\n".join(str(number) for number in range(1, 61))), duckdb)
    event = events(gp_event, medication, attendance, person, code_lists).cache()

    expected = naive_readings(halves)
    columns = ("person_id", "event_date", "setting", "source", "systolic", "diastolic")
    pressures = [row for row in fetched(event, duckdb) if row["concept"] == "blood_pressure"]
    assert sorted(tuple(row[name] for name in columns) for row in pressures) == sorted(expected)

    expected_features = naive_bp_features(expected, REFERENCE_DATE)
    found = fetched(person_features(event, person, reference_date=REFERENCE_DATE), duckdb, "person_id")
    assert len(expected_features) > 40
    for row in found:
        of_person = expected_features.get(row["person_id"])
        if of_person is None:
            assert (row["latest_bp_date"], row["raised_day_count_24m"]) == (None, 0)
        else:
            assert {name: row[name] for name in of_person} == of_person

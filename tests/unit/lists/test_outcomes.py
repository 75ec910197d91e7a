"""What becomes of a list's entries, as tables: which answer counts, who is held how long, how far people got."""

import datetime as dt

import ibis
import pyarrow as pa
import pytest

from phm.feeds.contracts import load_contract
from phm.lists.cascade import list_cascade
from phm.lists.columns import OUTCOME
from phm.lists.filled_in import READINGS, YES_OR_NO
from phm.lists.holds import HOLD_DAYS, list_hold
from phm.lists.outcomes import list_outcome

REFERENCE_DATE = dt.date(2026, 10, 31)
ANN, BOB = f"{1:032x}", f"{2:032x}"
_ARROW = {"BIGINT": pa.int64(), "VARCHAR": pa.string(), "BOOLEAN": pa.bool_(), "DATE": pa.date32()}
COHORT = "possible_undiagnosed_hypertension"


def days_ago(days):
    return REFERENCE_DATE - dt.timedelta(days=days)


def outcomes(*said, reference_date=REFERENCE_DATE):
    """`list_outcome` of answers written as (outcome, days ago) with what differs from a plain Yes of Ann."""
    columns = load_contract("list_outcome").columns
    plain = {"cohort_id": COHORT, "person_id": ANN, "submission_number": 1, "is_yes": True, "entry_id": "e" * 32}
    plain |= {"practice_code": "A12345", "list_month": "2026-09", "definition_version": "1.0.0"}
    rows = [
        plain | {"outcome": outcome, "outcome_date": days_ago(days)} | (other[0] if other else {})
        for outcome, days, *other in said
    ]
    answers = pa.Table.from_pylist(rows, pa.schema([(c.name, _ARROW[c.type]) for c in columns])).drop_columns(
        ["is_in_use", "is_conflicting"]
    )
    return list_outcome(ibis.memtable(answers), reference_date=reference_date)


@pytest.fixture
def held(definition):
    """`list_hold` of Ann, registered with A12345 since 2020 unless said otherwise."""

    def made(*said, definitions=(definition,), **registration):
        registered = {"practice_code": "A12345", "registration_date": dt.date(2020, 1, 1)} | registration
        person = ibis.memtable(pa.Table.from_pylist([{"person_id": ANN, **registered}]))
        rows = list_hold(outcomes(*said), person, definitions, reference_date=REFERENCE_DATE).to_pyarrow().to_pylist()
        return rows[0] if rows else None

    return made


def test_outcomes_have_the_columns_of_the_contract():
    assert tuple(outcomes(("contacted", 3)).columns) == load_contract("list_outcome").column_names


def test_the_words_for_outcomes_are_the_same_everywhere(definition):
    (known,) = [c.valid_values for c in load_contract("list_outcome").columns if c.name == "outcome"]
    assert set(known) == {*YES_OR_NO, *READINGS} == set(HOLD_DAYS)
    assert {*YES_OR_NO, *(name for pair in READINGS.values() for name in pair)} <= {c.field for c in OUTCOME}
    assert definition.holds == {}


def test_of_several_answers_the_later_date_counts_then_the_later_submission():
    no = {"is_yes": False, "submission_number": 2}
    for said, in_use in [
        ([("declined", 9), ("declined", 5, no)], [False]),
        ([("declined", 5), ("declined", 9, no)], [True]),
        ([("declined", 5), ("declined", 5, no)], [False]),
    ]:
        rows = outcomes(*said).to_pyarrow().to_pylist()
        assert [row["is_yes"] for row in rows if row["is_in_use"]] == in_use
        assert len(rows) == 2 and all(row["is_conflicting"] for row in rows)


def test_what_a_later_copy_says_again_is_one_answer():
    said = {"submission_number": 2}
    (row,) = outcomes(("contacted", 5), ("contacted", 5, said)).to_pyarrow().to_pylist()
    assert (row["submission_number"], row["is_conflicting"]) == (1, False)


def test_two_readings_of_one_day_conflict_and_of_two_days_do_not():
    low, high = {"systolic": 130, "diastolic": 80}, {"systolic": 150, "diastolic": 95, "submission_number": 2}
    assert outcomes(("bp_taken", 5, low), ("bp_taken", 5, high)).is_conflicting.all().execute()
    assert not outcomes(("bp_taken", 5, low), ("bp_taken", 6, high)).is_conflicting.any().execute()


def test_what_happens_later_has_not_happened_yet():
    assert outcomes(("contacted", -1)).count().execute() == 0


@pytest.mark.parametrize("outcome", sorted(HOLD_DAYS))
def test_a_hold_lasts_its_days_and_no_longer(held, outcome):
    days = HOLD_DAYS[outcome]
    last, over = held((outcome, days - 1)), held((outcome, days))
    assert (last["is_on_hold"], last["hold_until_date"]) == (True, REFERENCE_DATE + dt.timedelta(days=1))
    assert (over["is_on_hold"], over["hold_until_date"]) == (False, REFERENCE_DATE)


def test_a_definition_can_have_its_own_periods(held, definition):
    import dataclasses

    own = dataclasses.replace(definition, holds={"contacted": 7, "declined": 0})
    assert not held(("contacted", 7), definitions=[own])["is_on_hold"]
    assert held(("declined", 1), definitions=[own])["hold_until_date"] is None


def test_no_is_no_hold(held):
    assert held(("declined", 5, {"is_yes": False})) is None


@pytest.mark.parametrize(
    ("outcome", "systolic", "diastolic", "is_on_hold"),
    [
        ("bp_taken", 179, 119, True),
        ("bp_taken", 180, 90, False),
        ("bp_taken", 150, 120, False),
        ("average_taken", 134, 84, True),
        ("average_taken", 135, 80, False),
        ("average_taken", 130, 85, False),
    ],
)
def test_a_value_to_act_on_holds_nobody(held, outcome, systolic, diastolic, is_on_hold):
    values = {"systolic": systolic, "diastolic": diastolic}
    assert held((outcome, 5, values))["is_on_hold"] == is_on_hold


def test_a_severe_reading_releases_from_earlier_holds_and_diagnosis_outlasts_it(held):
    severe = {"systolic": 190, "diastolic": 100}
    assert not held(("declined", 9), ("bp_taken", 5, severe))["is_on_hold"]
    assert not held(("contacted", 5), ("bp_taken", 5, severe))["is_on_hold"]
    assert held(("bp_taken", 5, severe), ("declined", 3))["is_on_hold"]
    assert held(("diagnosed", 5), ("bp_taken", 5, severe))["is_on_hold"]


def test_who_moved_away_is_free_when_registered_anew(held):
    moved = ("moved_away", 30)
    assert held(moved)["is_on_hold"]
    assert not held(moved, practice_code="B12345")["is_on_hold"]
    assert not held(moved, registration_date=days_ago(10))["is_on_hold"]


def test_the_latest_outcome_is_said(held):
    hold = held(("contacted", 20), ("declined", 3))
    assert (hold["latest_outcome"], hold["latest_outcome_date"]) == ("declined", days_ago(3))


def test_the_cascade_counts_everybody_once_at_every_step_they_reached(definition):
    listed = [
        {"person_id": ANN, "practice_code": "A12345", "list_date": dt.date(2026, 8, 31)},
        {"person_id": ANN, "practice_code": "B12345", "list_date": dt.date(2026, 9, 30)},
        {"person_id": BOB, "practice_code": "B12345", "list_date": dt.date(2026, 9, 30)},
    ]
    feature = {name: pa.nulls(2, pa.date32()) for name in ("latest_bp_date", "latest_average_date")}
    feature |= {"latest_hypertension_date": pa.array([None, dt.date(2026, 10, 9)], pa.date32())}
    feature |= {"latest_bp_drug_date": pa.array([None, dt.date(2026, 10, 20)], pa.date32())}
    feature |= {name: pa.nulls(2, pa.int64()) for name in ("latest_average_systolic", "latest_average_diastolic")}
    rows = list_cascade(
        ibis.memtable(pa.Table.from_pylist([{"cohort_id": COHORT, **row} for row in listed])),
        outcomes(("contacted", 9)),
        ibis.memtable(pa.table({"person_id": [ANN, BOB], **feature})),
        definition,
    )
    assert set(rows.columns) == set(load_contract("list_cascade").column_names)
    steps = rows.order_by("step_order").to_pyarrow().to_pylist()
    assert {row["practice_code"] for row in steps} == {"B12345"}
    assert [row["remaining_count"] for row in steps] == [2, 2, 1, 1, 1, 1]
    assert [row["person_count"] for row in steps] == [2, 0, 1, 0, 0, 0]

"""What becomes of a list's entries, as tables: which answer counts, who is held how long, how far people got."""

import datetime as dt
import json
from itertools import pairwise

import ibis
import pyarrow as pa
import pytest

from phm.cohorts.definition import load_definition
from phm.cohorts.facts import person_facts
from phm.cohorts.reading import STEPS
from phm.feeds.contracts import load_contract
from phm.lists.cascade import FIRST_STEPS, list_cascade
from phm.lists.columns import ALWAYS_ASKED, ASKED
from phm.lists.holds import HOLD_DAYS, list_hold
from phm.lists.measurements import MEASUREMENTS, YES_OR_NO
from phm.lists.outcomes import list_outcome
from phm.resources import library_dir
from tests.spec.cohorts.rows import ARROW, feature_row, feature_table

REFERENCE_DATE = dt.date(2026, 10, 31)
ANN, BOB = f"{1:032x}", f"{2:032x}"
COHORT = "possible_undiagnosed_hypertension"


def days_ago(days):
    return REFERENCE_DATE - dt.timedelta(days=days)


def outcomes(*said, reference_date=REFERENCE_DATE, cohort_id=COHORT):
    """`list_outcome` of answers written as (outcome, days ago) with what differs from a plain Yes of Ann."""
    columns = load_contract("list_outcome").columns
    plain = {"cohort_id": cohort_id, "person_id": ANN, "submission_number": 1, "is_yes": True, "entry_id": "e" * 32}
    plain |= {"practice_code": "A12345", "list_month": "2026-09", "definition_version": "1.0.0"}
    rows = [
        plain | {"outcome": outcome, "outcome_date": days_ago(days)} | (other[0] if other else {})
        for outcome, days, *other in said
    ]
    answers = pa.Table.from_pylist(rows, pa.schema([(c.name, ARROW[c.type]) for c in columns])).drop_columns(
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
    (held,) = [c.valid_values for c in load_contract("list_hold").columns if c.name == "latest_outcome"]
    assert set(known) == set(held) == {*YES_OR_NO, *MEASUREMENTS} == set(HOLD_DAYS) == set(ASKED)
    for name, columns in ASKED.items():
        assert [c.field for c in columns] == (list(MEASUREMENTS[name].kept_as) if name in MEASUREMENTS else [name])
    schema = json.loads((library_dir("cohorts").parent / "definition.schema.json").read_text())["properties"]
    assert set(schema["asks"]["items"]["enum"]) == set(ASKED) - set(ALWAYS_ASKED)
    assert set(schema["holds"]["propertyNames"]["enum"]) == set(ASKED)
    assert set(schema["cascade"]["properties"]) == set(STEPS)
    (steps,) = [c.valid_values for c in load_contract("list_cascade").columns if c.name == "step"]
    assert tuple(steps) == (*FIRST_STEPS, *STEPS)
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
def test_a_pressure_to_act_on_holds_nobody(held, outcome, systolic, diastolic, is_on_hold):
    values = {"systolic": systolic, "diastolic": diastolic}
    assert held((outcome, 5, values))["is_on_hold"] == is_on_hold


@pytest.mark.parametrize(
    ("outcome", "held_at", "released_at"),
    [("hba1c_taken", 47.9, 48.0), ("egfr_taken", 60.0, 59.9), ("acr_taken", 2.9, 3.0)],
)
def test_a_result_to_act_on_holds_nobody(held, outcome, held_at, released_at):
    assert held((outcome, 5, {"value": held_at}))["is_on_hold"]
    assert not held((outcome, 5, {"value": released_at}))["is_on_hold"]
    assert not held(("declined", 9), (outcome, 5, {"value": released_at}))["is_on_hold"]


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


LISTED = [
    {"person_id": ANN, "practice_code": "A12345", "list_date": dt.date(2026, 8, 31)},
    {"person_id": ANN, "practice_code": "B12345", "list_date": dt.date(2026, 9, 30)},
    {"person_id": BOB, "practice_code": "B12345", "list_date": dt.date(2026, 9, 30)},
]


def cascade(definition, *said, ann=None, bob=None):
    """The cascade of both people by step: how many got so far."""
    rows = [feature_row(1, **(ann or {})), feature_row(2, **(bob or {}))]
    table = list_cascade(
        ibis.memtable(pa.Table.from_pylist([{"cohort_id": definition.id, **row} for row in LISTED])),
        outcomes(*said, cohort_id=definition.id),
        person_facts(definition.id, ibis.memtable(feature_table(rows)), person_risk=None, list_hold=None),
        definition,
        reference_date=REFERENCE_DATE,
    )
    assert set(table.columns) == set(load_contract("list_cascade").column_names)
    steps = table.order_by("step_order").to_pyarrow().to_pylist()
    assert {row["practice_code"] for row in steps} == {"B12345"}, "the newest list counts"
    stayed = [before["remaining_count"] - row["remaining_count"] for before, row in pairwise(steps)]
    assert [row["person_count"] for row in steps] == [2, *stayed]
    return {row["step"]: row["remaining_count"] for row in steps}


def test_the_cascade_counts_everybody_once_at_every_step_they_reached(definition):
    diagnosed = {"latest_hypertension_date": days_ago(22), "latest_bp_drug_date": days_ago(11)}
    found = cascade(definition, ("contacted", 9), ann={"latest_bp_date": days_ago(70)}, bob=diagnosed)
    assert found == {"listed": 2, "contacted": 2, "measured": 1, "confirmed": 1, "diagnosed": 1, "treated": 1}


def test_a_record_of_before_the_first_list_shows_nothing(definition):
    on_the_day = {"latest_bp_date": dt.date(2026, 8, 31), "latest_hypertension_date": dt.date(2026, 8, 31)}
    assert cascade(definition, ann=on_the_day)["contacted"] == 0
    assert cascade(definition, ann={"latest_bp_date": dt.date(2026, 9, 1)})["measured"] == 1


def test_a_medicine_counts_as_treatment_with_the_diagnosis_only(definition):
    assert cascade(definition, bob={"latest_bp_date": None, "latest_bp_drug_date": days_ago(5)})["contacted"] == 0


def test_a_raised_average_confirms_and_a_normal_one_measures(definition):
    def average(systolic):
        return {
            "latest_average_date": days_ago(9),
            "latest_average_systolic": systolic,
            "latest_average_diastolic": 80,
        }

    assert cascade(definition, ann=average(135))["confirmed"] == 1
    normal = cascade(definition, ann=average(134))
    assert (normal["measured"], normal["confirmed"]) == (1, 0)


@pytest.mark.parametrize(
    ("cohort", "record", "reached"),
    [
        ("possible_undiagnosed_diabetes", {"hba1c_date": 9, "hba1c": 41.0}, "measured"),
        ("possible_undiagnosed_diabetes", {"hba1c_date": 9, "hba1c": 50.0, "high_hba1c_days": 30}, "confirmed"),
        ("possible_undiagnosed_diabetes", {"has_diabetes": True}, "diagnosed"),
        ("possible_undiagnosed_ckd", {"acr_date": 9, "acr": 2.0}, "measured"),
        ("possible_undiagnosed_ckd", {"egfr_date": 9, "egfr": 50.0, "low_egfr_days": 90}, "confirmed"),
        ("possible_undiagnosed_ckd", {"latest_ckd_date": 9}, "diagnosed"),
        ("af_not_anticoagulated", {"latest_anticoagulant_date": 9}, "treated"),
        ("nhs_health_check_due", {"latest_health_check_date": 9}, "treated"),
        ("wider_determinants_30_50", {"latest_smoking_support_date": 9}, "treated"),
        (
            "hypertension_treated_above_target",
            {"latest_bp_date": 9, "latest_bp_systolic": 150, "latest_bp_diastolic": 80},
            "measured",
        ),
        (
            "hypertension_treated_above_target",
            {"latest_bp_date": 9, "latest_bp_systolic": 139, "latest_bp_diastolic": 80},
            "treated",
        ),
        ("raised_bp_follow_up_due", {"latest_hypertension_date": 9}, "diagnosed"),
    ],
)
def test_each_definition_says_what_later_records_show(cohort, record, reached):
    facts = {name: days_ago(value) if name.endswith("_date") else value for name, value in record.items()}
    found = cascade(load_definition(cohort), ann=facts)
    names = list(found)
    upto = names.index(reached)
    assert [found[name] for name in names] == [2] + [1] * upto + [0] * (len(names) - upto - 1)


@pytest.mark.parametrize(
    ("cohort", "answer", "reached"),
    [
        ("possible_undiagnosed_diabetes", ("hba1c_taken", {"value": 47.0}), "measured"),
        ("possible_undiagnosed_diabetes", ("hba1c_taken", {"value": 48.0}), "confirmed"),
        ("possible_undiagnosed_ckd", ("egfr_taken", {"value": 40.0}), "measured"),
        ("possible_undiagnosed_hypertension", ("average_taken", {"systolic": 140, "diastolic": 80}), "confirmed"),
        ("hypertension_treated_above_target", ("average_taken", {"systolic": 140, "diastolic": 80}), "measured"),
        ("af_not_anticoagulated", ("treated", {}), "treated"),
        ("frequent_emergency_attenders", ("done", {}), "treated"),
        ("frequent_emergency_attenders", ("diagnosed", {}), "contacted"),
        ("possible_undiagnosed_hypertension", ("moved_away", {}), "listed"),
    ],
)
def test_answers_take_people_as_far_as_they_say(cohort, answer, reached):
    found = cascade(load_definition(cohort), (answer[0], 9, answer[1]))
    names = list(found)
    upto = names.index(reached)
    assert [found[name] for name in names] == [2] + [1] * upto + [0] * (len(names) - upto - 1)

"""Possible CKD and diabetes, and CHA2DS2-VASc, worked out a second time for random people, with dictionaries and loops.

Written from the definitions document, not from the expressions: results lie on the edges of the rules, several on a
day, in any order.
"""

import datetime as dt
import random

import ibis
import pyarrow as pa
import pytest

from phm.cohorts.definition import load_definition
from phm.cohorts.evaluate import evaluate
from phm.cohorts.facts import person_facts
from phm.core.features import person_features
from tests.spec.people import EVENT_SCHEMA, PERSON_DEFAULTS, PERSON_SCHEMA, REFERENCE_DATE, person_id, table

PEOPLE = 3000
VALUES = {
    "egfr": (25.0, 29.9, 30.0, 45.0, 59.9, 60.0, 75.0),
    "acr": (1.0, 2.9, 3.0, 69.9, 70.0),
    "hba1c": (42.0, 47.9, 48.0, 60.0, 86.0),
}
DAYS = (0, 1, 14, 30, 88, 89, 90, 91, 119, 120, 121, 180, 400, 729, 730, 731, 900)
HISTORY = ("ckd", "ckd_resolved", "ckd_stage_1_2", "acute_kidney_injury", "diabetes", "diabetes_resolved")
HISTORY += ("diabetes_symptom", "anaemia", "hypertension", "hypertension_resolved", "heart_failure", "stroke_tia")
HISTORY += ("ischaemic_heart_disease", "peripheral_arterial_disease")
RECENT = dt.date(2024, 11, 1)  # first day of 24 months

Events = list[tuple[dt.date, str, float | None]]


def a_record(chance: random.Random) -> Events:
    events: Events = []
    for concept, values in VALUES.items():
        for _ in range(chance.choice((0, 1, 1, 2, 2, 3, 4))):
            events.append((a_day(chance), concept, chance.choice(values)))
    for concept in HISTORY:
        if chance.random() < 0.12:
            events.append((a_day(chance), concept, None))
    chance.shuffle(events)
    return events


def a_day(chance: random.Random) -> dt.date:
    return REFERENCE_DATE - dt.timedelta(days=chance.choice(DAYS))


def results(events: Events, concept: str) -> list[tuple[dt.date, float]]:
    """A value a day, the lowest, from the first day to the last."""
    by_day: dict[dt.date, float] = {}
    for day, what, value in events:
        if what == concept:
            by_day[day] = min(value, by_day.get(day, value))
    return sorted(by_day.items())


def run(events: Events, concept: str) -> list[tuple[dt.date, float]]:
    """The last results, back to the latest normal one."""
    abnormal = []
    for day, value in reversed(results(events, concept)):
        is_abnormal = {"egfr": value < 60, "acr": value >= 3, "hba1c": value >= 48}[concept]
        if not is_abnormal:
            break
        abnormal.insert(0, (day, value))
    return abnormal


def latest(events: Events, concept: str) -> dt.date | None:
    return max((day for day, what, _ in events if what == concept), default=None)


def is_current(events: Events, concept: str) -> bool:
    recorded, resolved = latest(events, concept), latest(events, f"{concept}_resolved")
    return recorded is not None and (resolved is None or resolved <= recorded)


def kidney_place(events: Events) -> str:
    low, high = run(events, "egfr"), run(events, "acr")
    aki = latest(events, "acute_kidney_injury")
    if is_current(events, "ckd"):
        return "coded"
    if latest(events, "ckd_stage_1_2") and not low:
        return "stage_1_2_coded"
    first, (last, value) = (low[0][0], low[-1]) if low else (None, (None, None))
    # Two low results 90 days apart with none of 60 or more between: any two of the run will do.
    is_persistent = any((b - a).days >= 90 for a, _ in low for b, _ in low)
    if low and value < 30:
        return "egfr_below_30"
    if low and aki and (last - aki).days <= 90 and (aki - first).days < 90:
        return "after_aki"
    if is_persistent and last >= RECENT:
        return "persistent_low_egfr"
    if len(low) == 1 and last >= RECENT:
        return "single_low_egfr"
    if high and (len(high) > 1 or high[-1][1] >= 70) and high[-1][0] >= RECENT:
        return "confirmed_high_acr"
    if len(low) > 1 and last >= RECENT and (REFERENCE_DATE - first).days >= 90:
        return "low_egfr_repeat_due"
    if high and high[-1][0] >= RECENT:
        return "single_high_acr"
    if low and last < RECENT:
        return "stale_low_egfr"
    return "no_tier"


def diabetes_place(events: Events) -> str:
    high = run(events, "hba1c")
    symptom, anaemia, resolved = (latest(events, w) for w in ("diabetes_symptom", "anaemia", "diabetes_resolved"))
    is_urgent = bool(high) and (high[-1][1] >= 86 or (symptom is not None and symptom >= dt.date(2026, 8, 1)))
    if is_current(events, "diabetes"):
        return "diabetes_coded"
    if resolved:
        if high and high[-1][0] > resolved:
            return "remission_urgent" if is_urgent else "remission_ended"
        return "remission"
    if anaemia and anaemia >= dt.date(2025, 11, 1) and not is_urgent:
        return "glucose_instead" if high else "hba1c_unreliable"
    if is_urgent:
        return "symptoms_or_very_high"
    if high and high[-1][0] < RECENT:
        return "stale_raised"
    if len(high) > 1:
        return "confirmed_not_coded"
    return "single_raised" if high else "no_tier"


def score(events: Events, age: int, sex: str) -> int:
    points = 2 if age >= 75 else 1 if age >= 65 else 0
    points += 1 if sex == "F" else 0
    points += 2 if latest(events, "stroke_tia") else 0
    points += 1 if latest(events, "heart_failure") else 0
    points += 1 if is_current(events, "hypertension") else 0
    points += 1 if is_current(events, "diabetes") else 0
    vascular = ("ischaemic_heart_disease", "peripheral_arterial_disease")
    return points + (1 if any(latest(events, disease) for disease in vascular) else 0)


@pytest.fixture(scope="module")
def people():
    chance = random.Random(20261031)
    ages = (18, 40, 64, 65, 74, 75, 90)
    return [(a_record(chance), chance.choice(ages), chance.choice("FMU")) for _ in range(PEOPLE)]


@pytest.fixture(scope="module")
def features(people):
    duckdb = ibis.duckdb.connect(threads=1)
    person = [
        dict.fromkeys(PERSON_SCHEMA.names)
        | PERSON_DEFAULTS
        | {"person_id": person_id(n), "practice_code": person_id(n), "age": age, "sex": sex}
        for n, (_, age, sex) in enumerate(people)
    ]
    event = [
        {"person_id": person_id(n), "event_date": day, "concept": concept, "value": value}
        for n, (events, *_) in enumerate(people)
        for day, concept, value in events
    ]
    event = table(pa.Table.from_pylist(event, schema=EVENT_SCHEMA), duckdb)
    person = table(pa.Table.from_pylist(person, schema=PERSON_SCHEMA), duckdb)
    return duckdb.create_table("person_feature", person_features(event, person, reference_date=REFERENCE_DATE))


@pytest.mark.parametrize(("name", "concept"), [("low_egfr", "egfr"), ("high_acr", "acr"), ("high_hba1c", "hba1c")])
def test_runs(people, features, name, concept):
    columns = (f"{name}_since_date", f"{name}_days")
    found = {row["person_id"]: tuple(row[c] for c in columns) for row in features.to_pyarrow().to_pylist()}
    for number, (events, *_) in enumerate(people):
        days = [day for day, _ in run(events, concept)]
        expected = (days[0], (days[-1] - days[0]).days) if days else (None, None)
        assert found[person_id(number)] == expected, events


def test_score(people, features):
    found = {row["person_id"]: row["cha2ds2_vasc_score"] for row in features.to_pyarrow().to_pylist()}
    assert [found[person_id(n)] for n in range(PEOPLE)] == [score(*person) for person in people]


@pytest.mark.parametrize(
    ("cohort_id", "place_of"),
    [("possible_undiagnosed_ckd", kidney_place), ("possible_undiagnosed_diabetes", diabetes_place)],
)
def test_places(people, features, cohort_id, place_of):
    definition = load_definition(cohort_id)
    result = evaluate(definition, person_facts(cohort_id, features), reference_date=REFERENCE_DATE)
    # Everybody is alone in a practice, whose attrition therefore names the step; members have a tier besides.
    step = result.attrition.filter((result.attrition.step_order > 0) & (result.attrition.person_count > 0))
    found = {row["practice_code"]: row["step"] for row in step.to_pyarrow().to_pylist()}
    found |= {row["person_id"]: row["tier"] for row in result.member.to_pyarrow().to_pylist()}
    expected = {person_id(n): place_of(events) for n, (events, *_) in enumerate(people)}
    assert set(expected.values()) == _places(definition, cohort_id)
    wrong = [(n, expected[p], found[p], people[n][0]) for n, p in enumerate(expected) if expected[p] != found[p]]
    assert wrong == []


def _places(definition, cohort_id) -> set[str]:
    """Every place somebody must be found in, so that no rule goes untested: all but those about other people."""
    tiers = {tier.id for output in definition.outputs.values() for tier in output.tiers}
    exclusions = {exclusion.id for exclusion in definition.exclusions}
    others = {"palliative_care", "pregnant_or_postpartum", "pregnancy_raised_hba1c", "on_hold", "opted_out"}
    return (tiers | exclusions | {"no_tier"}) - others

"""Nobody is sent where they are not eligible: the rules written a second time, held against every route of every list.

The rules follow the clinical definition and what the services say of themselves. They read rows, not expressions.
"""

import calendar
import re
from datetime import date

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from phm.cohorts.definition import load_definitions
from phm.cohorts.evaluate import evaluate
from phm.cohorts.facts import HOLD, RISK, person_facts
from phm.cohorts.reasons import texts
from phm.feeds.contracts import load_contract
from phm.store import Store
from tests.conftest import SAMPLE_PARTITION
from tests.spec.cohorts.rows import ARROW, REFERENCE_DATE, days_ago, feature_table, random_rows

DEFINITIONS = {d.id: d for d in load_definitions() if d.use != "planning"}
HEALTH_CHECK_BARS = (
    "has_ischaemic_heart_disease", "has_ckd", "has_diabetes", "has_atrial_fibrillation", "has_stroke_tia",
    "has_familial_hypercholesterolaemia", "has_heart_failure", "has_peripheral_arterial_disease", "has_statin",
)  # fmt: skip
RECALLS = (
    "has_diabetes", "has_ckd", "has_ischaemic_heart_disease", "has_stroke_tia", "has_peripheral_arterial_disease",
    "has_heart_failure", "has_atrial_fibrillation", "has_learning_disability", "has_severe_mental_illness",
    "has_hypertension",
)  # fmt: skip
LEAST_BMI = 27.5
"""Of weight management: 30, or 27.5 for people of Asian, Black or Middle Eastern background (NICE)."""
URGENT = {
    (d.id, tier.id) for d in DEFINITIONS.values() for output in d.outputs.values() for tier in output.tiers
    if tier.due_days <= 7
}  # fmt: skip


def years_ago(count: int) -> date:
    year = REFERENCE_DATE.year - count
    return date(year, REFERENCE_DATE.month, min(REFERENCE_DATE.day, calendar.monthrange(year, REFERENCE_DATE.month)[1]))


def is_there(value: object) -> bool:
    return not pd.isna(value)


def is_on_hypertension_register(person) -> bool:
    diagnosed, resolved = person.latest_hypertension_date, person.latest_hypertension_resolved_date
    return is_there(diagnosed) and not (is_there(resolved) and resolved > diagnosed)


def may_have_health_check(person) -> bool:
    """Ages 40 to 74, none in 5 years, none of the conditions, no statin, no risk of 20% or more recorded before."""
    last, risk = person.latest_health_check_date, person.highest_cvd_risk_score
    return (
        40 <= person.age <= 74
        and not (is_there(last) and pd.Timestamp(last).date() > years_ago(5))
        and not any(getattr(person, name) for name in HEALTH_CHECK_BARS)
        and not is_on_hypertension_register(person)
        and not (is_there(risk) and risk >= 20)
    )


def may_go_to_pharmacy(person) -> bool:
    """40 and over, or with a family history; nobody whose reading needs a doctor, nobody who cannot leave home."""
    systolic, diastolic = person.latest_bp_systolic, person.latest_bp_diastolic
    is_severe = is_there(systolic) and (systolic >= 180 or diastolic >= 120)
    is_old_enough = person.age >= 40 or person.has_family_history_cvd
    return bool(
        is_old_enough and not is_severe and not person.is_housebound and not is_on_hypertension_register(person)
    )


RULES = {
    "nhs health check": may_have_health_check,
    "pharmacy": may_go_to_pharmacy,
    "long-term condition": lambda p: any(getattr(p, name) for name in RECALLS),
    "stop smoking": lambda p: p.smoking_status == "current",
    "digital weight management": lambda p: p.bmi >= LEAST_BMI and (p.has_diabetes or is_on_hypertension_register(p)),
    "local weight management": lambda p: p.bmi >= LEAST_BMI,
    "physical activity nearby": lambda p: not p.is_housebound,
    "at home": lambda p: p.is_housebound or p.is_in_care_home,
    "care home team": lambda p: p.is_in_care_home,
    "social prescri": lambda p: p.age >= 18,
    "hypertension review": is_on_hypertension_register,
}
"""What a route's own words promise, and whom it is for. "Nearest: …" is the asset's words, not the route's."""


def routes_of(text: str) -> list[str]:
    return [rule for rule in RULES if rule in re.sub(r" Nearest: .*?\)\.", "", text).lower()]


def check(listed: pd.DataFrame, people: pd.DataFrame) -> dict[str, int]:
    """Hold every route said against its rule; the number of each."""
    counts = dict.fromkeys(RULES, 0)
    rows = {person.person_id: person for person in people.itertuples()}
    for entry in listed[listed["routes"].notna()].itertuples():
        person, routes = rows[entry.person_id], routes_of(entry.routes)
        assert routes, f"no rule for: {entry.routes}"
        for route in routes:
            counts[route] += 1
            assert RULES[route](person), f"{entry.cohort_id}, {entry.tier}: {route} is not for this person"
        if "nhs health check" in routes or "pharmacy" in routes:
            assert (entry.cohort_id, entry.tier) not in URGENT, f"{entry.tier} does not wait for a check elsewhere"
    return counts


def consistent(row: dict) -> dict:
    """The row without what no record can hold: a raised reading later than the latest one, an average unlike it."""
    latest, kind = row["latest_bp_date"], "latest_average"
    if latest is None or (row["latest_clinic_raised_date"] or latest) > latest:
        row |= {name: None for name in row if name.startswith("latest_clinic_raised")}
    if row["latest_bp_setting"] in ("home", "ambulatory"):
        row |= {name: row[name.replace(kind, "latest_bp")] for name in row if name.startswith(kind)}
    return row


def test_every_route_of_a_whole_place_is_one_the_person_is_eligible_for(published_home):
    store = Store(published_home)
    paths = [store.files(name, SAMPLE_PARTITION) for name in ("case_finding_list", "person_feature")]
    listed, people = (duckdb.read_parquet([str(file) for file in files]).df() for files in paths)
    counts = check(listed, people)
    assert {name for name, count in counts.items() if not count} <= {"care home team", "digital weight management"}
    assert listed["routes"].str.contains("Nearest: ").any()
    assert not [name for name in listed.columns if "lsoa" in name or "imd" in name]
    assert not listed["routes"].str.contains(r"E01\d{6}", na=False).any()


@pytest.mark.parametrize("cohort_id", DEFINITIONS)
def test_every_route_of_random_people_is_one_they_are_eligible_for(cohort_id):
    definition = DEFINITIONS[cohort_id]
    chance = np.random.default_rng(5)
    rows = random_rows(11, 2500)
    for row in rows:
        row |= {
            "qrisk3_pct": [None, 9.9, 19.9, 20.0][chance.integers(4)],
            "highest_cvd_risk_score": [None, 5.0, 20.0][chance.integers(3)],
            "smoking_status": ["never", "current", "ex"][chance.integers(3)],
            "smoking_status_date": days_ago(90),
            "emergency_attendance_count_12m": int(chance.integers(0, 12)),
            "age": int(chance.choice([17, 18, 29, 30, 39, 40, 50, 51, 74, 75, 80])),
            "latest_health_check_date": [None, days_ago(100), years_ago(5), days_ago(2500)][chance.integers(4)],
        }
    rows = [consistent(row) for row in rows]
    engine = ibis.duckdb.connect()
    feature = engine.create_table("person_feature", feature_table(rows))
    schemas = {n: pa.schema([(c.name, ARROW[c.type]) for c in load_contract(n).columns]) for n in (RISK, HOLD)}
    risk = engine.create_table(RISK, pa.Table.from_pylist(rows, schema=schemas[RISK]))
    facts = person_facts(cohort_id, feature, person_risk=risk)
    member = evaluate(definition, facts, reference_date=REFERENCE_DATE).member
    said = texts(definition, member, facts, reference_date=REFERENCE_DATE)
    check(said.select("person_id", "cohort_id", "tier", "routes").to_pandas(), facts.to_pandas())


def test_a_wrong_route_is_found():
    people = pd.DataFrame(feature_table(random_rows(3, 50)).to_pylist()).assign(qrisk3_pct=None, age=39)
    listed = people[["person_id"]].assign(cohort_id="a", tier="stage_1", routes="NHS Health Check.")
    with pytest.raises(AssertionError, match="nhs health check is not for this person"):
        check(listed, people)

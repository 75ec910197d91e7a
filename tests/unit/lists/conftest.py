"""A practice with a made-up list: plausible entries for every tier and output of the default cohort."""

import datetime as dt
import itertools

import pandas as pd
import pytest

from phm.cohorts.definition import load_definition
from phm.feeds.contracts import load_contract
from phm.lists.cover import Practice

REFERENCE_DATE = dt.date(2026, 10, 31)
REASONS = {
    "severe_recent": "186/124 clinic (gp), 28 Oct 2026; 180/120 or more; no later reading; no hypertension code",
    "stage_2": "164/102 clinic (gp), 3 Mar 2026; stage 2 (160/100 or more); no hypertension code",
    "not_measured": "no reading in the last 60 months; no hypertension code",
}


@pytest.fixture(scope="session")
def definition():
    return load_definition("possible_undiagnosed_hypertension")


@pytest.fixture
def practice():
    return Practice("A12345", "The Ōld Mill & Sons Surgery", "U00001", "North PCN")


@pytest.fixture
def make_entries(definition):
    """Entries of one practice: `each` per tier of every output."""

    def made(each=3, practice_code="A12345"):
        rows = []
        for output in definition.outputs.values():
            people = itertools.count(1)
            for tier in output.tiers:
                for _ in range(each):
                    n = len(rows)
                    rows.append(
                        {
                            "entry_id": f"{n:032x}",
                            "list_reference": f"2026-10 {practice_code} {definition.id} {definition.version} 0123abcd",
                            "cohort_id": definition.id,
                            "output": output.id,
                            "practice_code": practice_code,
                            "pcn_code": "U00001",
                            "person_id": f"{n + 1:032x}",
                            "position": next(people),
                            "age": 30 + n % 21,
                            "sex": "FM"[n % 2],
                            "tier": tier.id,
                            "tier_title": tier.title,
                            "action": f"{tier.action} {definition.advice}",
                            "due_date": REFERENCE_DATE + dt.timedelta(days=tier.due_days),
                            "reasons": REASONS.get(tier.id, "152/94 clinic (gp), 3 Mar 2026; no hypertension code"),
                            "flags": "Single raised reading: possible hypertension, never code from a list."
                            if n % 3
                            else None,
                            "routes": "Community pharmacy blood pressure check." if n % 2 else None,
                            "contact_preference": ("text", "letter", None)[n % 3],
                            "is_safe_to_text": (True, False, None)[n % 3],
                            "interpreter_language": "Polish" if n % 7 == 3 else None,
                            "support_needs": "Large print" if n % 5 == 2 else None,
                            "residence": "Housebound" if n % 11 == 4 else None,
                            "last_contact_date": dt.date(2026, 9, 1) if n % 4 else None,
                            "invitation_count": n % 3 if n % 4 else None,
                            "next_appointment_date": dt.date(2026, 11, 12) if n % 6 == 1 else None,
                            "usual_clinician": "Dr Example" if n % 2 else None,
                        }
                    )
        return pd.DataFrame(rows)

    return made


@pytest.fixture
def make_identity():
    def made(entries):
        numbers = [str(9_990_000_000 + n) for n in range(len(entries))]
        return pd.DataFrame({"person_id": entries["person_id"], "nhs_number": numbers})

    return made


@pytest.fixture
def no_change():
    """Of a first list."""
    columns = load_contract("list_change").column_names
    return pd.DataFrame(columns=columns).astype("str")


@pytest.fixture
def no_plan():
    """Waves and workload without a capacity file."""
    waves = pd.DataFrame(columns=load_contract("list_wave").column_names).astype({"planned_week": "datetime64[s]"})
    return waves, pd.DataFrame()


@pytest.fixture
def attrition(definition):
    people, left, rows = 900, 3000, []
    rows.append((0, "population", "population", definition.population_label, left, left))
    for order, exclusion in enumerate(definition.exclusions, start=1):
        people //= 2
        left -= people
        rows.append((order, exclusion.id, "exclusion", exclusion.label, people, left))
    columns = ["step_order", "step", "kind", "label", "person_count", "remaining_count"]
    return pd.DataFrame(rows, columns=columns).assign(cohort_id=definition.id, practice_code="A12345")

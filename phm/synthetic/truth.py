"""The truth about everybody, written beside the deliveries; the pipeline never reads it.

What belongs here is the table that `phm evaluate` judges lists on and `phm synth report` measures the population with.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from phm.synthetic.clinical import Health
from phm.synthetic.people import ETHNICITIES, People, text
from phm.synthetic.tenancies import NEVER

TRUTH_SCHEMA = pa.schema(
    [
        ("nhs_number", pa.string()),
        ("practice_code", pa.string()),
        ("is_registered", pa.bool_()),
        ("age", pa.float64()),
        ("is_male", pa.bool_()),
        ("ethnicity_code", pa.string()),
        ("imd_decile", pa.int8()),
        ("has_hypertension", pa.bool_()),
        ("true_systolic", pa.float64()),
        ("true_diastolic", pa.float64()),
        ("expected_systolic", pa.float64()),
        ("systolic_spread", pa.float64()),
        ("expected_diastolic", pa.float64()),
        ("systolic_variability", pa.float64()),
        ("undiagnosed_probability", pa.float64()),
        ("told_log_odds", pa.float64()),
        ("coded_chance", pa.float64()),
        ("labelled_chance", pa.float64()),
        ("raised_leads_chance", pa.float64()),
        ("expected_visits", pa.float64()),
        ("is_told", pa.bool_()),
        ("is_diagnosed", pa.bool_()),
        ("is_treated", pa.bool_()),
        ("true_bmi", pa.float64()),
        ("smokes", pa.bool_()),
        ("cigarettes_per_day", pa.int16()),
        ("has_true_diabetes", pa.bool_()),
        ("true_egfr", pa.float64()),
        ("lives_a_story", pa.bool_()),
    ]
)
"""One row is one registration; somebody registered twice has the same truth in both.

`has_hypertension` is a usual untreated clinic pressure of 140/90 or more, adults only. `is_told` is what the person
would tell a survey; `is_diagnosed` that the practice codes it now; of people diagnosed a few have no hypertension.
`expected_systolic`, `systolic_spread` and `expected_diastolic` say how usual pressure varies among people of the same
age, sex, weight, ethnicity and deprivation, and `undiagnosed_probability` is the chance among them of hypertension when
none is coded: what the best ranking without a reading could know (`pressure.Likes`). The five columns after it say how
hypertension, if the person had it, would come to be known (`diagnosis.Course`). Readings of people for whom
`lives_a_story` were written to show a course (`stories.py`) and say nothing about their true pressure. mm Hg, years,
kg/m² throughout.
"""


def truth_table(people: People, health: Health, practice_code: str, lives_a_story: np.ndarray, /) -> pa.Table:
    """The truth about the registrations of one practice at the reference date."""
    today = people.reference_day
    is_resolved = health.resolved_day <= today
    columns = {
        "nhs_number": pa.array(people.nhs_number).cast(pa.string()),
        "practice_code": pa.repeat(practice_code, len(people)),
        "is_registered": people.ended_day == NEVER,
        "age": np.round(people.age, 2),
        "is_male": people.is_male,
        "ethnicity_code": text(ETHNICITIES[people.ethnicity]),
        "imd_decile": people.decile,
        "has_hypertension": health.has_hypertension,
        "true_systolic": health.true_systolic,
        "true_diastolic": health.true_diastolic,
        "expected_systolic": np.round(health.likes.systolic_mean, 2),
        "systolic_spread": np.round(health.likes.systolic_spread, 2),
        "expected_diastolic": np.round(health.likes.diastolic_mean, 2),
        "systolic_variability": np.round(health.variability, 2),
        "undiagnosed_probability": np.round(health.undiagnosed_probability, 6),
        "told_log_odds": np.round(health.course.told_log_odds, 4),
        "coded_chance": np.round(health.course.coded, 6),
        "labelled_chance": np.round(health.course.labelled, 6),
        "raised_leads_chance": np.round(health.course.leads, 6),
        "expected_visits": np.round(health.course.visits, 4),
        "is_told": health.told_day <= today,
        "is_diagnosed": (health.diagnosed_day <= today) & ~is_resolved,
        "is_treated": health.treated_day <= today,
        "true_bmi": health.bmi,
        "smokes": health.smoking == 2,
        "cigarettes_per_day": health.cigarettes.astype(np.int16),
        "has_true_diabetes": health.has_true_diabetes,
        "true_egfr": np.round(health.egfr, 1),
        "lives_a_story": lives_a_story,
    }
    return pa.table(columns, schema=TRUTH_SCHEMA)

"""The measures that come with phm: who is counted, by a person each, and the page they are described on."""

import datetime as dt
from functools import cache
from pathlib import Path

import ibis
import pandas as pd
import pytest

from phm.measures.definition import load_measures
from phm.measures.page import page
from phm.measures.values import measure_values
from tests.unit.measures.test_values import ATTRITION, CASCADE, REFERENCE_DATE, RESIDENCE, features, person

RECENT, LONG_AGO = dt.date(2026, 6, 1), dt.date(2020, 1, 1)
BP = {"latest_bp_date": RECENT, "latest_bp_setting": "clinic", "latest_bp_systolic": 140, "latest_bp_diastolic": 90}
HYPERTENSION = {"has_hypertension": True}
RAISED = {
    "latest_clinic_raised_date": RECENT,
    "latest_clinic_raised_systolic": 150,
    "latest_clinic_raised_diastolic": 85,
}
AF = {"has_atrial_fibrillation": True, "latest_atrial_fibrillation_date": LONG_AGO, "cha2ds2_vasc_score": 2, "age": 70}
RULED_OUT = (
    *("has_ischaemic_heart_disease", "has_stroke_tia", "has_peripheral_arterial_disease", "has_heart_failure"),
    *("has_atrial_fibrillation", "has_diabetes", "has_ckd", "has_familial_hypercholesterolaemia", "has_statin"),
    "has_palliative_care",
)
CHECKED = dict.fromkeys(RULED_OUT, False)


CASES = [
    ("bp_recorded_5y_45_plus", {"age": 44} | BP, (0, 0)),
    ("bp_recorded_5y_45_plus", {"age": 45} | BP, (1, 1)),
    ("bp_recorded_5y_45_plus", {"age": 45}, (0, 1)),
    ("raised_bp_followed_up", RAISED, (0, 1)),
    ("raised_bp_followed_up", RAISED | HYPERTENSION, (0, 0)),
    ("raised_bp_followed_up", RAISED | {"latest_average_date": RECENT}, (1, 1)),
    ("raised_bp_followed_up", RAISED | {"latest_bp_date": dt.date(2026, 7, 1)}, (1, 1)),
    (
        "raised_bp_followed_up",
        RAISED | {"latest_clinic_raised_systolic": 160, "latest_bp_date": dt.date(2026, 7, 1)},
        (0, 1),
    ),
    ("hypertension_treated_to_target", BP, (0, 0)),
    ("hypertension_treated_to_target", BP | HYPERTENSION, (1, 1)),
    ("hypertension_treated_to_target", BP | HYPERTENSION | {"latest_bp_systolic": 141}, (0, 1)),
    ("hypertension_treated_to_target", BP | HYPERTENSION | {"latest_bp_systolic": 150, "age": 80}, (1, 1)),
    ("hypertension_treated_to_target", BP | HYPERTENSION | {"latest_bp_setting": "home"}, (0, 1)),
    ("hypertension_treated_to_target", BP | HYPERTENSION | {"latest_bp_date": LONG_AGO}, (0, 1)),
    ("af_anticoagulated", AF, (0, 1)),
    ("af_anticoagulated", AF | {"cha2ds2_vasc_score": 1}, (0, 0)),
    ("af_anticoagulated", AF | {"latest_atrial_fibrillation_resolved_date": RECENT}, (0, 0)),
    ("af_anticoagulated", AF | {"latest_anticoagulant_date": RECENT}, (1, 1)),
    ("af_anticoagulated", AF | {"inr_day_count_6m": 2}, (1, 1)),
    ("diabetes_detection_gap", {"has_diabetes": False, "hba1c": 48.0, "hba1c_date": RECENT}, (1, 1)),
    ("diabetes_detection_gap", {"has_diabetes": False, "hba1c": 47.0, "hba1c_date": RECENT}, (0, 0)),
    ("diabetes_detection_gap", {"has_diabetes": True}, (0, 1)),
    ("ckd_detection_gap", {"has_ckd": False, "low_egfr_days": 90}, (1, 1)),
    ("ckd_detection_gap", {"has_ckd": False, "low_egfr_days": 89}, (0, 0)),
    ("ckd_detection_gap", {"has_ckd": True}, (0, 1)),
    ("current_smoking", {"smoking_status": "current"}, (1, 1)),
    ("current_smoking", {"smoking_status": "unknown"}, (0, 0)),
    ("obesity", {"bmi": 30.0, "bmi_date": RECENT}, (1, 1)),
    ("obesity", {"bmi": 30.0, "bmi_date": LONG_AGO}, (0, 0)),
    ("nhs_health_check_uptake", CHECKED | {"latest_health_check_date": RECENT}, (1, 1)),
    ("nhs_health_check_uptake", CHECKED | {"has_statin": True}, (0, 0)),
    ("nhs_health_check_uptake", CHECKED | {"highest_cvd_risk_score": 20.0}, (0, 0)),
    ("registered_12_months", {"registered_months": 12}, (1, 1)),
    ("registered_12_months", {"registered_months": 11}, (0, 1)),
    ("registered_12_months", {"age": 0}, (0, 0)),
    ("hypertension_recorded_of_expected", HYPERTENSION, (1, 1)),
]


@cache
def counted():
    """Numerators and denominators of all measures, of one practice per case with its person."""
    codes = [f"C{i}" for i in range(len(CASES))]
    geography = pd.DataFrame({"practice_code": codes}).assign(**{
        f"{level}_{part}": "X" for level in ("practice", "pcn", "place", "icb") for part in ("code", "name")
        if (level, part) != ("practice", "code")
    })  # fmt: skip
    people = [person(code, **values) for code, (_, values, _) in zip(codes, CASES, strict=True)]
    raw = measure_values(
        features(*people), ibis.memtable(geography), ibis.memtable(RESIDENCE), ATTRITION, CASCADE,
        definitions=load_measures(), reference_date=REFERENCE_DATE,
    )  # fmt: skip
    counts = raw._counts[raw._counts["group_name"] == "all"]
    return counts.set_index(["measure_id", "area_code"])[["numerator", "denominator"]]


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda i: f"{CASES[i][0]}-{i}")
def test_who_is_counted(number):
    measure, _, expected = CASES[number]
    assert tuple(counted().loc[(measure, f"C{number}")]) == expected


def test_the_page_is_that_of_the_definitions():
    written = Path("docs/measures.md").read_text(encoding="utf-8")
    assert written == page(load_measures()), "run: phm measures --markdown > docs/measures.md"

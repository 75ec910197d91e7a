"""Cases for `person_feature`: what happened to one person, and what their features are at 31 October 2026.

Each case is a name, the person, their events, and the features that must come out. All are computed in one go, on
DuckDB (`test_features.py`) and on Spark (`tests/spark`).
"""

from datetime import date
from typing import NamedTuple

import pyarrow as pa

from tests.spec.people import core_event, core_person, person_id


class Case(NamedTuple):
    """One person, named by what the case is about."""

    name: str
    events: str
    expected: dict
    person: str = "person\n1"


HEADER = "person | date | what | value | setting | source\n"

CASES = [
    Case(
        "someone without events has a row",
        "",
        {
            "latest_bp_date": None,
            "latest_bp_days": None,
            "raised_day_count_24m": 0,
            "bp_drug_issue_count_12m": 0,
            "emergency_attendance_count_12m": 0,
            "has_diabetes": False,
            "is_pregnant": False,
            "has_albuminuria": False,
            "smoking_status": "unknown",
            "bmi": None,
            "registered_months": 141,
        },
    ),
    Case(
        "of several readings of a setting and day the lowest pair counts, not the lowest of each arm",
        """
        1 | 2026-03-03 | blood_pressure | 150/82 | clinic
        1 | 2026-03-03 | blood_pressure | 144/99 | clinic | pharmacy
        1 | 2026-03-03 | blood_pressure | 144/96 | clinic | practice
        """,
        {
            "latest_bp_systolic": 144,
            "latest_bp_diastolic": 96,
            "latest_bp_source": "practice",
            "latest_bp_setting": "clinic",
            "latest_bp_days": 242,
            "raised_day_count_24m": 1,
        },
    ),
    Case(
        "of several settings on the latest day the most raised by its own thresholds decides",
        """
        1 | 2026-03-03 | blood_pressure | 148/88 | clinic
        1 | 2026-03-03 | blood_pressure | 150/80 | home
        1 | 2026-03-02 | blood_pressure | 200/130 | clinic
        """,
        {"latest_bp_setting": "home", "latest_bp_systolic": 150, "latest_stage_2_setting": "home"},
    ),
    Case(
        "of equally raised settings ambulatory decides, then home, clinic, acute hospital",
        """
        1 | 2026-03-03 | blood_pressure | 159/99 | acute_hospital | hospital
        1 | 2026-03-03 | blood_pressure | 150/85 | clinic
        1 | 2026-03-03 | blood_pressure | 140/80 | home | patient
        1 | 2026-03-03 | blood_pressure | 136/80 | ambulatory
        """,
        {
            "latest_bp_setting": "ambulatory",
            "latest_bp_systolic": 136,
            "latest_average_setting": "ambulatory",
            "latest_clinic_raised_systolic": 150,
        },
    ),
    Case(
        "clinic thresholds: 139/89 is not raised",
        "1 | 2026-03-03 | blood_pressure | 139/89",
        {"latest_bp_systolic": 139, "latest_clinic_raised_date": None, "raised_day_count_24m": 0},
    ),
    Case(
        "clinic thresholds: either arm is enough, 90 diastolic is raised, 159/99 is not stage 2",
        """
        1 | 2026-03-03 | blood_pressure | 120/90
        1 | 2026-04-03 | blood_pressure | 159/99
        """,
        {
            "first_clinic_raised_date": date(2026, 3, 3),
            "latest_clinic_raised_date": date(2026, 4, 3),
            "latest_clinic_raised_diastolic": 99,
            "latest_stage_2_date": None,
            "latest_clinic_stage_2_date": None,
        },
    ),
    Case(
        "clinic thresholds: 100 diastolic is stage 2",
        "1 | 2026-04-03 | blood_pressure | 138/100",
        {
            "latest_stage_2_date": date(2026, 4, 3),
            "latest_stage_2_days": 211,
            "latest_stage_2_systolic": 138,
            "latest_clinic_stage_2_date": date(2026, 4, 3),
        },
    ),
    Case(
        "average thresholds: 135/85 and 150/95",
        """
        1 | 2026-01-01 | blood_pressure | 134/84 | home | patient
        1 | 2026-02-01 | blood_pressure | 120/85 | home | patient
        1 | 2026-03-01 | blood_pressure | 149/94 | ambulatory
        1 | 2026-04-01 | blood_pressure | 149/95 | ambulatory
        """,
        {
            "raised_day_count_24m": 3,
            "latest_stage_2_date": date(2026, 4, 1),
            "latest_stage_2_setting": "ambulatory",
            "latest_clinic_stage_2_date": None,
            "first_clinic_raised_date": None,
            "latest_average_date": date(2026, 4, 1),
        },
    ),
    Case(
        "the systolic limits of every setting are included",
        """
        1 | 2026-01-01 | blood_pressure | 140/70 | clinic
        1 | 2026-02-01 | blood_pressure | 135/70 | home | patient
        1 | 2026-03-01 | blood_pressure | 135/70 | ambulatory
        1 | 2026-04-01 | blood_pressure | 140/70 | acute_hospital | hospital
        1 | 2026-05-01 | blood_pressure | 139/89 | acute_hospital | hospital
        1 | 2026-06-01 | blood_pressure | 160/70 | clinic
        1 | 2026-07-01 | blood_pressure | 159/70 | clinic
        """,
        {
            "raised_day_count_24m": 6,
            "first_clinic_raised_date": date(2026, 1, 1),
            "latest_clinic_stage_2_date": date(2026, 6, 1),
            "latest_average_systolic": 135,
        },
    ),
    Case(
        "severe decides over stage 2 of a setting with precedence",
        """
        1 | 2026-01-01 | blood_pressure | 180/70 | clinic
        1 | 2026-01-01 | blood_pressure | 169/114 | ambulatory
        """,
        {"latest_bp_setting": "clinic", "latest_bp_systolic": 180},
    ),
    Case(
        "severe averages start at 170/115",
        """
        1 | 2026-01-01 | blood_pressure | 169/114 | ambulatory
        1 | 2026-01-01 | blood_pressure | 150/115 | home | patient
        """,
        {"latest_bp_setting": "home", "latest_bp_diastolic": 115},
    ),
    Case(
        "a raised hospital reading is a clinic reading for raised and stage 2",
        "1 | 2026-04-01 | blood_pressure | 170/90 | acute_hospital | hospital",
        {
            "latest_bp_setting": "acute_hospital",
            "latest_bp_source": "hospital",
            "latest_clinic_raised_date": date(2026, 4, 1),
            "latest_clinic_stage_2_date": date(2026, 4, 1),
            "latest_stage_2_setting": "acute_hospital",
        },
    ),
    Case(
        "a lower second reading of a day makes the day not raised",
        """
        1 | 2026-03-03 | blood_pressure | 165/85
        1 | 2026-03-03 | blood_pressure | 138/85
        """,
        {"latest_bp_systolic": 138, "raised_day_count_24m": 0, "latest_clinic_raised_date": None},
    ),
    Case(
        "24 months are 1 November 2024 to 31 October 2026",
        """
        1 | 2024-10-31 | blood_pressure | 150/85
        1 | 2024-11-01 | blood_pressure | 150/85
        1 | 2026-10-31 | blood_pressure | 150/85
        """,
        {"raised_day_count_24m": 2, "latest_bp_days": 0, "first_clinic_raised_date": date(2024, 10, 31)},
    ),
    Case(
        "events after the reference date do not exist yet",
        """
        1 | 2026-10-30 | blood_pressure | 130/80
        1 | 2026-11-01 | blood_pressure | 190/125
        1 | 2026-11-01 | hypertension
        """,
        {"latest_bp_date": date(2026, 10, 30), "latest_hypertension_date": None},
    ),
    Case(
        "readings of maternity and of pregnancy do not count; the most raised of the day is shown",
        """
        1 | 2026-02-01 | pregnancy
        1 | 2026-01-31 | blood_pressure | 128/80
        1 | 2026-02-01 | blood_pressure | 150/92
        1 | 2026-09-01 | blood_pressure | 144/91 | maternity | maternity
        1 | 2026-09-01 | blood_pressure | 142/99
        """,
        {
            "latest_bp_date": date(2026, 1, 31),
            "raised_day_count_24m": 0,
            "latest_maternity_bp_date": date(2026, 9, 1),
            "latest_maternity_bp_days": 60,
            "latest_maternity_bp_systolic": 144,
            "latest_maternity_bp_diastolic": 91,
            "is_pregnant": True,
        },
    ),
    Case(
        "of two maternity readings of a day 160/110 in either arm comes before a higher systolic",
        """
        1 | 2026-09-01 | blood_pressure | 155/90  | maternity | maternity
        1 | 2026-09-01 | blood_pressure | 150/112 | maternity | maternity
        """,
        {"latest_maternity_bp_systolic": 150, "latest_maternity_bp_diastolic": 112},
    ),
    Case(
        "56 days after a delivery are maternity, the 57th is not",
        """
        1 | 2026-03-01 | delivery
        1 | 2026-04-26 | blood_pressure | 150/92
        1 | 2026-04-27 | blood_pressure | 151/93
        """,
        {"latest_bp_systolic": 151, "raised_day_count_24m": 1, "latest_maternity_bp_date": date(2026, 4, 26)},
    ),
    Case(
        "a pregnancy ends with the next delivery, not after 280 days",
        """
        1 | 2025-10-01 | pregnancy
        1 | 2025-11-01 | delivery
        1 | 2026-02-01 | blood_pressure | 150/92
        """,
        {"latest_bp_date": date(2026, 2, 1), "latest_maternity_bp_date": None, "is_pregnant": False},
    ),
    Case(
        "a pregnancy without an end lasts 280 days",
        """
        1 | 2025-10-01 | pregnancy
        1 | 2026-07-08 | blood_pressure | 150/92
        1 | 2026-07-09 | blood_pressure | 151/92
        """,
        {"latest_bp_date": date(2026, 7, 9), "latest_maternity_bp_date": date(2026, 7, 8), "is_pregnant": False},
    ),
    Case(
        "overlapping periods of many antenatal codes count a reading once",
        """
        1 | 2026-05-01 | pregnancy
        1 | 2026-05-08 | pregnancy
        1 | 2026-06-01 | blood_pressure | 150/92
        1 | 2026-04-01 | blood_pressure | 150/92
        """,
        {"raised_day_count_24m": 1, "latest_maternity_bp_systolic": 150, "latest_bp_date": date(2026, 4, 1)},
    ),
    Case("pregnant on day 280", "1 | 2026-01-24 | pregnancy", {"is_pregnant": True}),
    Case("no longer on day 281", "1 | 2026-01-23 | pregnancy", {"is_pregnant": False}),
    Case(
        "delivered: not pregnant but postpartum, on day 56",
        """
        1 | 2026-03-01 | pregnancy
        1 | 2026-09-05 | delivery
        """,
        {"is_pregnant": False, "is_postpartum": True},
    ),
    Case("postpartum no longer on day 57", "1 | 2026-09-04 | delivery", {"is_postpartum": False}),
    Case(
        "pregnant again after a delivery",
        """
        1 | 2025-03-01 | delivery
        1 | 2026-09-05 | pregnancy
        """,
        {"is_pregnant": True},
    ),
    Case(
        "diabetes resolved later is no diabetes",
        """
        1 | 2015-03-01 | diabetes
        1 | 2020-09-05 | diabetes_resolved
        """,
        {"has_diabetes": False},
    ),
    Case(
        "diabetes recorded and resolved on one day is diabetes",
        """
        1 | 2020-09-05 | diabetes
        1 | 2020-09-05 | diabetes_resolved
        """,
        {"has_diabetes": True},
    ),
    Case(
        "hypertension and resolved dates are the latest of each",
        """
        1 | 2010-09-05 | hypertension
        1 | 2012-09-05 | hypertension
        1 | 2011-09-05 | hypertension_resolved
        """,
        {
            "latest_hypertension_date": date(2012, 9, 5),
            "latest_hypertension_resolved_date": date(2011, 9, 5),
        },
    ),
    Case(
        "medicines: 6 months are 1 May to 31 October, 12 months from 1 November",
        """
        1 | 2025-10-31 | arb
        1 | 2025-11-01 | arb
        1 | 2026-04-30 | thiazide_like
        1 | 2026-05-01 | dihydropyridine_ccb
        1 | 2026-10-31 | ace_inhibitor
        """,
        {
            "bp_drug_issue_count_6m": 2,
            "bp_drug_issue_count_12m": 4,
            "latest_bp_drug_date": date(2026, 10, 31),
            "has_statin": False,
        },
    ),
    Case(
        "statin 12, contraceptive 6, drugs that raise blood pressure 3 months: just inside",
        """
        1 | 2025-11-01 | statin
        1 | 2026-05-01 | combined_contraceptive
        1 | 2026-08-01 | drug_raising_bp
        """,
        {"has_statin": True, "has_combined_contraceptive": True, "has_drug_raising_bp": True},
    ),
    Case(
        "just outside",
        """
        1 | 2025-10-31 | statin
        1 | 2026-04-30 | combined_contraceptive
        1 | 2026-07-31 | drug_raising_bp
        """,
        {"has_statin": False, "has_combined_contraceptive": False, "has_drug_raising_bp": False},
    ),
    Case(
        "the latest value counts; of several on one day the lowest",
        """
        1 | 2026-03-03 | bmi   | 28.25
        1 | 2026-03-03 | bmi   | 28.249
        1 | 2020-03-03 | bmi   | 41
        1 | 2026-03-04 | egfr  | 59.9
        1 | 2026-03-04 | egfr  | 90
        1 | 2026-03-05 | hba1c | 48
        1 | 2026-03-06 | cholesterol_ratio | 4.1
        """,
        {
            "bmi": 28.249,
            "bmi_date": date(2026, 3, 3),
            "egfr": 59.9,
            "hba1c": 48.0,
            "cholesterol_ratio": 4.1,
            "cholesterol_ratio_date": date(2026, 3, 6),
        },
    ),
    Case("albuminuria by code", "1 | 2011-03-03 | albuminuria", {"has_albuminuria": True}),
    Case("albuminuria by ratio", "1 | 2026-03-03 | acr | 3", {"has_albuminuria": True}),
    Case(
        "no albuminuria when the latest ratio is under 3",
        """
        1 | 2025-03-03 | acr | 30
        1 | 2026-03-03 | acr | 2.9
        """,
        {"has_albuminuria": False},
    ),
    Case(
        "the latest smoking status counts; on one day current before ex before never",
        """
        1 | 2026-03-03 | smoking_never
        1 | 2026-03-03 | smoking_ex
        1 | 2020-03-03 | smoking_current
        """,
        {"smoking_status": "ex"},
    ),
    Case(
        "flags stay once recorded",
        """
        1 | 1999-03-03 | atrial_fibrillation
        1 | 2026-10-31 | palliative_care
        1 | 2004-02-29 | gestational_hypertension
        """,
        {
            "has_atrial_fibrillation": True,
            "has_palliative_care": True,
            "has_gestational_hypertension": True,
            "has_heart_failure": False,
        },
    ),
    Case(
        "follow-up in progress, declined, white coat, assessment",
        """
        1 | 2026-09-05 | bp_in_progress
        1 | 2026-08-05 | bp_in_progress
        1 | 2026-07-05 | bp_declined
        1 | 2026-06-05 | white_coat_hypertension
        1 | 2026-05-05 | bp_assessment
        """,
        {
            "latest_bp_in_progress_date": date(2026, 9, 5),
            "latest_bp_in_progress_days": 56,
            "latest_bp_declined_date": date(2026, 7, 5),
            "latest_white_coat_date": date(2026, 6, 5),
            "latest_bp_assessment_date": date(2026, 5, 5),
        },
    ),
    Case(
        "emergency attendances of 12 months",
        """
        1 | 2025-10-31 | emergency_attendance
        1 | 2025-11-01 | emergency_attendance
        1 | 2025-11-01 | emergency_attendance
        """,
        {"emergency_attendance_count_12m": 2},
    ),
    Case(
        "of several smoking statuses or activity indices on a day the one asking for most support counts",
        """
        1 | 2026-03-03 | smoking_ex
        1 | 2026-03-03 | smoking_current
        1 | 2026-03-03 | smoking_never
        1 | 2026-03-02 | activity_inactive
        1 | 2026-03-03 | activity_active
        1 | 2026-03-03 | activity_moderately_inactive
        1 | 2026-03-03 | activity_moderately_active
        """,
        {
            "smoking_status": "current",
            "smoking_status_date": date(2026, 3, 3),
            "physical_activity": "moderately_inactive",
            "physical_activity_date": date(2026, 3, 3),
        },
    ),
    Case(
        "without any a status is unknown, and a status of one habit says nothing of the other",
        "1 | 2026-03-03 | activity_active",
        {"smoking_status": "unknown", "smoking_status_date": None, "physical_activity": "active"},
    ),
    Case(
        "support with habits has the date of its latest",
        """
        1 | 2026-03-03 | smoking_support
        1 | 2026-03-04 | smoking_support
        1 | 2026-03-05 | smoking_support_declined
        1 | 2026-03-06 | weight_management
        1 | 2026-03-07 | activity_support
        1 | 2026-03-08 | social_prescribing
        """,
        {
            "latest_smoking_support_date": date(2026, 3, 4),
            "latest_smoking_support_declined_date": date(2026, 3, 5),
            "latest_weight_management_date": date(2026, 3, 6),
            "latest_activity_support_date": date(2026, 3, 7),
            "latest_social_prescribing_date": date(2026, 3, 8),
            "smoking_status": "unknown",
        },
    ),
    Case(
        "steps of treatment: an ACE inhibitor and an ARB are one, and the first day of 6 months counts",
        """
        1 | 2026-05-01 | ace_inhibitor
        1 | 2026-06-01 | arb
        1 | 2026-06-01 | thiazide_like
        1 | 2026-06-02 | thiazide_like
        1 | 2026-04-30 | dihydropyridine_ccb
        """,
        {"bp_drug_class_count_6m": 2, "latest_ace_inhibitor_or_arb_date": date(2026, 6, 1)},
    ),
    Case(
        "no medicine is no step",
        "1 | 2026-06-01 | statin",
        {"bp_drug_class_count_6m": 0, "latest_ace_inhibitor_or_arb_date": None},
    ),
    Case(
        "personalised care adjustments, frailty and the raised reading have their days",
        """
        1 | 2026-03-03 | bp_therapy_maximal
        1 | 2026-03-04 | hypertension_care_declined
        1 | 2026-03-05 | hypertension_care_unsuitable
        1 | 2020-03-03 | frailty_moderate_or_severe
        1 | 2026-10-01 | blood_pressure | 140/80
        1 | 2026-10-20 | blood_pressure | 130/80
        """,
        {
            "latest_bp_therapy_maximal_date": date(2026, 3, 3),
            "latest_hypertension_care_declined_date": date(2026, 3, 4),
            "latest_hypertension_care_unsuitable_date": date(2026, 3, 5),
            "has_moderate_or_severe_frailty": True,
            "latest_clinic_raised_days": 30,
        },
    ),
    Case(
        "the highest risk ever recorded counts, not the latest",
        """
        1 | 2020-03-03 | cvd_risk_score | 20.125
        1 | 2026-03-03 | cvd_risk_score | 12
        """,
        {"highest_cvd_risk_score": 20.125},
    ),
    Case(
        "months of registration are completed months",
        "",
        {"registered_months": 11},
        person="person | registration_date\n1 | 2025-11-01",
    ),
    Case(
        "twelve months to the day",
        "",
        {"registered_months": 12},
        person="person | registration_date\n1 | 2025-10-31",
    ),
    Case(
        "a run of low eGFR goes back to the last of 60 or more; several of a day count as the lowest",
        """
        1 | 2025-01-01 | egfr | 48
        1 | 2025-03-01 | egfr | 60
        1 | 2026-05-01 | egfr | 59.9
        1 | 2026-07-01 | egfr | 72
        1 | 2026-07-01 | egfr | 58
        1 | 2026-08-01 | egfr | 55
        """,
        {"egfr": 55.0, "egfr_days": 91, "low_egfr_since_date": date(2026, 5, 1), "low_egfr_days": 92},
    ),
    Case(
        "a run ends with a normal result; one result is a run of no days",
        """
        1 | 2026-05-01 | egfr  | 45
        1 | 2026-06-01 | egfr  | 60
        1 | 2026-05-01 | hba1c | 48
        1 | 2026-05-01 | acr   | 2.9
        1 | 2026-06-01 | acr   | 3
        1 | 2026-06-03 | acr   | 12
        """,
        {
            "egfr_days": 152,
            "low_egfr_since_date": None,
            "low_egfr_days": None,
            "high_hba1c_since_date": date(2026, 5, 1),
            "high_hba1c_days": 0,
            "high_acr_since_date": date(2026, 6, 1),
            "high_acr_days": 2,
            "acr": 12.0,
        },
    ),
    Case(
        "CHA2DS2-VASc: two points from 75 and for a stroke, one for hypertension not resolved later",
        """
        1 | 2020-01-01 | hypertension
        1 | 2020-01-01 | hypertension_resolved
        1 | 2020-01-01 | stroke_tia
        """,
        {"has_hypertension": True, "cha2ds2_va_score": 5, "cha2ds2_vasc_score": 6},
        person="person | age | sex\n1 | 75 | F",
    ),
    Case(
        "a resolved hypertension is no point; both vascular diseases are one",
        """
        1 | 2020-01-01 | hypertension
        1 | 2020-01-02 | hypertension_resolved
        1 | 2020-01-01 | ischaemic_heart_disease
        1 | 2020-01-01 | peripheral_arterial_disease
        """,
        {"has_hypertension": False, "cha2ds2_va_score": 2, "cha2ds2_vasc_score": 2},
        person="person | age | sex\n1 | 74 | M",
    ),
    Case(
        "anticoagulation: issues, given elsewhere, days with an INR in 6 months",
        """
        1 | 2026-02-01 | oral_anticoagulant
        1 | 2026-03-01 | anticoagulation_elsewhere
        1 | 2026-04-30 | inr
        1 | 2026-05-01 | inr
        1 | 2026-05-01 | inr
        1 | 2026-06-01 | inr
        1 | 2026-07-31 | oral_steroid
        1 | 2026-05-01 | antiplatelet
        """,
        {
            "latest_anticoagulant_date": date(2026, 2, 1),
            "latest_anticoagulation_elsewhere_date": date(2026, 3, 1),
            "inr_day_count_6m": 2,
            "has_oral_steroid": False,
            "has_antiplatelet": True,
        },
    ),
    Case(
        "acute kidney injury, emergency attendance and resolved codes by their latest day",
        """
        1 | 2026-08-01 | acute_kidney_injury
        1 | 2026-07-01 | acute_kidney_injury
        1 | 2026-09-01 | emergency_attendance
        1 | 2026-03-01 | ckd_resolved
        1 | 2026-02-01 | ckd
        1 | 2026-01-01 | diabetes_resolved
        """,
        {
            "latest_aki_date": date(2026, 8, 1),
            "latest_aki_days": 91,
            "latest_emergency_attendance_date": date(2026, 9, 1),
            "latest_ckd_date": date(2026, 2, 1),
            "latest_ckd_resolved_date": date(2026, 3, 1),
            "latest_diabetes_resolved_date": date(2026, 1, 1),
            "has_diabetes": False,
        },
    ),
]


def people_of_cases() -> pa.Table:
    """`core_person` of all cases: person n is the one of the n-th case, from 0."""
    return _together([core_person(case.person) for case in CASES])


def events_of_cases() -> pa.Table:
    """`core_event` of all cases, of the same people."""
    return _together([core_event(HEADER + case.events) for case in CASES])


def _together(tables: list[pa.Table]) -> pa.Table:
    renamed = [
        table.set_column(0, "person_id", pa.array([person_id(number)] * table.num_rows, pa.string()))
        for number, table in enumerate(tables)
    ]
    return pa.concat_tables(renamed).combine_chunks()  # of many chunks Spark drops some without a word

"""Features: every variable a cohort or measure definition may use, one row a person, at the reference date.

Belongs here: `person_feature` as a whole and every column that is not about blood pressure readings (those are in
`blood_pressure`), habits (`lifestyle`), runs of abnormal results (`repeated_results`) or stroke risk (`stroke_risk`).
A new feature is one line here and one property in `contracts/person_feature.odcs.yaml`.

Rules:

- Events after the reference date do not exist yet.
- "In the last n months" is after the same day n months earlier (the last day of that month where it has no such day),
  up to and including the reference date: at 31 October 2026, 6 months are 1 May to 31 October.
- A condition once recorded stays, except diabetes and hypertension, which have resolved codes. Recorded and resolved
  on one day is recorded.
- The latest of several values on one day is the lowest. Values are kept to three decimals.
- Booleans and counts are never empty: a person without events has false and 0.
"""

from datetime import date

import ibis
from ibis.expr.types import BooleanColumn, DateColumn, FloatingColumn, IntegerColumn, Table

from phm.core.blood_pressure import POSTPARTUM_DAYS, PREGNANCY_DAYS, blood_pressure_features
from phm.core.days import day_number, day_of, days_between
from phm.core.lifestyle import STATUSES, lifestyle_features
from phm.core.repeated_results import HIGH_ACR, run_features
from phm.core.risk_inputs import RISK_FLAGS, risk_features
from phm.core.stroke_risk import stroke_risk_scores
from phm.expressions import months_before

BP_DRUG_CLASSES = (("ace_inhibitor", "arb"), ("dihydropyridine_ccb",), ("thiazide_like",))
"""Steps of treatment (NICE NG136): an ACE inhibitor or ARB is one, they are not given together."""

BP_DRUGS = tuple(concept for step in BP_DRUG_CLASSES for concept in step)
"""Medicines whose repeated issue without a diagnosis suggests treated, uncoded hypertension (definitions §1)."""

EVER_RECORDED = {
    "has_palliative_care": "palliative_care",
    "has_gestational_hypertension": "gestational_hypertension",
    "has_ckd": "ckd",
    "has_ckd_stage_1_2": "ckd_stage_1_2",
    "has_gestational_diabetes": "gestational_diabetes",
    "has_haemoglobinopathy": "haemoglobinopathy",
    "has_ischaemic_heart_disease": "ischaemic_heart_disease",
    "has_stroke_tia": "stroke_tia",
    "has_heart_failure": "heart_failure",
    "has_peripheral_arterial_disease": "peripheral_arterial_disease",
    "has_atrial_fibrillation": "atrial_fibrillation",
    "has_familial_hypercholesterolaemia": "familial_hypercholesterolaemia",
    "has_organ_damage": "organ_damage",
    "has_albuminuria": "albuminuria",
    "has_migraine": "migraine",
    "has_raynauds": "raynauds",
    "has_aortopathy": "aortopathy",
    "has_learning_disability": "learning_disability",
    "has_severe_mental_illness": "severe_mental_illness",
    "has_moderate_or_severe_frailty": "frailty_moderate_or_severe",
    "has_family_history_cvd": "family_history_cvd",
    "is_housebound": "housebound",
    "is_in_care_home": "care_home",
}
"""Booleans that are true once a code of the concept is recorded (`has_albuminuria` also by its latest ACR)."""

ISSUED_IN_MONTHS = {
    "has_statin": ("statin", 12),
    "has_combined_contraceptive": ("combined_contraceptive", 6),
    "has_drug_raising_bp": ("drug_raising_bp", 3),
    "has_oral_steroid": ("oral_steroid", 3),
    "has_antiplatelet": ("antiplatelet", 6),
}

LATEST_DATES = {
    "latest_bp_assessment_date": "bp_assessment",
    "latest_hypertension_date": "hypertension",
    "latest_hypertension_resolved_date": "hypertension_resolved",
    "latest_white_coat_date": "white_coat_hypertension",
    "latest_bp_in_progress_date": "bp_in_progress",
    "latest_bp_declined_date": "bp_declined",
    "latest_bp_therapy_maximal_date": "bp_therapy_maximal",
    "latest_hypertension_care_declined_date": "hypertension_care_declined",
    "latest_hypertension_care_unsuitable_date": "hypertension_care_unsuitable",
    "latest_health_check_date": "health_check",
    "latest_atrial_fibrillation_date": "atrial_fibrillation",
    "latest_atrial_fibrillation_resolved_date": "atrial_fibrillation_resolved",
    "latest_anticoagulant_date": "oral_anticoagulant",
    "latest_anticoagulation_elsewhere_date": "anticoagulation_elsewhere",
    "latest_anticoagulant_declined_date": "anticoagulant_declined",
    "latest_anticoagulant_contraindicated_date": "anticoagulant_contraindicated",
    "latest_ckd_date": "ckd",
    "latest_ckd_resolved_date": "ckd_resolved",
    "latest_aki_date": "acute_kidney_injury",
    "latest_diabetes_resolved_date": "diabetes_resolved",
    "latest_diabetes_symptom_date": "diabetes_symptom",
    "latest_anaemia_date": "anaemia",
    "latest_emergency_attendance_date": "emergency_attendance",
}

LATEST_VALUES = ("bmi", "egfr", "hba1c", "cholesterol_ratio", "acr")

COUNTS = (
    "raised_day_count_24m", "bp_drug_issue_count_6m", "bp_drug_issue_count_12m", "bp_drug_class_count_6m",
    "emergency_attendance_count_12m", "inr_day_count_6m", "systolic_day_count_5y",
)  # fmt: skip

PERSON_COLUMNS = (
    "person_id", "practice_code", "pcn_code", "place_code", "icb_code", "age", "sex", "ethnicity_group",
    "ethnicity_code", "imd_score", "imd_decile", "imd_quintile", "is_registered", "is_alive", "contact_preference",
    "is_safe_to_text", "interpreter_language", "reasonable_adjustment", "last_contact_date", "invitation_count",
    "next_appointment_date", "usual_clinician", "has_type_1_opt_out", "has_national_data_opt_out",
)  # fmt: skip
"""Columns taken from `core_person` as they are."""

_VALUE_LIMIT = 10_000_000  # thousandths: values stay below 10,000


def person_features(event: Table, person: Table, /, *, reference_date: date) -> Table:
    """`person_feature`: one row is one person of `core_person`, with or without events.

    Parameters
    ----------
    event
        `core_event`.
    person
        `core_person`.
    reference_date
        The day everything is true on.
    """
    known = event.filter(event.event_date <= reference_date)
    pressure = blood_pressure_features(
        known, reference_date=reference_date, months_24_ago=months_before(reference_date, 24)
    )
    parts = [
        pressure,
        _conditions(known, reference_date),
        _measurements(known, reference_date),
        lifestyle_features(known),
        run_features(known),
        risk_features(known, reference_date=reference_date),
        _use_of_services(known, reference_date),
    ]
    joined = person
    # A column dropped in between would end the chain of joins, and each link name every column again.
    for number, part in enumerate(parts):
        key = f"person_id_{number}"
        joined = joined.left_join(part.rename({key: "person_id"}), [("person_id", key)])

    has_high_acr = (joined.acr >= HIGH_ACR).fill_null(False)
    stated = ("has_diabetes", "has_hypertension", "is_pregnant", "is_postpartum")
    flags = (*EVER_RECORDED, *ISSUED_IN_MONTHS, *RISK_FLAGS, *stated)
    never_empty = {name: joined[name].fill_null(False) for name in flags}
    never_empty |= {name: joined[name].fill_null(0) for name in COUNTS}
    never_empty["has_albuminuria"] |= has_high_acr
    never_empty |= {name: joined[name].fill_null("unknown") for name in (*STATUSES, "smoking_intensity")}
    dropped = ("person_id", *never_empty)
    found = [name for part in parts for name in part.columns if name not in dropped]
    person_feature = joined.select(
        *PERSON_COLUMNS,
        *found,
        registered_months=_completed_months(joined.registration_date, reference_date),
        **never_empty,
    )
    return person_feature.mutate(**stroke_risk_scores(person_feature))


def _conditions(event: Table, reference_date: date) -> Table:
    """Diagnoses, states and follow-up: one row is one person with any. Few events, so many conditions are cheap."""
    dated = {
        **LATEST_DATES,
        **{f"{name}_date": name for name in ("pregnancy", "delivery", "diabetes")},
    }
    event = event.filter(event.concept.isin([*EVER_RECORDED.values(), *dated.values()]))
    concept = event.concept
    found = event.group_by("person_id").agg(
        **{name: (concept == concept_of).max() for name, concept_of in EVER_RECORDED.items()},
        **{name: event.event_date.max(where=concept == concept_of) for name, concept_of in dated.items()},
    )
    pregnant_days = days_between(found.pregnancy_date, reference_date)
    is_delivered = (found.delivery_date >= found.pregnancy_date).fill_null(False)
    has_hypertension = found.latest_hypertension_date.notnull() & ~(
        found.latest_hypertension_resolved_date > found.latest_hypertension_date
    ).fill_null(False)
    is_resolved = (found.latest_diabetes_resolved_date > found.diabetes_date).fill_null(False)
    return found.select(
        "person_id",
        *EVER_RECORDED,
        *LATEST_DATES,
        has_diabetes=found.diabetes_date.notnull() & ~is_resolved,
        has_hypertension=has_hypertension,
        is_pregnant=(pregnant_days <= PREGNANCY_DAYS).fill_null(False) & ~is_delivered,
        is_postpartum=(days_between(found.delivery_date, reference_date) <= POSTPARTUM_DAYS).fill_null(False),
        latest_bp_in_progress_days=days_between(found.latest_bp_in_progress_date, reference_date),
        latest_aki_days=days_between(found.latest_aki_date, reference_date),
    )


def _measurements(event: Table, reference_date: date) -> Table:
    """Latest values and the highest recorded cardiovascular risk: one row is one person with any."""
    event = event.filter(event.concept.isin([*LATEST_VALUES, "cvd_risk_score"]))
    concept = event.concept
    days = day_number(event.event_date)
    thousandths = (event.value * 1000).round().cast("int64")
    value_key = days * _VALUE_LIMIT + (_VALUE_LIMIT - 1 - thousandths)
    found = event.group_by("person_id").agg(
        **{f"{name}_key": value_key.max(where=concept == name) for name in LATEST_VALUES},
        highest_cvd_risk_score=thousandths.max(where=concept == "cvd_risk_score"),
    )
    values = {}
    for name in LATEST_VALUES:
        values[name], values[f"{name}_date"] = _value_and_date(found[f"{name}_key"])
    return found.select(
        "person_id",
        **values,
        egfr_days=days_between(values["egfr_date"], reference_date),
        highest_cvd_risk_score=found.highest_cvd_risk_score.cast("float64") / 1000,
    )


def _use_of_services(event: Table, reference_date: date) -> Table:
    """Medicines issued and emergency attendances: one row is one person with any."""
    medicines = [concept_of for concept_of, _ in ISSUED_IN_MONTHS.values()]
    event = event.filter(event.concept.isin([*BP_DRUGS, *medicines, "emergency_attendance", "inr"]))
    concept, day = event.concept, event.event_date
    is_bp_drug = concept.isin(BP_DRUGS)

    def in_months(months: int) -> BooleanColumn:
        return day > months_before(reference_date, months)

    return event.group_by("person_id").agg(
        **{
            name: ((concept == concept_of) & in_months(months)).max()
            for name, (concept_of, months) in ISSUED_IN_MONTHS.items()
        },
        bp_drug_issue_count_6m=event.count(where=is_bp_drug & in_months(6)),
        bp_drug_issue_count_12m=event.count(where=is_bp_drug & in_months(12)),
        bp_drug_class_count_6m=sum((concept.isin(step) & in_months(6)).any().cast("int64") for step in BP_DRUG_CLASSES),
        latest_ace_inhibitor_or_arb_date=day.max(where=concept.isin(BP_DRUG_CLASSES[0])),
        latest_bp_drug_date=day.max(where=is_bp_drug),
        emergency_attendance_count_12m=event.count(where=(concept == "emergency_attendance") & in_months(12)),
        inr_day_count_6m=day.nunique(where=(concept == "inr") & in_months(6)),
    )


def _value_and_date(key: IntegerColumn) -> tuple[FloatingColumn, DateColumn]:
    """Latest value and its day, from the packed `value_key`."""
    thousandths = _VALUE_LIMIT - 1 - key % _VALUE_LIMIT
    days = (key // _VALUE_LIMIT).cast("int64")
    return thousandths.cast("float64") / 1000, day_of(days)


def _completed_months(start: DateColumn, reference_date: date) -> IntegerColumn:
    months = (reference_date.year - start.year()) * 12 + reference_date.month - start.month()
    return ibis.greatest(months - (start.day() > reference_date.day).cast("int64"), 0).cast("int64")

"""Features: every variable a cohort or measure definition may use, one row a person, at the reference date.

Belongs here: `person_feature` as a whole and every column that is not about blood pressure readings (those are in
`blood_pressure`). A new feature is one line here and one property in `contracts/person_feature.odcs.yaml`.

Rules:

- Events after the reference date do not exist yet.
- "In the last n months" is after the same day n months earlier (the last day of that month where it has no such day),
  up to and including the reference date: at 31 October 2026, 6 months are 1 May to 31 October.
- A condition once recorded stays, except diabetes and hypertension, which have resolved codes. Recorded and resolved
  on one day is recorded.
- The latest of several values on one day is the lowest; of several smoking statuses current, then ex, then never.
  Values are kept to three decimals.
- Booleans and counts are never empty: a person without events has false and 0.
"""

from datetime import date

import ibis
from ibis.expr.types import BooleanColumn, DateColumn, FloatingColumn, IntegerColumn, Table

from phm.core.blood_pressure import POSTPARTUM_DAYS, PREGNANCY_DAYS, blood_pressure_features
from phm.core.days import day_number, day_of, days_between
from phm.expressions import months_before

BP_DRUGS = ("ace_inhibitor", "arb", "dihydropyridine_ccb", "thiazide_like")
"""Medicines whose repeated issue without a diagnosis suggests treated, uncoded hypertension (definitions §1)."""

ALBUMINURIA_ACR = 3.0
"""Albumin:creatinine ratio from which albuminuria is present, mg/mmol. NICE NG203."""

EVER_RECORDED = {
    "has_palliative_care": "palliative_care",
    "has_gestational_hypertension": "gestational_hypertension",
    "has_ckd": "ckd",
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
    "has_family_history_cvd": "family_history_cvd",
    "is_housebound": "housebound",
    "is_in_care_home": "care_home",
}
"""Booleans that are true once a code of the concept is recorded (`has_albuminuria` also by its latest ACR)."""

ISSUED_IN_MONTHS = {
    "has_statin": ("statin", 12),
    "has_combined_contraceptive": ("combined_contraceptive", 6),
    "has_drug_raising_bp": ("drug_raising_bp", 3),
}

LATEST_DATES = {
    "latest_bp_assessment_date": "bp_assessment",
    "latest_hypertension_date": "hypertension",
    "latest_hypertension_resolved_date": "hypertension_resolved",
    "latest_white_coat_date": "white_coat_hypertension",
    "latest_bp_in_progress_date": "bp_in_progress",
    "latest_bp_declined_date": "bp_declined",
    "latest_health_check_date": "health_check",
}

LATEST_VALUES = ("bmi", "egfr", "hba1c", "cholesterol_ratio")

COUNTS = (
    "raised_day_count_24m", "bp_drug_issue_count_6m", "bp_drug_issue_count_12m", "emergency_attendance_count_12m"
)  # fmt: skip

SMOKING = ("never", "ex", "current")

PERSON_COLUMNS = (
    "person_id", "practice_code", "pcn_code", "place_code", "icb_code", "age", "sex", "ethnicity_group", "imd_score",
    "imd_decile", "imd_quintile", "is_registered", "is_alive", "contact_preference", "is_safe_to_text",
    "interpreter_language", "reasonable_adjustment", "last_contact_date", "invitation_count", "next_appointment_date",
    "usual_clinician", "has_type_1_opt_out", "has_national_data_opt_out",
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
        _measurements(known),
        _use_of_services(known, reference_date),
    ]
    joined = person
    for part in parts:
        joined = joined.left_join(part, "person_id").drop("person_id_right")

    has_high_acr = (joined.acr >= ALBUMINURIA_ACR).fill_null(False)
    flags = (*EVER_RECORDED, *ISSUED_IN_MONTHS, "has_diabetes", "is_pregnant", "is_postpartum")
    never_empty = {name: joined[name].fill_null(False) for name in flags}
    never_empty |= {name: joined[name].fill_null(0) for name in COUNTS}
    never_empty["has_albuminuria"] |= has_high_acr
    never_empty["smoking_status"] = joined.smoking_status.fill_null("unknown")
    dropped = ("person_id", "acr", *never_empty)
    found = [name for part in parts for name in part.columns if name not in dropped]
    return joined.select(
        *PERSON_COLUMNS,
        *found,
        registered_months=_completed_months(joined.registration_date, reference_date),
        **never_empty,
    )


def _conditions(event: Table, reference_date: date) -> Table:
    """Diagnoses, states and follow-up: one row is one person with any. Few events, so many conditions are cheap."""
    dated = {
        **LATEST_DATES,
        **{f"{name}_date": name for name in ("pregnancy", "delivery", "diabetes", "diabetes_resolved")},
    }
    event = event.filter(event.concept.isin([*EVER_RECORDED.values(), *dated.values()]))
    concept = event.concept
    found = event.group_by("person_id").agg(
        **{name: (concept == concept_of).max() for name, concept_of in EVER_RECORDED.items()},
        **{name: event.event_date.max(where=concept == concept_of) for name, concept_of in dated.items()},
    )
    pregnant_days = days_between(found.pregnancy_date, reference_date)
    is_delivered = (found.delivery_date >= found.pregnancy_date).fill_null(False)
    is_resolved = (found.diabetes_resolved_date > found.diabetes_date).fill_null(False)
    return found.select(
        "person_id",
        *EVER_RECORDED,
        *LATEST_DATES,
        has_diabetes=found.diabetes_date.notnull() & ~is_resolved,
        is_pregnant=(pregnant_days <= PREGNANCY_DAYS).fill_null(False) & ~is_delivered,
        is_postpartum=(days_between(found.delivery_date, reference_date) <= POSTPARTUM_DAYS).fill_null(False),
        latest_bp_in_progress_days=days_between(found.latest_bp_in_progress_date, reference_date),
    )


def _measurements(event: Table) -> Table:
    """Latest values and smoking status: one row is one person with any (`acr` serves `has_albuminuria`)."""
    smoking = [f"smoking_{status}" for status in SMOKING]
    event = event.filter(event.concept.isin([*LATEST_VALUES, "acr", *smoking]))
    concept = event.concept
    days = day_number(event.event_date)
    thousandths = (event.value * 1000).round().cast("int64")
    value_key = days * _VALUE_LIMIT + (_VALUE_LIMIT - 1 - thousandths)
    status = ibis.cases(*((concept == name, rank) for rank, name in enumerate(smoking)), else_=0)
    found = event.group_by("person_id").agg(
        **{f"{name}_key": value_key.max(where=concept == name) for name in (*LATEST_VALUES, "acr")},
        smoking_key=(days * 10 + status).max(where=concept.isin(smoking)),
    )
    values = {}
    for name in LATEST_VALUES:
        values[name], values[f"{name}_date"] = _value_and_date(found[f"{name}_key"])
    latest_status = found.smoking_key % 10
    return found.select(
        "person_id",
        **values,
        acr=_value_and_date(found.acr_key)[0],
        smoking_status=ibis.cases(*((latest_status == rank, status) for rank, status in enumerate(SMOKING))),
    )


def _use_of_services(event: Table, reference_date: date) -> Table:
    """Medicines issued and emergency attendances: one row is one person with any."""
    medicines = [concept_of for concept_of, _ in ISSUED_IN_MONTHS.values()]
    event = event.filter(event.concept.isin([*BP_DRUGS, *medicines, "emergency_attendance"]))
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
        latest_bp_drug_date=day.max(where=is_bp_drug),
        emergency_attendance_count_12m=event.count(where=(concept == "emergency_attendance") & in_months(12)),
    )


def _value_and_date(key: IntegerColumn) -> tuple[FloatingColumn, DateColumn]:
    """Latest value and its day, from the packed `value_key`."""
    thousandths = _VALUE_LIMIT - 1 - key % _VALUE_LIMIT
    days = (key // _VALUE_LIMIT).cast("int64")
    return thousandths.cast("float64") / 1000, day_of(days)


def _completed_months(start: DateColumn, reference_date: date) -> IntegerColumn:
    months = (reference_date.year - start.year()) * 12 + reference_date.month - start.month()
    return ibis.greatest(months - (start.day() > reference_date.day).cast("int64"), 0).cast("int64")

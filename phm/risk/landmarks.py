"""What the model of unmeasured hypertension learns from: people as known on an earlier day, and what care then found.

Belongs here: who counts as not measured, what was known of them on a day (a landmark), and what routine care found in
the year after it. Nothing here knows more than a site's own records: no truth file, no later diagnosis.
"""

from datetime import date

from ibis.expr.types import BooleanColumn, Table

from phm.core.blood_pressure import CLINIC, SETTINGS
from phm.core.features import person_features
from phm.expressions import months_before

UNMEASURED_DAYS = 365
"""Days without a countable reading from which nobody knows a person's blood pressure (local)."""

WINDOW_MONTHS = 12
"""How long after a landmark routine care has to measure somebody."""

YOUNGEST = 18

PREDICTORS = (
    "age", "sex", "ethnicity_group", "imd_decile", "bmi", "smoking_status", "latest_bp_systolic",
    "latest_bp_diastolic", "latest_bp_days", "systolic_day_count_5y", "latest_clinic_raised_days", "has_diabetes",
    "has_ckd", "has_ischaemic_heart_disease", "has_stroke_tia", "has_family_history_cvd",
    "has_gestational_hypertension", "has_drug_raising_bp", "cholesterol_ratio", "hba1c",
    "emergency_attendance_count_12m", "registered_months",
)  # fmt: skip
"""Columns of `person_feature` the model may use: what a practice knows of most people, and what raises pressure."""


def is_unmeasured(person: Table, /) -> BooleanColumn:
    """Whether the model speaks of somebody: an adult without a hypertension code and without a reading for a year.

    Left out are people pregnant or up to 8 weeks after a delivery, whose readings do not count, and palliative care.
    """
    is_adult = person.is_registered & person.is_alive & (person.age >= YOUNGEST)
    set_apart = person.has_hypertension | person.is_pregnant | person.is_postpartum | person.has_palliative_care
    return is_adult & ~set_apart & (person.latest_bp_days.isnull() | (person.latest_bp_days > UNMEASURED_DAYS))


def landmark(event: Table, person: Table, /, *, reference_date: date, years_before: int) -> Table:
    """One row is one unmeasured person of a day some years before the reference date, and what was found since.

    The columns are `person_id, practice_code, imd_quintile`, the predictors as known on that day, and those of
    `_found`, empty for whoever was not measured. People who have died, left or moved in since are not there, as their
    records are not: the register is that of the reference date.
    """
    months = 12 * years_before
    day = months_before(reference_date, months)
    there = person.filter(person.is_registered, person.is_alive, person.registration_date <= day)
    known = person_features(event, there, reference_date=day).mutate(age=lambda t: t.age - years_before)
    eligible = known.filter(is_unmeasured(known))
    found = _found(event, after=day, until=months_before(reference_date, months - WINDOW_MONTHS))
    rows = eligible.select("person_id", "practice_code", "imd_quintile", *PREDICTORS)
    return rows.left_join(found, "person_id").drop("person_id_right")


def _found(event: Table, /, *, after: date, until: date) -> Table:
    """What routine care found in a window: one row is one person measured, diagnosed, or both.

    Readings of one day and setting count as their lowest pair; those from hospital and maternity do not count, nor do
    any after the diagnosis, which may be treated. Home and ambulatory averages are raised by the difference of the
    thresholds (5 mm Hg, NICE NG136) to compare with those of a clinic. Sums of whole numbers, so that the same rows
    give the same model: `day_count`, the sums of both arms, of their squares and of their products, `is_diagnosed`.
    """
    event = event.filter(event.event_date > after, event.event_date <= until)
    pregnant = event.filter(event.concept.isin(["pregnancy", "delivery"])).select("person_id").distinct()
    event = event.anti_join(pregnant, "person_id")
    diagnosis = event.filter(event.concept == "hypertension")
    diagnosed = diagnosis.group_by("person_id").agg(diagnosed_date=diagnosis.event_date.min())
    reading = event.filter(event.concept == "blood_pressure", event.setting.isin(["clinic", "home", "ambulatory"]))
    added = reading.setting.cases(*((name, CLINIC.raised[0] - SETTINGS[name].raised[0]) for name in SETTINGS))
    lowest = reading.group_by("person_id", "event_date", "setting").agg(
        pair=((reading.systolic + added) * 1000 + reading.diastolic + added).min()
    )
    joined = lowest.left_join(diagnosed, "person_id").drop("person_id_right")
    before = joined.filter(joined.diagnosed_date.isnull() | (joined.event_date < joined.diagnosed_date))
    arms = before.select("person_id", systolic=(before.pair // 1000).cast("int64"), diastolic=before.pair % 1000)
    sums = arms.group_by("person_id").agg(
        day_count=arms.count(),
        systolic_sum=arms.systolic.sum(),
        diastolic_sum=arms.diastolic.sum(),
        systolic_squares=(arms.systolic * arms.systolic).sum(),
        diastolic_squares=(arms.diastolic * arms.diastolic).sum(),
        products=(arms.systolic * arms.diastolic).sum(),
    )
    both = sums.outer_join(diagnosed, "person_id")
    return both.select(
        *(name for name in sums.columns if name != "person_id"),
        person_id=both.person_id.coalesce(both.person_id_right),
        is_diagnosed=both.diagnosed_date.notnull(),
    )

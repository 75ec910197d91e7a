"""What the model of unmeasured hypertension learns from: people as known on a day, and what routine care then found.

Belongs here: of whom the model speaks, which of them count as not measured, what was known of them on a day (a
landmark), and what routine care found in the year after it. Nothing here knows more than a site's own records: no truth
file, no later diagnosis.
"""

from datetime import date

from ibis.expr.types import BooleanColumn, Table

from phm.core.blood_pressure import CLINIC, SETTINGS, outside_maternity
from phm.core.features import person_features
from phm.expressions import months_before

UNMEASURED_DAYS = 365
"""Days without a countable reading from which nobody knows a person's blood pressure (local)."""

WINDOW_MONTHS = 12
"""How long after a landmark routine care has to measure somebody."""

YOUNGEST = 18

PREDICTORS = (
    "age", "sex", "ethnicity_group", "imd_decile", "bmi", "smoking_status", "has_diabetes", "has_ckd",
    "has_ischaemic_heart_disease", "has_stroke_tia", "has_family_history_cvd", "has_gestational_hypertension",
    "has_drug_raising_bp", "bp_drug_issue_count_12m",
)  # fmt: skip
"""Columns of `person_feature` the model may use: what a practice knows of most people, and what raises pressure."""

LATEST = ("latest_bp_systolic", "latest_bp_diastolic", "latest_bp_days")
"""Columns of `person_feature` that words about a person's probability may name; the model has all readings instead."""

KINDS = {"clinic": ("clinic",), "average": ("home", "ambulatory")}
"""Readings told apart: an average of many at home or on the move is steadier and has no white coat."""

SUMS = tuple(
    f"{kind}_{what}"
    for kind in KINDS
    for what in ("days", "systolic", "diastolic", "systolic_squares", "products", "diastolic_squares")
)
"""Columns of `reading_sums`, of what was known on a day; the same with `found_` before, of the year after it.

Days with a reading, and sums over those days of both arms, their squares and products: whole numbers, so that the same
rows give the same model. Several readings of one setting on one day are their lowest pair. Averages are raised by the
difference of the thresholds (5 mm Hg, NICE NG136) to compare with the clinic. Readings from hospital do not count, nor
any from a pregnancy or the 8 weeks after it.
"""


def speaks_of(person: Table, /) -> BooleanColumn:
    """Whether the model speaks of somebody: a registered adult without a hypertension code.

    Left out are people pregnant or up to 8 weeks after a delivery, whose readings do not count, and palliative care.
    """
    is_adult = person.is_registered & person.is_alive & (person.age >= YOUNGEST)
    return is_adult & ~(
        person.has_hypertension | person.is_pregnant | person.is_postpartum | person.has_palliative_care
    )


def is_unmeasured(person: Table, /) -> BooleanColumn:
    """Whether somebody the model speaks of has no reading for a year."""
    return speaks_of(person) & (person.latest_bp_days.isnull() | (person.latest_bp_days > UNMEASURED_DAYS))


def known(event: Table, person_feature: Table, /, *, until: date) -> Table:
    """One row is one person the model speaks of: `person_id`, areas, predictors, `LATEST` and `SUMS` until a day.

    `person_feature` is that of the same day, or any table with its columns.
    """
    eligible = person_feature.filter(speaks_of(person_feature))
    rows = eligible.select(
        "person_id", "practice_code", "imd_quintile", *PREDICTORS, *LATEST, is_unmeasured=is_unmeasured(eligible)
    )
    sums = reading_sums(event.filter(event.event_date <= until))
    joined = rows.left_join(sums, "person_id").drop("person_id_right")
    return joined.mutate(**{name: joined[name].fill_null(0) for name in SUMS})


def landmark(event: Table, person: Table, /, *, reference_date: date, years_before: int) -> Table:
    """One row is one person of a day some years before the reference date, and what was found in the year after it.

    The columns are those of `known` on that day, and those of `_found`, empty for whoever was not measured. People who
    have died, left or moved in since are not there, as their records are not: the register is that of the reference
    date.
    """
    months = 12 * years_before
    day = months_before(reference_date, months)
    there = person.filter(person.is_registered, person.is_alive, person.registration_date <= day)
    then = person_features(event, there, reference_date=day).mutate(age=lambda t: t.age - years_before)
    rows = known(event, then, until=day)
    found = _found(event, after=day, until=months_before(reference_date, months - WINDOW_MONTHS))
    return rows.left_join(found, "person_id").drop("person_id_right")


def reading_sums(event: Table, /, *, prefix: str = "") -> Table:
    """What a person's readings add up to: one row is one person with one that counts, and `SUMS` after `prefix`."""
    counted = [setting for kind in KINDS.values() for setting in kind]
    reading = event.filter(event.concept == "blood_pressure", event.setting.isin(counted))
    reading = outside_maternity(reading, event)
    added = reading.setting.cases(*((name, CLINIC.raised[0] - SETTINGS[name].raised[0]) for name in SETTINGS))
    lowest = reading.group_by("person_id", "event_date", "setting").agg(
        pair=((reading.systolic + added) * 1000 + reading.diastolic + added).min()
    )
    day = lowest.select("person_id", "setting", s=(lowest.pair // 1000).cast("int64"), d=lowest.pair % 1000)
    values = {
        "systolic": day.s, "diastolic": day.d, "systolic_squares": day.s * day.s, "products": day.s * day.d,
        "diastolic_squares": day.d * day.d,
    }  # fmt: skip
    sums = {}
    for kind, settings in KINDS.items():
        of = day.setting.isin(settings)
        sums[f"{prefix}{kind}_days"] = day.count(where=of)
        sums |= {
            f"{prefix}{kind}_{name}": value.sum(where=of).fill_null(0).cast("int64") for name, value in values.items()
        }
    return day.group_by("person_id").agg(**sums)


def _found(event: Table, /, *, after: date, until: date) -> Table:
    """What routine care found in a window: one row is one person measured in it.

    `SUMS` after `found_`, and `is_diagnosed`. Readings after the diagnosis do not count: they may be treated. Who was
    diagnosed and not measured has no row: such diagnoses come from elsewhere, and would make those measured look more
    often hypertensive than they are.
    """
    diagnosis = event.filter(event.concept == "hypertension", event.event_date > after, event.event_date <= until)
    diagnosed = diagnosis.group_by("person_id").agg(diagnosed_date=diagnosis.event_date.min())
    # Pregnancies coded before the window may last into it.
    known_by = event.filter(event.event_date <= until).left_join(diagnosed, "person_id").drop("person_id_right")
    in_window = known_by.event_date > after
    before = known_by.diagnosed_date.isnull() | (known_by.event_date < known_by.diagnosed_date)
    counted = known_by.filter((known_by.concept != "blood_pressure") | (in_window & before))
    sums = reading_sums(counted.drop("diagnosed_date"), prefix="found_")
    found = sums.left_join(diagnosed, "person_id").drop("person_id_right")
    return found.mutate(is_diagnosed=found.diagnosed_date.notnull()).drop("diagnosed_date")

"""What a person's blood pressures say at the reference date: the blood pressure columns of `person_feature`.

Belongs here: thresholds, which readings count, and which reading of several decides. How readings are made of halves
is in `pairing`.

Rules (definitions §1):

- Several readings of one setting on one day count as one: the **lowest pair** (lowest systolic, of equal ones the
  lowest diastolic). Every column below works on these daily readings.
- Readings of the setting `maternity`, and all readings **during a pregnancy or up to 56 days after a delivery**, do
  not count; they make up `latest_maternity_bp_*`, where the most raised pair of the day is shown
  (160/110 in either arm before 140/90, of equally raised ones the highest).
- A recorded pregnancy lasts from its code to the first delivery in the next 280 days, else for 280 days. A delivery
  counts for 56 days, coded pregnancy or not. Time before the first pregnancy code is not known to be pregnant.
- Of several settings on the latest day the most raised by its own thresholds decides; of equally raised ones,
  ambulatory before home before clinic before acute hospital.
"""

from dataclasses import dataclass
from datetime import date

import ibis
from ibis.expr.types import DateColumn, IntegerColumn, StringColumn, Table

from phm.core.days import day_number, day_of, days_between, days_later

PREGNANCY_DAYS = 280
POSTPARTUM_DAYS = 56


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Lowest raised pressures of one kind of measurement, mm Hg; a reading qualifies when either arm reaches one."""

    raised: tuple[int, int]
    stage_2: tuple[int, int]
    severe: tuple[int, int]


CLINIC = Thresholds(raised=(140, 90), stage_2=(160, 100), severe=(180, 120))
"""Clinic and hospital readings. NICE NG136, 1.2 and 'stages of hypertension'."""

AVERAGE = Thresholds(raised=(135, 85), stage_2=(150, 95), severe=(170, 115))
"""Home and daytime ambulatory averages. NICE NG136; severe as in North Central London's public searches, not NICE."""

MATERNITY = Thresholds(raised=(140, 90), stage_2=(160, 110), severe=(160, 110))
"""Readings in pregnancy and the 8 weeks after, where 160/110 is severe and nothing lies between. NICE NG133."""

SETTINGS = {"ambulatory": AVERAGE, "home": AVERAGE, "clinic": CLINIC, "acute_hospital": CLINIC}
"""Settings that count, first in this order where several are equally raised, with their thresholds."""

SOURCES = ("practice", "hospital", "maternity", "pharmacy", "patient")


def blood_pressure_features(event: Table, /, *, reference_date: date, months_24_ago: date) -> Table:
    """Blood pressure columns of `person_feature`: one row is one person with at least one reading.

    `event` is `core_event` up to the reference date; `months_24_ago` is the day before the 24-month window starts.
    """
    reading = event.filter(event.concept == "blood_pressure").select(
        "person_id", "event_date", "systolic", "diastolic", "setting", "source"
    )
    return _by_person(_by_day(reading, maternity_periods(event)), reference_date, months_24_ago)


def maternity_periods(event: Table, /) -> Table:
    """Days on which readings do not count: one row is one period (`person_id, start_date, end_date`, both included)."""
    pregnancy = event.filter(event.concept == "pregnancy").select("person_id", "event_date").distinct()
    delivery = event.filter(event.concept == "delivery").select("person_id", delivery_date="event_date").distinct()
    joined = pregnancy.left_join(
        delivery,
        [
            pregnancy.person_id == delivery.person_id,
            delivery.delivery_date >= pregnancy.event_date,
            delivery.delivery_date <= days_later(pregnancy.event_date, PREGNANCY_DAYS),
        ],
    )
    ended = joined.group_by("person_id", start_date=joined.event_date).agg(delivery_date=joined.delivery_date.min())
    pregnant = ended.select(
        "person_id",
        "start_date",
        end_date=ibis.coalesce(ended.delivery_date, days_later(ended.start_date, PREGNANCY_DAYS)),
    )
    postpartum = delivery.select(
        "person_id", start_date="delivery_date", end_date=days_later(delivery.delivery_date, POSTPARTUM_DAYS)
    )
    return pregnant.union(postpartum)


def outside_maternity(reading: Table, event: Table, /) -> Table:
    """The readings of no maternity period; `event` holds the pregnancies and deliveries of the people."""
    period = maternity_periods(event)
    return reading.anti_join(
        period,
        [
            reading.person_id == period.person_id,
            reading.event_date >= period.start_date,
            reading.event_date <= period.end_date,
        ],
    )


def _by_day(reading: Table, period: Table) -> Table:
    """One row is one person and day with its decisive keys (0: no such reading).

    A key orders readings: day, level, precedence of the setting, systolic, diastolic, source (see `_unpacked`), so a
    person's largest key is the latest deciding reading. `average` and `clinic` are the decisive keys of their two
    settings, `average_level` and `clinic_level` how raised those are; `maternity` is day, level and pair of
    the most raised maternity reading.
    """
    joined = reading.left_join(
        period,
        [
            reading.person_id == period.person_id,
            reading.event_date >= period.start_date,
            reading.event_date <= period.end_date,
        ],
    )
    # A reading in two overlapping periods appears twice here, which no minimum or maximum below can see.
    is_maternity = joined.start_date.notnull() | (joined.setting == "maternity")
    pair = joined.systolic * 1000 + joined.diastolic
    source = ibis.cases(*((joined.source == name, digit) for digit, name in enumerate(SOURCES)), else_=len(SOURCES))
    maternity_level = _level(joined.systolic, joined.diastolic, MATERNITY)
    day = joined.group_by("person_id", "event_date").agg(
        maternity=(maternity_level * 1_000_000 + pair).max(where=is_maternity),
        **{name: (pair * 10 + source).min(where=~is_maternity & (joined.setting == name)) for name in SETTINGS},
    )
    days = day_number(day.event_date)
    key = {}
    for precedence, (name, thresholds) in enumerate(reversed(SETTINGS.items())):
        pair_of_setting, _ = _split(day[name], 10)
        level = _level(*_split(pair_of_setting, 1000), thresholds)
        key[name] = ((days * 100 + level * 10 + precedence) * 10_000_000 + day[name]).fill_null(0)
    keys = day.select(
        "person_id",
        "event_date",
        average=ibis.greatest(key["ambulatory"], key["home"]),
        clinic=ibis.greatest(key["clinic"], key["acute_hospital"]),
        maternity=days * 10_000_000 + day.maternity,
    )
    return keys.mutate(average_level=_unpacked(keys.average).level, clinic_level=_unpacked(keys.clinic).level)


def _by_person(day: Table, reference_date: date, months_24_ago: date) -> Table:
    is_clinic_raised = day.clinic_level >= 1
    is_raised = is_clinic_raised | (day.average_level >= 1)
    is_clinic_stage_2 = day.clinic_level >= 2
    stage_2 = ibis.greatest(
        ibis.ifelse(is_clinic_stage_2, day.clinic, 0), ibis.ifelse(day.average_level >= 2, day.average, 0)
    )
    person = day.group_by("person_id").agg(
        latest=ibis.greatest(day.average, day.clinic).max().nullif(0),
        average=day.average.max().nullif(0),
        clinic_raised=day.clinic.max(where=is_clinic_raised),
        stage_2=stage_2.max().nullif(0),
        first_clinic_raised_date=day.event_date.min(where=is_clinic_raised),
        latest_clinic_stage_2_date=day.event_date.max(where=is_clinic_stage_2),
        raised_day_count_24m=day.count(where=is_raised & (day.event_date > months_24_ago)),
        maternity=day.maternity.max(),
    )
    latest, average, clinic_raised, stage_2 = (
        _unpacked(person[name]) for name in ("latest", "average", "clinic_raised", "stage_2")
    )
    maternity_day, maternity_pair = _split(person.maternity, 10_000_000)
    _, maternity_pair = _split(maternity_pair, 1_000_000)
    maternity_systolic, maternity_diastolic = _split(maternity_pair, 1000)

    def days_ago(day: DateColumn) -> IntegerColumn:
        return days_between(day, reference_date)

    return person.select(
        "person_id",
        "first_clinic_raised_date",
        "latest_clinic_stage_2_date",
        "raised_day_count_24m",
        latest_bp_date=latest.date,
        latest_bp_days=days_ago(latest.date),
        latest_bp_systolic=latest.systolic,
        latest_bp_diastolic=latest.diastolic,
        latest_bp_setting=latest.setting,
        latest_bp_source=latest.source,
        latest_average_date=average.date,
        latest_average_days=days_ago(average.date),
        latest_average_systolic=average.systolic,
        latest_average_diastolic=average.diastolic,
        latest_average_setting=average.setting,
        latest_clinic_raised_date=clinic_raised.date,
        latest_clinic_raised_days=days_ago(clinic_raised.date),
        latest_clinic_raised_systolic=clinic_raised.systolic,
        latest_clinic_raised_diastolic=clinic_raised.diastolic,
        latest_stage_2_date=stage_2.date,
        latest_stage_2_days=days_ago(stage_2.date),
        latest_stage_2_systolic=stage_2.systolic,
        latest_stage_2_diastolic=stage_2.diastolic,
        latest_stage_2_setting=stage_2.setting,
        latest_maternity_bp_date=day_of(maternity_day),
        latest_maternity_bp_days=days_ago(day_of(maternity_day)),
        latest_maternity_bp_systolic=maternity_systolic,
        latest_maternity_bp_diastolic=maternity_diastolic,
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    date: DateColumn
    level: IntegerColumn
    setting: StringColumn
    systolic: IntegerColumn
    diastolic: IntegerColumn
    source: StringColumn


def _unpacked(key: IntegerColumn) -> _Reading:
    """What `_by_day` packed: days since 1900, level, precedence of the setting, systolic, diastolic, source."""
    rest, source = _split(key, 10)
    rest, diastolic = _split(rest, 1000)
    rest, systolic = _split(rest, 1000)
    rest, precedence = _split(rest, 10)
    days, level = _split(rest, 10)
    return _Reading(
        date=day_of(days),
        level=level,
        setting=ibis.cases(*((precedence == place, name) for place, name in enumerate(reversed(SETTINGS)))),
        systolic=systolic,
        diastolic=diastolic,
        source=ibis.cases(*((source == digit, name) for digit, name in enumerate(SOURCES))),
    )


def _level(systolic: IntegerColumn, diastolic: IntegerColumn, thresholds: Thresholds) -> IntegerColumn:
    """0 not raised, 1 raised, 2 stage 2, 3 severe."""
    stages = (thresholds.raised, thresholds.stage_2, thresholds.severe)
    reached = [((systolic >= arms[0]) | (diastolic >= arms[1])).cast("int64") for arms in stages]
    return reached[0] + reached[1] + reached[2]


def _split(packed: IntegerColumn, size: int) -> tuple[IntegerColumn, IntegerColumn]:
    """High and low part of `high * size + low`. Exact: keys stay below 2**53, where both engines divide exactly."""
    return (packed // size).cast("int64"), (packed % size).cast("int64")

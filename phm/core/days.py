"""Days: whole numbers that order them, and days a number of days apart.

Keys that pick "the latest reading, ties by …" with one maximum pack a day's number into an integer.
"""

from datetime import date

import ibis
from ibis.expr.types import DateColumn, IntegerColumn

_FIRST_DAY = date(1900, 1, 1)


def day_number(day: DateColumn, /) -> IntegerColumn:
    """Days since 1 January 1900: five digits until 2173. Contracts refuse events before that day."""
    return day.delta(ibis.literal(_FIRST_DAY), unit="day")


def day_of(number: IntegerColumn, /) -> DateColumn:
    """The day with this `day_number`."""
    return _as_date(ibis.literal(_FIRST_DAY) + number.as_interval("D"))


def days_later(day: DateColumn, days: int, /) -> DateColumn:
    """The day `days` days after `day`."""
    return _as_date(day + ibis.interval(days=days))


def days_between(day: DateColumn, reference_date: date, /) -> IntegerColumn:
    """Days from `day` to the reference date."""
    return ibis.literal(reference_date).delta(day, unit="day")


def _as_date(day: DateColumn) -> DateColumn:
    # Ibis takes date + interval for a date and would leave a cast to date out; both engines make it a timestamp.
    return day.cast("timestamp").cast("date")

"""Working days in England: what "within one working day" comes to on a calendar.

Monday to Friday without the bank holidays of England and Wales (www.gov.uk/bank-holidays), as the `holidays` package
has them.
"""

import datetime as dt
from functools import cache

import holidays


def due_date(reference_date: dt.date, due_days: int, /) -> dt.date:
    """The day `due_days` after the reference date; one day means one working day.

    Longer times are counted in calendar days, and something for the same day is not put off.

    >>> due_date(dt.date(2026, 10, 31), 1)  # a Saturday
    datetime.date(2026, 11, 2)
    """
    return next_working_day(reference_date) if due_days == 1 else reference_date + dt.timedelta(days=due_days)


def next_working_day(day: dt.date, /) -> dt.date:
    """The first working day after `day`.

    >>> next_working_day(dt.date(2026, 12, 24))  # Christmas Day is a Friday, Boxing Day is kept on the Monday
    datetime.date(2026, 12, 29)
    """
    following = day + dt.timedelta(days=1)
    while following.weekday() >= 5 or following in _bank_holidays():
        following += dt.timedelta(days=1)
    return following


@cache
def _bank_holidays() -> holidays.HolidayBase:
    return holidays.country_holidays("GB", subdiv="ENG")

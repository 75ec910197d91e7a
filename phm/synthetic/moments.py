"""When things happen to people: chance events and regular reviews, the same whichever month is delivered.

What belongs here lays events out on the calendar, year by year, so that a later month has those of the month before
and a few more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np

from phm.synthetic.people import People
from phm.synthetic.tenancies import day_number

YEARS = 6
"""How many years of a record are delivered."""

Rate = Callable[[np.ndarray], np.ndarray]
"""Yearly rate of each person from their age in that year."""


def moments(
    people: People, rate: Rate, purpose: str, /, *, years: float = YEARS, trend: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Person (position) and day of chance events at a yearly rate over the last `years`.

    The rate is that of the middle of the window; it grows by `trend` a year (0.02 is 2%).
    """
    first, last = people.reference_day - int(years * 365.25), people.reference_day
    middle = _date(people.anchor).year
    persons, when = [], []
    for year in range(_date(first).year, _date(last).year + 1):
        start = day_number(date(year, 1, 1))
        age = np.maximum((start + 182 - people.birth_day) / 365.25, 0)
        yearly = np.maximum(rate(age), 0) * (1 + trend) ** (year - middle)
        number = people.chance.poisson(purpose, yearly, people.nhs_number, year)
        person = np.repeat(np.arange(len(people)), number)
        nth = np.arange(len(person)) - np.repeat(np.cumsum(number) - number, number)
        day = people.chance.whole(f"{purpose} day", start, start + 365, people.nhs_number[person], nth, year)
        kept = (day > first) & (day <= last)
        persons.append(person[kept])
        when.append(day[kept])
    return np.concatenate(persons), np.concatenate(when)


def reviews(people: People, who: np.ndarray, share: np.ndarray, purpose: str, /) -> tuple[np.ndarray, np.ndarray]:
    """Person and day of a review each year, about the same time of the year, kept with the person's chance `share`."""
    first, last = people.reference_day - YEARS * 365, people.reference_day
    number, chance = people.nhs_number[who], people.chance
    season = chance.uniform(f"{purpose} season", number) * 335
    persons, when = [], []
    for year in range(_date(first).year, _date(last).year + 1):
        day = day_number(date(year, 1, 1)) + (season + 30 * chance.uniform(purpose, number, year)).astype(np.int64)
        kept = (chance.uniform(f"{purpose} kept", number, year) < share[who]) & (day > first) & (day <= last)
        persons.append(who[kept])
        when.append(day[kept])
    return np.concatenate(persons), np.concatenate(when)


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)

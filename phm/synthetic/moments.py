"""When things happen to people: chance events and regular reviews, the same whichever month is delivered.

What belongs here lays events out on the calendar, year by year, so that a later month has those of the month before
and a few more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from phm.synthetic.people import People
from phm.synthetic.tenancies import HALF_WINDOW, day_number

YEARS = 6
"""How many years of a record are delivered."""

Rate = Callable[[np.ndarray], np.ndarray]
"""Yearly rate of each person from their age in that year."""


@dataclass(frozen=True)
class Span:
    """Days after `after` and up to `until`, from 1970-01-01."""

    after: int
    until: int

    @classmethod
    def of_record(cls, reference_day: int, years: float = YEARS, /) -> Span:
        """The last years before a reference day."""
        return cls(reference_day - int(years * 365.25), reference_day)

    @classmethod
    def of_window(cls, anchor: int, /) -> Span:
        """All days that the record of any month of the window around `anchor` may show."""
        return cls(anchor - HALF_WINDOW - int(YEARS * 365.25), anchor + HALF_WINDOW)

    @property
    def years(self) -> float:
        return (self.until - self.after) / 365.25

    def holds(self, day: np.ndarray, /) -> np.ndarray:
        return (day > self.after) & (day <= self.until)


def moments(
    people: People, rate: Rate, purpose: str, /, *, span: Span | None = None, trend: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Person (position) and day of chance events at a yearly rate within `span`, by default the whole record.

    The rate is that of the middle of the window; it grows by `trend` a year (0.02 is 2%).
    """
    span = span or Span.of_record(people.reference_day)
    persons, when = [], []
    for year, start, yearly in _yearly(people, rate, span, trend):
        number = people.chance.poisson(purpose, yearly, people.nhs_number, year)
        person = np.repeat(np.arange(len(people)), number)
        nth = np.arange(len(person)) - np.repeat(np.cumsum(number) - number, number)
        day = people.chance.whole(f"{purpose} day", start, start + 365, people.nhs_number[person], nth, year)
        kept = span.holds(day)
        persons.append(person[kept])
        when.append(day[kept])
    return np.concatenate(persons), np.concatenate(when)


def expected(people: People, rate: Rate, /, *, span: Span, trend: float = 0.0) -> np.ndarray:
    """How many of the events of `moments` each person is expected to have."""
    total = np.zeros(len(people))
    for _, start, yearly in _yearly(people, rate, span, trend):
        total += yearly * max(min(start + 364, span.until) - max(start - 1, span.after), 0) / 365
    return total


def reviews(
    people: People, who: np.ndarray, share: np.ndarray, purpose: str, /, *, span: Span | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Person and day of a review each year, about the same time of the year, kept with the person's chance `share`."""
    span = span or Span.of_record(people.reference_day)
    number, chance = people.nhs_number[who], people.chance
    season = chance.uniform(f"{purpose} season", number) * 335
    persons, when = [], []
    for year in _years(span):
        day = day_number(date(year, 1, 1)) + (season + 30 * chance.uniform(purpose, number, year)).astype(np.int64)
        kept = (chance.uniform(f"{purpose} kept", number, year) < share[who]) & span.holds(day)
        persons.append(who[kept])
        when.append(day[kept])
    return np.concatenate(persons), np.concatenate(when)


def _yearly(people: People, rate: Rate, span: Span, trend: float) -> Iterator[tuple[int, int, np.ndarray]]:
    """Each calendar year of a span, its first day, and each person's rate in it."""
    middle = _date(people.anchor).year
    for year in _years(span):
        start = day_number(date(year, 1, 1))
        age = np.maximum((start + 182 - people.birth_day) / 365.25, 0)
        yield year, start, np.maximum(rate(age), 0) * (1 + trend) ** (year - middle)


def _years(span: Span) -> range:
    return range(_date(span.after).year, _date(span.until).year + 1)


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)

"""When practices measure blood pressure, as long as nobody knows of hypertension and once somebody does.

What belongs here are the occasions of the ordinary run of things. What was found there is `pressure.py`'s, what came of
it `diagnosis.py`'s, and what was written down `readings.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phm.synthetic.moments import Span, expected, moments, reviews
from phm.synthetic.people import People

TREND = 0.02
"""By how much more is measured each year."""


@dataclass(frozen=True)
class Visits:
    """Readings in the practice as if nobody ever learnt of hypertension, over the records of all months of the window.

    One element is one reading: `person` (position among the practice's people), `day`, and whether an NHS Health Check
    was the occasion.
    """

    person: np.ndarray
    day: np.ndarray
    is_check: np.ndarray
    expected: np.ndarray
    """How many each person is expected to have from the age of 17 until the middle of the window."""


def visits(people: People, is_reviewed: np.ndarray, is_checked: np.ndarray, /) -> Visits:
    """Everybody's visits before a diagnosis.

    Women are measured more often than men until middle age (contraception), everybody more with age, people in
    deprived areas a little less, whoever comes often more, and some practices more than others.

    Parameters
    ----------
    is_reviewed
        Whose pressure is reviewed each year whatever it is: diabetes, kidney disease.
    is_checked
        Whom an NHS Health Check is for at 40 to 74 as long as they have no diagnosis of hypertension.
    """
    often = people.contact * people.measuring

    def rate(age: np.ndarray) -> np.ndarray:
        ages = [14, 16, 20, 30, 40, 50, 60, 70, 80]
        women = np.interp(age, ages, [0.01, 0.06, 0.24, 0.25, 0.20, 0.23, 0.30, 0.42, 0.5])
        men = np.interp(age, ages, [0.01, 0.02, 0.05, 0.09, 0.13, 0.20, 0.29, 0.42, 0.5])
        usual = np.where(people.is_male, men, women) * often * np.exp(-0.15 * people.deprived)
        return np.where(is_reviewed, known_rate(people), np.where(age < 14, 0.004, usual))

    def checks(age: np.ndarray) -> np.ndarray:
        """Share of the eligible who have a check in a year."""
        return np.where(is_checked & (age >= 40) & (age < 75), 0.08 * np.minimum(often, 2), 0)

    def of_adults(yearly):
        return lambda age: np.where(age >= 17, yearly(age), 0)

    span = Span.of_window(people.anchor)
    by_chance = moments(people, rate, "pressure", span=span, trend=TREND)
    reviewed = yearly_reviews(people, np.flatnonzero(is_reviewed), "review", span=span)
    checked = moments(people, checks, "health check", span=span)
    every = (by_chance, reviewed, checked)
    until_middle = Span(span.after, people.anchor)
    number = expected(people, of_adults(rate), span=until_middle, trend=TREND)
    number += expected(people, of_adults(checks), span=until_middle)
    return Visits(
        person=np.concatenate([person for person, _ in every]),
        day=np.concatenate([day for _, day in every]),
        is_check=np.repeat([False, False, True], [len(day) for _, day in every]),
        expected=number + is_reviewed * review_share(people) * until_middle.years,
    )


def known_rate(people: People, /) -> np.ndarray:
    """Readings a year besides reviews of people who are reviewed."""
    return 0.3 * people.contact


def review_share(people: People, /) -> np.ndarray:
    """Share of yearly reviews that are kept: 87% of people with hypertension are measured in a year (CVDPREVENT,
    September 2024)."""
    return np.clip(0.835 + 0.02 * people.coding - 0.02 * people.deprived, 0, 1)


def yearly_reviews(people: People, who: np.ndarray, purpose: str, /, *, span: Span) -> tuple[np.ndarray, np.ndarray]:
    """Person and day of the yearly reviews of `who` (positions)."""
    return reviews(people, who, review_share(people), purpose, span=span)

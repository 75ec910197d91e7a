"""How hypertension comes to be known: mostly at a visit where pressure was raised, and otherwise long ago.

What belongs here decides who was told of hypertension, when, and whether the practice coded it. As many are told as
surveys find, by age, sex and how far pressure is raised; of them, those whom the years of the record reveal are told at
one of its raised readings (`visits.py`). So whoever is diagnosed in a year was measured in it, as in a real record: a
model that learns from those measured would otherwise meet too many with a diagnosis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phm.synthetic.moments import Span
from phm.synthetic.people import People
from phm.synthetic.pressure import (
    DIASTOLIC_SPREAD,
    ON_SYSTOLIC,
    Likes,
    Pressure,
    chance_of_hypertension,
    chance_of_raised,
    is_raised,
    single_readings,
    untreated,
)
from phm.synthetic.tenancies import NEVER
from phm.synthetic.visits import Visits

# Share of people with hypertension who were never told, by age: ONS, Risk factors for undiagnosed high blood pressure
# in England 2015-19 gives men 66, 55 and 17% and women 26, 44 and 21% at 16-24, 25-34 and 75 and over, 29% in all.
# The line is set so that bands come out near these; between them it is ours.
_UNTOLD_AGES = [20, 30, 40, 50, 60, 70, 80]
_UNTOLD_MEN = [0.69, 0.59, 0.53, 0.46, 0.39, 0.31, 0.235]
_UNTOLD_WOMEN = [0.2, 0.54, 0.48, 0.41, 0.38, 0.335, 0.305]

# Share of those told that the practice has coded. Surveys find 71% of people with hypertension told by somebody,
# registers hold 57% (PHE 2019): one high reading long ago, an abnormal average never coded, a move.
_CODED_AGES = [20, 30, 40, 50, 60, 70, 80]
_CODED = [0.16, 0.22, 0.5, 0.68, 0.79, 0.88, 0.97]

# Share coded of those whose usual pressure would be normal untreated: weight lost, or a label given long ago.
_LABEL_AGES = [30, 50, 80]
_LABELLED = [0.001, 0.011, 0.295]

MEAN_YEARS = 18.0
"""Mean time since people were told, years."""
PER_10_MMHG = 0.45
"""Log odds of having been told for each 10 mm Hg of systolic pressure above 140, or 5 of diastolic above 90."""
_MILD = (142.0, 85.0)
"""Pressure at which the chance that a raised reading leads to a diagnosis is worked out: visits would otherwise reveal
more of mild hypertension than surveys find was told."""
MOST = 0.6
"""Highest chance that a raised reading leads to a diagnosis."""

_NODES = np.linspace(-4, 4, 33)
_WEIGHTS = np.exp(-(_NODES**2) / 2) / np.exp(-(_NODES**2) / 2).sum()


@dataclass(frozen=True)
class Course:
    """What decides how each person's hypertension, if they had it, would come to be known; one element each."""

    told_log_odds: np.ndarray
    """Of having been told of a pressure of 140/90 by the middle of the window."""
    coded: np.ndarray
    """Chance that the practice codes what a person was told."""
    labelled: np.ndarray
    """Chance of a code without hypertension."""
    leads: np.ndarray
    """Chance that a raised reading of a visit leads to telling somebody who has hypertension."""
    visits: np.ndarray
    """How many visits are expected from the beginning of the window's records to its middle."""

    def told(self, systolic: np.ndarray, diastolic: np.ndarray) -> np.ndarray:
        """Chance of having been told of a usual pressure by the middle: higher the further it is raised."""
        return 1 / (1 + np.exp(-(self.told_log_odds + PER_10_MMHG * _over(systolic, diastolic))))

    def told_before(self, systolic: np.ndarray, diastolic: np.ndarray, raised: np.ndarray) -> np.ndarray:
        """Chance of having been told before the records of the window begin, or elsewhere: not at its visits.

        `raised` is the chance that a reading of such a person is raised.
        """
        untold = (1 - self.told(systolic, diastolic)) * np.exp(self.leads * self.visits * raised)
        return np.maximum(1 - untold, 0)

    def uncoded(
        self,
        systolic: np.ndarray,
        diastolic: np.ndarray,
        raised: np.ndarray,
        /,
        *,
        seen: np.ndarray | float = 0.0,
        unseen_share: float = 1.0,
    ) -> np.ndarray:
        """Chance that hypertension of this pressure is not coded by the middle of the window.

        Parameters
        ----------
        seen
            How many raised readings of visits are on record.
        unseen_share
            The share of the expected visits that are not on record.
        """
        by_visits = (1 - self.leads) ** seen * np.exp(-self.leads * self.visits * raised * unseen_share)
        return 1 - self.coded * (1 - (1 - self.told_before(systolic, diastolic, raised)) * by_visits)


@dataclass(frozen=True)
class Diagnosis:
    """Who of a practice's people knows of hypertension and whose practice does, one element each."""

    course: Course
    is_told: np.ndarray
    """Has been told of it by the end of the window, or carries a label without it."""
    told_day: np.ndarray
    """`NEVER` for who has not."""
    is_diagnosed: np.ndarray
    """Is told, and the practice codes it, by the end of the window."""
    diagnosed_day: np.ndarray
    was_revealed: np.ndarray
    """Was told at a visit on record, on `told_day`."""
    resolved_day: np.ndarray
    """Day a diagnosis was coded as resolved; `NEVER` for nearly all."""


def course_of(people: People, expected_visits: np.ndarray, /) -> Course:
    """The course of each person of a practice."""
    age = people.anchor_age
    untold = np.where(people.is_male, *(np.interp(age, _UNTOLD_AGES, line) for line in (_UNTOLD_MEN, _UNTOLD_WOMEN)))
    log_odds = np.log((1 - untold) / untold) + 0.25 * np.log(people.contact) - 0.25 * people.deprived
    log_odds += 0.3 * np.log(people.measuring) + np.interp(age, [20, 35], [0.25, 0.5])
    log_odds -= PER_10_MMHG * np.interp(age, [20, 80], [0.6, 1.7])
    coded = np.interp(age, _CODED_AGES, _CODED)
    coded = np.log(coded / (1 - coded)) + 0.35 * people.coding + 0.05 * people.deprived
    # Of those told, so many were told while the records ran; visits reveal them, as far as there are visits.
    told = 1 / (1 + np.exp(-(log_odds + PER_10_MMHG * _over(*_MILD))))
    earlier = np.exp(-np.clip(_adult_years(people), 0.1, None) / MEAN_YEARS)
    hazard = np.log((1 - told * earlier) / (1 - told))
    return Course(
        told_log_odds=log_odds,
        coded=1 / (1 + np.exp(-coded)),
        labelled=np.interp(age, _LABEL_AGES, _LABELLED),
        leads=np.clip(hazard / np.maximum(expected_visits, 1e-6), 0, MOST),
        visits=expected_visits,
    )


def diagnosis(people: People, of: Pressure, visits: Visits, /) -> Diagnosis:
    """How the hypertension of a practice's people came to be known."""
    who, chance, span = people.nhs_number, people.chance, Span.of_window(people.anchor)
    course = course_of(people, visits.expected)
    raised = chance_of_raised(of.true_systolic, of.true_diastolic, of.variability, of.white_coat)
    before = course.told_before(of.true_systolic, of.true_diastolic, raised)
    told_before = of.has_hypertension & (chance.uniform("told", who) < before)
    label = (people.anchor_age >= 18) & ~of.has_hypertension & (chance.uniform("label", who) < course.labelled)

    # Before the records begin; who is too young for that, elsewhere since then.
    ago = (chance.exponential("told since", who) * MEAN_YEARS * 365.25).astype(np.int64)
    grown_up = people.birth_day + 17 * 365
    since_then = chance.uniform("told elsewhere", who) * np.maximum(people.anchor - grown_up, 1)
    lately = grown_up + since_then.astype(np.int64)
    before_day = np.where(grown_up < span.after, np.maximum(span.after - ago, grown_up), lately)
    revealed_day = _revealed(people, of, visits, course, ~told_before)
    was_revealed = (revealed_day != NEVER) & ~told_before
    told_day = np.where(told_before | label, before_day, revealed_day)

    is_diagnosed = label | ((told_before | was_revealed) & (chance.uniform("coded", who) < course.coded))
    wait = chance.whole("coded after", 20 * was_revealed, 60, who)
    diagnosed_day = np.where(is_diagnosed, told_day + wait, NEVER)
    left = np.maximum(span.until + 1_000 - diagnosed_day, 0)
    later = chance.uniform("resolved after", who) * left * (chance.uniform("same day", who) > 0.1)
    is_resolved = label & (chance.uniform("resolved", who) < 0.15)
    return Diagnosis(
        course=course,
        is_told=told_before | was_revealed | label,
        told_day=told_day,
        is_diagnosed=is_diagnosed,
        diagnosed_day=diagnosed_day,
        was_revealed=was_revealed,
        resolved_day=np.where(is_resolved, diagnosed_day + later.astype(np.int64), NEVER),
    )


def chance_of_undiagnosed(likes: Likes, variability: np.ndarray, course: Course, /) -> np.ndarray:
    """Chance that one of a person's likes has hypertension, given that it is not coded at the middle of the window.

    The sum over systolic pressure of the chances as generated; diastolic pressure enters exactly where it decides and
    by its mean where it only makes being told likelier. White coats are left out.
    """
    missed, uncoded = np.zeros(len(likes.systolic_mean)), np.zeros(len(likes.systolic_mean))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        systolic = likes.systolic_mean + node * likes.systolic_spread
        diastolic = likes.diastolic_mean + ON_SYSTOLIC * node * likes.systolic_spread
        by_systolic, has = chance_of_hypertension(
            systolic, diastolic, (_NODES[1] - _NODES[0]) * likes.systolic_spread, DIASTOLIC_SPREAD
        )
        raised = chance_of_raised(systolic, diastolic, variability, np.zeros(len(systolic)))
        systolic = np.maximum(systolic, 140 * (by_systolic > 0))
        missing = has * course.uncoded(systolic, diastolic, raised)
        missed += weight * missing
        uncoded += weight * (missing + (1 - has) * (1 - course.labelled))
    return missed / uncoded


def _revealed(people: People, of: Pressure, visits: Visits, course: Course, can_be: np.ndarray) -> np.ndarray:
    """Day of the first visit whose raised reading led to telling; `NEVER` without."""
    day = np.full(len(people), NEVER, np.int64)
    candidate = (of.has_hypertension & can_be)[visits.person]
    candidate &= people.age_on(visits.person, visits.day) >= 17
    person, when, is_check = (column[candidate] for column in (visits.person, visits.day, visits.is_check))
    leads = people.chance.uniform("raised reading leads to telling", people.nhs_number[person], when)
    leads = leads < course.leads[person]
    for purpose, at in (("visit", leads & ~is_check), ("check", leads & is_check)):
        usual = untreated(people, of, person[at], when[at])
        found = is_raised(*single_readings(people, of, person[at], when[at], usual, purpose))
        np.minimum.at(day, person[at][found], when[at][found])
    return day


def _over(systolic: np.ndarray | float, diastolic: np.ndarray | float) -> np.ndarray:
    """How far a pressure is above 140/90, in tens of mm Hg systolic."""
    return np.maximum(np.subtract(systolic, 140), 2 * np.subtract(diastolic, 90)) / 10


def _adult_years(people: People) -> np.ndarray:
    """Years from the age of 17 between the beginning of the window's records and its middle."""
    return np.minimum((people.anchor - Span.of_window(people.anchor).after) / 365.25, people.anchor_age - 17)

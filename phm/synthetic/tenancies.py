"""Who holds each place on a practice's list, and from when to when.

What belongs here keeps the population the same from month to month: each registration of a published count is a place
on the list that is always held by exactly one person. Who holds it at the anchor day is drawn first; who left it to
them and who takes it after them follow, within a window of three years around that day.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from phm.synthetic.chance import Chance
from phm.synthetic.geography import Practice

NEVER = np.iinfo(np.int32).max
"""Day of something that has not happened."""
ANCHOR = date(2026, 10, 31)
"""Last day of the month in the middle of a window; other anchors lie whole windows away."""
WINDOW_MONTHS = 36
HALF_WINDOW = 550
"""Days from the anchor to the ends of its window, and a little more."""
ENDED_DAYS = 365
"""How long an ended registration stays in a delivery."""
MOVES_NEXT_DOOR = 0.35
"""Share of those who leave alive that register with the neighbouring practice."""
LEAST_STAY = HALF_WINDOW + ENDED_DAYS + 30

# Registered patients of England by five-year band from 0-4 to 95 and over, thousands.
# NHS England, Patients Registered at a GP Practice, August 2026.
WOMEN = [1399, 1631, 1828, 1872, 1900, 2162, 2289, 2340, 2171, 1964,
         1870, 2005, 1954, 1661, 1389, 1348, 957, 575, 280, 94]  # fmt: skip
MEN = [1472, 1713, 1921, 1963, 1920, 2197, 2326, 2390, 2234, 2054,
       1943, 2030, 1944, 1607, 1279, 1177, 778, 405, 161, 36]  # fmt: skip
_TILTS = np.linspace(-1.6, 1.6, 17)
_MEAN_STAY = ([0, 18, 25, 35, 60, 90], [12, 11, 6, 9, 24, 30])
"""Mean years at one practice by age: young adults move for work."""

# Shares of England and Wales, Census 2021 (ONS), of categories B to S other than White British (A, 74.4%); Gypsy, Roma
# and Other White are C, Arab and any other are S.
MINORITY_SHARE = np.array([0.9, 6.5, 0.9, 0.4, 0.8, 0.8, 3.1, 2.7, 1.1, 1.6, 1.0, 2.5, 0.5, 0.7, 2.2])


@dataclass(frozen=True)
class Tenancies:
    """Registrations of one practice within the window, one element each; days count from 1970-01-01."""

    nhs_number: np.ndarray
    birth_day: np.ndarray
    is_male: np.ndarray
    ethnicity: np.ndarray
    """0 White British, then the categories of `MINORITY_SHARE`."""
    decile: np.ndarray
    """IMD decile of the home, 1 to 10."""
    coding: np.ndarray
    """How well the practice codes what it knows, standard normal over practices."""
    measuring: np.ndarray
    """How much the practice measures, 1 in the middle; practices that measure more also code better."""
    area: np.ndarray
    """Position in the practice's `lsoa_code`."""
    registered_day: np.ndarray
    ended_day: np.ndarray
    is_dead: np.ndarray
    """Whether the registration ends with the person's death."""
    is_settled: np.ndarray
    """Registered here all through the window, and nowhere else."""
    has_moved_in: np.ndarray
    """Whether another practice of the board delivers, or delivered, the same person."""

    OF_THE_PERSON = ("nhs_number", "birth_day", "is_male", "ethnicity", "decile", "coding", "measuring")
    """What is the same wherever the person is registered."""

    def take(self, at: np.ndarray, /) -> Tenancies:
        """The registrations at these positions."""
        return Tenancies(**{field.name: getattr(self, field.name)[at] for field in fields(self)})


def day_number(day: date) -> int:
    """Days from 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def anchor_day(reference_date: date) -> int:
    """The anchor of the window a month lies in: the last day of October 2026, or whole windows away."""
    months = (reference_date.year - ANCHOR.year) * 12 + reference_date.month - ANCHOR.month
    windows = (months + WINDOW_MONTHS // 2) // WINDOW_MONTHS
    return day_number(ANCHOR.replace(year=ANCHOR.year + 3 * windows))


def _cumulative(weights: np.ndarray) -> np.ndarray:
    return np.cumsum(weights, axis=-1) / weights.sum(axis=-1, keepdims=True)


def _age_sex_weights() -> np.ndarray:
    """People of England by single year of age: women 0 to 105, then men 0 to 105."""
    ages = np.arange(106)
    columns = []
    for bands in (WOMEN, MEN):
        single = np.interp(ages, np.arange(20) * 5 + 2, np.array(bands) / 5)
        single[95:] = bands[19] * 0.28 * 0.72 ** np.arange(11)
        columns.append(single)
    return np.concatenate(columns)


def _death_rate(age: np.ndarray) -> np.ndarray:
    """Deaths a year: doubling every 7.5 years of age, 5% at 80 (the shape of the national life tables)."""
    return np.exp(-10.4 + 0.0925 * age)


_AGES = np.tile(np.arange(106), 2)
_RESIDENT = _cumulative(_age_sex_weights() * np.exp(_TILTS[:, None] * (_AGES - 40) / 40))
_MOVING = _cumulative(_age_sex_weights() / np.interp(_AGES, *_MEAN_STAY))
_DYING = _cumulative(_age_sex_weights() * _death_rate(_AGES))
_DEAD_SHARE, _BORN_SHARE = 0.10, 0.11
"""Of those who leave a list, how many die; of those who come, how many are born."""


def tenancies(practice: Practice, numbers: np.ndarray, /, *, index: int, anchor: int, chance: Chance) -> Tenancies:
    """Every registration of one practice within the window: first those at the anchor day, one for each place.

    `numbers` holds three NHS numbers for each place: who holds it at the anchor, who did before, who will after.
    """
    count = int(practice.patient_count.sum())
    area = np.repeat(np.arange(len(practice.patient_count)), practice.patient_count)
    held, before, after = numbers[:count], numbers[count : 2 * count], numbers[2 * count : 3 * count]

    ethnicity = _ethnicity(practice, area, held, chance)
    tilt = practice.older[area] + np.where(ethnicity > 0, -0.65, 0.2)
    row = np.abs(_TILTS[:, None] - np.clip(tilt, -1.6, 1.6)).argmin(axis=0)
    draw, cell = chance.uniform("age", held), np.empty(count, np.int64)
    for tilt_row in np.unique(row):
        at = row == tilt_row
        cell[at] = np.searchsorted(_RESIDENT[tilt_row], draw[at])
    age, is_male = _age_and_sex(cell, held, chance)
    birth = (anchor - age * 365.25).astype(np.int64)
    stay = np.interp(age, *_MEAN_STAY) * 365.25
    since = np.maximum(anchor - (stay * chance.exponential("stay so far", held)).astype(np.int64), birth)
    dies_in = chance.exponential("life to come", held) / _death_rate(age) * 365.25
    goes_in = stay * chance.exponential("stay to come", held)
    until = anchor + 1 + np.minimum(np.minimum(dies_in, goes_in), 40_000).astype(np.int64)
    until = np.where(until > anchor + HALF_WINDOW, NEVER, until)

    left = np.flatnonzero(since > anchor - LEAST_STAY + 30)
    left_number = before[left]
    died = chance.uniform("leaves by death", left_number) < _DEAD_SHARE
    draw = chance.uniform("age", left_number)
    cell = np.where(died, np.searchsorted(_DYING, draw), np.searchsorted(_MOVING, draw))
    left_age, left_male = _age_and_sex(cell, left_number, chance)
    left_birth = np.minimum(since[left] - left_age * 365.25, anchor - LEAST_STAY).astype(np.int64)
    left_since = since[left] - (np.interp(left_age, *_MEAN_STAY) * chance.exponential("stay so far", left_number) * 365)
    left_since = np.clip(left_since.astype(np.int64), left_birth, anchor - LEAST_STAY)

    came = np.flatnonzero(until != NEVER)
    came_number = after[came]
    is_born = chance.uniform("comes by birth", came_number) < _BORN_SHARE
    cell = np.searchsorted(_MOVING, chance.uniform("age", came_number))
    came_age, came_male = _age_and_sex(cell, came_number, chance)
    came_birth = np.where(is_born, until[came], until[came] - came_age * 365.25).astype(np.int64)

    place = np.concatenate([np.arange(count), left, came])
    everybody = np.concatenate([held, left_number, came_number])
    coding = chance.normal("coding", np.array([index]))
    measuring = np.exp(0.2 * (0.6 * coding + 0.8 * chance.normal("measuring", np.array([index]))))
    none = np.zeros(len(left) + len(came), bool)
    return Tenancies(
        nhs_number=everybody,
        birth_day=np.concatenate([birth, left_birth, came_birth]),
        is_male=np.concatenate([is_male, left_male, came_male]),
        ethnicity=_ethnicity(practice, area[place], everybody, chance),
        decile=_decile(practice, area[place], everybody, chance),
        coding=np.repeat(coding, len(everybody)),
        measuring=np.repeat(measuring, len(everybody)),
        area=area[place].astype(np.int32),
        registered_day=np.concatenate([since, left_since, until[came]]),
        ended_day=np.concatenate([until, since[left], np.full(len(came), NEVER)]),
        is_dead=np.concatenate([(dies_in < goes_in) & (until != NEVER), died, np.zeros(len(came), bool)]),
        is_settled=np.concatenate([(since <= anchor - LEAST_STAY + 30) & (until == NEVER), none]),
        has_moved_in=np.zeros(len(everybody), bool),
    )


def with_neighbours(
    own: Tenancies, next_door: Tenancies, repeated_count: int, /, *, anchor: int, chance: Chance
) -> Tenancies:
    """The registrations when some who come are people of the neighbouring practice.

    Some left it within two months before. `repeated_count` others came before the window and are still registered there
    all through it, as happens when a practice has not been told. Places, areas and days stay as they are.
    """
    draw = chance.uniform("comes from next door", own.nhs_number)
    comes = (own.registered_day > anchor - HALF_WINDOW) & (own.registered_day > own.birth_day + 60)
    before = (own.registered_day > anchor - LEAST_STAY + 30) & (own.registered_day <= anchor - HALF_WINDOW)
    before &= own.registered_day > own.birth_day + 60
    repeats = np.flatnonzero(before & (own.ended_day == NEVER))
    repeats = repeats[np.argsort(draw[repeats], kind="stable")][:repeated_count]
    still = np.flatnonzero(next_door.is_settled)
    still = still[np.argsort(chance.uniform("is left behind", next_door.nhs_number[still]), kind="stable")]
    repeats = repeats[: len(still) // 4]

    arrivals = np.flatnonzero(comes)
    arrivals = arrivals[np.argsort(own.registered_day[arrivals], kind="stable")]
    goes = (next_door.ended_day != NEVER) & ~next_door.is_dead & (next_door.ended_day > anchor - HALF_WINDOW)
    goes &= chance.uniform("goes next door", next_door.nhs_number) < MOVES_NEXT_DOOR
    leavers = np.flatnonzero(goes)
    leavers = leavers[np.argsort(next_door.ended_day[leavers], kind="stable")]
    arrived = own.registered_day[arrivals]
    first = np.searchsorted(arrived, next_door.ended_day[leavers], side="right")
    inside = first < len(arrivals)
    first, leavers = first[inside], leavers[inside]
    first, which = np.unique(first, return_index=True)
    soon = arrived[first] - next_door.ended_day[leavers[which]] <= 60
    at = np.concatenate([repeats, arrivals[first[soon]]])
    whom = np.concatenate([still[: len(repeats)], leavers[which[soon]]])
    changed = {name: getattr(own, name).copy() for name in (*Tenancies.OF_THE_PERSON, "has_moved_in")}
    for name in Tenancies.OF_THE_PERSON:
        changed[name][at] = getattr(next_door, name)[whom]
    changed["has_moved_in"][at] = True
    return Tenancies(**{field.name: changed.get(field.name, getattr(own, field.name)) for field in fields(own)})


def _age_and_sex(cell: np.ndarray, number: np.ndarray, chance: Chance) -> tuple[np.ndarray, np.ndarray]:
    cell = np.minimum(cell, 211)
    return cell % 106 + chance.uniform("part of a year", number), cell >= 106


def _ethnicity(practice: Practice, area: np.ndarray, number: np.ndarray, chance: Chance) -> np.ndarray:
    category = 1 + np.searchsorted(_cumulative(MINORITY_SHARE), chance.uniform("ethnic category", number))
    return np.where(chance.uniform("minority", number) < practice.minority[area], np.minimum(category, 15), 0)


def _decile(practice: Practice, area: np.ndarray, number: np.ndarray, chance: Chance) -> np.ndarray:
    """Decile of the home; where the area has none, that of somebody else of the practice."""
    weight = np.where(practice.decile > 0, practice.patient_count, 0)
    likely = np.bincount(practice.decile, weight, minlength=11)[1:11]
    likely = likely if likely.any() else np.ones(10)
    guessed = 1 + np.minimum(np.searchsorted(_cumulative(likely), chance.uniform("decile", number)), 9)
    decile = practice.decile[area]
    return np.where(decile == 0, guessed, decile).astype(np.int8)

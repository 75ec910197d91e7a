"""Usual blood pressure of each person, and how single readings vary around it.

What belongs here is the latent pressure without treatment and the physics of measuring it. Who is measured and what
follows is `visits.py`'s, `diagnosis.py`'s and `readings.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from phm.synthetic.moments import YEARS
from phm.synthetic.people import BLACK, SOUTH_ASIAN, People

# Mean and standard deviation of usual systolic pressure by age, untreated, and mean diastolic.
_AGES = [2, 12, 20, 35, 50, 60, 70, 80, 100]
_SYSTOLIC_MEN = [95, 111, 124.5, 124.3, 131.2, 136.6, 140.8, 145.8, 146]
_SYSTOLIC_WOMEN = [95, 110, 119.6, 117, 126.5, 133.8, 140.8, 148, 149]
_SYSTOLIC_SPREAD = [7, 9, 12.5, 11.5, 13, 14.5, 16, 17, 17]
_DIASTOLIC = [58, 65, 71, 77, 80, 79.5, 76.5, 73, 70]
DIASTOLIC_SPREAD = 5.0
ON_SYSTOLIC = 0.42
"""Diastolic mm Hg for each mm Hg a person's systolic pressure lies above that of their likes."""
WHITE_COATS, WHITE_COAT = 0.1, (13, 5)
"""Share of people whose pressure rises in a clinic, and by how much: mean and spread, mm Hg systolic."""

RISE_A_YEAR = 0.4
"""How much lower systolic pressure was a year earlier, untreated adults, mm Hg."""
COAT_ON_DIASTOLIC, CHANCE_ON_DIASTOLIC, RISE_ON_DIASTOLIC = 0.4, 0.35, 0.3
"""Diastolic mm Hg for each mm Hg of systolic pressure that a clinic adds, chance adds, a year adds."""
DIASTOLIC_CHANCE = 5
"""Spread of single diastolic readings besides, mm Hg."""
_EARLIER = 3 * RISE_A_YEAR
"""How much lower systolic pressure was on average while people's records ran, mm Hg."""


@dataclass(frozen=True)
class Likes:
    """How usual pressure varies among people of the same age, sex, weight, ethnicity and deprivation, mm Hg.

    Systolic is normal. Diastolic is normal given systolic: its mean rises by `ON_SYSTOLIC` for each mm Hg.
    """

    systolic_mean: np.ndarray
    systolic_spread: np.ndarray
    diastolic_mean: np.ndarray


@dataclass(frozen=True)
class Pressure:
    """Blood pressure of each person of one practice without treatment, one element each."""

    likes: Likes
    true_systolic: np.ndarray
    """Usual pressure in the clinic without treatment, mm Hg."""
    true_diastolic: np.ndarray
    variability: np.ndarray
    """Standard deviation of the person's systolic readings in the clinic, mm Hg."""
    white_coat: np.ndarray
    """What a clinic adds to the usual systolic pressure, mm Hg."""
    has_hypertension: np.ndarray
    """Usual untreated pressure of 140/90 or more (either arm), adults only."""


def pressure(people: People, bmi: np.ndarray, /) -> Pressure:
    """Usual pressure of a practice's people as at the middle of the window."""
    age, male, who, chance = people.anchor_age, people.is_male, people.nhs_number, people.chance
    adult = age >= 18
    mean = np.where(male, np.interp(age, _AGES, _SYSTOLIC_MEN), np.interp(age, _AGES, _SYSTOLIC_WOMEN))
    by_ethnicity = 4.0 * BLACK[people.ethnicity] - 0.5 * SOUTH_ASIAN[people.ethnicity]
    mean = mean + adult * (0.7 * (bmi - 27.3) + 4.4 * people.deprived + by_ethnicity)
    diastolic_mean = np.interp(age, _AGES, _DIASTOLIC) + 1.5 * male + 0.25 * (bmi - 27.3) * adult
    likes = Likes(mean, np.interp(age, _AGES, _SYSTOLIC_SPREAD), diastolic_mean)
    systolic = mean + likes.systolic_spread * chance.normal("systolic", who)
    diastolic = diastolic_mean + ON_SYSTOLIC * (systolic - mean)
    diastolic = np.minimum(diastolic + DIASTOLIC_SPREAD * chance.normal("diastolic", who), systolic - 18)
    return Pressure(
        likes=likes,
        true_systolic=np.round(systolic, 1),
        true_diastolic=np.round(diastolic, 1),
        variability=8.9 * np.exp(0.25 * chance.normal("variability", who)) * np.interp(age, [30, 80], [0.92, 1.15]),
        white_coat=np.where(
            chance.uniform("white coat", who) < WHITE_COATS,
            WHITE_COAT[0] + WHITE_COAT[1] * chance.normal("white coat by", who),
            0,
        ),
        has_hypertension=adult & ((systolic >= 140) | (diastolic >= 90)),
    )


def untreated(people: People, of: Pressure, person: np.ndarray, day: np.ndarray, /) -> tuple[np.ndarray, np.ndarray]:
    """Usual systolic and diastolic pressure of people on days before any treatment."""
    earlier = RISE_A_YEAR * np.clip((people.anchor - day) / 365.25, 0, YEARS)
    return of.true_systolic[person] - earlier, of.true_diastolic[person] - RISE_ON_DIASTOLIC * earlier


def single_readings(
    people: People,
    of: Pressure,
    person: np.ndarray,
    day: np.ndarray,
    usual: tuple[np.ndarray, np.ndarray],
    purpose: str,
    /,
    *,
    added: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Systolic and diastolic of single readings: what is usual at the time, the clinic's effect and chance.

    Some observers round to the nearest ten, most to even numbers. `purpose` names the occasion: two occasions of one
    day have two readings.
    """
    key, draw = (people.nhs_number[person], day), people.chance
    chance = of.variability[person] * draw.normal(f"{purpose} systolic", *key)
    systolic = usual[0] + of.white_coat[person] + added + chance
    diastolic = usual[1] + COAT_ON_DIASTOLIC * of.white_coat[person] + added / 2 + CHANCE_ON_DIASTOLIC * chance
    diastolic = diastolic + DIASTOLIC_CHANCE * draw.normal(f"{purpose} diastolic", *key)
    step = np.array([1, 2, 10])[np.searchsorted([0.3, 0.9], draw.uniform(f"{purpose} rounding", *key))]
    return np.maximum(np.round(systolic / step) * step, 72), np.maximum(np.round(diastolic / step) * step, 38)


def is_raised(systolic: np.ndarray, diastolic: np.ndarray, /) -> np.ndarray:
    """Whether readings of the clinic are 140/90 or more, either arm."""
    return (systolic >= 140) | (diastolic >= 90)


def chance_of_hypertension(
    systolic: np.ndarray, diastolic: np.ndarray, width: np.ndarray, diastolic_spread: np.ndarray | float, /
) -> tuple[np.ndarray, np.ndarray]:
    """Chance that usual pressure is 140 or more, and 140/90 or more in either arm.

    Systolic pressure lies within half of `width` of `systolic`, diastolic pressure is normal around `diastolic`.
    """
    by_systolic = np.clip((systolic - 140) / width + 0.5, 0, 1)
    return by_systolic, by_systolic + (1 - by_systolic) * ndtr((diastolic - 90) / diastolic_spread)


def chance_of_raised(
    systolic: np.ndarray, diastolic: np.ndarray, variability: np.ndarray, white_coat: np.ndarray, /
) -> np.ndarray:
    """Chance that a single untreated reading of the last years `is_raised`, from usual pressure; its arms taken apart.

    Rounding to even numbers makes 139 and 89 of the limits.
    """
    over = (systolic - _EARLIER + white_coat - 139) / variability
    spread = np.sqrt((CHANCE_ON_DIASTOLIC * variability) ** 2 + DIASTOLIC_CHANCE**2)
    diastolic_over = diastolic - RISE_ON_DIASTOLIC * _EARLIER + COAT_ON_DIASTOLIC * white_coat - 89
    return 1 - ndtr(-over) * ndtr(-diastolic_over / spread)

"""What readings say of somebody's usual blood pressure: a mean with its uncertainty, and a chance of hypertension.

Belongs here: taking chance out of readings. One raised reading is no hypertension, and one normal reading does not rule
it out: a model taught "the reading was raised" would promise more than anybody would find.

Both arms of usual pressure are taken as normal around what is usual for people alike, and readings as normal around
usual pressure (regression calibration: Carroll and others, Measurement Error in Nonlinear Models, 2006). How people
alike differ and how readings of one person vary is estimated from a site's own readings. What a clinic adds to some
people's pressure (white coat) does not go away with more readings there; averages at home or on the move do without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr
from sklearn.linear_model import Ridge

from phm.core.blood_pressure import CLINIC

AGE_BANDS = (18, 35, 50, 65, 121)
"""The spread between people grows with age: it is taken for each of these bands."""

WHITE_COAT = np.array([[25.0, 10.0], [10.0, 4.0]])
"""Covariance of what a clinic adds, systolic and diastolic: a standard deviation of 5 and 2 mm Hg (local)."""

AVERAGE = np.array([[25.0, 10.0], [10.0, 16.0]])
"""Covariance of one home or ambulatory average around usual pressure: 5 and 4 mm Hg (local)."""

FEWEST = 50
"""Smallest number of people whose spread is taken by itself."""

BENDS = (35.0, 50.0, 65.0, 80.0)
"""Ages at which the line of mean pressure may bend."""


@dataclass(frozen=True)
class Belief:
    """Usual pressure of people, one row each: mean of both arms, and covariance."""

    mean: np.ndarray
    covariance: np.ndarray

    def told(self, people: pd.DataFrame, within: np.ndarray, /, *, prefix: str = "") -> Belief:
        """The belief after the readings whose `landmarks.SUMS` stand after `prefix`."""
        precision = np.linalg.inv(self.covariance)
        pull = np.einsum("nij,nj->ni", precision, self.mean)
        for kind, (by_day, always) in {"clinic": (within, WHITE_COAT), "average": (AVERAGE, 0 * AVERAGE)}.items():
            days = people[f"{prefix}{kind}_days"].fillna(0).to_numpy(float)
            at = np.flatnonzero(days > 0)
            mean = _mean(people.iloc[at], f"{prefix}{kind}")
            gained = np.linalg.inv(by_day / days[at, None, None] + always)
            precision[at] += gained
            pull[at] += np.einsum("nij,nj->ni", gained, mean)
        covariance = np.linalg.inv(precision)
        return Belief(np.einsum("nij,nj->ni", covariance, pull), covariance)

    def chance(self) -> np.ndarray:
        """Chance that usual pressure is 140/90 or more, either arm."""
        spread = np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2))
        below = (np.array(CLINIC.raised) - 0.5 - self.mean) / spread
        correlation = self.covariance[:, 0, 1] / (spread[:, 0] * spread[:, 1])
        return np.clip(1 - both_below(below[:, 0], below[:, 1], correlation), 0, 1)


@dataclass(frozen=True)
class UsualPressure:
    """How usual pressure varies among people, learned from a site's readings, and what a person's own add to it."""

    coefficients: np.ndarray
    """One row an arm: of the columns of `_alike`."""
    intercept: np.ndarray
    within: np.ndarray
    """Covariance of one person's clinic readings on different days."""
    between: np.ndarray
    """Covariance of usual pressures of people alike, for each of `AGE_BANDS`."""

    @classmethod
    def learned(cls, people: pd.DataFrame, /) -> UsualPressure:
        """From what was known of people on a day (`landmarks.known`), of those with clinic readings.

        Whoever has more readings counts more, as their mean is better known.
        """
        found = people[people["clinic_days"] > 0]
        days = found["clinic_days"].to_numpy(float)
        mean, alike = _mean(found, "clinic"), _alike(found)
        weight = days / (days + 0.5)
        line = Ridge(alpha=1.0).fit(alike, mean, sample_weight=weight)
        within = _within(found, mean, days)
        residual = mean - line.predict(alike)
        band = _band(found)
        between = []
        for number in range(len(AGE_BANDS) - 1):
            of = band == number if (band == number).sum() >= FEWEST else np.ones(len(band), bool)
            noise = within * np.average(1 / days[of], weights=weight[of]) + WHITE_COAT
            total = (residual[of].T * weight[of]) @ residual[of] / weight[of].sum()
            between.append(_plausible(total - noise, least=np.trace(total) / 20))
        return cls(line.coef_, line.intercept_, within, np.array(between))

    def alike(self, people: pd.DataFrame, /) -> Belief:
        """What is usual among people alike, whatever their own readings."""
        mean = _alike(people) @ self.coefficients.T + self.intercept
        return Belief(mean, self.between[_band(people)].copy())

    def known(self, people: pd.DataFrame, /) -> Belief:
        """What is believed of each person given their own readings."""
        return self.alike(people).told(people, self.within)

    def found(self, people: pd.DataFrame, /) -> np.ndarray:
        """Chance of hypertension after what routine care found (`found_`); 1 where it made the diagnosis."""
        chance = self.known(people).told(people, self.within, prefix="found_").chance()
        chance[people["is_diagnosed"].to_numpy(bool)] = 1
        return chance

    def record(self) -> dict[str, Any]:
        """The same as plain lists, to be kept in a file."""
        return {name: value.tolist() for name, value in vars(self).items()}

    @classmethod
    def of_record(cls, record: Mapping[str, Any], /) -> UsualPressure:
        return cls(**{name: np.array(value) for name, value in record.items()})


def both_below(first: np.ndarray, second: np.ndarray, correlation: np.ndarray, /) -> np.ndarray:
    """Chance that two standard normal values with this correlation are both below these (Drezner and Wesolowsky).

    >>> both_below(np.zeros(2), np.zeros(2), np.array([0.0, 0.5])).round(6).tolist()
    [0.25, 0.333333]
    """
    nodes, weights = np.polynomial.legendre.leggauss(20)
    half = np.arcsin(np.clip(correlation, -0.999, 0.999))[:, None] / 2
    angle = half * (1 + nodes)
    first, second = first[:, None], second[:, None]
    exponent = (first**2 + second**2 - 2 * first * second * np.sin(angle)) / (2 * np.cos(angle) ** 2)
    area = (np.exp(-exponent) * weights).sum(axis=1) * half[:, 0] / (2 * np.pi)
    return ndtr(first[:, 0]) * ndtr(second[:, 0]) + area


def _alike(people: pd.DataFrame) -> np.ndarray:
    """What mean pressure depends on, as numbers near 1: one row a person."""
    age = people["age"].to_numpy(float)
    male = (people["sex"] == "M").to_numpy(float)
    bmi = people["bmi"].to_numpy(float)
    ages = [(age - 50) / 20, *(np.maximum(age - bend, 0) / 20 for bend in BENDS)]
    groups = [(people["ethnicity_group"] == name).to_numpy(float) for name in ("mixed", "asian", "black", "other")]
    decile = people["imd_decile"].astype(float).fillna(5.5).to_numpy()
    columns = [
        male, *ages, *(male * column for column in ages), np.nan_to_num(bmi - 27, nan=0) / 5,
        np.isnan(bmi).astype(float), (decile - 5.5) / 3, *groups, people["has_diabetes"].to_numpy(float),
    ]  # fmt: skip
    return np.column_stack(columns)


def _band(people: pd.DataFrame) -> np.ndarray:
    return np.digitize(people["age"].to_numpy(float), AGE_BANDS[1:-1])


def _mean(people: pd.DataFrame, kind: str) -> np.ndarray:
    sums = people[[f"{kind}_systolic", f"{kind}_diastolic"]].to_numpy(float)
    return sums / people[f"{kind}_days"].to_numpy(float)[:, None]


def _within(found: pd.DataFrame, mean: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Covariance of one person's clinic readings on different days, of those with several."""
    squares = found[["clinic_systolic_squares", "clinic_products", "clinic_diastolic_squares"]].to_numpy(float)
    expected = days[:, None] * np.column_stack([mean[:, 0] ** 2, mean[:, 0] * mean[:, 1], mean[:, 1] ** 2])
    systolic, product, diastolic = (squares - expected).sum(axis=0) / max((days - 1).sum(), 1)
    return _plausible(np.array([[systolic, product], [product, diastolic]]), least=1.0)


def _plausible(covariance: np.ndarray, *, least: float) -> np.ndarray:
    """The nearest covariance whose variances are at least `least` in every direction: few people can give less."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.maximum(values, least)) @ vectors.T

"""What readings say of somebody's usual blood pressure: a chance of hypertension, not a yes or no.

Belongs here: taking chance out of readings. One raised reading is no hypertension, and one normal reading does not rule
it out: a model taught "the reading was raised" would promise more than anybody would find.

Both arms are taken as normal around what is usual for people with the same predictors. How much a person's own readings
vary comes from people measured on several days; what is left of the spread is between people (regression calibration:
Carroll and others, Measurement Error in Nonlinear Models, 2006). A white coat effect stays a part of what is usual.
"""

import numpy as np
import pandas as pd
from scipy.special import ndtr
from sklearn.linear_model import Ridge

from phm.core.blood_pressure import CLINIC

AGE_BANDS = (18, 40, 60, 121)
"""The spread between people grows with age: it is taken for each of these bands."""


def chance_of_hypertension(found: pd.DataFrame, design: np.ndarray, weight: np.ndarray, /) -> np.ndarray:
    """Chance that each person's usual pressure is 140/90 or more, either arm; 1 where care made the diagnosis.

    Parameters
    ----------
    found
        One row a person measured or diagnosed: the sums of `landmarks.landmark`, `age` and `is_diagnosed`.
    design
        Their predictors as numbers, one row a person.
    weight
        How many people each stands for.
    """
    chance = np.ones(len(found))
    days = found["day_count"].fillna(0).to_numpy()
    at = days > 0
    sums = found.loc[at, ["systolic_sum", "diastolic_sum"]].to_numpy(float)
    mean = sums / days[at, None]
    within = _within(found[at], mean, days[at])
    usual = Ridge(alpha=1.0).fit(design[at], mean, sample_weight=weight[at]).predict(design[at])
    band = np.digitize(found.loc[at, "age"], AGE_BANDS[1:-1])
    middle, spread = np.empty_like(mean), np.empty((at.sum(), 2, 2))
    for number in np.unique(band):
        of = band == number
        between = _between(mean[of] - usual[of], within, days[at][of], weight[at][of])
        noise = within / days[at][of, None, None]
        gain = between @ np.linalg.inv(between + noise)
        middle[of] = usual[of] + np.einsum("nij,nj->ni", gain, mean[of] - usual[of])
        spread[of] = between - gain @ between
    below = (np.array(CLINIC.raised) - 0.5 - middle) / np.sqrt(np.diagonal(spread, axis1=1, axis2=2))
    correlation = spread[:, 0, 1] / np.sqrt(spread[:, 0, 0] * spread[:, 1, 1])
    chance[at] = 1 - both_below(below[:, 0], below[:, 1], correlation)
    chance[found["is_diagnosed"].to_numpy(bool)] = 1
    return np.clip(chance, 0, 1)


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


def _within(found: pd.DataFrame, mean: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Covariance of one person's readings on different days, of those with several."""
    squares = found[["systolic_squares", "products", "diastolic_squares"]].to_numpy(float)
    expected = days[:, None] * np.column_stack([mean[:, 0] ** 2, mean[:, 0] * mean[:, 1], mean[:, 1] ** 2])
    systolic, product, diastolic = (squares - expected).sum(axis=0) / max((days - 1).sum(), 1)
    return _plausible(np.array([[systolic, product], [product, diastolic]]), least=1.0)


def _between(residual: np.ndarray, within: np.ndarray, days: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Covariance of usual pressures of people alike: what chance does not explain, never less than a tenth of all."""
    total = (residual.T * weight) @ residual / weight.sum()
    return _plausible(total - within * np.average(1 / days, weights=weight), least=np.trace(total) / 20)


def _plausible(covariance: np.ndarray, *, least: float) -> np.ndarray:
    """The nearest covariance whose variances are at least `least` in every direction: few people can give less."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.maximum(values, least)) @ vectors.T

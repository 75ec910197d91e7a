"""Intervals around one count or one share. Arrays in, arrays out; no areas, no suppression, no tables.

Released numbers come in, so what is computed here says no more than they do. A limit is missing where it means nothing:
a part is missing, negative, or larger than its whole.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv

EXACT_BELOW = 10
"""Events below which Byar's approximation gives way to exact Poisson limits (PHEindicatormethods)."""


def z_of(confidence: float, /) -> float:
    """Standard deviations either side of a normal mean that hold a share `confidence` of it: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(
    numerator: ArrayLike, denominator: ArrayLike, /, *, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper Wilson score limits of a proportion, between 0 and 1.

    Missing where a part is missing, the denominator is not above 0, or the numerator lies outside 0 to denominator.
    Source: Wilson (1927), as in PHEindicatormethods `phe_proportion`.

    >>> lower, upper = wilson([65], [100])
    >>> float(lower[0].round(6)), float(upper[0].round(6))
    (0.552544, 0.736358)
    """
    count = np.asarray(numerator, dtype=np.float64)
    total = np.asarray(denominator, dtype=np.float64)
    known = (total > 0) & (count >= 0) & (count <= total)
    count, total = np.where(known, count, np.nan), np.where(known, total, np.nan)
    z = z_of(confidence)
    spread = z * np.sqrt(z**2 + 4 * count * (1 - count / total))
    scale = 2 * (total + z**2)
    # Of nobody and of everybody one limit is exact, which floating point misses by a hair.
    lower = np.where(count == 0, 0.0, (2 * count + z**2 - spread) / scale)
    upper = np.where(count == total, 1.0, (2 * count + z**2 + spread) / scale)
    return lower, upper


def byars(count: ArrayLike, /, *, confidence: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper limits of a count of events by Byar's approximation, in events.

    The lower limit is missing where the approximation falls below 0, as it does for very few events.
    Source: Breslow and Day (1987), volume II, as in PHEindicatormethods.

    >>> lower, upper = byars([65])
    >>> float(lower[0].round(4)), float(upper[0].round(4))
    (50.1632, 82.8491)
    """
    events = _events(count)
    z = z_of(confidence)
    some = np.where(events > 0, events, np.nan)
    lower = some * (1 - 1 / (9 * some) - z / (3 * np.sqrt(some))) ** 3
    more = events + 1
    upper = more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
    return np.where(lower >= 0, lower, np.nan), upper


def poisson_limits(count: ArrayLike, /, *, confidence: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper limits of a count of events, in events: exact below 10 events, Byar's from there.

    Source: exact limits by the chi-squared (gamma) quantile, Garwood (1936); as in PHEindicatormethods `phe_rate`.

    >>> lower, upper = poisson_limits([0, 5])
    >>> lower.round(4).tolist(), upper.round(4).tolist()
    ([0.0, 1.6235], [3.6889, 11.6683])
    """
    events = _events(count)
    tail = (1 - confidence) / 2
    exact_lower = np.where(events > 0, gammaincinv(np.where(events > 0, events, 1.0), tail), 0.0)
    exact_upper = gammaincinv(events + 1, 1 - tail)
    lower, upper = byars(events, confidence=confidence)
    few = ~(events >= EXACT_BELOW)
    return np.where(few, np.where(np.isnan(events), np.nan, exact_lower), lower), np.where(few, exact_upper, upper)


def _events(count: ArrayLike) -> NDArray[np.float64]:
    events = np.asarray(count, dtype=np.float64)
    return np.where(events >= 0, events, np.nan)

"""Statistics on counts: intervals for proportions. Arrays in, arrays out; no areas, no suppression, no tables.

Released numbers come in, so what is computed here says no more than they do.
"""

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray


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
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    spread = z * np.sqrt(z**2 + 4 * count * (1 - count / total))
    scale = 2 * (total + z**2)
    # Of nobody and of everybody one limit is exact, which floating point misses by a hair.
    lower = np.where(count == 0, 0.0, (2 * count + z**2 - spread) / scale)
    upper = np.where(count == total, 1.0, (2 * count + z**2 + spread) / scale)
    return lower, upper

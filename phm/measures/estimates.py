"""Values of areas or groups with all that a plot of one must state: parts, interval, method, confidence, period.

Crude proportions and rates are made here, standardised ones in `phm.measures.standardised`; both give `Estimates`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from phm.measures.rates import EXACT_BELOW, poisson_limits, wilson

Numbers = NDArray[np.float64]
PER = 1000
"""People that the rates of measures are given for."""
BYARS, EXACT, WILSON = "Byar's", "exact Poisson", "Wilson"


@dataclass(frozen=True, eq=False)
class Estimates:
    """One value per area or group, as arrays of one length; a value that cannot be computed is missing.

    `statistic` says what a value is (`percent`, `rate per 100,000`); `method` how each one's interval was computed, or
    why there is none; `confidence` is the interval's, as a share.
    """

    numerator: Numbers
    denominator: Numbers
    value: Numbers
    lower: Numbers
    upper: Numbers
    statistic: str
    method: NDArray[np.str_]
    confidence: float

    def table(self, *, period: str) -> pd.DataFrame:
        """One row per area or group: the parts, value and limits, how they were made and the time they are of."""
        return pd.DataFrame(
            {
                "numerator": self.numerator,
                "denominator": self.denominator,
                "value": self.value,
                "lower": self.lower,
                "upper": self.upper,
                "confidence_pct": round(100 * self.confidence, 1),
                "statistic": self.statistic,
                "method": self.method,
                "period": period,
            }
        )


def describe(estimates: pd.DataFrame, /) -> list[str]:
    """A sentence per row of `Estimates.table`: what somebody who points at a plotted value reads.

    >>> describe(proportion([65], [100], multiplier=100).table(period="October 2026"))
    ['65.0 percent (95% interval 55.3 to 73.6, Wilson): 65 of 100, October 2026']
    """
    return [
        f"{row.value:,.1f} {row.statistic} ({row.confidence_pct:g}% interval {row.lower:,.1f} to {row.upper:,.1f}, "
        f"{row.method}): {row.numerator:,.0f} of {row.denominator:,.0f}, {row.period}"
        if pd.notna(row.value)
        else f"no value ({row.method}), {row.period}"
        for row in estimates.itertuples()
    ]


def proportion(
    numerator: ArrayLike, denominator: ArrayLike, /, *, multiplier: float = 100, confidence: float = 0.95
) -> Estimates:
    """Shares of people with their Wilson interval, as percentages unless `multiplier` says otherwise.

    Source: PHEindicatormethods `phe_proportion`.
    """
    lower, upper = wilson(numerator, denominator, confidence=confidence)
    counts, totals = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    value = np.where(np.isnan(lower), np.nan, counts / np.where(totals > 0, totals, np.nan))
    return Estimates(
        counts,
        totals,
        multiplier * value,
        multiplier * lower,
        multiplier * upper,
        "percent" if multiplier == 100 else f"proportion of {multiplier:,g}",
        np.where(np.isnan(value), "a part is missing or impossible", WILSON),
        confidence,
    )


def rate(
    events: ArrayLike, denominator: ArrayLike, /, *, multiplier: float = 100_000, confidence: float = 0.95
) -> Estimates:
    """Events per `multiplier` people (or person-years) with Byar's interval, exact below 10 events.

    Source: PHEindicatormethods `phe_rate`.
    """
    return _scaled(events, denominator, multiplier, confidence, f"rate per {multiplier:,g}")


def ratio(
    observed: ArrayLike, expected: ArrayLike, /, *, multiplier: float = 100, confidence: float = 0.95
) -> Estimates:
    """Events observed over events expected, times `multiplier`, with Byar's interval, exact below 10 events.

    Source: PHEindicatormethods `calculate_ISRatio`.
    """
    return _scaled(observed, expected, multiplier, confidence, f"observed over expected x {multiplier:,g}")


def _scaled(
    events: ArrayLike, denominator: ArrayLike, multiplier: float, confidence: float, statistic: str
) -> Estimates:
    counts, totals = np.asarray(events, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    per = multiplier / np.where(totals > 0, totals, np.nan)
    lower, upper = poisson_limits(counts, confidence=confidence)
    value = np.where(counts >= 0, counts, np.nan) * per
    method = np.where(counts < EXACT_BELOW, EXACT, BYARS)
    return Estimates(
        counts,
        totals,
        value,
        lower * per,
        upper * per,
        statistic,
        np.where(np.isnan(value), "a part is missing or impossible", method),
        confidence,
    )

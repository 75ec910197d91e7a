"""Which areas differ from the average by more than their size lets one expect: funnel limits and significance.

An area outside the 95% limits would be there by chance once in 20, outside the 99.8% limits once in 500. Where most
areas scatter more than chance, that is named (`Overdispersion`) and the limits can be widened by it.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincc, pdtrik

from phm.errors import ConfigurationError
from phm.measures.rates import z_of

Numbers = NDArray[np.float64]
Kind = Literal["proportion", "rate"]
WARNING, ALARM = 0.95, 0.998
"""Confidence of the inner and outer limits: 2 and 3 standard deviations."""
NOT_DIFFERENT = "not different"
WINSORISED = 0.1
"""Share of areas at either end whose distance is drawn in before the scatter is measured (Spiegelhalter 2005)."""


@dataclass(frozen=True)
class Overdispersion:
    """How much more areas scatter than chance lets them.

    `phi` is the mean squared distance from the average in standard errors, the extreme tenths at either end drawn in:
    about 1 or below where chance explains it. `tau2` is the variance between areas' true values, in squared units of
    the value before any multiplier; 0 where chance explains all.
    """

    phi: float
    tau2: float

    @property
    def is_present(self) -> bool:
        return self.tau2 > 0


@dataclass(frozen=True, eq=False)
class Funnel:
    """Each area against the average of all: `limits` at 95% and 99.8% of its size, and on which side it lies.

    `baseline`, `value` and limits are times the multiplier. `significance` is `low 99.8%`, `low 95%`, `not different`,
    `high 95%` or `high 99.8%`.
    """

    baseline: float
    value: Numbers
    limits: dict[float, tuple[Numbers, Numbers]]
    significance: NDArray[np.str_]
    overdispersion: Overdispersion
    method: str


def funnel(
    numerator: ArrayLike,
    denominator: ArrayLike,
    /,
    *,
    kind: Kind,
    baseline: float | None = None,
    multiplier: float = 100,
    widened: bool = False,
) -> Funnel:
    """The funnel of a set of areas.

    Parameters
    ----------
    numerator, denominator
        One number per area. Of a standardised ratio the events observed and expected; of a directly standardised rate
        the events and events over rate, so that the quotient is the rate.
    kind
        `proportion` where the numerator is part of the denominator, `rate` where it counts events.
    baseline
        The average to compare with; the areas' own, sum over sum, unless given (1 for a standardised ratio).
    widened
        Whether the limits allow for overdispersion, if there is any.

    Raises
    ------
    ConfigurationError
        No area has both parts.

    Missing parts give missing limits and no significance. Sources: OHID Fingertips technical guidance and
    PHEindicatormethods `calculate_funnel_limits`; Spiegelhalter (2005) for overdispersion.
    """
    counts, totals = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    known = (counts >= 0) & (totals > 0)
    if not known.any():
        raise ConfigurationError(
            "There is no funnel without areas", name=kind, hint="Give areas with a numerator and a denominator above 0."
        )
    counts, totals = np.where(known, counts, np.nan), np.where(known, totals, np.nan)
    average = float(np.nansum(counts) / np.nansum(totals)) if baseline is None else baseline
    value = counts / totals
    scatter = overdispersion(counts, totals, kind=kind, baseline=average)
    widen = widened and scatter.is_present
    limits = {
        level: funnel_limits(totals, kind=kind, baseline=average, confidence=level, tau2=scatter.tau2 if widen else 0.0)
        for level in (WARNING, ALARM)
    }
    significance = np.full(value.shape, NOT_DIFFERENT, dtype="<U13")
    for level, (lower, upper) in limits.items():
        significance[value < lower] = f"low {100 * level:g}%"
        significance[value > upper] = f"high {100 * level:g}%"
    significance[~known] = ""
    how = "score" if kind == "proportion" else "exact Poisson"
    return Funnel(
        multiplier * average,
        multiplier * value,
        {level: (multiplier * low, multiplier * high) for level, (low, high) in limits.items()},
        significance,
        scatter,
        f"{how} limits{', widened for overdispersion' if widen else ''}",
    )


def funnel_limits(
    denominator: ArrayLike, /, *, kind: Kind, baseline: float | Numbers, confidence: float, tau2: float = 0.0
) -> tuple[Numbers, Numbers]:
    """Lower and upper limit at each size of area, in units of `baseline`: the lines of the plot.

    `baseline` is one number, or one for each size.

    A proportion's are the values whose Wilson-type score interval just touches the baseline, between 0 and 1. A
    rate's are where an exact Poisson test of the baseline turns significant, interpolated between whole events. With
    `tau2` both are normal, with that variance added.
    """
    totals = np.asarray(denominator, dtype=np.float64)
    totals = np.where(totals > 0, totals, np.nan)
    if kind == "proportion" or tau2:
        spread = z_of(confidence) * np.sqrt(_variance(totals, kind, baseline) + tau2)
        highest = 1.0 if kind == "proportion" else np.inf
        return np.clip(baseline - spread, 0, None), np.clip(baseline + spread, None, highest)
    tail = (1 - confidence) / 2
    expected = baseline * totals
    # Where no event at all is not rare enough, there is no lower limit above 0.
    can_be_low = gammaincc(1.0, expected) < tail
    lower = np.where(can_be_low, pdtrik(tail, np.where(can_be_low, expected, 1e3)), 0.0)
    upper = pdtrik(1 - tail, expected) + 1
    return np.where(np.isnan(totals), np.nan, lower / totals), upper / totals


def overdispersion(numerator: ArrayLike, denominator: ArrayLike, /, *, kind: Kind, baseline: float) -> Overdispersion:
    """The scatter of areas around `baseline` beyond chance, by the additive random-effects method.

    Source: Spiegelhalter (2005), Funnel plots for comparing institutional performance, Statistics in Medicine 24,
    with distances winsorised at 10% and 90%, and the moment estimator of DerSimonian and Laird (1986).
    """
    counts, totals = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    known = (counts >= 0) & (totals > 0)
    counts, totals = counts[known], totals[known]
    variance = _variance(totals, kind, baseline)
    areas = len(counts)
    if areas < 2 or not (variance > 0).all():
        return Overdispersion(float("nan"), 0.0)
    distance = (counts / totals - baseline) / np.sqrt(variance)
    drawn_in = np.clip(distance, *np.quantile(distance, [WINSORISED, 1 - WINSORISED]))
    phi = float((drawn_in**2).mean())
    weight = 1 / variance
    between = (areas * phi - (areas - 1)) / (weight.sum() - (weight**2).sum() / weight.sum())
    return Overdispersion(phi, max(0.0, float(between)))


def _variance(totals: Numbers, kind: Kind, baseline: float | Numbers) -> Numbers:
    """Variance of an area's value by chance alone, if its true value is the baseline."""
    return baseline * (1 - baseline) / totals if kind == "proportion" else baseline / totals

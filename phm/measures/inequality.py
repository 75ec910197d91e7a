"""How much a measure differs from the most to the least deprived: slope and relative index of inequality.

Groups of people in order of deprivation become positions between 0 (most deprived) and 1 (least), each at the middle
of its share of the population. A straight line through the groups' values, weighted by those shares, has a value at
either end: the slope index (SII) is their difference, the relative index (RII) their ratio. Both are read with their
interval, and only where the groups lie near a line.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phm.measures.rates import z_of

Numbers = NDArray[np.float64]
Scale = Literal["identity", "log", "logit"]


@dataclass(frozen=True, eq=False)
class Inequality:
    """One slope and one relative index per area, with limits; `most_deprived` is the line's value at position 0.

    `sii` is the value at the least deprived end less that at the most deprived end: below 0 where deprived people have
    more of what is measured. `rii` is the least deprived end over the most deprived.
    """

    sii: Numbers
    sii_lower: Numbers
    sii_upper: Numbers
    rii: Numbers
    rii_lower: Numbers
    rii_upper: Numbers
    most_deprived: Numbers
    method: str


def inequality(
    value: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    population: ArrayLike,
    /,
    *,
    scale: Scale = "identity",
    line_on_scale: bool = False,
    multiplier: float = 1,
    confidence: float = 0.95,
) -> Inequality:
    """Slope and relative index of inequality of areas, each from its groups' values.

    Parameters
    ----------
    value, lower, upper
        Values and their 95% limits: one row per area, one column per group, most deprived first.
    population
        People of each group, of the same shape.
    scale
        Where the limits are symmetric: `identity`, `log` for a rate, `logit` for a proportion between 0 and 1.
    line_on_scale
        Whether the line is fitted to the logs or logits instead of the values.
    multiplier
        What `sii` and `most_deprived` are multiplied by; a negative one turns both indices round, so that more among
        the deprived is above 0 and above 1.

    An area with a group that is missing, has no people or impossible limits has no index: leaving the group out would
    change the question.

    Limits are analytic (first-order, normal for the slope, log-normal for the ratio), so the same figures give the same
    limits; PHEindicatormethods simulates them, from 100,000 draws. Sources: Low and Low (2004); Regidor (2004);
    PHEindicatormethods `phe_sii`.
    """
    values, low, high, people = (np.asarray(a, dtype=np.float64) for a in (value, lower, upper, population))
    known = (people > 0) & (low <= values) & (values <= high) & _possible(low, scale) & _possible(high, scale)
    complete = known.all(axis=-1, keepdims=True)
    values, low, high, people = (np.where(complete, a, np.nan) for a in (values, low, high, people))
    error = (_transformed(high, scale) - _transformed(low, scale)) / (2 * z_of(0.95))
    if line_on_scale:
        heights, link = _transformed(values, scale), scale
    else:
        heights, link = values, "identity"
        error = error * _derivative(values, scale)
    share = people / people.sum(axis=-1, keepdims=True)
    position = np.cumsum(share, axis=-1) - share / 2
    from_middle = position - (share * position).sum(axis=-1, keepdims=True)
    slope = share * from_middle / (share * from_middle**2).sum(axis=-1, keepdims=True)
    # The line's two ends are weighted sums of the groups' heights, with these weights.
    ends = [share + slope * (at - (share * position).sum(axis=-1, keepdims=True)) for at in (0.0, 1.0)]
    fitted = [(end * heights).sum(axis=-1) for end in ends]
    most, least = (_natural(height, link) for height in fitted)
    steep = [_derivative(end, link) for end in (most, least)]
    moved = [end * error * d[..., np.newaxis] for end, d in zip(ends, steep, strict=True)]
    z = z_of(confidence)
    spread = z * np.sqrt(((moved[1] - moved[0]) ** 2).sum(axis=-1))
    rii = np.divide(least, most, out=np.full_like(most, np.nan), where=(most > 0) & (least > 0))
    relative = [part / end[..., np.newaxis] for part, end in zip(moved, (most, least), strict=True)]
    factor = np.exp(z * np.sqrt(((relative[1] - relative[0]) ** 2).sum(axis=-1)))
    rii_limits = [rii / factor, rii * factor]
    sii = least - most
    sii_limits = [multiplier * (sii - spread), multiplier * (sii + spread)]
    if multiplier < 0:
        rii, rii_limits, sii_limits = 1 / rii, [1 / limit for limit in reversed(rii_limits)], sii_limits[::-1]
    fit = f"line on the {scale} scale" if line_on_scale else "line through the values"
    return Inequality(
        multiplier * sii,
        *sii_limits,
        rii,
        *rii_limits,
        abs(multiplier) * most,
        f"weighted least squares, {fit}; limits analytic, {100 * confidence:g}%",
    )


def _possible(value: Numbers, scale: Scale) -> NDArray[np.bool_]:
    if scale == "identity":
        return np.isfinite(value)
    return (value > 0) if scale == "log" else (value > 0) & (value < 1)


def _transformed(value: Numbers, scale: Scale) -> Numbers:
    if scale == "identity":
        return value
    return np.log(value) if scale == "log" else np.log(value / (1 - value))


def _natural(height: Numbers, scale: Scale) -> Numbers:
    if scale == "identity":
        return height
    return np.exp(height) if scale == "log" else 1 / (1 + np.exp(-height))


def _derivative(value: Numbers, scale: Scale) -> Numbers:
    """How fast the natural value moves with its place on the scale, at `value`."""
    if scale == "identity":
        return np.ones_like(value)
    return value if scale == "log" else value * (1 - value)

"""Months in order with the limits within which a steady process moves: XmR charts with the rules of the NHS.

Rules of NHS England's *Making data count*: a point outside the limits; seven points in a row on one side of the mean;
seven points in a row all rising or all falling; two of three points in a row close to the same limit (beyond two thirds
of the way). Sources: NHS England, Model Health System, Statistical process control charts; NHSRplotthedots 0.2.2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
TO_LIMITS = 2.66
"""Limits lie this many mean moving ranges from the mean: 3 / 1.128."""
OUTLYING_RANGE = 3.267
"""A moving range beyond this many mean moving ranges is left out of the limits (Nelson 1982)."""
RUN = 7
FEW_POINTS = 12
"""Limits from fewer points are provisional (NHS England, Making data count)."""


@dataclass(frozen=True, eq=False)
class RunChart:
    """Series of months, one per row, with their mean, limits and signals.

    `mean`, `lower` and `upper` are one number per series. Signals are 1 above or rising, -1 below or falling, else 0,
    per month: `outside`, `shift`, `trend`, `near_limit`. `points` is how many months the limits come from.
    """

    values: Numbers
    mean: Numbers
    lower: Numbers
    upper: Numbers
    outside: NDArray[np.int8]
    shift: NDArray[np.int8]
    trend: NDArray[np.int8]
    near_limit: NDArray[np.int8]
    points: NDArray[np.int64]

    @property
    def is_special_cause(self) -> Flags:
        """Whether any rule marks the month: more than the common ups and downs."""
        return (self.outside != 0) | (self.shift != 0) | (self.trend != 0) | (self.near_limit != 0)

    @property
    def is_provisional(self) -> Flags:
        """Whether a series' limits come from too few months to rely on."""
        return self.points < FEW_POINTS


def run_chart(values: ArrayLike, /, *, baseline: int | None = None) -> RunChart:
    """XmR chart of every series at once: one row per series, one column per month, oldest first.

    `baseline` is how many of the first months set mean and limits; all of them unless given. A missing month is in no
    range and breaks every row of points. Limits are not cut at 0 or 100. Sources: NHS England, Making data count, and
    its analysts' NHSRplotthedots, whose outlying moving ranges are left out as Nelson (1982) says.
    """
    series = np.atleast_2d(np.asarray(values, dtype=np.float64))
    early = series[:, :baseline]
    mean = _mean(early)
    ranges = np.abs(np.diff(early, axis=1))
    ranges = np.where(ranges < OUTLYING_RANGE * _mean(ranges)[:, np.newaxis], ranges, np.nan)
    # All ranges 0 leaves none: the series has not moved and any change is outside.
    reach = np.where(np.isnan(mean), np.nan, TO_LIMITS * np.nan_to_num(_mean(ranges)))
    side = np.nan_to_num(np.sign(series - mean[:, np.newaxis]))
    distance = np.abs(series - mean[:, np.newaxis])
    is_outside = distance > reach[:, np.newaxis]
    is_near = ~is_outside & (distance > reach[:, np.newaxis] * 2 / 3)
    steps = np.nan_to_num(np.sign(np.diff(series, axis=1)))
    return RunChart(
        series,
        mean,
        mean - reach,
        mean + reach,
        (is_outside * side).astype(np.int8),
        _rows(side, RUN),
        _trends(steps),
        _two_of_three(side, is_near),
        (~np.isnan(early)).sum(axis=1),
    )


def _mean(values: Numbers) -> Numbers:
    """Mean of what is there in each row; missing where nothing is."""
    there = ~np.isnan(values)
    return np.where(there, values, 0.0).sum(axis=1) / np.where(there.any(axis=1), there.sum(axis=1), np.nan)


def _rows(sides: Numbers, length: int) -> NDArray[np.int8]:
    """Marks each place that is one of `length` in a row of the same side, with that side."""
    if sides.shape[1] < length:
        return np.zeros(sides.shape, dtype=np.int8)
    totals = sliding_window_view(sides, length, axis=1).sum(axis=-1)
    return _spread(np.where(np.abs(totals) == length, np.sign(totals), 0.0), length)


def _spread(marks: Numbers, length: int) -> NDArray[np.int8]:
    """Marks of windows become marks of all their `length` places; the later window decides."""
    marked = np.zeros((marks.shape[0], marks.shape[1] + length - 1), dtype=np.int8)
    for offset in reversed(range(length)):
        place = marked[:, offset : offset + marks.shape[1]]
        place[marks != 0] = marks[marks != 0]
    return marked


def _trends(steps: Numbers) -> NDArray[np.int8]:
    """Marks each point of seven in a row that rise or fall: six steps the same way."""
    if steps.shape[1] < RUN - 1:
        return np.zeros((steps.shape[0], steps.shape[1] + 1), dtype=np.int8)
    totals = sliding_window_view(steps, RUN - 1, axis=1).sum(axis=-1)
    return _spread(np.where(np.abs(totals) == RUN - 1, np.sign(totals), 0.0), RUN)


def _two_of_three(sides: Numbers, is_near: Flags) -> NDArray[np.int8]:
    """Marks points near a limit of which there are two among three in a row on the same side of the mean."""
    if sides.shape[1] < 3:
        return np.zeros(sides.shape, dtype=np.int8)
    totals = sliding_window_view(sides, 3, axis=1).sum(axis=-1)
    near = sliding_window_view(is_near, 3, axis=1).sum(axis=-1)
    marks = np.where((np.abs(totals) == 3) & (near >= 2), np.sign(totals), 0.0)
    return np.where(is_near, _spread(marks, 3), 0).astype(np.int8)

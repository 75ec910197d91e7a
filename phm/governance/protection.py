"""What a reader could work out by adding up published counts, and what to withhold so that they cannot.

Knows cells and the sums that tie them, nothing of measures or areas. The bounds of every cell are narrowed through all
sums until nothing moves; while a count of 1 to 7 is confined to fewer than `FEWEST_VALUES` values, the least missed
shown count in a sum that confines it is withheld too, and the bounds are worked out again.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from phm.errors import DisclosureError

SMALL = 7
ROUNDING = 5
FEWEST_VALUES = 3
_UNBOUNDED = 10**12
_ROUNDS = 60

Relation = tuple[int, Sequence[int]]
"""A total's cell and the cells that add up to it exactly."""

Counts = NDArray[np.int64]


def round_counts(truth: Counts, /) -> Counts:
    """Counts to the nearest multiple of 5; a whole number is never half way.

    >>> round_counts(np.array([8, 16, 23, 18, 31, 44])).tolist()
    [10, 15, 25, 20, 30, 45]
    """
    return (truth + ROUNDING // 2) // ROUNDING * ROUNDING


class Cells:
    """Counts on their way out: which are shown, and how narrowly a reader could bound each.

    Parameters
    ----------
    truth
        The counts.
    is_published
        False for what no table holds but a reader can work out, as a complement.
    is_zero_withheld
        Whether zero is published as "0-7" like the small counts.
    importance
        Which cells would be missed more, by rank; within a rank the larger count.
    """

    def __init__(
        self,
        truth: Counts,
        is_published: NDArray[np.bool_],
        is_zero_withheld: NDArray[np.bool_],
        importance: Counts | None = None,
    ) -> None:
        self.truth = truth
        self.importance = np.zeros_like(truth) if importance is None else importance
        self.is_published = is_published
        self.is_zero_withheld = is_zero_withheld
        self.is_small = (truth <= SMALL) & ((truth > 0) | is_zero_withheld)
        self.is_shown = is_published & ~self.is_small

    def labels(self) -> tuple[Counts, Counts]:
        """Lowest and highest count each cell's own label allows."""
        rounded = round_counts(self.truth)
        lower = np.where(self.truth == 0, 0, np.maximum(rounded - ROUNDING // 2, SMALL + 1))
        upper = np.where(self.truth == 0, 0, rounded + ROUNDING // 2)
        small = self.is_published & self.is_small
        lower = np.where(self.is_shown, lower, np.where(small & ~self.is_zero_withheld, 1, 0))
        upper = np.where(self.is_shown, upper, np.where(small, SMALL, _UNBOUNDED))
        return lower.astype(np.int64), upper.astype(np.int64)

    def bounds(self, relations: Sequence[Relation]) -> tuple[Counts, Counts]:
        """Lowest and highest count of each cell once every sum has been followed as far as it goes."""
        lower, upper = self.labels()
        sizes = [len(parts) for _, parts in relations]
        total = np.array([t for t, _ in relations], dtype=np.int64)
        part = np.array([p for _, parts in relations for p in parts], dtype=np.int64)
        sum_of = np.repeat(np.arange(len(relations)), sizes)
        for _ in range(_ROUNDS):
            before = lower.copy(), upper.copy()
            low, high = (_sums(bound[part], sum_of, len(relations)) for bound in (lower, upper))
            np.maximum.at(lower, total, low)
            np.minimum.at(upper, total, high)
            rest_low, rest_high = low[sum_of] - lower[part], high[sum_of] - upper[part]
            np.maximum.at(lower, part, lower[total][sum_of] - rest_high)
            np.minimum.at(upper, part, upper[total][sum_of] - rest_low)
            if np.array_equal(before[0], lower) and np.array_equal(before[1], upper):
                break
        return lower, upper

    def breaches(self, relations: Sequence[Relation]) -> NDArray[np.intp]:
        """Cells of 1 to 7 that a reader could confine to fewer than `FEWEST_VALUES` values."""
        lower, upper = self.bounds(relations)
        is_target = (self.truth > 0) & (self.truth <= SMALL)
        return np.flatnonzero(is_target & (upper - lower + 1 < FEWEST_VALUES))

    def protect(self, relations: Sequence[Relation], /, *, name: str) -> None:
        """Withhold what must be withheld so that no breach is left.

        Raises
        ------
        DisclosureError
            The parts of `name` do not add up, or a breach remains with nothing left to withhold.
        """
        if (self.truth < 0).any() or any(
            self.truth[total] != self.truth[list(parts)].sum() for total, parts in relations
        ):
            raise DisclosureError(
                "Counts do not add up to their totals", name=name, hint="Build them all from the same tables."
            )
        sums_of: dict[int, list[Relation]] = {}
        for relation in relations:
            for cell in (relation[0], *relation[1]):
                sums_of.setdefault(int(cell), []).append(relation)
        for _ in range(len(self.truth)):
            breaches = self.breaches(relations)
            if not len(breaches):
                return
            bounds = self.bounds(relations)
            for breach in breaches.tolist():
                self.is_shown[self._least_missed(breach, sums_of, bounds, name)] = False

    def _least_missed(
        self, breach: int, sums_of: dict[int, list[Relation]], bounds: tuple[Counts, Counts], name: str
    ) -> int:
        """The shown cell to withhold for a breach: out of a sum that confines it, else of any, else of one further."""
        near = sums_of[breach]
        confining = [relation for relation in near if _confines(relation, breach, bounds)]
        far = [relation for total, parts in near for cell in (total, *parts) for relation in sums_of[int(cell)]]
        for some in (confining, near, far):
            shown = {int(cell) for total, parts in some for cell in (total, *parts) if self.is_shown[cell]}
            if shown:
                return min(shown, key=lambda cell: (self.importance[cell], self.truth[cell], cell))
        raise DisclosureError(
            "A small count could be worked out whatever is withheld",
            name=name,
            hint="Publish fewer groups or larger areas.",
        )


def _confines(relation: Relation, cell: int, bounds: tuple[Counts, Counts]) -> bool:
    """Whether this sum alone gives the cell one of its bounds, and a bound that the others leave open."""
    lower, upper = bounds
    total, parts = relation[0], list(relation[1])
    if cell == total:
        low, high = lower[parts].sum(), upper[parts].sum()
    else:
        rest = [part for part in parts if part != cell]
        low, high = lower[total] - upper[rest].sum(), upper[total] - lower[rest].sum()
    return bool((low == lower[cell] and low > 1) or (high == upper[cell] and high < SMALL))


def _sums(values: Counts, sum_of: NDArray[np.intp], size: int) -> Counts:
    """Whole-number sums of `values` by group; floats would lose the last digit of unbounded cells."""
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, sum_of, values)
    return sums

"""How narrowly a reader who adds up can bound every count: integer bounds, followed through all sums to the end.

Knows cells, exact sums among them and cells that differ by little; nothing of what is counted or published.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from phm.governance.labels import Counts

MOST_CHANGED = 2
"""By how many people a reader assumes any group to have changed since last month."""

Positions = NDArray[np.int64]


class Network:
    """Cells by position, the sums that tie them, and pairs of one group this month and last.

    Parameters
    ----------
    size
        Number of cells.
    totals, parts
        Of each sum the total's position and the positions of the parts that add up to it exactly; none is empty.
    pairs
        Two columns of positions: cells that differ by at most `MOST_CHANGED`.
    """

    def __init__(self, size: int, totals: Positions, parts: Sequence[Sequence[int]], pairs: Positions) -> None:
        self.size = size
        self.totals = totals
        self.pairs = pairs
        lengths = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
        self._starts = np.concatenate([[0], np.cumsum(lengths)])
        self._part = np.fromiter((p for of_sum in parts for p in of_sum), dtype=np.int64, count=self._starts[-1])
        self._sum = np.repeat(np.arange(len(parts)), lengths)
        self._sums_by_cell = _index(
            size, np.concatenate([totals, self._part]), np.concatenate([np.arange(len(parts)), self._sum])
        )
        self._twins = _index(size, pairs.ravel(), pairs[:, ::-1].ravel())

    def bounds(self, lower: Counts, upper: Counts) -> tuple[Counts, Counts]:
        """Lowest and highest count of each cell, from those its own label allows."""
        lower, upper = lower.copy(), upper.copy()
        active = np.arange(len(self.totals))
        while len(active):
            before = lower.copy(), upper.copy()
            self._follow(active, lower, upper)
            self._compare(lower, upper)
            moved = (before[0] != lower) | (before[1] != upper)
            touched = np.zeros(len(self.totals), dtype=bool)
            touched[moved[self.totals]] = True
            touched[self._sum[moved[self._part]]] = True
            active = np.flatnonzero(touched)
        return lower, upper

    def parts(self, of_sum: int) -> Positions:
        """Positions of the parts of one sum."""
        return self._part[self._starts[of_sum] : self._starts[of_sum + 1]]

    def sums(self, cell: int) -> Positions:
        """The sums a cell is a total or a part of."""
        return _entries(self._sums_by_cell, cell)

    def twins(self, cell: int) -> Positions:
        """The same group in the other month, where it changed by little."""
        return _entries(self._twins, cell)

    def totals_differ(self, truth: Counts) -> bool:
        """Whether any total is not the sum of its parts."""
        return (
            bool((np.add.reduceat(truth[self._part], self._starts[:-1]) != truth[self.totals]).any())
            if len(self.totals)
            else False
        )

    def confining(
        self, cell: int, *, from_above: bool, bounds: tuple[Counts, Counts]
    ) -> Iterator[list[tuple[int, bool]]]:
        """The reasons for a cell's upper (or lower) bound: each the bounds it was worked out from.

        A bound is a cell and whether its upper one is meant.
        """
        mine, other = (bounds[1], bounds[0]) if from_above else bounds
        for of_sum in self.sums(cell).tolist():
            total, parts = int(self.totals[of_sum]), self.parts(of_sum)
            if cell == total:
                if mine[parts].sum() == mine[cell]:
                    yield [(part, from_above) for part in parts.tolist()]
            else:
                rest = parts[parts != cell]
                if mine[total] - other[rest].sum() == mine[cell]:
                    yield [(total, from_above), *((part, not from_above) for part in rest.tolist())]
        step = MOST_CHANGED if from_above else -MOST_CHANGED
        for twin in self.twins(cell).tolist():
            if mine[twin] + step == mine[cell]:
                yield [(twin, from_above)]

    def _follow(self, active: Positions, lower: Counts, upper: Counts) -> None:
        """Narrow the totals and the parts of some sums once."""
        everything = len(active) == len(self.totals)
        lengths = np.diff(self._starts)[active]
        entries = slice(None) if everything else _ranges(self._starts[active], lengths)
        part, total = self._part[entries], self.totals[active]
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        low, high = np.add.reduceat(lower[part], starts), np.add.reduceat(upper[part], starts)
        rest_low, rest_high = np.repeat(low, lengths) - lower[part], np.repeat(high, lengths) - upper[part]
        np.maximum.at(lower, total, low)
        np.minimum.at(upper, total, high)
        np.maximum.at(lower, part, np.repeat(lower[total], lengths) - rest_high)
        np.minimum.at(upper, part, np.repeat(upper[total], lengths) - rest_low)

    def _compare(self, lower: Counts, upper: Counts) -> None:
        """Narrow each pair to what the other month allows."""
        for here, there in (self.pairs.T, self.pairs.T[::-1]):
            lower[here] = np.maximum(lower[here], lower[there] - MOST_CHANGED)
            upper[here] = np.minimum(upper[here], upper[there] + MOST_CHANGED)


def _ranges(starts: Positions, lengths: Positions) -> Positions:
    """The positions of several runs, one behind the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1]) + np.repeat(starts - ends + lengths, lengths)


def _index(size: int, cells: Positions, entries: Positions) -> tuple[Positions, Positions]:
    """Entries in order of their cell, and where those of each cell start."""
    order = np.argsort(cells, kind="stable")
    return entries[order], np.searchsorted(cells[order], np.arange(size + 1))


def _entries(index: tuple[Positions, Positions], cell: int) -> Positions:
    entries, starts = index
    return entries[starts[cell] : starts[cell + 1]]

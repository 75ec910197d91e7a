"""Which published counts must say less, so that a reader who adds up cannot narrow a small one.

While a count of 1 to 7 can be confined to fewer than `FEWEST_VALUES` values, the bounds that confine it are followed
back to labels of this month, and the label that costs least becomes one step coarser. What was published last month is
a fact like any other and cannot be changed.
"""

import numpy as np
from numpy.typing import NDArray

from phm.governance.bounds import Network
from phm.governance.labels import SMALL, WITHHELD, Counts, coarser, label_bounds

FEWEST_VALUES = 3
_COST_OF_HIDING = 0.1
_COST_OF_WITHHOLDING = 2.0
_ROUNDS = 400


class NotProtected(Exception):
    """Cells that stay confined whatever is withheld; `cells` has their positions."""

    def __init__(self, cells: NDArray[np.intp]) -> None:
        super().__init__("counts stay confined")
        self.cells = cells


def breaches(truth: Counts, bounds: tuple[Counts, Counts], fewest: int = FEWEST_VALUES) -> NDArray[np.intp]:
    """Cells of 1 to 7 that a reader could confine to fewer than `fewest` values."""
    lower, upper = bounds
    return np.flatnonzero((truth > 0) & (truth <= SMALL) & (upper - lower + 1 < fewest))


class Protection:
    """Counts on their way out and how little their labels must say.

    Parameters
    ----------
    network
        The sums among all cells, this month's and last month's.
    truth
        The counts.
    labels
        How each would be published by the rule alone; of cells that no table holds, withheld.
    fixed
        Lowest and highest count of the last cells, those of last month, from what was published then.
    weights
        How much more than others each cell would be missed.
    """

    def __init__(
        self,
        network: Network,
        truth: Counts,
        labels: Counts,
        fixed: tuple[Counts, Counts],
        weights: NDArray[np.float64],
    ) -> None:
        self.network, self.truth, self.fixed, self.weights = network, truth, fixed, weights
        self.labels = labels.copy()

    def run(self) -> None:
        """Make labels coarser until no breach is left.

        Raises
        ------
        NotProtected
            A breach remains with nothing left to withhold.
        """
        for _ in range(_ROUNDS):
            bounds = self.bounds()
            found = breaches(self.truth, bounds)
            if not len(found):
                return
            self._relax(found, bounds)
        raise NotProtected(found)

    def bounds(self) -> tuple[Counts, Counts]:
        """What a reader can narrow every cell to."""
        return self.network.bounds(*self._label_bounds())

    def _label_bounds(self) -> tuple[Counts, Counts]:
        lower, upper = label_bounds(self.truth[: len(self.labels)], self.labels)
        return np.concatenate([lower, self.fixed[0]]), np.concatenate([upper, self.fixed[1]])

    def _relax(self, found: NDArray[np.intp], bounds: tuple[Counts, Counts]) -> None:
        """One step for each breach that no step of this round may have mended already."""
        own = self._label_bounds()
        relaxed: set[int] = set()
        stuck = []
        for breach in found.tolist():
            candidates = self._candidates(breach, bounds, own)
            if not candidates:
                stuck.append(breach)
            elif not candidates & relaxed:
                cell = min(candidates, key=lambda c: (self._cost(c), c))
                self.labels[cell] = coarser(int(self.truth[cell]), int(self.labels[cell]))
                relaxed.add(cell)
        if not relaxed:
            raise NotProtected(np.array(stuck))

    def _candidates(self, breach: int, bounds: tuple[Counts, Counts], own: tuple[Counts, Counts]) -> set[int]:
        """Labels nearest to a breach that its bounds rest on and that can say less."""
        seen = {(breach, False), (breach, True)}
        frontier = list(seen)
        while frontier:
            here = {cell for cell, side in frontier if self._rests_on_label(cell, side, bounds, own)}
            if here:
                return here
            frontier = [
                reason
                for cell, side in frontier
                for reasons in self.network.confining(cell, from_above=side, bounds=bounds)
                for reason in reasons
                if reason not in seen and not seen.add(reason)
            ]
        return set()

    def _rests_on_label(
        self, cell: int, from_above: bool, bounds: tuple[Counts, Counts], own: tuple[Counts, Counts]
    ) -> bool:
        """Whether this bound is what a label of this month says, which could say less. Nobody is counted below zero."""
        if cell >= len(self.labels) or self.labels[cell] == WITHHELD:
            return False
        said = own[from_above][cell]
        return bool(said == bounds[from_above][cell] and (from_above or said > 0))

    def _cost(self, cell: int) -> float:
        """How much is lost: how far off the count is shown afterwards, against its size, times its weight."""
        count, label = int(self.truth[cell]), int(self.labels[cell])
        after = coarser(count, label)
        if count <= SMALL:
            cost = _COST_OF_HIDING
        else:
            cost = _COST_OF_WITHHOLDING if after == WITHHELD else (after - label) / count
        return cost * float(self.weights[cell])

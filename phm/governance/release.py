"""One month's published tables put together as one set of cells, with all that ties them, beside last month's.

A cell is one count of one group of people in one area: a `family` (table, column and what is counted), an area, a
group. What no table holds but a reader can work out is a cell too: who is left over when one published count is taken
from another. The ledger keeps what next month needs of this.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from phm.errors import DisclosureError
from phm.governance.bounds import MOST_CHANGED, Network
from phm.governance.labels import UNBOUNDED, WITHHELD, Counts, first_labels, label_bounds
from phm.governance.protection import NotProtected, Protection
from phm.governance.subsets import Group, alike, nested

ZERO_HIDDEN_AT = ("practice", "pcn")
EVERYBODY = "all"
_WEIGHTS = {"practice": 1.0, "pcn": 2.0, "place": 4.0, "icb": 8.0}
_COUNTED_EVERYWHERE = ("pcn", "icb")
"""Kinds of areas that every table counts, so that tables can be held against each other."""
_NAMED = 3

Area = tuple[str, str]
"""Type and code."""
Nesting = Sequence[tuple[Area, Sequence[Area]]]
"""Areas and the areas that make each up exactly."""
Place = tuple[str, Area, str, str]
"""Where one cell stands: family, area, name of the grouping, group. Of everybody grouping and group are `all`."""


@dataclass(frozen=True)
class Ledger:
    """What was published of a month and what only this site knows about it; for the vault.

    `cells` has one row per cell: `cell, person_count, lowest_count, highest_count`, the true count and what its label
    allows (`highest_count` is empty where it allows anything). `sums` has one row per cell of a sum: `sum_number, cell,
    is_total`.
    """

    cells: pd.DataFrame
    sums: pd.DataFrame


@dataclass
class Release:
    """The cells of one month on their way out, and the sums among them."""

    nesting: Nesting = ()
    counts: list[int] = field(default_factory=list)
    is_published: list[bool] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    positions: dict[Place, int] = field(default_factory=dict)
    sums: list[tuple[int, list[int]]] = field(default_factory=list)
    groups: dict[str, Group] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    added_up: dict[str, Sequence[str]] = field(default_factory=dict)

    def add(self, place: Place, count: int, *, is_published: bool = True, weight: float = 1.0) -> int:
        """The position of a new cell."""
        if place in self.positions:
            raise DisclosureError("A count is published twice", name=place[0], hint="Publish each count once.")
        position = self.positions[place] = len(self.counts)
        self.counts.append(int(count))
        self.is_published.append(is_published)
        self.weights.append(weight * _WEIGHTS.get(place[1][0], 1.0))
        return position

    def say_whom(self, family: str, group: Group, source: str) -> None:
        """Say whom the counts of a family, made by one measure or cohort, are of."""
        self.groups[family] = group
        self.sources[family] = source

    def say_sum(self, family: str, families: Sequence[str]) -> None:
        """Say that the counts of a family are those of other families added up, wherever all of them are counted."""
        self.added_up[family] = families

    def add_sum(self, total: int, parts: Sequence[int]) -> None:
        """Say that parts make up a total exactly."""
        self.sums.append((total, list(parts)))

    def add_rest(self, place: Place, total: int, parts: Sequence[int]) -> int:
        """The position of who is left over of a total, a cell that no table holds."""
        rest = self.add(place, self.counts[total] - sum(self.counts[p] for p in parts), is_published=False)
        self.add_sum(total, [*parts, rest])
        return rest

    def tie(self) -> None:
        """Find what ties the cells: groups within each other or alike, groupings of an area, areas of an area."""
        self._tie_families()
        self._tie_nested_groups()
        self._tie_alike()
        self._tie_groupings()
        self._tie_areas()

    def protect(self, previous: Ledger | None) -> tuple[Counts, Ledger]:
        """The label of every cell by position, and the month's ledger.

        Raises
        ------
        DisclosureError
            Counts do not add up, or some cannot be protected; names the tables and what is counted.
        """
        truth = np.array(self.counts, dtype=np.int64)
        places = list(self.positions)
        hides_zero = np.array([area[0] in ZERO_HIDDEN_AT for _, area, _, _ in places], dtype=bool)
        labels = np.where(self.is_published, first_labels(truth, hides_zero), WITHHELD)
        keys = pd.Index(_keys(places, self.nesting))
        earlier = _Earlier.of(previous, keys, truth) if previous else _Earlier()
        network = Network(
            len(truth) + len(earlier.truth),
            np.array([total for total, _ in self.sums] + earlier.totals, dtype=np.int64),
            [parts for _, parts in self.sums] + earlier.parts,
            earlier.pairs,
        )
        everything = np.concatenate([truth, earlier.truth])
        if (truth < 0).any() or network.totals_differ(everything):
            raise DisclosureError(
                "Counts do not add up to their totals",
                name=_named(places, np.flatnonzero(truth < 0)) or "this month's tables",
                hint="Build them all from the same tables.",
            )
        protection = Protection(network, everything, labels, earlier.bounds, np.array(self.weights))
        try:
            protection.run()
        except NotProtected as stuck:
            raise DisclosureError(
                "A small count could be worked out whatever is withheld",
                name=_named(places, stuck.cells) or "last month's tables",
                hint="Publish fewer groups or larger areas; what was published before stays as it is.",
            ) from None
        return protection.labels, self._ledger(keys, truth, protection.labels)

    def _tie_families(self) -> None:
        """Counts that are said to be others added up."""
        for (family, *place), total in list(self.positions.items()):
            parts = [(other, *place) for other in self.added_up.get(family, ())]
            if parts and all(part in self.positions for part in parts):
                self.add_sum(total, [self.positions[part] for part in parts])

    def _tie_nested_groups(self) -> None:
        """Families whose people lie within another's, wherever both are counted in the same area and group."""
        of_family: dict[str, dict[tuple, int]] = defaultdict(dict)
        for (family, *place), position in self.positions.items():
            of_family[family][tuple(place)] = position
        for larger, smaller, is_same in nested(self.groups, self.sources):
            totals, rest = of_family[larger], f"{larger} without {smaller}"
            for place, position in of_family[smaller].items():
                total = totals.get(place)
                if total is not None and is_same:
                    self.add_sum(total, [position])
                elif total is not None:
                    self.add_rest((rest, *place), total, [position])

    def _tie_alike(self) -> None:
        """Published counts of two measures or cohorts that are equal wherever both stand: the same people, as far as
        anybody can tell, whatever words say who they are."""
        at = defaultdict(dict)
        for (family, area, grouping, group), position in self.positions.items():
            if self.is_published[position]:
                at[family, grouping][area, group] = position
        of_pcns = {
            name: {place: self.counts[n] for place, n in places.items() if place[0][0] in _COUNTED_EVERYWHERE}
            for name, places in at.items()
        }
        for name, other in alike(of_pcns, {name: self.sources.get(name[0], name[0]) for name in at}):
            pairs = [(at[name][place], position) for place, position in at[other].items() if place in at[name]]
            if all(self.counts[a] == self.counts[b] for a, b in pairs):
                for total, part in pairs:
                    self.add_sum(total, [part])

    def _tie_groupings(self) -> None:
        """The groups of a grouping are everybody; where somebody is in none of them, those left over are a cell."""
        parts = defaultdict(list)
        for (family, area, grouping, _), position in self.positions.items():
            if grouping != EVERYBODY:
                parts[family, grouping, area].append(position)
        sums = defaultdict(list)
        for (family, grouping, area), positions in parts.items():
            sums[family, grouping].append(((family, area, EVERYBODY, EVERYBODY), positions))
        for (_, grouping), of_family in sums.items():
            self._add_sums(of_family, f"in no {grouping}")

    def _tie_areas(self) -> None:
        """Areas that make up a larger one; an area that is not there counts nobody."""
        areas = defaultdict(dict)
        for (family, area, *group), position in self.positions.items():
            areas[family, *group][area] = position
        sums = defaultdict(list)
        for (family, *group), position_of in areas.items():
            for whole, smaller in self.nesting:
                positions = [position_of[area] for area in smaller if area in position_of]
                if whole in position_of and positions:
                    sums[family, whole[0], smaller[0][0]].append(((family, whole, *group), positions))
        for (_, _, kind), of_family in sums.items():
            self._add_sums(of_family, f"in no {kind}")

    def _add_sums(self, sums: Sequence[tuple[Place, list[int]]], left_over: str) -> None:
        """Sums of one kind: exact if nobody is left over anywhere, as a reader would see; else with a cell for them."""
        known = [(place, self.positions[place], parts) for place, parts in sums if place in self.positions]
        is_exact = all(self.counts[total] == sum(self.counts[p] for p in parts) for _, total, parts in known)
        for (family, *rest), total, parts in known:
            if is_exact:
                self.add_sum(total, parts)
            else:
                self.add_rest((f"{family} {left_over}", *rest), total, parts)

    def _ledger(self, keys: pd.Index, truth: Counts, labels: Counts) -> Ledger:
        lowest, highest = label_bounds(truth, labels)
        cells = pd.DataFrame({"cell": keys, "person_count": truth, "lowest_count": lowest})
        cells["highest_count"] = pd.Series(highest, dtype="Int64").mask(pd.Series(highest == UNBOUNDED))
        numbers = np.arange(len(self.sums))
        sizes = np.array([len(parts) for _, parts in self.sums], dtype=np.int64)
        members = [*chain.from_iterable(parts for _, parts in self.sums), *(total for total, _ in self.sums)]
        sums = pd.DataFrame(
            {
                "sum_number": np.concatenate([np.repeat(numbers, sizes), numbers]),
                "cell": keys.take(np.array(members, dtype=np.int64)),
                "is_total": np.repeat([False, True], [sizes.sum(), len(numbers)]),
            }
        )
        return Ledger(cells, sums)


@dataclass(frozen=True)
class _Earlier:
    """Last month's cells behind this month's: counts, what was published of them, sums, and pairs of both months."""

    truth: Counts = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    bounds: tuple[Counts, Counts] = field(default_factory=lambda: (np.zeros(0, dtype=np.int64),) * 2)
    totals: list[int] = field(default_factory=list)
    parts: list[list[int]] = field(default_factory=list)
    pairs: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))

    @classmethod
    def of(cls, ledger: Ledger, keys: pd.Index, truth: Counts) -> "_Earlier":
        """A group is paired with itself only where it did change by at most `MOST_CHANGED`: elsewhere a reader who
        assumes so is wrong."""
        cells, first = ledger.cells, len(truth)
        then = cells["person_count"].to_numpy(dtype=np.int64)
        highest = cells["highest_count"].fillna(UNBOUNDED).to_numpy(dtype=np.int64)
        there = pd.Index(cells["cell"]).get_indexer(keys)
        here = np.flatnonzero(there >= 0)
        there = there[here]
        is_near = np.abs(truth[here] - then[there]) <= MOST_CHANGED
        sums = ledger.sums.assign(position=pd.Index(cells["cell"]).get_indexer(ledger.sums["cell"]) + first)
        sums = sums.sort_values("sum_number", kind="stable")
        members = sums[~sums["is_total"]]
        return cls(
            truth=then,
            bounds=(cells["lowest_count"].to_numpy(dtype=np.int64), highest),
            totals=sums.loc[sums["is_total"], "position"].tolist(),
            parts=[of_sum.tolist() for of_sum in _runs(members["position"], members["sum_number"])],
            pairs=np.column_stack([here[is_near], there[is_near] + first]).astype(np.int64),
        )


def _runs(values: pd.Series, by: pd.Series) -> list[NDArray[np.int64]]:
    """Values cut wherever `by`, which is in order, changes."""
    return np.split(values.to_numpy(dtype=np.int64), np.flatnonzero(np.diff(by.to_numpy())) + 1) if len(by) else []


def _keys(places: Iterable[Place], nesting: Nesting) -> list[str]:
    """Names by which next month knows the cells.

    That of an area holds the practices it is made of: a PCN that a practice joins, or one that has merged, is another.
    """
    made_of = {whole: areas for whole, areas in nesting}
    for whole, areas in nesting:  # the smallest areas known
        if areas[0][0] == "practice":
            made_of[whole] = areas

    def practices(area: Area) -> set[str]:
        return {code for part in made_of[area] for code in practices(part)} if area in made_of else {area[1]}

    areas = {area for _, area, _, _ in places}
    names = {a: f"{a[0]} {a[1]} {sha256(' '.join(sorted(practices(a))).encode()).hexdigest()[:12]}" for a in areas}
    return [" | ".join((family, names[area], grouping, group)) for family, area, grouping, group in places]


def _named(places: Sequence[Place], cells: NDArray[np.intp]) -> str:
    """What the first few of some cells count; last month's have no place."""
    families = dict.fromkeys(places[cell][0] for cell in cells.tolist() if cell < len(places))
    return ", ".join(list(families)[:_NAMED])

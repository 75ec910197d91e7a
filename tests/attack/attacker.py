"""A reader who knows the rules, the areas and every published cell of two months, and adds up. Shares no code with what
protects: which counts lie within which is worked out from the people themselves, atom by atom.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import sparse

from tests.attack.world import AGES, LEVELS, MIDDLE, QUINTILES, SEXES, STEPS, Month

MOST = 10**9
MOST_CHANGED = 2


def read(shown, precision: str) -> tuple[int, int]:
    """Lowest and highest count that a published cell allows."""
    if precision.startswith("nearest"):
        multiple, shown = int(precision.split()[1]), int(shown)
        return (max(8, shown - multiple // 2), shown + multiple - 1 - multiple // 2) if shown else (0, 0)
    return {"1 to 7": (1, 7), "0 to 7": (0, 7), "withheld": (0, MOST)}[precision]


@dataclass
class Attack:
    """Counts of both months as sets of atoms (`holds`, one row per count), their truth, what labels allow, and sums."""

    names: list[tuple]
    holds: sparse.csr_matrix
    atoms: np.ndarray
    truth: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    sums: list[tuple[int, list[int]]]
    pairs: np.ndarray
    published: np.ndarray
    twins: np.ndarray
    things: np.ndarray
    sizes: np.ndarray
    strides: np.ndarray
    first_of_month: np.ndarray
    people_of_month: np.ndarray

    @property
    def targets(self) -> np.ndarray:
        return np.flatnonzero((self.truth >= 1) & (self.truth <= 7))

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Integer bounds of all counts, followed through all sums to the end."""
        rows, columns, signs = [], [], []
        for n, (total, parts) in enumerate(self.sums):
            rows += [n] * (1 + len(parts))
            columns += [total, *parts]
            signs += [-1, *[1] * len(parts)]
        rows, columns, signs = map(np.array, (rows, columns, signs))
        low, high = self.lowest.copy(), self.highest.copy()
        is_part = signs > 0
        for _ in range(10_000):
            before = low.copy(), high.copy()
            smallest = np.where(is_part, low[columns], -high[columns])
            largest = np.where(is_part, high[columns], -low[columns])
            least, most = (np.bincount(rows, weights=v).astype(np.int64) for v in (smallest, largest))
            at_most, at_least = smallest - least[rows], largest - most[rows]
            np.minimum.at(high, columns, np.where(is_part, at_most, -at_least))
            np.maximum.at(low, columns, np.where(is_part, at_least, -at_most))
            for a, b in (self.pairs.T, self.pairs.T[::-1]):
                np.maximum.at(low, a, low[b] - MOST_CHANGED)
                np.minimum.at(high, a, high[b] + MOST_CHANGED)
            if (before[0] == low).all() and (before[1] == high).all():
                break
        return low, high


def attack(months: list[Month], published: list[dict[str, pd.DataFrame]]) -> Attack:
    """Everything a reader of both months can write down."""
    names, masks, labels, sums = [], [], [], []
    offset, atoms = 0, np.concatenate([m.people.ravel() for m in months])
    for n, (month, tables) in enumerate(zip(months, published, strict=True)):
        known = _known(month, tables)
        of = {name: len(names) + i for i, name in enumerate(known)}
        names += [(n, *name) for name in of]
        labels += [known[name][1] for name in of]
        masks += [known[name][0] + offset for name in of]
        offset += month.people.size
        sums += [(of[total], [of[part] for part in parts]) for total, parts in _sums(month, known) if total in of]
        for larger, smaller in _within(known):
            names.append((n, "rest", larger, smaller))
            masks.append(np.setdiff1d(masks[of[larger]], masks[of[smaller]], assume_unique=True))
            labels.append((0, MOST if len(masks[-1]) else 0))
            sums.append((of[larger], [of[smaller], len(names) - 1]))
        sums += _sums_of_rests(month, names, n)
    holds = sparse.csr_matrix(
        (np.ones(sum(map(len, masks)), int), np.concatenate(masks), np.cumsum([0, *map(len, masks)])),
        shape=(len(masks), offset),
    )
    truth = holds @ atoms
    lowest, highest = (np.array(side, dtype=np.int64) for side in zip(*labels, strict=True))
    return Attack(
        names, holds, atoms, truth, lowest, highest, sums, _pairs(months, names, truth),
        np.array([name[1] != "rest" for name in names]), _twins(months), *_things(months),
    )  # fmt: skip


def _known(month: Month, tables: dict[str, pd.DataFrame]) -> dict[tuple, tuple[np.ndarray, tuple[int, int]]]:
    """Published counts by name (what, level, area, group): their atoms and what the label allows."""
    index = np.arange(month.people.size).reshape(month.people.shape)
    sets = {}
    for level in LEVELS:
        for code in month.codes(level):
            at = index[month.practices_of(level, code)]
            middle = at[:, MIDDLE : MIDDLE + 1]
            found = {("list_size", "all"): at, ("d share", "all"): at}
            found |= {("list_size", f"{s} {a}"): at[:, i, j] for i, a in enumerate(AGES) for j, s in enumerate(SEXES)}
            found |= {("share", q): at[:, :, :, i] for i, q in enumerate(QUINTILES)}
            for measure, some in (("raised_18", at), ("raised_30", middle)):
                for group, people in (("all", some), *((s, some[:, :, j]) for j, s in enumerate(SEXES))):
                    found |= {(measure, group): people[..., 1], (f"d {measure}", group): people}
            for group, people in (("all", at), *((q, at[:, :, :, i]) for i, q in enumerate(QUINTILES))):
                found |= {("raised_again", group): people[..., 1], ("d raised_again", group): people}
            for cohort, some in (("c18", at), ("c30", middle)):
                found[f"{cohort} step 0", "all"] = found[f"{cohort} left 0", "all"] = some
                for order in range(1, len(STEPS) + 1):
                    found[f"{cohort} step {order}", "all"] = some[:, :, :, :, order - 1]
                    found[f"{cohort} left {order}", "all"] = some[:, :, :, :, order:]
            sets |= {(what, level, code, group): np.sort(atoms.ravel()) for (what, group), atoms in found.items()}
    known = {}

    def say(name, shown, precision):
        if isinstance(precision, str):
            label = read(shown, precision)
            had = known.get(name, (None, label))[1]
            known[name] = (sets[name], (max(had[0], label[0]), min(had[1], label[1])))

    for row in tables["measure_value"].itertuples():
        say((row.measure_id, row.area_type, row.area_code, row.group_value), row.numerator, row.numerator_precision)
        group = "all" if row.measure_id == "share" else row.group_value
        name = (f"d {row.measure_id}", row.area_type, row.area_code, group)
        say(name, row.denominator, row.denominator_precision)
    for row in tables["area_attrition"].itertuples():
        area = (row.area_type, row.area_code, "all")
        say((f"{row.cohort_id} step {row.step_order}", *area), row.person_count, row.person_count_precision)
        say((f"{row.cohort_id} left {row.step_order}", *area), row.remaining_count, row.remaining_count_precision)
    return known


def _sums(month: Month, known: dict[tuple, tuple]) -> list[tuple[tuple, list[tuple]]]:
    """Areas of areas, groups of groups, steps of what was there."""
    found = []
    areas = _parts_of_areas(month)
    for what, level, code, group in known:
        for child, codes in areas.get((level, code), ()):
            parts = [(what, child, c, group) for c in codes]
            if all(part in known for part in parts):
                found.append(((what, level, code, group), parts))
        if group == "all":
            for of in (SEXES, [f"{s} {a}" for s in SEXES for a in AGES], QUINTILES):
                parts = [(what, level, code, g) for g in of]
                if all(part in known for part in parts):
                    found.append(((what, level, code, "all"), parts))
        if what == "d share":
            found.append(((what, level, code, group), [("share", level, code, q) for q in QUINTILES]))
        if what == "d raised_30" and group == "all" and level != "practice":
            found.append(((what, level, code, group), [("list_size", level, code, f"{s} 30-50") for s in SEXES]))
        if " left " in what and not what.endswith(" 0"):
            cohort, _, order = what.split()
            here, before = (what, level, code, group), (f"{cohort} left {int(order) - 1}", level, code, group)
            found.append((before, [(f"{cohort} step {order}", level, code, group), here]))
    return found


def _parts_of_areas(month: Month) -> dict[tuple[str, str], list[tuple[str, list[str]]]]:
    found = {}
    for child, parent in combinations(LEVELS, 2):
        for code in month.codes(parent):
            codes = sorted(month.areas.loc[month.areas[parent] == code, child].unique())
            if (month.areas.loc[month.areas[child].isin(codes), parent] == code).all():
                found.setdefault((parent, code), []).append((child, codes))
    return found


def _within(known: dict[tuple, tuple]) -> list[tuple[tuple, tuple]]:
    """Pairs of counts of one area, the larger first, of which one's people are all the other's; not of one cohort."""
    at: dict[tuple, list[tuple]] = {}
    for name in known:
        at.setdefault((*name[1:3], name[3]), []).append(name)
        if name[0] == "share":
            at.setdefault((*name[1:3], "all"), []).append(name)
    found, is_inside = [], {}
    for here in at.values():
        for a, b in combinations(here, 2):
            larger, smaller = (a, b) if len(known[a][0]) >= len(known[b][0]) else (b, a)
            kinds = (larger[0], larger[3], smaller[0], smaller[3])  # in every area the same
            if kinds not in is_inside:
                is_inside[kinds] = np.isin(known[smaller][0], known[larger][0], assume_unique=True).all()
            is_cohort = larger[0][0] == smaller[0][0] == "c" and larger[0][:3] == smaller[0][:3]
            if is_inside[kinds] and not is_cohort:
                found.append((larger, smaller))
    return list(dict.fromkeys(found))


def _sums_of_rests(month: Month, names: list[tuple], n: int) -> list[tuple[int, list[int]]]:
    """What is left over adds up over areas as well."""
    of = {}
    for i, name in enumerate(names):
        if name[0] == n and name[1] == "rest":
            larger, smaller = name[2:]
            of[larger[0], larger[3], smaller[0], smaller[3], larger[1], larger[2]] = i
    areas = _parts_of_areas(month)
    found = []
    for (*what, level, code), i in of.items():
        for child, codes in areas.get((level, code), ()):
            parts = [of.get((*what, child, c)) for c in codes]
            if None not in parts:
                found.append((i, parts))
    return found


def _pairs(months: list[Month], names: list[tuple], truth: np.ndarray) -> np.ndarray:
    """The same count of the same practices in both months, where it did change by so few."""
    if len(months) < 2:
        return np.zeros((0, 2), int)

    made_of = {
        (n, level, code): tuple(month.areas.loc[month.practices_of(level, code), "practice"])
        for n, month in enumerate(months)
        for level in LEVELS
        for code in month.codes(level)
    }

    def key(name):
        level, code = name[2][1:3] if name[1] == "rest" else name[2:4]
        return (*name[1:], made_of[name[0], level, code])

    first = {key(name): i for i, name in enumerate(names) if name[0] == 0}
    both = [(first[k], i) for i, name in enumerate(names) if name[0] == 1 and (k := key(name)) in first]
    pairs = np.array(both, dtype=int).reshape(-1, 2)
    return pairs[np.abs(truth[pairs[:, 0]] - truth[pairs[:, 1]]) <= MOST_CHANGED]


def _twins(months: list[Month]) -> np.ndarray:
    """Atoms of the practices there are in both months, side by side."""
    if len(months) < 2:
        return np.zeros((0, 2), int)
    first, second = (np.arange(m.people.size).reshape(len(m.areas), -1) for m in months)
    there = months[1].areas["practice"].map({p: n for n, p in enumerate(months[0].areas["practice"])}).to_numpy()
    return np.column_stack([first[there].ravel(), months[0].people.size + second.ravel()])


def _things(months: list[Month]) -> list[np.ndarray]:
    """Of each atom: its practice, age, sex and so on by number, how many there are of each, and how far apart they
    stand; then where the atoms of its month begin and how many they are."""
    found, first = [], 0
    for month in months:
        shape, size = month.people.shape, month.people.size
        things = np.column_stack(np.unravel_index(np.arange(size), shape))
        strides = np.array([int(np.prod(shape[n + 1 :])) for n in range(len(shape))])
        facts = (
            things,
            np.tile(shape, (size, 1)),
            np.tile(strides, (size, 1)),
            np.full(size, first),
            np.full(size, size),
        )
        found.append(facts)
        first += size
    return [np.concatenate(column) for column in zip(*found, strict=True)]

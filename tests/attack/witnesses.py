"""Proof that a count is not narrowed: other people, of both months, of whom exactly the same would be published.

Random walks move and swap people and stay where every label and every change keeps its bounds. What they leave
undecided is put to an integer programme; what that leaves undecided in its time counts as narrowed.
"""

import numpy as np
from scipy import optimize, sparse

from tests.attack.attacker import MOST, MOST_CHANGED, Attack

WALKERS = 16
FEWEST = 3


def decided(attack: Attack, rng: np.random.Generator, *, steps: int, seconds: float) -> tuple[np.ndarray, int]:
    """Which of `attack.targets` can have at least `FEWEST` values, and how many took an integer programme."""
    rows = sparse.vstack([attack.holds[attack.published], _changes(attack)]).tocsr()
    low = np.concatenate([attack.lowest[attack.published], np.full(len(attack.pairs), -MOST_CHANGED)])
    high = np.concatenate([attack.highest[attack.published], np.full(len(attack.pairs), MOST_CHANGED)])
    targets = attack.targets
    seen = _walk(attack, rows, low, high, targets, rng, steps)
    undecided = np.flatnonzero(seen.sum(axis=1) < FEWEST)
    programme = _Programme(attack, seconds)
    for target in undecided:
        for value in programme.values(targets[target]):
            if seen[target].sum() < FEWEST and not seen[target, value]:
                counts = programme.counts(targets[target], value)
                if counts is not None:
                    seen[np.arange(len(targets)), np.minimum(counts[targets], 31)] = True
    return seen.sum(axis=1) >= FEWEST, len(undecided)


def _changes(attack: Attack) -> sparse.csr_matrix:
    return attack.holds[attack.pairs[:, 1]] - attack.holds[attack.pairs[:, 0]]


def _walk(attack, rows, low, high, targets, rng, steps) -> np.ndarray:
    """Values from 0 to 31 that each target had on the way, by target and value."""
    per_atom = rows.T.toarray().astype(np.int32)
    in_target = attack.holds[targets].toarray().astype(bool)
    held = attack.holds[targets].T.toarray().astype(np.int32)
    people = np.tile(attack.atoms.astype(np.int32), (WALKERS, 1))
    state, values = people @ per_atom, people @ held
    seen = np.zeros((len(targets), 32), dtype=bool)
    twin = _twins(attack)
    walkers, all_targets = np.arange(WALKERS), np.arange(len(targets))
    for step in range(steps):
        if step % 50 == 0:
            open_targets = np.flatnonzero(seen.sum(axis=1) < FEWEST)
            if not len(open_targets):
                break
            pools = [np.flatnonzero(in_target[t]) for t in open_targets]
        chosen = np.array([rng.choice(pools[i]) for i in rng.integers(0, len(pools), WALKERS)])
        moves = _moves(attack, chosen, rng)
        if rng.random() < 0.5:
            moves += [(twin[atom], by) for atom, by in moves]
        change = sum(per_atom[atom] * by[:, None] for atom, by in moves)
        there = state + change
        fits = ((there >= low) & (there <= high)).all(axis=1)
        new = people.copy()
        for atom, by in moves:
            np.add.at(new, (walkers, atom), by)
        fits &= (new >= 0).all(axis=1)
        state[fits], people[fits] = there[fits], new[fits]
        values[fits] += sum(held[atom[fits]] * by[fits, None] for atom, by in moves)
        for walker in np.flatnonzero(fits):
            seen[all_targets, np.minimum(values[walker], 31)] = True
    return seen


def _moves(attack: Attack, chosen: np.ndarray, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """A person comes or goes, is changed in one thing (their practice, age, sex ...), or exchanges it with another."""
    sign = rng.choice([-1, 1], len(chosen))
    kind = rng.integers(0, 5)
    if kind == 0:
        return [(chosen, sign)]
    which = rng.integers(0, attack.things.shape[1], len(chosen))
    size, stride = attack.sizes[chosen, which], attack.strides[chosen, which]
    here = attack.things[chosen, which]
    there = rng.integers(0, size)
    other = chosen + (there - here) * stride
    moves = [(chosen, sign), (other, -sign)]
    if kind >= 2:
        shift = rng.integers(0, attack.people_of_month[chosen])
        partner = attack.first_of_month[chosen] + shift
        partner = partner + (there - attack.things[partner, which]) * stride
        moves += [(partner, sign), (partner + (here - there) * stride, -sign)]
    return moves


def _twins(attack: Attack) -> np.ndarray:
    """The atom that counts the same people of the other month; a closed practice's are their own."""
    twin = np.arange(len(attack.atoms))
    twin[attack.twins[:, 0]], twin[attack.twins[:, 1]] = attack.twins[:, 1], attack.twins[:, 0]
    return twin


class _Programme:
    """All counts as whole numbers within what a reader knows, all sums and all changes kept."""

    def __init__(self, attack: Attack, seconds: float) -> None:
        self.low, self.high = attack.bounds()
        self.seconds = seconds
        rows, columns, signs = [], [], []
        for n, (total, parts) in enumerate(attack.sums):
            rows += [n] * (1 + len(parts))
            columns += [total, *parts]
            signs += [-1, *[1] * len(parts)]
        for n, pair in enumerate(attack.pairs, len(attack.sums)):
            rows += [n, n]
            columns += [*pair]
            signs += [1, -1]
        self.matrix = sparse.csr_matrix((signs, (rows, columns)))
        allowed = np.concatenate([np.zeros(len(attack.sums)), np.full(len(attack.pairs), MOST_CHANGED)])
        self.constraint = optimize.LinearConstraint(self.matrix, -allowed, allowed)

    def values(self, target: int) -> range:
        """What adding up alone leaves the target."""
        return range(self.low[target], min(self.high[target], 31) + 1)

    def counts(self, target: int, value: int) -> np.ndarray | None:
        """All counts with the target at a value, if there are any such."""
        low, high = self.low.astype(float), np.where(self.high >= MOST, np.inf, self.high)
        low[target] = high[target] = value
        found = optimize.milp(
            np.zeros(len(low)),
            constraints=self.constraint,
            bounds=optimize.Bounds(low, high),
            integrality=np.ones(len(low)),
            options={"time_limit": self.seconds},
        )
        return None if found.x is None else np.round(found.x).astype(np.int64)

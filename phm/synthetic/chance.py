"""Chance that belongs to a person: the same person has the same luck in every month, practice and process.

What belongs here turns a seed, a purpose and keys (an NHS number, a year, a count) into a random number without any
state. Nothing that is drawn depends on who else is drawn or in which order, so a second month is the same population
one month on, and somebody who changes practice keeps their health and their history.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
from scipy.special import ndtri

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_STEPS = ((30, np.uint64(0xBF58476D1CE4E5B9)), (27, np.uint64(0x94D049BB133111EB)))


class Chance:
    """Random numbers of one seed, each a pure function of its purpose and keys (SplitMix64 finaliser)."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def uniform(self, purpose: str, *keys: np.ndarray | int) -> np.ndarray:
        """Numbers above 0 and below 1, one for each element of the first key; later keys are broadcast."""
        state = np.full(len(keys[0]), _start(self.seed, purpose))
        for key in keys:
            state ^= np.asarray(key).astype(np.uint64)
            state *= _GOLDEN
            for shift, multiplier in _STEPS:
                state ^= state >> np.uint64(shift)
                state *= multiplier
            state ^= state >> np.uint64(31)
        return ((state >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def normal(self, purpose: str, *keys: np.ndarray | int) -> np.ndarray:
        """Standard normal numbers."""
        return ndtri(self.uniform(purpose, *keys))

    def whole(self, purpose: str, low, high, *keys: np.ndarray | int) -> np.ndarray:
        """Whole numbers from `low` up to but not including `high`."""
        return (low + self.uniform(purpose, *keys) * (high - low)).astype(np.int64)

    def exponential(self, purpose: str, *keys: np.ndarray | int) -> np.ndarray:
        """Exponential numbers of mean 1."""
        return -np.log(self.uniform(purpose, *keys))

    def poisson(self, purpose: str, rate: np.ndarray, *keys: np.ndarray | int) -> np.ndarray:
        """Counts of mean `rate`, by inversion: a higher rate never gives the same person a smaller count."""
        draw = self.uniform(purpose, *keys)
        count = np.zeros(len(draw), np.int64)
        term = np.exp(-rate)
        at = np.flatnonzero(draw > term)
        draw, rate, term = draw[at], rate[at], term[at]
        reached = term.copy()
        while len(at):
            count[at] += 1
            term = term * rate / count[at]
            reached += term
            # Far in the tail the terms vanish before the sum reaches a draw next to 1.
            on = (draw > reached) & (term > 1e-18)
            at, draw, rate, term, reached = at[on], draw[on], rate[on], term[on], reached[on]
        return count


@cache
def _start(seed: int, purpose: str) -> np.uint64:
    digest = hashlib.blake2b(f"{seed}:{purpose}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))

"""Whom a count is of, so that counts of different tables that lie within each other are found and not declared by hand.

A reader subtracts what lies within: ages 30 to 50 from 18 and over, a numerator from the list, one cohort's step from
another's. People of fewer ages who meet the same conditions and perhaps more are part of the others.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)
Place = TypeVar("Place", bound=Hashable)


@dataclass(frozen=True)
class Group:
    """People of some ages, both included, who meet every one of some conditions.

    Conditions are texts; the same text means the same people.
    """

    age_from: int
    age_to: int
    conditions: frozenset[str]

    def is_within(self, other: "Group") -> bool:
        """Whether everybody here is also there.

        >>> adults = Group(18, 120, frozenset({"is_registered"}))
        >>> Group(30, 50, frozenset({"is_registered", "is_alive"})).is_within(adults)
        True
        >>> adults.is_within(Group(30, 50, frozenset({"is_registered"})))
        False
        """
        return other.age_from <= self.age_from and self.age_to <= other.age_to and other.conditions <= self.conditions


def nested(groups: Mapping[str, Group], tables: Mapping[str, str], /) -> Iterator[tuple[str, str, bool]]:
    """Pairs of names, the larger first, of which the second's people are all among the first's; and whether both are
    the same people.

    `tables` names the measure or cohort each belongs to: what is within each other there is known otherwise.
    """
    for name, other in combinations(groups, 2):
        here, there = groups[name], groups[other]
        if tables[name] == tables[other]:
            continue
        if there.is_within(here):
            yield name, other, here == there
        elif here.is_within(there):
            yield other, name, False


def alike(counts: Mapping[Name, Mapping[Place, int]], tables: Mapping[Name, str], /) -> Iterator[tuple[Name, Name]]:
    """Pairs of names of different tables that count the same number, and not nobody, in each of the same places.

    Two definitions can mean the same people in words that are not the same. Where they do, all their counts are equal,
    so no such pair is missed; that some are equal by chance costs a little exactness.

    >>> counts = {"a": {"X": 9, "Y": 3}, "b": {"Y": 3, "X": 9}, "c": {"X": 9, "Y": 4}}
    >>> list(alike(counts, {"a": "one", "b": "another", "c": "a third"}))
    [('a', 'b')]
    """
    same = defaultdict(list)
    for name, of_places in counts.items():
        if any(of_places.values()):
            same[frozenset(of_places.items())].append(name)
    for names in same.values():
        yield from ((a, b) for a, b in combinations(names, 2) if tables[a] != tables[b])

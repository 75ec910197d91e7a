"""What a reader of two months' tables can work out: bounds over a whole ICB, and proof by other people that fit.

`python -m pytest tests/attack -s -n0` prints what was attacked; `PHM_ATTACK_WORLDS=200` attacks so many made-up ICBs by
bounds, and `PHM_WITNESS_WORLDS` says in how many small ones other people are looked for.
"""

import os
import time
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from phm.governance.disclosure import publish
from phm.governance.release import Release
from tests.attack.attacker import Attack, attack
from tests.attack.witnesses import decided
from tests.attack.world import Month, first_month, next_month, tables

EVENTS = (None, "closure", "merger", "move")
FEWEST = 3
WORLDS = int(os.environ.get("PHM_ATTACK_WORLDS", "6"))
WITNESSED = int(os.environ.get("PHM_WITNESS_WORLDS", "12"))


@dataclass
class Told:
    """Two published months of one made-up ICB and the attack on them."""

    months: list[Month]
    published: list[dict[str, pd.DataFrame]]
    attack: Attack
    seconds: float


def told(seed: int, *, practices: int, pcns: int, typical: float, with_last_month: bool = True) -> Told:
    rng = np.random.default_rng(seed)
    first = first_month(rng, practices=practices, pcns=pcns, typical=typical)
    months = [first, next_month(first, rng, event=EVENTS[seed % len(EVENTS)])]
    raw = [tables(month) for month in months]
    start = time.perf_counter()
    before = publish(*raw[0])
    after = publish(*raw[1], previous=before.ledger if with_last_month else None)
    seconds = time.perf_counter() - start
    published = [{name: t.table for name, t in one.tables.items()} for one in (before, after)]
    return Told(months, published, attack(months, published), seconds)


def narrowed(made: Attack, fewest: int = FEWEST) -> np.ndarray:
    low, high = made.bounds()
    assert ((low <= made.truth) & (made.truth <= high)).all(), "the truth left its bounds"
    return made.targets[(high - low + 1)[made.targets] < fewest]


def figures(one: Told) -> Counter:
    """What is told of the attack on a made-up ICB; figures of several add up."""
    made = one.attack
    low, high = made.bounds()
    width = (high - low + 1)[made.targets]
    large = made.published & (made.truth > 7)
    allowed = made.highest[large] - made.lowest[large] + 1
    return Counter(
        {
            "cells": len(made.names),
            "small": len(width),
            "below 3": int((width < 3).sum()),
            "below 4": int((width < 4).sum()),
            "exact": int((width == 1).sum()),
            "for an insider": len(_insider(made, one.months[0], width)),
            "above 7": int(large.sum()),
            "coarsened": int(((allowed > 5) & (allowed <= 50)).sum()),
            "withheld": int((allowed > 50).sum()),
            "seconds": one.seconds,
        }
    )


def said(found: Counter) -> str:
    """One line of figures."""
    share = (found["withheld"] + found["coarsened"]) / max(found["above 7"], 1)
    counted = ", ".join(f"{name}: {count:,}" for name, count in found.items() if name != "seconds")
    return f"{counted} ({share:.1%} coarsened or withheld); protected in {found['seconds']:.1f} s"


def shapes(one: Told) -> Counter:
    """What makes a made-up ICB hard to protect, once for each that is there."""
    before, after = (month.areas for month in one.months)
    is_closure = len(after) < len(before)
    both = before.merge(after, on="practice", suffixes=("", "_after"))
    moved = int((both["pcn"] != both["pcn_after"]).sum())
    is_merger = before["pcn"].nunique() > after["pcn"].nunique() and moved > 0
    return Counter(
        {
            "practice closed": int(is_closure),
            "PCNs merged": int(is_merger),
            "practice changed PCN": int(moved > 0 and not is_merger),
            "PCN across two places": int((before.groupby("pcn")["place"].nunique() > 1).any()),
        }
    )


def _insider(made: Attack, month: Month, outside: np.ndarray) -> np.ndarray:
    """Small counts of others that somebody who knows the first practice's own counts confines and a reader does not."""
    code = month.areas["practice"][0]
    own = np.array([_area(name) == ("practice", code) for name in made.names])
    known = np.where(own, made.truth, made.lowest), np.where(own, made.truth, made.highest)
    low, high = replace(made, lowest=known[0], highest=known[1]).bounds()
    return np.flatnonzero(((high - low + 1)[made.targets] < FEWEST) & (outside >= FEWEST) & ~own[made.targets])


def _area(name: tuple) -> tuple[str, str]:
    return name[2][1:3] if name[1] == "rest" else name[2:4]


def test_no_small_count_of_random_areas_is_narrowed():
    found, there, breaches = Counter(), Counter(), []
    for seed in range(WORLDS):
        rng = np.random.default_rng(1000 + seed)
        practices = int(rng.integers(4, 21))
        pcns, typical = int(rng.integers(2, 3 + practices // 4)), float(rng.choice([40, 150, 600]))
        one = told(seed, practices=practices, pcns=pcns, typical=typical)
        there.update(shapes(one))
        found.update(figures(one))
        breaches += [one.attack.names[cell] for cell in narrowed(one.attack)]
    print(f"{WORLDS} ICBs, of which {dict(there)}:", said(found))
    assert found["small"] > 100 and all(there.values())
    assert not breaches


def test_the_attacker_finds_what_the_rule_alone_leaves():
    """Planted: every label of both months as exact as the rule allows."""
    made = told(0, practices=12, pcns=3, typical=40).attack
    labels = [
        (max(8, (n + 2) // 5 * 5 - 2), (n + 2) // 5 * 5 + 2) if n > 7 else ((1, 7) if n else (0, 0)) for n in made.truth
    ]
    lowest, highest = np.array(labels).T
    planted = replace(
        made,
        lowest=np.where(made.published, lowest, made.lowest),
        highest=np.where(made.published, highest, made.highest),
    )
    print(f"rule alone: {len(narrowed(planted))} of {len(planted.targets)} small counts narrowed below 3 values")
    assert len(narrowed(planted)) > 20


def test_last_month_would_give_away_what_this_month_alone_protects():
    size = {"practices": 12, "pcns": 3, "typical": 40}
    assert len(narrowed(told(4, **size, with_last_month=False).attack)) > 3
    assert not len(narrowed(told(4, **size).attack))


def test_the_same_people_in_other_words_would_be_given_away(monkeypatch):
    size = {"practices": 12, "pcns": 3, "typical": 40}
    monkeypatch.setattr(Release, "_tie_alike", lambda _: None)
    assert sum(len(narrowed(told(seed, **size).attack)) for seed in range(3))


@pytest.mark.parametrize(("practices", "pcns"), [(141, 25), (380, 60)])
def test_a_set_of_the_size_of_an_icb_is_protected_in_time(practices, pcns):
    """As many as Staffordshire and Stoke-on-Trent has, and more than any: two months."""
    large = told(3, practices=practices, pcns=pcns, typical=6000)
    print(f"{practices} practices, {pcns} PCNs:", said(figures(large)))
    assert large.seconds < 60
    assert not len(narrowed(large.attack))


@pytest.mark.slow
def test_other_people_fit_what_is_published_of_small_areas():
    """Nearly each small count can have three values and more: shown by people who fit, or by an integer programme.

    What is promised is about bounds; a programme that solves for all counts together can know more, and how often it
    does is told here.
    """
    found, undecided, breaches = Counter(), 0, []
    for seed in range(WITNESSED):
        rng = np.random.default_rng(seed)
        practices, typical = int(rng.integers(3, 7)), float(rng.choice([150, 600]))
        one = told(seed, practices=practices, pcns=2, typical=typical)
        enough, programmed = decided(one.attack, rng, steps=800, seconds=20)
        undecided += programmed
        breaches += [one.attack.names[cell] for cell in one.attack.targets[~enough]]
        found.update(figures(one))
    print(f"{WITNESSED} ICBs:", said(found), f"; by integer programme: {undecided}, breaches: {len(breaches)}")
    assert len(breaches) <= 0.01 * found["small"]

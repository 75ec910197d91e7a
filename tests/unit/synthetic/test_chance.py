"""Chance depends on seed, purpose and keys alone, and has the distributions it says."""

import numpy as np
import pytest

from phm.synthetic.chance import Chance

WHO = np.arange(200_000) + 9_990_000_000


def test_the_same_keys_give_the_same_number_whoever_else_is_drawn():
    chance = Chance(1)
    together = chance.uniform("age", WHO, 2026)
    assert (chance.uniform("age", WHO[::-1], 2026) == together[::-1]).all()
    assert (chance.uniform("age", WHO[5:6], 2026) == together[5:6]).all()


@pytest.mark.parametrize(("seed", "purpose", "year"), [(2, "age", 2026), (1, "sex", 2026), (1, "age", 2027)])
def test_another_seed_purpose_or_key_is_unrelated(seed, purpose, year):
    first, other = Chance(1).normal("age", WHO, 2026), Chance(seed).normal(purpose, WHO, year)
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.01


def test_uniform_normal_and_exponential_have_their_moments():
    chance = Chance(3)
    uniform, normal, exponential = (draw("x", WHO) for draw in (chance.uniform, chance.normal, chance.exponential))
    assert uniform.min() > 0 and uniform.max() < 1
    assert np.histogram(uniform, bins=20)[0] == pytest.approx(10_000, rel=0.05)
    assert (normal.mean(), normal.std()) == (pytest.approx(0, abs=0.01), pytest.approx(1, abs=0.01))
    assert exponential.mean() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("rate", [0.0, 0.004, 0.5, 3.0, 40.0])
def test_counts_have_mean_and_variance_of_their_rate(rate):
    counts = Chance(4).poisson("events", np.full(len(WHO), rate), WHO)
    assert counts.mean() == pytest.approx(rate, rel=0.02, abs=0.001)
    assert counts.var() == pytest.approx(rate, rel=0.03, abs=0.001)


def test_a_higher_rate_never_gives_fewer():
    chance = Chance(5)
    low, high = (chance.poisson("events", np.full(len(WHO), rate), WHO) for rate in (0.3, 1.0))
    assert (high >= low).all()


def test_whole_numbers_reach_both_ends():
    assert set(Chance(6).whole("day", 3, 6, WHO)) == {3, 4, 5}

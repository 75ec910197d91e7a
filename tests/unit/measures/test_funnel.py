"""Funnels at the edges, exactness of Poisson limits, and overdispersion of a known size."""

import numpy as np
import pytest
from scipy.special import gammaincc, pdtr, pdtrc

from phm.errors import ConfigurationError
from phm.measures.funnel import funnel, funnel_limits, overdispersion


def test_a_rate_is_outside_exactly_where_a_poisson_test_of_the_baseline_says_so():
    expected = np.array([0.5, 3.0, 8.0, 40.0, 400.0])
    for confidence in (0.95, 0.998):
        tail = (1 - confidence) / 2
        lower, upper = funnel_limits(expected, kind="rate", baseline=1.0, confidence=confidence)
        for events in range(480):
            ratio = events / expected
            assert ((ratio < lower) == (pdtr(events, expected) < tail)).all()
            assert ((ratio > upper) == (pdtrc(events - 1, expected) < tail)).all()


def test_lines_meet_published_points_of_a_ratio_funnel():
    # For 10 events the expected number that makes them just too few, and just too many, is the exact interval's end.
    too_many, too_few = 4.7953887, 18.3903560
    lower, upper = funnel_limits([too_few, too_many], kind="rate", baseline=1.0, confidence=0.95)
    assert lower[0] == pytest.approx(10 / too_few) and upper[1] == pytest.approx(10 / too_many)
    assert gammaincc(11, too_few) == pytest.approx(0.025, rel=1e-6)


def test_no_area_can_be_low_where_no_event_at_all_is_likely():
    lower, _ = funnel_limits([1, 3.6, 3.7], kind="rate", baseline=1.0, confidence=0.95)
    assert lower[:2].tolist() == [0, 0] and lower[2] > 0 - 1e-12


def test_significance_has_two_levels_on_either_side_and_none_of_what_is_missing():
    found = funnel([5, 41, 50, 59, 95, np.nan], [100] * 5 + [10], kind="proportion", baseline=0.5)
    assert found.significance.tolist() == [
        "low 99.8%",
        "not different",
        "not different",
        "not different",
        "high 99.8%",
        "",
    ]
    assert funnel([39, 61], [100, 100], kind="proportion").significance.tolist() == ["low 95%", "high 95%"]
    assert np.isnan(found.value[-1]) and np.isnan(found.limits[0.95][0][-1])


def test_limits_of_proportions_stay_possible():
    lower, upper = funnel_limits([1, 5], kind="proportion", baseline=0.9, confidence=0.998)
    assert (lower >= 0).all() and (upper == 1).all()


def test_chance_alone_is_not_overdispersed_and_real_differences_are_measured():
    rng = np.random.default_rng(7)
    people = rng.integers(2000, 6000, 400)
    by_chance = rng.binomial(people, 0.2)
    assert overdispersion(by_chance, people, kind="proportion", baseline=0.2).phi < 1
    differing = rng.binomial(people, np.clip(rng.normal(0.2, 0.03, 400), 0, 1))
    found = overdispersion(differing, people, kind="proportion", baseline=0.2)
    # Winsorising the tails shrinks it: of a normal scatter about a sixth to a third.
    assert found.is_present and 0.5 * 0.03**2 < found.tau2 < 0.03**2


def test_widened_limits_call_fewer_areas_different_and_are_the_same_without_overdispersion():
    rng = np.random.default_rng(7)
    people = rng.integers(2000, 6000, 100)
    events = rng.binomial(people, np.clip(rng.normal(0.2, 0.03, 100), 0, 1))
    plain, wide = (funnel(events, people, kind="rate", widened=w) for w in (False, True))
    assert (wide.significance != "not different").sum() < (plain.significance != "not different").sum() / 2
    assert "widened" in wide.method and "widened" not in plain.method
    even = funnel(people / 5, people, kind="proportion", widened=True)
    assert not even.overdispersion.is_present and "widened" not in even.method


def test_a_value_on_its_limit_is_not_different():
    assert funnel([0, 1], [1, 1], kind="proportion", baseline=0.5).significance.tolist() == ["not different"] * 2


def test_a_single_area_has_no_scatter():
    assert np.isnan(overdispersion([5], [10], kind="proportion", baseline=0.5).phi)


def test_a_funnel_of_nothing_is_refused():
    with pytest.raises(ConfigurationError, match="no funnel without areas"):
        funnel([np.nan], [100], kind="rate")

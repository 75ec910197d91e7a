"""What holds of statistics whatever the areas: order does not matter, limits nest, parts add up, scales scale."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm.measures.estimates import proportion, rate, ratio
from phm.measures.funnel import funnel
from phm.measures.inequality import inequality
from phm.measures.quantiles import quantiles
from phm.measures.rates import poisson_limits
from phm.measures.run_charts import run_chart
from phm.measures.standardised import ESP_2013, directly_standardised, expected_events

WEIGHTS = list(ESP_2013.values())


@st.composite
def areas(draw, *, fewest=2):
    """Events and people of some areas, events among the people."""
    people = draw(st.lists(st.integers(50, 100_000), min_size=fewest, max_size=12))
    shares = draw(st.lists(st.floats(0, 1), min_size=len(people), max_size=len(people)))
    people = np.array(people, dtype=float)
    return np.floor(people * shares), people


@st.composite
def bands(draw):
    """Events and people of areas by the bands of the standard population."""
    seed, number = draw(st.integers(0, 2**32 - 1)), draw(st.integers(1, 6))
    rng = np.random.default_rng(seed)
    people = rng.integers(10, 5000, (number, len(WEIGHTS))).astype(float)
    return np.floor(people * rng.uniform(0, 0.3, people.shape)), people


@pytest.mark.parametrize("statistic", [proportion, rate, ratio])
@given(areas(), st.randoms(use_true_random=False))
def test_the_order_of_areas_does_not_matter(statistic, given_areas, random):
    events, people = given_areas
    order = list(range(len(people)))
    random.shuffle(order)
    straight, shuffled = statistic(events, people), statistic(events[order], people[order])
    for column in ("value", "lower", "upper"):
        np.testing.assert_array_equal(getattr(straight, column)[order], getattr(shuffled, column))


@pytest.mark.parametrize("statistic", [proportion, rate, ratio])
@given(areas())
def test_95_lies_inside_998_around_the_value(statistic, given_areas):
    inner, outer = (statistic(*given_areas, confidence=c) for c in (0.95, 0.998))
    assert (outer.lower <= inner.lower).all() and (inner.lower <= inner.value).all()
    assert (inner.value <= inner.upper).all() and (inner.upper <= outer.upper).all()


@pytest.mark.parametrize("statistic", [proportion, rate, ratio])
@given(areas(), st.sampled_from([1, 100, 1_000, 100_000]))
def test_a_multiplier_only_scales(statistic, given_areas, multiplier):
    plain, scaled = (statistic(*given_areas, multiplier=m) for m in (1, multiplier))
    for column in ("value", "lower", "upper"):
        np.testing.assert_allclose(getattr(scaled, column), multiplier * getattr(plain, column), rtol=1e-12)


@given(st.integers(0, 500))
def test_more_events_have_higher_limits(events):
    lower, upper = poisson_limits([events, events + 1])
    assert lower[0] <= lower[1] and upper[0] <= upper[1]


@given(bands())
def test_expected_events_of_parts_add_up_to_those_of_the_whole(given_bands):
    events, people = given_bands
    reference = events.sum(axis=0), people.sum(axis=0)
    of_parts = expected_events(people, *reference)
    assert of_parts.sum() == pytest.approx(float(expected_events(people.sum(axis=0), *reference)))
    # And all areas together had what was expected of them: their own events.
    assert of_parts.sum() == pytest.approx(events.sum())


@given(bands(), st.randoms(use_true_random=False))
def test_the_order_of_age_bands_does_not_matter_to_a_standardised_rate(given_bands, random):
    events, people = given_bands
    order = list(range(len(WEIGHTS)))
    random.shuffle(order)
    straight = directly_standardised(events, people, WEIGHTS)
    shuffled = directly_standardised(events[:, order], people[:, order], np.array(WEIGHTS)[order])
    for column in ("value", "lower", "upper"):
        np.testing.assert_allclose(getattr(straight, column), getattr(shuffled, column), rtol=1e-9)


@given(bands())
def test_a_standardised_rate_lies_between_the_rates_of_its_bands_inside_its_limits(given_bands):
    events, people = given_bands
    inner, outer = (directly_standardised(events, people, WEIGHTS, multiplier=1, confidence=c) for c in (0.95, 0.998))
    has = np.isfinite(inner.value)
    of_bands = (events / people)[has]
    assert (of_bands.min(axis=1) - 1e-12 <= inner.value[has]).all()
    assert (inner.value[has] <= of_bands.max(axis=1) + 1e-12).all()
    assert (outer.lower[has] <= inner.lower[has]).all() and (inner.lower[has] <= inner.value[has]).all()
    assert (inner.value[has] <= inner.upper[has]).all() and (inner.upper[has] <= outer.upper[has]).all()


@pytest.mark.parametrize("kind", ["proportion", "rate"])
@given(areas(), st.booleans())
def test_funnel_limits_nest_around_the_baseline_and_decide_significance(kind, given_areas, widened):
    found = funnel(*given_areas, kind=kind, multiplier=1, widened=widened)
    (low, high), (lowest, highest) = found.limits[0.95], found.limits[0.998]
    tolerance = 1e-9
    assert (lowest <= low + tolerance).all() and (low <= found.baseline + tolerance).all()
    assert (found.baseline <= high + tolerance).all() and (high <= highest + tolerance).all()
    alarmed = np.char.endswith(found.significance, "99.8%")
    assert (alarmed == ((found.value < lowest) | (found.value > highest))).all()


@given(st.lists(st.floats(0.05, 0.9), min_size=5, max_size=5), st.sampled_from([1, 100, -1, -100]))
def test_an_inequality_multiplied_is_scaled_and_a_negative_one_turned_round(values, multiplier):
    shares = np.array([values])
    inputs = (shares, shares * 0.98, shares * 1.02, np.full((1, 5), 1000.0))
    plain, scaled = (inequality(*inputs, scale="logit", multiplier=m) for m in (1, multiplier))
    np.testing.assert_allclose(scaled.sii, multiplier * plain.sii)
    np.testing.assert_allclose(scaled.rii, plain.rii if multiplier > 0 else 1 / plain.rii)
    assert (scaled.sii_lower <= scaled.sii).all() and (scaled.sii <= scaled.sii_upper).all()
    has_ratio = np.isfinite(scaled.rii)
    assert (scaled.rii_lower <= scaled.rii)[has_ratio].all() and (scaled.rii <= scaled.rii_upper)[has_ratio].all()


@given(st.lists(st.integers(0, 50), min_size=10, max_size=40), st.sampled_from([2, 5, 10]))
def test_quantiles_follow_the_values(values, number):
    groups = quantiles(pd.Series(values, dtype=float), number=number)
    assert groups.between(1, number).all()
    pairs = sorted(zip(values, groups, strict=True), reverse=True)
    assert [group for _, group in pairs] == sorted(group for _, group in pairs)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=30), st.floats(-50, 50), st.integers(1, 8))
def test_a_run_chart_moved_and_stretched_has_the_same_signals(values, by, factor):
    values = np.round(values, 3)
    straight, moved = run_chart(values), run_chart(factor * values + round(by, 3))
    np.testing.assert_allclose(moved.upper - moved.mean, factor * (straight.upper - straight.mean), atol=1e-6)
    assert (moved.trend == straight.trend).all()


@given(st.lists(st.integers(-100, 100), min_size=3, max_size=30))
def test_a_run_chart_upside_down_has_the_opposite_signals(values):
    straight, turned = run_chart(np.array(values)), run_chart(-np.array(values))
    for rule in ("outside", "shift", "trend", "near_limit"):
        assert (getattr(straight, rule) == -getattr(turned, rule)).all()

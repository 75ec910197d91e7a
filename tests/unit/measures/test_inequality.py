"""Inequality indices of lines known beforehand, and their limits against simulation."""

import numpy as np
import pandas as pd
import pytest

from phm.measures.inequality import inequality
from phm.measures.quantiles import quantiles

PEOPLE = np.array([[100.0, 300, 200, 250, 150]])
SHARE = PEOPLE / PEOPLE.sum()
POSITION = np.cumsum(SHARE, axis=1) - SHARE / 2


def around(values, width=0.1):
    return values, values - width, values + width, PEOPLE


def test_groups_on_a_line_give_the_line():
    found = inequality(*around(20 - 8 * POSITION))
    assert found.sii[0] == pytest.approx(-8)
    assert found.rii[0] == pytest.approx(12 / 20)
    assert found.most_deprived[0] == pytest.approx(20)
    assert found.sii_lower[0] < -8 < found.sii_upper[0] and found.rii_lower[0] < 0.6 < found.rii_upper[0]


@pytest.mark.parametrize(
    ("scale", "values"), [("log", 5 * np.exp(-POSITION)), ("logit", 1 / (1 + np.exp(1 - POSITION)))]
)
def test_a_line_on_the_scale_of_the_limits_gives_its_ends(scale, values):
    found = inequality(values, values * 0.95, values * 1.05, PEOPLE, scale=scale, line_on_scale=True)
    ends = (5, 5 / np.e) if scale == "log" else (1 / (1 + np.e), 0.5)
    assert found.most_deprived[0] == pytest.approx(ends[0])
    assert found.sii[0] == pytest.approx(ends[1] - ends[0]) and found.rii[0] == pytest.approx(ends[1] / ends[0])


def test_a_group_that_is_missing_or_impossible_leaves_no_index_of_its_area_only():
    values, lower, upper, people = (np.tile(a, (5, 1)) for a in around(0.2 - 0.1 * POSITION, 0.01))
    values[0, 2], people[1, 0], lower[2, 4], upper[3, 1] = np.nan, 0, np.nan, 1.2
    found = inequality(values, lower, upper, people, scale="logit")
    assert np.isnan(found.sii).tolist() == [True, True, True, True, False]
    assert np.isnan(found.rii_upper).tolist() == [True, True, True, True, False]


def test_limits_given_are_95_whatever_confidence_is_asked_for():
    usual, wider = (inequality(*around(20 - 8 * POSITION), confidence=c) for c in (0.95, 0.99))
    assert (wider.sii_upper - wider.sii) / (usual.sii_upper - usual.sii) == pytest.approx(2.575829 / 1.959964)


def test_a_line_that_falls_below_zero_has_no_ratio():
    found = inequality(*around(1 - 3 * POSITION))
    assert np.isfinite(found.sii[0]) and np.isnan(found.rii[0])


def test_limits_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(5)
    truth, error = 20 - 8 * POSITION, 0.6
    seen = truth + rng.normal(0, error, (4000, 5))
    found = inequality(seen, seen - 1.959964 * error, seen + 1.959964 * error, np.tile(PEOPLE, (4000, 1)))
    assert np.mean((found.sii_lower < -8) & (found.sii_upper > -8)) == pytest.approx(0.95, abs=0.01)
    assert np.mean((found.rii_lower < 0.6) & (found.rii_upper > 0.6)) == pytest.approx(0.95, abs=0.01)


def test_quantiles_share_ranks_of_equals_and_need_enough_areas():
    values = pd.Series([5.0, 5, 1, 2, 3, 4, np.nan])
    assert quantiles(values, number=3, highest_first=False).tolist() == [3, 3, 1, 1, 2, 2, pd.NA]
    assert quantiles(values, number=7).isna().all()
    assert quantiles(values[:4], number=4, highest_first=False).tolist() == [3, 3, 1, 2]
    by_region = quantiles(pd.Series([1.0, 2, 3, 4]), number=2, within=pd.Series(list("aabb")))
    assert by_region.tolist() == [2, 1, 2, 1]

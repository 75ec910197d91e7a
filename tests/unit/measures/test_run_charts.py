"""Run charts: each rule on either side of its threshold, many series at once as one by one."""

import numpy as np
import pytest

from phm.measures.run_charts import run_chart

STEADY = [10, 12, 10, 12, 10, 12, 10, 12, 10, 12, 10, 12]


def marks(values, rule, **kwargs):
    return getattr(run_chart(values, **kwargs), rule)[0].tolist()


def test_limits_are_2_66_mean_moving_ranges_from_the_mean():
    found = run_chart(STEADY)
    assert (found.mean[0], found.lower[0], found.upper[0]) == pytest.approx((11, 11 - 5.32, 11 + 5.32))
    assert not found.is_special_cause.any() and not found.is_provisional[0]


def test_an_outlying_range_is_left_out_of_the_limits():
    found = run_chart([*STEADY, 60, *STEADY])
    # Two ranges of about 49 are far above 3.267 times the mean; the rest are 2.
    assert found.upper[0] - found.mean[0] == pytest.approx(2.66 * 2)
    assert marks([*STEADY, 60, *STEADY], "outside")[12] == 1


def test_a_point_is_outside_only_beyond_the_limit():
    upper = run_chart(STEADY).upper[0]
    assert marks([*STEADY, upper - 0.01], "outside", baseline=12)[-1] == 0
    assert marks([*STEADY, upper + 0.01], "outside", baseline=12)[-1] == 1
    assert marks([*STEADY, 22 - upper - 0.01], "outside", baseline=12)[-1] == -1


def test_six_on_one_side_are_no_shift_and_seven_are():
    above = [11.2, 11.1] * 4
    assert marks([*STEADY[:-1], *above[:6]], "shift", baseline=11) == [0] * 17
    # The last of the steady months is below the mean.
    assert marks([*STEADY[:-1], *above[:7]], "shift", baseline=11)[-7:] == [1] * 7


def test_a_point_on_the_mean_breaks_a_shift():
    assert marks([*STEADY, 11.5, 11.4, 11.5, 11, 11.5, 11.4, 11.5], "shift", baseline=12) == [0] * 19


def test_six_rising_points_are_no_trend_and_seven_are():
    rising = [9.0, 9.5, 10, 10.5, 11, 11.5, 12]
    assert marks([*STEADY, *rising[1:]], "trend", baseline=12) == [0] * 18
    assert marks([*STEADY, *rising], "trend", baseline=12) == [0] * 12 + [1] * 7
    assert marks([*STEADY[:-1], *rising[::-1]], "trend", baseline=11)[-7:] == [-1] * 7


def test_two_of_three_near_the_same_limit():
    near, middle = 11 + 5.32 * 0.7, 11.5
    assert marks([*STEADY, near, middle, near], "near_limit", baseline=12) == [0] * 12 + [1, 0, 1]
    assert marks([*STEADY, near, 10.5, near], "near_limit", baseline=12) == [0] * 15  # the middle one is below the mean
    assert marks([*STEADY, near, middle, middle, near], "near_limit", baseline=12) == [0] * 16
    assert marks([*STEADY, near, 22 - near, near], "near_limit", baseline=12) == [0] * 15


def test_a_point_outside_is_not_also_near():
    near, beyond = 11 + 5.32 * 0.7, 11 + 5.32 * 1.1
    assert marks([*STEADY, near, 11.5, beyond], "near_limit", baseline=12) == [0] * 15
    assert marks([*STEADY, near, near, beyond], "near_limit", baseline=12) == [0] * 12 + [1, 1, 0]


def test_a_missing_month_breaks_a_run_and_makes_no_range():
    values = [*STEADY, 11.5, 11.4, 11.5, np.nan, 11.5, 11.4, 11.5, 11.4]
    assert marks(values, "shift", baseline=12) == [0] * 20
    gap = run_chart([10, 12, np.nan, 20, 22, 20])
    assert gap.upper[0] - gap.mean[0] == pytest.approx(2.66 * 2) and gap.points[0] == 5


def test_a_series_that_never_moved_has_limits_at_its_mean_and_one_of_nothing_has_none():
    found = run_chart([[5.0] * 8 + [6], [np.nan] * 9], baseline=8)
    assert found.upper[0] == 5 and found.outside[0].tolist() == [0] * 8 + [1]
    assert np.isnan(found.mean[1]) and not found.is_special_cause[1].any()


def test_short_series_are_only_provisional():
    found = run_chart([1.0, 2, 3])
    assert found.is_provisional[0] and not found.is_special_cause.any()


def test_many_series_at_once_are_as_one_by_one():
    rng = np.random.default_rng(3)
    series = rng.normal(10, 1, (40, 30)).cumsum(axis=1) / np.arange(1, 31)
    series[rng.random(series.shape) < 0.05] = np.nan
    whole = run_chart(series, baseline=20)
    for i, one in enumerate(series):
        alone = run_chart(one, baseline=20)
        assert (alone.is_special_cause[0] == whole.is_special_cause[i]).all()
        assert alone.upper[0] == pytest.approx(whole.upper[i])

"""Intervals at the edges; against published figures they stand in `tests/real/test_rates.py`."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammainc, gammaincc

from phm.measures.rates import byars, poisson_limits, wilson


def test_wilson_is_missing_where_it_means_nothing():
    lower, upper = wilson([np.nan, 1, 1, -1, 5], [100, np.nan, 0, 100, 4])
    assert np.isnan(lower).all() and np.isnan(upper).all()


@given(st.integers(0, 5000), st.integers(1, 5000))
def test_wilson_holds_the_proportion_and_stays_possible(numerator, extra):
    lower, upper = wilson(numerator, numerator + extra)
    assert 0 <= lower <= numerator / (numerator + extra) <= upper <= 1


def test_byars_has_no_lower_limit_where_it_would_fall_below_zero():
    lower, upper = byars([0, 1, np.nan, -1], confidence=0.998)
    assert np.isnan(lower).all()
    assert np.isfinite(upper).tolist() == [True, True, False, False]


def test_limits_are_exact_below_ten_events_and_byars_from_there():
    lower, upper = poisson_limits([3, 9, 10])
    # Exact means: at the limit, as many or more (as few or fewer) events have probability 2.5%.
    assert gammainc([3, 9], lower[:2]) == pytest.approx([0.025, 0.025])
    assert gammaincc([4, 10], upper[:2]) == pytest.approx([0.025, 0.025])
    assert (lower[2], upper[2]) == pytest.approx([limit[0] for limit in byars([10])])


def test_limits_of_no_event_start_at_zero_and_of_nothing_are_missing():
    lower, upper = poisson_limits([0, np.nan, -1])
    assert lower[0] == 0 and upper[0] == pytest.approx(3.688879)
    assert np.isnan(lower[1:]).all() and np.isnan(upper[1:]).all()

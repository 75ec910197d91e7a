"""What a plotted value states, and standardised rates by hand."""

import numpy as np
import pytest

from phm.measures.estimates import describe, proportion, rate, ratio
from phm.measures.standardised import (
    ESP_2013,
    directly_standardised,
    expected_events,
    indirectly_standardised_rate,
    indirectly_standardised_ratio,
)


def test_a_value_states_parts_interval_method_and_period():
    table = rate([5, 250, np.nan], [1000, 2000, 10]).table(period="October 2026")
    assert table["method"].tolist() == ["exact Poisson", "Byar's", "a part is missing or impossible"]
    assert table["statistic"].unique().tolist() == ["rate per 100,000"]
    assert describe(table) == [
        "500.0 rate per 100,000 (95% interval 162.3 to 1,166.8, exact Poisson): 5 of 1,000, October 2026",
        "12,500.0 rate per 100,000 (95% interval 10,998.3 to 14,149.4, Byar's): 250 of 2,000, October 2026",
        "no value (a part is missing or impossible), October 2026",
    ]


def test_ten_events_have_byars_interval_and_nine_an_exact_one():
    assert rate([9, 10], [100, 100]).method.tolist() == ["exact Poisson", "Byar's"]


def test_what_is_impossible_has_no_value():
    for found in (proportion([-1, 5, 3], [10, 4, 0]), rate([-1, 5], [10, 0]), ratio([-1, 5], [10, 0])):
        assert np.isnan(found.value).all() and np.isnan(found.lower).all() and np.isnan(found.upper).all()


def test_the_standard_population_is_a_hundred_thousand():
    assert sum(ESP_2013.values()) == 100_000


def test_a_directly_standardised_rate_by_hand():
    # Two bands of rates 1% and 4%, weighed 3 to 1: 0.75 * 0.01 + 0.25 * 0.04.
    found = directly_standardised([[10, 20]], [[1000, 500]], [300, 100], multiplier=1000)
    assert found.value[0] == pytest.approx(17.5)
    assert (found.numerator[0], found.denominator[0]) == (30, 1500)
    same_weights = directly_standardised([[10, 20]], [[1000, 500]], [3, 1], multiplier=1000)
    assert same_weights.lower == pytest.approx(found.lower)


def test_with_the_population_as_standard_it_is_the_crude_rate_with_its_interval():
    people = [636, 558, 609]
    found = directly_standardised([[127, 25, 18]], [people], people, multiplier=1000)
    crude = rate([170], [sum(people)], multiplier=1000)
    assert found.value == pytest.approx(crude.value)
    # Dobson's stretch of a crude rate is 1 where every person weighs the same.
    assert (found.lower[0], found.upper[0]) == pytest.approx((crude.lower[0], crude.upper[0]))


def test_few_events_missing_counts_and_empty_bands_have_no_standardised_rate():
    found = directly_standardised(
        [[4, 5], [np.nan, 50], [20, 0], [5, 5]], [[100, 100], [100, 100], [100, 0], [100, 100]], [1, 1]
    )
    assert np.isnan(found.value).tolist() == [True, True, True, False]
    assert found.method.tolist() == ["fewer than 10 events", *["a part is missing or impossible"] * 2, "Dobson"]


def test_an_area_like_the_reference_has_a_ratio_of_100_and_the_reference_rate():
    people, events = np.array([1000, 2000]), np.array([10, 90])
    expected = expected_events([people, 2 * people], events, people)
    assert expected.tolist() == [100, 200]
    assert indirectly_standardised_ratio([100, 100], expected).value == pytest.approx([100, 50])
    found = indirectly_standardised_rate([100, 100], expected, reference_rate=100 / 3000, multiplier=1000)
    assert found.value == pytest.approx([100 / 3, 50 / 3])
    assert found.statistic == "indirectly standardised rate per 1,000"

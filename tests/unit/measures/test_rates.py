"""Intervals against published results and at the edges."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm.measures.rates import wilson
from tests.conftest import SHARED

RATES = SHARED / "oracles" / "rates"


@pytest.mark.real
@pytest.mark.parametrize(("confidence", "name"), [(0.95, "95_0"), (0.998, "99_8")])
def test_wilson_equals_published_proportions(confidence, name):
    file = RATES / "proportion_expected.csv"
    if not file.exists():
        pytest.skip(f"{file} is not here")
    with file.open() as opened:
        rows = [r for r in csv.DictReader(opened) if r["Numerator"] and r["Denominator"]]
    numerator, denominator, multiplier = (
        np.array([float(r[k]) for r in rows]) for k in ("Numerator", "Denominator", "multiplier")
    )
    expected = np.array([[float(r[f"{side}{name}cl"]) for r in rows] for side in ("lower", "upper")])
    assert len(rows) == 16
    np.testing.assert_allclose(
        np.array(wilson(numerator, denominator, confidence=confidence)) * multiplier, expected, rtol=1e-9
    )


@pytest.mark.real
def test_wilson_equals_the_published_vectors():
    file = RATES / "byars_wilson_expected.csv"
    if not file.exists():
        pytest.skip(f"{file} is not here")
    with file.open() as opened:
        rows = [r for r in csv.DictReader(opened) if r["method"] == "Wilson"]
    assert len(rows) == 6
    for row in rows:
        limits = wilson(float(row["x"]), float(row["n"]), confidence=float(row["confidence"].rstrip("%")) / 100)
        np.testing.assert_allclose(limits, [float(row["lowercl"]), float(row["uppercl"])], rtol=1e-9)


def test_wilson_is_missing_where_it_means_nothing():
    lower, upper = wilson([np.nan, 1, 1, -1, 5], [100, np.nan, 0, 100, 4])
    assert np.isnan(lower).all() and np.isnan(upper).all()


@given(st.integers(0, 5000), st.integers(1, 5000))
def test_wilson_holds_the_proportion_and_stays_possible(numerator, extra):
    lower, upper = wilson(numerator, numerator + extra)
    assert 0 <= lower <= numerator / (numerator + extra) <= upper <= 1

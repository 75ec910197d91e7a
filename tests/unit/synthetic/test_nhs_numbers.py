"""NHS numbers are valid, distinct, and from ranges that were never issued."""

import csv

import numpy as np
import pytest

from phm import nhs_numbers
from phm.errors import ConfigurationError


def test_check_digit_of_numbers_worked_by_hand():
    # 999 000 001: 9*10 + 9*9 + 9*8 + 1*2 = 245, 245 mod 11 = 3, 11 - 3 = 8.
    assert nhs_numbers.check_digit(np.array([999_000_001])).tolist() == [8]
    assert nhs_numbers.is_valid(np.array([9990000018, 9990000026, 9990000019])).tolist() == [True, True, False]


@pytest.mark.real
def test_agrees_with_published_vectors(shared):
    with (shared / "oracles" / "identifiers" / "nhs_number_vectors.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    numbers = np.array([int(row["nhs_number"].replace(" ", "").replace("-", "")) for row in rows])
    assert nhs_numbers.is_valid(numbers).tolist() == [row["source_says_valid"] == "1" for row in rows]
    assert len(rows) > 20


def test_practices_never_share_a_number():
    counts = [12_000, 900, 31_000]
    starts = nhs_numbers.blocks(counts)
    drawn = [
        nhs_numbers.nhs_numbers(start, count, total_count=43_900) for start, count in zip(starts, counts, strict=True)
    ]
    numbers = np.concatenate(drawn)
    assert len(np.unique(numbers)) == sum(counts)
    assert nhs_numbers.is_valid(numbers).all()
    assert (numbers // 10_000_000 == 999).all()
    assert not (np.diff(numbers) > 0).all()


def test_large_runs_use_900_to_999():
    numbers = nhs_numbers.nhs_numbers(0, 5_000, total_count=1_210_283)
    assert nhs_numbers.is_valid(numbers).all()
    assert (numbers // 10 >= 900_000_000).all()
    assert len(np.unique(numbers // 10_000_000)) > 50


def test_999_holds_the_largest_small_run():
    counts = [8_000] * 100
    starts = nhs_numbers.blocks(counts)
    numbers = np.concatenate([nhs_numbers.nhs_numbers(s, 8_000, total_count=800_000) for s in starts])
    assert len(np.unique(numbers)) == 800_000


def test_too_many_people_are_refused():
    with pytest.raises(ConfigurationError, match="NHS numbers"):
        nhs_numbers.nhs_numbers(999_000, 2_000, total_count=2_000)

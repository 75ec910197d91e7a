"""Successors of practices that closed or merged."""

import datetime as dt

import ibis
import pytest

from phm.core.successors import successors

DAY = dt.date(2026, 10, 31)


def succession(*rows):
    names = ("practice_code", "successor_practice_code", "succession_date")
    return ibis.memtable([dict(zip(names, (a, b, dt.date.fromisoformat(day)), strict=True)) for a, b, day in rows])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("A1", "B1", "2026-10-31")], {"A1": ["B1"]}),
        ([("A1", "B1", "2026-11-01")], {}),
        ([("A1", "B1", "2020-04-01"), ("B1", "C1", "2024-04-01")], {"A1": ["C1"]}),
        ([("A1", "B1", "2020-04-01"), ("B1", "C1", "2027-04-01")], {"A1": ["B1"]}),
        ([("A1", "C1", "2020-04-01"), ("A1", "B1", "2020-04-01")], {"A1": ["B1", "C1"]}),
        ([("A1", "B1", "2020-04-01"), ("B1", "A1", "2021-04-01")], {"A1": ["B1"]}),
        ([("X1", "Y1", "2020-04-01")], {}),
    ],
)
def test_who_stands_in_its_place(rows, expected):
    assert successors(succession(*rows), ["A1"], as_at=DAY) == expected

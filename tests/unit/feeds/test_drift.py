"""What changed between two deliveries is found, and what did not is not."""

import math
from dataclasses import replace

import duckdb
import pytest

from phm.feeds.contracts import load_contract
from phm.feeds.drift import compare
from phm.feeds.schema import DriftLimits

LIMITS = DriftLimits(20, 5, 0.25, {"value": "snomed_code"})
PULSE, WEIGHT = "78564009", "27113001"
ROWS = f"""
    SELECT 'A' || lpad((i % 4)::VARCHAR, 5, '0') AS practice_code, md5(i::VARCHAR) AS person_id, i AS record_id,
           NULL::BIGINT AS parent_record_id, DATE '2026-09-30' - (i % 700)::INTEGER AS event_date,
           CASE WHEN i % 3 = 0 THEN '{PULSE}' ELSE '{WEIGHT}' END AS snomed_code,
           CASE WHEN i % 3 = 0 THEN 60 + i % 40 ELSE 60 + i % 50 END::DOUBLE AS value,
           'practice' AS source
    FROM range(12000) AS t(i)
"""


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def shifts(con, tmp_path):
    """All shifts from ROWS to what a query makes of them, by kind and subject."""

    def shifts(query, *, limits=LIMITS):
        contract = replace(load_contract("gp_event"), drift=limits)
        before, now = tmp_path / "before.parquet", tmp_path / "now.parquet"
        con.execute(f"COPY ({ROWS}) TO '{before}'")
        con.execute(f"COPY (WITH delivery AS ({ROWS}) {query}) TO '{now}'")
        return {(shift.kind, shift.subject): shift for shift in compare(con, contract, [now], [before])}

    return shifts


def beyond(shifts):
    return {key for key, shift in shifts.items() if shift.is_beyond}


def test_the_same_delivery_has_not_moved(shifts):
    found = shifts("FROM delivery")
    assert beyond(found) == set()
    assert all(shift.change == 0 for shift in found.values())
    assert {subject for kind, subject in found if kind == "completeness"} == {
        "practice_code", "event_date", "snomed_code", "value", "source",
    }  # fmt: skip


def test_a_month_later_is_no_shift_of_dates(shifts):
    assert beyond(shifts("SELECT * REPLACE (event_date + 31 AS event_date) FROM delivery")) == set()


def test_a_practice_that_shrank_is_named(shifts):
    found = shifts("FROM delivery WHERE practice_code <> 'A00001' OR record_id % 2 = 0 OR record_id < 6000")
    (key,) = beyond(found)
    assert key == ("practice_rows", "A00001")
    assert found[key].change == pytest.approx(-50, abs=0.1)


def test_missing_and_new_practices_are_named(shifts):
    found = shifts("SELECT * REPLACE (replace(practice_code, 'A00003', 'B00003') AS practice_code) FROM delivery")
    assert beyond(found) == {("practice_missing", "A00003"), ("practice_new", "B00003")}


def test_a_column_that_lost_its_values_is_named(shifts):
    found = shifts("SELECT * REPLACE (CASE WHEN record_id % 10 > 0 THEN value END AS value) FROM delivery")
    assert beyond(found) == {("completeness", "value")}
    assert found["completeness", "value"].change == pytest.approx(-10)


def test_values_in_another_unit_are_found_within_their_code(shifts):
    found = shifts(
        f"SELECT * REPLACE (CASE WHEN snomed_code = '{PULSE}' THEN value / 2 ELSE value END AS value) FROM delivery"
    )
    assert beyond(found) == {("distribution", f"value of {PULSE}")}


def test_the_stability_index_is_the_one_by_hand(shifts):
    found = shifts(
        f"SELECT * REPLACE (if(record_id % 12 = 0, '{WEIGHT}', snomed_code) AS snomed_code) FROM delivery",
        limits=replace(LIMITS, values_by={}),
    )
    before, now = (1 / 3, 2 / 3), (1 / 3 - 1 / 12, 2 / 3 + 1 / 12)
    by_hand = sum((p - q) * math.log(p / q) for p, q in zip(now, before, strict=True))
    assert found["distribution", "snomed_code"].change == pytest.approx(by_hand, rel=1e-9)


def test_few_rows_have_no_distribution(shifts):
    found = shifts("FROM delivery WHERE record_id < 900")
    assert {kind for kind, _ in found} == {"rows", "practice_rows", "completeness"}


def test_a_contract_without_limits_is_not_compared(shifts):
    assert shifts("FROM delivery", limits=None) == {}

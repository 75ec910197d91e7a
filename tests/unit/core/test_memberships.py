"""The practice map as at a date: memberships that ended, will end, overlap, or are of practices not in the map."""

from datetime import date

import ibis
import pyarrow as pa
import pytest

from phm.core.memberships import is_older_than_map, map_as_at, pcn_as_at
from tests.spec.people import rows

AS_AT = date(2022, 7, 1)

MAP = """
practice_code | practice_name | pcn_code | pcn_name    | sub_icb_code | sub_icb_name | icb_code | icb_name | region_code | region_name
A81001        | HIGH STREET,  | U11111   | North       | 00P          | Sunder       | QHM      | NE ICB   | Y63         | North
A81002        | STATION ROAD  | U        | Unallocated | 00P          | Sunder       | QHM      | NE ICB   | Y63         | North
A81003        | MILL LANE     | U22222   | South       | 00L          | Northum      | QHM      | NE ICB   | Y63         | North
A81004        | THE GREEN     | U22222   | South       | 00L          | Northum      | QHM      | NE ICB   | Y63         | North
B81001        | ELSEWHERE     | U22222   | South       | 02Y          | East         | QOQ      | HNY ICB  | Y63         | North
"""  # noqa: E501

PARTNERS = """
practice_code | practice_name | practice_sub_icb_code | pcn_code | pcn_name | start_date | end_date
A81001        | HIGH STREET   | 00P                   | U11111   | North    | 2019-10-01 | 2022-06-30
A81001        | HIGH STREET   | 00P                   | U44444   | New,     | 2022-07-01 |
A81002        | STATION ROAD  | 00P                   | U33333   | Gone     | 2019-10-01 | 2020-03-31
A81003        | MILL LANE     | 00L                   | U22222   | South    | 2019-10-01 | 2022-07-01
A81003        | MILL LANE     | 00L                   | U55555   | Later    | 2022-08-01 |
A81004        | THE GREEN     | 00L                   | U55555   | Later    | 2022-08-01 |
A81009        | NEW SURGERY,  | 00P                   | U11111   | North    | 2022-06-01 | 2030-01-01
"""

LOOKUP = """
sub_icb_code | sub_icb_name | icb_code | icb_name | region_code | region_name
00P          | Sunder       | QHM      | NE ICB   | Y63         | North
"""


def table(text, **columns):
    found = rows(text)
    for row in found:
        row |= {name: row[name] and date.fromisoformat(row[name]) for name in row if name.endswith("_date")}
        row |= columns
    dates = {name for name in found[0] if name.endswith("_date")}
    schema = pa.schema([(name, pa.date32() if name in dates else pa.string()) for name in found[0]])
    return ibis.memtable(pa.Table.from_pylist(found, schema=schema))


def told(expression, *columns):
    """What the engine finds, by practice."""
    found = ibis.duckdb.connect(threads=1).to_pyarrow(expression).to_pylist()
    assert len(found) == len({row["practice_code"] for row in found})
    return {row["practice_code"]: tuple(row[name] for name in columns) for row in sorted(found, key=str)}


def as_at(day, *others, text=PARTNERS):
    return told(map_as_at(table(MAP), table(text), *others, as_at=day), "pcn_code", "pcn_basis")


def test_without_dated_memberships_the_map_is_told_as_published_but_for_its_names():
    found = told(map_as_at(table(MAP), as_at=AS_AT), "practice_name", "pcn_code", "pcn_basis", "is_pcn_spanning")
    assert found == {
        "A81001": ("HIGH STREET", "U11111", "practice_membership", False),
        "A81002": ("STATION ROAD", "U", "no_pcn", False),
        "A81003": ("MILL LANE", "U22222", "practice_membership", True),
        "A81004": ("THE GREEN", "U22222", "practice_membership", True),
        "B81001": ("ELSEWHERE", "U22222", "practice_membership", True),
    }


def test_the_pcn_is_that_of_the_day_asked_about():
    assert as_at(date(2022, 6, 30))["A81001"] == ("U11111", "pcn_core_partner")
    assert as_at(date(2022, 7, 1))["A81001"] == ("U44444", "pcn_core_partner")


def test_an_end_that_lies_ahead_is_no_end_and_the_last_day_still_counts():
    assert as_at(date(2022, 6, 30))["A81003"] == ("U22222", "pcn_core_partner")
    assert as_at(date(2022, 7, 1))["A81003"] == ("U22222", "pcn_core_partner")
    assert as_at(date(2022, 7, 2))["A81003"] == ("U", "no_current_membership")
    assert as_at(date(2022, 8, 1))["A81003"] == ("U55555", "pcn_core_partner")


def test_memberships_that_ended_or_have_not_begun_are_none_whatever_the_map_says():
    found = as_at(AS_AT)
    assert found["A81002"] == ("U", "no_current_membership")
    assert found["A81004"] == ("U", "no_current_membership")


def test_a_practice_dated_memberships_do_not_know_keeps_the_pcn_of_the_map():
    assert as_at(AS_AT)["B81001"] == ("U22222", "practice_membership")


def test_a_practice_the_map_does_not_know_comes_with_the_lookup():
    assert "A81009" not in as_at(AS_AT)
    added = map_as_at(table(MAP), table(PARTNERS), table(LOOKUP), as_at=AS_AT)
    columns = ("practice_name", "pcn_code", "sub_icb_name", "icb_code", "region_code", "pcn_basis")
    assert told(added, *columns)["A81009"] == (
        "NEW SURGERY", "U11111", "Sunder", "QHM", "Y63", "pcn_core_partner"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("memberships", "chosen"),
    [
        (["U22222 | 2019-10-01 |", "U11111 | 2020-01-01 |"], "U11111"),
        (["U11111 | 2022-07-01 | 2022-07-01", "U22222 | 2022-07-01 |"], "U22222"),
        (["U11111 | 2022-01-01 | 2023-01-01", "U22222 | 2022-01-01 | 2024-01-01"], "U22222"),
        (["U22222 | 2022-01-01 |", "U11111 | 2022-01-01 |"], "U11111"),
    ],
    ids=["began last", "ends last: never", "ends last", "lower code"],
)
def test_of_two_memberships_in_force_one_is_chosen_in_any_order(memberships, chosen):
    heading = "practice_code | practice_name | practice_sub_icb_code | pcn_code | start_date | end_date"
    for order in (memberships, memberships[::-1]):
        lines = [heading, *(f"A81001 | HIGH STREET | 00P | {line}" for line in order)]
        found = pcn_as_at(table("\n" + "\n".join(lines) + "\n", pcn_name="x"), as_at=AS_AT)
        assert told(found, "pcn_code", "membership_count") == {"A81001": (chosen, 2)}


def test_a_pcn_spans_from_the_day_a_practice_of_elsewhere_joins_it():
    partners = PARTNERS + "B81001 | ELSEWHERE | 02Y | U44444 | New | 2022-07-02 |\n"

    def spanning(day):
        found = told(map_as_at(table(MAP), table(partners), as_at=day), "pcn_code", "is_pcn_spanning")
        return {pcn for pcn, spans in found.values() if spans}

    assert spanning(date(2022, 7, 1)) == set()
    assert spanning(date(2022, 7, 2)) == {"U44444"}


def test_a_pcn_has_one_name_where_the_two_files_write_it_differently():
    partners = PARTNERS + "B81001 | ELSEWHERE | 02Y | U22222 | SOUTH PCN | 2022-01-01 |\n"
    found = map_as_at(table(MAP), table(partners), as_at=AS_AT).filter(lambda rows: rows.pcn_code == "U22222")
    assert set(told(found, "pcn_name").values()) == {("SOUTH PCN",)}


@pytest.mark.parametrize(
    ("read", "day", "older"),
    [
        (date(2022, 7, 1), AS_AT, False),  # the newest membership of the file began later
        (date(2022, 9, 1), date(2022, 9, 30), True),
        (date(2022, 9, 1), AS_AT, False),  # the map was read after the day asked about
    ],
)
def test_the_map_counts_where_it_is_newer_than_the_dated_memberships(read, day, older):
    membership = ibis.memtable(pa.table({"extract_date": [read]}))
    assert is_older_than_map(table(PARTNERS), membership, as_at=day) is older

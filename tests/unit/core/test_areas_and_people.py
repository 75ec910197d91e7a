"""Practices and their areas, and one row a person."""

from datetime import date

import ibis
import pyarrow as pa
import pytest

from phm.core.geography import check_practices, practices
from phm.core.memberships import map_as_at
from phm.core.people import people
from phm.errors import CheckFailed
from tests.spec.people import PERSON_SCHEMA, person_id, rows

REFERENCE_DATE = date(2026, 10, 31)

MEMBERSHIP = """
practice_code | practice_name | pcn_code | pcn_name | sub_icb_code | sub_icb_name | icb_code | icb_name | region_code
A81001        | HIGH STREET   | U11111   | North    | 00P          | Sunder       | QHM      | NE ICB   | Y63
A81002        | STATION ROAD  | U        |          | 00P          | Sunder       | QHM      | NE ICB   | Y63
A81003        | MILL LANE     | U22222   | South    | 00L          | Northum      | QHM      | NE ICB   | Y63
B81001        | ELSEWHERE     | U33333   | East     | 02Y          | East         | QOQ      | HNY ICB  | Y63
"""

PLACES = """
practice_code | site_type | place_code | place_name
A81001        | Main      | P1         | Coast
A81001 001    | Branch    | P2         | Hills
A81003        | Branch    | P2         | Hills
A81002        |           | P2         | Hills
"""


@pytest.fixture(scope="module")
def duckdb():
    return ibis.duckdb.connect(threads=1)


def text_table(text):
    found = rows(text)
    return ibis.memtable(pa.Table.from_pylist(found, schema=pa.schema([(name, pa.string()) for name in found[0]])))


def membership(text=MEMBERSHIP):
    published = text_table(text).mutate(region_name=ibis.literal("North East and Yorkshire"))
    return map_as_at(published, as_at=REFERENCE_DATE)


def checked(register, membership, places, directory=None):
    return check_practices(register, membership, places, directory, icb_code="QHM", as_at=REFERENCE_DATE)


def register_of(*codes):
    return ibis.memtable(pa.table({"practice_code": list(codes)}))


def test_place_comes_from_main_sites_else_from_the_sub_icb_location(duckdb):
    found = duckdb.to_pyarrow(practices(membership(), text_table(PLACES), icb_code="QHM")).to_pylist()
    assert sorted((row["practice_code"], row["place_code"], row["place_basis"]) for row in found) == [
        ("A81001", "P1", "place_membership"),
        ("A81002", "P2", "place_membership"),
        ("A81003", "00L", "sub_icb_location"),
    ]


def test_without_a_place_map_every_place_is_the_sub_icb_location(duckdb):
    found = duckdb.to_pyarrow(practices(membership(), None, icb_code="QHM")).to_pylist()
    assert {(row["place_code"], row["place_name"], row["place_basis"]) for row in found} == {
        ("00P", "Sunder", "sub_icb_location"),
        ("00L", "Northum", "sub_icb_location"),
    }
    assert {row["region_code"] for row in found} == {"Y63"}


def test_a_practice_in_no_pcn_and_one_without_place_are_warnings():
    warnings = checked(register_of("A81001", "A81002", "A81003"), membership(), text_table(PLACES))
    assert len(warnings) == 2
    assert "belonging to no PCN" in warnings[0] and "A81002" in warnings[0]
    assert "sub-ICB location: A81003" in warnings[1]
    assert checked(register_of("A81001"), membership(), text_table(PLACES)) == []


def test_without_a_place_map_the_run_says_what_places_are():
    assert checked(register_of("A81001"), membership(), None) == [
        "No map of places was delivered: every place is a sub-ICB location."
    ]


def test_practices_that_left_their_pcn_have_two_or_are_in_one_that_spans_are_warnings():
    odd = membership().mutate(
        pcn_basis=ibis.literal("no_current_membership"),
        pcn_membership_count=ibis.literal(2),
        is_pcn_spanning=ibis.literal(True),
    )
    left, two, spanning = checked(register_of("A81003"), odd, text_table(PLACES.replace("Branch", "Main")))
    assert "have left their PCN" in left and "A81003" in left
    assert "more than one PCN membership in force" in two
    assert "spans sub-ICB locations; they keep their own: A81003" in spanning


def test_a_delivered_practice_that_had_closed_is_a_warning():
    days = [date(2026, 10, 30), date(2026, 10, 31), None]
    directory = ibis.memtable(
        pa.table({"practice_code": ["A81001", "A81002", "A81003"], "close_date": pa.array(days, pa.date32())})
    )
    warnings = checked(register_of("A81001", "A81003"), membership(), text_table(PLACES), directory)
    assert warnings[0] == "1 practice(s) are closed in the directory of practices: A81001."


def test_every_icb_of_the_map_at_once(duckdb):
    assert duckdb.to_pyarrow(practices(membership(), None).icb_code.nunique()).as_py() == 2


@pytest.mark.parametrize(
    ("delivered", "edit", "column", "message"),
    [
        (["A81001", "A81009"], ("", ""), "practice_membership.practice_code", "not in the practice map: A81009"),
        (["A81001", "B81001"], ("", ""), "practice_membership.icb_code", "another ICB than QHM.*: B81001"),
        (["A81003"], ("U22222", "      "), "practice_membership.pcn_code", "no PCN in the practice map: A81003"),
    ],
)
def test_a_practice_that_belongs_nowhere_is_refused(delivered, edit, column, message):
    edited = membership(MEMBERSHIP.replace(*edit) if edit[0] else MEMBERSHIP)
    with pytest.raises(CheckFailed, match=message) as refused:
        checked(register_of(*delivered), edited, None)
    assert refused.value.name == column


REGISTER_SCHEMA = pa.schema(
    [
        ("practice_code", pa.string()),
        ("person_id", pa.string()),
        ("age", pa.int64()),
        ("sex", pa.string()),
        ("ethnicity_code", pa.string()),
        ("lsoa_code", pa.string()),
        ("registration_date", pa.date32()),
        ("deregistration_date", pa.date32()),
        ("death_date", pa.date32()),
        ("contact_preference", pa.string()),
        ("is_safe_to_text", pa.bool_()),
        ("interpreter_language", pa.string()),
        ("reasonable_adjustment", pa.string()),
        ("last_contact_date", pa.date32()),
        ("invitation_count", pa.int64()),
        ("next_appointment_date", pa.date32()),
        ("usual_clinician", pa.string()),
        ("has_type_1_opt_out", pa.bool_()),
        ("has_national_data_opt_out", pa.bool_()),
    ]
)

REGISTER = """
person | practice_code | ethnicity_code | lsoa_code | registration_date | deregistration_date | death_date
1      | A81001        | A              | E01000001 | 2010-01-01        |                     |
1      | A81003        | A              | E01000001 | 2020-01-01        |                     |
2      | A81003        | R              | EMPTY     | 2020-01-01        | 2026-10-31          |
2      | A81002        | R              | EMPTY     | 2020-01-01        | 2026-11-01          |
3      | A81001        | Z              |           | 2020-01-01        | 2026-10-31          | 2026-10-31
4      | A81001        | N              | E01000002 | 2020-01-01        |                     | 2026-11-01
5      | A81001        |                | E01000002 | 2020-01-01        |                     |
6      | A81001        | A              | E01000002 | 2015-01-01        |                     |
6      | A81003        | A              | E01000001 | 2021-01-01        | 2026-05-01          |
"""


def registrations():
    given = []
    for row in rows(REGISTER):
        dates = {
            name: row[name] and date.fromisoformat(row[name])
            for name in ("registration_date", "deregistration_date", "death_date")
        }
        nothing = dict.fromkeys(REGISTER_SCHEMA.names)
        given.append(nothing | row | dates | {"person_id": person_id(row.pop("person")), "age": 40, "sex": "F"})
    return ibis.memtable(pa.Table.from_pylist(given, schema=REGISTER_SCHEMA))


@pytest.fixture(scope="module")
def found(duckdb):
    index = ibis.memtable(
        pa.table({"lsoa_code": ["E01000001", "E01000002"], "imd_score": [40.5, 8.0], "imd_decile": [2, 9]})
    )
    geography = practices(membership(), text_table(PLACES), icb_code="QHM")
    expression = people(registrations(), geography, index, reference_date=REFERENCE_DATE)
    return duckdb.to_pyarrow(expression.order_by("person_id"))


def test_person_columns(found):
    assert found.schema.equals(PERSON_SCHEMA)


def test_an_open_registration_wins_then_the_latest_then_the_lowest_practice_code(found):
    latest = [(row["practice_code"], row["registration_count"]) for row in found.to_pylist()]
    assert latest == [("A81003", 2), ("A81002", 2), ("A81001", 1), ("A81001", 1), ("A81001", 1), ("A81001", 2)]


def test_registered_and_alive_at_the_end_of_the_reference_date(found):
    states = [(row["is_registered"], row["is_alive"]) for row in found.to_pylist()]
    assert states == [(True, True), (True, True), (False, False), (True, True), (True, True), (True, True)]


def test_ethnic_groups(found):
    assert found["ethnicity_group"].to_pylist() == ["white", "other", "unknown", "black", "unknown", "white"]


def test_deprivation_and_areas(found):
    assert found["imd_quintile"].to_pylist() == [1, None, None, 5, 5, 5]
    assert found["imd_score"].to_pylist() == [40.5, None, None, 8.0, 8.0, 8.0]
    assert found["place_code"].to_pylist() == ["00L", "P2", "P1", "P1", "P1", "P1"]
    assert found["has_type_1_opt_out"].to_pylist() == [False] * 6

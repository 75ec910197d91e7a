"""Who has an area score and who has not, and the deprivation of practices, PCNs, places and ICBs."""

import ibis
import pyarrow as pa
import pytest

from phm.core.deprivation import (
    DeprivationMatch,
    area_deprivation,
    check_match,
    check_placed,
    match_people,
    quintile,
)
from phm.core.homes import homes
from phm.errors import CheckFailed
from tests.spec.people import rows

HOMES = """
practice_code | lsoa_code | patient_count
A81001        | E01000001 | 300
A81001        | E01000002 | 100
A81001        | EMPTY     | 4
A81002        | E01000002 | 50
A81002        | E01000003 | 50
A81002        | W01000001 | 3
A81003        |           | 2
A81003        | E01999999 | 1
A81003        | E01000003 | 7
A81009        | E01000001 | 9
"""
AREAS = """
lsoa_code | imd_score | income_score | imd_decile | mapping
E01000001 | 40.5      | 0.25         | 1          | direct
E01000002 | 20.5      | 0.125        | 3          | split
E01000003 | 8.0       |              | 10         | direct
"""
MEMBERSHIP = """
practice_code | pcn_code | icb_code
A81001        | U11111   | QAA
A81002        | U11111   | QAA
A81003        | U22222   | QAA
"""


def table(text, **types):
    return ibis.memtable(pa.Table.from_pylist(rows(text))).cast(types)


@pytest.fixture
def counts():
    return table(HOMES, patient_count="int64")


@pytest.fixture
def areas():
    return table(AREAS, imd_score="float64", income_score="float64", imd_decile="int64")


def of_area(counts, areas, code, *, area="pcn_code"):
    found = area_deprivation(counts, areas, table(MEMBERSHIP), area=area).to_pyarrow().to_pylist()
    return next(row for row in found if row["area_code"] == code)


def test_homes_are_counted_from_a_register():
    register = table("practice_code | lsoa_code\nA | E1\nA | E1\nA |\nB | E1")
    found = homes(register).order_by("practice_code", "lsoa_code").to_pyarrow().to_pylist()
    assert [tuple(row.values()) for row in found] == [("A", "E1", 2), ("A", None, 1), ("B", "E1", 1)]


def test_everybody_is_matched_or_has_a_reason(counts, areas):
    match = match_people(counts, areas)
    assert match == DeprivationMatch(526, 516, 6, 3, 1, {"direct": 366, "split": 150})
    assert match.mapping() == "70.93% direct, 29.07% split"
    assert match.record() == {
        "people": 526, "matched": 516, "matched_by_split_mapping": 150,
        "placeholder": 6, "outside_england": 3, "unknown": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("matched", "outcome"), [(9950, "silent"), (9949, "warned"), (9500, "warned"), (9499, "refused")]
)
def test_unmatched_people_are_warned_of_above_half_and_refused_above_five_per_cent(matched, outcome):
    match = DeprivationMatch(people=10000, matched=matched, placeholder=10000 - matched, outside_england=0, unknown=0)
    if outcome == "refused":
        with pytest.raises(CheckFailed, match="9,499 of 10,000"):
            check_match(match)
    else:
        assert len(check_match(match)) == (outcome == "warned")


@pytest.mark.parametrize(("lost", "outcome"), [(50, "silent"), (51, "warned"), (500, "warned"), (501, "refused")])
def test_people_of_practices_in_no_map_are_warned_of_and_refused_at_the_same_shares(lost, outcome):
    people = table(f"practice_code | patient_count\nA81001 | {10_000 - lost}\nA99999 | {lost}", patient_count="int64")
    if outcome == "refused":
        with pytest.raises(CheckFailed, match=r"501 of 10,000 \(5.01%\).*practice_membership.practice_code"):
            check_placed(people, table(MEMBERSHIP))
    else:
        assert len(check_placed(people, table(MEMBERSHIP))) == (outcome == "warned")


def test_an_area_has_the_mean_score_of_its_people(counts, areas):
    pcn = of_area(counts, areas, "U11111")
    assert pcn["imd_score"] == (300 * 40.5 + 150 * 20.5 + 50 * 8.0) / 500
    assert pcn["income_score"] == pytest.approx((300 * 0.25 + 150 * 0.125) / 450)
    assert (pcn["core20_count"], pcn["core20_pct"]) == (300, 60.0)
    assert [pcn[f"quintile_{n}_count"] for n in range(1, 6)] == [300, 150, 0, 0, 50]
    assert [pcn[f"decile_{n}_count"] for n in (1, 3, 10)] == [300, 150, 50]


def test_an_area_shows_its_unmatched_people(counts, areas):
    names = ("patient_count", "matched_count", "placeholder_count", "outside_england_count", "unknown_count")
    assert [of_area(counts, areas, "U11111")[name] for name in names] == [507, 500, 4, 3, 0]
    assert [of_area(counts, areas, "U22222")[name] for name in names] == [10, 7, 2, 0, 1]


def test_people_of_practices_in_no_map_are_a_row_of_their_own(counts, areas):
    assert of_area(counts, areas, None)["patient_count"] == 9
    everyone = area_deprivation(counts, areas, table(MEMBERSHIP), area="icb_code").patient_count.sum()
    assert everyone.to_pyarrow().as_py() == 526


def test_an_area_without_a_matched_person_has_no_score(areas):
    nowhere = table("practice_code | lsoa_code | patient_count\nA81001 | EMPTY | 3", patient_count="int64")
    found = of_area(nowhere, areas, "U11111")
    assert (found["imd_score"], found["core20_pct"], found["core20_count"]) == (None, None, 0)


def test_quintiles():
    con = ibis.duckdb.connect(threads=1)
    found = [con.to_pyarrow(quintile(ibis.literal(decile))).as_py() for decile in range(1, 11)]
    assert found == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]

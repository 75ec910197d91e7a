"""Two views of a PCN: the people of its practices, and the areas most of whose people are registered with it."""

import ibis
import pytest

from phm.core.boundary import out_of_area, pcn_boundary, pcn_facts, practice_facts
from tests.unit.core.test_core_contracts import columns_of, promised
from tests.unit.core.test_deprivation import table

HOMES = """
practice_code | lsoa_code | patient_count
A81001        | E01000001 | 900
A81002        | E01000001 | 100
A81001        | E01000002 | 500
A81002        | E01000002 | 500
A81003        | E01000003 | 600
A81002        | E01000003 | 400
A81009        | E01000003 | 50
A81004        | E01000004 | 300
A81002        | E01000004 | 700
A81002        | E01000005 | 20
A81002        | EMPTY     | 8
A81002        | W01000001 | 2
A81005        | E01000002 | 0
"""
MEMBERSHIP = """
practice_code | pcn_code | icb_code
A81001        | U22222   | QAA
A81002        | U11111   | QAA
A81003        | U        | QAA
A81004        | U33333   | QBB
A81005        | U33333   | QBB
"""
DISTRICTS = """
lsoa_code | lad_code
E01000002 | E09000001
E01000003 | E09000001
E01000004 | E09000002
E01000005 | E09000003
"""


@pytest.fixture
def counts():
    return table(HOMES, patient_count="int64")


@pytest.fixture
def membership():
    return table(MEMBERSHIP)


def of(found, key, code):
    return next(row for row in found.to_pyarrow().to_pylist() if row[key] == code)


def test_the_table_is_as_its_contract_has_it(counts, membership):
    engine = ibis.duckdb.connect(threads=1)
    delivered = [engine.create_table(name, t.to_pyarrow()) for name, t in (("h", counts), ("m", membership))]
    boundary = pcn_boundary(*delivered).select(*promised("core_pcn_boundary"))
    assert columns_of(boundary, engine) == promised("core_pcn_boundary")


def test_an_area_lies_inside_the_pcn_with_most_of_its_people(counts, membership):
    found = pcn_boundary(counts, membership).to_pyarrow().to_pylist()
    inside = {row["lsoa_code"]: row["pcn_code"] for row in found if row["is_inside"]}
    assert inside == {
        "E01000001": "U22222",
        "E01000002": "U11111",  # equal shares: the lower code
        "E01000003": "U11111",  # U is no PCN
        "E01000004": "U11111",
    }  # E01000005: 20 people where others have 1,000 are registered elsewhere, not with practices at hand


def test_shares_are_of_everybody_at_hand(counts, membership):
    found = pcn_boundary(counts, membership).to_pyarrow().to_pylist()
    of_lsoa = {row["pcn_code"]: row for row in found if row["lsoa_code"] == "E01000003"}
    assert set(of_lsoa) == {"U", "U11111"}
    assert of_lsoa["U11111"]["lsoa_patient_count"] == 1050
    assert of_lsoa["U11111"]["lsoa_share"] == 400 / 1050
    assert {row["lsoa_code"] for row in found} == {f"E0100000{n}" for n in range(1, 6)}


def test_a_pcn_in_both_views(counts, membership):
    boundary = pcn_boundary(counts, membership)
    pcn = of(pcn_facts(counts, membership, boundary, districts=table(DISTRICTS)), "pcn_code", "U11111")
    assert pcn == {
        "pcn_code": "U11111", "practice_count": 1,
        "patient_count": 1730, "inside_count": 1600, "outside_count": 120, "outside_england_count": 2,
        "no_area_count": 8, "inside_pct": pytest.approx(100 * 1600 / 1720),
        "lsoa_count": 3, "resident_count": 3050, "registered_elsewhere_count": 1450,
        "registered_elsewhere_pct": pytest.approx(100 * 1450 / 3050), "district_count": 2,
    }  # fmt: skip
    nowhere = of(pcn_facts(counts, membership, boundary), "pcn_code", "U33333")
    assert (nowhere["lsoa_count"], nowhere["inside_pct"], nowhere["registered_elsewhere_pct"]) == (0, 0.0, None)
    assert nowhere["district_count"] is None


def test_a_practice_whose_people_live_elsewhere_stands_out(counts, membership):
    facts = practice_facts(counts, membership, districts=table(DISTRICTS))
    near, far = (of(facts, "practice_code", code) for code in ("A81002", "A81004"))
    assert (near["patient_count"], near["no_area_count"], near["outside_england_count"]) == (1730, 8, 2)
    assert (near["outside_pcn_count"], near["outside_icb_count"], near["is_out_of_area"]) == (120, 20, False)
    assert near["lsoas_per_1000"] == pytest.approx(5 / 1.720)
    assert near["district_count"] == 3
    assert (far["outside_pcn_pct"], far["outside_icb_pct"], far["is_out_of_area"]) == (100.0, 100.0, True)
    assert not of(facts, "practice_code", "A81001")["is_out_of_area"]
    assert out_of_area(counts, membership) == ["A81004"]

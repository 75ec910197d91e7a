"""What is odd about a map: spanning PCNs, sizes, practices in no PCN, changes between two dates, broken hierarchies."""

import ibis
import pyarrow as pa

from phm.core.memberships import map_as_at
from phm.core.oddities import (
    changes,
    inconsistencies,
    orphans,
    pcn_patients,
    pcn_sizes,
    size_of,
    spanning_pcns,
    unexplained_moves,
)
from tests.unit.core.test_memberships import AS_AT, MAP, table


def found(expression):
    rows = ibis.duckdb.connect(threads=1).to_pyarrow(expression).to_pylist()
    return sorted((tuple(row.values()) for row in rows), key=str)


def practices(text=MAP):
    return map_as_at(table(text), as_at=AS_AT)


def list_sizes(**patients):
    return ibis.memtable(
        pa.table({"practice_code": list(patients), "patient_count": pa.array(list(patients.values()), pa.int64())})
    )


SIZES = list_sizes(A81001=31_000, A81002=500, A81003=60_000, B81001=50_000, C81001=7, C81002=0)


def test_a_spanning_pcn_is_told_by_its_parts():
    assert found(spanning_pcns(practices())) == [
        ("U22222", "South", "QHM", "00L", 2),
        ("U22222", "South", "QOQ", "02Y", 1),
    ]


def test_every_patient_is_in_a_pcn_or_an_orphan_with_the_reason():
    sizes = found(pcn_sizes(practices(), pcn_patients(practices(), SIZES)))
    assert sizes == [
        ("U11111", "North", 1, 31_000, "30,000 to 50,000"),
        ("U22222", "South", 3, 110_000, "over 100,000"),
    ]
    left = found(orphans(practices(), SIZES))
    assert left == [("A81002", "STATION ROAD", 500, "no_pcn"), ("C81001", None, 7, "not_in_map")]
    assert sum(row[3] for row in sizes) + sum(row[2] for row in left) == 141_507
    assert found(orphans(practices())) == [("A81002", "STATION ROAD", None, "no_pcn")]


def test_sizes_at_the_limits():
    counts = ibis.memtable(pa.table({"n": [19_999, 20_000, 29_999, 30_000, 50_000, 50_001, 100_000, 100_001]}))
    told = ibis.duckdb.connect().to_pyarrow(counts.select("n", size=size_of(counts.n)).order_by("n"))
    assert told["size"].to_pylist() == [
        "under 20,000", "20,000 to 30,000", "20,000 to 30,000", "30,000 to 50,000",
        "30,000 to 50,000", "50,000 to 100,000", "50,000 to 100,000", "over 100,000",
    ]  # fmt: skip


def test_changes_name_each_level_and_practices_new_and_gone():
    lines = MAP.splitlines(keepends=True)
    after = "".join(lines[:4] + lines[5:])  # without A81003
    after = after.replace("QOQ      | HNY ICB", "D7T5G    | New ICB").replace("02Y", "02Z")
    after = after.replace("U11111   | North", "U        | Unallocated")
    after += "A81010 | NEW | U22222 | South | 00L | Northum | QHM | NE ICB | Y63 | North\n"
    assert found(changes(practices(after), practices())) == [
        ("A81001", "pcn", "U11111", "U"),
        ("A81003", "gone", "00L", None),
        ("A81010", "new", None, "00L"),
        ("B81001", "icb", "QOQ", "D7T5G"),
        ("B81001", "sub_icb", "02Y", "02Z"),
    ]
    assert found(changes(practices(), practices())) == []


def test_a_move_is_explained_where_the_icb_left_behind_is_gone():
    merged = MAP.replace("QOQ      | HNY ICB", "D7T5G    | New ICB")
    assert found(unexplained_moves(practices(merged), practices())) == []
    lines = merged.splitlines(keepends=True)
    moved = "".join(
        line.replace("QHM      | NE ICB ", "D7T5G    | New ICB") if "A81001" in line else line for line in lines
    )
    assert found(unexplained_moves(practices(moved), practices())) == [("A81001", "icb", "QHM", "D7T5G")]


def test_a_place_in_two_icbs_is_told():
    placed = practices().mutate(place_code=ibis.literal("P1"))
    assert found(inconsistencies(placed)) == [("P1", 2, "place")]


def test_a_hierarchy_that_is_none_is_told_by_code():
    assert found(inconsistencies(practices())) == []
    torn = MAP.replace("00L          | Northum      | QHM ", "00P          | Sunder       | QOQ ", 1)
    torn = torn.replace("HNY ICB  | Y63", "HNY ICB  | Y60")
    torn += "A81001 | AGAIN | U11111 | North | 00P | Sunder | QHM | NE ICB | Y63 | North\n"
    assert [(level, code, n) for code, n, level in found(inconsistencies(practices(torn)))] == [
        ("sub_icb", "00P", 2),
        ("practice", "A81001", 2),
        ("icb", "QOQ", 2),
    ]

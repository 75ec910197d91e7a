"""The hierarchy on published files: everybody counted once in July 2022, and the mergers of April 2026.

The files are looked for in `real` of the folder PHM_PUBLISHED_FILES, else of `shared` beside the checkout.
"""

from collections import Counter

import ibis
import pytest

from phm.core.memberships import UNALLOCATED_PCN
from phm.core.oddities import changes, inconsistencies, orphans, pcn_sizes, spanning_pcns
from tests.conftest import ROOT, SHARED
from tests.real import geography

pytestmark = pytest.mark.real

FILES = SHARED / "real"


@pytest.fixture(scope="module")
def con():
    missing = [name for name in geography.FILES if not (FILES / name).exists()]
    if missing:
        pytest.skip(f"published file {FILES / missing[0]} is not here")
    return ibis.duckdb.connect()


@pytest.fixture(scope="module")
def july(con):
    return geography.july_2022(con, FILES)


@pytest.fixture(scope="module")
def august(con):
    return geography.august_2026(con, FILES)


def total(column):
    return column.sum().to_pyarrow().as_py()


def rows(table):
    return table.to_pyarrow().to_pylist()


def test_everybody_registered_in_july_2022_is_in_one_pcn_or_named_with_the_reason(july):
    assert total(july.list_sizes.patient_count) == 61_768_942
    in_pcn = rows(pcn_sizes(july.practices, july.pcn_patients))
    left = rows(orphans(july.practices, july.list_sizes))
    patients = Counter()
    for row in left:
        patients[row["reason"]] += row["patient_count"]
    assert patients == {"no_current_membership": 212_988, "no_pcn": 119_294, "not_in_map": 129}
    assert len({row["practice_code"] for row in left}) == len(left) == 78
    assert sum(row["patient_count"] for row in in_pcn) == 61_768_942 - patients.total() == 61_436_531
    assert len({row["pcn_code"] for row in in_pcn}) == len(in_pcn) == 1_259


def test_a_pcn_of_july_2022_is_that_of_the_day_and_not_that_of_the_january_map(july, con):
    # Core partners that joined between the map of January and 1 July; one left on 29 June, a day that lay ahead in May.
    found = {row["practice_code"]: row for row in rows(july.practices)}
    assert Counter(row["pcn_basis"] for row in found.values()) == {
        "pcn_core_partner": 6_474, "no_pcn": 50, "no_current_membership": 40
    }  # fmt: skip
    assert found["G82024"]["pcn_basis"] == "no_current_membership"


def test_practices_that_moved_icb_between_the_maps_of_2025_and_2026(august):
    moved = rows(changes(august.practices, august.before))
    kinds = Counter(row["what"] for row in moved)
    assert kinds == {"icb": 1_608, "gone": 73, "sub_icb": 66, "pcn": 60}
    # Six new boards, whose codes have five characters, take 1,594; Frimley is shared out, 14 of it to Hampshire.
    to = Counter(row["to_code"] for row in moved if row["what"] == "icb")
    assert {len(code) for code in to if code != "QRL"} == {5}
    assert (len(to), to["QRL"], to.total() - to["QRL"]) == (7, 14, 1_594)
    assert {row["from_code"] for row in moved if row["to_code"] == "QRL"} == {"QNQ"}


def test_both_hierarchies_are_consistent(august):
    for practices, icbs in ((august.before, 42), (august.practices, 36)):
        assert rows(inconsistencies(practices)) == []
        assert practices.icb_code.nunique().to_pyarrow().as_py() == icbs
        assert practices.region_code.nunique().to_pyarrow().as_py() == 7
        assert practices.sub_icb_code.nunique().to_pyarrow().as_py() == 106


def test_names_have_lost_the_comma_they_are_published_with(august):
    ends = august.practices.practice_name.right(1)
    assert rows(august.practices.filter(ends.isin([",", " "]))) == []


def test_sizes_of_pcns_add_up_to_england(august):
    sizes = rows(pcn_sizes(august.practices, august.pcn_patients))
    outside = [row for row in sizes if row["size"] != "30,000 to 50,000"]
    assert (len(sizes), len(outside)) == (1_298, 601)
    in_none = august.pcn_patients.filter(august.pcn_patients.pcn_code == UNALLOCATED_PCN)
    assert sum(row["patient_count"] for row in sizes) + total(in_none.patient_count) == 63_237_908


def test_pcns_that_span(august):
    parts = rows(spanning_pcns(august.practices))
    assert len({row["pcn_code"] for row in parts}) == 11
    assert {row["icb_code"] for row in parts if row["pcn_code"] == "U41591"} == {"QJK", "QT6"}


def test_the_page_is_what_the_command_writes(july, august):
    assert geography.page(july, august) == (ROOT / "docs" / "geography.md").read_text(encoding="utf-8")

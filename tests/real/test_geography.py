"""The hierarchy on published files: everybody counted once in July 2022, and the mergers of April 2026.

The files are looked for in `real` of the folder PHM_PUBLISHED_FILES, else of `shared` beside the checkout.
"""

from collections import Counter
from datetime import date

import ibis
import pytest

from phm.core.geography import practices as practices_of
from phm.core.memberships import UNALLOCATED_PCN, map_as_at
from phm.core.oddities import changes, inconsistencies, orphans, pcn_sizes, spanning_pcns, unexplained_moves
from phm.feeds.published import read_published
from tests.conftest import ROOT, SHARED
from tests.real import geography, hierarchies

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


@pytest.fixture(scope="module")
def patients(con):
    return hierarchies.patients_2022(con, FILES)


@pytest.fixture(scope="module")
def both(con, patients):
    """Those of October 2025 and of August 2026, made ICB by ICB as a run makes them."""
    return [hierarchies.hierarchy(con, FILES, name, patients) for name in (hierarchies.MAP_2025, hierarchies.MAP_2026)]


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


def test_a_run_of_every_icb_has_every_practice_once_at_both_dates(both, august):
    for made, practices in zip(both, (august.before, august.practices), strict=True):
        columns = ("practice_code", "pcn_code", "sub_icb_code", "icb_code", "region_code")
        of_map = practices.select(*columns).to_pyarrow().to_pylist()
        assert sorted(tuple(row[c] for c in columns) for row in made.rows) == sorted(tuple(r.values()) for r in of_map)
        assert all(row["place_code"] == row["sub_icb_code"] for row in made.rows), "no map of places was given"
        assert all(row[c] for row in made.rows for c in columns)


def test_everybody_is_in_both_hierarchies_but_people_of_practices_that_are_gone(both, patients):
    then, now = both
    gone = then.icb_of.keys() - now.icb_of.keys()
    assert len(gone) == 73
    assert not now.icb_of.keys() - then.icb_of.keys()
    before, after = (made.people(patients) for made in both)
    assert before.total() == 60_131_029
    assert before.total() - after.total() == sum(patients.get(code, 0) for code in gone) == 404_240


def test_every_changed_icb_is_explained_by_a_merger(both, august):
    then, now = both
    abolished, created = then.of_icb.keys() - now.of_icb.keys(), now.of_icb.keys() - then.of_icb.keys()
    assert (len(then.of_icb), len(abolished), len(created), len(now.of_icb)) == (42, 12, 6, 36)
    assert {len(code) for code in then.of_icb} == {3}
    assert {len(code) for code in created} == {5}
    assert rows(unexplained_moves(august.practices, august.before)) == []
    moved = {code for code in then.icb_of.keys() & now.icb_of.keys() if then.icb_of[code] != now.icb_of[code]}
    assert len(moved) == 1_608
    assert {then.icb_of[code] for code in moved} == abolished
    of_abolished = {code for code, icb in then.icb_of.items() if icb in abolished}
    assert of_abolished - moved == {code for code in of_abolished if code not in now.icb_of}
    # A sub-ICB location went whole, but for that of Frimley.
    went_to = {}
    for row in then.rows:
        if row["practice_code"] in moved:
            went_to.setdefault(row["sub_icb_code"], set()).add(now.icb_of[row["practice_code"]])
    assert {code for code, icbs in went_to.items() if len(icbs) > 1} == {"D4U1Y"}


def test_published_list_sizes_add_up_through_the_hierarchy_after_the_mergers(both, con):
    sizes = hierarchies.published_sizes(con, FILES)
    _, now = both
    parents = {row["sub_icb_code"]: (row["icb_code"], row["region_code"]) for row in now.rows}
    sub_icbs = sizes["SUB_ICB_LOCATION_CODE"]
    assert sub_icbs.keys() == parents.keys()
    for kind, level in (("ICB", 0), ("Comm Region", 1)):
        added = Counter()
        for code, patient_count in sub_icbs.items():
            added[parents[code][level]] += patient_count
        assert added == sizes[kind]
        assert added.total() == 63_237_908


def test_a_real_map_of_places_lies_in_one_icb_on_its_day_and_did_not_before(con):
    # Birmingham and Solihull in March 2024. West Birmingham came to it from the Black Country in July 2022.
    places = read_published(con, FILES / geography.PLACES_2024, "place_membership")
    for map_file, torn in ((hierarchies.MAP_2025, set()), (geography.MAP_2022, {"BSOL008", "BSOL012"})):
        membership = read_published(con, FILES / map_file, "practice_membership")
        made = practices_of(map_as_at(membership, as_at=date(2026, 1, 1)), places)
        assert {row["code"] for row in rows(inconsistencies(made))} == torn
        mapped = rows(made.filter(made.place_basis == "place_membership"))
        assert {row["place_code"] for row in mapped} == {f"BSOL{n:03d}" for n in range(7, 13)}
        assert {row["icb_code"] for row in mapped} == ({"QHL", "QUA"} if torn else {"QHL"})


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


def test_the_page_is_what_the_command_writes(july, august, both, patients):
    text = (ROOT / "docs" / "geography.md").read_text(encoding="utf-8")
    assert geography.page(july, august, *both, patients) == text

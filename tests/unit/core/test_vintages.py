"""LSOA vintages: told apart by codes, carried over by the lookup, refused without it."""

import ibis
import pyarrow as pa
import pytest

from phm.core.vintages import AREAS_IN_ENGLAND, Vintages, fit_index, vintages
from phm.errors import CheckFailed
from tests.spec.people import rows

LOOKUP = """
lsoa11_code | lsoa21_code | change
E01000001   | E01000001   | U
E01000002   | E01033801   | S
E01000002   | E01033802   | S
E01000003   | E01033803   | M
E01000004   | E01033803   | M
E01000005   | E01033804   | X
E01000005   | E01033805   | X
E01000006   | E01033805   | X
"""
IMD_2019 = """
lsoa_code | imd_score | imd_rank | imd_decile | population_count | lad_code
E01000001 | 8.5       | 27000    | 9          | 1000             | E09000001
E01000002 | 40.001    | 3000     | 1          | 1000             | E09000001
E01000003 | 10        | 20000    | 7          | 1000             | E09000002
E01000004 | 40        | 4000     | 2          | 3000             | E09000003
E01000005 | 20        | 12000    | 4          | 1000             | E09000001
E01000006 | 30        | 6000     | 2          | 1000             | E09000001
"""
IMD_2025 = """
lsoa_code | imd_score | imd_rank | imd_decile
E01000001 | 8.5       | 27000    | 8
E01033801 | 10        | 20000    | 6
E01033802 | 41        | 3001     | 1
E01033803 | 22.5      | 11000    | 4
E01033804 | 20        | 12000    | 4
E01033805 | 30        | 6000     | 2
"""


def homes(**people_of):
    return ibis.memtable(
        pa.table({"lsoa_code": list(people_of), "patient_count": pa.array(list(people_of.values()), pa.int64())})
    )


def lookup(text=LOOKUP):
    return ibis.memtable(pa.Table.from_pylist(rows(text)))


def index(text):
    table = ibis.memtable(pa.Table.from_pylist(rows(text)))
    numbers = {name: "float64" if name == "imd_score" else "int64" for name in table.columns if "_code" not in name}
    return table.cast(numbers)


def without_populations(text):
    return index(text).drop("population_count")


@pytest.mark.parametrize("given", [None, lookup()], ids=["by number", "by lookup"])
def test_most_people_in_telling_areas_decide(given):
    assert vintages(homes(E01000001=900, E01033801=2, E01000002=1), index(IMD_2025), given) == ("2021", "2021")
    assert vintages(homes(E01000001=900, E01033801=1, E01000002=2), index(IMD_2025), given) == ("2011", "2021")
    assert vintages(homes(E01000001=900, EMPTY=5), index(IMD_2025), given) == (None, "2021")
    assert vintages(homes(E01033801=1), index(IMD_2019), given) == ("2021", "2011")


def test_only_the_lookup_knows_areas_of_2011_from_an_index_of_2011():
    assert vintages(homes(E01000002=1), index(IMD_2019)) == (None, "2011")
    assert vintages(homes(E01000002=1), index(IMD_2019), lookup()) == ("2011", "2011")


def test_codes_of_no_real_area_tell_nothing():
    made_up = index("lsoa_code | imd_score | imd_rank | imd_decile\nE01990001 | 5 | 1 | 1")
    assert vintages(homes(E01990001=5, E01999999=1), made_up) == (None, None)


def test_without_the_lookup_two_vintages_are_refused_by_name():
    with pytest.raises(CheckFailed) as refused:
        fit_index(homes(E01000002=5), index(IMD_2025))
    for part in ("register is on LSOA 2011", "index is on LSOA 2021", "IMD 2019", "lookup"):
        assert part in str(refused.value)


def test_one_vintage_stays_as_it_is():
    fitted = fit_index(homes(E01033801=5), index(IMD_2025), lookup())
    assert fitted.vintages == Vintages("2021", "2021")
    assert fitted.name == "IMD 2025 on LSOA 2021"
    assert set(fitted.areas.mapping.to_pyarrow().to_pylist()) == {"direct"}


def carried(people, deprivation, *, given=None):
    fitted = fit_index(people, deprivation, lookup() if given is None else given)
    assert "carried to LSOA" in fitted.name
    found = fitted.areas.select("lsoa_code", "imd_score", "imd_decile", "mapping").order_by("lsoa_code")
    return [tuple(row.values()) for row in found.to_pyarrow().to_pylist()]


def test_from_2021_to_2011_a_split_area_gets_the_mean_of_its_parts_and_merged_ones_that_of_the_whole():
    assert carried(homes(E01000002=5), index(IMD_2025)) == [
        ("E01000001", 8.5, 8, "direct"),
        ("E01000002", 25.5, 4, "split"),
        ("E01000003", 22.5, 4, "merge"),
        ("E01000004", 22.5, 4, "merge"),
        ("E01000005", 25.0, 3, "irregular"),
        ("E01000006", 30.0, 2, "irregular"),
    ]


def test_from_2011_to_2021_merged_areas_weigh_by_their_people():
    expected = [
        ("E01000001", 8.5, 9, "direct"),
        ("E01033801", 40.001, 1, "split"),
        ("E01033802", 40.001, 1, "split"),
        ("E01033803", 32.5, 3, "merge"),
        ("E01033804", 20.0, 4, "irregular"),
        ("E01033805", 25.0, 3, "irregular"),
    ]
    assert carried(homes(E01033801=5), index(IMD_2019)) == expected
    equally = carried(homes(E01033801=5), without_populations(IMD_2019))
    assert equally[3] == ("E01033803", 25.0, 4, "merge")
    assert equally[:3] == expected[:3]


def test_the_decile_of_several_areas_is_that_of_their_mean_rank():
    # Mean rank 8,000 of 32,844 lies in the third tenth.
    assert 2 < 10 * 8_000 / AREAS_IN_ENGLAND["2011"] < 3
    fitted = fit_index(homes(E01033801=5), index(IMD_2019), lookup())
    merged = fitted.areas.filter(fitted.areas.lsoa_code == "E01033803").to_pyarrow().to_pylist()
    assert [(row["imd_rank"], row["imd_decile"], row["lad_code"]) for row in merged] == [(8_000, 3, "E09000002")]


def test_a_lookup_that_does_not_say_how_is_followed_all_the_same():
    found = carried(homes(E01000002=5), index(IMD_2025), given=lookup().mutate(change=ibis.null("string")))
    assert {row[3] for row in found} == {"unstated"}
    assert [row[1] for row in found] == [8.5, 25.5, 22.5, 22.5, 25.0, 30.0]

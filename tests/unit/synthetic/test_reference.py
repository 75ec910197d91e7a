"""Registers built on published counts equal them exactly, and files are chosen or refused by name."""

import csv

import pytest

from phm.errors import ConfigurationError
from phm.synthetic.delivery import generate
from phm.synthetic.reference import choose

COUNTS = {
    ("A10001", "E01000001"): 400,
    ("A10001", "E01000002"): 350,
    ("A10001", "EMPTY"): 3,
    ("A10002", "E01000002"): 300,
    ("A10002", "W01000044"): 2,
    ("A10002", "CLOSED"): 1,
    ("A10002", "E01000003"): 250,
    ("B20001", "E01000003"): 500,
}
MAP_HEADER = [
    "EXTRACT_DATE", "PRACTICE_CODE", "PRACTICE_NAME", "PCN_CODE", "PCN_NAME", "SUB_ICB_LOCATION_CODE",
    "SUB_ICB_LOCATION_NAME", "ICB_CODE", "ICB_NAME", "COMM_REGION_CODE", "COMM_REGION_NAME",
]  # fmt: skip


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def counts_file(path, counts=COUNTS):
    """As published, with an export's leftovers: a renamed column, columns without a name, a pivot table beside."""
    rows = [["LSOA_CODE", "PRACTICE_CODE", "PRACTICE_NAME.x", "NUMBER_OF_PATIENTS", "", "", ""]]
    rows += [
        [lsoa, practice, "THE SURGERY, NORTH", count, "", "Row Labels", "77"]
        for (practice, lsoa), count in counts.items()
    ]
    write(path, [*rows, ["", "", "", "", "", "Grand Total", "1806"]])


@pytest.fixture
def published(tmp_path):
    folder = tmp_path / "published"
    counts_file(folder / "registers" / "gp-reg-pat-prac-lsoa_QAA_2025-10.csv")
    counts_file(folder / "registers" / "gp-reg-pat-prac-lsoa_QAA_2025-10_copy.csv", {("A10001", "E01000001"): 1})
    counts_file(folder / "registers" / "gp-reg-pat-prac-lsoa-all_England_2022-07.csv", {("A10001", "E01000001"): 1})
    rows = [
        [
            "01Oct2025",
            code,
            f"{code}, THE SURGERY",
            "U12345",
            "A PCN",
            "01A",
            "NHS Somewhere, East ICB",
            icb,
            "ICB",
            "Y60",
            "Region",
        ]
        for code, icb in (("A10001", "QAA"), ("A10002", "QAA"), ("B20001", "QBB"))
    ]
    write(folder / "gp-reg-pat-prac-map_2025-10.csv", [MAP_HEADER, *rows])
    write(folder / "gp-reg-pat-prac-map_2022-01.csv", [MAP_HEADER, *rows])
    index = [["lsoa21_code", "IMD_decile", "IMD_rank", "IMD_score"]]
    index += [[f"E0100000{n}", n, 3_000 * n, 60 - 5 * n] for n in (1, 2, 3)]
    write(folder / "imd" / "IMD2025_all_domains.csv", index)
    write(folder / "imd" / "IMD2025_ranks.csv", [["lsoa21_code", "IMD_rank"], ["E01000001", 1]])
    write(folder / "imd" / "IMD2019_all_domains.csv", [index[0], ["E01009999", 1, 1, 70.0]])
    lookup = [["F_LSOA11CD", "LSOA21CD", "CHGIND"], *([f"E0100000{n}", f"E0100000{n}", "U"] for n in (1, 2, 3))]
    write(folder / "LSOA11_to_LSOA21_v1.csv", lookup)
    return folder


def registers(look):
    return {
        (practice, lsoa): count
        for practice, lsoa, count in look("select practice_code, lsoa_code, count(*) from gp_register group by all")
    }


def test_registers_equal_the_published_counts(published, tmp_path, look_into):
    files = choose(published, month="2025-10", icb_code="QAA")
    assert files.register.name == "gp-reg-pat-prac-lsoa_QAA_2025-10.csv"
    assert files.membership.name == "gp-reg-pat-prac-map_2025-10.csv"
    assert files.deprivation.name == "IMD2025_all_domains.csv"
    delivery = generate(tmp_path / "feeds", month="2025-10", icb_code="QAA", reference=files)
    look = look_into(delivery)
    assert registers(look) == {key: count for key, count in COUNTS.items() if key[0].startswith("A")}
    assert delivery.people_count == 1_306
    assert (
        look.one("select count(*) - count(distinct nhs_number) from gp_register") == 4
    )  # repeated people are counted people
    assert (
        look.one(
            "select count(*) from gp_register where deregistration_date is not null or registration_date > '2025-10-31'"
        )
        == 0
    )
    assert sorted(look('select "PRACTICE_CODE", "EXTRACT_DATE", "SUB_ICB_LOCATION_NAME" from membership')) == [
        (code, "01Oct2025", "NHS Somewhere, East ICB") for code in ("A10001", "A10002")
    ]
    assert look.one("select count(*) from deprivation") == 3


def test_two_files_that_could_be_meant_are_refused_with_the_option_that_decides(published):
    counts_file(published / "registers" / "gp-reg-pat-prac-lsoa_2025-10_QAA.csv")
    with pytest.raises(ConfigurationError, match="--register"):
        choose(published, month="2025-10", icb_code="QAA")
    named = published / "registers" / "gp-reg-pat-prac-lsoa_QAA_2025-10_copy.csv"
    assert choose(published, month="2025-10", icb_code="QAA", register=named).register == named


def test_a_month_without_files_is_refused(published):
    with pytest.raises(ConfigurationError, match=r"gp-reg-pat-prac-lsoa\*.*--register"):
        choose(published, month="2024-01", icb_code="QAA")


def test_an_index_of_the_other_vintage_is_refused(published, tmp_path):
    files = choose(
        published, month="2025-10", icb_code="QAA", deprivation=published / "imd" / "IMD2019_all_domains.csv"
    )
    with pytest.raises(ConfigurationError, match="LSOA 2011"):
        generate(tmp_path / "feeds", month="2025-10", icb_code="QAA", reference=files)


def test_a_board_without_practices_is_refused(published, tmp_path):
    files = choose(published, month="2025-10", icb_code="QAA")
    with pytest.raises(ConfigurationError, match="No practice of QCC"):
        generate(tmp_path / "feeds", month="2025-10", icb_code="QCC", reference=files)


@pytest.mark.real
def test_published_register_of_one_board_is_met_exactly(shared, tmp_path, look_into):
    """The smallest practices of the published file: all placeholders, Welsh and Scottish areas included."""
    files = choose(shared / "real", month="2025-10", icb_code="QNC")
    assert files.register.name == "gp-reg-pat-prac-lsoa_QNC_2025-10.csv"
    assert files.deprivation.name == "IMD2025_lsoa21_all_domains.csv"
    with files.register.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["PRACTICE_CODE"]]
    counts = {(row["PRACTICE_CODE"], row["LSOA_CODE"]): int(row["NUMBER_OF_PATIENTS"]) for row in rows}
    assert sum(counts.values()) == 1_210_283
    sizes = {}
    for (practice, _), count in counts.items():
        sizes[practice] = sizes.get(practice, 0) + count
    smallest = sorted(sizes, key=sizes.get)[:5]
    few = {key: count for key, count in counts.items() if key[0] in smallest}
    path = tmp_path / "gp-reg-pat-prac-lsoa_few.csv"
    write(path, [["PRACTICE_CODE", "LSOA_CODE", "NUMBER_OF_PATIENTS"], *([*key, count] for key, count in few.items())])
    files = choose(shared / "real", month="2025-10", icb_code="QNC", register=path)
    look = look_into(generate(tmp_path / "feeds", month="2025-10", icb_code="QNC", reference=files))
    assert registers(look) == few
    assert look.one("select count(*) from membership") == 141
    assert look.one("select count(*) from deprivation") == 33_755


@pytest.mark.real
def test_the_copy_with_a_pivot_table_gives_the_same_place(shared):
    import numpy as np

    from phm.synthetic.reference import reference_place

    messy = shared / "real" / "registers" / "gp-reg-pat-prac-lsoa_QNC_2025-10_messy.csv"
    plain = choose(shared / "real", month="2025-10", icb_code="QNC")
    other = choose(shared / "real", month="2025-10", icb_code="QNC", register=messy)
    places = [reference_place(files, icb_code="QNC", rng=np.random.default_rng(1)) for files in (plain, other)]
    assert [place.people_count for place in places] == [1_210_283, 1_210_283]
    assert len(places[0].practices) == 141
    for first, second in zip(places[0].practices, places[1].practices, strict=True):
        assert first.practice_code == second.practice_code
        assert (first.lsoa_code == second.lsoa_code).all() and (first.patient_count == second.patient_count).all()

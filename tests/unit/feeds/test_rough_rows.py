"""Rows no contract means: headers and totals among the data, columns in another order, files without a header."""

import pytest

from phm.errors import UnreadableFeed
from phm.feeds.contracts import load_contract
from phm.feeds.readers import open_delivered
from tests.unit.feeds.delivered import as_csv, events

COUNTS = "PRACTICE_CODE,LSOA_CODE,NUMBER_OF_PATIENTS\nM85001,E01000001,3\n"
PRACTICE = (
    '"M85001","THE SURGERY","Y60","QHL","HIGH STREET","","","","","B1 1AA","19740401","","A","B","15E","20130401",'
    '"","","","","","0","","15E","","4",""\n'
)


def _broken(landing):
    return {rule: count for rule, count in landing.rejections.items() if count}


@pytest.mark.parametrize("place", [1, 2])
def test_a_header_among_the_rows_is_quarantined_with_reasons(deliver, landed, gp_event, place):
    header, *rows = as_csv(events({}, {})).splitlines()
    path = deliver("gp_event/M85001.csv", "\n".join([header, *rows[: place - 1], header, *rows[place - 1 :]]))
    landing = landed(gp_event, path)
    assert (landing.accepted, landing.quarantined) == (2, 1)
    assert {"nhs_number_check_digit", "event_date_readable", "source_known"} <= set(_broken(landing))


def test_a_header_among_codes_is_no_code(deliver, landed):
    path = deliver("list.csv", "code,term\n44054006,Type 2 diabetes\ncode,term\n")
    landing = landed(load_contract("code_list"), path)
    assert (landing.accepted, _broken(landing)) == (1, {"code_not_header": 1})


def test_a_total_below_the_rows_is_quarantined(deliver, landed):
    landing = landed(load_contract("practice_lsoa_count"), deliver("counts.csv", COUNTS + "Total,,3\n"))
    assert (landing.accepted, landing.quarantined) == (1, 1)
    assert _broken(landing) == {"practice_code_pattern": 1, "lsoa_code_present": 1}


def test_totals_that_are_published_as_rows_are_accepted(deliver, landed, rows):
    header = "PUBLICATION,EXTRACT_DATE,ORG_TYPE,ORG_CODE,ONS_CODE,SEX,AGE,NUMBER_OF_PATIENTS\n"
    all_ages = (
        "GP_PRAC_PAT_LIST,2026-08-01,PCN,U,,ALL,ALL,12\nGP_PRAC_PAT_LIST,01AUG2026,ICB,QNC,E54000010,MALE,95+,7\n"
    )
    landing = landed(load_contract("list_size_by_age"), deliver("ages.csv", header + all_ages))
    found = rows(*landing.accepted_files)
    assert [(row["organisation_code"], row["age_band"], row["patient_count"]) for row in found] == [
        ("U", "ALL", 12),
        ("QNC", "95+", 7),
    ]
    assert found[0]["extract_date"] == found[1]["extract_date"]


@pytest.mark.parametrize("text", ["01Oct2025", "01OCT2025", "2025-10-01", "01-Oct-25", "01/10/2025"])
def test_a_date_is_read_in_every_form_it_was_published_in(deliver, landed, rows, text):
    content = (
        f"EXTRACT_DATE,CODE,SUB_ICB_LOCATION_CODE,POSTCODE,SEX,AGE,NUMBER_OF_PATIENTS\n{text},M85001,15E,B1,ALL,ALL,3\n"
    )
    landing = landed(load_contract("practice_list_size"), deliver("sizes.csv", content))
    assert [row["extract_date"].isoformat() for row in rows(*landing.accepted_files)] == ["2025-10-01"]


@pytest.mark.parametrize("text", ["1st -Oc t-25", "45931", "October 2025", "2025-13-01", "10/31/2025"])
def test_a_date_that_cannot_be_read_is_quarantined_for_that(deliver, landed, text):
    content = (
        f"EXTRACT_DATE,CODE,SUB_ICB_LOCATION_CODE,POSTCODE,SEX,AGE,NUMBER_OF_PATIENTS\n{text},M85001,15E,B1,ALL,ALL,3\n"
    )
    landing = landed(load_contract("practice_list_size"), deliver("sizes.csv", content))
    assert _broken(landing) == {"extract_date_readable": 1}


@pytest.mark.parametrize(("text", "value"), [(' "1,234" ', 1234), ("96.0", 96), (" 7 ", 7)])
def test_a_number_is_read_as_published(deliver, landed, rows, text, value):
    landing = landed(load_contract("practice_lsoa_count"), deliver("counts.csv", COUNTS.replace("3", text.strip())))
    assert _broken(landing) == {}
    assert [row["patient_count"] for row in rows(*landing.accepted_files)] == [value]


@pytest.mark.parametrize("text", ["1 234", "1.5", "12 people", "1e3", '"12,34"'])
def test_a_number_that_could_be_another_is_quarantined(deliver, landed, text):
    landing = landed(load_contract("practice_lsoa_count"), deliver("counts.csv", COUNTS.replace("3", text)))
    assert _broken(landing) == {"patient_count_readable": 1}


def test_columns_in_another_order_give_the_same_rows(deliver, landed, rows):
    contract = load_contract("practice_lsoa_count")
    shuffled = "NUMBER_OF_PATIENTS,PRACTICE_CODE,LSOA_CODE\n3,M85001,E01000001\n"
    found = [rows(*landed(contract, deliver(n, c)).accepted_files) for n, c in (("a.csv", COUNTS), ("b.csv", shuffled))]
    assert found[0] == found[1]


@pytest.mark.parametrize("header", ["", ",".join(load_contract("practice_directory").header) + "\n"])
def test_a_file_published_without_a_header_may_have_one(deliver, landed, rows, header):
    closed = PRACTICE.replace("M85001", "M85002").replace('"","A"', '"20200331","C"')
    landing = landed(load_contract("practice_directory"), deliver("epraccur.csv", header + PRACTICE + closed))
    assert (landing.accepted, _broken(landing)) == (2, {})
    found = rows(*landing.accepted_files)
    assert [(row["practice_code"], row["status"], row["prescribing_setting"]) for row in found] == [
        ("M85001", "A", "4"),
        ("M85002", "C", "4"),
    ]


def test_a_malformed_record_of_a_file_without_a_header_keeps_its_number(deliver):
    path = deliver("epraccur.csv", PRACTICE + '"M85002","SHORT"\n' + PRACTICE)
    found = [row for b in open_delivered(path, load_contract("practice_directory")).read() for row in b.to_pylist()]
    assert sorted((row["row_number"], row["is_malformed"]) for row in found) == [(1, False), (2, True), (3, False)]


def test_a_file_without_a_header_and_of_another_width_is_refused(deliver):
    path = deliver("epraccur.csv", "M85001,THE SURGERY,Y60\n")
    with pytest.raises(UnreadableFeed, match=r"without a header has 3 columns, expected are 27 \(epraccur.csv\)"):
        open_delivered(path, load_contract("practice_directory"))


def test_an_optional_column_need_not_be_in_the_file(deliver, landed, rows):
    header = "LSOA code (2021),Index of Multiple Deprivation (IMD) Rank,Index of Multiple Deprivation (IMD) Decile\n"
    landing = landed(load_contract("deprivation"), deliver("imd.csv", header + 'E01000001,"29,199",9\n'))
    assert [(row["imd_score"], row["imd_rank"]) for row in rows(*landing.accepted_files)] == [(None, 29_199)]
    assert "imd_score is not in the file" in landing.files[0].notes


@pytest.mark.parametrize("value", ["x" * 2_000_000, '"' + "x" * 2_000_000 + '"', '"' + "x\n" * 1_000_000 + '"'])
def test_a_record_longer_than_a_megabyte_is_refused(deliver, value):
    path = deliver("counts.csv", COUNTS + f"M85001,{value},3\n")
    with pytest.raises(UnreadableFeed, match=r"record longer than 1 MB \(counts.csv\)"):
        open_delivered(path, load_contract("practice_lsoa_count"))


def test_an_enormous_header_is_refused(deliver):
    path = deliver("counts.csv", "x" * 200_000 + "," + COUNTS)
    with pytest.raises(UnreadableFeed, match=r"begins with an enormous value \(counts.csv\)"):
        open_delivered(path, load_contract("practice_lsoa_count"))

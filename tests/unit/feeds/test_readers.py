"""Delivered files in every form, whole and damaged: what is read, and what the error says."""

import datetime as dt
import gzip

import pyarrow as pa
import pytest

from phm.errors import UnreadableFeed
from phm.feeds.contracts import load_contract
from phm.feeds.readers import find_files, open_delivered
from tests.unit.feeds.delivered import GOOD_EVENT, as_csv, events, parquet, workbook, zipped

ROWS = events({"value": "5"}, {"nhs_number": "9990000026"})


def _read(path, contract):
    file = open_delivered(path, contract)
    found = [row for batch in file.read() for row in batch.to_pylist()]
    assert file.records == len(found)
    return found


def _texts(path, contract):
    return [{name: row[name] or "" for name in contract.column_names} for row in _read(path, contract)]


CSV = as_csv(ROWS)
FORMS = {
    "plain.csv": CSV.encode(),
    "byte_order_mark.csv": b"\xef\xbb\xbf" + CSV.encode(),
    "crlf.csv": CSV.replace("\n", "\r\n").encode(),
    "no_last_line_end.csv": CSV.rstrip().encode(),
    "mixed_line_ends.csv": CSV.replace("\n", "\r\n", 1).encode(),
    "utf_16.csv": CSV.encode("utf-16"),
    "quoted.csv": "\n".join(",".join(f'"{v}"' for v in line.split(",")) for line in CSV.split()).encode(),
    "padded.csv": CSV.replace(",", " , ").encode(),
    "gzipped.csv.gz": gzip.compress(CSV.encode()),
    "gzipped_columnar.parquet.gz": gzip.compress(parquet(pa.Table.from_pylist(ROWS))),
    "gzipped_workbook.xlsx.gz": gzip.compress(workbook([list(ROWS[0]), *(list(r.values()) for r in ROWS)])),
    "zipped.zip": zipped("M85001.csv", CSV.encode()),
    "zipped_workbook.zip": zipped("M85001.xlsx", workbook([list(ROWS[0]), *(list(r.values()) for r in ROWS)])),
    "columnar.parquet": parquet(pa.Table.from_pylist(ROWS)),
    "workbook.xlsx": workbook([list(ROWS[0]), *(list(row.values()) for row in ROWS)]),
    "workbook_with_notes.xlsx": workbook([list(ROWS[0]), *(list(row.values()) for row in ROWS)], notes=True),
    "other_order.csv": as_csv([dict(reversed(row.items())) for row in ROWS]).encode(),
    "other_columns.csv": as_csv([{"batch": "7", **row, "operator": "x"} for row in ROWS]).encode(),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_text(deliver, gp_event, name):
    assert _texts(deliver(name, FORMS[name]), gp_event) == ROWS


def test_rows_are_numbered_from_one(deliver, gp_event):
    assert [row["row_number"] for row in _read(deliver("M85001.csv", CSV), gp_event)] == [1, 2]


def test_typed_parquet_becomes_the_text_a_csv_would_hold(deliver, gp_event):
    table = pa.table(
        {
            **{name: [value, value] for name, value in GOOD_EVENT.items()},
            "record_id": [1, 2],
            "parent_record_id": pa.array([7.0, float("nan")]),
            "event_date": [dt.datetime(2026, 10, 1), dt.datetime(2026, 10, 2)],
            "value": [5.5, None],
            "source": pa.array(["practice", "hospital"]).dictionary_encode(),
        }
    )
    first, second = _read(deliver("M85001.parquet", parquet(table)), gp_event)
    assert (first["record_id"], first["event_date"], first["value"]) == ("1", "2026-10-01", "5.5")
    assert (second["parent_record_id"], second["value"], second["source"]) == (None, None, "hospital")


def test_numbers_and_dates_of_a_workbook_become_plain_text(deliver, gp_event):
    cells = {**GOOD_EVENT, "nhs_number": 9990000018, "event_date": dt.datetime(2026, 10, 1), "value": 5.5}
    (row,) = _read(deliver("M85001.xlsx", workbook([list(cells), list(cells.values())])), gp_event)
    assert (row["nhs_number"], row["event_date"], row["value"]) == ("9990000018", "2026-10-01", "5.5")


def test_windows_text_is_read_and_reported(deliver):
    contract = load_contract("place_membership")
    content = "Practice_Code,Type,Locality_Code,Locality\nM85001,Main,P1,Ynys Môn\n".encode("cp1252")
    path = deliver("place_membership.csv", content)
    assert _read(path, contract)[0]["place_name"] == "Ynys Môn"
    assert open_delivered(path, contract).notes == ("read as cp1252",)


def test_a_value_may_hold_line_ends_commas_and_quotes(deliver):
    contract = load_contract("place_membership")
    content = (
        'Practice_Code,Type,Locality_Code,Locality\nM85001,Main,P1,"North,\n""upper"" part"\nM85002,Main,P1,South\n'
    )
    rows = _read(deliver("place_membership.csv", content), contract)
    assert [(row["row_number"], row["place_name"]) for row in rows] == [(1, 'North,\n"upper" part'), (2, "South")]


def test_an_earlier_name_of_a_column_is_accepted(deliver):
    contract = load_contract("practice_lsoa_count")
    path = deliver("counts.csv", "OrganisationCode,OranisationName,LSOA11CD,Patient\nM85001,THE SURGERY,E01000001,3\n")
    assert _read(path, contract)[0]["patient_count"] == "3"


def test_a_header_may_hold_line_breaks(deliver):
    contract = load_contract("practice_lsoa_count")
    path = deliver("counts.csv", 'PRACTICE_CODE,LSOA_CODE,"Number of\nPatients"\nM85001,E01000001,3\n')
    assert _read(path, contract)[0]["patient_count"] == "3"


def test_a_table_pasted_beside_the_data_is_ignored_and_reported(deliver):
    contract = load_contract("practice_lsoa_count")
    path = deliver(
        "counts.csv",
        "PRACTICE_CODE,LSOA_CODE,NUMBER_OF_PATIENTS,,,\nM85001,E01000001,3,,Row Labels,Sum\n,,,,Grand Total,3\n",
    )
    assert [row["patient_count"] for row in _read(path, contract)] == ["3"]
    note = "3 columns without a name were ignored, and 1 records that have nothing else"
    assert open_delivered(path, contract).notes == (note,)


def test_a_record_of_another_shape_is_handed_on_as_malformed_under_its_own_number(deliver, gp_event):
    lines = as_csv(events({}, {}, {}, {})).splitlines()
    lines[2] = "M85001,9990000018"
    lines[4] += ",one too many"
    rows = _read(deliver("M85001.csv", "\n".join(lines)), gp_event)
    assert {row["row_number"]: row["is_malformed"] for row in rows} == {1: False, 2: True, 3: False, 4: True}
    assert all(row["nhs_number"] is None for row in rows if row["is_malformed"])


def test_row_numbers_stay_right_over_many_blocks(deliver, gp_event, monkeypatch):
    monkeypatch.setattr("phm.feeds.delimited._BLOCK_BYTES", 2000)
    lines = as_csv(events(*[{}] * 500)).splitlines()
    for broken in (1, 99, 100, 101, 499):
        lines[broken] = "M85001"
    rows = _read(deliver("M85001.csv", "\n".join(lines)), gp_event)
    assert sorted(row["row_number"] for row in rows if row["is_malformed"]) == [1, 99, 100, 101, 499]
    assert all(int(row["record_id"]) == row["row_number"] for row in rows if not row["is_malformed"])
    assert sorted(row["row_number"] for row in rows) == list(range(1, 501))


WIDE = as_csv(events(*[{}] * 300)).encode()
DAMAGED = {
    "empty": ("M85001.csv", b"", r"empty \(M85001.csv\)"),
    "header only": ("M85001.csv", CSV.splitlines()[0].encode(), r"a header and no records \(M85001.csv\)"),
    "semicolons": ("M85001.csv", CSV.replace(",", ";").encode(), r"separated by semicolons.*\(M85001.csv\)"),
    "tabs": ("M85001.csv", CSV.replace(",", "\t").encode(), r"separated by tabs.*\(M85001.csv\)"),
    "missing column": (
        "M85001.csv",
        as_csv([{k: v for k, v in row.items() if k != "source"} for row in ROWS]).encode(),
        r"Column source is missing \(M85001.csv\). Accepted headers: source",
    ),
    "renamed column": (
        "M85001.csv",
        CSV.replace("snomed_code", "SnomedCode").encode(),
        r"Column snomed_code is missing \(M85001.csv\). Accepted headers: snomed_code. Nearest in the file: SnomedCode",
    ),
    "column twice": (
        "M85001.csv",
        as_csv([{**row, "copy": "x"} for row in ROWS], header=[*ROWS[0], "value"]).encode(),
        r"Column value stands in the file twice, as value \(M85001.csv\)",
    ),
    "unclosed quote": ("M85001.csv", CSV.replace("44054006", '"44054006', 1).encode(), r"line 2 \(M85001.csv\)"),
    "stray quotes": (
        "M85001.csv",
        as_csv(events({}, {}, {})).replace("practice\n", 'prac"tice\n', 2).encode(),
        r"3 records were counted but|2 records were counted but",
    ),
    "NUL": ("M85001.csv", CSV.replace("44054006", "4405\x00006").encode(), r"NUL bytes \(M85001.csv\)"),
    "no encoding": ("M85001.csv", CSV.replace("practice\n", "\x81\x8d\n").encode("latin-1"), r"\(M85001.csv\)"),
    "cut gzip": ("M85001.csv.gz", gzip.compress(WIDE)[:-200], r"damaged \(EOFError\) \(M85001.csv.gz\)"),
    "no gzip": ("M85001.csv.gz", WIDE, r"damaged \(BadGzipFile\) \(M85001.csv.gz\)"),
    "cut zip": ("M85001.zip", zipped("M85001.csv", WIDE)[:-30], r"damaged \(BadZipFile\) \(M85001.zip\)"),
    "full zip": ("M85001.zip", zipped("a.csv", WIDE, "b.csv"), r"holds 2 \(M85001.zip\)"),
    "empty zip": ("M85001.zip", zipped("readme.txt", WIDE), r"holds 0 \(M85001.zip\)"),
    "cut parquet": (
        "M85001.parquet",
        FORMS["columnar.parquet"][:-50],
        r"damaged \(ArrowInvalid\) \(M85001.parquet\)",
    ),
    "parquet header only": (
        "M85001.parquet",
        parquet(pa.Table.from_pylist(ROWS).slice(0, 0)),
        r"a header and no records \(M85001.parquet\)",
    ),
    "parquet column": (
        "M85001.parquet",
        parquet(pa.Table.from_pylist(ROWS).rename_columns({"source": "origin"})),
        r"Column source is missing \(M85001.parquet\)",
    ),
    "cut workbook": ("M85001.xlsx", FORMS["workbook.xlsx"][:-900], r"damaged .*\(M85001.xlsx\)"),
    "empty workbook": ("M85001.xlsx", workbook([]), r"empty \(M85001.xlsx\)"),
    "workbook column": (
        "M85001.xlsx",
        workbook([["a", "b"], [1, 2]]),
        r"Column practice_code is missing \(M85001.xlsx\)",
    ),
    "other kind": ("M85001.docx", b"x", r"cannot be read \(M85001.docx\). Use one of .csv"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_damaged_file_is_refused_with_its_name_and_without_its_values(deliver, gp_event, kind):
    name, content, message = DAMAGED[kind]
    with pytest.raises(UnreadableFeed, match=message) as caught:
        _read(deliver(name, content), gp_event)
    assert "9990000018" not in str(caught.value)


def test_a_damaged_page_inside_parquet_is_found_in_reading(deliver, gp_event):
    content = bytearray(parquet(pa.Table.from_pylist(events(*[{}] * 3000))))
    content[100:400] = b"\xff" * 300
    with pytest.raises(UnreadableFeed, match=r"\(M85001.parquet\)"):
        _read(deliver("M85001.parquet", bytes(content)), gp_event)


def test_a_missing_file_is_named(tmp_path, gp_event):
    with pytest.raises(UnreadableFeed, match=r"missing \(M85001.csv\)"):
        open_delivered(tmp_path / "M85001.csv", gp_event)


def test_files_are_found_by_pattern_in_order_of_name(deliver, tmp_path, gp_event):
    for name in ("M85002.csv", "M85001.csv.gz", "M85003.parquet.gz", ".hidden", "notes.txt"):
        deliver(f"gp_event/{name}", "x")
    found = find_files(tmp_path / "delivery", gp_event)
    assert [path.name for path in found] == ["M85001.csv.gz", "M85002.csv", "M85003.parquet.gz"]


def test_a_feed_that_was_not_delivered_is_named_with_its_pattern_and_folder(tmp_path, gp_event):
    with pytest.raises(UnreadableFeed, match=rf"Feed gp_event was not delivered.*gp_event/\* \({tmp_path}\)"):
        find_files(tmp_path, gp_event)


def test_an_optional_feed_need_not_be_delivered(tmp_path):
    assert find_files(tmp_path, load_contract("place_membership")) == []

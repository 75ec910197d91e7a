"""Workbooks: which sheet is read, what cells become, and workbooks made or left to exhaust memory."""

import datetime as dt
import io
import zipfile

import openpyxl
import pytest
import xlsxwriter

from phm.errors import UnreadableFeed
from phm.feeds import workbooks
from phm.feeds.contracts import load_contract
from phm.feeds.readers import open_delivered
from tests.unit.feeds.delivered import GOOD_EVENT, workbook

PLACES = [["Practice_Code", "Type", "Locality_Code", "Locality"], ["M85001", "Main", "P1", "North"]]


def _rows(path, contract):
    return [row for batch in open_delivered(path, contract).read() for row in batch.to_pylist()]


def _event(path, contract):
    (row,) = _rows(path, contract)
    return row


def _book(content: bytes, change) -> bytes:
    """The workbook after `change` of it as openpyxl sees it."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_of_two_sheets_the_one_with_the_contracts_columns_is_read(deliver):
    networks = ["PCN Code", "PCN Name", "Current Sub ICB Loc Code", "Sub ICB Location", "Open Date", "Close Date"]
    partners = ["Partner\nOrganisation\nCode", "Partner\nName", "Practice\nParent\nSub ICB Loc Code", "PCN Code"]
    partners += ["PCN Name", "PCN Parent\nSub ICB Loc Code"]
    partners += [f"Practice to PCN\nRelationship\n{end} Date" for end in ("Start", "End")]
    book = openpyxl.Workbook()
    book.active.append([*networks, "Postcode"])
    book.active.append(["U00001", "NORTH PCN", "15E", "NHS PLACE", 20191001, "", "B1 1AA"])
    sheet = book.create_sheet("Core Partners")
    sheet.append(partners)
    sheet.append(["M85001", "THE SURGERY", "15E", "U00001", "NORTH PCN", "15E", 20191001, "20270331"])
    out = io.BytesIO()
    book.save(out)
    path = deliver("ePCN.xlsx", out.getvalue())
    assert _event(path, load_contract("pcn"))["open_date"] == "20191001"
    partner = _event(path, load_contract("pcn_core_partner"))
    assert (partner["practice_code"], partner["end_date"]) == ("M85001", "20270331")


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (dt.datetime(2026, 10, 1), "2026-10-01"),
        ("2026-10-01", "2026-10-01"),
        (46296, "2026-10-01"),
        (20261001, "20261001"),
        (2026, "2026"),
        (46296.5, "46296.5"),
    ],
)
def test_a_date_that_lost_its_format_is_the_day_excel_means(deliver, gp_event, cell, text):
    cells = {**GOOD_EVENT, "event_date": cell}
    path = deliver("M85001.xlsx", workbook([list(cells), list(cells.values())]))
    assert _event(path, gp_event)["event_date"] == text


def test_days_are_counted_from_1904_where_the_workbook_says_so(deliver, gp_event):
    cells = {**GOOD_EVENT, "event_date": 46296 - 1462}

    def count_from_1904(book):
        book.epoch = openpyxl.utils.datetime.MAC_EPOCH

    content = _book(workbook([list(cells), list(cells.values())]), count_from_1904)
    assert _event(deliver("M85001.xlsx", content), gp_event)["event_date"] == "2026-10-01"


def test_a_serial_number_in_another_column_stays_a_number(deliver, gp_event):
    cells = {**GOOD_EVENT, "value": 46296}
    path = deliver("M85001.xlsx", workbook([list(cells), list(cells.values())]))
    assert _event(path, gp_event)["value"] == "46296"


def test_a_code_too_long_for_a_number_cell_does_not_pass_as_a_code(deliver, gp_event, landed):
    cells = {**GOOD_EVENT, "snomed_code": 16076451000119101}  # a cell keeps 15 digits: the last are lost
    path = deliver("M85001.xlsx", workbook([list(cells), list(cells.values())]))
    landing = landed(gp_event, path)
    assert landing.rejections["snomed_code_pattern"] == 1


def test_a_cell_far_from_the_data_is_refused_before_memory_is_taken(deliver):
    def put_far(book):
        book.active["XFD1048576"] = " "

    path = deliver("places.xlsx", _book(workbook(PLACES), put_far))
    with pytest.raises(UnreadableFeed, match=r"reaches to row 1048576 and column 16384 \(places.xlsx\)"):
        _rows(path, load_contract("place_membership"))


def _shared(rows: list[list[str]]) -> bytes:
    """A workbook that keeps each different text once, as Excel writes them."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return out.getvalue()


def test_a_long_text_shared_by_many_cells_is_refused(deliver, monkeypatch):
    monkeypatch.setattr(workbooks, "_TEXT_BYTES", 1_000_000)
    long = [["M85001", "Main", "P1", "x" * 10_000]]
    contract = load_contract("place_membership")
    assert len(_rows(deliver("few.xlsx", _shared(PLACES + long * 90)), contract)) == 91
    with pytest.raises(UnreadableFeed, match=r"enormous values \(many.xlsx\)"):
        _rows(deliver("many.xlsx", _shared(PLACES + long * 101)), contract)


def test_a_zip_file_that_is_no_workbook_is_refused(deliver):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("readme.xml", "no workbook")
    with pytest.raises(UnreadableFeed, match=r"workbook cannot be parsed .*\(places.xlsx\).*without a password"):
        _rows(deliver("places.xlsx", content.getvalue()), load_contract("place_membership"))

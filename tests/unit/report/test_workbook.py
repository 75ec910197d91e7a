"""Workbooks beside pages: what others read in them is what was written, and nothing of it is a formula."""

import datetime as dt
import io

import openpyxl
from python_calamine import CalamineWorkbook

from phm.report.tables import Table
from phm.report.workbook import to_workbook

TABLE = Table(
    "Measures: every one of them, by practice",
    "Measures & more",
    {"Practice": "text", "People": "count", "Percent": "number", "Code": "code"},
    [["=SUM(A1) <b>", 1235, 12.345, "007"], ["'quoted' \"twice\" & more ", None, 3, "A1"]],
)
WRITTEN = [
    ["Measures & more", None, None, None],
    ["Practice", "People", "Percent", "Code"],
    ["=SUM(A1) <b>", 1235, 12.3, "007"],
    ["'quoted' \"twice\" & more ", "withheld", 3, "A1"],
]
ABOUT = {"Area": "Ash", "Use": "Planning"}
CONTENT = to_workbook([TABLE, TABLE], ABOUT, created=dt.date(2026, 10, 31))


def test_two_readers_find_what_was_written():
    book = openpyxl.load_workbook(io.BytesIO(CONTENT))
    others = CalamineWorkbook.from_filelike(io.BytesIO(CONTENT))
    first, second = book.sheetnames[1:]
    assert others.sheet_names == book.sheetnames == ["About", first, second]
    assert [first, second] == ["Measures  every one of them, by", "Measures  every one of them, 2"]
    for name in (first, second):
        assert [list(row) for row in book[name].iter_rows(values_only=True)] == WRITTEN
        assert others.get_sheet_by_name(name).to_python() == [[v or "" for v in row] for row in WRITTEN]
    assert [list(row) for row in book["About"].iter_rows(values_only=True)] == [["Area", "Ash"], ["Use", "Planning"]]


def test_cells_are_text_and_numbers_with_the_looks_of_theirs():
    sheet = openpyxl.load_workbook(io.BytesIO(CONTENT)).worksheets[1]
    assert [cell.data_type for cell in sheet[3]] == ["s", "n", "n", "s"]
    assert [cell.number_format for cell in sheet[3]] == ["General", "#,##0", "#,##0.0", "General"]
    assert all(cell.font.b and cell.alignment.wrap_text for cell in sheet[2]) and not sheet["A3"].font.b
    assert sheet.freeze_panes == "B3" and round(sheet.column_dimensions["A"].width) == 43


def test_the_same_tables_give_the_same_bytes():
    assert to_workbook([TABLE, TABLE], ABOUT, created=dt.date(2026, 10, 31)) == CONTENT

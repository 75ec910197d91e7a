"""Excel workbooks (XLSX) as records.

Belongs here: which sheet holds the data, how cells become the text a CSV file would hold, and what is asked of a
workbook before it is opened: the parser spreads a sheet out in memory up to its last cell, and so has to be kept from
one whose last cell is far away.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from phm.errors import UnreadableFeed
from phm.feeds.contracts import Contract
from phm.feeds.layout import Opened, naming_notes, plain, positions, records, trimmed, unnamed_note
from phm.feeds.packing import Unpacked
from phm.feeds.schema import Column

Rows = list[list[object]]

_CELLS = 12_000_000
_TEXT_BYTES = 256 << 20
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\sr="([0-9]+)"')
_COLUMN = re.compile(rb'<(?:\w+:)?c\b[^>]*?\sr="([A-Z]+)[0-9]+"')
_SHARED_TEXT = re.compile(rb"<(?:\w+:)?si\b.*?</(?:\w+:)?si>", re.DOTALL)
_SHARED_TEXT_USED = re.compile(rb'\st="s"[^>]*>\s*<(?:\w+:)?v>([0-9]+)<')
_ERROR = re.compile(rb'(<(?:\w+:)?c\b[^>]*?\st=)"e"')
_EXACT_BELOW = 10**15  # a cell holds 15 digits; of a longer number the last ones are made up
_SERIALS = 10_000, 99_999  # 1927 to 2173: shorter numbers could be years, longer ones YYYYMMDD


def open_xlsx(source: Unpacked, contract: Contract) -> Opened:
    """Open a workbook; the data are on the sheet that has most of the contract's columns."""
    sheets, day_0 = read_sheets(source)
    header, *body = _data_sheet(sheets, contract, source.label)
    places = positions(map(str, header), contract, source.label)
    rows = [row for row in body if _has_values(row)]
    notes = naming_notes(header, contract)
    unnamed = sum(not plain(name) for name in header)
    if unnamed:
        present = [place for place in places if place is not None]
        filled, rows = len(rows), [row for row in rows if _has_values([row[place] for place in present])]
        notes = (*notes, unnamed_note(unnamed, filled - len(rows)))

    def read() -> Iterator[pa.RecordBatch]:
        columns = [
            None if place is None else cell_texts([row[place] for row in rows], column, day_0)
            for column, place in zip(contract.columns, places, strict=True)
        ]
        yield records(columns, np.arange(1, len(rows) + 1), contract)

    return Opened(len(rows), notes, read)


def read_sheets(source: Unpacked) -> tuple[dict[str, Rows], dt.date]:
    """The cells of every sheet by its name, and the day from which the workbook counts days."""
    import python_calamine as calamine

    with source.open_seekable() as file, zipfile.ZipFile(file) as archive:
        content = _unfolded(archive, source)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _check_extent(archive, source.label)
        day_0 = _day_0(archive)
    try:
        with calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            return {name: workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names}, day_0
    except calamine.CalamineError as error:
        raise UnreadableFeed(
            f"A workbook cannot be parsed ({type(error).__name__})",
            name=source.label,
            hint="Save it again as an Excel workbook (.xlsx) without a password, and deliver that.",
        ) from None


def cell_texts(cells: Sequence[object], column: Column, day_0: dt.date) -> pa.Array:
    """The cells of a column as the text a CSV file would hold, null where empty."""
    if column.type == "DATE":
        cells = [day_0 + dt.timedelta(cell) if _is_serial(cell) else cell for cell in cells]
    return trimmed(pa.array(map(_cell_text, cells), pa.string()))


def _data_sheet(sheets: Mapping[str, Rows], contract: Contract, label: str) -> Rows:
    """The rows of the sheet that has most of the contract's columns, its header first."""
    accepted = {plain(name) for column in contract.columns for name in column.headers}
    shared = {name: len(accepted & set(map(plain, rows[0]))) for name, rows in sheets.items() if rows}
    if not shared:
        raise UnreadableFeed("A delivered file is empty", name=label, hint="Ask for it to be delivered again.")
    best = [name for name, count in shared.items() if count == max(shared.values())]
    filled = [name for name in best if len(sheets[name]) > 1]
    if len(filled) > 1 and shared[filled[0]]:
        raise UnreadableFeed(
            f"{len(filled)} sheets of a workbook have the columns of the data",
            name=label,
            hint="Which of them is meant cannot be told: deliver a workbook with one.",
        )
    return sheets[(filled or best)[0]]


def _has_values(cells: Sequence[object]) -> bool:
    return any(cell not in ("", None) for cell in cells)


def _unfolded(archive: zipfile.ZipFile, source: Unpacked) -> bytes:
    """The workbook without compression, so that the parser meets nothing that was not measured.

    The result of a formula that failed, such as #N/A, becomes text: the parser would pass it off as an empty cell.
    """
    allowance, unfolded = source.allowance(), io.BytesIO()
    with zipfile.ZipFile(unfolded, "w") as copy:
        for member in archive.infolist():
            if member.filename.endswith((".xml", ".rels")):
                allowance.spend(member.file_size)  # no more than this is ever read
                copy.writestr(member.filename, _ERROR.sub(rb'\1"str"', archive.read(member)))
    return unfolded.getvalue()


def _check_extent(archive: zipfile.ZipFile, label: str) -> None:
    """UnreadableFeed where the parser would spread a workbook over more cells or text than memory should hold."""
    names = archive.namelist()
    used: list[int] = []
    for name in names:
        if name.startswith("xl/worksheets/sheet"):
            part = archive.read(name)
            rows = max(map(int, _ROW.findall(part)), default=0)
            columns = max(map(_column_number, set(_COLUMN.findall(part))), default=0)
            if rows * columns > _CELLS:
                raise UnreadableFeed(
                    f"A sheet of a workbook reaches to row {rows} and column {columns}",
                    name=label,
                    hint="Delete what stands far from the data, or deliver it as comma-separated values.",
                )
            used += map(int, _SHARED_TEXT_USED.findall(part))
    if "xl/sharedStrings.xml" in names:
        lengths = np.array([len(text) for text in _SHARED_TEXT.findall(archive.read("xl/sharedStrings.xml"))])
        if sum(lengths[[index for index in used if index < len(lengths)]]) > _TEXT_BYTES:
            raise UnreadableFeed("A workbook holds enormous values", name=label, hint="Remove free text from it.")


def _column_number(letters: bytes) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number


def _day_0(archive: zipfile.ZipFile) -> dt.date:
    """The day from which the workbook counts days. (1900 is a leap year in Excel, hence 30 December.)"""
    is_1904 = "xl/workbook.xml" in archive.namelist() and re.search(
        rb'date1904="(1|true)"', archive.read("xl/workbook.xml")
    )
    return dt.date(1904, 1, 1) if is_1904 else dt.date(1899, 12, 30)


def _is_serial(cell: object) -> bool:
    """Whether a date cell lost its format and shows the number of the day."""
    return isinstance(cell, float) and cell.is_integer() and _SERIALS[0] <= cell <= _SERIALS[1]


def _cell_text(cell: object) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT_BELOW:
        return str(int(cell))
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    return str(cell)

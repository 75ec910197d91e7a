"""Delivered files as text columns, whatever form they came in: CSV, Parquet or XLSX, plain, gzipped or zipped.

Belongs here: what kind of file it is, how it is packed, and the quirks of published files (with `delimited`). Values
stay text as delivered, without white space around them; what they mean is decided in `landing`.
"""

import datetime as dt
import gzip
import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from phm.errors import UnreadableFeed
from phm.feeds.contracts import Contract
from phm.feeds.delimited import Opened, open_csv
from phm.feeds.layout import plain, positions, records, trimmed
from phm.feeds.survey import Opener

SUFFIXES = (".csv", ".csv.gz", ".parquet", ".xlsx", ".zip")
_DELIVER_AGAIN = "It was cut short or damaged on its way: ask for it to be delivered again."


@dataclass(frozen=True)
class DeliveredFile:
    """One delivered file, opened far enough to know its columns and how many data records it holds.

    `name` is its path below the delivery. `records` is counted without the parser. `notes` say what was put
    right in reading. `read()` yields record batches: the contract's columns as text, `row_number` (1 is the
    first data record) and `is_malformed` (the record has more or fewer fields than the header; its columns are
    null). Every record is yielded exactly once, or reading ends in an UnreadableFeed.
    """

    path: Path
    name: str
    sha256: str
    records: int
    notes: tuple[str, ...]
    read: Callable[[], Iterator[pa.RecordBatch]]


def find_files(folder: Path, contract: Contract) -> list[Path]:
    """The files delivered in `folder` for `contract`, in order of name; none only for an optional contract."""
    pattern = contract.file_pattern or ""
    files = sorted(p for p in folder.glob(pattern) if p.is_file() and p.name.lower().endswith(SUFFIXES))
    if not files and not contract.optional:
        raise UnreadableFeed(
            f"Feed {contract.name} was not delivered: no file matches {pattern}",
            name=str(folder),
            hint=f"Expected one of {', '.join(SUFFIXES)}.",
        )
    return files


def open_delivered(path: Path, contract: Contract, *, folder: Path | None = None) -> DeliveredFile:
    """Open one delivered file; `folder` is the delivery its name is given relative to.

    Raises
    ------
    UnreadableFeed
        The file is missing, empty, damaged, not comma-separated, or lacks a column of the contract; the message
        names the file, and the column with the names accepted for it.
    """
    name = path.relative_to(folder).as_posix() if folder else path.name
    try:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        suffix, open_file = _unpacked(path.name.lower(), lambda: path.open("rb"), name)
        reader = {".csv": open_csv, ".parquet": _open_parquet, ".xlsx": _open_xlsx}[suffix]
        count, notes, read = reader(open_file, contract, name)
    except FileNotFoundError as error:
        raise UnreadableFeed("A delivered file is missing", name=name, hint="Check the path.") from error
    except (EOFError, zlib.error, zipfile.BadZipFile, pa.ArrowException, OSError) as error:
        # Parsers quote the data they choke on: only the kind of error is passed on.
        raise UnreadableFeed(
            f"A delivered file is damaged ({type(error).__name__})", name=name, hint=_DELIVER_AGAIN
        ) from None
    if count == 0:
        raise UnreadableFeed(
            "A delivered file has a header and no records", name=name, hint="Ask for it to be delivered again."
        )
    return DeliveredFile(path, name, sha256, count, notes, read)


def _unpacked(file_name: str, open_file: Opener, label: str) -> tuple[str, Opener]:
    """The suffix of what is inside, and how to open it."""
    if file_name.endswith(".gz"):

        @contextmanager
        def open_gzip() -> Iterator[BinaryIO]:
            with open_file() as packed, gzip.open(packed) as file:
                yield file

        return _unpacked(file_name.removesuffix(".gz"), open_gzip, label)
    if file_name.endswith(".zip"):
        with open_file() as packed, zipfile.ZipFile(packed) as archive:
            members = [m for m in archive.namelist() if m.lower().endswith(SUFFIXES) and not m.startswith("__MACOSX")]
        if len(members) != 1:
            raise UnreadableFeed(
                f"A zip file must hold exactly one data file, this one holds {len(members)}",
                name=label,
                hint="Unpack it into the delivery folder.",
            )

        @contextmanager
        def open_member() -> Iterator[BinaryIO]:
            with open_file() as packed, zipfile.ZipFile(packed) as archive, archive.open(members[0]) as file:
                yield file

        return _unpacked(members[0].lower(), open_member, label)
    suffix = Path(file_name).suffix
    if suffix not in (".csv", ".parquet", ".xlsx"):
        raise UnreadableFeed(
            "A delivered file is of a kind that cannot be read", name=label, hint=f"Use one of {', '.join(SUFFIXES)}."
        )
    return suffix, open_file


def _open_parquet(open_file: Opener, contract: Contract, label: str) -> Opened:
    with open_file() as file, pq.ParquetFile(_seekable(file)) as parquet:
        header, count = parquet.schema_arrow.names, parquet.metadata.num_rows
    names = [header[i] for i in positions(header, contract, label)]

    def read() -> Iterator[pa.RecordBatch]:
        start = 1
        with open_file() as file, pq.ParquetFile(_seekable(file)) as parquet:
            try:
                for block in parquet.iter_batches(columns=names):
                    columns = [_as_text(block.column(name)) for name in names]
                    yield records(columns, np.arange(start, start + block.num_rows), contract)
                    start += block.num_rows
            except (pa.ArrowException, OSError) as error:
                raise UnreadableFeed(
                    f"A delivered file is damaged ({type(error).__name__})", name=label, hint=_DELIVER_AGAIN
                ) from None

    return count, (), read


def _seekable(file: BinaryIO) -> BinaryIO:
    return file if isinstance(file, io.BufferedReader) else io.BytesIO(file.read())


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    if pa.types.is_timestamp(column.type):
        dates = column.cast(pa.date32(), safe=False)
        if dates.cast(column.type).equals(column):  # midnight throughout: a date that was stored as a time
            column = dates
    return trimmed(column.cast(pa.string()))


def _open_xlsx(open_file: Opener, contract: Contract, label: str) -> Opened:
    import python_calamine as calamine

    with open_file() as file:
        content = io.BytesIO(file.read())
    try:
        with calamine.CalamineWorkbook.from_filelike(content) as workbook:
            sheets = [workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names]
    except (calamine.CalamineError, zipfile.BadZipFile) as error:
        raise UnreadableFeed(
            f"A delivered file is damaged ({type(error).__name__})", name=label, hint=_DELIVER_AGAIN
        ) from None
    # Notes come on sheets of their own: the data are on the sheet with most of the columns.
    accepted = {plain(name) for column in contract.columns for name in column.headers}
    sheet = max(
        (rows for rows in sheets if rows), key=lambda rows: len(accepted & set(map(plain, rows[0]))), default=None
    )
    if sheet is None:
        raise UnreadableFeed("A delivered file is empty", name=label, hint="Ask for it to be delivered again.")
    places = positions(map(str, sheet[0]), contract, label)
    rows = [row for row in sheet[1:] if any(row[i] not in ("", None) for i in places)]

    def read() -> Iterator[pa.RecordBatch]:
        columns = [trimmed(pa.array([_cell_text(row[i]) for row in rows], pa.string())) for i in places]
        yield records(columns, np.arange(1, len(rows) + 1), contract)

    return len(rows), (), read


def _cell_text(cell: object) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dt.datetime) and cell.time() == dt.time():
        return cell.date().isoformat()
    return str(cell)

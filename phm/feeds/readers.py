"""Delivered files as text columns, whatever form they came in: CSV, Parquet or XLSX, plain, gzipped or zipped.

Belongs here: finding delivered files and opening one with the reader of its kind: `delimited`, `columnar` or
`workbooks`. Values stay text as delivered, without white space around them; what they mean is decided in `landing`.
"""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from phm.errors import UnreadableFeed
from phm.feeds.columnar import open_parquet
from phm.feeds.contracts import Contract
from phm.feeds.delimited import open_csv
from phm.feeds.packing import DAMAGE, SUFFIXES, unpack
from phm.feeds.plain import PlainText
from phm.feeds.workbooks import open_xlsx

_OPEN = {".csv": open_csv, ".parquet": open_parquet, ".xlsx": open_xlsx}


@dataclass(frozen=True)
class DeliveredFile:
    """One delivered file, opened far enough to know its columns and how many data records it holds.

    `name` is its path below the delivery. `records` is counted without the parser. `notes` say what was put
    right in reading. `read()` yields record batches: the contract's columns as text, `row_number` (1 is the
    first data record) and `is_malformed` (the record has more or fewer fields than the header; its columns are
    null). Every record is yielded exactly once, or reading ends in an UnreadableFeed. `plain` is how the engine can
    read the same records by itself, of files that leave no doubt.
    """

    path: Path
    name: str
    sha256: str
    records: int
    notes: tuple[str, ...]
    read: Callable[[], Iterator[pa.RecordBatch]]
    plain: PlainText | None


def files_of(folder: Path, contract: Contract) -> list[Path]:
    """The files in `folder` that are of `contract`, in order of name, if any."""
    found = folder.glob(contract.file_pattern or "")
    return sorted(p for p in found if p.is_file() and p.name.lower().endswith(SUFFIXES) and not p.name.startswith("."))


def find_files(folder: Path, contract: Contract) -> list[Path]:
    """The files delivered in `folder` for `contract`, in order of name; none only for an optional contract."""
    files = files_of(folder, contract)
    if not files and not contract.optional:
        raise UnreadableFeed(
            f"Feed {contract.name} was not delivered: no file matches {contract.file_pattern}",
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
        with ThreadPoolExecutor(max_workers=1) as beside:
            digest = beside.submit(_sha256, path)
            source = unpack(path, name)
            opened = _OPEN[source.kind](source, contract)
            sha256 = digest.result()
    except FileNotFoundError as error:
        raise UnreadableFeed("A delivered file is missing", name=name, hint="Check the path.") from error
    except (*DAMAGE, pa.ArrowException) as error:
        raise _damaged(error, name) from None
    if opened.records == 0:
        raise UnreadableFeed(
            "A delivered file has a header and no records", name=name, hint="Ask for it to be delivered again."
        )

    def read_checked() -> Iterator[pa.RecordBatch]:
        try:
            yield from opened.read()
        except (*DAMAGE, pa.ArrowException) as error:
            raise _damaged(error, name) from None

    return DeliveredFile(path, name, sha256, opened.records, opened.notes, read_checked, opened.plain)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(error: Exception, name: str) -> UnreadableFeed:
    # Parsers quote the data they choke on: only the kind of error is passed on.
    return UnreadableFeed(
        f"A delivered file is damaged ({type(error).__name__})",
        name=name,
        hint="It was cut short or damaged on its way: ask for it to be delivered again.",
    )

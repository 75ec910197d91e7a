"""An extract as it was handed over: a folder or zip file of comma-separated tables, loaded as text into DuckDB.

Belongs here: finding a table's file and reading it as any delivered file is read. What a table means is in `forms`.
"""

import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import duckdb
import pyarrow as pa

from phm.errors import UnreadableFeed
from phm.feeds.contracts import Contract
from phm.feeds.delimited import open_csv
from phm.feeds.layout import record_schema
from phm.feeds.packing import DAMAGE, Allowance, Unpacked
from phm.feeds.schema import Column


@dataclass(frozen=True)
class SourceTable:
    """One table of a source form: the name of its file, the columns needed of it, and whether it may be missing."""

    name: str
    columns: tuple[str, ...]
    is_optional: bool = False

    @property
    def contract(self) -> Contract:
        """The table as the reader of delivered files wants it described: columns of text, names in either case."""
        columns = tuple(
            Column(name, (name, name.lower(), name.upper()), "VARCHAR", "", "pseudonymous") for name in self.columns
        )
        return Contract(
            name=self.name,
            title=self.name,
            version="",
            status="",
            layer="source",
            description="",
            purpose="",
            sha256="",
            sources=(),
            key=(),
            columns=columns,
            row_rules=(),
            dataset_rules=(),
            relationships=(),
        )


def load_tables(con: duckdb.DuckDBPyConnection, path: Path, tables: Iterable[SourceTable], /) -> dict[str, int]:
    """Number of data records of each table; the tables are then `source.<name>`, with `row_number`, `is_malformed`.

    Records are counted independently of the parser. An optional table that is missing is empty, and not counted.

    Raises
    ------
    UnreadableFeed
        `path` is neither a folder nor a zip file, or a table or column is missing or cannot be read; the message
        names it.
    """
    try:
        files = _folder_files(path) if path.is_dir() else _zip_files(path)
        con.execute("CREATE SCHEMA source")
        return {table.name: count for table in tables if (count := _load(con, path, table, files)) is not None}
    except DAMAGE as error:
        raise UnreadableFeed(
            f"The extract cannot be read ({type(error).__name__})",
            name=path.name,
            hint="Give a folder of CSV files, or a zip file of them that is whole and has no password.",
        ) from None


def _load(con: duckdb.DuckDBPyConnection, path: Path, table: SourceTable, files: dict[str, Unpacked]) -> int | None:
    contract = table.contract
    count, batches = None, iter(())
    if table.name.lower() in files:
        opened = open_csv(files[table.name.lower()], contract)
        count, batches = opened.records, opened.read()
    elif not table.is_optional:
        found = sorted(file.label for file in files.values())
        raise UnreadableFeed(
            f"Table {table.name} is missing from the extract",
            name=path.name,
            hint=f"Export it as {table.name}.csv. Found are: {', '.join(found) or 'no CSV files'}.",
        )
    con.register("batch", pa.Table.from_batches([], record_schema(contract)))
    con.execute(f"CREATE TABLE source.{table.name} AS FROM batch")
    for batch in batches:
        con.register("batch", pa.Table.from_batches([batch]))
        con.execute(f"INSERT INTO source.{table.name} FROM batch")
    con.unregister("batch")
    return count


def _folder_files(folder: Path) -> dict[str, Unpacked]:
    found = [p for p in sorted(folder.iterdir()) if p.is_file() and p.suffix.lower() == ".csv"]
    return _by_table([Unpacked(".csv", partial(p.open, "rb"), False, p.stat().st_size, p.name) for p in found], folder)


def _zip_files(path: Path) -> dict[str, Unpacked]:
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    # macOS puts a companion beside every file.
    found = [m for m in members if m.filename.lower().endswith(".csv") and not m.filename.startswith("__MACOSX")]
    if any(member.flag_bits & 1 for member in found):
        raise UnreadableFeed("The extract is locked with a password", name=path.name, hint="Unlock it first.")
    return _by_table(
        [
            Unpacked(".csv", partial(_open_member, path, member), True, size, PurePosixPath(member.filename).name)
            for member in found
        ],
        path,
    )


@contextmanager
def _open_member(path: Path, member: zipfile.ZipInfo) -> Iterator[BinaryIO]:
    # The size a member declares is as much as comes out of it.
    Allowance(path.stat().st_size, path.name).spend(member.file_size)
    with zipfile.ZipFile(path) as archive, archive.open(member) as file:
        yield file


def _by_table(found: list[Unpacked], path: Path) -> dict[str, Unpacked]:
    files: dict[str, Unpacked] = {}
    for file in found:
        table = PurePosixPath(file.label).stem.lower()
        if table in files:
            raise UnreadableFeed(
                f"Table {table} stands in the extract twice", name=path.name, hint="Leave one file for each table."
            )
        files[table] = file
    return files

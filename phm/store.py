"""Where tables live, and how a month becomes the published one.

A table version is a folder that never changes, named after the SHA-256 of its bytes. A *manifest* is one small
JSON file per partition that says which version of each table counts. While a month is worked on the *draft*
manifest is updated table by table; `publish` replaces the *published* manifest in one `os.replace`, so a reader
sees the old month or the new one and never a mixture. A run that dies leaves nothing but a temporary folder.

Tables that hold identifiers live in the vault, everything else below PHM_HOME; one manifest names the versions of
both, and holds no value of either::

    <home or vault>/tables/<table>/<month>/<icb_code>/<version>/part-*.parquet
    <home>/manifests/{draft,published,previous}/<month>_<icb_code>.json
    <vault>/scratch/
"""

import atexit
import calendar
import datetime as dt
import hashlib
import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from ibis.backends.sql.datatypes import DuckDBType

from phm.errors import ConfigurationError, StoreError

MANIFEST_FORMAT = 1
WRITING = ".writing-"
ABANDONED_SECONDS = 24 * 3600
LIST_TABLES = {"practice_list": "practice", "linked_list": "linked"}
"""Tables of workbooks with identifiers, one for each use: lists of different uses never lie in one folder."""
VAULT_TABLES = frozenset({"identity", *LIST_TABLES})
AS_PARQUET = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"
"""Options of every COPY that writes a table: the usual level takes up to a sixth longer, for files of the same size."""


@dataclass(frozen=True, order=True)
class Partition:
    """One month of one integrated care board (ICB): the unit that is run, published and replaced."""

    month: str
    icb_code: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", self.month):
            raise ConfigurationError("A month is written YYYY-MM", name=self.month, hint="For example 2026-10.")
        if not re.fullmatch(r"[A-Z0-9]{3,5}", self.icb_code):
            raise ConfigurationError(
                "An ICB code has 3 to 5 capital letters and digits", name=self.icb_code, hint="For example QNC."
            )

    @property
    def reference_date(self) -> dt.date:
        """Last day of the month: the date every age, look-back and due date is counted from."""
        year, month = map(int, self.month.split("-"))
        return dt.date(year, month, calendar.monthrange(year, month)[1])

    @property
    def path(self) -> Path:
        return Path(self.month) / self.icb_code

    @property
    def key(self) -> str:
        return f"{self.month}_{self.icb_code}"


@dataclass(frozen=True)
class TableVersion:
    """One immutable version of one table in one partition.

    `built_from` holds the version of each table it was computed from, `record` what its maker wants kept
    (of a feed: files, rows delivered, accepted and quarantined).
    """

    table: str
    version: str
    rows: int
    files: tuple[str, ...]
    built_from: Mapping[str, str]
    record: Mapping[str, Any]


class Store:
    """The tables of one PHM_HOME and its vault (`<home>/vault` unless given)."""

    def __init__(self, home: Path, vault: Path | None = None) -> None:
        self.home = Path(home)
        self.vault = Path(vault) if vault else self.home / "vault"

    # -- writing -----------------------------------------------------------------------------------------

    def write(
        self,
        table: str,
        partition: Partition,
        fill: Callable[[Path], Mapping[str, Any] | None],
        *,
        built_from: Iterable[str] = (),
    ) -> TableVersion:
        """Add a version to the draft: `fill` puts files into the folder it is given (Parquet, or a rendered page).

        What `fill` returns becomes the version's `record`.
        """
        parent = self._folder(table, partition)
        if table in VAULT_TABLES:
            self._make_vault()
        parent.mkdir(parents=True, exist_ok=True)
        draft = self._entries("draft", partition)
        upstream = {name: self._require(draft, name, partition).version for name in built_from}
        folder = parent / f"{WRITING}{uuid.uuid4().hex}"
        folder.mkdir()
        try:
            record = fill(folder) or {}
            files = tuple(sorted(f.name for f in folder.iterdir()))
            version = _digest(folder / f for f in files)
            rows = sum(pq.ParquetFile(folder / f).metadata.num_rows for f in files if f.endswith(".parquet"))
            if (parent / version).exists():
                shutil.rmtree(folder)
            else:
                os.replace(folder, parent / version)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        written = TableVersion(table, version, rows, files, upstream, record)
        self._save("draft", partition, {"tables": {**draft, table: written}})
        return written

    def write_table(
        self,
        con: ibis.BaseBackend,
        table: str,
        partition: Partition,
        *parts: ibis.Table,
        order_by: Sequence[str],
        built_from: Iterable[str] = (),
        record: Mapping[str, Any] | None = None,
    ) -> TableVersion:
        """Add the rows of Ibis expressions to the draft, as one Parquet file each.

        `order_by` must order the rows of a part totally: the same rows then give the same bytes. The fewer columns, the
        better: all of them are compared as one key, which is made for each row.
        """

        def fill(folder: Path) -> Mapping[str, Any] | None:
            for number, rows in enumerate(parts):
                _write_parquet(con, rows, folder / f"part-{number}.parquet", order_by=order_by)
            return record

        return self.write(table, partition, fill, built_from=built_from)

    def publish(self, partition: Partition, tables: Iterable[str], record: Mapping[str, Any]) -> Path:
        """Make the draft versions of `tables` the published ones; returns the manifest's path.

        Raises
        ------
        StoreError
            A table is missing from the draft, or was computed from a version that has been replaced since.
        """
        draft = self._entries("draft", partition)
        wanted = {name: self._require(draft, name, partition) for name in sorted(tables)}
        for version in wanted.values():
            for name, used in version.built_from.items():
                if draft[name].version != used:
                    raise StoreError(
                        f"{version.table} was computed from an older {name}",
                        name=partition.key,
                        hint=f"Materialise {version.table} and what follows it again.",
                    )
        published = self._manifest("published", partition)
        if published.exists():
            previous = self._manifest("previous", partition)
            previous.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(published, previous)
        self._save("published", partition, {**record, "tables": wanted})
        self._prune(partition)
        return published

    @contextmanager
    def alone(self, partition: Partition) -> Iterator[None]:
        """Keep a second writer of the same partition away; the operating system lets go when a process dies.

        Raises
        ------
        ConfigurationError
            Another one is at work.
        """
        lock = self.home / "manifests" / f".{partition.key}.lock"
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(lock, timeout=0):
                yield
        except Timeout:
            raise ConfigurationError(
                "Another run of this month is under way", name=partition.key, hint="Wait until it has ended."
            ) from None

    def scratch_folder(self) -> Path:
        """A folder in the vault for what is on its way, has not been checked yet or does not fit in memory.

        Whoever puts something there takes it away; what a process that was killed left goes when a month is published
        the day after.
        """
        self._make_vault()
        folder = self.vault / "scratch"
        folder.mkdir(exist_ok=True)
        return folder

    def spill_folder(self) -> Path:
        """Where one engine may put what does not fit in memory. It makes the folder, which goes when it is closed or,
        where it is not, with the process.

        Each has one of its own: two engines in the same folder overwrite each other's files.
        """
        folder = self.scratch_folder() / f"engine-{uuid.uuid4().hex}"
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _make_vault(self) -> None:
        self.vault.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _prune(self, partition: Partition) -> None:
        kept = {
            (v.table, v.version)
            for stage in ("draft", "published", "previous")
            for v in self._entries(stage, partition).values()
        }
        for root in (self.home, self.vault):
            for folder in root.glob(f"tables/*/{partition.path.as_posix()}/*"):
                in_use = folder.name.startswith(WRITING) and not _is_abandoned(folder)
                if not in_use and (folder.parents[2].name, folder.name) not in kept:
                    shutil.rmtree(folder, ignore_errors=True)
        for folder in self.scratch_folder().iterdir():
            if _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)

    # -- reading -----------------------------------------------------------------------------------------

    def partitions(self) -> list[Partition]:
        """Published partitions, oldest month first."""
        return sorted(Partition(*f.stem.split("_")) for f in self.home.glob("manifests/published/*.json"))

    def manifest(self, partition: Partition) -> dict[str, Any]:
        """The published manifest; StoreError where nothing was published for the partition."""
        path = self._manifest("published", partition)
        if not path.exists():
            raise StoreError(
                f"Nothing is published for {partition.month} in {partition.icb_code}",
                name=str(self.home),
                hint=f"Run `phm run --month {partition.month}`.",
            )
        return json.loads(path.read_text(encoding="utf-8"))

    def files(self, table: str, partition: Partition, *, draft: bool = False) -> list[Path]:
        """Paths of the files of a table's current version."""
        version = self.version(table, partition, draft=draft)
        return [self._folder(table, partition) / version.version / name for name in version.files]

    def files_before(self, table: str, partition: Partition) -> list[Path]:
        """Paths of a table's files in the newest published month before, of the same ICB; none without one."""
        earlier = [p for p in self.partitions() if p.icb_code == partition.icb_code and p.month < partition.month]
        return self.files(table, earlier[-1]) if earlier and self.has(table, earlier[-1]) else []

    def version(self, table: str, partition: Partition, *, draft: bool = False) -> TableVersion:
        """The current version of a table."""
        return self._require(self._entries("draft" if draft else "published", partition), table, partition)

    def has(self, table: str, partition: Partition, *, draft: bool = False) -> bool:
        """Whether the partition holds a version of the table."""
        return table in self._entries("draft" if draft else "published", partition)

    def read(self, con: ibis.BaseBackend, table: str, partition: Partition, *, draft: bool = False) -> ibis.Table:
        """A table's current version as an Ibis table on `con`."""
        return con.read_parquet([str(f) for f in self.files(table, partition, draft=draft)])

    # -- places ------------------------------------------------------------------------------------------

    def _folder(self, table: str, partition: Partition) -> Path:
        root = self.vault if table in VAULT_TABLES else self.home
        return root / "tables" / table / partition.path

    def _manifest(self, stage: str, partition: Partition) -> Path:
        return self.home / "manifests" / stage / f"{partition.key}.json"

    def _entries(self, stage: str, partition: Partition) -> dict[str, TableVersion]:
        path = self._manifest(stage, partition)
        if not path.exists():
            return {}
        tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
        return {name: TableVersion(name, **{**entry, "files": tuple(entry["files"])}) for name, entry in tables.items()}

    def _save(self, stage: str, partition: Partition, content: Mapping[str, Any]) -> None:
        tables = {
            name: {
                "version": v.version,
                "rows": v.rows,
                "files": v.files,
                "built_from": v.built_from,
                "record": v.record,
            }
            for name, v in sorted(content["tables"].items())
        }
        text = json.dumps({"format": MANIFEST_FORMAT, **content, "tables": tables}, indent=1, sort_keys=True)
        write_atomically(self._manifest(stage, partition), text)

    @staticmethod
    def _require(entries: Mapping[str, TableVersion], table: str, partition: Partition) -> TableVersion:
        if table not in entries:
            raise StoreError(
                f"{table} has not been made for {partition.month} in {partition.icb_code}",
                name=table,
                hint=f"Run `phm run --month {partition.month}`.",
            )
        return entries[table]


def write_atomically(path: Path, text: str) -> None:
    """Replace a small text file in one step: a reader sees the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _write_parquet(con: ibis.BaseBackend, expression: ibis.Table, path: Path, *, order_by: Sequence[str]) -> None:
    """One Parquet file with the types the expression declares.

    The casts are spelt out because DuckDB sums integers to HUGEINT, which Parquet would hold as DOUBLE, and Ibis leaves
    out a cast to the type it believes a column to have.
    """
    columns = ", ".join(
        f'CAST("{name}" AS {DuckDBType.to_string(kind)}) AS "{name}"' for name, kind in expression.schema().items()
    )
    order = ", ".join(f'"{name}"' for name in order_by)
    target = str(path).replace("'", "''")
    con._run_pre_execute_hooks(expression)  # what Ibis does before it executes: a view would be bound twice more
    con.raw_sql(
        f"COPY (SELECT {columns} FROM ({con.compile(expression)}) ORDER BY {order}) TO '{target}' ({AS_PARQUET})"
    )


def _is_abandoned(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime > ABANDONED_SECONDS
    except FileNotFoundError:  # whoever put it there has taken it away
        return False


def _digest(files: Iterable[Path]) -> str:
    """First 16 hex digits of the SHA-256 over names and bytes of `files`."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]

"""Files worked on together: opened, staged, counted, and their rows written or noted as rejected.

Belongs here: one batch from its files to its part, and which engines batches are worked on. What is made of all
batches of a feed is for `landing`, the SQL for `staging`.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from phm.errors import CheckFailed, UnreadableFeed
from phm.feeds.contracts import Contract
from phm.feeds.readers import DeliveredFile, open_delivered
from phm.feeds.row_sql import uniqueness_rules
from phm.feeds.staging import Stage
from phm.governance.pseudonyms import Pseudonymiser


@dataclass(frozen=True)
class FileCount:
    """What became of the records of one delivered file."""

    name: str
    sha256: str
    delivered: int
    accepted: int
    quarantined: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Batch:
    """What became of the files of one batch: `broken` counts rows by rule id, `part` is None where none was read."""

    counts: list[FileCount]
    broken: Counter[str]
    part: Path | None
    failed: list[UnreadableFeed]


def batches_of(files: Sequence[Path], contract: Contract) -> list[Sequence[Path]]:
    """Each file by itself, so that files can be landed side by side; all at once where rows of several can repeat."""
    is_separable = contract.one_practice_per_file and all(
        "practice_code" in rule.columns for rule in uniqueness_rules(contract)
    )
    return [[file] for file in files] if is_separable else [files] if files else []


@contextmanager
def stages(
    con: duckdb.DuckDBPyConnection,
    batches: int,
    contract: Contract,
    pseudonymiser: Pseudonymiser,
    reference_date: dt.date,
    *,
    columns: Collection[str],
    in_rows: bool,
    keep_identity: bool,
) -> Iterator[list[Stage]]:
    """What batches are worked on: a cursor of `con` for one, and for several an engine of one thread each.

    A file is worked on sooner by one thread, in whose cache it fits, than by all of them waiting for each other.
    """
    threads, memory, temp_directory = con.execute(
        "SELECT current_setting('threads'), current_setting('memory_limit'), current_setting('temp_directory')"
    ).fetchone()
    count = min(threads, batches)
    with ExitStack() as open_engines:
        if count < 2:
            engines = [open_engines.enter_context(con.cursor())]
        else:
            size, unit = memory.split()
            settings = {"threads": 1, "memory_limit": f"{float(size) / count:.2f} {unit}"}
            engines = [
                # In one folder they would overwrite what others put there for want of memory.
                open_engines.enter_context(
                    duckdb.connect(config={**settings, "temp_directory": f"{temp_directory}-{number}"})
                )
                for number in range(count)
            ]
        yield [
            Stage(
                engine,
                contract,
                pseudonymiser,
                reference_date,
                columns=columns,
                in_rows=in_rows,
                keep_identity=keep_identity,
            )
            for engine in engines
        ]


def land_batch(stage: Stage, paths: Sequence[Path], part: Path, contract: Contract, folder: Path | None) -> Batch:
    """Land one batch; its accepted rows are in `part`, its rejected ones noted in `stage`."""
    opened, failed = [], []
    for path in paths:
        try:
            opened.append(open_delivered(path, contract, folder=folder))
        except UnreadableFeed as error:
            failed.append(error)
    files = _loaded(stage, opened, contract, failed)
    if paths and not files:
        return Batch([], Counter(), None, failed)
    broken: Counter[str] = Counter()
    counts = _counted(stage, files, broken)
    stage.quarantine()
    written = stage.accept(part)
    check_conserved(contract.name, written, sum(count.accepted for count in counts))
    return Batch(counts, broken, part, failed)


def _loaded(
    stage: Stage, files: list[DeliveredFile], contract: Contract, failed: list[UnreadableFeed]
) -> list[DeliveredFile]:
    """Stage the files, without those that turn out unreadable on the way: their errors go to `failed`."""
    while True:
        try:
            stage.load(files)
            if contract.one_practice_per_file:
                stage.check_practices()
            return files
        except UnreadableFeed as error:
            readable = [file for file in files if file.name != error.name]
            if len(readable) == len(files):
                raise
            failed.append(error)
            files = readable


def _counted(stage: Stage, batch: list[DeliveredFile], broken: Counter[str]) -> list[FileCount]:
    """What became of each file of the batch; rows by rule are added to `broken`."""
    accepted, quarantined = Counter(), Counter()
    for index, mask, rows in stage.tally():
        (quarantined if stage.is_rejected(mask) else accepted)[index] += rows
        for bit, rule in enumerate(stage.rules):
            if mask >> bit & 1:
                broken[rule.id] += rows
    counts = [
        FileCount(file.name, file.sha256, file.records, accepted[index], quarantined[index], file.notes)
        for index, file in enumerate(batch)
    ]
    for count in counts:
        check_conserved(count.name, count.accepted + count.quarantined, count.delivered)
    return counts


def check_conserved(name: str, found: int, expected: int) -> None:
    if found != expected:
        raise CheckFailed(
            f"{expected} records were to be accounted for, {found} were",
            name=name,
            hint="Please report this as a defect.",
        )

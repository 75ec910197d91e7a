"""A contract applied to delivered files: every record is accepted or quarantined, and all of them are counted.

Belongs here: what is done with a feed as a whole: batches, counts, parts. Files of one practice each go through side by
side, with one part each; same files, same bytes. The work on one batch is in `batches`.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import duckdb

from phm.errors import CheckFailed, UnreadableFeed
from phm.feeds.batches import Batch, FileCount, batches_of, check_conserved, land_batch, stages
from phm.feeds.contracts import Contract
from phm.feeds.staging import Stage
from phm.governance.pseudonyms import Pseudonymiser


@dataclass(frozen=True)
class FailedFile:
    """A delivered file that was left out, and why: `reason` names no value of it."""

    name: str
    reason: str


@dataclass(frozen=True)
class Landing:
    """What became of one delivery of one feed: `delivered` = `accepted` + `quarantined`, checked.

    `failed_files` could not be read and were left out, as far as the contract allows it; none of their records count.

    `rejections` and `warnings` count rows by rule id; a row counts once for every rule it breaks, and rules no row
    breaks are there with 0. The parts are Parquet files: `accepted_files` with the landed contract's columns,
    `quarantine_files` as contract `quarantine` says. `identity_file`, of contract `identity`, is set where identifiers
    were written to a vault.
    """

    contract: str
    delivered: int
    accepted: int
    quarantined: int
    rejections: Mapping[str, int]
    warnings: Mapping[str, int]
    files: tuple[FileCount, ...]
    accepted_files: tuple[Path, ...]
    quarantine_files: tuple[Path, ...]
    failed_files: tuple[FailedFile, ...] = ()
    identity_file: Path | None = None

    def record(self) -> dict[str, Any]:
        """The counts, without paths, as a manifest keeps them."""
        kept = ("delivered", "accepted", "quarantined", "rejections", "warnings")
        return {
            **{name: getattr(self, name) for name in kept},
            "files": [asdict(file) for file in self.files],
            "failed_files": [asdict(file) for file in self.failed_files],
        }


def land(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    files: Iterable[Path],
    /,
    *,
    reference_date: dt.date,
    out: Path,
    pseudonymiser: Pseudonymiser,
    folder: Path | None = None,
    vault: Path | None = None,
    columns: Collection[str] | None = None,
    in_rows: bool = True,
) -> Landing:
    """Land the delivered `files` of one feed.

    Parameters
    ----------
    con
        A DuckDB connection: its threads, memory and folder for what does not fit are what the work may use.
    contract
        What the files must look like.
    files
        Delivered files, in any order; their names in results are relative to `folder`.
    reference_date
        The day no event may lie after, and ages are counted at.
    out
        The parts are written to `out/feed_<contract>/` and `out/quarantine_<contract>/`.
    pseudonymiser
        Turns NHS numbers into person ids.
    vault
        Where the contract has both NHS number and date of birth, `vault/identity/` gets `person_id`, `nhs_number`,
        `date_of_birth`, `practice_code`, readable by the owner only. One row is one person: the registration that
        started last, of two on one day that of the practice with the lower code.
    columns
        Those of the landed contract that are written, where not all are wanted; every rule is evaluated all the same.
    in_rows
        Whether it matters which row is which. Where not, in half the time, accepted rows that are the same in what is
        written may stand there once, with how many they are in `records`, and the row numbers of quarantined ones may
        be empty.

    Raises
    ------
    UnreadableFeed
        More files than the contract allows cannot be read as it says or hold another practice than the one they are
        named after; or a practice was delivered in two files. The error is that of the first such file.
    CheckFailed
        A record got lost between file and tables. (Too many rejected rows is for `check_rejected`.)
    """
    files = sorted(files)
    names = contract.landed().column_names  # refuses identifiers that cannot be replaced, before any file is touched
    written = tuple(name for name in names if columns is None or name in columns) or names[:1]
    if contract.one_practice_per_file:
        _check_delivered_once(files)
    accepted_folder, quarantine_folder = out / f"feed_{contract.name}", out / f"quarantine_{contract.name}"
    for directory in (accepted_folder, quarantine_folder):
        directory.mkdir(parents=True, exist_ok=True)
    failures = _Failures(allowed=int(len(files) * contract.max_failed_files_percent / 100))
    batches = batches_of(files, contract)
    parts = [accepted_folder / f"part-{number:05d}.parquet" for number in range(1, len(batches) + 1)]
    landed: list[Batch] = []
    keeping = {"columns": written, "in_rows": in_rows, "keep_identity": vault is not None}
    with stages(con, len(batches), contract, pseudonymiser, reference_date, **keeping) as workers:
        free: SimpleQueue[Stage] = SimpleQueue()
        for stage in workers:
            free.put(stage)

        def work(paths: Sequence[Path], part: Path) -> Batch:
            stage = free.get()
            try:
                return land_batch(stage, paths, part, contract, folder)
            finally:
                free.put(stage)

        with ThreadPoolExecutor(max_workers=len(workers)) as pool:
            for batch in pool.map(work, batches, parts):
                for error in batch.failed:
                    failures.add(error)
                landed.append(batch)
        last = workers[0]
        if not any(batch.part for batch in landed):  # an optional feed that was not delivered: a table without rows
            landed.append(land_batch(last, [], accepted_folder / "part-00001.parquet", contract, folder))
        for stage in workers[1:]:
            last.take_over(stage)
        quarantine = quarantine_folder / "part-00001.parquet"
        counts = [count for batch in landed for count in batch.counts]
        quarantined = sum(count.quarantined for count in counts)
        check_conserved(contract.name, last.write_quarantine(quarantine), quarantined)
        identity = vault / "identity" / "part-00001.parquet" if vault and last.keeps_identity else None
        if identity:
            last.write_identity(identity)
        rules = last.rules
    broken = sum((batch.broken for batch in landed), Counter())
    return Landing(
        contract=contract.name,
        delivered=sum(count.delivered for count in counts),
        accepted=sum(count.accepted for count in counts),
        quarantined=quarantined,
        rejections={rule.id: broken[rule.id] for rule in rules if rule.severity == "error"},
        warnings={rule.id: broken[rule.id] for rule in rules if rule.severity == "warning"},
        files=tuple(counts),
        accepted_files=tuple(batch.part for batch in landed if batch.part),
        quarantine_files=(quarantine,),
        failed_files=tuple(failures.files),
        identity_file=identity,
    )


def check_rejected(landing: Landing, contract: Contract, /) -> None:
    """Raise CheckFailed where a larger share of a feed was quarantined than its contract allows."""
    allowed = contract.max_rejected_percent
    share = 100 * landing.quarantined / landing.delivered if landing.delivered else 0.0
    if allowed is None or share <= allowed:
        return
    most_broken = sorted((item for item in landing.rejections.items() if item[1]), key=lambda item: (-item[1], item[0]))
    reasons = ", ".join(f"{rule_id} {count}" for rule_id, count in most_broken)
    worst = max(landing.files, key=lambda file: (file.quarantined, file.name))
    raise CheckFailed(
        f"{landing.quarantined} of {landing.delivered} rows were rejected ({share:.2f}%, allowed are {allowed:g}%): "
        f"{reasons}; most of them in {worst.name} ({worst.quarantined})",
        name=contract.name,
        hint=f"The rows are listed in quarantine_{contract.name}; `phm validate` checks a file by itself.",
    )


def _check_delivered_once(files: Iterable[Path]) -> None:
    """Two files of one practice can come into different batches, where repeated rows would not be seen."""
    by_practice: dict[str, Path] = {}
    for file in files:
        other = by_practice.setdefault(file.name.split(".")[0], file)
        if other is not file:
            raise UnreadableFeed(
                "A practice was delivered twice", name=f"{other.name}, {file.name}", hint="Keep one of the two files."
            )


class _Failures:
    """The files left out so far; one more than `allowed` ends the landing with its error."""

    def __init__(self, *, allowed: int) -> None:
        self.files: list[FailedFile] = []
        self._allowed = allowed

    def add(self, error: UnreadableFeed) -> None:
        if len(self.files) == self._allowed:
            raise error
        self.files.append(FailedFile(error.name or "", error.what))

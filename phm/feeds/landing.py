"""A contract applied to delivered files: every record is accepted or quarantined, and all of them are counted.

Belongs here: what is done with a feed as a whole: batches, counts, parts. Files go through in batches of bounded
size with one part each; same files, same bytes. The work on one batch is in `staging`.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from phm.errors import CheckFailed, UnreadableFeed
from phm.feeds.contracts import Contract
from phm.feeds.readers import DeliveredFile, open_delivered
from phm.feeds.staging import Stage, uniqueness_rules
from phm.governance.pseudonyms import Pseudonymiser

# Values held at a time: 1.5 million rows of 8 columns.
BATCH_CELLS = 12_000_000


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
    `quarantine_files` with source_file, row_number, rule_ids and, where the contract has it, practice_code.
    `identity_file` is set where identifiers were written to a vault.
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
) -> Landing:
    """Land the delivered `files` of one feed.

    Parameters
    ----------
    con
        A DuckDB connection; the work is done on a cursor of it, in temporary tables.
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

    Raises
    ------
    UnreadableFeed
        More files than the contract allows cannot be read as it says or hold another practice than the one they are
        named after; or a practice was delivered in two files. The error is that of the first such file.
    CheckFailed
        A record got lost between file and tables. (Too many rejected rows is for `check_rejected`.)
    """
    files = sorted(files)
    contract.landed()  # refuses identifiers that cannot be replaced, before any file is touched
    if contract.one_practice_per_file:
        _check_delivered_once(files)
    accepted_folder, quarantine_folder = out / f"feed_{contract.name}", out / f"quarantine_{contract.name}"
    for directory in (accepted_folder, quarantine_folder):
        directory.mkdir(parents=True, exist_ok=True)
    failures = _Failures(allowed=int(len(files) * contract.max_failed_files_percent / 100))
    counts: list[FileCount] = []
    broken: Counter[str] = Counter()
    parts: list[Path] = []
    with con.cursor() as cursor:
        stage = Stage(cursor, contract, pseudonymiser, reference_date, keep_identity=vault is not None)
        opened = _opened(files, contract, folder, failures)
        for batch in _batches(opened, contract):
            batch = _loaded(stage, batch, contract, failures)
            of_batch = _counted(stage, batch, broken)
            stage.quarantine()
            parts.append(accepted_folder / f"part-{len(parts) + 1:05d}.parquet")
            written = stage.accept(parts[-1])
            _check_conserved(contract.name, written, sum(count.accepted for count in of_batch))
            counts += of_batch
        if not parts:  # an optional feed that was not delivered: a table without rows
            stage.load([])
            parts.append(accepted_folder / "part-00001.parquet")
            stage.accept(parts[-1])
        quarantine = quarantine_folder / "part-00001.parquet"
        quarantined = sum(count.quarantined for count in counts)
        _check_conserved(contract.name, stage.write_quarantine(quarantine), quarantined)
        identity = vault / "identity" / "part-00001.parquet" if vault and stage.keeps_identity else None
        if identity:
            stage.write_identity(identity)
        rules = stage.rules
    return Landing(
        contract=contract.name,
        delivered=sum(count.delivered for count in counts),
        accepted=sum(count.accepted for count in counts),
        quarantined=quarantined,
        rejections={rule.id: broken[rule.id] for rule in rules if rule.severity == "error"},
        warnings={rule.id: broken[rule.id] for rule in rules if rule.severity == "warning"},
        files=tuple(counts),
        accepted_files=tuple(parts),
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


def _opened(
    files: Iterable[Path], contract: Contract, folder: Path | None, failures: _Failures
) -> Iterator[DeliveredFile]:
    """The delivered files, opened ahead of their turn while the engine works on those before."""

    def opened(path: Path) -> DeliveredFile | UnreadableFeed:
        try:
            return open_delivered(path, contract, folder=folder)
        except UnreadableFeed as error:
            return error

    with ThreadPoolExecutor(max_workers=2) as pool:
        for file in pool.map(opened, files):
            if isinstance(file, UnreadableFeed):
                failures.add(file)
            else:
                yield file


def _loaded(stage: Stage, batch: list[DeliveredFile], contract: Contract, failures: _Failures) -> list[DeliveredFile]:
    """Stage the batch without the files that turn out unreadable on the way; those that were staged."""
    while True:
        try:
            stage.load(batch)
            if contract.one_practice_per_file:
                stage.check_practices()
            return batch
        except UnreadableFeed as error:
            readable = [file for file in batch if file.name != error.name]
            if len(readable) == len(batch):
                raise
            failures.add(error)
            batch = readable


def _batches(files: Iterator[DeliveredFile], contract: Contract) -> Iterator[list[DeliveredFile]]:
    """Files in batches of about BATCH_CELLS; one batch where rows of several files can repeat each other."""
    is_separable = contract.one_practice_per_file and all(
        "practice_code" in rule.columns for rule in uniqueness_rules(contract)
    )
    batch: list[DeliveredFile] = []
    cells = 0
    for file in files:
        size = file.records * len(contract.columns)
        if batch and is_separable and cells + size > BATCH_CELLS:
            yield batch
            batch, cells = [], 0
        batch.append(file)
        cells += size
    if batch:
        yield batch


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
        _check_conserved(count.name, count.accepted + count.quarantined, count.delivered)
    return counts


def _check_conserved(name: str, found: int, expected: int) -> None:
    if found != expected:
        raise CheckFailed(
            f"{expected} records were to be accounted for, {found} were",
            name=name,
            hint="Please report this as a defect.",
        )

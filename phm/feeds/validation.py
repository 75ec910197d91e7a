"""A delivered file checked on its own, before it is part of any delivery; nothing of it is kept.

Belongs here: one feed's files, landed in a temporary folder and judged. Also against the delivery before.
"""

import datetime as dt
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from phm.errors import ConfigurationError, UnreadableFeed
from phm.feeds.contracts import Contract, load_contract
from phm.feeds.drift import Shift, compare
from phm.feeds.expectations import RuleResult, check_table, prepare
from phm.feeds.landing import Landing, land
from phm.feeds.observations import observed_columns
from phm.feeds.packing import SUFFIXES
from phm.feeds.reconciliation import MAX_PERCENT, ListSize, reconcile
from phm.feeds.rejected import write_rejected
from phm.governance.pseudonyms import Pseudonymiser


@dataclass(frozen=True)
class Validation:
    """What was found about a delivered file, or all files of a folder: counts and names, never a value.

    `results` has every rule of the contract, `shifts` every comparison with the delivery before (none without one),
    `list_sizes` every practice of a register beside its published size (none where those were not given).
    `rejected_rows` is how many rows were written out with their values, None where that was not asked for.
    """

    contract: Contract
    reference_date: dt.date
    landing: Landing
    results: tuple[RuleResult, ...]
    shifts: tuple[Shift, ...]
    list_sizes: tuple[ListSize, ...]
    rejected_rows: int | None

    @property
    def broken(self) -> tuple[RuleResult, ...]:
        """Rules that must hold and do not, or could not be evaluated."""
        return tuple(r for r in self.results if r.status != "passed" and r.severity == "error")

    @property
    def sentences(self) -> tuple[str, ...]:
        """What became of the rows, what was put right in reading, and which files were left out."""
        landing = self.landing
        read = (
            f"{landing.delivered:,} rows in {len(landing.files)} file(s): {landing.accepted:,} accepted, "
            f"{landing.quarantined:,} rejected."
        )
        notes = [f"{file.name}: {note}." for file in landing.files for note in file.notes]
        left_out = [f"{file.name} was left out: {file.reason}." for file in landing.failed_files]
        beyond = [str(practice) for practice in self.list_sizes if practice.is_beyond]
        sizes = (
            f"{len(beyond)} of {len(self.list_sizes)} registers are not within {MAX_PERCENT:g}% of the published size"
        )
        agreed = [f"{sizes}{': ' if beyond else ''}{', '.join(beyond)}."] if self.list_sizes else []
        return (read, *notes, *left_out, *agreed)


def validate(
    path: Path,
    contract: Contract,
    /,
    *,
    reference_date: dt.date,
    previous: Path | None = None,
    list_sizes: Path | None = None,
    rejected_to: Path | None = None,
    memory_limit: str | None = None,
) -> Validation:
    """Hold a delivered file, or all files of a folder, against `contract`.

    Rows are landed in a temporary folder under a key nobody keeps, with no more of them than the rules and what they
    are compared with need.

    Parameters
    ----------
    previous
        The file or folder of the delivery before, to compare with.
    list_sizes
        Published list sizes (`practice_list_size`) to hold a register against.
    rejected_to
        A CSV file the rejected rows are written to, values and all: it belongs into the vault.
    memory_limit
        What the engine may use, such as `2GB`.

    Raises
    ------
    UnreadableFeed
        As `land` does; and where `path` or `previous` is a folder without a file that can be read.
    ConfigurationError
        There are list sizes to compare with, and `contract` is not of a register.
    """
    if list_sizes and contract.name != "gp_register":
        raise ConfigurationError(
            "Only a register can be held against list sizes", name=contract.name, hint="Use the contract gp_register."
        )
    files = _files(path)
    with (
        duckdb.connect() as con,
        tempfile.TemporaryDirectory(prefix="phm-") as scratch,
        ThreadPoolExecutor(max_workers=1) as beside,
    ):
        prepared = beside.submit(prepare)
        con.execute("SET temp_directory = ?", [f"{scratch}/engine"])
        if memory_limit:
            con.execute("SET memory_limit = ?", [memory_limit])
        pseudonymiser = Pseudonymiser.throwaway()

        def landed(
            files: Sequence[Path],
            name: str,
            contract: Contract = contract,
            **keeping: Any,
        ) -> Landing:
            return land(
                con,
                contract,
                files,
                reference_date=reference_date,
                out=Path(scratch) / name,
                pseudonymiser=pseudonymiser,
                **keeping,
            )

        is_compared = bool(previous or list_sizes)
        columns = None if is_compared else observed_columns(contract)
        keeping = {"columns": columns, "in_rows": is_compared or rejected_to is not None}
        landing = landed(files, "now", **keeping)
        shifts = None
        if previous:
            before = landed(_files(previous), "before")
            shifts = compare(con, contract, landing.accepted_files, before.accepted_files)
        sizes = []
        if list_sizes:
            published = landed(_files(list_sizes), "sizes", load_contract("practice_list_size"))
            sizes = reconcile(con, landing.accepted_files, published.accepted_files, reference_date=reference_date)
        prepared.result()  # two imports at once would be in each other's way
        results = check_table(
            con,
            contract,
            landing.accepted_files,
            reference_date=reference_date,
            landing=landing.record(),
            shifts=shifts,
            **keeping,
        )
        rejected_rows = write_rejected(con, landing, contract, files, rejected_to) if rejected_to else None
    return Validation(
        contract, reference_date, landing, tuple(results), tuple(shifts or ()), tuple(sizes), rejected_rows
    )


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = [file for file in sorted(path.iterdir()) if file.name.lower().endswith(SUFFIXES)]
    if not files:
        raise UnreadableFeed(
            "The folder holds no file that can be read", name=str(path), hint=f"Use one of {', '.join(SUFFIXES)}."
        )
    return files

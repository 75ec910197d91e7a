"""A delivered file checked on its own, before it is part of any delivery; nothing is kept."""

import datetime as dt
import tempfile
from pathlib import Path

import duckdb

from phm.errors import UnreadableFeed
from phm.feeds.contracts import Contract
from phm.feeds.expectations import RuleResult, check_table
from phm.feeds.landing import land
from phm.feeds.readers import SUFFIXES
from phm.governance.pseudonyms import Pseudonymiser


def validate(path: Path, contract: Contract, /, *, reference_date: dt.date) -> list[RuleResult]:
    """The result of every rule of `contract` for a delivered file, or for all files of a folder.

    Rows are landed in a temporary folder under a key nobody keeps. Raises UnreadableFeed as `land` does.
    """
    files = [p for p in sorted(path.iterdir()) if p.name.lower().endswith(SUFFIXES)] if path.is_dir() else [path]
    if not files:
        raise UnreadableFeed(
            "The folder holds no file that can be read", name=str(path), hint=f"Use one of {', '.join(SUFFIXES)}."
        )
    with duckdb.connect() as con, tempfile.TemporaryDirectory(prefix="phm-") as scratch:
        con.execute("SET temp_directory = ?", [scratch])
        landing = land(
            con,
            contract,
            files,
            reference_date=reference_date,
            out=Path(scratch),
            pseudonymiser=Pseudonymiser.throwaway(),
        )
        return check_table(
            con, contract, landing.accepted_files, reference_date=reference_date, landing=landing.record()
        )

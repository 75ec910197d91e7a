"""A published file as a table to compute with, outside any delivery; only the engine keeps it."""

import datetime as dt
import tempfile
import uuid
from pathlib import Path

import ibis
from ibis.expr.types import Table

from phm.feeds.contracts import load_contract
from phm.feeds.landing import check_rejected, land
from phm.governance.pseudonyms import Pseudonymiser


def read_published(con: ibis.BaseBackend, path: Path, contract_name: str, /) -> Table:
    """The accepted rows of one published file, in a table of a DuckDB backend.

    Raises
    ------
    UnreadableFeed
        The file cannot be read as its contract says.
    CheckFailed
        More of its rows are rejected than the contract allows.
    """
    contract = load_contract(contract_name)
    with tempfile.TemporaryDirectory(prefix="phm-") as scratch:
        landing = land(
            con.con,
            contract,
            [path],
            reference_date=dt.date.max,  # no row is too new: a published file is about areas
            out=Path(scratch),
            pseudonymiser=Pseudonymiser.throwaway(),
        )
        check_rejected(landing, contract)
        rows = con.read_parquet([str(part) for part in landing.accepted_files])
        return con.create_table(f"{contract_name}_{uuid.uuid4().hex}", rows, temp=True)

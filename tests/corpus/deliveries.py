"""One file delivered and landed, and what of it nobody may see."""

from pathlib import Path

import duckdb

from phm.feeds.contracts import load_contract
from phm.feeds.landing import Landing, land
from phm.governance.pseudonyms import Pseudonymiser
from tests.corpus.variants import CANARY, Clean
from tests.unit.feeds.delivered import REFERENCE_DATE


def land_one(con: duckdb.DuckDBPyConnection, clean: Clean, path: Path, folder: Path) -> Landing:
    """Land `path`, which lies below `folder/delivery`, into `folder/out`."""
    return land(
        con,
        load_contract(clean.feed),
        [path],
        reference_date=REFERENCE_DATE,
        out=folder / "out",
        pseudonymiser=Pseudonymiser.demo(),
        folder=folder / "delivery",
    )


def secrets(clean: Clean) -> set[str]:
    """Texts of the feed that must not be seen outside accepted rows: the canary, and every NHS number."""
    numbers = {row[clean.place("nhs_number")] for row in clean.rows} if "nhs_number" in clean.header else set()
    return {CANARY, *numbers}


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path

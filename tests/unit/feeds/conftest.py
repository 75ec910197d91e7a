"""Files written into a delivery, and their landing: what the tests of `phm.feeds` share."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from phm.feeds.contracts import Contract, load_contract
from phm.feeds.landing import Landing, land
from phm.governance.pseudonyms import Pseudonymiser
from tests.unit.feeds.delivered import REFERENCE_DATE


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def gp_event() -> Contract:
    return load_contract("gp_event")


@pytest.fixture
def gp_register() -> Contract:
    return load_contract("gp_register")


@pytest.fixture
def deliver(tmp_path: Path) -> Callable[..., Path]:
    """Write one delivered file below the delivery folder; text is encoded as UTF-8."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / "delivery" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def landed(con, tmp_path) -> Callable[..., Landing]:
    """Land files with the demonstration key; each call has an output folder of its own."""
    calls = iter(range(1000))

    def run(contract: Contract, *files: Path, **options: object) -> Landing:
        out = tmp_path / f"out{next(calls)}"
        return land(
            con,
            contract,
            files,
            **{
                "reference_date": REFERENCE_DATE,
                "out": out,
                "pseudonymiser": Pseudonymiser.demo(),
                "folder": tmp_path / "delivery",
                "vault": out / "vault",
                **options,
            },
        )

    return run


@pytest.fixture
def rows(con) -> Callable[..., list[dict[str, object]]]:
    """The rows of Parquet files, as dictionaries, in the order they stand there."""

    def read(*files: Path) -> list[dict[str, object]]:
        return [row for file in files for row in con.read_parquet(str(file)).to_arrow_table().to_pylist()]

    return read

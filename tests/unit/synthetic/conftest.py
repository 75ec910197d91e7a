"""A small delivery, made once, and how to look into one."""

from pathlib import Path

import duckdb
import pytest

from phm.core.codelists import EXAMPLE_CODE_LISTS
from phm.synthetic.delivery import Delivery, generate
from tests.conftest import SHARED


class Look:
    """SQL over one delivery, read once: tables named after its feeds, `truth`, and `code_list`."""

    def __init__(self, delivery: Delivery) -> None:
        self.con = duckdb.connect()
        files = {
            "deprivation": "imd_2025_file_7.csv",
            "emergency_attendance": "emergency_attendance.csv",
            "lookup": "lsoa_2011_to_2021.csv",
            "membership": "gp-reg-pat-prac-map.csv",
            "place": "place_membership.csv",
        }
        for name, file in files.items():
            if (delivery.folder / file).exists():
                self.con.sql(f"create table {name} as from read_csv('{delivery.folder}/{file}', all_varchar=true)")
        for feed in ("gp_register", "gp_event", "gp_medication"):
            self.con.sql(f"create table {feed} as from read_csv('{delivery.folder}/{feed}/*.csv', sample_size=-1)")
        self.con.sql(f"create table truth as from read_parquet('{delivery.truth}')")
        self.con.sql(f"create table code_list as from read_csv('{EXAMPLE_CODE_LISTS}', all_varchar=true)")

    def __call__(self, query: str) -> list[tuple]:
        return self.con.sql(query).fetchall()

    def one(self, query: str):
        """The only value of the only row."""
        ((value,),) = self(query)
        return value


@pytest.fixture(scope="session")
def delivery(tmp_path_factory) -> Delivery:
    """40,000 people of October 2026: enough for rates, made in about two seconds."""
    return generate(tmp_path_factory.mktemp("feeds"), month="2026-10", people=40_000)


@pytest.fixture(scope="session")
def look(delivery) -> Look:
    return Look(delivery)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Published files and right answers, which lie beside the checkout and do not travel with it."""
    if not SHARED.is_dir():
        pytest.skip(f"no published files in {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def look_into() -> type[Look]:
    """How to look into any other delivery."""
    return Look

"""Relationships hold in the published sample: those that are checked, and those no step can break."""

import duckdb
import pytest

from phm.feeds.contracts import load_contract, load_contracts
from phm.store import Store
from tests.conftest import SAMPLE_PARTITION


@pytest.mark.parametrize(
    ("name", "relationship"),
    [
        pytest.param(contract.name, relationship, id=f"{contract.name}-{relationship.id}")
        for contract in load_contracts().values()
        for relationship in contract.relationships
        if contract.layer != "reference" and load_contract(relationship.to_contract).layer != "reference"
    ],
)
def test_every_relationship_holds_in_the_sample(published_home, name, relationship):
    store = Store(published_home)
    source, other = (
        f"read_parquet({[str(file) for file in store.files(load_contract(n).table, SAMPLE_PARTITION)]})"
        for n in (name, relationship.to_contract)
    )
    column, to_column = relationship.column, relationship.to_column
    rows, unmatched = duckdb.sql(
        f"SELECT count(*), count(*) FILTER ({column} NOT IN (SELECT {to_column} FROM {other})) FROM {source}"
    ).fetchone()
    assert rows > 0
    assert unmatched == 0

"""Finding one person by NHS number: checked, and repeated nowhere."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phm.engine import connect
from phm.errors import ConfigurationError, StoreError
from phm.governance.people import find_person
from phm.store import Partition, Store

KNOWN, UNKNOWN = "9990000018", "9434765919"


@pytest.fixture
def store(tmp_path):
    """Two months that both hold the person."""
    store = Store(tmp_path)
    for month in ("2026-09", "2026-10"):
        partition = Partition(month, "QZZ")
        table = pa.table({"person_id": [f"pseudonym of {month}"], "nhs_number": [KNOWN]})
        store.write("identity", partition, lambda folder, table=table: pq.write_table(table, folder / "p.parquet"))
        store.publish(partition, ["identity"], {})
    return store


@pytest.mark.parametrize("number", [KNOWN, "999 000 0018", "999-000-0018\n"])
def test_the_newest_month_that_holds_the_person_is_found(store, number):
    assert find_person(connect(), store, number) == (Partition("2026-10", "QZZ"), "pseudonym of 2026-10")
    assert find_person(connect(), store, number, month="2026-09")[1] == "pseudonym of 2026-09"


@pytest.mark.parametrize("number", ["9990000019", "999000001", "99900000180", "nine", "", "٩٩٩٠٠٠٠٠١٨", "-9990000018x"])
def test_what_is_no_nhs_number_is_refused_without_repeating_it(store, number):
    with pytest.raises(ConfigurationError, match="not an NHS number") as caught:
        find_person(connect(), store, number)
    assert not number or number not in str(caught.value)


def test_nobody_with_the_number_is_said_without_repeating_it(store):
    with pytest.raises(StoreError, match="Nobody with this NHS number") as caught:
        find_person(connect(), store, UNKNOWN)
    assert UNKNOWN not in str(caught.value)
    with pytest.raises(StoreError, match="2025-01"):
        find_person(connect(), store, KNOWN, month="2025-01")


def test_a_vault_that_is_gone_is_said(store):
    for file in store.files("identity", Partition("2026-10", "QZZ")):
        file.unlink()
    with pytest.raises(ConfigurationError, match="vault cannot be read"):
        find_person(connect(), store, KNOWN)

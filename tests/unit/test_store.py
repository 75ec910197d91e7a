"""Publishing: one swap, never a mixture, the same bytes for the same rows."""

import os
import time
from pathlib import Path

import ibis
import pytest

from phm.engine import connect
from phm.errors import ConfigurationError, StoreError
from phm.store import Partition, Store

OCTOBER = Partition("2026-10", "QZZ")


@pytest.fixture
def con() -> ibis.BaseBackend:
    return connect()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


def put(store: Store, con: ibis.BaseBackend, table: str, values: list[int], *, built_from: tuple[str, ...] = ()):
    return store.write_table(con, table, OCTOBER, ibis.memtable({"a": values}), order_by=["a"], built_from=built_from)


def test_readers_see_what_was_published_until_the_next_publication(store: Store, con: ibis.BaseBackend) -> None:
    put(store, con, "core_event", [1, 2])
    store.publish(OCTOBER, ["core_event"], {})
    put(store, con, "core_event", [3])

    assert store.read(con, "core_event", OCTOBER).a.to_pandas().tolist() == [1, 2]
    assert store.read(con, "core_event", OCTOBER, draft=True).a.to_pandas().tolist() == [3]


def test_the_same_rows_in_another_order_are_the_same_version(store: Store, con: ibis.BaseBackend) -> None:
    assert put(store, con, "core_event", [1, 2, 3]).version == put(store, con, "core_event", [3, 1, 2]).version


def test_a_table_may_be_written_in_parts_each_in_its_own_order(store: Store, con: ibis.BaseBackend) -> None:
    parts = [ibis.memtable({"a": values}) for values in ([5, 1], [4, 2])]
    version = store.write_table(con, "core_event", OCTOBER, *parts, order_by=["a"])

    assert (version.files, version.rows) == (("part-0.parquet", "part-1.parquet"), 4)
    assert store.read(con, "core_event", OCTOBER, draft=True).a.to_pandas().tolist() == [1, 5, 2, 4]


def test_a_table_computed_from_a_replaced_version_is_not_published(store: Store, con: ibis.BaseBackend) -> None:
    put(store, con, "core_event", [1])
    put(store, con, "person_feature", [1], built_from=("core_event",))
    put(store, con, "core_event", [2])

    with pytest.raises(StoreError, match="person_feature was computed from an older core_event"):
        store.publish(OCTOBER, ["core_event", "person_feature"], {})
    assert store.partitions() == []


def test_a_failed_write_leaves_nothing_behind(store: Store) -> None:
    def fail(folder: Path) -> None:
        (folder / "part-0.parquet").write_bytes(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.write("core_event", OCTOBER, fail)
    assert not store.has("core_event", OCTOBER, draft=True)
    assert list((store.home / "tables" / "core_event").rglob("*.parquet")) == []


def test_only_versions_in_use_are_kept(store: Store, con: ibis.BaseBackend) -> None:
    for value in range(4):
        put(store, con, "core_event", [value])
        store.publish(OCTOBER, ["core_event"], {})

    versions = list((store.home / "tables" / "core_event" / OCTOBER.path).iterdir())
    assert len(versions) == 2  # the published one and the one before


def test_identifiers_lie_in_the_vault_which_only_its_owner_can_enter(store: Store, con: ibis.BaseBackend) -> None:
    put(store, con, "identity", [1])

    assert not (store.home / "tables").exists()
    assert store.vault.stat().st_mode & 0o077 == 0


def test_two_do_not_write_the_same_partition_at_once(store: Store) -> None:
    with store.alone(OCTOBER):
        with pytest.raises(ConfigurationError, match="Another run of this month is under way"), store.alone(OCTOBER):
            pass
        with store.alone(Partition("2026-10", "QNC")):
            pass
    with store.alone(OCTOBER):
        pass


def test_what_a_killed_process_left_in_the_vault_goes_the_day_after(store: Store, con: ibis.BaseBackend) -> None:
    left, in_use = (store.scratch_folder() / name for name in ("left", "in_use"))
    for folder in (left, in_use):
        folder.mkdir()
        (folder / "part.parquet").write_bytes(b"half")
    yesterday = time.time() - 25 * 3600
    os.utime(left, (yesterday, yesterday))
    put(store, con, "core_event", [1])
    store.publish(OCTOBER, ["core_event"], {})

    assert list(store.scratch_folder().iterdir()) == [in_use]


def test_sums_are_stored_as_whole_numbers(store: Store, con: ibis.BaseBackend) -> None:
    rows = ibis.memtable({"a": [1, 2]})
    store.write_table(con, "core_event", OCTOBER, rows.aggregate(a=rows.a.sum()), order_by=["a"])

    assert store.read(con, "core_event", OCTOBER, draft=True).schema()["a"].is_integer()


@pytest.mark.parametrize(
    ("month", "icb_code"), [("2026-13", "QZZ"), ("26-10", "QZZ"), ("2026-10", "../x"), ("2026-10", "qzz")]
)
def test_a_partition_is_a_month_and_an_icb(month: str, icb_code: str) -> None:
    with pytest.raises(ConfigurationError):
        Partition(month, icb_code)


def test_the_reference_date_is_the_last_day_of_the_month() -> None:
    assert str(Partition("2024-02", "QZZ").reference_date) == "2024-02-29"

"""What the settings of a site lead to: engines that keep what they spill apart from each other, and in the vault."""

import os
from pathlib import Path

import pytest

from phm.config import Settings, load_settings
from phm.query import published_views
from phm.site import engine_of, store_of
from phm.store import Partition
from tests.unit.spilling import checksum, expected_checksum, fill


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    working = tmp_path / "working"
    working.mkdir()
    monkeypatch.chdir(working)
    return load_settings(home=tmp_path / "home", memory_limit="50MB", threads=1)


def test_two_engines_that_run_out_of_memory_together_keep_their_rows(settings: Settings) -> None:
    engines = [engine_of(settings) for _ in range(2)]
    for seed, engine in enumerate(engines):
        fill(engine.con, seed=seed)
    scratch = store_of(settings).scratch_folder()
    assert len(list(scratch.iterdir())) == 2
    assert [checksum(engine.con) for engine in engines] == [expected_checksum(seed=seed) for seed in range(2)]

    for engine in engines:
        engine.disconnect()
    assert list(scratch.iterdir()) == []


def test_what_does_not_fit_in_memory_lies_in_the_vault(settings: Settings) -> None:
    store, october = store_of(settings), Partition("2026-10", "QZZ")
    engine = engine_of(settings)
    fill(engine.con, seed=0)
    store.write_table(engine, "core_event", october, engine.table("t"), order_by=["h"])
    store.publish(october, ["core_event"], {})
    (asked,) = published_views(store).execute("SELECT current_setting('temp_directory')").fetchone()

    assert Path(asked).parent == store.scratch_folder()
    assert list(store.scratch_folder().iterdir()) != []
    assert os.listdir() == []
    assert store.vault.stat().st_mode & 0o077 == 0

"""What batches of files are landed with: engines of one thread each, that do not touch what another has spilled."""

from pathlib import Path

import duckdb

from phm.feeds import batches
from phm.governance.pseudonyms import Pseudonymiser
from tests.unit.feeds.delivered import REFERENCE_DATE
from tests.unit.spilling import checksum, expected_checksum, fill


def test_engines_that_run_out_of_memory_together_keep_their_rows(tmp_path: Path, gp_event, monkeypatch) -> None:
    """DuckDB names what it spills alike in every engine: in one folder they would read each other's rows."""
    config = {"threads": 2, "memory_limit": "60MB", "temp_directory": str(tmp_path / "spill")}
    engines: list[duckdb.DuckDBPyConnection] = []
    monkeypatch.setattr(batches, "Stage", lambda engine, *_, **__: engines.append(engine))
    keep = {"columns": gp_event.column_names, "in_rows": True, "keep_identity": False}
    with (
        duckdb.connect(config=config) as con,
        batches.stages(con, 2, gp_event, Pseudonymiser.demo(), REFERENCE_DATE, **keep),
    ):
        for seed, engine in enumerate((con, *engines)):
            fill(engine, seed=seed)
        assert len(list(tmp_path.iterdir())) == 3
        assert [checksum(engine) for engine in (con, *engines)] == [expected_checksum(seed=seed) for seed in range(3)]
    assert list(tmp_path.iterdir()) == []

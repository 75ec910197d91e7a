"""What batches of files are landed with: engines of one thread each, that do not touch what another has spilled."""

from pathlib import Path

import duckdb

from phm.feeds import batches
from phm.governance.pseudonyms import Pseudonymiser
from tests.unit.feeds.delivered import REFERENCE_DATE

MORE_THAN_FITS = "CREATE TEMP TABLE t AS SELECT range AS i, hash(range + {seed}) AS h FROM range(4_000_000)"
CHECKSUM = "SELECT bit_xor(hash(i, h)) FROM t"


def test_engines_that_run_out_of_memory_together_keep_their_rows(tmp_path: Path, gp_event, monkeypatch) -> None:
    """DuckDB names what it spills alike in every engine: in one folder they would read each other's rows."""
    spill = tmp_path / "spill"
    config = {"threads": 2, "memory_limit": "60MB", "temp_directory": str(spill)}
    engines: list[duckdb.DuckDBPyConnection] = []
    monkeypatch.setattr(batches, "Stage", lambda engine, *_, **__: engines.append(engine))
    keep = {"columns": gp_event.column_names, "in_rows": True, "keep_identity": False}
    with (
        duckdb.connect(config=config) as con,
        batches.stages(con, 2, gp_event, Pseudonymiser.demo(), REFERENCE_DATE, **keep),
    ):
        for seed, engine in enumerate((con, *engines)):
            engine.execute(MORE_THAN_FITS.format(seed=seed))
        assert len(list(tmp_path.iterdir())) == 3
        found = [engine.execute(CHECKSUM).fetchone() for engine in (con, *engines)]

    with duckdb.connect() as enough:
        for seed, checksum in enumerate(found):
            enough.execute(MORE_THAN_FITS.format(seed=seed).replace("CREATE", "CREATE OR REPLACE"))
            assert enough.execute(CHECKSUM).fetchone() == checksum
    assert list(tmp_path.iterdir()) == []

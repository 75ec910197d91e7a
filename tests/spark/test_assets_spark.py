"""The assets nearest to people are the same ones on Spark."""

import ibis
import pytest

from phm.core.assets import nearest_assets
from tests.unit.core.test_assets import BOUNDARY, CENTROIDS, placed

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def test_the_same_assets_on_spark(spark):
    tables = (BOUNDARY, placed(("1", "food", "A3"), ("2", "food", "A4"), ("3", "advice", "A2")), CENTROIDS)
    on_both = []
    for engine in (ibis.duckdb.connect(threads=1), spark):
        there = [
            engine.create_table(name, table.to_pyarrow(), overwrite=True)
            for name, table in zip(("near_boundary", "near_assets", "near_centroids"), tables, strict=True)
        ]
        rows = nearest_assets(*there, of="lsoa_code", limit=2).to_pyarrow().to_pylist()
        on_both.append(sorted(rows, key=lambda row: (row["lsoa_code"], row["category"], row["position"])))
    assert len(on_both[0]) > 5
    assert on_both[1] == on_both[0]

"""Hostile conditions mean the same on Spark as on DuckDB."""

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phm.expressions import Scope, parse
from tests.property.test_expressions import COLUMNS, REFERENCE_DATE, ROWS, SCHEMA, SCOPE, SETTINGS

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

CONDITIONS = [
    "i / 0 is null",
    "i / 2 = 3.5",
    "7 / 2 > 3",
    "i * 2 - j > x",
    "-i < - x",
    "not (i <= 7)",
    "not (i <= 7 and b)",
    "not b or b",
    "b = (i > 0)",
    "b <> true",
    "i = x",
    "i between j and x",
    "not (i between j and 7)",
    "i in (0, 7, -3)",
    "x in (7, 2.5)",
    "s not in ('a', 'b')",
    "s in (:groups)",
    "s = ''",
    "s <> 'it''s'",
    "s = :name and :flag",
    "d > e",
    "d >= DATE '2025-11-01'",
    "d is null or e is not null",
    "within_months(d, :months)",
    "not within_months(e, 12)",
    "coalesce(i, x, 0) >= :limit",
    "coalesce(b, false)",
    "term or i > 0",
    "not term",
    "true",
    "false",
]


def test_conditions_agree(spark, tmp_path):
    rows = [{**row, "n": number} for number, row in enumerate(ROWS)]
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA.append(pa.field("n", pa.int64()))), path)
    scope = Scope(SCOPE.columns, SCOPE.settings, {"term": parse("x < i", SCOPE)})
    conditions = {f"c{number}": parse(text, scope) for number, text in enumerate(CONDITIONS)}

    def values(backend):
        table = backend.read_parquet(str(path))
        found = {name: c.on(table, settings=SETTINGS, reference_date=REFERENCE_DATE) for name, c in conditions.items()}
        return table.select("n", **found).order_by("n").to_pyarrow().to_pydict()

    on_duckdb, on_spark = values(ibis.duckdb.connect()), values(spark)
    differing = [text for name, text in zip(conditions, CONDITIONS, strict=True) if on_duckdb[name] != on_spark[name]]
    assert not differing
    assert set(COLUMNS) <= {column for condition in conditions.values() for column in condition.columns}

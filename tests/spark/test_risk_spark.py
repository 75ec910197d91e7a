"""Scores and segments are the same on Spark as on DuckDB, row for row."""

import ibis
import pyarrow.parquet as pq
import pytest

from phm.core.features import person_features
from phm.risk.person_risk import person_risk
from tests.spec.people import REFERENCE_DATE, core_event, core_person
from tests.unit.risk.test_person_risk import EVENTS, PEOPLE

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def test_every_score_agrees_with_duckdb(spark, tmp_path):
    duckdb, file = ibis.duckdb.connect(threads=1), tmp_path / "person_feature.parquet"
    event, person = duckdb.create_table("event", core_event(EVENTS)), duckdb.create_table("person", core_person(PEOPLE))
    pq.write_table(person_features(event, person, reference_date=REFERENCE_DATE).to_pyarrow(), file)

    def scored(backend):
        risk = person_risk(backend.read_parquet(str(file)), reference_date=REFERENCE_DATE)
        return risk.order_by("person_id").to_pyarrow().to_pylist()

    on_duckdb = scored(duckdb)
    assert sum(row["qrisk3_pct"] is not None for row in on_duckdb) == 6
    assert scored(spark) == on_duckdb

"""The default cohort is the same on Spark as on DuckDB, row for row."""

import ibis
import pytest

from phm.cohorts.definition import load_definition
from phm.cohorts.evaluate import evaluate
from phm.cohorts.reasons import texts
from tests.spec.cohorts.rows import REFERENCE_DATE, feature_table, random_rows

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def test_default_cohort_agrees_with_duckdb(spark, tmp_path):
    definition = load_definition("possible_undiagnosed_hypertension")
    path = tmp_path / "person_feature.parquet"
    duckdb = ibis.duckdb.connect()
    duckdb.create_table("person_feature", feature_table(random_rows(7, 1500))).to_parquet(path)

    def results(backend):
        people = backend.read_parquet(str(path))
        result = evaluate(definition, people, reference_date=REFERENCE_DATE)
        said = texts(definition, result.member, people, reference_date=REFERENCE_DATE)
        member = result.member.order_by("practice_code", "output", "rank").to_pyarrow().to_pylist()
        attrition = result.attrition.order_by("practice_code", "step_order").to_pyarrow().to_pylist()
        return member, attrition, said.sort_values("person_id").fillna("").to_dict("records")

    assert results(spark) == results(duckdb)

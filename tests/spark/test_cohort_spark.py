"""The default cohort is the same on Spark as on DuckDB, row for row."""

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phm.cohorts.definition import load_definition
from phm.cohorts.evaluate import evaluate
from phm.cohorts.facts import FEATURES, HOLD, RISK, person_facts
from phm.cohorts.reasons import texts
from phm.feeds.contracts import load_contract
from tests.spec.cohorts.rows import ARROW, REFERENCE_DATE, feature_table, random_rows
from tests.unit.cohorts.test_templates import FACTS, written_by

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


TABLES = (FEATURES, RISK, HOLD)


def beside(rows, cohort_id):
    """Risk of two people in three, holds of one in five, half of them of another cohort."""
    people = [row["person_id"] for row in rows]
    risk = [{"person_id": person, "qrisk3_pct": float(n % 25)} for n, person in enumerate(people) if n % 3]
    hold = [
        {"person_id": person, "cohort_id": cohort_id if n % 2 else "another", "is_on_hold": True}
        for n, person in enumerate(people)
        if n % 5 == 0
    ]
    return [pa.Table.from_pylist(rows, schema=schema_of(name)) for name, rows in ((RISK, risk), (HOLD, hold))]


def schema_of(name):
    return pa.schema([(column.name, ARROW[column.type]) for column in load_contract(name).columns])


def test_default_cohort_agrees_with_duckdb(spark, tmp_path):
    definition = load_definition("possible_undiagnosed_hypertension")
    duckdb = ibis.duckdb.connect()
    rows = random_rows(7, 1500)
    for name, table in zip(TABLES, (feature_table(rows), *beside(rows, definition.id)), strict=True):
        duckdb.create_table(name, table).to_parquet(tmp_path / f"{name}.parquet")

    def results(backend):
        feature, risk, hold = (backend.read_parquet(str(tmp_path / f"{name}.parquet")) for name in TABLES)
        people = person_facts(definition.id, feature, person_risk=risk, list_hold=hold)
        result = evaluate(definition, people, reference_date=REFERENCE_DATE)
        said = texts(definition, result.member, people, reference_date=REFERENCE_DATE)
        member = result.member.order_by("practice_code", "output", "rank").to_pyarrow().to_pylist()
        attrition = result.attrition.order_by("practice_code", "step_order").to_pyarrow().to_pylist()
        said = said.select("person_id", "tier_title", "action", "reasons", "flags", "routes").order_by("person_id")
        return member, attrition, said.to_pyarrow().to_pylist()

    assert results(spark) == results(duckdb)


def test_facts_are_written_as_on_duckdb(spark, tmp_path):
    pq.write_table(FACTS, tmp_path / "facts.parquet")
    backends = spark, ibis.duckdb.connect()
    on_spark, on_duckdb = (written_by(backend.read_parquet(str(tmp_path / "facts.parquet"))) for backend in backends)
    assert on_spark == on_duckdb

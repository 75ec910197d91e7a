"""The same code gives the same rows on DuckDB and Spark: `core_event`, `core_event_issue` and `person_feature`."""

import ibis
import pyarrow as pa
import pytest

from phm.core.codelists import load_code_lists
from phm.core.events import events, issues, readings
from phm.core.features import person_features
from tests.spec.event_cases import delivered, random_halves
from tests.spec.feature_cases import events_of_cases, people_of_cases
from tests.spec.people import GP_EVENT_SCHEMA, REFERENCE_DATE, core_person, fetched, person_id, table

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def duckdb():
    return ibis.duckdb.connect(threads=1)


def test_events_and_issues(duckdb, spark):
    gp_event, medication, attendance, _ = delivered()
    halves = [
        # Away from the hand-written people, and with record numbers of their own.
        {**row, "person_id": person_id(int(row["person_id"], 16) + 1000), "practice_code": "A81003"}
        for row in random_halves(7)
    ]
    gp_event = pa.concat_tables([gp_event, pa.Table.from_pylist(halves, schema=GP_EVENT_SCHEMA)])
    person = core_person("person\n" + "\n".join(str(number) for number in (*range(1, 9), *range(1001, 1061))))
    feeds = [gp_event, medication, attendance, person, load_code_lists()]

    on_duckdb, on_spark = (computed(engine, feeds) for engine in (duckdb, spark))
    assert len(on_duckdb[0]) > 100
    assert on_spark == on_duckdb


def computed(engine, feeds):
    gp_event, medication, attendance, person, code_lists = (table(feed, engine) for feed in feeds)
    paired = readings(gp_event, person, code_lists).cache()
    everything = (gp_event, medication, attendance, person, code_lists)
    return (
        fetched(
            events(*everything, paired=paired),
            engine,
            *("person_id", "event_date", "concept", "setting", "source", "systolic", "diastolic", "value"),
        ),
        fetched(issues(*everything, paired=paired), engine, "feed", "reason", "practice_code"),
    )


def test_features(duckdb, spark):
    on_duckdb, on_spark = (
        fetched(
            person_features(
                table(events_of_cases(), engine), table(people_of_cases(), engine), reference_date=REFERENCE_DATE
            ),
            engine,
            "person_id",
        )
        for engine in (duckdb, spark)
    )
    assert on_spark == on_duckdb

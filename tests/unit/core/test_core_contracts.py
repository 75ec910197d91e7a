"""Core tables have the columns and types their contracts promise."""

from datetime import date

import ibis
import pyarrow as pa
import pytest
import yaml

from phm.core.codelists import load_code_lists
from phm.core.events import events, issues
from phm.core.features import person_features
from phm.core.geography import practices
from phm.core.memberships import map_as_at
from phm.resources import contracts_dir
from tests.spec.event_cases import delivered
from tests.spec.people import PERSON_SCHEMA, table


@pytest.fixture(scope="module")
def duckdb():
    return ibis.duckdb.connect(threads=1)


def promised(contract: str) -> dict[str, str]:
    schema = yaml.safe_load((contracts_dir() / f"{contract}.odcs.yaml").read_text())["schema"][0]
    return {column["name"]: column["physicalType"] for column in schema["properties"]}


def columns_of(expression: ibis.Table, engine: ibis.BaseBackend) -> dict[str, str]:
    """Columns with the types the engine itself gives them, which are not always those Ibis expects."""
    described = engine.raw_sql(f"DESCRIBE {engine.compile(expression)}").fetchall()
    return {name: kind for name, kind, *_ in described}


def test_events_issues_features(duckdb):
    feeds = [*(table(feed, duckdb) for feed in delivered()), duckdb.create_table("codes", load_code_lists())]
    assert columns_of(events(*feeds), duckdb) == promised("core_event")
    assert columns_of(issues(*feeds), duckdb) == promised("core_event_issue")
    features = person_features(events(*feeds), feeds[3], reference_date=date(2026, 10, 31))
    assert columns_of(features, duckdb) == promised("person_feature")


def test_geography(duckdb):
    columns = [name for name, kind in promised("practice_membership").items() if kind == "VARCHAR"]
    membership = duckdb.create_table("membership", schema=ibis.schema(dict.fromkeys(columns, "string")))
    as_at_map = map_as_at(membership, as_at=date(2026, 10, 31))
    assert columns_of(practices(as_at_map, None, icb_code="QHM"), duckdb) == promised("core_geography")


def test_people(duckdb):
    # `people` itself is held to PERSON_SCHEMA in test_areas_and_people.
    written = duckdb.create_table("written_people", pa.Table.from_pylist([], schema=PERSON_SCHEMA))
    assert columns_of(written, duckdb) == promised("core_person")

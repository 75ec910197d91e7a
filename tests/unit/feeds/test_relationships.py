"""Relationships between tables, and aggregates of a table: evaluated as rules like others."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phm.errors import DefinitionError
from phm.feeds.contracts import load_contract
from phm.feeds.expectations import check_table, summarise_failures
from phm.feeds.odcs import LIMITS, relationship_of, rule_of_check
from phm.feeds.schema import Limits

IN_GEOGRAPHY = "practice_code_in_core_geography"


@pytest.fixture
def written(tmp_path):
    """A table of the contract with these columns, as Parquet files; every other column is empty."""

    def write(contract_name: str, **columns: list) -> list:
        contract = load_contract(contract_name)
        rows = len(next(iter(columns.values())))
        path = tmp_path / f"{contract_name}.parquet"
        types = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_()}
        arrays = {
            c.name: pa.array(columns.get(c.name, [None] * rows), types.get(c.type, pa.date32()))
            for c in contract.columns
        }
        pq.write_table(pa.table(arrays), path)
        return [path]

    return write


def checked(con, contract_name, files, **options):
    return {result.rule_id: result for result in check_table(con, load_contract(contract_name), files, **options)}


def test_a_value_that_stands_nowhere_in_the_other_table_breaks_a_relationship(con, written):
    people = written("core_person", practice_code=["A", "A", "B", None])
    geography = written("core_geography", practice_code=["A", "C"])
    found = checked(con, "core_person", people, related={"core_geography": geography})[IN_GEOGRAPHY]
    assert (found.status, found.severity, found.observed, found.unit) == ("failed", "error", 25.0, "percent")
    whole = written("core_geography", practice_code=["A", "B"])
    assert checked(con, "core_person", people, related={"core_geography": whole})[IN_GEOGRAPHY].status == "passed"


def test_without_the_other_table_a_relationship_could_not_be_evaluated_and_stops_nothing(con, written):
    found = checked(con, "core_person", written("core_person", practice_code=["A"]))[IN_GEOGRAPHY]
    assert (found.status, found.severity) == ("could_not_evaluate", "warning")
    assert summarise_failures([found]) is None


def test_a_relationship_no_step_can_break_is_not_evaluated():
    contract = load_contract("core_event")
    assert [r.id for r in contract.relationships] == ["person_id_in_core_person"]
    assert contract.evaluated_relationships == ()


def test_an_aggregate_is_held_against_its_limits(con, written):
    for systolic, status in (([100, 150], "passed"), ([15, 20], "failed")):
        found = checked(con, "core_event", written("core_event", systolic=systolic))["mean_systolic_plausible"]
        assert (found.status, found.severity, found.unit) == (status, "warning", "mm Hg")
        assert (found.observed, found.threshold) == (sum(systolic) / 2, ">= 110 and <= 155")


def test_an_aggregate_of_nothing_could_not_be_evaluated(con, written):
    found = checked(con, "core_event", written("core_event", systolic=[None]))["mean_systolic_plausible"]
    assert (found.status, found.observed) == ("could_not_evaluate", None)


@pytest.mark.parametrize("query", ["SELECT avg(a) FROM gp_event", "avg(a)", "SELECT avg(a) FROM {object} WHERE b"])
def test_an_sql_check_of_another_form_is_refused_by_name(query):
    check = {"id": "x", "type": "sql", "query": query, "mustBe": 1}
    with pytest.raises(DefinitionError, match=r"x.*SELECT <aggregate> FROM"):
        rule_of_check({**check, "severity": "error", "dimension": "accuracy", "description": "X."}, None)


@pytest.mark.parametrize(
    ("operator", "value", "text"),
    [
        ("mustBe", 3, "= 3"),
        ("mustBeGreaterThan", 3, "> 3"),
        ("mustBeGreaterOrEqualTo", 3, ">= 3"),
        ("mustBeLessThan", 3, "< 3"),
        ("mustBeLessOrEqualTo", 3, "<= 3"),
        ("mustBeBetween", [3, 4.5], ">= 3 and <= 4.5"),
    ],
)
def test_limits_read_as_they_are_written(operator, value, text):
    assert str(LIMITS[operator](value)) == text
    assert str(Limits()) == ""


def test_a_tolerated_share_and_a_severity_are_read():
    properties = [{"property": "severity", "value": "warning"}, {"property": "maxUnmatchedPercent", "value": 1.5}]
    relationship = relationship_of({"to": "pcn.pcn_code", "customProperties": properties}, "pcn_code")
    assert (relationship.severity, relationship.max_percent) == ("warning", 1.5)
    assert (relationship.to_contract, relationship.to_column) == ("pcn", "pcn_code")

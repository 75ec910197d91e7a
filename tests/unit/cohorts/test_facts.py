"""What a condition may read, and the table in which it stands side by side."""

import ibis
import pyarrow as pa
import pytest

from phm.cohorts.definition import load_definitions
from phm.cohorts.evaluate import evaluate
from phm.cohorts.facts import FEATURES, HOLD, RISK, columns_of, feature_columns, person_facts
from phm.cohorts.reasons import texts
from phm.feeds.contracts import load_contract
from tests.spec.cohorts.rows import ARROW, REFERENCE_DATE

COHORT = "possible_undiagnosed_hypertension"


def table(contract, *rows):
    schema = pa.schema([(column.name, ARROW[column.type]) for column in load_contract(contract).columns])
    return ibis.memtable(pa.Table.from_pylist(rows, schema=schema))


@pytest.fixture
def feature():
    return table(FEATURES, *({"person_id": person, "age": age} for person, age in (("a", 40), ("b", 41), ("c", 42))))


@pytest.fixture
def facts(feature):
    """Facts of three people: a risk of the first, holds of the first two, that of the second by another cohort."""
    risk = table(RISK, {"person_id": "a", "qrisk3_pct": 12.5, "is_qrisk3_imputed": True})
    hold = table(
        HOLD,
        {"person_id": "a", "cohort_id": COHORT, "is_on_hold": True},
        {"person_id": "b", "cohort_id": "another", "is_on_hold": True},
    )
    return person_facts(COHORT, feature, person_risk=risk, list_hold=hold)


def test_conditions_read_features_risk_and_holds_and_no_key():
    columns = feature_columns()
    assert {"age", "qrisk3_pct", "is_on_hold"} <= columns.keys()
    assert columns["age"] == columns_of(FEATURES)["age"]
    assert not {"person_id", "cohort_id"} & columns.keys()


def test_each_person_has_their_own_risk_and_the_hold_of_this_cohort(facts):
    names = ("person_id", "age", "qrisk3_pct", "is_qrisk3_imputed", "is_on_hold")
    rows = facts.order_by("person_id").select(names).to_pyarrow().to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("a", 40, 12.5, True, True),
        ("b", 41, None, False, False),
        ("c", 42, None, False, False),
    ]


def test_without_the_other_tables_nothing_is_known_and_nobody_is_held(feature, facts):
    alone = person_facts(COHORT, feature)
    assert alone.schema() == facts.schema()
    rows = alone.select("qrisk3_pct", "is_on_hold", "latest_outcome_date").to_pyarrow().to_pylist()
    assert [tuple(row.values()) for row in rows] == [(None, False, None)] * 3


def test_every_column_a_condition_may_use_is_there(facts):
    assert feature_columns().keys() <= set(facts.columns)


def test_of_all_columns_only_those_asked_for(feature):
    asked = {"age", "is_on_hold"}
    alone = person_facts(COHORT, feature, columns=asked)
    assert set(alone.columns) == {"person_id", *asked}
    assert set(person_facts(COHORT, feature, columns={"age"}).columns) == {"person_id", "age"}


@pytest.mark.parametrize("definition", load_definitions(), ids=lambda definition: definition.id)
def test_a_definition_names_every_column_it_reads(definition, feature):
    columns = definition.columns | {"practice_code", "pcn_code"}
    facts = person_facts(definition.id, feature, columns=columns)
    member = evaluate(definition, facts, reference_date=REFERENCE_DATE).member
    said = texts(definition, member.limit(0), facts, reference_date=REFERENCE_DATE)
    assert said.to_pyarrow().num_rows == 0

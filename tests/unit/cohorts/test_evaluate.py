"""What members and attrition look like, whatever the definition says."""

import datetime as dt

import ibis
import pytest

from phm.cohorts.definition import load_definition
from phm.cohorts.evaluate import evaluate
from phm.cohorts.facts import person_facts
from phm.feeds.contracts import load_contract
from tests.spec.cohorts.rows import REFERENCE_DATE, days_ago, feature_row, feature_table, person_id

DEFINITION = load_definition("possible_undiagnosed_hypertension")


def evaluated(*rows):
    people = ibis.duckdb.connect().create_table("person_feature", feature_table(rows))
    return evaluate(DEFINITION, person_facts(DEFINITION.id, people), reference_date=REFERENCE_DATE)


def raised(number, systolic, /, **changes):
    bp = {"latest_bp_date": days_ago(30), "latest_bp_systolic": systolic, "latest_bp_diastolic": 80}
    return feature_row(number, **(bp | changes))


@pytest.mark.parametrize("name", ["member", "attrition"])
def test_the_tables_are_what_their_contracts_say(name):
    contract = load_contract(f"cohort_{name}")
    result = getattr(evaluated(raised(1, 150)), name)
    assert result.columns == contract.column_names
    kinds = {"BIGINT": "int64", "VARCHAR": "string", "DATE": "date"}
    found = {name: str(kind.copy(nullable=True)) for name, kind in result.schema().items()}
    assert found == {column.name: kinds[column.type] for column in contract.columns}
    (row, *_) = result.to_pyarrow().to_pylist()
    assert all(row[column.name] is not None for column in contract.columns if column.required)


def test_rank_goes_by_tier_then_ranking_then_person_within_a_practice():
    result = evaluated(
        raised(1, 150),
        raised(2, 165),
        raised(3, 152),
        raised(4, 150, latest_bp_diastolic=85),
        raised(5, 150, age=48),
        raised(6, 150),
        feature_row(7, latest_bp_date=None, latest_bp_systolic=None, latest_bp_diastolic=None, latest_bp_setting=None),
        raised(8, 150, practice_code="Y00002"),
    )
    ranks = {row["person_id"]: row["rank"] for row in result.member.to_pyarrow().to_pylist()}
    order = [2, 3, 4, 5, 1, 6, 7]
    assert ranks == {person_id(n): position for position, n in enumerate(order, 1)} | {person_id(8): 1}


def test_empty_ranking_values_come_last():
    treated = {"bp_drug_issue_count_6m": 1, "bp_drug_issue_count_12m": 2}
    nothing = dict.fromkeys(["latest_bp_date", "latest_bp_systolic", "latest_bp_diastolic", "latest_bp_setting"])
    result = evaluated(feature_row(1, **treated, **nothing), feature_row(2, **treated))
    ranks = {row["person_id"]: row["rank"] for row in result.member.to_pyarrow().to_pylist()}
    assert ranks == {person_id(2): 1, person_id(1): 2}


def test_due_date_counts_from_the_reference_date():
    (row,) = evaluated(raised(1, 165)).member.to_pyarrow().to_pylist()
    assert (row["tier"], row["tier_order"], row["due_date"]) == ("stage_2", 5, dt.date(2026, 11, 14))


def test_every_practice_has_every_step_in_order():
    result = evaluated(raised(1, 150), feature_row(2, practice_code="Y00002", age=70))
    rows = result.attrition.order_by("practice_code", "step_order").to_pyarrow().to_pylist()
    steps = [row["step"] for row in rows if row["practice_code"] == "Y00001"]
    assert steps == [
        "population",
        *[exclusion.id for exclusion in DEFINITION.exclusions],
        *[tier.id for tier in DEFINITION.outputs["list"].tiers],
        "no_tier",
    ]
    empty = [row for row in rows if row["practice_code"] == "Y00002"]
    assert [row["step_order"] for row in empty] == list(range(len(steps)))
    assert {(row["person_count"], row["remaining_count"]) for row in empty} == {(0, 0)}


def test_a_person_on_a_separate_output_counts_at_the_exclusion():
    result = evaluated(
        feature_row(
            1,
            is_pregnant=True,
            latest_maternity_bp_date=days_ago(2),
            latest_maternity_bp_systolic=150,
            latest_maternity_bp_diastolic=80,
        )
    )
    (member,) = result.member.to_pyarrow().to_pylist()
    assert (member["output"], member["tier"], member["tier_order"], member["rank"]) == (
        "maternity_raised_bp",
        "maternity_same_day",
        2,
        1,
    )
    counts = {row["step"]: row["person_count"] for row in result.attrition.to_pyarrow().to_pylist()}
    assert (counts["pregnant_or_postpartum"], counts["no_tier"]) == (1, 0)


def test_no_people_no_rows():
    result = evaluated()
    assert result.member.to_pyarrow().num_rows == result.attrition.to_pyarrow().num_rows == 0

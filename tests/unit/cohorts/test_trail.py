"""One person's way through a definition ends where the evaluation of everybody puts them."""

import ibis
import pytest

from phm.cohorts.definition import load_definition
from phm.cohorts.evaluate import evaluate
from phm.cohorts.facts import person_facts
from phm.cohorts.trail import trail
from phm.errors import StoreError
from tests.spec.cohorts.rows import REFERENCE_DATE, days_ago, feature_row, feature_table, random_rows
from tests.unit.cohorts.test_definition import SMALL, written

DEFAULT = load_definition("possible_undiagnosed_hypertension").with_settings({"min_age": 18, "max_age": 120})


def facts_of(definition, rows):
    people = ibis.duckdb.connect().create_table("person_feature", feature_table(rows))
    return person_facts(definition.id, people).cache()


def test_it_ends_where_the_person_was_placed():
    facts = facts_of(DEFAULT, random_rows(6, 12))
    result = evaluate(DEFAULT, facts, reference_date=REFERENCE_DATE)
    placed = {row["person_id"]: row for row in result.member.to_pyarrow().to_pylist()}
    kinds = set()
    for person in facts.person_id.to_pyarrow().to_pylist():
        stages = trail(DEFAULT, facts.filter(facts.person_id == person), reference_date=REFERENCE_DATE)
        last = stages[-1]
        kinds.add((last.kind, last.holds))
        member = placed.get(person)
        if member is None:
            assert last.kind in ("population", "exclusion", "output") or not last.holds
        else:
            assert (last.kind, last.name, last.holds) == (
                "tier" if member["output"] == "list" else "output",
                member["tier"],
                True,
            )
        assert [stage.holds for stage in stages if stage.kind in ("exclusion", "tier")][:-1].count(True) == 0
    assert {("tier", True), ("exclusion", True), ("population", False)} <= kinds


def test_each_question_shows_the_values_that_answered_it(tmp_path):
    text = SMALL.replace("when: has_palliative_care", "when: has_palliative_care and is_alive")
    definition = load_definition(written(tmp_path, text))
    bp = {"latest_bp_date": days_ago(3), "latest_bp_systolic": 150, "ethnicity_group": "black"}
    stages = trail(definition, facts_of(definition, [feature_row(1, **bp)]), reference_date=REFERENCE_DATE)
    assert [(stage.kind, stage.name, stage.holds) for stage in stages] == [
        ("population", "population", True),
        ("exclusion", "palliative", False),
        ("tier", "first", True),
    ]
    assert [(check.words, check.holds, check.values) for check in stages[1].checks] == [
        ("palliative care recorded", False, (("palliative care", "no"),))
    ]
    assert [check.values for check in stages[2].checks] == [
        (("latest BP systolic", "150"),),
        (("ethnicity group", "black"),),
    ]


def test_somebody_not_looked_at_is_asked_nothing_else(tmp_path):
    definition = load_definition(written(tmp_path, SMALL))
    stages = trail(
        definition, facts_of(definition, [feature_row(1, is_registered=False)]), reference_date=REFERENCE_DATE
    )
    assert [(stage.kind, stage.holds) for stage in stages] == [("population", False)]


def test_a_person_who_is_not_there_is_said(tmp_path):
    definition = load_definition(written(tmp_path, SMALL))
    with pytest.raises(StoreError, match="not among the people"):
        trail(definition, facts_of(definition, []), reference_date=REFERENCE_DATE)

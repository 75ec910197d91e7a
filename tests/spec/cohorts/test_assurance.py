"""Every shipped definition: its hand-written people end where their assurance file says, and notice changes."""

import pytest

from phm.cohorts.assurance import assure, cases_of
from phm.cohorts.definition import library, load_definition
from phm.cohorts.mutation import mutation_score

DEFAULT = "possible_undiagnosed_hypertension"


@pytest.mark.parametrize("name", library())
def test_every_person_ends_where_written(name):
    definition = load_definition(name)
    cases = cases_of(definition)
    verdicts = assure(definition, cases)
    wrong = [
        f"{cases.name}, line {verdict.case.line}: {verdict.case.title}: {column} is {verdict.found[column]!r}"
        for verdict in verdicts
        for column in verdict.wrong
    ]
    assert verdicts and not wrong, "\n".join(wrong)


def test_every_change_of_the_default_cohort_is_noticed():
    score = _score_of(DEFAULT)
    assert len(score.noticed) > 500
    assert len(score.argued) <= 4


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in library() if name != DEFAULT])
def test_every_change_of_other_cohorts_is_noticed(name):
    assert _score_of(name).noticed


def _score_of(name):
    """What became of every change of a definition: none that matters goes unnoticed."""
    definition = load_definition(name)
    score = mutation_score(definition, cases_of(definition))
    assert not score.surviving, "\n".join(f"line {line}: {mutant.name}" for line, mutant in score.surviving)
    return score

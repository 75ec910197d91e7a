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


def test_the_default_cohort_notices_every_change():
    definition = load_definition(DEFAULT)
    score = mutation_score(definition, cases_of(definition))
    assert not score.surviving, "\n".join(f"line {line}: {mutant.name}" for line, mutant in score.surviving)
    assert len(score.noticed) > 500
    assert len(score.argued) <= 4


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in library() if name != DEFAULT])
def test_the_share_of_changes_other_cohorts_notice(name, capsys):
    definition = load_definition(name)
    score = mutation_score(definition, cases_of(definition))
    with capsys.disabled():
        print(f"\n{name}: {score.percent:.1f}% of changes noticed, {len(score.surviving)} not")
    assert score.noticed

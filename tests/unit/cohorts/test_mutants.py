"""Which small changes of a condition there are, and what a definition without boundary cases lets pass."""

import pytest

from phm.cohorts.cases import definition_file, read_cases
from phm.cohorts.definition import load_definition
from phm.cohorts.mutants import changes, mutants
from phm.cohorts.mutation import mutation_score
from phm.errors import DefinitionError
from phm.expressions.syntax import tree

DEFINITION = load_definition("possible_undiagnosed_hypertension")
FEW = """\
| case | record | expected |
|------|--------|----------|
| high | 30d 150/80 clinic | list: stage_1 |
| low  | 30d 120/70 clinic | out: no_tier |
"""


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("age >= 40", {"age >= 40 → age > 40", "age >= 40: 40 → 39", "age >= 40: 40 → 41"}),
        ("has_ckd", set()),
        ("bmi is null", {"bmi is null → not bmi is null"}),
        ("bmi is not null", {"not bmi is null → bmi is null"}),
        ("sex = 'F'", {"sex = 'F' → sex <> 'F'"}),
        (
            "sex in ('F', 'M')",
            {"sex in ('F', 'M') → sex in ('M')", "sex in ('F', 'M') → sex in ('F')"},
        ),
        (
            "age between :a and :b",
            {
                "age between :a and :b → age > :a and age <= :b",
                "age between :a and :b → age >= :a and age < :b",
            },
        ),
        (
            "not has_ckd and is_alive",
            {
                "not has_ckd and is_alive → not has_ckd or is_alive",
                "not has_ckd left out",
                "is_alive left out",
                "not has_ckd → has_ckd",
            },
        ),
    ],
)
def test_changes_of_a_condition(condition, expected):
    assert {what for what, _ in changes(condition)} == expected


def test_swapping_keeps_the_other_operands_together():
    changed = dict(changes("a or b and c"))
    assert tree(changed["a or b and c → a and (b and c)"]).unnest() == tree("a and (b and c)")
    assert tree(changed["b and c → b or c"]).unnest() == tree("a or (b or c)")


def test_every_mutant_has_a_name_of_its_own_and_a_place():
    found = mutants(DEFINITION)
    assert len({mutant.name for mutant in found}) == len(found) > 500
    assert all(mutant.name.startswith(mutant.where.partition(" when ")[0]) for mutant in found)


def test_few_people_let_much_pass_and_lines_say_where(tmp_path):
    path = tmp_path / "few.assurance.md"
    path.write_text(FEW, encoding="utf-8")
    score = mutation_score(DEFINITION, read_cases(path, DEFINITION))
    assert 0 < score.percent < 20
    line_of = {mutant.name: line for line, mutant in score.surviving}
    written = definition_file(DEFINITION).read_text(encoding="utf-8").splitlines()
    assert written[line_of["exclusions.palliative_care: left out"] - 1] == "  - id: palliative_care"
    assert written[line_of["settings.declined_months: 12 → 11"] - 1] == "  declined_months:"
    assert "tiers.stage_1: left out" in {mutant.name for mutant in score.noticed}
    assert "tiers.stage_1: left out" not in line_of


def test_an_argument_for_a_change_that_is_noticed_is_refused(tmp_path):
    path = tmp_path / "few.assurance.md"
    argument = "\n## Changes that make no difference\n\n| change | why |\n|---|---|\n| tiers.stage_1: left out | - |\n"
    path.write_text(FEW + argument, encoding="utf-8")
    with pytest.raises(DefinitionError, match="noticed or does not exist"):
        mutation_score(DEFINITION, read_cases(path, DEFINITION))

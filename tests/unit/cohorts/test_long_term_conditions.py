"""The shipped cohorts of long-term conditions and of emergency use: what each is for, and that uses are not mixed."""

import pytest

from phm.cohorts.definition import load_definition, load_definitions

USES = {
    "af_not_anticoagulated": "practice",
    "possible_undiagnosed_ckd": "practice",
    "possible_undiagnosed_diabetes": "practice",
    "frequent_emergency_attenders": "linked",
}


@pytest.mark.parametrize("cohort_id", USES)
def test_use_and_sign_off(cohort_id):
    definition = load_definition(cohort_id)
    assert definition.use == USES[cohort_id]
    assert definition.clinical_sign_off == "none (shipped example)"
    assert all(setting.source for setting in definition.settings.values())


def test_linked_attendances_are_read_by_linked_definitions_only():
    readers = {
        definition.id: definition.use
        for definition in load_definitions()
        if any("emergency_attendance" in column for column in _columns(definition))
    }
    assert readers == {"frequent_emergency_attenders": "linked"}


def _columns(definition) -> set[str]:
    columns = set(definition.population.columns)
    for exclusion in definition.exclusions:
        columns |= exclusion.when.columns
    for output in definition.outputs.values():
        for part in (*output.tiers, *output.flags, *output.routes):
            columns |= part.when.columns
        for sentence in (*(r for tier in output.tiers for r in tier.reasons), *output.flags, *output.routes):
            columns |= set(sentence.template.columns) | (sentence.when.columns if sentence.when else set())
    return columns

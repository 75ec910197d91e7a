"""The page a clinician reads says everything the definition does."""

import re

import pytest

from phm.cohorts.definition import library, load_definition
from phm.cohorts.flow import drawn, mermaid
from phm.cohorts.page import page, summary_page
from phm.cohorts.parts import LIST
from phm.cohorts.wording import condition_words
from tests.conftest import ROOT
from tests.unit.cohorts.test_definition import SMALL, written

PAGES = ROOT / "docs" / "cohorts"


@pytest.mark.parametrize("name", library())
def test_the_committed_page_is_the_one_made_from_the_definition(name):
    path = PAGES / f"{name}.md"
    hint = "run `phm cohorts pages --out docs/cohorts`"
    assert path.exists(), hint
    assert path.read_text(encoding="utf-8") == page(load_definition(name)), hint


@pytest.mark.parametrize("name", library())
def test_nothing_of_a_definition_is_left_out(name):
    definition = load_definition(name)
    for text in (page(definition), summary_page(definition)):
        said = [definition.title, definition.version, definition.clinical_sign_off, *definition.sources]
        said += [*definition.notes, definition.population_label, *(e.label for e in definition.exclusions)]
        for setting in definition.settings.values():
            said += [f"`{setting.name}`", setting.description, setting.source]
        for output in definition.outputs.values():
            said += [output.title, *(tier.title for tier in output.tiers), *(tier.action for tier in output.tiers)]
            said += [reason.template.text for tier in output.tiers for reason in tier.reasons]
            said += [remark.template.text for remark in (*output.flags, *output.routes)]
        assert [words for words in said if words not in text] == []


@pytest.mark.parametrize("name", library())
def test_every_condition_of_a_shipped_definition_has_words(name):
    definition = load_definition(name)
    conditions = [term.when for term in definition.terms.values()]
    conditions += [exclusion.when for exclusion in definition.exclusions]
    for output in definition.outputs.values():
        conditions += [item.when for item in (*output.tiers, *output.flags, *output.routes)]
    said = [re.sub(r"`[a-z0-9_]+`", "", condition_words(condition, definition)) for condition in conditions]
    assert [words for words in said if set("_`<>=") & set(words)] == []


def test_the_diagram_asks_every_question_in_order(tmp_path):
    text = SMALL.replace("label: Palliative", 'label: "\\"Palliative\\" care"')
    definition = load_definition(written(tmp_path, text))
    lines = mermaid(definition).splitlines()
    assert lines[1] == '  s0["Everyone"] --> s1'
    assert lines[2].startswith('  s1{"#quot;Palliative#quot; care"} -- yes --> a1["Left out; may go to: Separate"]')
    assert lines[4] == '  s2{"First"} -- yes --> a2["Listed, in 7 days: Act."]'
    assert lines[-1].startswith("  s3[")
    assert len(drawn(definition).splitlines()) == len(lines) + 1


def test_a_pipe_stays_inside_its_cell(tmp_path):
    definition = load_definition(written(tmp_path, SMALL.replace("title: First", "title: First | only")))
    assert definition.outputs[LIST].tiers[0].title == "First | only"
    assert "**First \\| only**" in page(definition)

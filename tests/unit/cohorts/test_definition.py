"""A definition is checked as a whole before anything runs."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from phm.cohorts.definition import library, load_definition
from phm.errors import DefinitionError

SMALL = """\
id: small
title: Small
version: 1.0.0
summary: People with a raised reading.
sources: [local]
use: practice
clinical_sign_off: none (shipped example)
advice: Stay well.
notes: [Not an urgent-alert system.]
settings:
  limit: {default: 140, minimum: 120, maximum: 180, description: Raised from here., source: local}
  groups: {default: [black], values: [black, asian], description: Groups., source: local}
terms:
  raised:
    means: raised
    when: latest_bp_systolic >= :limit
population:
  label: Everyone
  when: is_registered
exclusions:
  - id: palliative
    label: Palliative
    when: has_palliative_care
    output: separate
tiers:
  - id: first
    title: First
    when: >
      raised
      and ethnicity_group in (:groups)
    action: Act.
    due_days: 7
    reasons:
      - text: "{latest_bp_systolic} of {:limit}"
flags:
  - id: young
    when: age < 40
    text: Young.
    tiers: [first]
ranking:
  - by: age
    order: desc
outputs:
  - id: separate
    title: Separate
    tiers:
      - id: look
        title: Look
        when: true
        action: Look.
        due_days: 1
        reasons:
          - text: palliative
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_small_definition_loads(tmp_path):
    definition = load_definition(written(tmp_path, SMALL))
    assert list(definition.outputs) == ["list", "separate"]
    assert definition.values == {"use": "practice", "limit": 140, "groups": ("black",)}
    assert definition.outputs["list"].tiers[0].when.columns == {"latest_bp_systolic", "ethnicity_group"}


@pytest.mark.parametrize(
    ("old", "new", "line_of", "what"),
    [
        ("      raised\n", "      raisd\n", "raisd", "There is no column or term raisd"),
        ("      and ethnicity_group", "      and ethnicity_grup", "ethnicity_grup", "no column or term ethnicity_grup"),
        (":limit\npop", ":limt\npop", ":limt", "There is no setting :limt"),
        ("{latest_bp_systolic} of", "{latest_bp_sistolic} of", "sistolic", "There is no column latest_bp_sistolic"),
        ("of {:limit}", "of {:limt}", "{:limt}", "There is no setting :limt"),
        ("of {:limit}", "of {limit!r}", "limit!r", "A brace belongs to no placeholder"),
        (
            '      - text: "{latest',
            '      - when: age > 3\n        text: "{latest',
            "reasons:\n      - when",
            "can be without a reason",
        ),
        ('    reasons:\n      - text: "{latest_bp_systolic} of {:limit}"\n', "", "- id: first", "reasons is missing"),
        ("    due_days: 7\n", "    due_days: soon\n", "due_days: soon", "due_days does not fit"),
        (
            "  - id: young",
            "  - id: yung\n    when: age < 3\n    text: x\n  - id: yung",
            "- id: yung\n    when: age < 40",
            "Two flags are called yung",
        ),
        ("tiers: [first]", "tiers: [frist]", "frist", "There is no tier frist"),
        ("output: separate", "output: seperate", "seperate", "There is no output seperate"),
        ("    output: separate\n", "", "- id: separate", "No exclusion leads to output separate"),
        ("default: 140", "default: 110", "limit: {", "Setting limit must lie between 120 and 180"),
        ("default: [black]", "default: [blue]", "groups: {", "Setting groups must be one of black, asian"),
        ("  raised:\n", "  age:\n", "  age:", "age is a column already"),
        ("latest_bp_systolic >= :limit\npop", "latest_bp_systolic >= 140\npop", None, None),
        ("of {:limit}", "alone", None, None),
        ("  groups: {", "  use: {", "  use: {", "use is the definition's own use"),
        ("use: practice", "use: reserach", "use: reserach", "use does not fit"),
        ("  - by: age", "  - by: agee", "agee", "There is no column or term agee"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, old, new, line_of, what):
    assert old in SMALL
    text = SMALL.replace(old, new, 1)
    path = written(tmp_path, text)
    if what is None:
        load_definition(path)
        return
    with pytest.raises(DefinitionError) as caught:
        load_definition(path)
    assert what in caught.value.what
    assert caught.value.name == f"small.yaml, line {text[: text.rindex(line_of)].count(chr(10)) + 1}"


def test_a_setting_nobody_uses_is_refused(tmp_path):
    dead = "  dead: {default: 1, description: Nothing., source: local}\nterms:"
    with pytest.raises(DefinitionError, match="Setting dead is used nowhere"):
        load_definition(written(tmp_path, SMALL.replace("terms:", dead, 1)))


def test_a_term_sees_only_the_terms_above_it(tmp_path):
    terms = "terms:\n  early:\n    means: early\n    when: raised\n"
    with pytest.raises(DefinitionError, match="no column or term raised"):
        load_definition(written(tmp_path, SMALL.replace("terms:\n", terms, 1)))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"limt": 150}, "Did you mean limit"),
        ({"limit": 200}, "between 120 and 180"),
        ({"limit": "150"}, "needs a value of type integer"),
        ({"limit": True}, "needs a value of type integer"),
        ({"groups": "black"}, "needs a value of type list"),
        ({"groups": ["green"]}, "one of black, asian"),
    ],
)
def test_a_site_cannot_set_what_does_not_fit(tmp_path, values, message):
    definition = load_definition(written(tmp_path, SMALL))
    with pytest.raises(DefinitionError, match=message):
        definition.with_settings(values)


def test_the_hash_follows_content_and_settings(tmp_path):
    definition = load_definition(written(tmp_path, SMALL))
    spaced = load_definition(written(tmp_path, SMALL.replace("advice: Stay", "# a comment\nadvice:   Stay")))
    assert spaced.sha256 == definition.sha256
    assert load_definition(written(tmp_path, SMALL.replace("Stay well", "Be well"))).sha256 != definition.sha256
    changed = definition.with_settings({"limit": 150, "groups": []})
    assert changed.values["limit"] == 150
    assert changed.sha256 != definition.sha256
    assert replace(changed, settings=definition.settings).sha256 == definition.sha256


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(DefinitionError, match="Did you mean possible_undiagnosed_hypertension"):
        load_definition("possible_undiagnosed_hypertenson")


@pytest.mark.parametrize("name", library())
def test_every_shipped_definition_loads_and_is_called_like_its_file(name):
    definition = load_definition(name)
    assert definition.id == name
    assert definition.clinical_sign_off == "none (shipped example)"
    assert any("Not an urgent-alert system. A list is a prompt to look at the record." in n for n in definition.notes)


def test_the_schema_is_a_schema():
    from jsonschema import Draft202012Validator

    import phm.cohorts.definition as module

    Draft202012Validator.check_schema(
        json.loads(Path(module.__file__).with_name("definition.schema.json").read_text(encoding="utf-8"))
    )

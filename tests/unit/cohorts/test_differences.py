"""What changed between two definitions, one sentence each."""

import pytest

from phm.cohorts.definition import load_definition
from phm.cohorts.differences import differences
from tests.unit.cohorts.test_definition import SMALL, written

SECOND = """\
  - id: second
    title: Second
    when: age >= 40
    action: Wait.
    due_days: 28
    reasons: [{text: age}]
"""
TIERS = SMALL.index("flags:")
WIDER = SMALL[:TIERS] + SECOND + SMALL[TIERS:]


def said(tmp_path, before, after):
    return list(differences(*(load_definition(written(tmp_path, text)) for text in (before, after))))


def test_the_same_definition_does_not_differ(tmp_path):
    assert said(tmp_path, SMALL, f"# layout\n{SMALL}") == []


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        ("version: 1.0.0", "version: 1.0.1", ["Version: was 1.0.0; is 1.0.1."]),
        ("default: 140", "default: 150", ["Setting limit: was 140; is 150."]),
        ("maximum: 180", "maximum: 200", ["Setting limit can be: was from 120 to 180; is from 120 to 200."]),
        (
            "when: latest_bp_systolic >= :limit",
            "when: latest_bp_systolic > :limit",
            [
                "Term raised: was latest BP systolic 140 (`limit`) or more; "
                "is latest BP systolic more than 140 (`limit`)."
            ],
        ),
        ("when: is_registered", "when: is_alive", ["Population: was registered; is alive."]),
        (
            "when: has_palliative_care",
            "when: has_palliative_care or is_pregnant",
            ["Exclusion palliative: was palliative care recorded; is palliative care recorded or pregnant."],
        ),
        ("due_days: 7", "due_days: 0", ["Tier first is due: was in 7 days; is the same day."]),
        ("action: Act.", "action: Look.", ["Tier first, what to do: was Act; is Look."]),
        (
            'text: "{latest_bp_systolic} of {:limit}"',
            'text: "{latest_bp_systolic}, {:limit}"',
            [
                "Tier first gives as reasons: was “{latest_bp_systolic} of {:limit}”; "
                "is “{latest_bp_systolic}, {:limit}”."
            ],
        ),
        ("    tiers: [first]\n", "", ["Flag young, tiers: was first; is all."]),
        ("order: desc", "order: asc", ["Order within a tier: was age (highest); is age (lowest)."]),
        ("sources: [local]", "sources: [NICE]", ["Source taken out: local", "Source added: NICE"]),
    ],
)
def test_a_change_is_one_sentence(tmp_path, old, new, sentences):
    assert old in SMALL
    assert said(tmp_path, SMALL, SMALL.replace(old, new, 1)) == sentences


def test_what_came_and_went_is_named(tmp_path):
    assert said(tmp_path, SMALL, WIDER) == ["Tier second added: Second, in 28 days: Wait."]
    assert said(tmp_path, WIDER, SMALL) == ["Tier second taken out: Second, in 28 days: Wait."]


def test_another_order_is_said(tmp_path):
    first = WIDER[WIDER.index("  - id: first") : WIDER.index("  - id: second")]
    turned = WIDER.replace(first, "").replace(SECOND, SECOND + first)
    assert said(tmp_path, WIDER, turned) == ["Tiers in another order: was first, second; is second, first."]

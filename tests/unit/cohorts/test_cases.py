"""An assurance file is read line by line, and a line that says nothing sensible is named."""

import datetime as dt

import pytest

from phm.cohorts.assurance import assure, page_section
from phm.cohorts.cases import read_cases
from phm.cohorts.definition import load_definition
from phm.errors import DefinitionError

DEFINITION = load_definition("possible_undiagnosed_hypertension")
FILE = """\
# People

## One

Everyone: age 44
Record: 90d bmi 24.5
Settings: min_age 18, high_risk_ethnic_groups black+asian

| case | person | record | expected | first reason |
|------|--------|--------|----------|--------------|
| a | sex M, qrisk3_pct 9.5, latest_outcome_date 10d | 2026-10-01 152/90 home patient; 30d arb | list: stage_2 | x |
| b | | | out: no_tier | |

## Changes that make no difference

| change | why |
|--------|-----|
| `terms.a: 1 → 2` | because |
"""


def read(folder, text):
    path = folder / "people.assurance.md"
    path.write_text(text, encoding="utf-8")
    return read_cases(path, DEFINITION)


def test_a_file_is_read(tmp_path):
    cases = read(tmp_path, FILE)
    first, second = cases.people
    assert (first.title, first.line, first.expected) == ("a", 11, {"expected": "list: stage_2", "first reason": "x"})
    assert first.settings == {"min_age": 18, "high_risk_ethnic_groups": ["black", "asian"]}
    assert (first.person["age"], first.person["sex"], second.person["sex"]) == (44, "M", "F")
    assert first.beside == {
        "person_risk": {"qrisk3_pct": 9.5},
        "list_hold": {"latest_outcome_date": dt.date(2026, 10, 21)},
    }
    bmi, pressure, medicine = first.events
    assert bmi == {"event_date": dt.date(2026, 8, 2), "concept": "bmi", "value": 24.5, "source": "practice"}
    assert pressure == {
        "event_date": dt.date(2026, 10, 1),
        "concept": "blood_pressure",
        "systolic": 152,
        "diastolic": 90,
        "setting": "home",
        "source": "patient",
    }
    assert (medicine["concept"], medicine["source"]) == ("arb", "medication")
    assert second.events == (bmi,)
    assert cases.argued == {"terms.a: 1 → 2": "because"}


@pytest.mark.parametrize(
    ("written", "instead", "line", "what"),
    [
        ("sex M", "sexx M", 11, "sexx is not a fact of a person"),
        ("sex M", "bmi 30", 11, "bmi is not a fact of a person"),
        ("sex M", "sex", 11, "sex has no value"),
        ("sex M", "is_alive maybe", 11, "'maybe' is not of type boolean"),
        ("30d arb", "30d arbb", 11, "'arbb' is no concept"),
        ("30d arb", "soon arb", 11, "'soon' is not a day"),
        ("30d arb", "30d arb 5 mg", 11, "'mg' is not understood"),
        ("30d arb", "arb", 11, "'arb' is not an event"),
        ("list: stage_2", "list: stage_3", 11, "Nobody can end at 'list: stage_3'"),
        ("| b |", "| a |", 12, "Two cases are called 'a'"),
        ("| b | |", "| b |", 12, "The row has 4 cells, the heading 5"),
        ("| case |", "| name |", 9, "There is no column 'name' here"),
        ("| expected ", "", 9, "The table has no column 'expected'"),
        ("min_age 18", "minage 18", 7, "There is no setting minage"),
        ("black+asian", "black+green", 7, "'green' is not among the values"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, written, instead, line, what):
    assert FILE.count(written) >= 1
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, FILE.replace(written, instead, 1))
    assert caught.value.name == f"people.assurance.md, line {line}"
    assert caught.value.what == what


def test_a_person_who_ends_elsewhere_is_wrong(tmp_path):
    first, second = assure(DEFINITION, read(tmp_path, FILE))
    assert first.wrong == ("first reason",)
    assert first.found["first reason"] == "152/90 home average (patient), 1 Oct 2026"
    assert second.wrong == ("expected",)
    assert second.found["expected"] == "list: not_measured"


def test_the_page_shows_the_file_below_its_own_heading():
    section = page_section(DEFINITION)
    assert section.startswith("## Assurance\n")
    assert "\n### Severe readings\n" in section
    assert "\n## " not in section

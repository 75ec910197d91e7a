"""`phm cohorts` on definitions alone: what is listed, shown, checked and compared."""

import shutil

import pytest
from typer.testing import CliRunner

from phm.cli import app
from phm.cohorts import published
from phm.cohorts.definition import library
from phm.errors import DefinitionError
from tests.unit.cohorts.test_definition import SMALL

DEFAULT = "possible_undiagnosed_hypertension"


@pytest.fixture
def cohorts(tmp_path, monkeypatch):
    """The command in a site with a definition of its own; gives its exit code and what it printed."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "small.yaml").write_text(SMALL)
    monkeypatch.setenv("PHM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PHM_DEFINITIONS", str(own))
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        answer = CliRunner().invoke(app, ["cohorts", *map(str, arguments)], catch_exceptions=False)
        return answer.exit_code, answer.stdout

    return run


def test_shipped_and_own_definitions_are_listed(cohorts, tmp_path):
    code, told = cohorts("list")
    rows = [line.split("\t") for line in told.splitlines()]
    assert code == 0
    assert {row[0] for row in rows[1:]} == {*library(), "small"}
    assert {row[0]: row[-1] for row in rows}["small"] == str(tmp_path / "own")


def test_a_definition_is_shown_in_words_and_as_a_page(cohorts):
    _, shown = cohorts("show", "small")
    assert "## Who is left out, in this order" in shown
    assert "├─ Palliative" in shown
    assert "| `limit` | Raised from here. | 140 | from 120 to 180 | local |" in shown
    _, page = cohorts("show", "small", "--markdown")
    assert "```mermaid" in page


def test_everything_wrong_is_printed_with_its_line(cohorts, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(SMALL.replace("when: age < 40", "when: agee < 40").replace("by: age\n", "by: aged\n"))
    code, told = cohorts("check", wrong)
    assert code == DefinitionError.exit_code
    assert told.startswith("wrong.yaml, line ")
    assert [line.partition(": ")[2] for line in told.splitlines()] == [
        "There is no column or term agee. Did you mean age?",
        "There is no column or term aged. Did you mean age?",
    ]
    assert cohorts("check", tmp_path / "own" / "small.yaml") == (0, "Nothing is wrong.\n")


def test_a_version_is_frozen_and_then_cannot_change(cohorts, tmp_path, monkeypatch):
    shutil.copytree(library()[DEFAULT].parent, tmp_path / "library")
    monkeypatch.setattr("phm.cohorts.definition.library_dir", lambda _: tmp_path / "library")
    (tmp_path / "library" / published.FILE).unlink(missing_ok=True)
    assert cohorts("check")[0] == DefinitionError.exit_code
    code, told = cohorts("freeze")
    assert code == 0
    assert "small 1.0.0 is published" in told
    assert f"{DEFAULT} " in told
    assert cohorts("check") == (0, "Nothing is wrong.\n")
    (tmp_path / "own" / "small.yaml").write_text(SMALL.replace("due_days: 7", "due_days: 9"))
    code, told = cohorts("check")
    assert code == DefinitionError.exit_code
    assert told == (
        "small: Version 1.0.0 is published and said something else. "
        "Give the change a version of its own, or take it back.\n"
    )


def test_two_definitions_are_compared(cohorts, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(SMALL.replace("due_days: 7", "due_days: 9"))
    assert cohorts("diff", "small", other) == (0, "Tier first is due: was in 7 days; is in 9 days.\n")
    assert cohorts("diff", "small", "small") == (0, "Nothing differs.\n")


@pytest.mark.parametrize("command", [("preview", "small", "--practice", "Y99001"), ("why", "small")])
def test_a_definition_for_planning_is_about_nobody(cohorts, tmp_path, command):
    (tmp_path / "own" / "small.yaml").write_text(SMALL.replace("use: practice", "use: planning"))
    with pytest.raises(DefinitionError, match="for planning"):
        cohorts(*command)

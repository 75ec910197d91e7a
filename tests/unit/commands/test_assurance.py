"""`phm cohorts assure` says where everybody ends, and fails where one ends elsewhere."""

import pytest
from typer.testing import CliRunner

from phm.cli import app
from phm.errors import CheckFailed

PEOPLE = """\
| case | record | expected |
|------|--------|----------|
| high | 30d 150/80 clinic | {place} |
"""


@pytest.fixture
def assured(tmp_path, monkeypatch):
    """Runs the command with one person, who is expected at `place`."""

    def run(place, *options):
        path = tmp_path / "people.assurance.md"
        path.write_text(PEOPLE.format(place=place), encoding="utf-8")
        monkeypatch.setattr("phm.cohorts.assurance.cases_file", lambda definition: path)
        return CliRunner().invoke(app, ["cohorts", "assure", "possible_undiagnosed_hypertension", *options])

    return run


def test_as_expected(assured):
    result = assured("list: stage_1")
    assert result.exit_code == 0
    assert "3\thigh\tlist: stage_1\tlist: stage_1\tas expected" in result.output
    assert "1 people, none not as expected" in result.output


def test_elsewhere(assured):
    result = assured("list: stage_2")
    assert isinstance(result.exception, CheckFailed)
    assert "3\thigh\tlist: stage_2\tlist: stage_1\tWRONG" in result.output


def test_changes_that_nobody_notices(assured):
    result = assured("list: stage_1", "--mutate")
    assert isinstance(result.exception, CheckFailed)
    assert "exclusions.palliative_care: left out" in result.output
    assert "% of" in result.output

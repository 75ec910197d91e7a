"""`phm adapt` as its users meet it: totals, what is still needed, and one short message where it cannot go on."""

import pytest
from typer.testing import CliRunner

from phm.cli import app
from phm.errors import UnreadableFeed
from tests.unit.feeds.adapters.extracts import EHRQL, write_extract


def test_it_says_what_became_of_the_rows_and_what_is_still_needed(tmp_path):
    extract = write_extract(tmp_path / "extract", EHRQL)

    told = CliRunner().invoke(app, ["adapt", "ehrql", str(extract), str(tmp_path / "out"), "--month", "2024-06"])

    assert told.exit_code == 0, told.exception
    rows = [line.split("│")[1:-1] for line in told.stdout.splitlines() if line.startswith("│")]
    assert ["clinical_events", "5", "3", "0", "2"] in [[cell.strip() for cell in row] for row in rows]
    assert "no registration up to the reference date" in told.stdout
    assert "NHS numbers are made up" in told.stdout
    assert "gp-reg-pat-prac-map*" in told.stdout
    assert (tmp_path / "out" / "2024-06" / "QZZ" / "gp_event" / "Y99001.csv").exists()


def test_an_extract_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UnreadableFeed, match="There is no such extract"):
        CliRunner().invoke(
            app,
            ["adapt", "omop", str(tmp_path / "nowhere"), str(tmp_path / "out"), "--month", "2024-06"],
            catch_exceptions=False,
        )
    assert not (tmp_path / "out").exists()

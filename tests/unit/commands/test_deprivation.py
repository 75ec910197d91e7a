"""`phm deprivation` as it is typed."""

import pytest
from typer.testing import CliRunner

from phm.commands.deprivation import app
from phm.errors import CheckFailed, ConfigurationError
from tests.conftest import SAMPLE, SAMPLE_PARTITION

DELIVERY = SAMPLE / SAMPLE_PARTITION.path
MAP = ("--map", DELIVERY / "gp-reg-pat-prac-map.csv")
IMD = ("--imd", DELIVERY / "imd_2025_file_7.csv")
COUNTS = """PRACTICE_CODE,LSOA_CODE,NUMBER_OF_PATIENTS
Y99001,E01990001,300
Y99001,E01990002,100
Y99002,E01990002,400
Y99001,EMPTY,1
"""


def typed(*arguments: object) -> list[list[str]]:
    found = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False).stdout
    return [line.split("\t") for line in found.splitlines()]


@pytest.fixture
def register(tmp_path):
    def write(text=COUNTS):
        path = tmp_path / "gp-reg-pat-prac-lsoa.csv"
        path.write_text(text)
        return ("--register", path)

    return write


def test_score_prints_index_matches_and_a_line_for_each_area(register):
    (index,), (match,), headings, *lines = typed("score", *register(), *MAP, *IMD, "--by", "practice")
    assert index.endswith("areas matched: 100.00% direct.")
    assert "800 of 801" in match and "1 blank or placeholder" in match
    assert headings[:4] == ["practice", "patients", "matched", "IMD score"]
    assert [line[:3] for line in lines] == [["Y99001", "401", "400"], ["Y99002", "400", "400"]]


def test_one_area_is_shown_in_full(register):
    shown = dict(line for line in typed("score", *register(), *MAP, *IMD, "--area", "U99901") if len(line) == 2)
    assert shown["area_code"] == "U99901"
    assert {"imd_score", "core20_pct", "decile_10_count", "placeholder_count"} <= set(shown)


def test_boundary_prints_facts_and_local_authorities(register):
    lines = typed("boundary", *register(), *MAP, *IMD, "--by", "practice", "--area", "Y99001")
    assert ["patient count", "401"] in lines
    assert lines[-3:] == [
        ["local authority", "name", "patients"],
        ["E06999999", "Synthetic District", "400"],
        ["-", "-", "1"],
    ]
    headings, *pcns = typed("boundary", *register(), *MAP)
    assert headings[0] == "pcn code"
    assert pcns


def test_an_area_without_people_is_refused_by_name(register):
    with pytest.raises(ConfigurationError, match="U00000"):
        typed("score", *register(), *MAP, *IMD, "--area", "U00000")


def test_too_many_people_without_a_score_stop_it(register):
    with pytest.raises(CheckFailed, match="no area score"):
        typed("score", *register(COUNTS.replace("EMPTY,1", "EMPTY,100")), *MAP, *IMD)


def test_few_people_without_a_score_or_a_practice_of_the_map_are_a_warning(register):
    text = COUNTS.replace("EMPTY,1", "EMPTY,10") + "Y99999,E01990002,9\n"
    warnings = [line[0] for line in typed("score", *register(text), *MAP, *IMD) if line[0].startswith("Warning")]
    assert warnings == [
        "Warning: 1.22% of people have no area score; more than 0.5% is a warning.",
        "Warning: 1.10% of people are with practices the map does not know; more than 0.5% is a warning.",
    ]
    assert typed("boundary", *register(text), *MAP)[0] == [warnings[1]]


def test_a_map_of_somewhere_else_stops_both(register):
    for command, files in (("score", IMD), ("boundary", ())):
        with pytest.raises(CheckFailed, match="practices the map does not know"):
            typed(command, *register(COUNTS + "Y99999,E01990002,90\n"), *MAP, *files)


def test_domains_are_shown_where_they_are_delivered(register, tmp_path):
    with pytest.raises(ConfigurationError, match="no scores of domains"):
        typed("score", *register(), *MAP, *IMD, "--domains")
    names = ("IMD", "Income", "Employment", "Education", "Health", "Crime", "Barriers (H&S)", "Environment")
    areas = [line.split(",")[0] for line in IMD[1].read_text(encoding="utf-8-sig").splitlines()[1:]]
    lines = [",".join(["LSOA11CD", *names])] + [f"{code},10,0.1,0.2,3,-1,1,20,30" for code in areas]
    scores = tmp_path / "imd_scores.csv"
    scores.write_text("\n".join(lines) + "\n")
    *_, headings, first = typed("score", *register(), *MAP, *IMD, "--scores", scores, "--domains")
    assert headings[4:] == ["income", "employment", "education", "health", "crime", "barriers", "environment"]
    assert first[3:] == ["10.000", "0.100", "0.200", "3.000", "-1.000", "1.000", "20.000", "30.000"]

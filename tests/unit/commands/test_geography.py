"""`phm geography check` on small published files."""

import pytest
from typer.testing import CliRunner

from phm.cli import app
from phm.errors import ConfigurationError, StoreError, UnreadableFeed

HEADER = (
    "EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,PCN_CODE,PCN_NAME,SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_NAME,"
    "ICB_CODE,ICB_NAME,COMM_REGION_CODE,COMM_REGION_NAME"
)
MAP = f"""{HEADER}
01Aug2026,A81001,HIGH STREET,U11111,NORTH,00P,Sunder,D7T5G,New ICB,Y63,North
01Aug2026,A81002,STATION ROAD,U,Unallocated,00P,Sunder,D7T5G,New ICB,Y63,North
01Aug2026,B81001,ELSEWHERE,U11111,NORTH,02Y,East,QOQ,HNY ICB,Y63,North
"""
BEFORE = MAP.replace("D7T5G", "QHM").replace("01Aug2026", "01Oct2025")
SIZES = """EXTRACT_DATE,CODE,SUB_ICB_LOCATION_CODE,POSTCODE,SEX,AGE,NUMBER_OF_PATIENTS
01AUG2026,A81001,00P,ZZ99 3VZ,ALL,ALL,9000
01AUG2026,A81002,00P,ZZ99 3VZ,ALL,ALL,1234
01AUG2026,C81001,02Z,ZZ99 3VZ,ALL,ALL,99
"""


@pytest.fixture
def checked(tmp_path, monkeypatch):
    """What is printed of the files written, by name of option."""
    monkeypatch.setenv("PHM_HOME", str(tmp_path / "home"))

    def run(*arguments, **files):
        for option, (name, text) in files.items():
            (tmp_path / name).write_text(text)
            arguments += (f"--{option.replace('_', '-')}", str(tmp_path / name))
        answer = CliRunner().invoke(app, ["geography", "check", *arguments], catch_exceptions=False)
        assert answer.exit_code == 0
        return answer.stdout.splitlines()

    return run


def test_what_is_odd_about_published_files(checked):
    said = checked(
        map=("map.csv", MAP), against=("before.csv", BEFORE), list_sizes=("gp-reg-pat-prac-all.csv", SIZES)
    )  # fmt: skip
    assert said == [
        "As at 2026-08-01: 3 practices, 1 PCNs, 2 sub-ICB locations, 2 ICBs, 1 regions",
        "0 codes are in none or several of the level above",
        "2 parts of PCNs that span sub-ICB locations",
        "PCN\tname\tICB\tsub-ICB\tpractices",
        "U11111\tNORTH\tD7T5G\t00P\t1",
        "U11111\tNORTH\tQOQ\t02Y\t1",
        "2 practices with 1,333 patients are in no PCN",
        "practice\tname\tpatients\twhy",
        "A81002\tSTATION ROAD\t1,234\tno_pcn",
        "C81001\t\t99\tnot_in_map",
        "1 PCNs have 9,000 patients",
        "patients of a PCN\tPCNs\tpatients",
        "under 20,000\t1\t9,000",
        "20,000 to 30,000\t0\t0",
        "30,000 to 50,000\t0\t0",
        "50,000 to 100,000\t0\t0",
        "over 100,000\t0\t0",
        "1 PCNs are under 20,000 or over 100,000",
        "PCN\tname\tpractices\tpatients",
        "U11111\tNORTH\t2\t9,000",
        "0 practices are new",
        "0 practices are gone",
        "0 practices changed PCN",
        "0 practices changed sub-ICB location",
        "2 practices changed ICB",
        "from\tto\tpractices\twhich",
        "QHM\tD7T5G\t2\tA81001, A81002",
        "0 practices changed region",
        "0 practices left an ICB that is still there, which no merger explains",
    ]


def test_who_took_over_from_practices_that_are_gone(checked):
    then = BEFORE + "01Oct2025,A81009,MERGED,U11111,NORTH,00P,Sunder,QHM,Old ICB,Y63,North\n"
    said = checked(
        map=("map.csv", MAP),
        against=("before.csv", then),
        successors=("succ.csv", '"A81009","A81001","R","20260401","0"\n"RR1","RR2","R","20200401","0"\n'),
    )
    assert said[-3:] == [
        "1 of the practices that are gone have a successor",
        "practice\tsucceeded by",
        "A81009\tA81001",
    ]


def test_the_day_asked_about_needs_not_be_that_of_the_map(checked):
    assert checked("--as-at", "2026-09-30", map=("map.csv", MAP))[0].startswith("As at 2026-09-30: 3 practices")


def test_list_sizes_are_told_by_the_name_of_their_file(checked):
    with pytest.raises(UnreadableFeed, match=r"sizes\.csv.*gp-reg-pat-prac-all"):
        checked(map=("map.csv", MAP), list_sizes=("sizes.csv", SIZES))


def test_a_month_and_a_map_are_not_mixed(checked):
    with pytest.raises(ConfigurationError, match="--list-sizes"):
        checked(list_sizes=("gp-reg-pat-prac-all.csv", SIZES))
    with pytest.raises(ConfigurationError, match="--month"):
        checked("--month", "2026-08", map=("map.csv", MAP))


def test_a_month_that_is_not_published_is_named(checked):
    with pytest.raises(StoreError, match="Nothing is published for 2026-08"):
        checked("--month", "2026-08")
    with pytest.raises(StoreError, match="Nothing is published for 2025-01"):
        checked("--against", "2025-01", map=("map.csv", MAP))

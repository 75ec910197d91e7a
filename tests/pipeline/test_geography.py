"""Areas of practices in a run: what optional feeds change, and the check of what was published."""

import shutil
from datetime import date

import dagster as dg
import duckdb
import pytest
from typer.testing import CliRunner

from phm.cli import app
from phm.store import Store
from pipelines.defs.core import core_geography
from pipelines.defs.feeds import ASSETS
from pipelines.defs.resources import Site
from pipelines.partitions import ICBS, partition_key
from tests.conftest import SAMPLE_PARTITION

EPCN = """\
Partner Organisation Code,Partner Name,Practice Parent Sub ICB Loc Code,PCN Code,PCN Name,\
PCN Parent Sub ICB Loc Code,Practice to PCN Relationship Start Date,Practice to PCN Relationship End Date
Y99001,SYNTHETIC PRACTICE 1,99Z,U99901,SYNTHETIC PCN 1,99Z,20191001,20261010
Y99001,SYNTHETIC PRACTICE 1,99Z,U99903,"SYNTHETIC PCN 3,",99Z,20261011,20301231
Y99002,SYNTHETIC PRACTICE 2,99Z,U99901,SYNTHETIC PCN 1,99Z,20191001,20261030
"""
CLOSED = "Y99003,SYNTHETIC PRACTICE 3,Y99,QZZ,,,,,,ZZ99 3VZ,19900101,20260930,C,B,99Z,,,,,,,,,,,4,\n"


@pytest.fixture
def geography(sample_feeds, tmp_path):
    """Rows and remarks of `core_geography`, made from the sample and what a test adds to or takes from it."""
    feeds = shutil.copytree(sample_feeds, tmp_path / "feeds")

    def made(*, without: str = "", **added: str):
        delivery = feeds / SAMPLE_PARTITION.path
        for name, text in added.items():
            (delivery / f"{name}.csv").write_text(text)
        if without:
            (delivery / without).unlink()
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions(ICBS.name, [SAMPLE_PARTITION.icb_code])
            dg.materialize(
                [*ASSETS, core_geography],
                selection=dg.AssetSelection.assets("core_geography").upstream(),
                partition_key=partition_key(SAMPLE_PARTITION),
                resources={"site": Site(home=str(tmp_path / "home"), feeds=str(feeds), demo=True)},
                instance=instance,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        store = Store(tmp_path / "home")
        (file,) = store.files("core_geography", SAMPLE_PARTITION, draft=True)
        rows = duckdb.read_parquet(str(file)).order("practice_code").fetchall()
        columns = duckdb.read_parquet(str(file)).columns
        remarks = store.version("core_geography", SAMPLE_PARTITION, draft=True).record["remarks"]
        return [dict(zip(columns, row, strict=True)) for row in rows], remarks

    return made


def test_dated_memberships_and_the_directory_are_used_where_they_are_delivered(geography):
    rows, remarks = geography(ePCN=EPCN, epraccur=CLOSED)
    assert [(row["practice_code"], row["pcn_code"], row["pcn_name"], row["pcn_basis"]) for row in rows] == [
        ("Y99001", "U99903", "SYNTHETIC PCN 3", "pcn_core_partner"),
        ("Y99002", "U", "Unallocated", "no_current_membership"),
        ("Y99003", "U99902", "SYNTHETIC PCN 2", "practice_membership"),
        ("Y99004", "U99902", "SYNTHETIC PCN 2", "practice_membership"),
    ]
    assert remarks == [
        "1 practice(s) have left their PCN or not joined it yet, and appear as PCN U: Y99002.",
        "1 practice(s) are closed in the directory of practices: Y99003.",
    ]


def test_without_a_map_of_places_the_run_says_so_and_uses_sub_icb_locations(geography):
    rows, remarks = geography(without="place_membership.csv")
    assert {(row["place_code"], row["place_basis"]) for row in rows} == {("99Z", "sub_icb_location")}
    assert remarks == ["No map of places was delivered: every place is a sub-ICB location."]


def test_dated_memberships_older_than_the_map_are_not_used(geography):
    rows, remarks = geography(ePCN=EPCN.replace("20261011", "20260901").replace("20261010", "20260831"))
    assert {row["pcn_basis"] for row in rows} == {"practice_membership"}
    assert remarks == ["The practice map is newer than pcn_core_partner: PCNs are those of the map."]


def test_the_check_of_a_published_month_against_a_map(published_home, sample_feeds, tmp_path, monkeypatch):
    before = tmp_path / "map.csv"
    text = (sample_feeds / SAMPLE_PARTITION.path / "gp-reg-pat-prac-map.csv").read_text()
    lines = text.replace("Y99001", "Y99009").replace("01Oct2026", "01Sep2026").splitlines(keepends=True)
    elsewhere = [line.replace("U99901", "U99907") if "Y99002" in line else line for line in lines]
    before.write_text("".join(elsewhere))
    monkeypatch.setenv("PHM_HOME", str(published_home))
    answer = CliRunner().invoke(app, ["geography", "check", "--against", str(before)], catch_exceptions=False)
    assert answer.exit_code == 0
    said = answer.stdout.splitlines()
    assert said[0] == f"As at {date(2026, 10, 31)}: 4 practices, 2 PCNs, 1 sub-ICB locations, 1 ICBs, 1 regions"
    assert said[said.index("1 practices are new") + 2] == "\t99Z\t1\tY99001"
    assert said[said.index("1 practices are gone") + 2] == "99Z\t\t1\tY99009"
    assert said[said.index("1 practices changed PCN") + 2] == "U99907\tU99901\t1\tY99002"
    assert "2 PCNs are under 20,000 or over 100,000" in said

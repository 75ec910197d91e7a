"""The pipeline run before and after boards merged: the same people of Frimley in October 2025 and in August 2026.

Frimley (QNQ) was shared out among three boards, so it is the hardest of the twelve that went. The maps, codes and areas
are the published ones; the people are made up, a few for each of some of its practices.
"""

import shutil
from collections import Counter

import dagster as dg
import duckdb
import pytest

from phm.store import Partition, Store
from phm.synthetic.delivery import generate
from phm.synthetic.reference import ReferenceFiles
from pipelines.defs.core import core_geography, core_person
from pipelines.defs.feeds import ASSETS
from pipelines.defs.resources import Site
from pipelines.partitions import ICBS, partition_key
from tests.conftest import SHARED
from tests.real.hierarchies import MAP_2025, MAP_2026, REGISTER_2022

pytestmark = [pytest.mark.real, pytest.mark.slow]

FOLDER = SHARED / "real"
IMD = "imd/IMD2025_lsoa21_all_domains.csv"
LOOKUP = "lookups/LSOA11_to_LSOA21_to_LAD22_EW_v1.csv"
BEFORE = Partition("2025-10", "QNQ")
MOVED_TO = {"QRL": "D9Y0V", "S0E4D": "U2G6B", "S9B9J": "92A"}
"""Boards that took over practices of Frimley, with the sub-ICB location they came to lie in."""
PRACTICE_FEEDS = ("gp_register", "gp_event", "gp_medication")

# Two practices for each board, and the area most of its patients lived in of those whose boundary never changed.
SOME_PEOPLE = """
    CREATE TABLE people AS
    WITH practice AS (
        SELECT practice_code, after.icb_code FROM before JOIN after USING (practice_code)
        WHERE before.icb_code = 'QNQ' AND practice_code IN (SELECT OrganisationCode FROM register)
        QUALIFY row_number() OVER (PARTITION BY after.icb_code ORDER BY practice_code) <= 2
    )
    SELECT practice_code, icb_code, LSOA11CD AS lsoa_code
    FROM register JOIN practice ON OrganisationCode = practice_code
    WHERE LSOA11CD IN (SELECT lsoa21_code FROM imd)
    QUALIFY row_number() OVER (PARTITION BY practice_code ORDER BY Patient DESC, LSOA11CD) = 1
"""
REGISTER = """
    SELECT practice_code AS PRACTICE_CODE, lsoa_code AS LSOA_CODE, 8 AS NUMBER_OF_PATIENTS FROM people ORDER BY ALL
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site with deliveries of Frimley in October 2025, and of the same people under their boards of August 2026."""
    missing = [name for name in (MAP_2025, MAP_2026, REGISTER_2022, IMD, LOOKUP) if not (FOLDER / name).exists()]
    if missing:
        pytest.skip(f"published file {FOLDER / missing[0]} is not here")
    root = tmp_path_factory.mktemp("mergers")
    shutil.unpack_archive(FOLDER / MAP_2026, root / "map")
    (map_2026,) = (root / "map").iterdir()
    with duckdb.connect() as con:
        con.read_csv(str(FOLDER / MAP_2025)).create_view("before")
        con.read_csv(str(map_2026)).create_view("after")
        con.read_csv(str(FOLDER / IMD)).create_view("imd")
        con.read_parquet(str(FOLDER / REGISTER_2022)).create_view("register")
        con.execute(SOME_PEOPLE)
        con.sql(REGISTER).write_csv(str(root / "register.csv"))
        practices = con.execute("SELECT practice_code, icb_code FROM people").fetchall()
    reference = ReferenceFiles(root / "register.csv", FOLDER / MAP_2025, FOLDER / IMD, FOLDER / LOOKUP)
    made = generate(root / "feeds", month=BEFORE.month, icb_code=BEFORE.icb_code, reference=reference)
    for icb_code in MOVED_TO:
        later = shutil.copytree(made.folder, root / "feeds" / Partition("2026-08", icb_code).path)
        shutil.copy(map_2026, later)
        for code, belongs_to in practices:
            for feed in PRACTICE_FEEDS if belongs_to != icb_code else ():
                (later / feed / f"{code}.csv").unlink()
    return Site(home=str(root / "home"), feeds=str(root / "feeds"), demo=True)


def run(site, partition):
    """Practices and people of one run as far as these two tables: every feed landed, every practice placed."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(ICBS.name, [partition.icb_code])
        dg.materialize(
            [*ASSETS, core_geography, core_person],
            selection=dg.AssetSelection.assets("core_person").upstream(),
            partition_key=partition_key(partition),
            resources={"site": site},
            instance=instance,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    store = Store(site.settings.home)
    practices, people = (
        duckdb.read_parquet([str(file) for file in store.files(table, partition, draft=True)])
        for table in ("core_geography", "core_person")
    )
    return (
        practices.select("practice_code, pcn_code, place_code, sub_icb_code, icb_code, region_code").fetchall(),
        people.select("person_id, practice_code, pcn_code, place_code, icb_code").fetchall(),
    )


def test_the_same_people_have_one_place_in_each_of_two_hierarchies(site):
    practices_then, people_then = run(site, BEFORE)
    practices_now, people_now = [], []
    for icb_code, sub_icb_code in MOVED_TO.items():
        practices, people = run(site, Partition("2026-08", icb_code))
        assert {row[4] for row in people} == {row[4] for row in practices} == {icb_code}
        assert {row[3] for row in people} == {sub_icb_code}, "without a map of places they are sub-ICB locations"
        practices_now += practices
        people_now += people

    assert Counter(row[0] for row in people_then) == Counter(row[0] for row in people_now), "the same people, once each"
    assert {row[1] for row in people_then} == {row[1] for row in people_now}
    for practices, people in ((practices_then, people_then), (practices_now, people_now)):
        belongs = {practice: areas for practice, *areas in practices}
        assert len(belongs) == len(practices), "a practice is in one PCN, place, board and region"
        assert all([pcn, place, icb] == [belongs[code][i] for i in (0, 1, 3)] for _, code, pcn, place, icb in people)
    assert {row[4] for row in people_then} == {"QNQ"}
    assert people_then

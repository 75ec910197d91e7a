"""An index on other LSOAs than the registers is carried over by the lookup, and the run says so."""

import csv
import shutil
from pathlib import Path

import duckdb
import pytest

from phm.store import Partition, Store
from pipelines.run import Site, run_partition
from tests.conftest import SAMPLE, SAMPLE_PARTITION


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    """The sample with its index on the LSOAs of 2011: each has the values of the first area it became."""
    feeds = Path(shutil.copytree(SAMPLE, tmp_path / "feeds"))
    delivery = feeds / SAMPLE_PARTITION.path
    index = delivery / "imd_2025_file_7.csv"
    with (
        index.open(encoding="utf-8-sig") as file,
        (delivery / "lsoa_2011_to_2021.csv").open(encoding="utf-8-sig") as pairs,
    ):
        (header, *rows), lookup = list(csv.reader(file)), list(csv.DictReader(pairs))
    of_2021 = {row[0]: row[1:] for row in rows}
    of_2011 = {pair["F_LSOA11CD"]: of_2021[pair["LSOA21CD"]] for pair in reversed(lookup)}
    index.unlink()
    with (delivery / "imd_2019_file_7.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *([code, *values] for code, values in sorted(of_2011.items()))])
    return feeds


@pytest.mark.usefixtures("one_cohort", "without_pictures")
def test_the_index_is_carried_over_and_everybody_matched_keeps_a_score(feeds: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    partition = Partition(SAMPLE_PARTITION.month, SAMPLE_PARTITION.icb_code)
    run_partition(partition, site=Site(home=str(home), feeds=str(feeds), demo=True), listener=lambda *_: None)

    store = Store(home)
    record = store.version("core_person", partition).record
    assert "IMD 2019 on LSOA 2011, carried to LSOA 2021" in record["remarks"][0]
    counts = record["deprivation"]
    assert counts["matched_by_split_mapping"] > 0 and counts["unknown"] == 0
    people = duckdb.read_parquet([str(file) for file in store.files("core_person", partition)])
    assert people.aggregate("count(*) FILTER (imd_decile IS NULL AND lsoa_code LIKE 'E01%')").fetchone() == (0,)
    boundary = duckdb.read_parquet([str(file) for file in store.files("core_pcn_boundary", partition)])
    registered = people.filter("is_registered AND is_alive AND lsoa_code LIKE 'E01%'").aggregate("count(*)").fetchone()
    assert boundary.aggregate("sum(patient_count)::BIGINT").fetchone() == registered
    assert boundary.filter("is_inside").aggregate("count(*)").fetchone() > (0,)

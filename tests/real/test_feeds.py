"""Published files, as published, against the contracts; totals are those their publishers or collectors state.

The files are looked for in `real` of the folder PHM_PUBLISHED_FILES, else of `shared` beside the checkout.
"""

import csv
import datetime as dt
from pathlib import Path

import duckdb
import pytest

from phm.errors import UnreadableFeed
from phm.feeds import row_sql
from phm.feeds.contracts import load_contract
from phm.feeds.landing import Landing, check_rejected, land
from phm.governance.pseudonyms import Pseudonymiser
from tests.conftest import SHARED

pytestmark = pytest.mark.real

FILES = SHARED / "real"


def published(name: str) -> Path:
    path = FILES / name
    if not path.exists():
        pytest.skip(f"published file {path} is not here")
    return path


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture
def landed(con, tmp_path):
    """Land one published file; its rows are then the view `landed`."""

    def run(contract_name: str, file_name: str) -> Landing:
        contract = load_contract(contract_name)
        landing = land(
            con,
            contract,
            [published(file_name)],
            reference_date=dt.date(2025, 10, 31),
            out=tmp_path,
            pseudonymiser=Pseudonymiser.throwaway(),
        )
        check_rejected(landing, contract)
        con.read_parquet([str(path) for path in landing.accepted_files]).create_view("landed")
        return landing

    return run


@pytest.mark.parametrize("suffix", ["", "_messy"])
def test_a_register_with_or_without_a_pivot_table_beside_it(landed, con, suffix):
    landing = landed("practice_lsoa_count", f"registers/gp-reg-pat-prac-lsoa_QNC_2025-10{suffix}.csv")
    assert (landing.delivered, landing.quarantined) == (16_864, 0)
    assert "columns without a name were ignored" in landing.files[0].notes[0]
    totals = con.execute("SELECT count(DISTINCT practice_code), sum(patient_count) FROM landed").fetchone()
    assert totals == (141, 1_210_283)
    empty = con.execute("SELECT sum(patient_count) FROM landed WHERE lsoa_code = 'EMPTY'").fetchone()
    assert empty == (1_048,)


def test_a_register_of_england_with_its_placeholders(landed, con):
    landing = landed("practice_lsoa_count", "registers/gp-reg-pat-prac-lsoa-all_England_2022-07.parquet")
    assert (landing.delivered, landing.quarantined) == (865_965, 0)
    totals = con.execute("SELECT count(DISTINCT practice_code), sum(patient_count) FROM landed").fetchone()
    assert totals == (6_484, 61_768_942)
    unplaced = con.execute("SELECT sum(patient_count) FROM landed WHERE lsoa_code = 'NO2011'").fetchone()
    assert unplaced == (27_415,)


@pytest.mark.parametrize(
    ("file", "practices", "extract_date"),
    [
        ("registers/gp-reg-pat-prac-map_2022-01.csv", 6_527, dt.date(2022, 1, 1)),
        ("registers/gp-reg-pat-prac-map_2025-10.csv", 6_202, dt.date(2025, 10, 1)),
        ("registers/gp-reg-pat-prac-map_2026-08.zip", 6_129, dt.date(2026, 8, 1)),
    ],
)
def test_practice_maps_before_and_after_the_change_of_names(landed, con, file, practices, extract_date):
    landing = landed("practice_membership", file)
    assert (landing.delivered, landing.quarantined) == (practices, 0)
    assert con.execute("SELECT DISTINCT extract_date FROM landed").fetchall() == [(extract_date,)]


def test_the_practices_of_one_icb_have_25_networks(landed, con):
    landed("practice_membership", "registers/gp-reg-pat-prac-map_2025-10.csv")
    query = "SELECT count(DISTINCT pcn_code) FROM landed WHERE icb_code = 'QNC' AND pcn_code <> 'U'"
    assert con.execute(query).fetchone() == (25,)


def test_the_index_of_deprivation_2025(landed, con):
    landing = landed("deprivation", "imd/IMD2025_lsoa21_all_domains.csv")
    assert (landing.delivered, landing.quarantined) == (33_755, 0)
    assert con.execute("SELECT min(imd_rank), max(imd_rank), max(imd_decile) FROM landed").fetchone() == (1, 33_755, 10)


def test_the_lookup_of_small_areas(landed, con):
    landing = landed("lsoa_lookup", "lookups/LSOA11_to_LSOA21_to_LAD22_EW_v1.csv")
    assert (landing.delivered, landing.quarantined) == (35_795, 0)
    changes = con.execute("SELECT list(DISTINCT change ORDER BY change) FROM landed").fetchone()[0]
    assert changes == ["M", "S", "U", "X"]


def test_a_map_of_practices_to_places(landed, con):
    landing = landed("place_membership", "ods/bsol_gp_pcn_locality_lookup_2024-03.csv")
    assert (landing.delivered, landing.quarantined) == (240, 0)
    assert con.execute("SELECT count(DISTINCT place_code) FROM landed").fetchone()[0] >= 5


def test_an_index_without_scores_is_refused_by_column(landed):
    with pytest.raises(
        UnreadableFeed, match=r"imd_score is missing \(IMD2019_File_1.xlsx\).*Nearest in the file: Index"
    ):
        landed("deprivation", "imd/IMD2019_File_1.xlsx")


def test_check_digits_agree_with_vectors_of_other_implementations(con):
    with published("../oracles/identifiers/nhs_number_vectors.csv").open(newline="") as file:
        vectors = [(row["nhs_number"], row["source_says_valid"] == "1") for row in csv.DictReader(file)]
    vectors = [(text.replace(" ", "").replace("-", ""), is_valid) for text, is_valid in vectors]  # written in groups
    con.execute(row_sql.IS_NHS_NUMBER)
    found = [(text, con.execute("SELECT is_nhs_number(?::VARCHAR)", [text]).fetchone()[0]) for text, _ in vectors]
    assert found == vectors

"""Published files, as published, against the contracts; totals are those their publishers or collectors state.

The files are looked for in `real` of the folder PHM_PUBLISHED_FILES, else of `shared` beside the checkout.
"""

import csv
import gzip
import zipfile
from functools import cache

import duckdb
import pyarrow as pa
import pytest

from phm.feeds import row_sql
from phm.feeds.contracts import load_contract
from phm.feeds.readers import open_delivered
from tests.conftest import ROOT, SHARED
from tests.real import table
from tests.real.published import PUBLISHED, Published, Read, read

pytestmark = pytest.mark.real

FILES = SHARED / "real"


@cache
def found(entry: Published) -> Read:
    if not any(FILES.glob(entry.files)):
        pytest.skip(f"published file {FILES / entry.files} is not here")
    return read(entry, FILES)


@pytest.mark.parametrize("entry", PUBLISHED, ids=lambda entry: f"{entry.contract}: {entry.title}")
def test_every_row_of_a_published_file_is_accounted_for(entry):
    landing, facts = found(entry).landing, found(entry).facts
    assert landing.delivered == entry.rows
    assert {rule: count for rule, count in landing.rejections.items() if count} == entry.quarantined
    assert landing.accepted == landing.delivered - landing.quarantined
    assert facts == entry.facts


def test_the_published_table_is_what_the_command_writes():
    written = (ROOT / "docs" / "published-files.md").read_text()
    assert table.page((entry, found(entry).landing) for entry in PUBLISHED) == written


@pytest.mark.parametrize(
    ("contract", "file"),
    [
        ("practice_membership", "registers/gp-reg-pat-prac-map_2025-10.csv"),
        ("practice_directory", "ods/epraccur_2022-12.csv"),
        ("pcn_core_partner", "ods/ePCN_2024-10.xlsx"),
        ("deprivation_score", "imd/IMD2019_File_7_scores_and_denominators.parquet"),
    ],
)
def test_a_published_file_reads_the_same_packed(tmp_path, contract, file):
    path = FILES / file
    if not path.exists():
        pytest.skip(f"published file {path} is not here")
    gzipped, zipped = tmp_path / f"{path.name}.gz", tmp_path / "published.zip"
    gzipped.write_bytes(gzip.compress(path.read_bytes(), 1))
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, f"published/{path.name}")
    plain, *packed = (open_delivered(form, load_contract(contract)) for form in (path, gzipped, zipped))
    rows = pa.Table.from_batches(plain.read())
    assert len(rows) == plain.records > 0
    for form in packed:
        assert pa.Table.from_batches(form.read()).equals(rows)


def test_check_digits_agree_with_vectors_of_other_implementations():
    path = SHARED / "oracles" / "identifiers" / "nhs_number_vectors.csv"
    if not path.exists():
        pytest.skip(f"file of vectors {path} is not here")
    with path.open(newline="") as file:
        vectors = [(row["nhs_number"], row["source_says_valid"] == "1") for row in csv.DictReader(file)]
    vectors = [(text.replace(" ", "").replace("-", ""), is_valid) for text, is_valid in vectors]  # written in groups
    with duckdb.connect() as con:
        con.execute(row_sql.IS_NHS_NUMBER)
        query = "SELECT is_nhs_number(?::VARCHAR)"
        assert [(text, con.execute(query, [text]).fetchone()[0]) for text, _ in vectors] == vectors

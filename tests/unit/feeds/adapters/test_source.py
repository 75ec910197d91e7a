"""Extracts that cannot be read are refused by the name of what is wrong; a zip file reads as its folder does."""

import zipfile
from pathlib import Path

import duckdb
import pytest

from phm.errors import UnreadableFeed
from phm.feeds.adapters.forms import FORMS
from phm.feeds.adapters.source import load_tables
from tests.unit.feeds.adapters.extracts import OMOP, write_extract

TABLES = FORMS["omop"].tables


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


def zipped(folder: Path, path: Path, *, inside: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{inside}{file.name}")
    return path


def test_a_zip_file_reads_as_its_folder_does(con, tmp_path):
    folder = write_extract(tmp_path / "extract", OMOP)
    path = zipped(folder, tmp_path / "extract.zip", inside="cdm/")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/cdm/._PERSON.csv", b"\0\5\26\7")

    read = load_tables(con, path, TABLES)

    assert read == {
        "person": 3, "death": 2, "visit_occurrence": 4, "measurement": 12, "condition_occurrence": 1,
        "drug_exposure": 3, "concept": 11,
    }  # fmt: skip
    assert con.execute("SELECT count(*) FROM source.measurement").fetchone() == (12,)
    assert con.execute("SELECT count(*) FROM source.observation").fetchone() == (0,)


def test_names_of_columns_may_be_in_capitals(con, tmp_path):
    capitals = {**OMOP, "DEATH": OMOP["DEATH"].upper()}
    assert load_tables(con, write_extract(tmp_path / "extract", capitals), TABLES)["death"] == 2


def test_a_missing_table_is_named(con, tmp_path):
    folder = write_extract(tmp_path / "extract", {name: text for name, text in OMOP.items() if name != "MEASUREMENT"})
    with pytest.raises(UnreadableFeed, match=r"Table measurement is missing from the extract \(extract\).*CONCEPT.csv"):
        load_tables(con, folder, TABLES)


def test_a_missing_column_is_named(con, tmp_path):
    tables = {**OMOP, "PERSON": OMOP["PERSON"].replace("year_of_birth", "year")}
    with pytest.raises(UnreadableFeed, match=r"Column year_of_birth is missing \(PERSON.csv\)"):
        load_tables(con, write_extract(tmp_path / "extract", tables), TABLES)


def test_an_empty_zip_file_has_no_tables(con, tmp_path):
    with zipfile.ZipFile(tmp_path / "extract.zip", "w"):
        pass
    with pytest.raises(UnreadableFeed, match=r"Table person is missing.*no CSV files"):
        load_tables(con, tmp_path / "extract.zip", TABLES)


def test_a_file_that_is_no_zip_file_is_refused(con, tmp_path):
    path = tmp_path / "extract.zip"
    path.write_text("person_id\n1\n")
    with pytest.raises(UnreadableFeed, match=r"cannot be read \(BadZipFile\) \(extract.zip\)"):
        load_tables(con, path, TABLES)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_is_refused(con, tmp_path, compression):
    path = tmp_path / "extract.zip"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, text in OMOP.items():
            archive.writestr(f"{name}.csv", text)
        member = archive.getinfo("PERSON.csv")
    content = bytearray(path.read_bytes())
    start = member.header_offset + 30 + len("PERSON.csv")
    content[start + 4 : start + 25] = b"\xff" * 21
    path.write_bytes(content)
    with pytest.raises(UnreadableFeed):
        load_tables(con, path, TABLES)


def test_a_member_that_unpacks_to_far_more_is_refused(con, tmp_path):
    path = tmp_path / "extract.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("PERSON.csv", "w") as member:
        for _ in range(66):
            member.write(b"\n" * (1 << 20))
    with pytest.raises(UnreadableFeed, match="100 times its size"):
        load_tables(con, path, TABLES)


def test_a_table_twice_is_refused(con, tmp_path):
    folder = write_extract(tmp_path / "extract", OMOP)
    (folder / "person.csv").write_text(OMOP["PERSON"])
    if len({p.name.lower() for p in folder.iterdir()}) == len(list(folder.iterdir())):
        pytest.skip("the file system does not tell PERSON.csv from person.csv")
    with pytest.raises(UnreadableFeed, match="Table person stands in the extract twice"):
        load_tables(con, folder, TABLES)

"""Identifiers stay in the vault: every NHS number of the sample is a canary, looked for in all that a run wrote."""

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from phm.store import Store

SAMPLE = Path(__file__).parents[2] / "data_samples"


@pytest.fixture(scope="module")
def canaries() -> set[str]:
    """Every NHS number delivered, those of rows that landing rejects included."""
    files = [*SAMPLE.glob("*/*/gp_*/*.csv"), *SAMPLE.glob("*/*/emergency_attendance.csv")]
    numbers = {number for file in files for number in ten_digits(file.read_bytes())}
    delivered = {number for number in numbers if number.startswith("999")}
    assert len(delivered) > 3000
    return delivered


def test_no_nhs_number_is_outside_the_vault(published_home: Path, canaries: set[str]) -> None:
    vault = published_home / "vault"
    told = {
        path.relative_to(published_home).as_posix()
        for path in published_home.rglob("*")
        if path.is_file() and vault not in path.parents and canaries & set(numbers_in(path))
    }
    assert not told


def test_the_search_finds_what_is_in_the_vault(published_home: Path, canaries: set[str]) -> None:
    (partition,) = Store(published_home).partitions()
    (identity,) = Store(published_home).files("identity", partition)
    assert len(canaries & set(numbers_in(identity))) > 3000


def test_no_date_of_birth_is_outside_the_vault(published_home: Path) -> None:
    """No date of any table is most people's date of birth; some are by chance, as a newborn's registration."""
    store = Store(published_home)
    (partition,) = store.partitions()
    con = duckdb.connect()
    con.read_parquet([str(file) for file in store.files("identity", partition)]).create("identity")
    looked_at = 0
    for path in published_home.glob("tables/*/*/*/*/*.parquet"):
        schema = pq.read_schema(path)
        for field in schema if "person_id" in schema.names else ():
            if str(field.type).startswith(("date", "timestamp")):
                (share,) = con.execute(
                    f"SELECT avg((t.{field.name} = date_of_birth)::INT) FROM read_parquet(?) t JOIN identity "
                    "USING (person_id)",
                    [str(path)],
                ).fetchone()
                looked_at += 1
                assert (share or 0) < 0.2, f"{path.parents[3].name}.{field.name}"
    assert looked_at > 10


def numbers_in(path: Path) -> Iterator[str]:
    """Ten-digit numbers in a file, whatever its format; of a table those in its values."""
    if path.suffix != ".parquet":
        yield from ten_digits(path.read_bytes())
        return
    for batch in pq.ParquetFile(path).iter_batches():
        yield from ten_digits(repr(batch.to_pydict()).encode())


def ten_digits(content: bytes) -> Iterator[str]:
    return (match.decode() for match in re.findall(rb"(?<![0-9])[0-9]{10}(?![0-9])", content))

"""Canary: identifiers of delivered people are nowhere but in the vault, whatever is logged, checked or reported."""

import io
import logging
import shutil
import zipfile
import zlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from phm.store import Partition, Store
from pipelines.run import Site, run_partition
from tests.conftest import SAMPLE, SAMPLE_PARTITION

CANARY_NUMBER = "9991234578"
"""Valid by modulus 11, never issued, and in no other row of the sample."""
CANARY_BORN = "1985-07-23"
MALFORMED = "99912345AB"
"""An identifier that landing has to reject, and whose rejection must not repeat it."""


@pytest.fixture(scope="module")
def canary_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home published from the sample with a canary in every patient feed, and everything logged meanwhile."""
    folder = tmp_path_factory.mktemp("canary")
    feeds, home = folder / "feeds", folder / "home"
    delivery = feeds / SAMPLE_PARTITION.path
    shutil.copytree(SAMPLE / SAMPLE_PARTITION.path, delivery)
    practice = sorted(f.stem for f in (delivery / "gp_register").iterdir())[0]
    born = {"date_of_birth": CANARY_BORN, "registration_date": "2010-01-04"}
    _append(delivery / "gp_register" / f"{practice}.csv", born, CANARY_NUMBER)
    _append(delivery / "gp_register" / f"{practice}.csv", born, MALFORMED)
    for feed, key in (("gp_event", "record_id"), ("gp_medication", "record_id")):
        _append(delivery / feed / f"{practice}.csv", {key: "99000001"}, CANARY_NUMBER)
        _append(delivery / feed / f"{practice}.csv", {key: "99000002"}, MALFORMED)
    _append(delivery / "emergency_attendance.csv", {"attendance_id": "CANARY-1"}, CANARY_NUMBER)

    logged = io.StringIO()
    handler = logging.StreamHandler(logged)
    logging.getLogger().addHandler(handler)
    try:
        run_partition(
            SAMPLE_PARTITION, site=Site(home=str(home), feeds=str(feeds), demo=True), listener=lambda *_: None
        )
    finally:
        logging.getLogger().removeHandler(handler)
    return home, logged.getvalue()


def _append(path: Path, changed: dict[str, str], nhs_number: str) -> None:
    """Add a copy of the last row with another NHS number."""
    header, *_, last = path.read_text().splitlines()
    names = [name.strip('"') for name in header.split(",")]
    row = dict(zip(names, last.split(","), strict=True)) | changed | {"nhs_number": nhs_number}
    with path.open("a") as file:
        file.write(",".join(row[name] for name in names) + "\n")


def _texts(path: Path) -> list[bytes]:
    """What a reader of the file can see: its bytes, and what is compressed inside."""
    content = [path.read_bytes()]
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        content.append(repr([column.to_pylist() for column in table.columns]).encode())
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            content += [archive.read(name) for name in archive.namelist()]
    elif path.suffix == ".gz":
        content.append(zlib.decompress(content[0], wbits=31))
    return content


def test_the_canary_was_landed(canary_run: tuple[Path, str]) -> None:
    home, _ = canary_run
    vault = [text for file in (home / "vault").rglob("*.parquet") for text in _texts(file)]

    assert any(CANARY_NUMBER.encode() in text for text in vault)
    assert any(b"datetime.date(1985, 7, 23)" in text for text in vault)


@pytest.mark.parametrize("canary", [CANARY_NUMBER, MALFORMED, CANARY_BORN, "datetime.date(1985, 7, 23)"])
def test_nothing_outside_the_vault_holds_the_canary(canary_run: tuple[Path, str], canary: str) -> None:
    home, logged = canary_run
    outside = [f for f in home.rglob("*") if f.is_file() and not f.is_relative_to(home / "vault")]

    assert len(outside) > 30
    assert [f.relative_to(home) for f in outside if any(canary.encode() in text for text in _texts(f))] == []
    assert canary not in logged


def test_no_published_table_has_a_column_of_identifiers(published_home: Path) -> None:
    store = Store(published_home)
    for table in store.manifest(SAMPLE_PARTITION)["tables"]:
        for file in store.files(table, SAMPLE_PARTITION):
            if file.suffix == ".parquet" and not file.is_relative_to(store.vault):
                assert not {"nhs_number", "date_of_birth"} & set(pq.read_schema(file).names)


def test_the_vault_is_for_its_owner_only(published_home: Path) -> None:
    vault = Store(published_home).vault

    assert vault.stat().st_mode & 0o077 == 0
    assert all(f.stat().st_mode & 0o077 == 0 for f in vault.rglob("*.xlsx"))


def test_a_key_is_needed_outside_the_demonstration(tmp_path: Path) -> None:
    from phm.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match="key"):
        run_partition(
            Partition(SAMPLE_PARTITION.month, SAMPLE_PARTITION.icb_code),
            site=Site(home=str(tmp_path / "home"), feeds=str(SAMPLE)),
            listener=lambda *_: None,
        )

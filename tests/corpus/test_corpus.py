"""Damaged deliveries: each becomes exactly what the corpus says, and what is refused or rejected shows no value."""

import logging
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from phm.cli import main
from phm.errors import PhmError
from phm.feeds.contracts import load_contract
from phm.feeds.landing import Landing
from tests.corpus.characters import character_variants
from tests.corpus.columnar import columnar_variants
from tests.corpus.deliveries import land_one, secrets, written
from tests.corpus.packed import packed_variants
from tests.corpus.records import record_variants
from tests.corpus.sheets import sheet_variants
from tests.corpus.texts import text_variants
from tests.corpus.values import value_variants
from tests.corpus.variants import CLEAN, Landed, Refused

SOURCES = (
    character_variants,
    text_variants,
    record_variants,
    value_variants,
    packed_variants,
    sheet_variants,
    columnar_variants,
)
VARIANTS = {variant.id: variant for source in SOURCES for variant in source()}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:  # the files are small
        yield connection


def rows_of(files: Iterable[Path]) -> list[dict[str, object]]:
    return [row for file in files for row in pq.read_table(file).to_pylist()]


@pytest.fixture(scope="module")
def clean_rows(con, tmp_path_factory) -> dict[str, list[dict[str, object]]]:
    """The rows the clean deliveries land as, by feed."""
    rows = {}
    for feed, clean in CLEAN.items():
        folder = tmp_path_factory.mktemp(feed)
        path = written(folder / "delivery" / f"{clean.file}.csv", clean.bytes())
        rows[feed] = rows_of(land_one(con, clean, path, folder).accepted_files)
    return rows


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> Path:
    """The working directory, home and folder for temporary files: nothing may be left there."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("HOME", "TMPDIR", "PHM_HOME"):
        monkeypatch.setenv(name, str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(folder)
    return folder


def test_the_corpus_is_large_and_names_no_variant_twice():
    assert len(VARIANTS) == sum(1 for source in SOURCES for _ in source()) >= 300
    assert {variant.clean.feed for variant in VARIANTS.values()} == set(CLEAN)


@pytest.mark.parametrize("feed", CLEAN)
def test_a_clean_file_is_landed_as_it_stands_there(feed, clean_rows):
    """What the damaged files are compared with is itself right: every value is that of the text."""
    clean, contract = CLEAN[feed], load_contract(feed)
    kept = [column for column in contract.columns if not column.is_identifiable]
    places = [clean.place(next(name for name in column.headers if name in clean.header)) for column in kept]
    assert [[as_text(row[column.name]) for column in kept] for row in clean_rows[feed]] == [
        [row[place].replace("01Oct2026", "2026-10-01") for place in places] for row in clean.rows
    ]


def as_text(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_a_damaged_file(variant, con, clean_rows, tmp_path, elsewhere, caplog, capfd):
    content = variant.damage(variant.clean)
    path = written(tmp_path / "delivery" / variant.file, content)
    caplog.set_level(logging.DEBUG)
    if isinstance(variant.outcome, Refused):
        with pytest.raises(PhmError, match=re.escape(variant.outcome.what)) as caught:
            land_one(con, variant.clean, path, tmp_path)
        assert variant.file in str(caught.value)
        seen = str(caught.value)
    else:
        landing = land_one(con, variant.clean, path, tmp_path)
        rejected = rows_of(landing.quarantine_files)
        accepted = rows_of(landing.accepted_files)
        check(variant.outcome, landing, accepted, rejected, clean_rows[variant.clean.feed])
        seen = f"{landing.files[0].notes} {landing.rejections} {landing.warnings} {rejected}"
    told = capfd.readouterr()
    for secret in secrets(variant.clean):
        assert secret not in f"{seen}{caplog.text}{told.out}{told.err}"
    assert list(elsewhere.iterdir()) == []
    assert {p.name for p in tmp_path.iterdir()} <= {"delivery", "elsewhere", "out"}
    assert [p for p in (tmp_path / "delivery").rglob("*") if p.is_file()] == [path]
    assert path.read_bytes() == content


def check(outcome: Landed, landing: Landing, accepted: list, rejected: list, clean: list) -> None:
    """Each record is where it belongs: with the values of its clean row, or with the reasons it was rejected."""
    numbered = list(enumerate(outcome.records, 1))
    assert landing.delivered == len(numbered)
    assert [(row["row_number"], row["rule_ids"]) for row in rejected] == [
        (number, record) for number, record in numbered if isinstance(record, str)
    ]
    wanted = []
    for number, record in numbered:
        if not isinstance(record, str):
            changed = {column: value for (n, column), value in outcome.changed.items() if n == number}
            wanted.append({**clean[record], **changed})
    assert accepted == wanted
    assert set(outcome.notes) <= set(landing.files[0].notes)


@pytest.mark.parametrize(
    ("variant_id", "exit_code"),
    [
        ("encoding: UTF-16 BE with a BOM", 0),
        ("form: .xlsx", 0),
        ("rows: one row twice", 1),
        ("rows: a total at the end", 1),
        ("delimiter: semicolons", 2),
        ("cut short: .parquet at 0.5", 2),
        ("bomb: gzip", 2),
    ],
)
def test_validate_ends_as_its_finding_is(variant_id, exit_code, tmp_path, elsewhere, monkeypatch, capfd):
    variant = VARIANTS[f"{variant_id} (place_membership)"]
    path = written(tmp_path / variant.file, variant.damage(variant.clean))
    command = ["phm", "validate", str(path), "--contract", "place_membership", "--month", "2026-10"]
    monkeypatch.setattr(sys, "argv", command)

    with pytest.raises(SystemExit) as ended:
        main()

    told = capfd.readouterr()
    assert ended.value.code == exit_code
    assert "Traceback" not in told.err
    assert (path.name in told.err.replace("\n", "")) == (exit_code > 0)
    assert not [secret for secret in secrets(variant.clean) if secret in told.out + told.err]
    assert list(elsewhere.iterdir()) == []

"""Bytes flipped, cut out, repeated or put in at random: a file is refused by name or all its records are conserved."""

import csv
import gzip
import io
import tempfile
import zipfile
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phm.errors import PhmError
from tests.corpus.deliveries import land_one, secrets, written
from tests.corpus.packed import FORMS, zipped
from tests.corpus.sheets import edited, workbook
from tests.corpus.variants import CLEAN

DAMAGE = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut out", "repeat", "put in", "cut off"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(1, 40),
        st.sampled_from([b"\0", b'"', b"\n", b"\r", b",", b" ", b"\xff", b"9", b"\xc3\xa9", b"\x92"]),
    ),
    min_size=1,
    max_size=4,
)
FEEDS = st.sampled_from(["gp_event", "deprivation", "practice_membership", "place_membership"])


def damaged(content: bytes, damage: list[tuple[str, float, int, bytes]]) -> bytes:
    """`content` after each change in turn: what is done, where (as a share of the length), to how many bytes."""
    for kind, share, count, piece in damage:
        at = int(share * len(content))
        match kind:
            case "flip":
                content = content[:at] + bytes(byte ^ count for byte in content[at : at + 1]) + content[at + 1 :]
            case "cut out":
                content = content[:at] + content[at + count :]
            case "repeat":
                content = content[: at + count] + content[at:]
            case "put in":
                content = content[:at] + piece + content[at:]
            case "cut off":
                content = content[:-count]
    return content


@pytest.fixture(scope="module")
def con():
    with duckdb.connect(config={"threads": 1}) as connection:  # the files are small
        yield connection


def check(con: duckdb.DuckDBPyConnection, feed: str, suffix: str, content: bytes) -> int | None:
    """Number of records that were landed, None where the file was refused."""
    clean = CLEAN[feed]
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "delivery" / f"{clean.file}{suffix}", content)
        try:
            landing = land_one(con, clean, path, Path(folder))
        except PhmError as error:
            assert path.name in str(error)
            assert not [secret for secret in secrets(clean) if secret in str(error)]
            return None
        accepted, quarantined = (
            sum(pq.read_metadata(file).num_rows for file in files)
            for files in (landing.accepted_files, landing.quarantine_files)
        )
    assert (accepted, quarantined) == (landing.accepted, landing.quarantined)
    return accepted + quarantined


def counted(content: bytes) -> int:
    """Number of records below the header, by the parser of the standard library."""
    coding = "utf-8-sig"
    try:
        content.decode(coding)
    except UnicodeDecodeError:
        coding = "cp1252"
    return sum(1 for row in csv.reader(io.StringIO(content.decode(coding), newline="")) if row) - 1


@settings(max_examples=60)
@given(feed=FEEDS, damage=DAMAGE, packing=st.sampled_from([".csv", ".csv.gz", ".zip"]))
def test_text(con, feed, damage, packing):
    content = damaged(CLEAN[feed].bytes(), damage)
    pack = {".csv": bytes, ".csv.gz": gzip.compress, ".zip": lambda content: zipped(("data.csv", content))}[packing]
    landed = check(con, feed, packing, pack(content))
    assert landed is None or landed == counted(content)


@settings(max_examples=60)
@given(feed=FEEDS, damage=DAMAGE, suffix=st.sampled_from(list(FORMS)))
def test_packed(con, feed, damage, suffix):
    landed = check(con, feed, suffix, damaged(FORMS[suffix](CLEAN[feed]), damage))
    if suffix in (".csv.gz", ".zip"):  # these carry a checksum: nothing damaged is taken for data
        assert landed in (None, len(CLEAN[feed].rows))


@settings(max_examples=40)
@given(feed=FEEDS, damage=DAMAGE, data=st.data())
def test_parts_of_a_workbook(con, feed, damage, data):
    book = workbook(CLEAN[feed])
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        part = data.draw(st.sampled_from(archive.namelist()))
    check(con, feed, ".xlsx", edited(book, part, lambda content: damaged(content, damage)))

"""Packed deliveries: what is taken out of them, what is refused, and that nothing lands on the disk or stays open."""

import gc
import gzip
import sys
import zipfile

import pytest

from phm.errors import UnreadableFeed
from phm.feeds import packing
from phm.feeds.contracts import load_contract
from phm.feeds.readers import open_delivered
from tests.unit.feeds.delivered import workbook, zipped

PLACES = b"Practice_Code,Type,Locality_Code,Locality\nM85001,Main,P1,North\n"


@pytest.fixture
def place_membership():
    return load_contract("place_membership")


def _rows(path, contract):
    return [row for batch in open_delivered(path, contract).read() for row in batch.to_pylist()]


def _patched(content: bytes, *changes: tuple[int, int, bytes]) -> bytes:
    """A zip file of one member with bytes of its local header and of its directory entry replaced."""
    patched = bytearray(content)
    directory = patched.find(b"PK\1\2")
    for local, entry, value in changes:
        patched[local : local + len(value)] = value
        patched[directory + entry : directory + entry + len(value)] = value
    return bytes(patched)


@pytest.mark.parametrize("member", ["../../escaped.csv", "/escaped.csv", "..\\escaped.csv", "C:\\escaped.csv"])
def test_a_zip_file_is_never_unpacked_onto_the_disk(deliver, tmp_path, place_membership, member):
    path = deliver("deep/down/places.zip", zipped(member, PLACES))
    assert _rows(path, place_membership)[0]["place_name"] == "North"
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]


def test_a_gzipped_file_in_a_zip_file_is_read_and_a_third_layer_is_refused(deliver, place_membership):
    twice = zipped("places.csv.gz", gzip.compress(PLACES))
    assert len(_rows(deliver("twice.zip", twice), place_membership)) == 1
    with pytest.raises(UnreadableFeed, match=r"packed more than 2 times over \(thrice.zip\)"):
        _rows(deliver("thrice.zip", zipped("twice.zip", twice)), place_membership)


def test_a_locked_zip_file_is_refused_as_such(deliver, place_membership):
    locked = _patched(zipped("places.csv", PLACES), (6, 8, b"\1"))
    with pytest.raises(UnreadableFeed, match=r"locked with a password \(places.zip\)"):
        _rows(deliver("places.zip", locked), place_membership)


def test_an_unknown_compression_is_refused_as_such(deliver, place_membership):
    deflate64 = _patched(zipped("places.csv", PLACES), (8, 10, b"\x09"))
    with pytest.raises(UnreadableFeed, match=r"compressed in a way that cannot be read \(places.zip\)"):
        _rows(deliver("places.zip", deflate64), place_membership)


@pytest.fixture
def small_floor(monkeypatch):
    monkeypatch.setattr(packing, "_FLOOR_BYTES", 1 << 20)


BOMB = PLACES + b"M85002,Main,P1,South\n" * 200_000


@pytest.mark.usefixtures("small_floor")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("places.csv.gz", gzip.compress(BOMB)),
        ("places.zip", zipped("places.csv", BOMB)),
        ("places.zip", zipped("places.csv.gz", gzip.compress(BOMB))),
        ("places.xlsx", workbook([["Practice_Code"], *([["M85001"]] * 60_000)])),
    ],
)
def test_a_file_that_unpacks_to_a_multiple_of_its_size_is_refused(
    deliver, place_membership, name, content, monkeypatch
):
    monkeypatch.setattr(packing, "_RATIO", 10)
    with pytest.raises(UnreadableFeed, match=rf"unpacks to more than 10 times its size \({name}\)"):
        _rows(deliver(name, content), place_membership)


@pytest.mark.usefixtures("small_floor")
def test_a_zip_file_that_lies_about_its_size_is_refused(deliver, place_membership):
    lying = _patched(zipped("places.csv", BOMB), (22, 24, b"\0\1\0\0"))
    with pytest.raises(UnreadableFeed, match=r"damaged \(BadZipFile\) \(places.zip\)"):
        _rows(deliver("places.zip", lying), place_membership)


def test_an_honest_file_may_unpack_to_a_hundred_times_its_size(deliver, place_membership):
    content = PLACES * 300_000
    packed = gzip.compress(content)
    assert 100 < len(content) / len(packed) < 1000
    assert open_delivered(deliver("places.csv.gz", packed), place_membership).records == 599_999


def test_nothing_stays_open_after_an_error_or_an_early_end(deliver, place_membership, monkeypatch):
    unclosed = []
    monkeypatch.setattr(sys, "unraisablehook", unclosed.append)  # where a ResourceWarning made an error ends
    content = PLACES + b"M85002,Main,P1,South\n" * 300_000
    forms = {"a.csv": content, "a.csv.gz": gzip.compress(content), "a.zip": zipped("a.csv", content)}
    forms["twice.zip"] = zipped("a.csv.gz", forms["a.csv.gz"])
    for name, packed in forms.items():
        reading = open_delivered(deliver(name, packed), place_membership).read()
        next(reading)
        del reading
    for name, packed in {**forms, "bad.csv": content + b"\0", "bad.csv.gz": gzip.compress(content + b"\0")}.items():
        damaged = packed[: len(packed) // 2] + b"\0" * 100 + packed[len(packed) // 2 :]
        with pytest.raises(UnreadableFeed):
            _rows(deliver(f"damaged/{name}", damaged), place_membership)
    gc.collect()
    assert unclosed == []


def test_a_damaged_directory_of_a_zip_file_is_refused(deliver, place_membership):
    content = zipped("places.csv", PLACES)
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(deliver("probe.zip", content[:-10]))
    with pytest.raises(UnreadableFeed, match=r"damaged \(BadZipFile\) \(cut.zip\)"):
        _rows(deliver("cut.zip", content[:-10]), place_membership)

"""Parquet deliveries that are not what they seem: nested, binary, or small and endless."""

import pyarrow as pa
import pytest

from phm.errors import UnreadableFeed
from phm.feeds import columnar, packing
from phm.feeds.contracts import load_contract
from phm.feeds.readers import open_delivered
from tests.unit.feeds.delivered import parquet


def _places(count: int, *, locality: pa.Array | None = None) -> pa.Table:
    columns = {"Practice_Code": "M85001", "Type": "Main", "Locality_Code": "P1", "Locality": "North"}
    repeated = {name: pa.repeat(value, count) for name, value in columns.items()}
    return pa.table({**repeated, "Locality": locality} if locality is not None else repeated)


def _read(path):
    return pa.Table.from_batches(open_delivered(path, load_contract("place_membership")).read())


def test_a_column_of_lists_is_refused_by_name(deliver):
    path = deliver("places.parquet", parquet(_places(1, locality=pa.array([["North"]]))))
    with pytest.raises(UnreadableFeed, match=r"Column place_name holds nested values \(places.parquet\)"):
        _read(path)


def test_bytes_that_are_no_text_are_refused(deliver):
    path = deliver("places.parquet", parquet(_places(1, locality=pa.array([b"\xff\xfe"]))))
    with pytest.raises(UnreadableFeed, match=r"damaged \(ArrowInvalid\) \(places.parquet\)"):
        _read(path)


def test_repeated_values_are_read_as_they_are(deliver):
    rows = _read(deliver("places.parquet", parquet(_places(70_000))))
    assert rows["place_name"].unique().to_pylist() == ["North"]
    assert rows["row_number"].to_pylist() == list(range(1, 70_001))


def test_a_file_that_spells_out_to_a_multiple_of_its_size_is_refused(deliver, monkeypatch):
    monkeypatch.setattr(packing, "_FLOOR_BYTES", 1 << 20)
    with pytest.raises(UnreadableFeed, match=r"unpacks to more than 100 times its size \(places.parquet\)"):
        _read(deliver("places.parquet", parquet(_places(200_000))))


def test_an_enormous_value_is_measured_before_it_is_repeated(deliver, monkeypatch):
    monkeypatch.setattr(columnar, "_BATCH_BYTES", 1 << 20)
    locality = pa.DictionaryArray.from_arrays(pa.array([0] * 500, pa.int32()), ["x" * 10_000])
    with pytest.raises(UnreadableFeed, match=r"enormous values \(places.parquet\)"):
        _read(deliver("places.parquet", parquet(_places(500, locality=locality))))


def test_a_column_that_repeats_is_one_kept_in_a_dictionary(deliver):
    distinct = pa.array([f"North {number}" for number in range(5_000)])
    path = deliver("places.parquet", parquet(_places(5_000, locality=distinct)))
    with columnar.pq.ParquetFile(path) as file:
        assert columnar._repetitive(file.metadata) == ["Locality_Code", "Practice_Code", "Type"]

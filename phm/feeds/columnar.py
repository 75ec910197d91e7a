"""Parquet files as records.

Belongs here: how values of every Parquet type become the text a CSV file would hold.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from phm.errors import UnreadableFeed
from phm.feeds.contracts import Contract
from phm.feeds.layout import Opened, naming_notes, positions, records, trimmed
from phm.feeds.packing import Unpacked

_BATCH_BYTES = 256 << 20
_PLAIN_TEXT_BYTES = 4  # a text not kept in a dictionary takes at least its length, four bytes


def open_parquet(source: Unpacked, contract: Contract) -> Opened:
    """Open a Parquet file; a column of nested values is refused by name."""
    with source.open_seekable() as file, pq.ParquetFile(file) as parquet:
        schema, metadata = parquet.schema_arrow, parquet.metadata
    places = positions(schema.names, contract, source.label)
    for column, place in zip(contract.columns, places, strict=True):
        if place is not None and pa.types.is_nested(schema.field(place).type):
            raise UnreadableFeed(
                f"Column {column.name} holds nested values", name=source.label, hint="It must hold one value a row."
            )
    names = [None if place is None else schema.names[place] for place in places]
    wanted = [name for name in names if name is not None]
    repetitive = _repetitive(metadata)

    def read() -> Iterator[pa.RecordBatch]:
        start, allowance = 1, source.allowance()
        with source.open_seekable() as file, pq.ParquetFile(file, read_dictionary=repetitive) as parquet:
            for block in parquet.iter_batches(columns=wanted):
                size = sum(map(_decoded_bytes, block.columns))
                allowance.spend(size)
                if size > _BATCH_BYTES:
                    raise UnreadableFeed(
                        "A delivered file holds enormous values", name=source.label, hint="Remove free text from it."
                    )
                columns = [None if name is None else _as_text(block.column(name)) for name in names]
                yield records(columns, np.arange(start, start + block.num_rows), contract)
                start += block.num_rows

    return Opened(metadata.num_rows, naming_notes(schema.names, contract), read)


def _repetitive(metadata: pq.FileMetaData) -> list[str]:
    """Text columns so small that they must be kept in dictionaries, which are measured before they are spelt out."""
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    return sorted(
        {
            chunk.path_in_schema
            for group in groups
            for chunk in map(group.column, range(group.num_columns))
            if chunk.physical_type == "BYTE_ARRAY"
            and chunk.total_uncompressed_size < _PLAIN_TEXT_BYTES * chunk.num_values
        }
    )


def _decoded_bytes(column: pa.Array) -> int:
    if pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type):
        lengths = pc.binary_length(column.dictionary).cast(pa.int64())
        return pc.sum(lengths.take(column.indices)).as_py() or 0
    return column.nbytes


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    if pa.types.is_timestamp(column.type):
        dates = column.cast(pa.date32(), safe=False)
        if dates.cast(column.type).equals(column):  # midnight throughout: a date that was stored as a time
            column = dates
    return trimmed(column.cast(pa.string()))

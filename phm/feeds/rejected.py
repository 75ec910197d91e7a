"""The rows a landing rejected, as they were delivered: for the eyes of those who may see the data only.

Belongs here: putting rejected rows back together with what stood in them. Quarantine itself holds no values.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from phm.feeds.contracts import Contract
from phm.feeds.landing import Landing
from phm.feeds.layout import record_schema
from phm.feeds.readers import DeliveredFile, open_delivered
from phm.feeds.schema import literal

_SOURCE_FILE = pa.field("source_file", pa.string())


def write_rejected(
    con: duckdb.DuckDBPyConnection, landing: Landing, contract: Contract, files: Iterable[Path], out: Path, /
) -> int:
    """Write every rejected row of `files` to the CSV file `out`, readable by its owner only; returns their number.

    Columns: `source_file`, `row_number`, `rule_ids`, then the contract's columns as the text that was delivered; a
    record with more or fewer fields than the header has none. `landing` is what `land` made of the same files.
    """
    touched = {count.name for count in landing.files if count.quarantined}
    opened = [open_delivered(path, contract) for path in files]
    out.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with con.cursor() as cursor:
        reader = pa.RecordBatchReader.from_batches(
            record_schema(contract).append(_SOURCE_FILE), _records(file for file in opened if file.name in touched)
        )
        cursor.register("delivered", reader)
        quarantine = f"read_parquet([{', '.join(map(literal, landing.quarantine_files))}])"
        columns = ", ".join(f'delivered."{name}"' for name in contract.column_names)
        rows = cursor.execute(
            f"""
            COPY (
                SELECT source_file, row_number, rule_ids, {columns}
                FROM delivered JOIN (SELECT source_file, row_number, rule_ids FROM {quarantine})
                    USING (source_file, row_number)
                ORDER BY source_file, row_number
            ) TO {literal(out)} (FORMAT csv, HEADER)
            """
        ).fetchone()[0]
    out.chmod(0o600)  # until here its folder keeps others out
    return rows


def _records(files: Iterable[DeliveredFile]) -> Iterator[pa.RecordBatch]:
    for file in files:
        for batch in file.read():
            yield batch.append_column(_SOURCE_FILE, pa.repeat(file.name, batch.num_rows))

"""Where a contract's columns stand in a delivered file, and the form every reader hands records on in."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from phm.errors import UnreadableFeed
from phm.feeds.contracts import Contract
from phm.feeds.plain import PlainText

ROW_NUMBER, IS_MALFORMED = "row_number", "is_malformed"
_ARROW_TYPES = {
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
}


class Opened(NamedTuple):
    """What every reader gives: number of data records, notes, and a function that reads them.

    `plain` is how the engine can read the same records by itself, where the file is so plain that it can.
    """

    records: int
    notes: tuple[str, ...]
    read: Callable[[], Iterator[pa.RecordBatch]]
    plain: PlainText | None = None


def plain(name: str) -> str:
    """A column name with each run of white space as one space: published headers hold line breaks."""
    return " ".join(str(name).split())


def positions(header: Iterable[str], contract: Contract, label: str) -> tuple[int | None, ...]:
    """Where each column of `contract` stands in `header`, None for an optional one that is not there.

    `label` names the file in errors.

    Raises
    ------
    UnreadableFeed
        A column is missing (the message says which names are accepted and which is nearest) or stands there twice.
    """
    found = [plain(name) for name in header]
    places = []
    for column in contract.columns:
        accepted = list(dict.fromkeys(map(plain, column.headers)))
        name = next((name for name in accepted if name in found), None)
        if name is None and column.optional:
            places.append(None)
            continue
        if name is None:
            nearest = _nearest(accepted[0], found)
            raise UnreadableFeed(
                f"Column {column.name} is missing",
                name=label,
                hint=f"Accepted headers: {', '.join(accepted)}."
                + (f" Nearest in the file: {nearest}." if nearest else ""),
            )
        if found.count(name) > 1:
            raise UnreadableFeed(
                f"Column {column.name} stands in the file twice, as {name}", name=label, hint="Remove or rename one."
            )
        places.append(found.index(name))
    return tuple(places)


def naming_notes(header: Iterable[str], contract: Contract) -> tuple[str, ...]:
    """A sentence for each column that stands in the file under a name of an earlier release, or not at all."""
    found = {plain(name) for name in header}
    notes = []
    for column in contract.columns:
        current, *previous = map(plain, column.headers)
        used = next((name for name in previous if name in found), None)
        if used and current not in found:
            notes.append(f"{column.name} was read from {used}, a previous name of {current}")
        elif column.optional and current not in found:
            notes.append(f"{column.name} is not in the file")
    return tuple(notes)


def unnamed_note(unnamed: int, ignored: int) -> str:
    """A sentence for columns without a name; of a table pasted beside the data, some can be longer than the data."""
    beyond = f", and {ignored} records that have nothing else" if ignored else ""
    return f"{unnamed} columns without a name were ignored{beyond}"


def _nearest(name: str, found: list[str]) -> str | None:
    by_lower = {other.lower(): other for other in found if other}
    near = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.5)
    return by_lower[near[0]] if near else None


def table_schema(contract: Contract, /) -> pa.Schema:
    """Of a table the contract describes, held in memory: its columns in their types."""
    return pa.schema([(column.name, _ARROW_TYPES[column.type]) for column in contract.columns])


def record_schema(contract: Contract) -> pa.Schema:
    """Of the batches readers yield: the contract's columns as text, `row_number` and `is_malformed`."""
    texts = [(name, pa.string()) for name in contract.column_names]
    return pa.schema([*texts, (ROW_NUMBER, pa.int64()), (IS_MALFORMED, pa.bool_())])


def records(columns: Sequence[pa.Array | None], numbers: np.ndarray, contract: Contract) -> pa.RecordBatch:
    """A batch of well-formed records with these row numbers; a column that was not delivered (None) is empty."""
    nothing = pa.nulls(len(numbers), pa.string())
    arrays = [
        *(nothing if column is None else column for column in columns),
        pa.array(numbers, pa.int64()),
        pa.repeat(False, len(numbers)),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=record_schema(contract))


def malformed_records(numbers: list[int], contract: Contract) -> pa.RecordBatch:
    """A batch of records that have more or fewer fields than the header: nothing is known but their row numbers."""
    nothing = [pa.nulls(len(numbers), pa.string())] * len(contract.columns)
    arrays = [*nothing, pa.array(sorted(numbers), pa.int64()), pa.repeat(True, len(numbers))]
    return pa.RecordBatch.from_arrays(arrays, schema=record_schema(contract))


def trimmed(column: pa.Array) -> pa.Array:
    """Text without white space around it; empty text is null."""
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(text, ""), None, text)

"""Comma-separated text files as records.

Belongs here: the header, and parsing with Arrow. What can be known before parsing is found by `survey`.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from phm.errors import UnreadableFeed
from phm.feeds.contracts import Contract
from phm.feeds.layout import (
    IS_MALFORMED,
    Opened,
    malformed_records,
    naming_notes,
    plain,
    positions,
    records,
    trimmed,
    unnamed_note,
)
from phm.feeds.packing import Unpacked
from phm.feeds.plain import plain_text
from phm.feeds.survey import Survey, survey

_BLOCK_BYTES = 4 << 20
_HEADER_BYTES = 1 << 20
_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def open_csv(source: Unpacked, contract: Contract) -> Opened:
    """Open a comma-separated file. One without a header has the columns its contract lists, in that order."""
    found = survey(source.open, source.label)
    header = _first_record(source, found)
    has_header = not contract.header or _is_header(header, contract)
    if not has_header:
        if len(header) != len(contract.header):
            raise UnreadableFeed(
                f"A delivered file without a header has {len(header)} columns, expected are {len(contract.header)}",
                name=source.label,
                hint="Deliver it as published, or with the header the contract names.",
            )
        header = list(contract.header)
    separator = next((s for s in _OTHER_SEPARATORS if len(header) <= max(name.count(s) for name in header)), None)
    if separator:
        raise UnreadableFeed(
            f"A delivered file is separated by {_OTHER_SEPARATORS[separator]}, not by commas",
            name=source.label,
            hint="Export it as comma-separated values.",
        )
    parse = _Parse(source, contract, found, len(header), positions(header, contract, source.label), has_header)
    notes, ignored = (*found.notes, *naming_notes(header, contract)), 0
    unnamed = sum(not name.strip() for name in header)
    if unnamed:
        # A table pasted beside the data can be longer than the data: what is left of it there is nothing.
        ignored = sum(int(_is_empty(batch).sum()) for batch in parse.batches(keep_empty=True))
        notes = (*notes, unnamed_note(unnamed, ignored))
    plain = None if unnamed else plain_text(found, source.path, len(header), parse.positions, has_header=has_header)
    return Opened(parse.count - ignored, notes, lambda: parse.batches(keep_empty=not unnamed), plain)


def _first_record(source: Unpacked, found: Survey) -> list[str]:
    with source.open() as file:
        start = file.read(_HEADER_BYTES).decode(found.encoding, errors="ignore").removeprefix("\ufeff")
    try:
        return next(filter(None, csv.reader(io.StringIO(start, newline=""))))
    except csv.Error:
        raise UnreadableFeed(
            "A delivered file begins with an enormous value", name=source.label, hint="The first line is its header."
        ) from None


def _is_header(record: list[str], contract: Contract) -> bool:
    accepted = {plain(name) for column in contract.columns for name in column.headers}
    return any(plain(name) in accepted for name in record)


def _is_empty(batch: pa.RecordBatch) -> np.ndarray:
    columns = batch.drop_columns(["row_number", IS_MALFORMED]).columns
    empty = np.all([column.is_null().to_numpy(zero_copy_only=False) for column in columns], axis=0)
    return empty & ~batch.column(IS_MALFORMED).to_numpy(zero_copy_only=False)


@dataclass(frozen=True)
class _Parse:
    """How one surveyed CSV file is parsed: `width` fields in a record, the contract's at `positions`."""

    source: Unpacked
    contract: Contract
    survey: Survey
    width: int
    positions: tuple[int | None, ...]
    has_header: bool

    @property
    def count(self) -> int:
        """Number of data records."""
        return self.survey.records - self.has_header

    def batches(self, *, keep_empty: bool) -> Iterator[pa.RecordBatch]:
        malformed: list[int] = []

        def note_malformed(row: pa_csv.InvalidRow) -> str:
            malformed.append(row.number - self.has_header)
            return "skip"

        names = [str(i) for i in range(self.width)]
        places = [None if i is None else names[i] for i in self.positions]
        wanted = [name for name in places if name is not None]
        next_number, parsed = 1, 0
        headers_left = int(self.has_header)  # not left to the parser, which would skip a blank line above it instead
        with self.source.open() as file:
            try:
                blocks = pa_csv.open_csv(
                    file,
                    pa_csv.ReadOptions(
                        use_threads=False,
                        block_size=_BLOCK_BYTES,
                        column_names=names,
                        encoding=self.survey.encoding,
                    ),
                    pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note_malformed),
                    pa_csv.ConvertOptions(
                        include_columns=wanted,
                        column_types=dict.fromkeys(wanted, pa.string()),
                        strings_can_be_null=True,
                        null_values=[""],
                    ),
                )
                for block in blocks:
                    block, headers_left = block.slice(headers_left), max(0, headers_left - block.num_rows)
                    # The parser has met every malformed record up to here, and perhaps some further on.
                    numbers = _numbers(next_number, block.num_rows, malformed)
                    next_number = int(numbers[-1]) + 1 if len(numbers) else next_number
                    parsed += block.num_rows
                    columns = [None if name is None else block.column(name) for name in places]
                    if self.survey.has_spaces:
                        columns = [None if column is None else trimmed(column) for column in columns]
                    batch = records(columns, numbers, self.contract)
                    yield batch if keep_empty else batch.filter(pa.array(~_is_empty(batch)))
            except (pa.ArrowInvalid, UnicodeError) as error:
                raise UnreadableFeed(
                    f"A delivered file cannot be parsed ({type(error).__name__})",
                    name=self.source.label,
                    hint="Save it again as comma-separated values in UTF-8.",
                ) from None
        if parsed + len(malformed) != self.count:
            raise UnreadableFeed(
                f"{self.count} records were counted but {parsed + len(malformed)} parsed",
                name=self.source.label,
                hint="A quotation mark probably stands inside a value that is not itself in quotation marks.",
            )
        if malformed:
            yield malformed_records(malformed, self.contract)


def _numbers(start: int, count: int, skipped: list[int]) -> np.ndarray:
    """The next `count` row numbers from `start` that are not among `skipped`."""
    ahead = [number for number in skipped if number >= start]
    if not ahead:
        return np.arange(start, start + count)
    return np.setdiff1d(np.arange(start, start + count + len(ahead)), ahead)[:count]

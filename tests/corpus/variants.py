"""What the corpus is made of: clean feeds taken from the sample, variants of them, and what must become of each.

A variant says how the bytes of one clean feed are damaged and what the outcome is, record by record. How many records a
file holds is said here, by whoever did the damage: nothing of that is taken from the code under test.
"""

import csv
import io
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.conftest import SAMPLE, SAMPLE_PARTITION

CANARY = "777077"
"""Stands in one value of every clean feed, and must never be seen outside accepted rows."""

Row = list[str]


@dataclass(frozen=True)
class Clean:
    """A sound delivery of one feed, with one row that holds the canary: `file` is what it must be called."""

    feed: str
    file: str
    header: Row
    rows: list[Row]

    def place(self, column: str) -> int:
        return self.header.index(column)

    def with_value(self, record: int, column: str, text: str) -> "Clean":
        """The feed with `text` in one column of one record (1 is the first)."""
        rows = [list(row) for row in self.rows]
        rows[record - 1][self.place(column)] = text
        return replace(self, rows=rows)

    def with_header(self, column: str, name: str) -> "Clean":
        return replace(self, header=[name if other == column else other for other in self.header])

    def without(self, *columns: str) -> "Clean":
        kept = [i for i, name in enumerate(self.header) if name not in columns]
        return self.with_columns(kept)

    def with_columns(self, places: Iterable[int]) -> "Clean":
        """The feed with its columns in another order, or some of them twice or not at all."""
        places = list(places)
        return replace(
            self, header=[self.header[i] for i in places], rows=[[row[i] for i in places] for row in self.rows]
        )

    def text(self, *, delimiter: str = ",", line_end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
        writer.writerows([self.header, *self.rows])
        return out.getvalue()

    def bytes(self) -> bytes:
        return self.text().encode()


@dataclass(frozen=True)
class Landed:
    """A file that is read. `records` says of each delivered record, in order, what must become of it.

    A number is the clean row it must be equal to, a text the ids of the rules that must reject it. `changed` are values
    that are not those of the clean row, by record (1 is the first) and column. `notes` must be among those of the file.
    """

    records: Sequence[int | str]
    changed: Mapping[tuple[int, str], object] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Refused:
    """A file that is not read, with a message that names it and says `what`."""

    what: str


@dataclass(frozen=True)
class Variant:
    """One damaged file: `damage` makes its bytes of the clean feed, `suffix` is how its name ends."""

    family: str
    name: str
    clean: Clean
    damage: Callable[[Clean], bytes]
    outcome: Landed | Refused
    suffix: str = ".csv"
    stem: str | None = None

    @property
    def file(self) -> str:
        """Path of the damaged file below the delivery."""
        return f"{self.stem or self.clean.file}{self.suffix}"

    @property
    def id(self) -> str:
        return f"{self.family}: {self.name} ({self.clean.feed})"


def unharmed(clean: Clean, *notes: str, changed: Mapping[tuple[int, str], object] | None = None) -> Landed:
    """Every record is accepted, with the values of the clean feed but for those `changed`."""
    return Landed(range(len(clean.rows)), changed or {}, notes)


def rejected(clean: Clean, broken: Mapping[int, str]) -> Landed:
    """Every record is accepted but those in `broken`, which says by which rules."""
    return Landed([broken.get(number + 1, number) for number in range(len(clean.rows))])


def added(clean: Clean, reasons: str, *, at: int | None = None, count: int = 1) -> Landed:
    """Every clean row is accepted; `count` records more stand before record `at` (default: at the end), rejected."""
    records: list[int | str] = list(range(len(clean.rows)))
    at = len(records) + 1 if at is None else at
    return Landed([*records[: at - 1], *[reasons] * count, *records[at - 1 :]])


def _clean(feed: str, source: str, file: str, column: str, canary: str, *, rows: int = 24) -> Clean:
    folder: Path = SAMPLE / SAMPLE_PARTITION.path
    with (folder / source).open(encoding="utf-8-sig", newline="") as text:
        header, *found = itertools.islice(csv.reader(text), rows + 1)
    return Clean(feed, file, header, found).with_value(3, column, canary)


CLEAN = {
    clean.feed: clean
    for clean in (
        _clean("gp_register", "gp_register/Y99001.csv", "gp_register/Y99001", "usual_clinician", f"GP{CANARY}"),
        _clean("gp_event", "gp_event/Y99001.csv", "gp_event/Y99001", "record_id", CANARY),
        _clean("gp_medication", "gp_medication/Y99001.csv", "gp_medication/Y99001", "record_id", CANARY),
        _clean(
            "emergency_attendance", "emergency_attendance.csv", "emergency_attendance", "attendance_id", f"A-{CANARY}"
        ),
        _clean(
            "practice_membership", "gp-reg-pat-prac-map.csv", "gp-reg-pat-prac-map", "PRACTICE_NAME", f"GP {CANARY}"
        ),
        _clean("deprivation", "imd_2025_file_7.csv", "imd_2025_file_7", "LSOA code (2021)", f"E01{CANARY}"),
        _clean("lsoa_lookup", "lsoa_2011_to_2021.csv", "lsoa_2011_to_2021", "F_LSOA11CD", f"E01{CANARY}"),
        _clean("place_membership", "place_membership.csv", "place_membership", "Locality", f"North {CANARY}"),
    )
}
"""A clean delivery of some tens of rows (fewer where the sample has fewer), by feed."""

FREE_TEXT = {
    "practice_membership": ("PRACTICE_NAME", "practice_name"),
    "place_membership": ("Locality", "place_name"),
}
"""A column that may hold any text, by feed: its header, and its name once landed."""

"""Tables as people read them: the page and the files beside it show the same cells, from one object.

A cell is text, or a number with how it is written; a number that is missing was withheld and says so everywhere.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

import pandas as pd

from phm.report.rendering import WITHHELD, count, number

Kind = Literal["text", "code", "count", "number"]
_DIGITS = 1
_WRITTEN = {"text": str, "code": str, "count": count, "number": number}


@dataclass(frozen=True)
class Table:
    """A captioned table: `columns` are headings with the kind of what stands below them, `rows` their values.

    A code is text that may break anywhere. The first column names the row; `links` leads from such a name to a page.
    `has_total` says that the last row stands for all others. Rows that follow each other under one name can be
    `is_grouped`: the page then says the name once, and the second column names the row within it.
    """

    name: str
    caption: str
    columns: Mapping[str, Kind]
    rows: Sequence[Sequence[Any]]
    links: Mapping[str, str] = field(default_factory=dict)
    has_total: bool = False
    is_grouped: bool = False

    @property
    def cells(self) -> list[list[str]]:
        """Every cell as it is written on the page."""
        kinds = self.columns.values()
        return [[_WRITTEN[kind](value) for kind, value in zip(kinds, row, strict=True)] for row in self.rows]

    @property
    def anchor(self) -> str:
        """What the table is called within its page, in few letters."""
        return "t-" + "".join(word[:3].lower() for word in self.name.split())

    @property
    def looks(self) -> str:
        """Classes of the style sheet that say which columns hold words; all others but the first hold numbers."""
        if self.is_grouped:
            return "cells grouped"
        words = [place for place, kind in enumerate(self.columns.values(), start=1) if kind in ("text", "code")]
        return " ".join(["cells", *(f"t{place}" for place in words if place > 1)])

    @property
    def spans(self) -> list[int]:
        """Of each row over how many rows its name stands: one, or none where a row before says it for the group."""
        if not self.is_grouped:
            return [1] * len(self.rows)
        groups = [len(list(rows)) for _, rows in groupby(row[0] for row in self.rows)]
        return [span for rows in groups for span in (rows, *[0] * (rows - 1))]

    @property
    def values(self) -> list[list[Any]]:
        """Every cell as a number or text: what the page shows, to the digits it shows, for further work."""
        kinds = list(self.columns.values())
        return [[_value(value, kind) for kind, value in zip(kinds, row, strict=True)] for row in self.rows]


def to_csv(table: Table, /) -> bytes:
    """The table as UTF-8 CSV that Excel opens as such."""
    target = io.StringIO()
    rows = csv.writer(target, lineterminator="\n")
    rows.writerow(table.columns)
    rows.writerows(table.values)
    return target.getvalue().encode("utf-8-sig")


def _value(value: Any, kind: Kind) -> Any:
    if kind in ("text", "code"):
        return str(value)
    if pd.isna(value):
        return WITHHELD
    return int(value) if kind == "count" else round(float(value), _DIGITS)

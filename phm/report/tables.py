"""Tables as people read them: the page and the files beside it show the same cells, from one object.

A cell is text, or a number with how it is written; a number that is missing was withheld and says so everywhere.
"""

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd
import xlsxwriter

from phm.report.rendering import WITHHELD, count, number

Kind = Literal["text", "code", "count", "number"]
_DIGITS = 1
_WRITTEN = {"text": str, "code": str, "count": count, "number": number}
_SHEET_NAME = 31
"""Letters a spreadsheet allows in the name of a sheet."""


@dataclass(frozen=True)
class Table:
    """A captioned table: `columns` are headings with the kind of what stands below them, `rows` their values.

    A code is text that may break anywhere. The first column names the row; `links` leads from such a name to a page.
    `has_total` says that the last row stands for all others.
    """

    name: str
    caption: str
    columns: Mapping[str, Kind]
    rows: Sequence[Sequence[Any]]
    links: Mapping[str, str] = field(default_factory=dict)
    has_total: bool = False

    @property
    def cells(self) -> list[list[str]]:
        """Every cell as it is written on the page."""
        kinds = self.columns.values()
        return [[_WRITTEN[kind](value) for kind, value in zip(kinds, row, strict=True)] for row in self.rows]

    @property
    def values(self) -> pd.DataFrame:
        """The cells as numbers and text: what the page shows, to the digits it shows, for further work."""
        kinds = list(self.columns.values())
        rows = [[_value(value, kind) for kind, value in zip(kinds, row, strict=True)] for row in self.rows]
        return pd.DataFrame(rows, columns=list(self.columns), dtype=object)


def to_csv(table: Table, /) -> bytes:
    """The table as UTF-8 CSV that Excel opens as such."""
    return table.values.to_csv(index=False, lineterminator="\n").encode("utf-8-sig")


def to_workbook(tables: Sequence[Table], about: Mapping[str, str], /, *, created: dt.date) -> bytes:
    """An XLSX file: what the tables are about, then one sheet for each; the same bytes for the same tables.

    Nothing in it can become a formula or a link.
    """
    target = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(target, {"in_memory": True, **safe})
    book.set_properties({"created": dt.datetime.combine(created, dt.time())})
    bold, wrapped = book.add_format({"bold": True, "text_wrap": True}), book.add_format({"text_wrap": True})
    formats = {"count": book.add_format({"num_format": "#,##0"}), "number": book.add_format({"num_format": "#,##0.0"})}
    cover = book.add_worksheet("About")
    cover.set_column(0, 0, 22)
    cover.set_column(1, 1, 100)
    for line, (label, text) in enumerate(about.items()):
        cover.write_string(line, 0, label, bold)
        cover.write_string(line, 1, text, wrapped)
    for name, table in zip(_sheet_names(tables), tables, strict=True):
        sheet = book.add_worksheet(name)
        sheet.write_string(0, 0, table.caption, book.add_format({"bold": True}))
        sheet.write_row(1, 0, table.columns, bold)
        sheet.set_column(0, 0, 42)
        sheet.set_column(1, len(table.columns) - 1, 16)
        for line, row in enumerate(table.values.itertuples(index=False, name=None), start=2):
            for place, (kind, value) in enumerate(zip(table.columns.values(), row, strict=True)):
                if isinstance(value, str):
                    sheet.write_string(line, place, value)
                else:
                    sheet.write_number(line, place, value, formats.get(kind))
        sheet.freeze_panes(2, 1)
    book.close()
    return target.getvalue()


def _sheet_names(tables: Sequence[Table]) -> list[str]:
    """Names of the tables as long as a spreadsheet allows, with a number where they would be the same."""
    names: list[str] = []
    for table in tables:
        name, number = table.name[:_SHEET_NAME], 2
        while name.lower() in (known.lower() for known in names):
            name = f"{table.name[: _SHEET_NAME - 3]} {number}"
            number += 1
        names.append(name)
    return names


def _value(value: Any, kind: Kind) -> Any:
    if kind in ("text", "code"):
        return str(value)
    if pd.isna(value):
        return WITHHELD
    return int(value) if kind == "count" else round(float(value), _DIGITS)

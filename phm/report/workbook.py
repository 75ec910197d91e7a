"""Workbooks of a site's tables, one beside each page. Nothing in them can become a formula or a link."""

import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence

import xlsxwriter

from phm.report.tables import Table

_SHEET_NAME = 31
"""Letters a spreadsheet allows in the name of a sheet."""
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


def to_workbook(tables: Sequence[Table], about: Mapping[str, str], /, *, created: dt.date) -> bytes:
    """An XLSX file: what the tables are about, then one sheet for each; the same bytes for the same tables."""
    target = io.BytesIO()
    safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(target, {"in_memory": True, **safe})
    book.set_properties({"created": dt.datetime.combine(created, dt.time())})
    bold, heading, wrapped = (
        book.add_format(look) for look in ({"bold": True}, {"bold": True, "text_wrap": True}, {"text_wrap": True})
    )
    formats = {"count": book.add_format({"num_format": "#,##0"}), "number": book.add_format({"num_format": "#,##0.0"})}
    cover = book.add_worksheet("About")
    cover.set_column(0, 0, 22)
    cover.set_column(1, 1, 100)
    for line, (label, text) in enumerate(about.items()):
        cover.write_string(line, 0, label, heading)
        cover.write_string(line, 1, text, wrapped)
    for name, table in zip(_sheet_names(tables), tables, strict=True):
        sheet = book.add_worksheet(name)
        sheet.set_column(0, 0, 42)
        sheet.set_column(1, len(table.columns) - 1, 16)
        sheet.freeze_panes(2, 1)
        sheet.write_string(0, 0, table.caption, bold)
        sheet.write_row(1, 0, table.columns, heading)
        for line, row in enumerate(table.values, start=2):
            for place, (kind, value) in enumerate(zip(table.columns.values(), row, strict=True)):
                if isinstance(value, str):
                    sheet.write_string(line, place, value)
                else:
                    sheet.write_number(line, place, value, formats.get(kind))
    book.close()
    return target.getvalue()


def _sheet_names(tables: Sequence[Table]) -> list[str]:
    """Names of the tables as a spreadsheet allows them, with a number where they would be the same."""
    names: list[str] = []
    for table in tables:
        whole, number = _FORBIDDEN.sub(" ", table.name), 2
        name = whole[:_SHEET_NAME]
        while name.lower() in (known.lower() for known in names):
            name = f"{whole[: _SHEET_NAME - 3]} {number}"
            number += 1
        names.append(name)
    return names

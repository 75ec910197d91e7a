"""How a list looks as a workbook: a cover that says what to do, and sheets one can filter, fill in and print.

Every text is written as text: nothing in any field can become a formula or a link, and NHS numbers keep their digits.
"""

import datetime as dt
import io
from collections.abc import Iterable

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from phm.errors import ConfigurationError
from phm.lists.columns import ACT, CONTACT, DELIVERED, KNOW, RETURN, YES_NO, Column
from phm.lists.cover import Cover, sheet_name
from phm.lists.rows import RowSheet

BLUE, GREY, GREEN, PALE, AMBER = "#005EB8", "#425563", "#00703C", "#E8EDEE", "#FFF2CC"
_DEFAULT = {"font_name": "Arial", "font_size": 10}
"""The workbook's own font: widths of columns are counted in its digits, in every program."""
_FONT = {**_DEFAULT, "valign": "top"}
_COVER_WIDTHS = (38, 56, 24, 9, 9)
_LAST = len(_COVER_WIDTHS) - 1
_LINE = 13.5
_PRINT_SCALE = 71
"""Percent at which each group of columns fits the width of a page of A4."""
_LETTERS_PER_WIDTH = 1.15
_DAY_0 = dt.date(1899, 12, 30).toordinal()
"""The day a spreadsheet counts days from, which it does right from March 1900 on."""


def workbook(
    cover: Cover,
    tables: dict[str, tuple[str, pd.DataFrame]],
    form: tuple[Column, ...],
    /,
    *,
    warning: str,
    created: dt.date,
) -> bytes:
    """An XLSX file: the cover, then one sheet per output with its title, its rows and the `form` to fill in."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": "dd mmm yyyy",
            "default_format_properties": _DEFAULT,
        },
    )
    book.set_properties(
        {"title": cover.title, "created": dt.datetime.combine(created, dt.time(), tzinfo=dt.UTC).replace(tzinfo=None)}
    )
    styles = _Styles(book)
    _cover_sheet(book.add_worksheet("Cover"), styles, cover, warning)
    for output, (title, table) in tables.items():
        sheet = book.add_worksheet(sheet_name(output), RowSheet)
        _list_sheet(sheet, styles, table, form, title, cover, warning)
    book.close()
    if not all(sheet.are_rows_written for sheet in book.worksheets()[1:]):
        raise ConfigurationError(
            "This release of xlsxwriter writes no rows of a list",
            name=xlsxwriter.__version__,
            hint="Install the releases in constraints.txt.",
        )
    return target.getvalue()


class _Styles:
    """The formats of one workbook, by what they are for."""

    def __init__(self, book: Workbook) -> None:
        def style(**properties: object) -> Format:
            return book.add_format({**_FONT, **properties})

        rule = {"bottom": 1, "bottom_color": "#D8DDE0"}
        head = {"bold": True, "font_color": "white", "text_wrap": True, "valign": "vcenter", "border": 1}
        self.title = style(bold=True, font_size=20, font_color=BLUE)
        self.warning = style(bold=True, font_size=12, text_wrap=True, bg_color=AMBER, border=1, valign="vcenter")
        self.heading = style(bold=True, font_size=13, font_color=BLUE)
        self.label = style(bold=True, text_wrap=True, **rule)
        self.fact = style(text_wrap=True, **rule)
        self.count = style(num_format="#,##0", **rule)
        self.muted = style(text_wrap=True, font_color=GREY, **rule)
        self.table_head = style(**{**head, "bg_color": BLUE})
        self.act_head, self.form_head, self.other_head = (
            style(**{**head, "bg_color": colour}) for colour in (BLUE, GREEN, GREY)
        )
        self.cells = {
            "text": style(num_format="@", align="left"),
            "wrapped": style(num_format="@", text_wrap=True),
            "number": style(num_format="0", align="center"),
            "decimal": style(align="center"),
            "date": style(num_format="dd mmm yyyy", align="left"),
            "yes_no": style(),
        }


def _cover_sheet(sheet: Worksheet, styles: _Styles, cover: Cover, warning: str) -> None:
    for column, width in enumerate(_COVER_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.hide_gridlines(2)
    sheet.set_paper(9)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.5)
    sheet.fit_to_pages(1, 0)
    sheet.set_row(0, 30)
    sheet.write_string(0, 0, cover.title, styles.title)
    sheet.set_row(1, 34)
    sheet.merge_range(1, 0, 1, _LAST, "", styles.warning)
    sheet.write_string(1, 0, warning, styles.warning)
    row = _cover_facts(sheet, styles, 3, cover.facts)
    row = _cover_table(sheet, styles, row + 1, "What it asks for", cover.tiers)
    if len(cover.funnel):
        row = _cover_table(sheet, styles, row + 1, "How people came to be on it", cover.funnel)
    sheet.set_row(row + 1, 22)
    sheet.write_string(row + 1, 0, "About this list", styles.heading)
    _cover_facts(sheet, styles, row + 2, cover.about)


def _cover_facts(sheet: Worksheet, styles: _Styles, row: int, facts: tuple[tuple[str, str], ...]) -> int:
    """Write labels with their texts; returns the row after them."""
    for label, text in facts:
        sheet.write_string(row, 0, label, styles.label)
        sheet.merge_range(row, 1, row, _LAST, "", styles.fact)
        sheet.write_string(row, 1, text, styles.fact)
        sheet.set_row(row, _height([(text, sum(_COVER_WIDTHS[1:]))]))
        row += 1
    return row


def _cover_table(sheet: Worksheet, styles: _Styles, row: int, heading: str, table: pd.DataFrame) -> int:
    """Write a table with its heading; returns the row after it. Texts start left, counts end right."""
    sheet.set_row(row, 22)
    sheet.write_string(row, 0, heading, styles.heading)
    is_count = [pd.api.types.is_integer_dtype(dtype) for dtype in table.dtypes]
    texts, counts = is_count.count(False), is_count.count(True)
    places = [*range(texts), *range(_LAST + 1 - counts, _LAST + 1)]
    for offset, cells in enumerate([table.columns, *table.itertuples(index=False, name=None)], start=1):
        style = styles.table_head if offset == 1 else styles.fact
        if texts == 1:
            sheet.merge_range(row + offset, 0, row + offset, _LAST - counts, "", style)
        sheet.set_row(
            row + offset,
            _height((c, _COVER_WIDTHS[i]) for i, c in enumerate(cells) if isinstance(c, str) and texts > 1),
        )
        for place, value in zip(places, cells, strict=True):
            if isinstance(value, str):
                sheet.write_string(row + offset, place, value, style)
            else:
                sheet.write_number(row + offset, place, value, styles.count)
    return row + len(table) + 2


def _height(texts: Iterable[tuple[str, float]]) -> float:
    """Points a row needs for texts wrapped in columns of a width; not every program works that out on opening."""
    return _LINE * max((_lines(text, width) for text, width in texts), default=1) + 2


def _lines(text: str | None, width: float) -> int:
    """Lines a text takes wrapped in a column of a width; where there is none, the one every row has."""
    return sum(1 + int(len(line) // (width * _LETTERS_PER_WIDTH)) for line in (text or "").split("\n"))


def _heights(table: pd.DataFrame) -> Iterable[float]:
    """Points each row of a list needs; a text that stands in many rows is wrapped once."""
    lines = []
    for column in (column for column in DELIVERED if column.kind == "wrapped"):
        texts = table[column.field].tolist()
        needed = {text: _lines(text, column.width) for text in set(texts)}
        lines.append([needed[text] for text in texts])
    return (_LINE * count + 2 for count in map(max, *lines))


def _list_sheet(
    sheet: RowSheet,
    styles: _Styles,
    table: pd.DataFrame,
    form: tuple[Column, ...],
    title: str,
    cover: Cover,
    warning: str,
) -> None:
    last = len(table)
    columns = ACT + KNOW + CONTACT + form + RETURN
    sheet.set_row(0, 42)
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width, styles.cells[column.kind])
        head = styles.act_head if column in ACT + KNOW else styles.form_head if column in form else styles.other_head
        sheet.write_string(0, number, column.header, head)
    for number, column in enumerate(columns):
        if column in form:
            _offer_choices(sheet, number, column, last)
        else:
            _add_column(sheet, number, column, table[column.field].tolist(), styles.cells[column.kind])
    if table.empty:
        sheet.write_string(1, 1, "Nobody this month.")
    else:
        sheet.add_rows(_heights(table), len(columns))
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, max(last, 1), len(columns) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:A{last + 1}"})
    # Printed: what to do and why, what to know and how to reach the person, what to fill in: a page for each, the NHS
    # number on all of them.
    sheet.hide_gridlines(0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.set_margins(left=0.3, right=0.3, top=0.6, bottom=0.5)
    sheet.set_print_scale(_PRINT_SCALE)
    sheet.set_v_pagebreaks([len(ACT), len(ACT + KNOW + CONTACT)])
    sheet.print_area(0, 0, last, len(columns) - len(RETURN) - 1)
    sheet.repeat_rows(0)
    sheet.repeat_columns(0)
    sheet.set_header(f"&L&8{_header_text(title)}&R&8{_header_text(dict(cover.facts)['Practice'])}")
    sheet.set_footer(f"&L&8{_header_text(warning)}&R&8Page &P of &N")


def _header_text(text: str) -> str:
    """Text for a page header, where an ampersand starts a code."""
    return text.replace("&", "&&")[:125]


def _add_column(sheet: RowSheet, number: int, column: Column, values: list, style: Format) -> None:
    if column.kind == "number":
        sheet.add_numbers(number, values, style)
    elif column.kind == "date":
        days = (None if day is None else day.toordinal() - _DAY_0 for day in values)
        sheet.add_numbers(number, days, style)
    elif column.kind == "yes_no":
        sheet.add_texts(number, (None if value is None else YES_NO[not value] for value in values), style)
    else:
        sheet.add_texts(number, values, style)


def _offer_choices(sheet: Worksheet, number: int, column: Column, last_row: int) -> None:
    last_row = max(last_row, 1)
    if column.choices:
        sheet.data_validation(1, number, last_row, number, {"validate": "list", "source": list(column.choices)})
    elif column.limits:
        _between(sheet, number, column, last_row)


def _between(sheet: Worksheet, number: int, column: Column, last_row: int) -> None:
    lowest, highest = column.limits
    whole = "A whole number" if column.kind == "number" else "A number"
    sheet.data_validation(
        1,
        number,
        last_row,
        number,
        {
            "validate": "integer" if column.kind == "number" else "decimal",
            "criteria": "between",
            "minimum": lowest,
            "maximum": highest,
            "error_title": "Out of range",
            "error_message": f"{whole} from {lowest} to {highest}.",
        },
    )

"""Damage to workbooks: cells of other kinds, formulas, merged cells, and sheets beside the one with the data."""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace

import xlsxwriter
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from tests.corpus.variants import CLEAN, Clean, Landed, Refused, Variant, rejected, unharmed

Change = Callable[[Workbook, Worksheet], object]


def workbook(clean: Clean, change: Change | None = None, *, first: Change | None = None, top: int = 0) -> bytes:
    """The feed as text cells from row `top` of one sheet; `first` acts before that sheet is there, `change` after."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        if first:
            first(book, None)
        sheet = book.add_worksheet("Data")
        for number, row in enumerate([clean.header, *clean.rows], top):
            for place, text in enumerate(row):
                if text:
                    sheet.write_string(number, place, text)
        if change:
            change(book, sheet)
    return out.getvalue()


def edited(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as book, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in book.namelist():
            copy.writestr(name, change(book.read(name)) if name == part else book.read(name))
    return out.getvalue()


EVENT = CLEAN["gp_event"]
DATE, VALUE, CODE, NUMBER = (EVENT.place(name) for name in ("event_date", "value", "snomed_code", "nhs_number"))


def _sheet_of(clean: Clean, name: str) -> Change:
    def add(book: Workbook, _: Worksheet) -> None:
        sheet = book.add_worksheet(name)
        for number, row in enumerate([clean.header, *clean.rows]):
            sheet.write_row(number, 0, row)

    return add


def cells() -> Iterator[Variant]:
    def variant(name: str, change: Change, outcome: Landed | Refused) -> Variant:
        return Variant("cell", name, EVENT, lambda clean: workbook(clean, change), outcome, ".xlsx")

    def changed(column: str, value: object) -> Landed:
        return unharmed(EVENT, changed={(2, column): value})

    unreadable = rejected(EVENT, {2: "event_date_readable"})
    day = dt.date(1996, 6, 4)

    def in_format(form: str) -> Change:
        return lambda book, sheet: sheet.write_datetime(
            2, DATE, dt.datetime(1996, 6, 4), book.add_format({"num_format": form})
        )

    for form in ("yyyy-mm-dd", "dd/mm/yyyy", "mm/dd/yy", "d mmmm yyyy", "[$-809]dd mmmm yyyy;@", "yyyy-mm-dd hh:mm"):
        yield variant(f"a date shown as {form}", in_format(form), changed("event_date", day))
    yield variant(
        "the serial number of a day", lambda _, sheet: sheet.write_number(2, DATE, 35220), changed("event_date", day)
    )
    yield variant(
        "a date with a time",
        lambda book, sheet: sheet.write_datetime(
            2, DATE, dt.datetime(1996, 6, 4, 10, 30), book.add_format({"num_format": "dd/mm/yyyy"})
        ),
        unreadable,
    )
    yield variant("a day before 1900", lambda _, sheet: sheet.write_number(2, DATE, -5), unreadable)
    yield variant("a year as a date", lambda _, sheet: sheet.write_number(2, DATE, 1996), unreadable)
    yield variant(
        "a date as YYYYMMDD number", lambda _, sheet: sheet.write_number(2, DATE, 19960604), changed("event_date", day)
    )
    yield variant(
        "a date as text", lambda _, sheet: sheet.write_string(2, DATE, "04/06/1996"), changed("event_date", day)
    )
    yield variant(
        "a date behind an apostrophe", lambda _, sheet: sheet.write_string(2, DATE, "'1996-06-04"), unreadable
    )
    yield variant("truth as a date", lambda _, sheet: sheet.write_boolean(2, DATE, True), unreadable)
    yield variant("a number", lambda _, sheet: sheet.write_number(2, VALUE, 132.5), changed("value", 132.5))
    yield variant("a whole number", lambda _, sheet: sheet.write_number(2, VALUE, 80), changed("value", 80.0))
    yield variant(
        "a share shown in per cent",
        lambda book, sheet: sheet.write_number(2, VALUE, 0.5, book.add_format({"num_format": "0%"})),
        changed("value", 0.5),
    )
    yield variant(
        "a number with spaces and a comma",
        lambda _, sheet: sheet.write_string(2, VALUE, " 1,234 "),
        changed("value", 1234.0),
    )
    yield variant(
        "an NHS number as a number",
        lambda _, sheet: sheet.write_number(2, NUMBER, float(EVENT.rows[1][NUMBER])),
        unharmed(EVENT),
    )
    yield variant(
        "a code beyond what a number cell holds",
        lambda _, sheet: sheet.write_number(2, CODE, 999999991000000108.0),
        rejected(EVENT, {2: "snomed_code_pattern"}),
    )
    yield variant(
        "a formula with its result",
        lambda _, sheet: sheet.write_formula(2, VALUE, "=1+1", None, 2),
        changed("value", 2.0),
    )
    yield variant(
        "a formula whose result is text",
        lambda _, sheet: sheet.write_formula(2, DATE, '="04/06"&"/1996"', None, "04/06/1996"),
        changed("event_date", day),
    )
    yield variant(
        "a formula that was never worked out",
        lambda _, sheet: sheet.write_formula(2, CODE, "=A1", None, ""),
        rejected(EVENT, {2: "snomed_code_present"}),
    )
    yield variant(
        "a formula that failed",
        lambda _, sheet: sheet.write_formula(2, CODE, "=1/0", None, "#DIV/0!"),
        rejected(EVENT, {2: "snomed_code_pattern"}),
    )
    yield variant(
        "a formula to another workbook",
        lambda _, sheet: sheet.write_formula(2, VALUE, "='[other.xlsx]Sheet1'!A1", None, 7),
        changed("value", 7.0),
    )
    yield variant(
        "merged cells",
        lambda book, sheet: sheet.merge_range(2, CODE, 4, CODE, EVENT.rows[1][CODE], book.add_format()),
        rejected(EVENT, {3: "snomed_code_present", 4: "snomed_code_present"}),
    )
    yield variant(
        "a formula that failed where nothing need stand",
        lambda _, sheet: sheet.write_formula(2, VALUE, "=NA()", None, "#N/A"),
        rejected(EVENT, {2: "value_readable"}),
    )
    yield variant("a remark on a cell", lambda _, sheet: sheet.write_comment(2, CODE, "check"), unharmed(EVENT))
    yield variant("hidden rows and columns", _hide, unharmed(EVENT))
    yield variant("a filter", lambda _, sheet: sheet.autofilter(0, 0, 24, 7), unharmed(EVENT))
    yield variant("a blank row", lambda _, sheet: [sheet.write_blank(40, i, None) for i in range(8)], unharmed(EVENT))
    yield variant(
        "spaces below the data",
        lambda _, sheet: sheet.write_string(30, 0, "  "),
        Landed([*range(24), "practice_code_present;nhs_number_present;record_id_present;event_date_present;"
                "snomed_code_present;source_present"]),
    )  # fmt: skip
    yield variant(
        "a total below the data",
        lambda _, sheet: sheet.write_row(26, 0, ["Total", 24]),
        Landed([*range(24), "practice_code_pattern;nhs_number_pattern;nhs_number_check_digit;record_id_present;"
                "event_date_present;snomed_code_present;source_present"]),
    )  # fmt: skip
    yield variant(
        "a remark beside the data",
        lambda _, sheet: sheet.write_string(3, 12, "see notes"),
        unharmed(EVENT, "5 columns without a name were ignored"),
    )
    yield variant(
        "a remark below and beside the data",
        lambda _, sheet: sheet.write_string(30, 9, "see notes"),
        unharmed(EVENT, "2 columns without a name were ignored, and 1 records that have nothing else"),
    )
    yield variant(
        "a cell far away",
        lambda _, sheet: sheet.write_string(1_048_575, 16_383, "x"),
        Refused("reaches to row 1048576 and column 16384"),
    )


def _hide(_: Workbook, sheet: Worksheet) -> None:
    sheet.set_row(3, None, None, {"hidden": True})
    sheet.set_column(2, 4, None, None, {"hidden": True})


def sheets() -> Iterator[Variant]:
    def variant(name: str, clean: Clean, damage: Callable[[Clean], bytes], outcome: Landed | Refused) -> Variant:
        return Variant("sheet", name, clean, damage, outcome, ".xlsx")

    for clean in CLEAN.values():
        yield variant(
            "an empty one first",
            clean,
            lambda clean: workbook(clean, first=lambda book, _: book.add_worksheet("Cover")),
            unharmed(clean),
        )
        yield variant(
            "notes first",
            clean,
            lambda clean: workbook(
                clean, first=lambda book, _: book.add_worksheet("Notes").write_column(0, 0, ["Notes", "Source", "x"])
            ),
            unharmed(clean),
        )
        yield variant(
            "a header alone beside the data",
            clean,
            lambda clean: workbook(clean, first=_sheet_of(replace(clean, rows=[]), "Template")),
            unharmed(clean),
        )
        yield variant(
            "the data hidden behind another",
            clean,
            lambda clean: workbook(
                clean, lambda _, sheet: sheet.hide(), first=lambda book, _: book.add_worksheet("Cover").activate()
            ),
            unharmed(clean),
        )
        yield variant(
            "the data twice",
            clean,
            lambda clean: workbook(clean, _sheet_of(clean, "Copy")),
            Refused("2 sheets of a workbook have the columns of the data"),
        )
        yield variant("rows empty above the header", clean, lambda clean: workbook(clean, top=3), unharmed(clean))
        yield variant(
            "a title above the header",
            clean,
            lambda clean: workbook(clean, lambda _, sheet: sheet.write_string(0, 0, "Extract"), top=2),
            Refused(" is missing"),
        )
    yield variant(
        "only an empty one", EVENT, lambda _: workbook(Clean("", "", [], [])), Refused("A delivered file is empty")
    )
    yield variant(
        "only a header", EVENT, lambda clean: workbook(Clean("", "", clean.header, [])), Refused("no records")
    )
    data = "xl/worksheets/sheet1.xml"
    for name, part, change in (
        ("XML cut short", data, lambda xml: xml[: len(xml) // 2]),
        ("XML that is none", data, lambda _: b"<<<>>>"),
        ("XML of nothing", data, lambda _: b""),
        ("shared texts cut short", "xl/sharedStrings.xml", lambda xml: xml[: len(xml) // 2]),
        ("no list of sheets", "xl/workbook.xml", lambda _: b""),
    ):
        yield variant(
            name,
            EVENT,
            lambda clean, part=part, change=change: edited(workbook(clean), part, change),
            Refused("A "),
        )
    yield variant(
        "entities that multiply",
        EVENT,
        lambda clean: edited(workbook(clean), "xl/sharedStrings.xml", _laughing),
        Refused("A workbook cannot be parsed"),
    )
    yield variant(
        "an outside entity",
        EVENT,
        lambda clean: edited(workbook(clean), "xl/sharedStrings.xml", _reaching_out),
        Refused("A workbook cannot be parsed"),
    )


def _laughing(xml: bytes) -> bytes:
    names = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    return _with_entity(xml, f'<!ENTITY l0 "ha">{names}', b"&l9;")


def _reaching_out(xml: bytes) -> bytes:
    return _with_entity(xml, '<!ENTITY passwd SYSTEM "file:///etc/passwd">', b"&passwd;")


def _with_entity(xml: bytes, entities: str, use: bytes) -> bytes:
    xml = xml.replace(b"?>", f"?><!DOCTYPE sst [{entities}]>".encode(), 1)
    return re.sub(rb"<t>practice</t>", b"<t>" + use + b"</t>", xml)


def sheet_variants() -> Iterator[Variant]:
    for family in (cells, sheets):
        yield from family()

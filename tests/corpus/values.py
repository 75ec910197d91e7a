"""Values in other forms than the contract's: dates, numbers and NHS numbers as they are really delivered."""

# ruff: noqa: RUF001 - letters that look like others are the point

import datetime as dt
from collections.abc import Iterator

from tests.corpus.variants import CLEAN, Variant, rejected, unharmed

DATES = {
    "1996-06-04": dt.date(1996, 6, 4),
    "04/06/1996": dt.date(1996, 6, 4),
    "4/6/1996": dt.date(1996, 6, 4),
    "19960604": dt.date(1996, 6, 4),
    "1996-6-4": dt.date(1996, 6, 4),
    "04-06-1996": None,
    "06/24/1996": None,
    "04.06.1996": None,
    "4 June 1996": None,
    "04-Jun-1996": None,
    "1996/06/04": None,
    "1996-06-04T00:00:00": None,
    "1996-06-04 10:30": None,
    "June 1996": None,
    "1996": None,
    "04/06/96": None,
    "96-06-04": None,
    "960604": None,
    "040696": None,
    "1996604": None,
    "35220": None,
    "35220.5": None,
    "834105600": None,
    "today": None,
    "n/a": None,
    "#VALUE!": None,
    "0000-00-00": None,
    "00/00/0000": None,
    "1996-13-01": None,
    "1996-02-30": None,
    "1995-02-29": None,
    "31/04/1996": None,
    "19960631": None,
    "1996-06-00": None,
    "１９９６-06-04": None,
    "1996–06–04": None,
}
"""What a date column makes of a text, None where it is quarantined as one that cannot be read."""

SHORT_DATES = {text: DATES[text] for text in ("4/6/1996", "1996-6-4", "04/06/96", "96-06-04", "960604", "1996604")}
"""Of a year or a number of digits that could be another: for a column without limits, which would take any date."""

NUMBERS = {
    "1234": 1234.0,
    "1,234": 1234.0,
    "1,234,567": 1234567.0,
    "1234.0": 1234.0,
    "+1234": 1234.0,
    " 1234 ": 1234.0,
    "\xa01234": 1234.0,
    "001234": 1234.0,
    "1 234": None,
    "1\xa0234": None,
    "1'234": None,
    "1_234": None,
    "1.234.567": None,
    "12,34": None,
    "1234 kg": None,
    "£1234": None,
    "12%": None,
    "<5": None,
    "*": None,
    "(1234)": None,
    "−1234": None,
    "0x4D2": None,
    "1/2": None,
    "TRUE": None,
    "twelve": None,
    "#DIV/0!": None,
    "n/a": None,
    "inf": None,
    "1e400": None,
    "١٢٣٤": None,
}
"""What a column of numbers makes of a text, None where it is quarantined as one that cannot be read."""

FRACTIONS = {"132.5": 132.5, "1,234.5": 1234.5, ".5": 0.5, "-0.5": -0.5, "1e3": 1000.0, "132,5": None, "120/80": None}
WHOLE = {"132.5": None, "1e3": None, "99999999999999999999": None, "0.5": None}


def value_variants() -> Iterator[Variant]:
    cells = (
        ("gp_event", "event_date", "event_date", DATES),
        ("gp_register", "last_contact_date", "last_contact_date", SHORT_DATES),
        ("gp_event", "value", "value", NUMBERS | FRACTIONS),
        (
            "deprivation",
            "Index of Multiple Deprivation (IMD) Rank (where 1 is most deprived)",
            "imd_rank",
            NUMBERS | WHOLE,
        ),
    )
    for feed, header, column, texts in cells:
        clean = CLEAN[feed]
        for text, value in texts.items():
            outcome = rejected(clean, {2: f"{column}_readable"})
            if value is not None:
                outcome = unharmed(clean, changed={(2, column): value})
            yield Variant(
                f"{column} as delivered",
                repr(text),
                clean,
                lambda clean, header=header, text=text: clean.with_value(2, header, text).bytes(),
                outcome,
            )
    register = CLEAN["gp_register"]
    for text, reasons in (
        ("999 803 3993", "nhs_number_pattern;nhs_number_check_digit"),
        ("999-803-3993", "nhs_number_pattern;nhs_number_check_digit"),
        ("9998033994", "nhs_number_check_digit"),
        ("998033993", "nhs_number_pattern;nhs_number_check_digit"),
        ("9.998033993E9", "nhs_number_pattern;nhs_number_check_digit"),
        ("9998033993.0", "nhs_number_pattern;nhs_number_check_digit"),
        ("", "nhs_number_present"),
        ("９９９８０３３９９３", "nhs_number_pattern;nhs_number_check_digit"),
    ):
        yield Variant(
            "NHS number as delivered",
            repr(text),
            register,
            lambda clean, text=text: clean.with_value(1, "nhs_number", text).bytes(),
            rejected(register, {1: reasons}),
        )

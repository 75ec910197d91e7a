"""Templates of pages, and how numbers and days are written in them."""

import datetime as dt
from functools import cache
from pathlib import Path

import jinja2
import minify_html
import pandas as pd

from phm.report.svg import place

WITHHELD = "withheld"


def render(template: str, /, **values: object) -> str:
    """The page a template of `templates/` makes of `values`, in few bytes; the same values give the same text."""
    page = _environment().get_template(template).render(**values)
    return minify_html.minify(page, keep_closing_tags=True, keep_html_and_head_opening_tags=True)


def source(name: str, /) -> str:
    """The text of a file of `templates/` as it stands."""
    return _environment().loader.get_source(_environment(), name)[0]


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": count, "number": number, "amount": amount, "day": day, "place": place}
    return environment


def count(value: float | int | None) -> str:
    """A published count; one that is missing was withheld."""
    return WITHHELD if pd.isna(value) else f"{int(value):,}"


def number(value: float | None, digits: int = 1) -> str:
    """A published rate or score; one that is missing was withheld."""
    return WITHHELD if pd.isna(value) else f"{value:,.{digits}f}"


def amount(value: float | None) -> str:
    """Any number that needs no protection, to six digits; nothing where there is none.

    >>> amount(1234567), amount(99.5), amount(None)
    ('1,234,567', '99.5', '')
    """
    if value is None:
        return ""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.6g}"


def day(value: dt.date) -> str:
    """A day as it is spoken.

    >>> day(dt.date(2026, 10, 1))
    '1 October 2026'
    """
    return f"{value.day} {value:%B %Y}"

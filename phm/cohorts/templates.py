"""Short sentences with facts filled in: `{column}` and `{:setting}`, and nothing else.

A date is written `3 Mar 2026`, a number without needless decimals, a text through the definition's `words`, and a
missing fact as `not recorded`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

PLACEHOLDER = re.compile(r"\{(:?)([a-z][a-z0-9_]*)\}")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MISSING = "not recorded"


@dataclass(frozen=True)
class Template:
    """One sentence. `pieces` alternates fixed text and names: text, name, text, …, text; a setting's name has a `:`.

    >>> Template.read("BMI {bmi} ({bmi_date})").columns
    ('bmi', 'bmi_date')
    """

    text: str
    pieces: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> "Template":
        """The template written in `text`; ValueError if a brace belongs to no placeholder."""
        parts = PLACEHOLDER.split(text)  # text, colon, name, text, colon, name, …, text
        if any(brace in fixed for fixed in parts[::3] for brace in "{}"):
            raise ValueError(text)
        pieces = [parts[0]]
        for colon, name, fixed in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            pieces += [colon + name, fixed]
        return cls(text, tuple(pieces))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns whose values are filled in, in order of appearance."""
        return tuple(name for name in self.pieces[1::2] if not name.startswith(":"))

    @property
    def settings(self) -> tuple[str, ...]:
        """Settings whose values are filled in."""
        return tuple(name[1:] for name in self.pieces[1::2] if name.startswith(":"))


def render(
    template: Template, facts: Mapping[str, ir.StringValue], /, *, settings: Mapping[str, Any], words: Mapping[str, str]
) -> ir.StringValue:
    """`template` filled in for every row with `facts`: each column as `in_words` writes it. Never missing.

    >>> rows = ibis.memtable({"bmi": [36.0, 36.14], "age": [41, None]})
    >>> facts = {name: in_words(rows[name], {}) for name in rows.columns}
    >>> list(render(Template.read("BMI {bmi}, age {age}"), facts, settings={}, words={}).to_pandas())
    ['BMI 36, age 41', 'BMI 36.1, age not recorded']
    """
    said = ibis.literal(template.pieces[0])
    for name, fixed in zip(template.pieces[1::2], template.pieces[2::2], strict=True):
        said = said + (written(settings[name[1:]], words) if name.startswith(":") else facts[name]) + fixed
    return said


def written(value: Any, words: Mapping[str, str]) -> str:
    """One value as a reader would write it."""
    if isinstance(value, list | tuple):
        return ", ".join(written(item, words) for item in value)
    if pd.isna(value):
        return MISSING
    if hasattr(value, "strftime"):
        return f"{value.day} {MONTHS[value.month - 1]} {value.year}"
    if isinstance(value, str):
        return words.get(value, value)
    return f"{value:.1f}".removesuffix(".0")


def in_words(column: ir.Value, words: Mapping[str, str]) -> ir.StringValue:
    """Every value of `column` as `written` writes it."""
    kind = column.type()
    if kind.is_date():
        text = column.strftime("%-d %b %Y")
    elif kind.is_floating():
        text = _number(column)
    elif kind.is_string():
        text = column.cases(*words.items(), else_=column) if words else column
    else:
        text = column.cast("int64").cast("string")
    return text.fill_null(MISSING)


def _number(value: ir.FloatingValue) -> ir.StringValue:
    """To the nearest tenth of the number as it is stored, where two are as near to the even one, as Python does.

    Engines round halves each in their own way. Whether a number lies above the middle of two tenths is worked out with
    4 and 16 times of it, which are exact as 20 times are not, and so is a small difference of large numbers.
    """
    size = value.abs()
    below = (size * 10).floor().cast("int64")
    above_middle = size * 4 - ((below * 2 + 1).cast("float64") - size * 16)
    is_up = (above_middle > 0) | ((above_middle == 0) & (below % 2 == 1))
    tenths = below + is_up.ifelse(1, 0)
    tenth = tenths % 10
    text = (tenths // 10).cast("string") + (tenth == 0).ifelse("", ibis.literal(".") + tenth.cast("string"))
    return (value < 0).ifelse(ibis.literal("-") + text, text)

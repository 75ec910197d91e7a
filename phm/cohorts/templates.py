"""Short sentences with facts filled in: `{column}` and `{:setting}`, and nothing else.

A date is written `3 Mar 2026`, a number without needless decimals, a text through the definition's `words`, and a
missing fact as `not recorded`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
    template: Template, rows: pd.DataFrame, /, *, settings: Mapping[str, Any], words: Mapping[str, str]
) -> pd.Series:
    """`template` filled in for every row of `rows`, a Series of text with the index of `rows`.

    >>> from datetime import date
    >>> rows = pd.DataFrame({"bmi": [36.0, 36.14], "bmi_date": [date(2026, 3, 3), date(2025, 12, 31)]})
    >>> list(render(Template.read("BMI {bmi} ({bmi_date})"), rows, settings={}, words={}))
    ['BMI 36 (3 Mar 2026)', 'BMI 36.1 (31 Dec 2025)']
    """
    sentence = pd.Series(template.pieces[0], index=rows.index, dtype="str")
    for name, fixed in zip(template.pieces[1::2], template.pieces[2::2], strict=True):
        fact = written(settings[name[1:]], words) if name.startswith(":") else _column(rows[name], words)
        sentence = sentence + fact + fixed
    return sentence


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


def _column(column: pd.Series, words: Mapping[str, str]) -> pd.Series:
    """Every value of `column` written; each distinct value is written once."""
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    texts = pd.array([*[written(value, words) for value in distinct], MISSING], dtype="str")
    return pd.Series(texts.take(codes), index=column.index)  # a missing value has code -1: the last text

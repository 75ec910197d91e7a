"""What may be said of one area: against its ICB, against the month before, and about its size. Never more than that."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from phm.report.rendering import WITHHELD, count, number

COMPARISONS = ("higher", "not different", "lower")
"""What a value can be against the ICB's, where both are known."""
GOALS = {
    "practice_sustainability": "Sustainable practices",
    "integration_and_equity": "Integration and equity",
}
"""What a PCN is asked to do, both of them."""
PCN_BAND = (30_000, 50_000)
"""People a PCN was meant to serve."""
_SMALL_PCN, _LARGE_PCN = 20_000, 100_000
_UNITS = {
    "percent": ("Percent", "%"),
    "rate": ("Per 1,000 people", " per 1,000"),
    "ratio": ("Observed per 100 expected", " per 100 expected"),
    "people": ("People", ""),
    "score": ("Score", ""),
}
_NAMED = 4
"""At most this many areas are named in a sentence; the table names all."""


def unit_title(unit: str, /) -> str:
    """What an axis or a column of a measure's values is called."""
    return _UNITS[unit][0]


def quantity(value: float | None, unit: str, /) -> str:
    """A value as it is spoken.

    >>> quantity(12.34, "percent"), quantity(45, "rate"), quantity(None, "percent")
    ('12.3%', '45.0 per 1,000', 'withheld')
    """
    return WITHHELD if pd.isna(value) else number(value) + _UNITS[unit][1]


def said_of(row: Any, unit: str, /) -> str:
    """What somebody reads who points at a plotted value: area, value, interval and parts.

    `row` is a row of `measure_value`. Method and period are the same for all marks of a chart: `basis` says them once.
    """
    interval = f" ({number(row.lower)} to {number(row.upper)})" if pd.notna(row.lower) else ""
    parts = f"{count(row.numerator)} of {count(row.denominator)}"
    return f"{row.area_name}: {quantity(row.value, unit)}{interval}, {parts}"


def standardised_said_of(row: Any, unit: str, /) -> str:
    """The same of the age-standardised value."""
    interval = f"({number(row.standardised_lower)} to {number(row.standardised_upper)})"
    return f"{row.area_name}: {quantity(row.standardised_value, unit)} age-standardised {interval}"


def basis(*said: str) -> str:
    """How the values of a chart were made and what time they are of, for below it."""
    return f"Point at a mark for its numbers ({'; '.join(text for text in said if text)})."


def against_icb(value: float | None, lower: float | None, upper: float | None, overall: float | None, /) -> str:
    """`higher` or `lower` only where a 95% interval leaves out the ICB's value; `withheld` without a value.

    >>> against_icb(12.0, 10.1, 14.0, 10.0), against_icb(12.0, 10.0, 14.0, 10.0), against_icb(None, None, None, 10.0)
    ('higher', 'not different', 'withheld')
    """
    if pd.isna(value):
        return WITHHELD
    if pd.isna(overall) or pd.isna(lower) or lower <= overall <= upper:
        return "not different"
    return "higher" if lower > overall else "lower"


def against_before(now: tuple[float, float], before: tuple[float, float], /) -> str:
    """What two 95% intervals of one area allow to be said of a month against an earlier one: they must lie apart.

    >>> against_before((10.1, 12.0), (8.0, 10.0)), against_before((9.9, 12.0), (8.0, 10.0))
    ('up', 'no clear change')
    """
    if any(pd.isna(limit) for limit in (*now, *before)):
        return WITHHELD
    if now[0] > before[1]:
        return "up"
    return "down" if now[1] < before[0] else "no clear change"


def judged(comparison: str, polarity: str, /) -> str:
    """A comparison with what it means, where the measure says which values are good.

    >>> judged("higher", "low"), judged("lower", "none"), judged("not different", "low")
    ('higher, less favourable', 'lower', 'not different')
    """
    if polarity == "none" or comparison not in ("higher", "lower"):
        return comparison
    is_good = (comparison == "higher") == (polarity == "high")
    return f"{comparison}, {'more' if is_good else 'less'} favourable"


def named(names: Sequence[str], /) -> str:
    """Names for a sentence, of which it holds four.

    >>> named(["Ash", "Beech"]), named(["A", "B", "C", "D", "E", "F"])
    ('Ash, Beech', 'A, B, C, D and 2 more')
    """
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def size_note(people: float | None, /) -> str:
    """A PCN's size against the usual band; nothing of one inside it or of unknown size.

    >>> size_note(12_000), size_note(40_000)
    ('small: read with care', '')
    """
    lowest, highest = PCN_BAND
    if pd.isna(people) or lowest <= people <= highest:
        return ""
    if people < lowest:
        return "small: read with care" if people < _SMALL_PCN else "below the usual size"
    return "very large: hides differences within" if people > _LARGE_PCN else "above the usual size"

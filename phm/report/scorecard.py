"""One area's measures beside the ICB: what may be said of them, and the chart of their intervals."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from phm.report.compare import Comparison
from phm.report.wording import basis

Own = Sequence[tuple[Comparison, Any]]
"""Measures compared, each with the area's own row of them."""


def differences(own: Own, /) -> list[str]:
    """Where the area differs from the ICB, worst news and good news alike."""
    said = []
    for word in ("higher", "lower"):
        titles = [c.measure.title for c, row in own if row.comparison == word]
        if titles:
            said.append(f"{word.capitalize()} than the ICB: {'; '.join(titles)}.")
    return said or ["No measure differs from the ICB beyond chance."]


def interval_basis(own: Own, /) -> str:
    """How the percentages were made and what time they are of."""
    rows = [row for c, row in own if c.unit == "percent"]
    return basis(*dict.fromkeys(row.method for row in rows), *dict.fromkeys(row.period for row in rows))


def intervals(own: Own, /) -> list[dict[str, Any]]:
    """Percentages that the chart of intervals draws; what a mark says leaves out the area, whose page it stands on."""
    return [
        {
            "title": c.measure.title,
            "pct": None if pd.isna(row.value) else row.value,
            "lower": None if pd.isna(row.value) else row.lower,
            "upper": None if pd.isna(row.value) else row.upper,
            "icb_pct": None if pd.isna(c.overall.value) else c.overall.value,
            "said": row.said.removeprefix(f"{row.area_name}: "),
        }
        for c, row in own
        if c.unit == "percent"
    ]

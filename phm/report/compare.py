"""One measure over the PCNs of an ICB: who differs, what age explains, how deep the gradient is, what changed.

A sentence is written only where the interval behind it allows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from phm.measures.definition import Measure
from phm.measures.funnel import ALARM, WARNING, funnel_limits
from phm.measures.groups import QUINTILE, QUINTILES
from phm.report.rendering import number
from phm.report.shown import ALL, Area, Shown
from phm.report.wording import (
    COMPARISONS,
    GOALS,
    against_icb,
    named,
    quantity,
    said_of,
    standardised_said_of,
    unit_title,
)

_PER = {"percent": 100, "rate": 1000, "ratio": 100}
COMPARED_UNITS = frozenset(_PER)
NO_PLACE = "No place"
_LINE_POINTS = 25
_LABELLED = 5
"""Areas a funnel names at most."""
_APART = 0.05
"""Part of the span of values that two names need between them, so as not to cover each other."""


@dataclass(frozen=True)
class Comparison:
    """A measure's PCNs against the ICB.

    `overall` is the ICB's row of `measure_value`; `rows` are the PCNs' in order of value, with `place_name`, `is_far`
    (outside the 99.8% limits), `label` (its name where the funnel shows it), `comparison` and `standardised_comparison`
    (`phm.report.wording.against_icb`), `said` and `standardised_said`; `places` the places' rows with `comparison`;
    `quintiles` the ICB's rows by deprivation quintile.
    """

    measure: Measure
    overall: Any
    rows: pd.DataFrame
    places: pd.DataFrame
    quintiles: pd.DataFrame

    @property
    def unit(self) -> str:
        return self.measure.unit

    @property
    def goal(self) -> str:
        return GOALS[self.measure.goal]

    @property
    def is_standardised(self) -> bool:
        """Whether there is an age-standardised value to set beside the crude ones."""
        return pd.notna(self.overall.standardised_value) and self.rows["standardised_value"].notna().any()

    @cached_property
    def records(self) -> list[Any]:
        """The PCNs' rows as tuples."""
        return list(self.rows.itertuples(index=False))

    @cached_property
    def by_code(self) -> dict[str, Any]:
        """The PCNs' rows by PCN code."""
        return {row.area_code: row for row in self.records}

    @cached_property
    def by_place_code(self) -> dict[str, Any]:
        """The places' rows by place code."""
        return {row.area_code: row for row in self.places.itertuples(index=False)}

    @property
    def has_gradient(self) -> bool:
        return bool(self.quintiles["value"].notna().any())

    def names(self, comparison: str, column: str = "comparison") -> list[str]:
        """PCNs that compare so, the furthest from the ICB first."""
        value = "value" if column == "comparison" else "standardised_value"
        rows = [row for row in self.records if getattr(row, column) == comparison]
        side = 1 if comparison == "lower" else -1
        return [row.area_name for row in sorted(rows, key=lambda row: (side * getattr(row, value), row.area_name))]

    @property
    def funnel_lines(self) -> pd.DataFrame:
        """The funnel's limits over the sizes of the PCNs, in the measure's unit."""
        sizes = self.rows["size"].dropna()
        grid = np.geomspace(max(sizes.min() * 0.9, 1), sizes.max() * 1.05, _LINE_POINTS)
        per, kind = _PER[self.unit], "proportion" if self.unit == "percent" else "rate"
        lines = {"size": grid}
        for level, name in ((WARNING, "95"), (ALARM, "998")):
            limits = funnel_limits(grid, kind=kind, baseline=self.overall.value / per, confidence=level)
            lines |= {f"{side}_{name}": per * line for side, line in zip(("lower", "upper"), limits, strict=True)}
        return pd.DataFrame(lines)


def compare(shown: Shown, measure: Measure, icb: Area, /, *, place_names: pd.Series) -> Comparison | None:
    """One measure's PCNs against the ICB; None where it counts nothing of the ICB.

    `place_names` has the name of each PCN's place by PCN code.
    """
    overall = shown.row(measure.id, icb)
    if overall is None:
        return None
    frame = shown.frame[shown.frame["measure_id"] == measure.id]
    everybody = frame[frame["group_name"] == ALL[0]]
    rows = _compared(everybody[everybody["area_type"] == "pcn"], overall, measure.unit)
    rows["place_name"] = [place_names.get(code, NO_PLACE) for code in rows["area_code"]]
    rows["is_far"] = rows["significance"].astype("string").str.contains("99.8").fillna(False).astype(bool)
    rows["label"] = rows["area_name"].where(rows.index.isin(_labelled(rows, overall.value)), "")
    of_icb = frame[(frame["area_type"] == "icb") & (frame["group_name"] == QUINTILE)]
    quintiles = of_icb[of_icb["group_value"].isin(map(str, QUINTILES))].sort_values("group_value", ignore_index=True)
    places = _compared(everybody[everybody["area_type"] == "place"], overall, measure.unit)
    return Comparison(measure, overall, rows, places, quintiles)


def _labelled(rows: pd.DataFrame, overall: float) -> list[int]:
    """Positions of areas outside the limits, the furthest from the ICB first, whose names leave each other room."""
    values = rows["value"]
    apart, labelled = _APART * (values.max() - values.min()), []
    for position in (values - overall).abs()[rows["is_far"]].sort_values(ascending=False, kind="stable").index:
        if all(abs(values[position] - values[other]) >= apart for other in labelled):
            labelled.append(position)
    return labelled[:_LABELLED]


def sentences(found: Comparison, /) -> list[str]:
    """What may be said of the PCNs: against the ICB, allowing for size, for age, and of the gradient."""
    if pd.isna(found.overall.value):
        return [f"{found.measure.title}: withheld for the ICB as a whole, so nothing can be compared."]
    said = [_against(found), _funnel(found), _ages(found), gradient_sentence(found)]
    return [sentence for sentence in said if sentence]


def in_short(found: Comparison, /) -> str:
    """The comparison without names of areas."""
    if pd.isna(found.overall.value):
        return sentences(found)[0]
    numbers = {word: len(found.names(word)) for word in COMPARISONS}
    return (
        f"{found.measure.title}: {quantity(found.overall.value, found.unit)} across the ICB. "
        f"Of {sum(numbers.values())} PCNs, higher: {numbers['higher']}, lower: {numbers['lower']}, "
        f"not different beyond chance: {numbers['not different']}."
    )


def gradient_sentence(found: Comparison, /) -> str:
    """What deprivation has to do with it, as far as the slope's interval leaves out none."""
    row = found.overall
    if pd.isna(row.sii):
        return ""
    of_what = row.inequality_method.partition(";")[0]
    low, high = sorted((row.sii_lower, row.sii_upper))
    if low <= 0 <= high:
        return (
            f"By deprivation, {of_what}: no gradient beyond chance "
            f"(slope index {number(row.sii)}, 95% interval {number(low)} to {number(high)})."
        )
    side, other = ("most", "least") if row.sii < 0 else ("least", "most")
    low, high = sorted((abs(low), abs(high)))
    limits = f"95% interval {number(low)} to {number(high)}"
    ratio = ""
    if pd.notna(row.rii):
        ratio = f" Relative index, least over most deprived: {number(row.rii, 2)} "
        ratio += f"({number(row.rii_lower, 2)} to {number(row.rii_upper, 2)})."
    return (
        f"By deprivation, {of_what}: higher towards the {side} deprived end than the {other}, "
        f"by {number(abs(row.sii))} {_points(found.unit)} along the fitted line ({limits}).{ratio}"
    )


def _compared(areas: pd.DataFrame, overall: Any, unit: str) -> pd.DataFrame:
    """Areas in order of value, each with how it compares and what its mark says."""
    rows = areas.sort_values(["value", "area_name"], ascending=[False, True], na_position="last", ignore_index=True)
    records = list(rows.itertuples(index=False))
    return rows.assign(
        size=rows["expected" if unit == "ratio" else "denominator"].astype("float64"),
        comparison=[against_icb(r.value, r.lower, r.upper, overall.value) for r in records],
        standardised_comparison=[
            against_icb(r.standardised_value, r.standardised_lower, r.standardised_upper, overall.standardised_value)
            for r in records
        ],
        said=[said_of(r, unit) for r in records],
        standardised_said=[standardised_said_of(r, unit) for r in records],
    )


def _against(found: Comparison) -> str:
    compared = sum(len(found.names(word)) for word in COMPARISONS)
    parts = [f"{quantity(found.overall.value, found.unit)} across the ICB."]
    for word in ("higher", "lower"):
        names = found.names(word)
        if names:
            parts.append(f"{word.capitalize()} than the ICB: {len(names)} of {compared} PCNs ({named(names)}).")
    same, withheld = len(found.names("not different")), len(found.rows) - compared
    if same:
        parts.append(f"Not different beyond chance: {same} of {compared}.")
    if withheld:
        parts.append(f"Withheld because numbers are small: {withheld}.")
    return " ".join(parts)


def _funnel(found: Comparison) -> str:
    far = int(found.rows["is_far"].sum())
    scatter = found.rows["overdispersion"].dropna()
    areas = int(found.rows["value"].notna().sum())
    text = f"Allowing for size, {far} of {areas} PCNs lie outside the 99.8% limits, where chance puts about 1 in 500."
    if len(scatter) and areas > 1 and scatter.iloc[0] > (areas - 1) / areas:
        text += (
            " PCNs scatter more than chance alone would let them "
            f"({number(scatter.iloc[0])} times): look for what many share, such as age or coding, before one PCN."
        )
    return text


def _ages(found: Comparison) -> str:
    """Why crude and age-standardised values differ, and for whom that changes the answer."""
    if not found.is_standardised:
        return ""
    changed = found.rows[found.rows["comparison"].ne(found.rows["standardised_comparison"])]
    changed = changed[changed["standardised_comparison"].isin(COMPARISONS) & changed["comparison"].isin(COMPARISONS)]
    text = (
        "Crude values count people as they are; age-standardised ones ask what would be seen if every PCN had the same "
        "ages, so a PCN of older people stands lower for what comes with age."
    )
    if len(changed):
        text += f" That changes the answer for {len(changed)} of {len(found.rows)} PCNs"
        text += f" ({named(changed['area_name'].tolist())})."
    return text


def _points(unit: str) -> str:
    return "percentage points" if unit == "percent" else unit_title(unit).lower()


def compared_measures(
    shown: Shown, measures: Sequence[Measure], icb: Area, /, *, place_names: pd.Series
) -> list[Comparison]:
    """Every measure with one value per area, compared, in the order measures are shown."""
    found = [compare(shown, m, icb, place_names=place_names) for m in measures if m.unit in COMPARED_UNITS]
    return [comparison for comparison in found if comparison is not None]

"""Released counts with everything a plotted value must state: interval, method, period, how it compares, its gradient.

Everything is computed from released cells, so it says no more than they do. How values are standardised is `adjusted`'s
part, how many are expected `expected`'s; the formulas stand in `estimates`, `standardised`, `funnel` and `inequality`.
"""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from phm.feeds.contracts import load_contract
from phm.measures import estimates
from phm.measures.adjusted import ADJUSTED, directly, indirectly
from phm.measures.definition import Measure
from phm.measures.estimates import PER, Estimates
from phm.measures.expected import METHOD as EXPECTED
from phm.measures.expected import expected_hypertension
from phm.measures.funnel import ALARM, NOT_DIFFERENT, WARNING, Kind, funnel_limits, overdispersion
from phm.measures.groups import QUINTILE, QUINTILES
from phm.measures.inequality import inequality
from phm.measures.published_counts import AREA, Counts

Numbers = NDArray[np.float64]
KEY = ["measure_id", *AREA, "group_value"]
METHODS = {
    "people": "count rounded to 5",
    "percent": "rounded parts; Wilson 95%",
    "rate": "rounded parts; per 1,000, Byar's 95% (exact below 10)",
    "ratio": f"rounded count over number {EXPECTED}; Byar's 95% (exact below 10), of the count alone",
    "score": "mean to 1 decimal",
}
GRADIENT = ["sii", "sii_lower", "sii_upper", "rii", "rii_lower", "rii_upper", "inequality_method"]


def statistics(released: pd.DataFrame, /, *, definitions: Sequence[Measure], reference_date: dt.date) -> pd.DataFrame:
    """Released rows in the columns of contract `measure_value`.

    A count and a mean of the whole population have no limits. `definitions` are the measures the rows are of; rows of
    others (where a PCN's patients live) are how things stand on the `reference_date`.
    """
    rows = released.reset_index(drop=True)
    shown = Counts(rows)
    rows = _with_adjusted(rows, shown, definitions)
    rows["expected"] = rows["expected"].round()
    rows = _with_values(rows)
    rows["method"] = rows["unit"].map(METHODS)
    rows["period"] = _periods(rows["measure_id"], definitions, reference_date)
    rows = _with_significance(rows)
    rows = _with_gradients(rows, definitions)
    return rows[list(load_contract("measure_value").column_names)]


def _with_values(rows: pd.DataFrame) -> pd.DataFrame:
    numerator, denominator = (_numbers(rows[name]) for name in ("numerator", "denominator"))
    of_unit: dict[str, Estimates] = {
        "percent": estimates.proportion(numerator, denominator),
        "rate": estimates.rate(numerator, denominator, multiplier=PER),
        "ratio": estimates.ratio(numerator, rows["expected"]),
    }
    limits = {name: np.full(len(rows), np.nan) for name in ("lower", "upper")}
    value = np.where(rows["unit"].eq("people"), numerator, _numbers(rows["value"]))
    for unit, found in of_unit.items():
        is_unit = rows["unit"].eq(unit).to_numpy()
        value = np.where(is_unit, found.value, value)
        limits = {name: np.where(is_unit, getattr(found, name), limit) for name, limit in limits.items()}
    return rows.assign(value=value, **limits)


def _with_adjusted(rows: pd.DataFrame, shown: Counts, definitions: Sequence[Measure]) -> pd.DataFrame:
    """Rows with standardised values and expected numbers, where there are any; `events` is what those count."""
    found = [pd.DataFrame(columns=[*KEY, *ADJUSTED, "expected", "events"])]
    for measure in definitions:
        if measure.standardisation == "direct":
            found.append(directly(shown, measure).assign(measure_id=measure.id))
        elif measure.standardisation == "indirect":
            found.append(indirectly(shown, measure).assign(measure_id=measure.id))
        elif measure.expected_from:
            expected = expected_hypertension(shown).rename("expected").reset_index()
            found.append(expected.assign(measure_id=measure.id, group_value="all"))
    adjusted = pd.concat([table for table in found if len(table)] or found, ignore_index=True)
    adjusted = adjusted.reindex(columns=[*KEY, *ADJUSTED, "expected", "events"])
    numbers = [*ADJUSTED[:3], "expected", "events"]
    joined = rows.merge(adjusted.astype(dict.fromkeys(numbers, float)), on=KEY, how="left", validate="one_to_one")
    return joined.assign(standardised_method=joined["standardised_method"].where(joined[ADJUSTED[0]].notna(), None))


def _with_significance(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with how their values compare with the ICB's same group, and how much areas of a level scatter."""
    numerator = _numbers(rows["numerator"])
    total = np.where(rows["unit"].eq("ratio"), rows["expected"], _numbers(rows["denominator"]))
    is_proportion = rows["unit"].eq("percent").to_numpy()
    is_compared = rows["unit"].isin(["percent", "rate", "ratio"]).to_numpy() & rows["area_type"].ne("icb").to_numpy()
    baseline = _of_icb(rows, numerator / np.where(total > 0, total, np.nan))
    crude = np.where(
        is_proportion,
        compared(numerator, total, baseline, kind="proportion"),
        compared(numerator, total, baseline, kind="rate"),
    )
    standardised = _numbers(rows["standardised_value"])
    size = rows["events"].to_numpy() / np.where(standardised > 0, standardised, np.nan)
    adjusted = compared(rows["events"].to_numpy(), size, _of_icb(rows, standardised), kind="rate")
    return rows.assign(
        significance=_texts(crude, is_compared),
        standardised_significance=_texts(adjusted, is_compared),
        overdispersion=_scatter(rows, numerator, total, baseline, is_compared),
    )


def compared(numerator: Numbers, total: Numbers, baseline: Numbers, /, *, kind: Kind) -> NDArray[np.str_]:
    """Where each value lies against funnel limits around its own baseline, in the words of `funnel.Funnel`.

    Empty where a part or the baseline is missing.
    """
    is_known = (numerator >= 0) & (total > 0) & (baseline >= 0)
    counts, sizes, base = (np.where(is_known, a, 1.0) for a in (numerator, total, baseline))
    base = np.clip(base, 0, 1) if kind == "proportion" else base
    value = counts / sizes
    found = np.full(value.shape, NOT_DIFFERENT, dtype="<U13")
    for level in (WARNING, ALARM):
        lower, upper = funnel_limits(sizes, kind=kind, baseline=base, confidence=level)
        found[value < lower] = f"low {100 * level:g}%"
        found[value > upper] = f"high {100 * level:g}%"
    return np.where(is_known, found, "")


def _of_icb(rows: pd.DataFrame, value: Numbers) -> Numbers:
    """The ICB's value of the same measure and group, for every row."""
    named = rows[["measure_id", "group_name", "group_value"]].assign(value=value)
    icb = named[rows["area_type"].eq("icb").to_numpy()]
    return named.drop(columns="value").merge(icb, how="left", validate="many_to_one")["value"].to_numpy(dtype=float)


def _scatter(
    rows: pd.DataFrame, numerator: Numbers, total: Numbers, baseline: Numbers, is_compared: NDArray[np.bool_]
) -> Numbers:
    """Overdispersion (phi) among the areas of each level and measure, for the rows of everybody."""
    found = np.full(len(rows), np.nan)
    is_whole = is_compared & rows["group_name"].eq("all").to_numpy() & (baseline > 0)
    for (_, _, unit), of_level in rows[is_whole].groupby(["measure_id", "area_type", "unit"]).indices.items():
        at = np.flatnonzero(is_whole)[of_level]
        kind: Kind = "proportion" if unit == "percent" else "rate"
        found[at] = overdispersion(numerator[at], total[at], kind=kind, baseline=float(baseline[at][0])).phi
    return found


def _with_gradients(rows: pd.DataFrame, definitions: Sequence[Measure]) -> pd.DataFrame:
    """Rows with slope and relative index of inequality over the ICB's fifths, on its row of everybody."""
    quintiles = [str(q) for q in QUINTILES]
    icb = rows[rows["area_type"].eq("icb") & rows["group_name"].eq(QUINTILE) & rows["group_value"].isin(quintiles)]
    found = []
    for measure in definitions:
        if QUINTILE not in measure.groups or measure.unit not in ("percent", "rate"):
            continue
        prefix = "standardised_" if measure.standardisation == "direct" else ""
        of_measure = icb[icb["measure_id"] == measure.id].set_index("group_value").reindex(quintiles)
        per = 100 if measure.unit == "percent" else 1
        parts = [_numbers(of_measure[f"{prefix}{name}"]) / per for name in ("value", "lower", "upper")]
        index = inequality(
            *(part[np.newaxis] for part in parts),
            _numbers(of_measure["denominator"])[np.newaxis],
            scale="logit" if measure.unit == "percent" else "log",
        )
        slope = {name: per * getattr(index, name)[0] for name in GRADIENT[:3]}
        relative = {name: getattr(index, name)[0] for name in GRADIENT[3:6]}
        of_what = "age-standardised values" if prefix else "crude values"
        found.append({"measure_id": measure.id, "inequality_method": f"{of_what}; {index.method}"} | slope | relative)
    gradients = pd.DataFrame(found, columns=["measure_id", *GRADIENT]).dropna(subset=["sii"])
    gradients = gradients.astype(dict.fromkeys(GRADIENT[:6], float))
    gradients = gradients.assign(area_type="icb", group_name="all")
    return rows.merge(gradients, on=["measure_id", "area_type", "group_name"], how="left", validate="many_to_one")


def _periods(ids: pd.Series, definitions: Sequence[Measure], reference_date: dt.date) -> list[str]:
    day = f"{reference_date.day} {reference_date:%B %Y}"
    of_a_year = {measure.id for measure in definitions if measure.period == "year"}
    return [f"12 months to {day}" if measure in of_a_year else day for measure in ids]


def _numbers(column: pd.Series) -> Numbers:
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _texts(found: NDArray[np.str_], is_compared: NDArray[np.bool_]) -> pd.Series:
    return pd.Series(found).where(is_compared & (found != ""), None)

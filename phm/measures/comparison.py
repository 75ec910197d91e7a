"""The PCNs of one published month side by side by one measure, and one sentence that says no more than they do."""

from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd

from phm.errors import ConfigurationError
from phm.governance.disclosure import Published, require_published
from phm.measures.definition import Measure
from phm.measures.funnel import NOT_DIFFERENT, WARNING
from phm.measures.groups import EVERYBODY

WORDS = {"low 99.8%": "lower", "low 95%": "lower", NOT_DIFFERENT: NOT_DIFFERENT, "high 95%": "higher"} | {
    "high 99.8%": "higher"
}
"""What a place against the funnel's limits allows to be said."""
SCATTERED = 2.0
"""Mean squared distance in standard errors from which areas are said to differ by more than chance as a whole."""


@dataclass(frozen=True)
class Comparison:
    """`rows` of `measure_value`, one per PCN and group, highest first; the ICB's rows; and what may be said.

    `is_standardised` says whether the values to compare are the age-standardised ones.
    """

    measure: Measure
    rows: pd.DataFrame
    overall: pd.DataFrame
    is_standardised: bool
    sentences: tuple[str, ...]


def compare_pcns(published: Published, measure: Measure, /, *, by: str = EVERYBODY) -> Comparison:
    """PCNs of one month by one measure, of everybody or by the groups of one grouping.

    Raises
    ------
    ConfigurationError
        The measure is not published, or not by this grouping.
    """
    values = require_published(published)
    of_measure = values[values["measure_id"] == measure.id]
    known = sorted(of_measure.loc[of_measure["area_type"] == "pcn", "group_name"].unique())
    if by == EVERYBODY and EVERYBODY not in known and len(known) == 1:
        by = known[0]
    rows = of_measure[of_measure["group_name"] == by]
    if by not in known:
        near = get_close_matches(by, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Choose from: {', '.join(known) or 'none'}."
        raise ConfigurationError(f"{measure.id} is not published by this grouping", name=by, hint=hint)
    pcns, overall = rows[rows["area_type"] == "pcn"], rows[rows["area_type"] == "icb"]
    is_standardised = bool(pcns["standardised_value"].notna().any())
    value = "standardised_value" if is_standardised else "value"
    order = ["group_value", value, "area_name"]
    pcns = pcns.sort_values(order, ascending=[True, False, True], na_position="last", ignore_index=True)
    said = _sentences(pcns, overall, measure, is_standardised) if by == EVERYBODY else ()
    return Comparison(measure, pcns, overall, is_standardised, said)


def _sentences(pcns: pd.DataFrame, overall: pd.DataFrame, measure: Measure, is_standardised: bool) -> tuple[str, ...]:
    """What funnel limits allow to be said of the PCNs together."""
    if measure.unit in ("people", "score"):
        return ("A number that describes PCNs; it is not compared.",)
    prefix = "standardised_" if is_standardised else ""
    words = pcns[f"{prefix}significance"].map(WORDS)
    compared = int(words.notna().sum())
    if not compared or overall["value"].isna().all():
        return ("Withheld or without a value, so nothing can be compared.",)
    adjusted = ", after taking age into account," if is_standardised else ""
    higher, lower, same = (_are((words == word).sum()) for word in ("higher", "lower", NOT_DIFFERENT))
    said = [
        f"Of {compared} PCNs{adjusted} {higher} higher than the ICB, {lower} lower and {same} not different beyond "
        f"chance ({100 * WARNING:g}% funnel limits)."
    ]
    if compared < len(pcns):
        said.append(f"{len(pcns) - compared} cannot be compared: a count is too small to show.")
    scatter = pcns["overdispersion"].dropna()
    if len(scatter) and scatter.iloc[0] > SCATTERED:
        said.append(
            "PCNs differ by more than chance in general, so many lie outside the limits: ask what differs, do not rank."
        )
    said += _gradient(overall.iloc[0])
    return tuple(said)


def _are(areas: int) -> str:
    return f"{areas} {'is' if areas == 1 else 'are'}"


def _gradient(icb: pd.Series) -> list[str]:
    """What the slope over deprivation allows to be said: nothing, unless its interval leaves out no slope."""
    if pd.isna(icb["sii"]):
        return []
    if icb["sii_lower"] <= 0 <= icb["sii_upper"]:
        return ["Across the ICB no clear gradient with deprivation."]
    more = "more" if icb["sii"] < 0 else "less"
    of = "age-standardised" if str(icb["inequality_method"]).startswith("age") else "crude"
    limits = sorted(np.abs([icb["sii_lower"], icb["sii_upper"]]))
    unit = "percentage points" if icb["unit"] == "percent" else "per 1,000"
    return [
        f"Across the ICB {more} common in deprived areas: {abs(icb['sii']):.1f} {unit} between the most and the least "
        f"deprived ({of}; 95% interval {limits[0]:.1f} to {limits[1]:.1f})."
    ]

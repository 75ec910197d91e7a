"""Which PCNs are like a pilot, from published months before it began.

Alike means close in list size, deprivation, mean age, and in level and trend of the measure itself; each is one
standard deviation of all PCNs of the ICB, and all count the same. Nothing of the months after the start is looked at.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from phm.errors import ConfigurationError
from phm.measures.groups import SEX_AGE_BAND

LIST_SIZE, DEPRIVATION = "list_size", "imd_mean_score"
CHARACTERISTICS = {
    "list_size": "registered people",
    "deprivation": "mean deprivation score",
    "mean_age": "mean age",
    "level": "mean of the measure before",
    "trend": "change of the measure a month before",
}
"""What PCNs are matched on. Of list size the logarithm is taken: twice as large is as far as half as large."""
_YEARS_OF_TOP_BAND = 10
"""Years a band without an upper end is taken to span: 90+ stands for 95."""


def characteristics(values: pd.DataFrame, panel: pd.DataFrame, /) -> pd.DataFrame:
    """One row per PCN of `panel`: the columns of `CHARACTERISTICS`, means over the months of `panel`.

    `values` are rows of published `measure_value` with `month`, `panel` the measure by PCN and month, before the start.
    A characteristic no month publishes is missing.
    """
    pcns = values[values["area_type"].eq("pcn") & values["month"].isin(panel.columns)]
    return pd.DataFrame(
        {
            "list_size": _mean_of(pcns[pcns["measure_id"].eq(LIST_SIZE) & pcns["group_value"].eq("all")], "numerator"),
            "deprivation": _mean_of(pcns[pcns["measure_id"].eq(DEPRIVATION)], "value"),
            "mean_age": _mean_age(pcns[pcns["measure_id"].eq(LIST_SIZE) & pcns["group_name"].eq(SEX_AGE_BAND)]),
            "level": panel.mean(axis=1),
            "trend": slopes(panel),
        }
    ).reindex(panel.index)


def nearest(described: pd.DataFrame, /, *, pilots: list[str], each: int) -> pd.Series:
    """Distance of each comparator from the nearest pilot, for the `each` PCNs nearest to every pilot, nearest first.

    Characteristics that are missing for any PCN, or the same for all, cannot tell PCNs apart and are left out.

    Raises
    ------
    ConfigurationError
        There is no other PCN.
    """
    usable = described.assign(list_size=np.log(described["list_size"].astype(float)))
    usable = usable.loc[:, usable.notna().all() & (usable.std(ddof=0) > 0)]
    scaled = usable / usable.std(ddof=0)
    others = scaled.drop(index=pilots)
    if others.empty:
        raise ConfigurationError(
            "There is no PCN to compare the pilots with",
            name=", ".join(pilots),
            hint="Comparators need the measure published in every month.",
        )
    apart = scaled.loc[pilots].to_numpy()[:, np.newaxis, :] - others.to_numpy()[np.newaxis, :, :]
    distance = np.sqrt((apart**2).sum(axis=-1))
    order = np.argsort(distance, axis=1, kind="stable")[:, :each]
    chosen = np.unique(order)
    return pd.Series(distance.min(axis=0), index=others.index).iloc[chosen].sort_values(kind="stable")


def slopes(panel: pd.DataFrame, /) -> pd.Series:
    """Change a month of each row, by least squares over its months (columns `YYYY-MM`); missing for one month."""
    at = month_numbers(panel.columns)
    from_middle = at - at.mean() if len(at) else at
    spread = float((from_middle**2).sum())
    return panel.mul(from_middle, axis=1).sum(axis=1, skipna=False) / (spread or np.nan)


def month_numbers(months: pd.Index, /) -> NDArray[np.float64]:
    """Months counted from year 0, so that a month that is missing leaves its gap.

    >>> month_numbers(pd.Index(["2026-12", "2027-01"])).tolist()
    [24323.0, 24324.0]
    """
    return np.array([12 * int(month[:4]) + int(month[5:]) - 1 for month in months], dtype=float)


def _mean_of(rows: pd.DataFrame, column: str) -> pd.Series:
    return rows.groupby("area_code")[column].mean().astype(float)


def _mean_age(rows: pd.DataFrame) -> pd.Series:
    """Mean age of the people in published age bands, everybody in the middle of theirs; withheld bands are left out."""
    bounds = rows["group_value"].str.extract(r"(?P<low>\d+)(?:-(?P<high>\d+)|\+)").astype(float)
    middle = (bounds["low"] + bounds["high"].fillna(bounds["low"] + _YEARS_OF_TOP_BAND - 1) + 1) / 2
    people = rows["numerator"].astype(float).where(middle.notna())
    totals = pd.DataFrame({"years": people * middle, "people": people}).groupby(rows["area_code"]).sum()
    return totals["years"] / totals["people"].where(totals["people"] > 0)

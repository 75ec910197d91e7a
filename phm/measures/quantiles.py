"""Areas in fifths, tenths or any number of groups of equal size, by the rank of a value."""

import numpy as np
import pandas as pd


def quantiles(
    values: pd.Series, /, *, number: int, within: pd.Series | list[pd.Series] | None = None, highest_first: bool = True
) -> pd.Series:
    """Group of each area from 1 to `number`, by rank of its value among the areas of the same `within`.

    Group 1 has the highest values unless `highest_first` is false. Equal values share the better rank, so groups can
    be of unequal size. Missing where the value is missing, and where `within` has fewer areas than groups are asked
    for. Source: OHID, Assigning deprivation categories; PHEindicatormethods `phe_quantile`.

    >>> quantiles(pd.Series([40.0, 10.0, 20.0, 30.0]), number=2).tolist()
    [1, 2, 2, 1]
    """
    by = pd.Series(0, index=values.index) if within is None else within
    grouped = values.groupby(by)
    rank = grouped.rank(method="min", ascending=not highest_first)
    areas = grouped.transform("count").where(values.notna())
    # The same division and order of steps as the source, whose floating point decides at the edges of groups.
    group = np.floor((number + 1) - np.ceil(((areas + 1) - rank) / (areas / number)))
    return group.clip(lower=1).where(areas >= number).astype("Int64")

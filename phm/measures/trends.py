"""Published months in order: how a measure of one area moved, and which months say more than the usual ups and downs.

Only published values go in, each as it was published then.
"""

import pandas as pd

from phm.errors import StoreError
from phm.governance.disclosure import Published, recognise, require_published
from phm.measures.run_charts import run_chart
from phm.store import Store

SERIES = ["measure_id", "area_type", "area_code"]


def published_months(store: Store, icb_code: str, /) -> Published:
    """Published `measure_value` of all months of an ICB, with `month` (YYYY-MM).

    Raises
    ------
    StoreError
        Nothing of the ICB is published.
    """
    tables = [
        pd.read_parquet(file, dtype_backend="numpy_nullable").assign(month=partition.month)
        for partition in store.partitions()
        if partition.icb_code == icb_code
        for file in store.files("measure_value", partition)
    ]
    if not tables:
        raise StoreError("Nothing is published for this ICB", name=icb_code, hint="Run `phm run` first.")
    return recognise(pd.concat(tables, ignore_index=True))


def months_of(published: Published, month: str, /) -> pd.DataFrame:
    """The rows of one month of what `published_months` gives."""
    values = require_published(published)
    return values[values["month"] == month].drop(columns="month").reset_index(drop=True)


def trends(published: Published, /) -> pd.DataFrame:
    """One row per measure, area and month it has a value in, of everybody; months without one leave a gap.

    Columns are `SERIES`, `month`, `value`; `mean, lower, upper`, the XmR limits of the series; `is_special_cause`,
    whether a rule marks the month; and `is_provisional`, whether the limits come from too few months to rely on.
    `published` is what `published_months` gives.
    """
    values = require_published(published)
    rows = values[values["group_name"].eq("all") & values["value"].notna()]
    panel = rows.pivot(index=SERIES, columns="month", values="value").astype(float)
    if panel.empty:
        return pd.DataFrame(columns=[*SERIES, "month", "value", *_LIMITS, "is_special_cause", "is_provisional"])
    months = pd.period_range(panel.columns.min(), panel.columns.max(), freq="M").strftime("%Y-%m")
    panel = panel.reindex(columns=pd.Index(months, name="month"))
    chart = run_chart(panel.to_numpy())
    marked = pd.DataFrame(chart.is_special_cause, index=panel.index, columns=panel.columns)
    long = panel.stack().rename("value").to_frame().join(marked.stack().rename("is_special_cause"))
    of_series = pd.DataFrame({name: getattr(chart, name) for name in (*_LIMITS, "is_provisional")}, index=panel.index)
    return (
        long.dropna(subset=["value"])
        .join(of_series)
        .reset_index()[[*SERIES, "month", "value", *_LIMITS, "is_special_cause", "is_provisional"]]
    )


_LIMITS = ("mean", "lower", "upper")

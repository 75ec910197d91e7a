"""Needs that are measured and what answers them: where the one is high and the other is not there.

Which kind of support answers which need is local practice, for review by those who know the place. Only published
values are compared.
"""

from dataclasses import dataclass

import pandas as pd

from phm.governance.disclosure import Published, require_published


@dataclass(frozen=True)
class Need:
    """A published percentage that is a need where it is high, and the categories of assets that answer it."""

    measure_id: str
    group_value: str
    title: str
    categories: tuple[str, ...]


NEEDS = (
    Need(
        "raised_bp_not_on_register",
        "all",
        "raised blood pressure without a diagnosis",
        ("blood_pressure_check", "physical_activity", "weight_management"),
    ),
    Need("bp_not_measured_5y", "all", "no blood pressure recorded in 5 years", ("blood_pressure_check",)),
    Need(
        "imd_quintile_share",
        "1",
        "people in the most deprived fifth of areas",
        ("debt_and_welfare_advice", "employment_support", "food_support"),
    ),
)


def asset_gaps(published: Published, pcn_asset: pd.DataFrame, /) -> pd.DataFrame:
    """One row per PCN, need and category that answers it.

    Columns are `pcn_code, need, category`; `is_higher`, whether the 95% interval of the PCN's value lies above the
    ICB's value; `asset_count`, assets of the category inside its boundary; and `is_gap`, whether the need is higher and
    there is none.
    """
    values = require_published(published)
    counts = pcn_asset.groupby(["pcn_code", "category"]).size().rename("asset_count").reset_index()
    found = []
    for need in NEEDS:
        rows = values[(values["measure_id"] == need.measure_id) & (values["group_value"] == need.group_value)]
        overall = rows.loc[rows["area_type"] == "icb", "value"]
        pcns = rows[rows["area_type"] == "pcn"]
        is_higher = (pcns["lower"] > overall.iloc[0]).fillna(False) if len(overall) else False
        found += [
            pd.DataFrame({"pcn_code": pcns["area_code"], "is_higher": is_higher}).assign(
                need=need.title, category=category
            )
            for category in need.categories
        ]
    gaps = pd.concat(found, ignore_index=True).merge(counts, how="left", on=["pcn_code", "category"])
    gaps["asset_count"] = gaps["asset_count"].fillna(0).astype("int64")
    gaps["is_gap"] = gaps["is_higher"] & gaps["asset_count"].eq(0)
    return gaps[["pcn_code", "need", "category", "is_higher", "asset_count", "is_gap"]]

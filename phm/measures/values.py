"""Measures counted per practice in a scan of the people, added up to PCN, place and ICB. Nothing here may be shown.

What comes out is `RawCounts`; `phm.governance.disclosure.publish` makes it `measure_value`, calling `statistics` on the
rounded parts.
"""

import datetime as dt
from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from phm.feeds.contracts import load_contract
from phm.governance.raw import RawCounts
from phm.measures.definition import Measure
from phm.measures.groups import GROUPINGS, count_by_sex_and_age
from phm.measures.rates import wilson
from phm.measures.residence import residence_counts
from phm.measures.ties import counted_groups, ties

LEVELS = ("practice", "pcn", "place", "icb")
NO_PCN = "No PCN"
_THOUSANDTHS = 1000


def measure_values(
    person_feature: ir.Table,
    geography: ir.Table,
    residence: ir.Table,
    /,
    *,
    definitions: Sequence[Measure],
    reference_date: dt.date,
) -> RawCounts:
    """Unrounded counts: one row per measure, area (practice, PCN, place, ICB) and group; not to be shown.

    `person_feature`, `geography` (`core_geography`) and `residence` (what `core.boundary.pcn_facts` makes) are of the
    same month. A practice's people count in the areas of their practice (registered view); how far that is also where
    they live is counted for PCNs. Counts by sex and age start at PCN: a practice's would be too small.
    """
    selected = geography.select(*(f"{a}_{b}" for a in LEVELS for b in ("code", "name")))
    areas = selected.to_pyarrow().to_pandas()
    areas["pcn_name"] = areas["pcn_name"].fillna(NO_PCN)
    practice_counts = pd.concat(
        [_by_practice(person_feature, measure, areas, reference_date) for measure in definitions], ignore_index=True
    )
    placed = practice_counts.merge(areas, on="practice_code", how="inner", validate="many_to_one")
    levels = [
        placed.assign(area_type=level, area_code=placed[f"{level}_code"], area_name=placed[f"{level}_name"])
        for level in LEVELS
    ]
    named = pd.concat(levels, ignore_index=True)
    named = named[~(named["area_type"].eq("practice") & named["group_name"].isin(GROUPINGS))]
    named["area_name"] = named["area_name"].fillna(named["area_code"])
    key = ["measure_id", "title", "area_type", "area_code", "area_name", "group_name", "group_value", "unit"]
    counts = named.groupby(key, as_index=False)[["numerator", "denominator"]].sum()
    pcn_names = areas.drop_duplicates("pcn_code").set_index("pcn_code")["pcn_name"]
    counts = pd.concat([counts, residence_counts(residence, pcn_names)], ignore_index=True)
    counts["denominator"] = counts["denominator"].astype("Int64").mask(counts["unit"].eq("people"))
    return RawCounts(
        counts,
        nesting=_nesting(areas),
        statistics=statistics,
        groups=counted_groups(definitions),
        ties=ties(counts, definitions),
    )


def statistics(released: pd.DataFrame, /) -> pd.DataFrame:
    """Released rows with `value`, `lower`, `upper` and `method`, in the columns of contract `measure_value`.

    A percentage has Wilson 95% limits; a count and a mean of the whole population have none.
    """
    released = released.copy()
    is_count, is_percent = released["unit"].eq("people"), released["unit"].eq("percent")
    numerator = released["numerator"].to_numpy(dtype=np.float64, na_value=np.nan)
    denominator = released["denominator"].to_numpy(dtype=np.float64, na_value=np.nan)
    lower, upper = wilson(numerator, denominator)
    percent = 100 * np.divide(numerator, denominator, out=np.full(len(released), np.nan), where=denominator > 0)
    released["value"] = released["value"].mask(is_count, pd.Series(numerator, index=released.index))
    released["value"] = released["value"].mask(is_percent, pd.Series(percent, index=released.index))
    released["lower"] = pd.Series(100 * lower, index=released.index).where(is_percent)
    released["upper"] = pd.Series(100 * upper, index=released.index).where(is_percent)
    released["method"] = released["unit"].map(
        {
            "people": "count rounded to 5",
            "percent": "rounded parts; Wilson 95%",
            "score": "mean to 1 decimal",
        }
    )
    return released[list(load_contract("measure_value").column_names)]


def _by_practice(
    person_feature: ir.Table, measure: Measure, areas: pd.DataFrame, reference_date: dt.date
) -> pd.DataFrame:
    """Counts of one measure: one row per practice and group, zeros included."""
    in_scope = person_feature.age.between(measure.age_from, measure.age_to) & measure.denominator.on(
        person_feature, settings={}, reference_date=reference_date
    )
    people = person_feature.filter(in_scope)
    practices = pd.DataFrame({"practice_code": areas["practice_code"]})
    counts = _counted(people.group_by("practice_code").aggregate(denominator=ibis._.count()), practices)
    if measure.share_by:
        counts = counts.merge(_shares(people, measure.share_by, practices), on="practice_code")
    else:
        counts = counts.assign(group_name="all", group_value="all")
        if measure.unit == "people":
            counts["numerator"] = counts["denominator"]
        else:
            numerators = people.group_by("practice_code").aggregate(numerator=_summed(people, measure, reference_date))
            counts = counts.merge(_counted(numerators, practices), on="practice_code")
    if measure.count_by:
        grid = practices.merge(pd.DataFrame({"group_value": GROUPINGS[measure.count_by]}), how="cross")
        groups = _filled(grid, count_by_sex_and_age(people)).assign(group_name=measure.count_by)
        counts = pd.concat([counts, groups.assign(denominator=groups["numerator"])])
    return counts.assign(measure_id=measure.id, title=measure.title, unit=measure.unit)


def _shares(people: ir.Table, column: str, practices: pd.DataFrame) -> pd.DataFrame:
    """People of each practice by each value the contract allows of a column."""
    values = load_contract("person_feature").column(column)
    groups = pd.DataFrame({"group": range(int(values.minimum), int(values.maximum) + 1)})
    by = people.group_by("practice_code", group=people[column]).aggregate(numerator=ibis._.count())
    counts = _counted(by, practices.merge(groups, how="cross"))
    return counts.assign(group_name=column, group_value=counts["group"].astype(str)).drop(columns="group")


def _summed(people: ir.Table, measure: Measure, reference_date: dt.date) -> ir.IntegerScalar:
    """The numerator as a whole-number sum, so that it is the same on every engine and thread count."""
    if measure.mean_of:
        return (people[measure.mean_of] * _THOUSANDTHS).round().cast("int64").sum()
    condition = measure.numerator.on(people, settings={}, reference_date=reference_date)
    return condition.ifelse(1, 0).cast("int64").sum()


def _counted(aggregate: ir.Table, grid: pd.DataFrame) -> pd.DataFrame:
    """The rows of `grid` with their counts, zero where nobody was counted."""
    return _filled(grid, aggregate.to_pyarrow().to_pandas())


def _filled(grid: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    counted = grid.merge(counts, how="left")
    new = counted.columns.difference(grid.columns)
    return counted.assign(**{name: counted[name].fillna(0).astype("int64") for name in new})


def _nesting(areas: pd.DataFrame) -> list[tuple[tuple[str, str], list[tuple[str, str]]]]:
    """Areas and the smaller areas that make them up exactly: a PCN across two places makes up neither."""
    nesting = []
    levels = [("icb", "place"), ("icb", "pcn"), ("place", "pcn"), ("place", "practice"), ("pcn", "practice")]
    for parent, child in levels:
        pairs = areas[[f"{parent}_code", f"{child}_code"]].drop_duplicates()
        parents_of = pairs.groupby(f"{child}_code").size()
        for code, rows in pairs.groupby(f"{parent}_code"):
            children = sorted(rows[f"{child}_code"])
            if all(parents_of[c] == 1 for c in children):
                nesting.append(((parent, code), [(child, c) for c in children]))
    return nesting

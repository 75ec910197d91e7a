"""The waves of one list over an area: how many people of each tier have their turn in which week."""

import datetime as dt
from dataclasses import dataclass

import ibis.expr.types as ir
import pandas as pd

from phm.cohorts.definition import LIST, Definition
from phm.lists.waves import PCN, WEEKS, week_starts

NOT_BEFORE_EXPIRY = WEEKS + 1
"""Stands for the week of those who have no appointment before the list expires."""


@dataclass(frozen=True)
class Weeks:
    """`by_tier` has a row per tier of the definition and a column per week: 0 is now, the last one nobody's turn.

    `shared` are those of each week in shared appointments of their PCN, `expected_found` how many of each week are
    expected to have what is looked for; `begins` is the first working day of each planned week.
    """

    by_tier: pd.DataFrame
    shared: pd.Series
    expected_found: pd.Series
    begins: dict[int, dt.date]


def weeks(entry: ir.Table, wave: ir.Table, definition: Definition, /, *, reference_date: dt.date) -> Weeks:
    """The weeks of one cohort.

    Parameters
    ----------
    entry, wave
        `case_finding_list` and `list_wave`, of the area asked for.
    """
    tier = entry.filter(entry.cohort_id == definition.id).select("entry_id", "output", "tier")
    own = wave.filter(wave.cohort_id == definition.id)
    planned = own.inner_join(tier, "entry_id").mutate(week=own.wave.fill_null(NOT_BEFORE_EXPIRY))
    counts = planned.group_by("output", "tier", "week").aggregate(
        people=planned.count(),
        shared=(planned.seen_by == PCN).fill_null(False).cast("int64").sum(),
        found=planned.found_percent.fill_null(0.0).sum(),
    )
    rows = counts.to_pandas()
    order = [(output.id, tier.id) for output in definition.outputs.values() for tier in output.tiers]
    numbers = range(NOT_BEFORE_EXPIRY + 1)
    table = rows.pivot_table(index=["output", "tier"], columns="week", values="people", aggfunc="sum")
    of_week = rows.groupby("week")[["shared", "found"]].sum().reindex(numbers, fill_value=0)
    return Weeks(
        by_tier=table.reindex(index=order, columns=list(numbers)).fillna(0).astype(int),
        shared=of_week["shared"].astype(int),
        expected_found=of_week["found"] / 100,
        begins=week_starts(reference_date),
    )


def as_table(found: Weeks, definition: Definition, /) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The weeks to print: header, a row for each tier that somebody is in, and what they add up to."""
    days = (f"week {week}, {day.day} {day:%b}" for week, day in found.begins.items())
    titles = {
        (output.id, tier.id): tier.title if output.id == LIST else f"{output.title}: {tier.title}"
        for output in definition.outputs.values()
        for tier in output.tiers
    }
    tiers = found.by_tier[found.by_tier.any(axis=1)]
    lines = [(titles[key], of_tier) for key, of_tier in tiers.iterrows()]
    lines.append(("all", found.by_tier.sum()))
    lines.append(("of these in shared appointments of the PCN", found.shared))
    lines.append(("expected to have it", found.expected_found.round()))
    rows = [(title, *(f"{people:,.0f}" for people in counts)) for title, counts in lines]
    return ("tier", "now", *days, "none before expiry"), rows

"""The lists of one PCN's practices: who is on them and why, how far people got, what changed since the month before."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from phm.cohorts.parts import Definition
from phm.measures.definition import Measure
from phm.report.listed import between, change, lengths, tiers
from phm.report.shown import Area, Shown
from phm.report.tables import Table

STEPS = "furthest_step"
"""Grouping of a measure that says how far the people listed got."""


def on_lists(steps: pd.DataFrame, cohorts: Sequence[Definition], /) -> Table:
    """Everybody listed by list and reason; `steps` are published rows of `area_attrition` of the PCN."""
    titles = {cohort.id: cohort.title for cohort in cohorts}
    listed = tiers(steps, cohorts).sort_values(["cohort_id", "step_order"])
    rows = [[titles[r.cohort_id], r.label, r.person_count] for r in listed.itertuples(index=False)]
    columns = {"List": "text", "Why": "text", "People": "count"}
    caption = "People on its practices' lists; a list is a prompt to look, not a diagnosis"
    return Table("Lists", caption, columns, rows, is_grouped=True)


def cascade(shown: Shown, cascades: Sequence[Measure], pcn: Area, /) -> Table:
    """How far the people listed got, each counted at the furthest step."""
    found = shown.frame[(shown.frame["area_type"] == pcn[0]) & (shown.frame["area_code"] == pcn[1])]
    rows = []
    for measure in cascades:
        of = found[(found["measure_id"] == measure.id) & (found["group_name"] == STEPS)]
        rows += [
            [measure.title, r.group_value, r.numerator, r.denominator, r.value] for r in of.itertuples(index=False)
        ]
    columns = {
        "List": "text",
        "Got as far as": "text",
        "People": "count",
        "Of those listed": "count",
        "Percent": "number",
    }
    return Table("Cascade", "How far the people on lists got, and no further", columns, rows, is_grouped=True)


def list_changes(
    steps: pd.DataFrame, steps_before: pd.DataFrame, cohorts: Sequence[Definition], /, *, months: tuple[str, str]
) -> Table:
    """How many people each list has this month and the month before, as far as the published counts bound it.

    Both are rows of `area_attrition` of the PCN; `months` are the names of the month before and of this one.
    """
    now, then = (lengths(of_month, cohorts) for of_month in (steps, steps_before))
    rows: list[list[Any]] = [
        [c.title, between(then[c.id]), between(now[c.id]), change(now[c.id], then[c.id])]
        for c in cohorts
        if c.id in now and c.id in then
    ]
    columns = dict.fromkeys(("List", f"People, {months[0]}", f"People, {months[1]}", "Change"), "text")
    caption = "People on its practices' lists: between how many, as counts are rounded"
    return Table("List changes", caption, columns, rows)

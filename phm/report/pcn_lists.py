"""The lists of one PCN's practices: who is on them and why, how far people got, what changed since the month before."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from phm.cohorts.parts import Definition
from phm.governance.labels import UNBOUNDED, published_bounds
from phm.measures.definition import Measure
from phm.report.shown import Area, Shown
from phm.report.tables import Table
from phm.report.wording import between, list_change

STEPS = "furthest_step"
"""Grouping of a measure that says how far the people listed got."""


def on_lists(steps: pd.DataFrame, cohorts: Sequence[Definition], /) -> Table:
    """Everybody listed by list and reason; `steps` are published rows of `area_attrition` of the PCN."""
    titles = {cohort.id: cohort.title for cohort in cohorts}
    tiers = _tiers(steps, cohorts).sort_values(["cohort_id", "step_order"])
    rows = [[titles[r.cohort_id], r.label, r.person_count] for r in tiers.itertuples(index=False)]
    columns = {"List": "text", "Why": "text", "People": "count"}
    return Table("Lists", "People on its practices' lists; a list is a prompt to look, not a diagnosis", columns, rows)


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
    return Table("Cascade", "How far the people on lists got, and no further", columns, rows)


def list_changes(
    steps: pd.DataFrame, steps_before: pd.DataFrame, cohorts: Sequence[Definition], /, *, months: tuple[str, str]
) -> Table:
    """How many people each list has this month and the month before, as far as the published counts bound it.

    Both are rows of `area_attrition` of the PCN; `months` are the names of the month before and of this one.
    """
    now, then = (_lengths(_tiers(rows, cohorts)) for rows in (steps, steps_before))
    rows: list[list[Any]] = [
        [
            cohort.title,
            between(*then[cohort.id]),
            between(*now[cohort.id]),
            list_change(now[cohort.id], then[cohort.id]),
        ]
        for cohort in cohorts
        if cohort.id in now and cohort.id in then
    ]
    columns = dict.fromkeys(("List", f"People, {months[0]}", f"People, {months[1]}", "Change"), "text")
    caption = "People on its practices' lists: between how many, as counts are rounded"
    return Table("List changes", caption, columns, rows)


def _tiers(steps: pd.DataFrame, cohorts: Sequence[Definition]) -> pd.DataFrame:
    return steps[(steps["kind"] == "tier") & steps["cohort_id"].isin([cohort.id for cohort in cohorts])]


def _lengths(tiers: pd.DataFrame) -> dict[str, tuple[int, int | None]]:
    """Fewest and most people on each list, by cohort; of most nothing where a count is withheld altogether."""
    lowest, highest = published_bounds(tiers["person_count"], tiers["person_count_precision"])
    sums = pd.DataFrame({"cohort": tiers["cohort_id"], "least": lowest, "most": highest}).groupby("cohort").sum()
    return {
        str(cohort): (int(least), None if most >= UNBOUNDED else int(most))
        for cohort, least, most in sums.itertuples(name=None)
    }

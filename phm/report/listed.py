"""How many people are on lists, as far as published counts bound it: rounding and small numbers leave a range."""

from collections.abc import Sequence

import pandas as pd

from phm.cohorts.parts import Definition
from phm.governance.labels import UNBOUNDED, published_bounds

Length = tuple[int, int | None]
"""Fewest and most people; of most nothing where a count is withheld altogether."""


def tiers(steps: pd.DataFrame, cohorts: Sequence[Definition], /) -> pd.DataFrame:
    """Rows of published `area_attrition` that count people on the lists of some definitions."""
    return steps[(steps["kind"] == "tier") & steps["cohort_id"].isin([cohort.id for cohort in cohorts])]


def lengths(steps: pd.DataFrame, cohorts: Sequence[Definition], /) -> dict[str, Length]:
    """How long each list is, by its cohort; `steps` are published rows of `area_attrition` of one area."""
    rows = tiers(steps, cohorts)
    lowest, highest = published_bounds(rows["person_count"], rows["person_count_precision"])
    sums = pd.DataFrame({"cohort": rows["cohort_id"], "least": lowest, "most": highest}).groupby("cohort").sum()
    return {
        str(cohort): (int(least), None if most >= UNBOUNDED else int(most))
        for cohort, least, most in sums.itertuples(name=None)
    }


def between(length: Length, /) -> str:
    """A number of people that is known within limits.

    >>> between((455, 470)), between((455, None)), between((0, 0))
    ('455 to 470', '455 or more', '0')
    """
    least, most = length
    if most is None:
        return f"{least:,} or more"
    return f"{least:,} to {most:,}" if least < most else f"{least:,}"


def change(now: Length, before: Length, /) -> str:
    """What the limits of a list's length this month and the month before allow to be said: they must lie apart.

    >>> change((20, 24), (10, 19)), change((19, 24), (10, 19)), change((1, 7), (10, None))
    ('longer', 'no clear change', 'shorter')
    """
    if before[1] is not None and now[0] > before[1]:
        return "longer"
    return "shorter" if now[1] is not None and now[1] < before[0] else "no clear change"

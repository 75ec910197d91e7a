"""The upset plot of lists: each column is people who are on exactly the lists marked below it."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from phm.cohorts.overlap import Combination
from phm.report.charts import BLUE, DARK
from phm.report.drawing import GRID, to_svg

STEP, HEIGHT, SHOWN = 34, 180, 24
"""Width of a column, height of the longest bar, most columns drawn."""


def upset(found: Sequence[Combination], titles: Mapping[str, str], /) -> str:
    """The combinations as SVG, the largest on the left, with the size of each list beside its name.

    `found` is as `phm.cohorts.overlap.combinations` gives it, one combination at least; of more than `SHOWN` the plot
    says how many people the others have together. `titles` are those of the cohorts.
    """
    drawn = list(enumerate(found[:SHOWN], start=1))
    sizes = {cohort: sum(c.person_count for c in found if cohort in c.cohort_ids) for cohort in titles}
    lists = sorted((cohort for cohort in titles if sizes[cohort]), key=lambda cohort: (-sizes[cohort], cohort))
    names = {cohort: f"{titles[cohort]}: {sizes[cohort]:,}" for cohort in lists}
    bars = pd.DataFrame(
        [{"place": place, "people": c.person_count, "text": f"{c.person_count:,}"} for place, c in drawn]
    )
    dots = pd.DataFrame(
        [
            {"place": place, "list": names[cohort], "is_on": cohort in c.cohort_ids}
            for place, c in drawn
            for cohort in lists
        ]
    )
    x = alt.X("place:O", axis=None)
    y = alt.Y("list:N", sort=list(names.values()), title=None, axis=alt.Axis(grid=False))
    people = alt.Y("people:Q", title="People", scale=alt.Scale(domain=[0, found[0].person_count * 1.1]))
    top = alt.Chart(bars).encode(x=x, y=people)
    columns = top.mark_bar(color=BLUE) + top.mark_text(dy=-6, fontSize=11).encode(text="text:N")
    marks = alt.Chart(dots).mark_circle(size=110, opacity=1)
    marks = marks.encode(x=x, y=y, color=alt.condition("datum.is_on", alt.value(DARK), alt.value(GRID)))
    links = alt.Chart(dots[dots["is_on"]]).mark_line(color=DARK, strokeWidth=2).encode(x=x, y=y, detail="place:N")
    rest = sum(c.person_count for c in found[SHOWN:])
    title = f"{rest:,} people more are on {len(found) - SHOWN} other combinations" if rest else ""
    width = STEP * len(drawn)
    return to_svg(
        alt.vconcat(
            columns.properties(width=width, height=HEIGHT, title=title),
            (marks + links).properties(width=width, height=24 * len(lists)),
            spacing=6,
        )
    )

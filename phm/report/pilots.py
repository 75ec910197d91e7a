"""Charts of a pilot's evaluation: months side by side with the comparators, and each pilot's run chart.

Each function gives an Altair chart, whose `to_dict` is the interactive picture; `phm.report.svg` draws the static ones.
"""

import altair as alt
import pandas as pd

from phm.measures.pilots import Evaluation
from phm.report.charts import AMBER, BLUE, DARK, GREY, WIDTH

_HEIGHT = 260
_WORDS = {
    "outside": "outside the limits",
    "shift": "seven in a row on one side",
    "trend": "seven in a row rising or falling",
    "near_limit": "two of three near a limit",
}


def parallel_trends(evaluation: Evaluation, /) -> alt.LayerChart:
    """The pilots' mean and the comparators' mean by month, over the span of the comparators, with the start marked.

    Where the two lines do not run alongside before the start, what follows says nothing about the pilot.
    """
    rows = evaluation.monthly.merge(evaluation.areas[["area_code", "is_pilot"]], on="area_code")
    rows["who"] = rows["is_pilot"].map({True: "pilot", False: "comparators"})
    means = rows.groupby(["month", "who"], as_index=False)["value"].mean()
    span = rows[~rows["is_pilot"]].groupby("month", as_index=False)["value"].agg(lowest="min", highest="max")
    x = alt.X("month:O", title=None)
    y = alt.Y("value:Q", title="Percent", scale=alt.Scale(zero=False))
    colour = alt.Color(
        "who:N",
        scale=alt.Scale(domain=["pilot", "comparators"], range=[AMBER, BLUE]),
        legend=alt.Legend(title=None, orient="top"),
    )
    band = alt.Chart(span).mark_area(color=GREY, opacity=0.25).encode(x=x, y=alt.Y("lowest:Q"), y2="highest:Q")
    lines = (
        alt.Chart(means)
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=x,
            y=y,
            color=colour,
            strokeDash=alt.StrokeDash(
                "who:N", scale=alt.Scale(domain=["pilot", "comparators"], range=[[1, 0], [5, 3]]), legend=None
            ),
            tooltip=["month:O", "who:N", alt.Tooltip("value:Q", format=".1f")],
        )
    )
    start = alt.Chart(pd.DataFrame({"month": [evaluation.start]})).mark_rule(color=DARK, strokeDash=[3, 3]).encode(x=x)
    return (band + lines + start).properties(width=WIDTH, height=_HEIGHT)


def run_chart(evaluation: Evaluation, pilot: str, /) -> alt.LayerChart:
    """One pilot by month with the mean and limits of its months before the start; marked months break a rule."""
    found, row = evaluation.run_charts, evaluation.pilots.index(pilot)
    signals = pd.DataFrame({words: getattr(found, name)[row] != 0 for name, words in _WORDS.items()})
    rows = pd.DataFrame({"month": evaluation.months, "value": found.values[row]})
    rows["signal"] = [", ".join(signals.columns[marks]) or "none" for marks in signals.to_numpy()]
    rows["kind"] = rows["signal"].eq("none").map({True: "common cause", False: "special cause"})
    kinds, legend = ["common cause", "special cause"], alt.Legend(title=None, orient="top")
    base = alt.Chart(rows).encode(
        x=alt.X("month:O", title=None), y=alt.Y("value:Q", title="Percent", scale=alt.Scale(zero=False))
    )
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        color=alt.Color(
            "kind:N",
            scale=alt.Scale(domain=kinds, range=[GREY, AMBER]),
            legend=legend,
        ),
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=kinds), legend=legend),
        tooltip=["month:O", alt.Tooltip("value:Q", format=".1f"), "signal:N"],
    )
    levels = pd.DataFrame({"y": [found.mean[row], found.lower[row], found.upper[row]], "is_mean": [True, False, False]})
    limits = (
        alt.Chart(levels)
        .mark_rule(color=DARK)
        .encode(y="y:Q", strokeDash=alt.condition("datum.is_mean", alt.value([1, 0]), alt.value([5, 3])))
    )
    return (limits + base.mark_line(color=GREY) + points).properties(width=WIDTH, height=_HEIGHT)

"""Charts that several pages share, as static SVG: one function per chart, rows in, markup out.

Nothing is computed here that the table beside the chart does not show. Charts of one measure stand in
`phm.report.comparison_charts`.
"""

from functools import cache

import altair as alt
import pandas as pd

from phm.report.drawing import ROW, Drawing, shortened

BLUE, DARK, GREY, AMBER = "#005EB8", "#003087", "#768692", "#B25E00"
QUINTILES = ("#003087", "#005EB8", "#5B9BD5", "#A9CCEC", "#DCEAF7")
"""Most deprived darkest; neighbours stay apart in grey print too."""
WIDTH = 400
AT_ROW = alt.Y("y:Q", scale=None, axis=None)
"""The middle of a mark's row, where the name of the row stands beside it; `in_rows` says where."""


def in_rows(shown: pd.DataFrame, /) -> pd.DataFrame:
    """Rows one below the other in their order: with `y`, the middle of the row of each."""
    return shown.assign(y=[ROW * (place + 0.5) for place in range(len(shown))])


def quintile_mix(shares: pd.DataFrame, /) -> str:
    """Areas as bars of people by national deprivation quintile, the most deprived on the left.

    `shares` has `area_name, quintile, value` (percent), areas in the order they are to stand. A bar shorter than 100%
    has withheld shares; rounded shares of a very small area can add up to more.
    """
    names = shares["area_name"].drop_duplicates().tolist()
    shown = shares.dropna(subset=["value"]).sort_values("quintile", kind="stable")
    ends = shown.groupby("area_name")["value"].cumsum()
    shown = shown.assign(
        start=(ends - shown["value"]).clip(upper=100),
        end=ends.clip(upper=100),
        y=[ROW * (names.index(name) + 0.5) for name in shown["area_name"]],
        said=[f"{r.area_name}, quintile {r.quintile}: {r.value:.1f}%" for r in shown.itertuples(index=False)],
    )
    return _quintile_mix(len(names)).svg(
        names=[*map(shortened, names)], shares=shown.drop(columns=["area_name", "value"])
    )


@cache
def _quintile_mix(rows: int) -> Drawing:
    bars = (
        alt.Chart(alt.NamedData("shares"))
        .mark_bar(stroke="white", strokeWidth=0.5, aria=True, height=ROW - 2)
        .encode(
            x=alt.X("start:Q", title="Percent of registered people", scale=alt.Scale(domain=[0, 100])),
            x2=alt.X2("end:Q"),
            y=AT_ROW,
            color=alt.Color(
                "quintile:N",
                scale=alt.Scale(domain=list("12345"), range=list(QUINTILES)),
                legend=alt.Legend(title="Quintile (1 = most deprived)", orient="top"),
            ),
            description=alt.Description("said:N"),
        )
    )
    return Drawing(bars.properties(width=WIDTH, height=ROW * rows))


def steps_left(steps: pd.DataFrame, /) -> str:
    """How many people are left after each step, from the population down.

    `steps` has `label` and `remaining_count` in order; steps whose count is withheld are left out.
    """
    shown = in_rows(steps.dropna(subset=["remaining_count"])).assign(
        left=lambda rows: rows["remaining_count"].astype(int), text=lambda rows: rows["left"].map("{:,}".format)
    )
    return _steps_left(len(shown)).svg(
        names=shown["label"].tolist(), steps=shown[["y", "left", "text"]].assign(start=0)
    )


@cache
def _steps_left(rows: int) -> Drawing:
    base = alt.Chart(alt.NamedData("steps"))
    bars = base.mark_bar(color=BLUE, height=13).encode(
        x=alt.X("start:Q", title="People left"), x2=alt.X2("left:Q"), y=AT_ROW
    )
    labels = base.mark_text(align="left", dx=4, fontSize=11).encode(
        x=alt.X("left:Q"), y=AT_ROW, text=alt.Text("text:N")
    )
    return Drawing(alt.layer(bars, labels, width=WIDTH, height=ROW * rows))

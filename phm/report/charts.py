"""Charts that several pages share, as static SVG: one function per chart, rows in, markup out.

Nothing is computed here that the table beside the chart does not show. Charts of one measure stand in
`phm.report.comparison_charts`.
"""

import altair as alt
import pandas as pd

from phm.report.svg import NAMES, to_svg

BLUE, DARK, GREY, AMBER = "#005EB8", "#003087", "#768692", "#B25E00"
QUINTILES = ("#003087", "#005EB8", "#5B9BD5", "#A9CCEC", "#DCEAF7")
"""Most deprived darkest; neighbours stay apart in grey print too."""
WIDTH = 400
ROW = 20


def quintile_mix(shares: pd.DataFrame, /) -> str:
    """Areas as bars of people by national deprivation quintile, the most deprived on the left.

    `shares` has `area_name, quintile, value` (percent), areas in the order they are to stand. A bar shorter than 100%
    has withheld shares; rounded shares of a very small area can add up to more.
    """
    shown = shares.dropna(subset=["value"])
    shown = shown.assign(
        said=[f"{r.area_name}, quintile {r.quintile}: {r.value:.1f}%" for r in shown.itertuples(index=False)]
    )
    bars = (
        alt.Chart(shown)
        .mark_bar(stroke="white", strokeWidth=0.5, aria=True)
        .encode(
            x=alt.X("value:Q", title="Percent of registered people", scale=alt.Scale(domain=[0, 100], clamp=True)),
            y=alt.Y("area_name:N", sort=shares["area_name"].drop_duplicates().tolist(), title=None, axis=NAMES),
            color=alt.Color(
                "quintile:N",
                scale=alt.Scale(domain=list("12345"), range=list(QUINTILES)),
                legend=alt.Legend(title="Quintile (1 = most deprived)", orient="top"),
            ),
            order=alt.Order("quintile:N"),
            description=alt.Description("said:N"),
        )
    )
    return to_svg(bars.properties(width=WIDTH, height=ROW * max(shares["area_name"].nunique(), 1)))


def steps_left(steps: pd.DataFrame, /) -> str:
    """How many people are left after each step, from the population down.

    `steps` has `label` and `remaining_count` in order; steps whose count is withheld are left out.
    """
    shown = steps.dropna(subset=["remaining_count"]).assign(
        left=lambda rows: rows["remaining_count"].astype(int), text=lambda rows: rows["left"].map("{:,}".format)
    )
    y = alt.Y("label:N", sort=shown["label"].tolist(), title=None)
    base = alt.Chart(shown)
    top = int(shown["left"].max()) if len(shown) else 1
    bars = base.mark_bar(color=BLUE, height=13).encode(
        x=alt.X("left:Q", title="People left", scale=alt.Scale(domain=[0, top * 1.15])), y=y
    )
    labels = base.mark_text(align="left", dx=4, fontSize=11).encode(x=alt.X("left:Q"), y=y, text=alt.Text("text:N"))
    return to_svg(alt.layer(bars, labels, width=WIDTH, height=22 * max(len(shown), 1)))

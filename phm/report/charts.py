"""Charts of published tables as static SVG: one function per chart, rows in, markup out.

Nothing is computed here that the table behind the chart does not show. The markup is safe to put into a page: it holds
no script and asks for nothing.
"""

import re

import altair as alt
import pandas as pd
import vl_convert

BLUE, DARK, GREY, PALE, AMBER = "#005EB8", "#003087", "#768692", "#D8DDE0", "#B25E00"
QUINTILES = ("#003087", "#005EB8", "#5B9BD5", "#A9CCEC", "#DCEAF7")
"""Most deprived darkest; neighbours stay apart in grey print too."""
WIDTH = 560
_ROW = 20


def caterpillar(areas: pd.DataFrame, overall: float, /) -> str:
    """Areas in order of their value, each a point with its 95% interval, against a line at the ICB's value.

    `areas` has `area_name, value, lower, upper, comparison`; rows without a value are left out (the table has them).
    """
    shown = areas.dropna(subset=["value"]).sort_values(["value", "area_name"], ascending=[False, True])
    order = shown["area_name"].tolist()
    colour = alt.Color(
        "comparison:N",
        scale=alt.Scale(domain=["higher", "not different", "lower"], range=[AMBER, GREY, BLUE]),
        legend=alt.Legend(title="Against the ICB", orient="top"),
    )
    y = alt.Y("area_name:N", sort=order, title=None)
    base = alt.Chart(shown)
    intervals = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("lower:Q", title="Percent, with 95% interval", scale=alt.Scale(zero=False, nice=True)),
        x2="upper:Q",
        y=y,
        color=colour,
    )
    points = base.mark_point(filled=True, size=42, opacity=1).encode(
        x="value:Q",
        y=y,
        color=colour,
        shape=alt.Shape(
            "comparison:N",
            scale=alt.Scale(
                domain=["higher", "not different", "lower"], range=["triangle-up", "circle", "triangle-down"]
            ),
            legend=alt.Legend(title="Against the ICB", orient="top"),
        ),
    )
    line = alt.Chart(pd.DataFrame({"overall": [overall]})).mark_rule(color=DARK, strokeDash=[5, 3], strokeWidth=1.5)
    return to_svg((line.encode(x="overall:Q") + intervals + points).properties(height=_ROW * max(len(shown), 1)))


def quintile_mix(shares: pd.DataFrame, /) -> str:
    """Areas as bars of people by national deprivation quintile, the most deprived on the left.

    `shares` has `area_name, quintile, value` (percent), areas in the order they are to stand. A bar shorter than 100%
    has withheld shares; rounded shares of a very small area can add up to more.
    """
    bars = (
        alt.Chart(shares.dropna(subset=["value"]))
        .mark_bar(stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X("value:Q", title="Percent of registered people", scale=alt.Scale(domain=[0, 100], clamp=True)),
            y=alt.Y("area_name:N", sort=shares["area_name"].drop_duplicates().tolist(), title=None),
            color=alt.Color(
                "quintile:N",
                scale=alt.Scale(domain=list("12345"), range=list(QUINTILES)),
                legend=alt.Legend(title="Quintile (1 = most deprived)", orient="top"),
            ),
            order=alt.Order("quintile:N"),
        )
    )
    return to_svg(bars.properties(height=_ROW * shares["area_name"].nunique()))


def funnel(steps: pd.DataFrame, /) -> str:
    """How many people are left after each step, from the population down.

    `steps` has `label` and `remaining_count` in order; steps whose count is withheld are left out.
    """
    shown = steps.dropna(subset=["remaining_count"]).assign(
        text=lambda rows: rows["remaining_count"].map("{:,}".format),
        left=lambda rows: rows["remaining_count"].astype(int),
    )
    y = alt.Y("label:N", sort=shown["label"].tolist(), title=None, axis=alt.Axis(labelLimit=420))
    base = alt.Chart(shown)
    top = int(shown["left"].max()) if len(shown) else 1
    bars = base.mark_bar(color=BLUE, height=13).encode(
        x=alt.X("left:Q", title="People left", scale=alt.Scale(domain=[0, top * 1.15])), y=y
    )
    labels = base.mark_text(align="left", dx=4, fontSize=11).encode(x="left:Q", y=y, text="text:N")
    return to_svg((bars + labels).properties(height=22 * max(len(shown), 1)))


def to_svg(chart: alt.LayerChart | alt.Chart, /) -> str:
    """The chart as SVG that scales to its place; hidden from screen readers, for whom the table next to it stands."""
    spec = (
        chart.properties(width=WIDTH - 220)
        .configure(font="Arial", background="white")
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=12, titleFontSize=12, gridColor=PALE, labelLimit=320, domain=False, ticks=False)
        .configure_legend(labelFontSize=12, titleFontSize=12, titleLimit=400)
        .to_dict()
    )
    svg = vl_convert.vegalite_to_svg(spec)
    svg = re.sub(r' aria-[a-z]+="[^"]*"| role="[^"]*"', "", svg)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)

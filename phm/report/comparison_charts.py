"""Charts of one measure, as static SVG: PCNs against the ICB, by place, by age structure, by deprivation, by month.

Rows in, markup out; every mark of an area says its `said` when pointed at. Colour never speaks alone: what differs has
another shape too.
"""

from collections.abc import Sequence
from functools import cache

import altair as alt
import pandas as pd

from phm.report.charts import AMBER, AT_ROW, BLUE, DARK, GREY, WIDTH, in_rows
from phm.report.drawing import ROW, Drawing, shortened
from phm.report.wording import COMPARISONS

KINDS = ("crude", "age-standardised")
_SHAPES = ["triangle-up", "circle", "triangle-down"]
_COLOURS = [AMBER, GREY, BLUE]
_MARK = ["value", "comparison", "said"]
"""What every mark of an area needs."""
_TALL = 240
_PANEL = 170
_DASHED = [5, 3]
_AREAS = alt.NamedData("areas")
_PLACES = alt.Header(labelExpr="truncate(datum.label, 26, 'center')")
"""Places keep both ends of a long name: sub-ICB locations differ in their last word."""
_SAID = alt.Description("said:N")
"""Channels are made once or by their class: from a text Altair looks through its whole schema for the class."""


def caterpillar(rows: pd.DataFrame, overall: float, unit: str, /) -> str:
    """Areas in order of their value, each a point with its 95% interval, against a line at the ICB's value.

    `rows` has `area_name, value, lower, upper, comparison, said`; rows without a value are left out.
    """
    shown = rows[[*_MARK, "area_name", "lower", "upper"]].dropna(subset=["value"])
    shown = in_rows(shown.sort_values(["value", "area_name"], ascending=[False, True]))
    return _caterpillar(unit, len(shown)).svg(
        names=[*map(shortened, shown["area_name"])], areas=shown.drop(columns="area_name"), level=_level_of(overall)
    )


@cache
def _caterpillar(unit: str, rows: int) -> Drawing:
    x = alt.X("value:Q", title=f"{unit}, with 95% interval", scale=alt.Scale(zero=False))
    return Drawing(alt.layer(_level("x"), _intervals(y=AT_ROW), _points(x=x, y=AT_ROW), width=WIDTH, height=ROW * rows))


def funnel_plot(rows: pd.DataFrame, lines: pd.DataFrame, overall: float, unit: str, /) -> str:
    """Areas by size and value, between the limits chance alone would keep them in.

    `rows` has `size, value, comparison, label, said`; `lines` has `size` and the limits `lower_95, upper_95, lower_998,
    upper_998` over the sizes there are.
    """
    shown = rows[[*_MARK, "size", "label"]].dropna(subset=["value", "size"])
    return _funnel_plot(unit).svg(
        areas=shown, labelled=shown[shown["label"] != ""], lines=lines, level=_level_of(overall)
    )


@cache
def _funnel_plot(unit: str) -> Drawing:
    x = alt.X("size:Q", title="Out of (size of the area)", axis=alt.Axis(format=",d", tickCount=6))
    y = alt.Y("value:Q", title=unit, scale=alt.Scale(zero=False))
    curves = [
        alt.Chart(alt.NamedData("lines"))
        .mark_line(color=DARK, strokeWidth=1, strokeDash=dash)
        .encode(x=x, y=alt.Y(f"{side}_{level}:Q", title=unit))
        for level, dash in (("95", _DASHED), ("998", [1, 0]))
        for side in ("lower", "upper")
    ]
    far = alt.Chart(alt.NamedData("labelled"))
    names = far.mark_text(align="left", dx=7, fontSize=11).encode(x=x, y=y, text=alt.Text("label:N"))
    parts = (*curves, _level("y"), _points(x=x, y=y), names)
    return Drawing(alt.layer(*parts, width=WIDTH + 160, height=_TALL + 40))


def by_place(rows: pd.DataFrame, overall: float, unit: str, /) -> str:
    """One small panel for each place, its PCNs in order of value on one scale, against a line at the ICB's value.

    `rows` has `place_name` besides what a caterpillar needs.
    """
    shown = rows[[*_MARK, "place_name", "lower", "upper"]].dropna(subset=["value"])
    shown = shown.sort_values(["place_name", "value"], ignore_index=True)
    shown = shown.assign(position=shown.groupby("place_name").cumcount() + 1, overall=overall)
    return _by_place(unit).svg(areas=shown)


@cache
def _by_place(unit: str) -> Drawing:
    x = alt.X("position:Q", title=None, axis=None, scale=alt.Scale(padding=8))
    y = alt.Y("value:Q", title=unit, scale=alt.Scale(zero=False))
    base = alt.Chart(_AREAS)
    level = base.mark_rule(color=DARK, strokeDash=_DASHED).encode(y=alt.Y("mean(overall):Q"))
    intervals = base.mark_rule(strokeWidth=1.5).encode(
        x=x, y=alt.Y("lower:Q"), y2=alt.Y2("upper:Q"), color=_colour(None)
    )
    points = base.mark_point(filled=True, size=36, opacity=1, aria=True).encode(
        x=x, y=y, color=_colour(None), shape=_shape(None), description=_SAID
    )
    panels = alt.layer(level, intervals, points, width=_PANEL, height=_PANEL - 20)
    return Drawing(panels.facet(facet=alt.Facet("place_name:N", title=None, header=_PLACES), columns=4))


def crude_and_standardised(rows: pd.DataFrame, unit: str, /) -> str:
    """Areas in order of their age-standardised value, joined to the crude one.

    `rows` has `area_name, value, standardised_value, said, standardised_said`; areas that lack one are left out.
    """
    columns = ["area_name", "value", "standardised_value", "said", "standardised_said"]
    shown = in_rows(rows[columns].dropna().sort_values("standardised_value", ascending=False))
    crude = shown[["y", "value", "said"]].assign(kind=KINDS[0])
    standardised = shown[["y"]].assign(
        value=shown["standardised_value"], said=shown["standardised_said"], kind=KINDS[1]
    )
    return _crude_and_standardised(unit, len(shown)).svg(
        names=[*map(shortened, shown["area_name"])],
        joined=shown[["y", "value", "standardised_value"]],
        ends=pd.concat([crude, standardised]),
    )


@cache
def _crude_and_standardised(unit: str, rows: int) -> Drawing:
    joined = (
        alt.Chart(alt.NamedData("joined"))
        .mark_rule(color=GREY)
        .encode(x=alt.X("value:Q"), x2=alt.X2("standardised_value:Q"), y=AT_ROW)
    )
    points = (
        alt.Chart(alt.NamedData("ends"))
        .mark_point(filled=True, size=46, opacity=1, aria=True)
        .encode(
            x=alt.X("value:Q", title=unit, scale=alt.Scale(zero=False)),
            y=AT_ROW,
            color=_kind_colour(),
            shape=_kind_shape(),
            description=_SAID,
        )
    )
    return Drawing(alt.layer(joined, points, width=WIDTH, height=ROW * rows))


def gradient(quintiles: pd.DataFrame, unit: str, /) -> str:
    """The ICB's values by national deprivation quintile with 95% intervals, most deprived on the left.

    `quintiles` has `quintile, kind` (crude or age-standardised), `value, lower, upper, said`.
    """
    shown = quintiles.dropna(subset=["value"])
    return _gradient(unit, tuple(kind for kind in KINDS if kind in set(shown["kind"]))).svg(quintiles=shown)


@cache
def _gradient(unit: str, kinds: Sequence[str]) -> Drawing:
    x = alt.X("quintile:O", title="National deprivation quintile, 1 = most deprived", axis=alt.Axis(labelAngle=0))
    y = alt.Y("value:Q", title=unit, scale=alt.Scale(zero=True))
    offset = alt.XOffset("kind:N", sort=list(KINDS))
    base = alt.Chart(alt.NamedData("quintiles"))
    intervals = base.mark_rule(strokeWidth=2).encode(
        x=x, xOffset=offset, y=alt.Y("lower:Q"), y2=alt.Y2("upper:Q"), color=_kind_colour(kinds)
    )
    points = base.mark_point(filled=True, size=70, opacity=1, aria=True).encode(
        x=x, xOffset=offset, y=y, color=_kind_colour(kinds), shape=_kind_shape(kinds), description=_SAID
    )
    return Drawing(alt.layer(intervals, points, width=WIDTH, height=_TALL - 40))


def months(points: pd.DataFrame, levels: pd.DataFrame, unit: str, /) -> str:
    """A value by month as an XmR chart: special causes stand out in shape and colour.

    `points` has `month, value, kind` (common cause or special cause) and `said`; `levels` has `value` and `is_mean`.
    """
    return _months(unit).svg(points=points[["month", "value", "kind", "said"]], levels=levels)


@cache
def _months(unit: str) -> Drawing:
    x = alt.X("month:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap="greedy"))
    y = alt.Y("value:Q", title=unit, scale=alt.Scale(zero=False))
    kinds, legend = ["common cause", "special cause"], alt.Legend(title=None, orient="top")
    base = alt.Chart(alt.NamedData("points"))
    marks = base.mark_point(filled=True, size=60, opacity=1, aria=True).encode(
        x=x,
        y=y,
        color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[GREY, AMBER]), legend=legend),
        shape=alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=["circle", "diamond"]), legend=legend),
        description=_SAID,
    )
    limits = (
        alt.Chart(alt.NamedData("levels"))
        .mark_rule(color=DARK)
        .encode(y=alt.Y("value:Q"), strokeDash=alt.condition("datum.is_mean", alt.value([1, 0]), alt.value(_DASHED)))
    )
    line = base.mark_line(color=GREY).encode(x=x, y=y)
    return Drawing(alt.layer(limits, line, marks, width=WIDTH + 160, height=_TALL - 40))


def _points(**encoded: alt.SchemaBase) -> alt.Chart:
    title = "Against the ICB"
    return (
        alt.Chart(_AREAS)
        .mark_point(filled=True, size=46, opacity=1, aria=True)
        .encode(**encoded, color=_colour(title), shape=_shape(title), description=_SAID)
    )


def _intervals(**encoded: alt.SchemaBase) -> alt.Chart:
    rules = alt.Chart(_AREAS).mark_rule(strokeWidth=2)
    return rules.encode(x=alt.X("lower:Q"), x2=alt.X2("upper:Q"), color=_colour("Against the ICB"), **encoded)


def _level(axis: str) -> alt.Chart:
    line = alt.Chart(alt.NamedData("level")).mark_rule(color=DARK, strokeDash=_DASHED, strokeWidth=1.5)
    return line.encode(alt.X("overall:Q") if axis == "x" else alt.Y("overall:Q"))


def _level_of(overall: float) -> pd.DataFrame:
    return pd.DataFrame({"overall": [overall]})


def _colour(title: str | None) -> alt.Color:
    scale = alt.Scale(domain=list(COMPARISONS), range=_COLOURS)
    return alt.Color("comparison:N", scale=scale, legend=alt.Legend(title=title, orient="top") if title else None)


def _shape(title: str | None) -> alt.Shape:
    scale = alt.Scale(domain=list(COMPARISONS), range=_SHAPES)
    return alt.Shape("comparison:N", scale=scale, legend=alt.Legend(title=title, orient="top") if title else None)


def _kind_colour(kinds: Sequence[str] = KINDS) -> alt.Color:
    scale = alt.Scale(domain=list(KINDS), range=[AMBER, DARK])
    return alt.Color("kind:N", scale=scale, legend=_kind_legend(kinds))


def _kind_shape(kinds: Sequence[str] = KINDS) -> alt.Shape:
    scale = alt.Scale(domain=list(KINDS), range=["circle", "diamond"])
    return alt.Shape("kind:N", scale=scale, legend=_kind_legend(kinds))


def _kind_legend(kinds: Sequence[str]) -> alt.Legend:
    return alt.Legend(title=None, orient="top", values=list(kinds))

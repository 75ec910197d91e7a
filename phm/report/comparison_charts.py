"""Charts of one measure, as static SVG: PCNs against the ICB, by place, by age structure, by deprivation, by month.

Rows in, markup out; every mark of an area says its `said` when pointed at. Colour never speaks alone: what differs has
another shape too.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from phm.report.charts import ROW
from phm.report.drawing import (
    AMBER,
    BLUE,
    DARK,
    DASHED,
    GREY,
    KEY_HEIGHT,
    WIDTH,
    Axis,
    Mark,
    Style,
    across,
    fitted,
    intervals,
    key,
    line,
    marks,
    picture,
    room_for,
    upwards,
    width_of,
    words,
)
from phm.report.drawing import (
    levels as grid_of,
)
from phm.report.wording import COMPARISONS

KINDS = ("crude", "age-standardised")
_AGAINST = dict(zip(COMPARISONS, (Style("up", AMBER), Style("circle", GREY), Style("down", BLUE)), strict=True))
_AGES = dict(zip(KINDS, (Style("circle", AMBER), Style("diamond", DARK)), strict=True))
_JOINED = {KINDS[0]: Style("", GREY)}
_CAUSES = {"common cause": Style("circle", GREY), "special cause": Style("diamond", AMBER)}
_TITLE = "Against the ICB"
_TALL = 240
_RIGHT = WIDTH - 24
_PANELS = 4
"""Places side by side."""
_PANEL_GAP = 14
_PANEL_HEIGHT = 130
_APART = 14
"""Half of how far the two kinds of one quintile stand apart."""


def caterpillar(rows: pd.DataFrame, overall: float, unit: str, /) -> str:
    """Areas in order of their value, each a point with its 95% interval, against a line at the ICB's value.

    `rows` has `area_name, value, lower, upper, comparison, said`; rows without a value are left out.
    """
    shown = _rows(rows.sort_values(["value", "area_name"], ascending=[False, True]), "value")
    left, names = _names([r.area_name for r in shown])
    bottom = _bottom(shown)
    x = Axis.over([overall, *_reach(shown)], left, _RIGHT)
    ends = [(r.comparison, (x.at(r.lower), y), (x.at(r.upper), y)) for r, y in _lanes(shown)]
    points = [Mark(x.at(r.value), y, r.comparison, r.said) for r, y in _lanes(shown)]
    return picture(
        bottom + 40,
        key(_AGAINST, title=_TITLE),
        names,
        across(x, KEY_HEIGHT, bottom, f"{unit}, with 95% interval"),
        line([(x.at(overall), KEY_HEIGHT), (x.at(overall), bottom)], colour=DARK, width=1.5, dash=DASHED),
        intervals(ends, _AGAINST),
        marks(points, _AGAINST),
    )


def funnel_plot(rows: pd.DataFrame, lines: pd.DataFrame, overall: float, unit: str, /) -> str:
    """Areas by size and value, between the limits chance alone would keep them in.

    `rows` has `size, value, comparison, label, said`; `lines` has `size` and the limits `lower_95, upper_95, lower_998,
    upper_998` over the sizes there are.
    """
    shown = _rows(rows, "value", "size")
    limits = [f"{side}_{level}" for level in ("95", "998") for side in ("lower", "upper")]
    top, bottom = KEY_HEIGHT + 6, KEY_HEIGHT + _TALL
    y = Axis.over([overall, *(r.value for r in shown), *lines[limits].to_numpy().ravel()], bottom, top)
    x = Axis.over([*(r.size for r in shown), *lines["size"]], room_for(y), _RIGHT)
    curves = [
        line(
            [(x.at(size), y.at(limit)) for size, limit in lines[["size", name]].itertuples(index=False)],
            colour=DARK,
            dash=DASHED if name.endswith("95") else "",
        )
        for name in limits
    ]
    named = [_beside(x.at(r.size), y.at(r.value), r.label) for r in shown if r.label]
    return picture(
        bottom + 40,
        key(_AGAINST, title=_TITLE),
        upwards(y, x.start, _RIGHT, unit),
        across(x, top, bottom, "Out of (size of the area)"),
        *curves,
        line([(x.start, y.at(overall)), (_RIGHT, y.at(overall))], colour=DARK, width=1.5, dash="2,3"),
        marks([Mark(x.at(r.size), y.at(r.value), r.comparison, r.said) for r in shown], _AGAINST),
        *named,
    )


def by_place(rows: pd.DataFrame, overall: float, unit: str, /) -> str:
    """One small panel for each place, its PCNs in order of value on one scale, against a line at the ICB's value.

    `rows` has `place_name` besides what a caterpillar needs.
    """
    shown = _rows(rows.sort_values(["place_name", "value"]), "value")
    places = list(dict.fromkeys(r.place_name for r in shown))
    scale = Axis.over([overall, *_reach(shown)], 0, 1)
    left = room_for(scale)
    wide = (_RIGHT - left - _PANEL_GAP * (_PANELS - 1)) / _PANELS
    pieces, ends, points = [], [], []
    for n, place in enumerate(places):
        inside = [r for r in shown if r.place_name == place]
        start = left + n % _PANELS * (wide + _PANEL_GAP)
        top = KEY_HEIGHT + 20 + n // _PANELS * (_PANEL_HEIGHT + 24)
        y = Axis(scale.low, scale.high, scale.step, top + _PANEL_HEIGHT, top)
        of_row = n % _PANELS == 0
        panel = upwards(y, start, start + wide, unit) if of_row else grid_of(y, start, start + wide)
        pieces += [panel, words(start + wide / 2, top - 6, fitted(place, wide * 0.9), anchor="middle", bold=True)]
        level = y.at(overall)
        pieces.append(line([(start, level), (start + wide, level)], colour=DARK, dash=DASHED, width=1.5))
        for position, r in enumerate(inside):
            x = start + (position + 0.5) * wide / len(inside)
            ends.append((r.comparison, (x, y.at(r.lower)), (x, y.at(r.upper))))
            points.append(Mark(x, y.at(r.value), r.comparison, r.said))
    height = KEY_HEIGHT + -(-len(places) // _PANELS) * (_PANEL_HEIGHT + 24) + 8
    key_above = key(_AGAINST, title=_TITLE)
    return picture(height, key_above, *pieces, intervals(ends, _AGAINST), marks(points, _AGAINST))


def crude_and_standardised(rows: pd.DataFrame, unit: str, /) -> str:
    """Areas in order of their age-standardised value, joined to the crude one.

    `rows` has `area_name, value, standardised_value, said, standardised_said`; areas that lack one are left out.
    """
    shown = _rows(rows.sort_values("standardised_value", ascending=False), "value", "standardised_value")
    left, names = _names([r.area_name for r in shown])
    bottom = _bottom(shown)
    x = Axis.over([v for r in shown for v in (r.value, r.standardised_value)], left, _RIGHT)
    crude, standardised = KINDS
    joined = [(crude, (x.at(r.value), y), (x.at(r.standardised_value), y)) for r, y in _lanes(shown)]
    points = [Mark(x.at(r.value), y, crude, r.said) for r, y in _lanes(shown)]
    points += [Mark(x.at(r.standardised_value), y, standardised, r.standardised_said) for r, y in _lanes(shown)]
    grid = across(x, KEY_HEIGHT, bottom, unit)
    return picture(bottom + 40, key(_AGES), names, grid, intervals(joined, _JOINED), marks(points, _AGES))


def gradient(quintiles: pd.DataFrame, unit: str, /) -> str:
    """The ICB's values by national deprivation quintile with 95% intervals, most deprived on the left.

    `quintiles` has `quintile, kind` (crude or age-standardised), `value, lower, upper, said`.
    """
    shown = _rows(quintiles, "value")
    top, bottom = KEY_HEIGHT + 6, KEY_HEIGHT + _TALL - 50
    y = Axis.over(_reach(shown), bottom, top, from_zero=True)
    left = room_for(y)
    there = list(dict.fromkeys(quintiles["quintile"]))
    band = (_RIGHT - left) / len(there)
    middle = {quintile: left + (n + 0.5) * band for n, quintile in enumerate(there)}
    kinds = {kind: style for kind, style in _AGES.items() if any(r.kind == kind for r in shown)}
    aside = dict(zip(kinds, (-_APART, _APART) if len(kinds) == len(KINDS) else (0,), strict=True))
    at = [(r, middle[r.quintile] + aside[r.kind]) for r in shown]
    labels = [words(x, bottom + 15, str(quintile), anchor="middle") for quintile, x in middle.items()]
    below = "National deprivation quintile, 1 = most deprived"
    title = words((left + _RIGHT) / 2, bottom + 32, below, bold=True, anchor="middle")
    return picture(
        bottom + 40,
        key(kinds),
        upwards(y, left, _RIGHT, unit),
        *labels,
        title,
        intervals([(r.kind, (x, y.at(r.lower)), (x, y.at(r.upper))) for r, x in at], _AGES),
        marks([Mark(x, y.at(r.value), r.kind, r.said) for r, x in at], _AGES),
    )


def months(points: pd.DataFrame, levels: pd.DataFrame, unit: str, /) -> str:
    """A value by month as an XmR chart: special causes stand out in shape and colour.

    `points` has `month, value, kind` (common cause or special cause) and `said`; `levels` has `value` and `is_mean`.
    """
    shown = _rows(points, "value")
    top, bottom = KEY_HEIGHT + 6, KEY_HEIGHT + _TALL - 50
    y = Axis.over([*(r.value for r in shown), *levels["value"]], bottom, top)
    left = room_for(y)
    there = list(dict.fromkeys(points["month"]))
    band = (_RIGHT - left) / len(there)
    x = {month: left + (n + 0.5) * band for n, month in enumerate(there)}
    every = max(1, -int(-(width_of(there[-1]) + 8) // band))
    labels = [words(x[m], bottom + 15, m, anchor="middle") for m in there[::-1][::every]]
    limits = [
        line([(left, y.at(r.value)), (_RIGHT, y.at(r.value))], colour=DARK, dash="" if r.is_mean else DASHED)
        for r in levels.itertuples(index=False)
    ]
    return picture(
        bottom + 24,
        key(_CAUSES),
        upwards(y, left, _RIGHT, unit),
        *labels,
        *limits,
        line([(x[r.month], y.at(r.value)) for r in shown], colour=GREY),
        marks([Mark(x[r.month], y.at(r.value), r.kind, r.said) for r in shown], _CAUSES),
    )


def _rows(rows: pd.DataFrame, *needed: str) -> list[Any]:
    """Rows that have what is needed to draw them."""
    return list(rows.dropna(subset=list(needed)).itertuples(index=False))


def _reach(shown: Sequence[Any]) -> list[float]:
    return [limit for r in shown for limit in (r.lower, r.upper)]


def _bottom(shown: Sequence[Any]) -> float:
    return KEY_HEIGHT + ROW * max(len(shown), 1)


def _lanes(shown: Sequence[Any]) -> list[tuple[Any, float]]:
    """Rows with the height at which each is drawn."""
    return [(r, KEY_HEIGHT + (n + 0.5) * ROW) for n, r in enumerate(shown)]


def _names(names: Sequence[str]) -> tuple[float, str]:
    """Room for the names of areas to the left of a chart, and the names, one to a lane."""
    short = [fitted(name) for name in names]
    left = max(map(width_of, short), default=0) + 12
    written = "".join(words(left - 8, KEY_HEIGHT + (n + 0.5) * ROW + 4, name) for n, name in enumerate(short))
    return left, f'<g text-anchor="end">{written}</g>'


def _beside(x: float, y: float, label: str) -> str:
    """A name to the right of a mark, or to its left where it would leave the picture."""
    fits = x + 9 + width_of(label) < WIDTH
    return words(x + 9, y + 4, label) if fits else words(x - 9, y + 4, label, anchor="end")

"""Charts as static SVG: described with Altair, compiled once for all the rows they are drawn of, drawn by Vega.

Vega measures every word it writes, which takes most of its time. So the names of rows of areas are written here, beside
the picture, as wide as Arial would make them; the pages are the same whichever fonts a machine has.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from html import escape
from typing import Any

import altair as alt
import pandas as pd
import vl_convert

from phm.report.svg import picture, written

INK, GRID = "#425563", "#D8DDE0"
ROW = 20
"""Height of the row of a name."""
_LOOK = {
    "font": "Arial",
    "aria": False,
    "axis": {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": GRID,
        # Words are measured once for their place, and several times more where they may be cut.
        "labelLimit": 0,
        "domain": False,
        "ticks": False,
    },
    "axisQuantitative": {"tickCount": 6},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "labelLimit": 0, "titleLimit": 0},
    "header": {"labelFontSize": 12, "labelFontWeight": "bold"},
}
_LETTERS = 48
"""Letters of a name that a chart of areas shows."""
_SIZE, _GAP, _MARGIN = 12, 8, 6
_WIDTHS = {
    0.28: "fijltI.,;:!|'/[] ",
    0.34: "r()-",
    0.5: "cksvxyzJ",
    0.61: "FTZ",
    0.67: "ABEKPSVXY&",
    0.72: "CDHNRUw",
    0.78: "GOQ",
    0.84: "mM",
    0.95: "W%@",
}
_OTHER = 0.56
_WIDTH_OF = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
"""Widths of letters of Arial for each unit of its size."""


class Drawing:
    """A chart whose rows are named, not in it (`alt.NamedData`); it is compiled once and drawn as often as needed."""

    def __init__(self, chart: alt.TopLevelMixin, /) -> None:
        self._chart = chart

    @cached_property
    def _vega(self) -> dict[str, Any]:
        return vl_convert.vegalite_to_vega(_specified(self._chart))

    def svg(self, /, *, names: Sequence[str] = (), **rows: pd.DataFrame) -> str:
        """The picture of these rows, by the name of their data; `names` stand beside it, one to a `ROW`."""
        data = [
            entry | {"values": rows[entry["name"]].to_dict("records")} if entry["name"] in rows else entry
            for entry in self._vega["data"]
        ]
        return _drawn(self._vega | {"data": data}, names)


def shortened(name: str, /) -> str:
    """A name as a chart of areas shows it; the table beside it has it in full."""
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"


def to_svg(chart: alt.TopLevelMixin, /) -> str:
    """A chart that has its rows in it as SVG on white, to stand for itself; the same text for the same chart."""
    return _drawn(vl_convert.vegalite_to_vega(_specified(chart, "white")), ())


def _specified(chart: alt.TopLevelMixin, background: str | None = None) -> dict[str, Any]:
    spec = chart.to_dict(validate=False)
    view = spec["config"]["view"]
    # Not by `chart.configure_…`: each of these would copy the whole chart.
    return spec | {"config": _LOOK | {"view": view | {"stroke": None}, "background": background}}


def _drawn(vega: Mapping[str, Any], names: Sequence[str]) -> str:
    drawn = picture(vl_convert.vega_to_svg(vega))
    if not names:
        return written(drawn)
    (x, y) = drawn.origin
    right, top = round(x - _GAP), round(y + ROW / 2 + _SIZE / 3)
    left = max(0, round(max(map(_width, names))) + _MARGIN - right)
    words = "".join(f'<text y="{place * ROW}">{escape(name, quote=False)}</text>' for place, name in enumerate(names))
    looks = f'fill="{INK}" text-anchor="end" transform="translate({right},{top})"'
    return written(drawn, left=left, more=f"<g {looks}>{words}</g>")


def _width(name: str) -> float:
    return _SIZE * sum(_WIDTH_OF.get(letter, _OTHER) for letter in name)

"""Charts as small static pictures: SVG with hover values that needs no script, no style sheet and no network.

A mark whose chart gives it a `description` says it when pointed at (an SVG `<title>`). All else that Vega writes for
machines is left out: the picture is hidden from screen readers, for whom the table beside it stands.
"""

import re

import altair as alt
import vl_convert

INK, GRID = "#425563", "#D8DDE0"
_SAID = re.compile(r'<(path|line|rect)((?: (?!aria-label)[a-z0-9-]+="[^"]*")*) aria-label="([^"]*)"([^<>]*?)/>')
_INVISIBLE = re.compile(
    r'<path[^<>]* d="(?:M0,0h0v0h0Z)?"[^<>]*/>|<line[^<>]* opacity="0"[^<>]*/>'
    r'|<text[^<>]* opacity="0"[^<>]*>[^<]*</text>'
)
_FOR_MACHINES = re.compile(r' (?:(?:aria-[a-z]+|role|class|pointer-events|font-family)="[^"]*"|opacity="1")')
_MARKS = re.compile(r"<g([^<>]*)>((?:<(text|line|path|rect)[^<>]*(?:/>|>(?:[^<]|<title>[^<]*</title>)*</\3>)){2,})</g>")
_INHERITED = re.compile(r' (?:fill|stroke|stroke-width|stroke-dasharray|font-size|font-weight|text-anchor)="[^"]*"')
_EMPTY = re.compile(r"<g[^<>]*(?:/>|></g>)")
_LOOK = {
    "font": "Arial",
    "background": "white",
    "aria": False,
    "axis": {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": GRID,
        # Words are measured once for their place, and several times more where they may be cut: see `NAMES`.
        "labelLimit": 0,
        "domain": False,
        "ticks": False,
    },
    "axisQuantitative": {"tickCount": 6},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "labelLimit": 0, "titleLimit": 0},
    "header": {"labelFontSize": 12, "labelFontWeight": "bold"},
}
NAMES = alt.Axis(labelExpr="truncate(datum.label, 48)")
"""The axis of a chart that has names beside it; the table below the chart has them in full."""
_DECIMALS = re.compile(r"(\.\d)\d+")
_ROOT = '<svg aria-hidden="true" focusable="false" font-family="Arial" '


def to_svg(chart: alt.TopLevelMixin, /) -> str:
    """The chart as SVG that scales to its place, the same text for the same chart."""
    spec = chart.to_dict(validate=False)
    view = spec["config"]["view"]
    # Not by `chart.configure_…`: each of these would copy the whole chart.
    return slimmed(vl_convert.vegalite_to_svg(spec | {"config": _LOOK | {"view": view | {"stroke": None}}}))


def slimmed(svg: str, /) -> str:
    """The same picture in about half the bytes, its descriptions as titles.

    >>> slimmed('<g class="marks"><path aria-label="A: 1.23" d="M0,0L1.239,2" opacity="1"/></g><g></g>')
    '<g><path d="M0,0L1.2,2"><title>A: 1.23</title></path></g>'
    """
    svg = _SAID.sub(r"<\1\2\4><title>\3</title></\1>", _INVISIBLE.sub("", svg))
    pieces = re.split(r"(<title>[^<]*</title>|>[^<]+<)", svg)  # markup at even places, words at odd ones
    pieces[::2] = [_DECIMALS.sub(r"\1", _FOR_MACHINES.sub("", piece)) for piece in pieces[::2]]
    svg = "".join(pieces)
    while (fuller := _EMPTY.sub("", svg)) != svg:
        svg = fuller
    return _MARKS.sub(_said_once, svg).replace("<svg ", _ROOT, 1)


def _said_once(marks: re.Match[str]) -> str:
    """A group of marks that says itself what all its marks would say."""
    tags = re.findall(r"<(?:text|line|path|rect)[^<>]*>", marks[2])
    shared = sorted(set.intersection(*(set(_INHERITED.findall(tag)) for tag in tags)))
    body = marks[2]
    for attribute in shared:
        body = re.sub(rf"(<(?:text|line|path|rect)[^<>]*?){re.escape(attribute)}", r"\1", body)
    return f"<g{marks[1]}{''.join(shared)}>{body}</g>"

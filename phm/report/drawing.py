"""Pieces of charts as SVG markup: scales with round ticks, axes, keys, and marks that say what they stand for.

Nothing here knows what is drawn. No fonts are measured and no library lays a picture out, so the same rows give the
same bytes on every machine. A picture is hidden from screen readers, for whom the table beside it stands; a mark says
its numbers when pointed at (an SVG `<title>`). All pictures are equally wide, so that words have one size on a page.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

BLUE, DARK, GREY, AMBER = "#005EB8", "#003087", "#768692", "#B25E00"
INK, GRID = "#425563", "#D8DDE0"
WIDTH = 620
DASHED = "5,3"
KEY_HEIGHT = 26
"""Height of the key of colours and shapes above a chart."""
_FONT = 12
_NEGLIGIBLE = 1e-9
"""Values that differ by so little of their size are drawn as one."""
_TICKS = 6
"""At most so many steps between the ticks of an axis."""
LONGEST = 230
"""Names of areas beside a chart are cut at this width; the table has them in full."""
_EM = {**dict.fromkeys("fijlrtI.,:;'()[] -", 0.3), **dict.fromkeys("mwMW%@", 0.87)}
_CAPITAL, _OTHER = 0.7, 0.55
_SHAPES = {
    "up": "M{x},{y}m0,-5l5,9h-10Z",
    "down": "M{x},{y}m0,5l5,-9h-10Z",
    "circle": "M{x},{y}m-4,0a4,4 0 1 0 8,0a4,4 0 1 0-8,0",
    "diamond": "M{x},{y}m0,-5.5l5.5,5.5l-5.5,5.5l-5.5,-5.5Z",
    "square": "M{x},{y}m-6,-6h12v12h-12Z",
}

Point = tuple[float, float]


class Style(NamedTuple):
    """How a kind of marks looks: colour never speaks alone."""

    shape: str
    colour: str


class Mark(NamedTuple):
    """One value where it stands, of what kind it is, and what it says when pointed at."""

    x: float
    y: float
    kind: str
    said: str


@dataclass(frozen=True)
class Axis:
    """A scale from values to where they are drawn, with a tick at every multiple of `step`."""

    low: float
    high: float
    step: float
    start: float
    end: float

    @classmethod
    def over(cls, values: Iterable[float], start: float, end: float, /, *, from_zero: bool = False) -> "Axis":
        """An axis between round numbers that holds all the values.

        >>> Axis.over([10.2, 18.9], 0, 100).ticks
        ['10', '12', '14', '16', '18', '20']
        """
        known = [float(value) for value in values if value == value]
        low, high = min(known, default=0.0), max(known, default=1.0)
        low = min(low, 0.0) if from_zero else low
        is_wide = high - low > max(abs(low), abs(high), 1) * _NEGLIGIBLE
        high = high if is_wide else low + 1
        rough = (high - low) / _TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * part for part in (1, 2, 5, 10) if power * part >= rough * (1 - 1e-9))
        return cls(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step, start, end)

    def at(self, value: float, /) -> float:
        return self.start + (float(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    @property
    def positions(self) -> list[float]:
        """The values that have a tick."""
        return [self.low + n * self.step for n in range(round((self.high - self.low) / self.step) + 1)]

    @property
    def ticks(self) -> list[str]:
        """The values that have a tick, as they are written."""
        digits = max(0, -math.floor(math.log10(self.step) + 1e-9))
        return [f"{value:,.{digits}f}" for value in self.positions]


def picture(height: float, /, *pieces: str) -> str:
    """The whole picture, of `WIDTH` and a height."""
    head = f'<svg aria-hidden="true" focusable="false" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} '
    return f'{head}{_n(height)}" font-family="Arial" font-size="{_FONT}" fill="{INK}">{"".join(pieces)}</svg>'


def width_of(text: str, /) -> float:
    """About how wide words are in Arial: enough to leave room for them."""
    return _FONT * sum(_EM.get(c, _CAPITAL if c.isupper() else _OTHER) for c in text)


def fitted(text: str, room: float = LONGEST, /) -> str:
    """Words cut where they would take more than the room there is.

    >>> fitted("Ash and District PCN"), fitted("Ash and District PCN", 70)
    ('Ash and District PCN', 'Ash and Di…')
    """
    if width_of(text) <= room:
        return text
    while width_of(f"{text}…") > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def words(x: float, y: float, text: str, /, *, anchor: str = "start", bold: bool = False, colour: str = "") -> str:
    """Words at a point, in the picture's ink unless said otherwise."""
    said = "" if anchor == "start" else f' text-anchor="{anchor}"'
    said += ' font-weight="bold"' if bold else ""
    said += f' fill="{colour}"' if colour else ""
    return f'<text x="{_n(x)}" y="{_n(y)}"{said}>{escape(text)}</text>'


def line(points: Sequence[Point], /, *, colour: str, width: float = 1, dash: str = "") -> str:
    """A line through points."""
    path = "L".join(f"{_n(x)},{_n(y)}" for x, y in points)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path fill="none" stroke="{colour}" stroke-width="{_n(width)}"{dashed} d="M{path}"/>' if points else ""


def bar(x: float, y: float, width: float, height: float, /, *, colour: str, said: str = "") -> str:
    """A filled bar, edged in white so that neighbours stay apart."""
    shape = f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="{colour}" stroke="#fff"'
    return f"{shape}><title>{escape(said)}</title></rect>" if said else f"{shape}/>"


def intervals(ends: Iterable[tuple[str, Point, Point]], styles: Mapping[str, Style], /) -> str:
    """Intervals from point to point, each of a kind and in its colour."""
    paths = dict.fromkeys(styles, "")
    for kind, low, high in ends:
        paths[kind] += f"M{_n(low[0])},{_n(low[1])}L{_n(high[0])},{_n(high[1])}"
    return "".join(f'<path stroke="{styles[k].colour}" stroke-width="2" d="{d}"/>' for k, d in paths.items() if d)


def marks(found: Sequence[Mark], styles: Mapping[str, Style], /) -> str:
    """Marks in the shape and colour of their kind."""
    groups = []
    for kind, style in styles.items():
        shapes = [
            f'<path d="{_shape(style, mark.x, mark.y)}"><title>{escape(mark.said)}</title></path>'
            for mark in found
            if mark.kind == kind
        ]
        groups += [f'<g fill="{style.colour}">{"".join(shapes)}</g>'] if shapes else []
    return "".join(groups)


def key(styles: Mapping[str, Style], /, *, title: str = "", left: float = 0) -> str:
    """What shapes and colours mean, in one line above a chart."""
    pieces, x = [], left
    if title:
        pieces.append(words(x, 14, title, bold=True))
        x += width_of(title) * 1.1 + 18
    for kind, style in styles.items():
        pieces.append(f'<path fill="{style.colour}" d="{_shape(style, x + 6, 10)}"/>{words(x + 17, 14, kind)}')
        x += width_of(kind) + 38
    return "".join(pieces)


def across(axis: Axis, top: float, bottom: float, title: str, /) -> str:
    """A scale from left to right: grid lines, ticks below, the title below those; it takes 36 of height."""
    at = [axis.at(value) for value in axis.positions]
    grid = "".join(f"M{_n(x)},{_n(top)}V{_n(bottom)}" for x in at)
    ticks = "".join(words(x, bottom + 15, tick) for x, tick in zip(at, axis.ticks, strict=True))
    named = words((axis.start + axis.end) / 2, bottom + 32, title, bold=True)
    return f'<path stroke="{GRID}" d="{grid}"/><g text-anchor="middle">{ticks}{named}</g>'


def upwards(axis: Axis, left: float, right: float, title: str, /) -> str:
    """A scale from bottom to top: grid lines, ticks to the left, the title at the picture's edge."""
    at = [axis.at(value) for value in axis.positions]
    ticks = "".join(words(left - 6, y + 4, tick) for y, tick in zip(at, axis.ticks, strict=True))
    middle = _n((axis.start + axis.end) / 2)
    turned = f'<text transform="translate(12,{middle})rotate(-90)" text-anchor="middle" font-weight="bold">'
    return f'{levels(axis, left, right)}<g text-anchor="end">{ticks}</g>{turned}{escape(title)}</text>'


def levels(axis: Axis, left: float, right: float, /) -> str:
    """Only the grid lines of a scale from bottom to top."""
    grid = "".join(f"M{_n(left)},{_n(axis.at(value))}H{_n(right)}" for value in axis.positions)
    return f'<path stroke="{GRID}" d="{grid}"/>'


def room_for(axis: Axis, /) -> float:
    """Room to the left of a scale from bottom to top, for its ticks and its title."""
    return max(map(width_of, axis.ticks)) + 26


def _shape(style: Style, x: float, y: float) -> str:
    return _SHAPES[style.shape].format(x=_n(x), y=_n(y))


def _n(value: float) -> str:
    """A number to a tenth of a unit."""
    return f"{value:.1f}".removesuffix(".0")

"""Pictures as drawn by Vega made small: the same marks in a quarter of the bytes, as SVG that needs nothing else.

A mark with a description says it when pointed at (an SVG `<title>`). All else that Vega writes for machines is left
out: the picture is hidden from screen readers, for whom the table beside it stands. Places are to a tenth of a unit.
"""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple
from xml.etree import ElementTree

Point = tuple[float, float]
Style = tuple[tuple[str, str], ...]
_LOOKS = ("fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "opacity")
_LOOKS += ("font-size", "font-weight", "text-anchor")
_USUAL = {"fill": "none", "stroke": "none", "stroke-width": "1", "stroke-dasharray": "1,0", "opacity": "1"}
_USUAL |= {"text-anchor": "start", "font-weight": "normal", "font-size": "12"}
_TRANSFORM = re.compile(r"(translate|rotate)\(([-\d.e]+)(?:,([-\d.e]+))?\)")
_STEP = re.compile("([A-DF-Za-df-z])([^A-DF-Za-df-z]*)")
_CIRCLE = re.compile(r"M([\d.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0")
_ABOUT_ARCS = 5
"""Numbers of an arc before the point it leads to."""


class Mark(NamedTuple):
    """One thing drawn: its element with what places it, what it shows inside, what it says, and its looks."""

    tag: str
    placed: Mapping[str, str]
    words: str
    said: str
    style: Style

    def markup(self, style: Style = ()) -> str:
        inside = (f"<title>{escape(self.said)}</title>" if self.said else "") + escape(self.words, quote=False)
        start = f"<{self.tag}{_written(self.placed.items())}{_written(style)}"
        return f"{start}>{inside}</{self.tag}>" if inside else f"{start}/>"


class Picture(NamedTuple):
    """What is drawn in order, the size of the whole, and where inside it the first view of data begins."""

    marks: Sequence[Mark]
    size: Point
    origin: Point


def picture(svg: str, /) -> Picture:
    """The visible marks of a picture of Vega's."""
    root = ElementTree.fromstring(svg)
    view = next(child for child in root if _tag(child) == "g")
    (_, x, y) = _TRANSFORM.match(view.get("transform", "")).groups()
    marks = [*_marks(root, (0, 0), {})]
    return Picture(marks, (float(root.get("width")), float(root.get("height"))), (float(x), float(y)))


def written(drawn: Picture, /, *, left: float = 0, more: str = "") -> str:
    """The picture as SVG, with `more` markup after its marks and so many units added on its left.

    Marks that follow each other and look the same say so once; where they also say nothing they become one path.

    >>> line = Mark("path", {"d": "M1,2h3"}, "", "", (("stroke", "red"),))
    >>> written(Picture([line, line._replace(placed={"d": "M1,5h3"})], (10, 9), (0, 0))).partition('viewBox="')[2]
    '0 0 10 9"><path d="M1,2h3M1,5h3" stroke="red"/></svg>'
    """
    (width, height), body = drawn.size, ""
    for style, alike in groupby(drawn.marks, key=lambda mark: mark.style):
        marks = _joined(list(alike))
        body += marks[0].markup(style) if len(marks) == 1 else _group(style, marks)
    view = f"{place(-left)} 0 {place(width + left)} {place(height)}"
    return (
        f'<svg aria-hidden="true" xmlns="http://www.w3.org/2000/svg" font-family="Arial" font-size="12" fill="none" '
        f'width="{place(width + left)}" height="{place(height)}" viewBox="{view}">{body}{more}</svg>'
    )


def _group(style: Style, marks: Iterable[Mark]) -> str:
    return f"<g{_written(style)}>{''.join(mark.markup() for mark in marks)}</g>"


def _joined(marks: list[Mark]) -> list[Mark]:
    """Marks that look the same, those of them that only need to be seen as one path."""
    if any(look.endswith("opacity") for look, _ in marks[0].style):
        return marks
    joined: list[Mark] = []
    for mark in marks:
        before = joined[-1] if joined else None
        if before and {"d"} == set(mark.placed) == set(before.placed) and not (mark.said or before.said):
            joined[-1] = before._replace(placed={"d": before.placed["d"] + mark.placed["d"]})
        else:
            joined.append(mark)
    return joined


def _marks(element: ElementTree.Element, at: Point, inherited: Mapping[str, str]) -> Iterator[Mark]:
    """Marks of an element and those inside it; `at` is where its surroundings begin."""
    style = {**inherited, **{look: element.get(look) for look in _LOOKS if element.get(look)}}
    if style.get("opacity") == "0" or element.get("display") == "none":
        return
    at, turned = _moved(at, element.get("transform", ""))
    tag = _tag(element)
    if tag in ("g", "svg"):
        for child in element:
            yield from _marks(child, at, style)
        return
    looks = _seen(style, is_text=tag == "text")
    if not looks:
        return
    said = element.get("aria-label", "")
    if tag == "text":
        yield Mark("text", _standing(at, turned), element.text or "", said, looks)
    elif tag == "rect":
        size = {side: place(float(element.get(side, 0))) for side in ("width", "height")}
        yield Mark("rect", size, "", said, looks)
    elif tag == "line":
        end = at[0] + float(element.get("x2", 0)), at[1] + float(element.get("y2", 0))
        yield Mark("path", {"d": _path([("M", [*at]), ("L", [*end])], (0, 0))}, "", said, looks)
    elif circle := _CIRCLE.fullmatch(element.get("d", "")):
        x, y, radius = map(place, (*at, float(circle[1])))
        yield Mark("circle", {"cx": x, "cy": y, "r": radius}, "", said, looks)
    elif steps := _STEP.findall(element.get("d", "")):
        numbers = [(letter, [float(n) for n in re.findall(r"-?[\d.]+(?:e-?\d+)?", after)]) for letter, after in steps]
        yield Mark("path", {"d": _path(numbers, at)}, "", said, looks)


def _seen(style: Mapping[str, str], *, is_text: bool) -> Style:
    """The looks that differ from what a mark has anyway; nothing of a mark nobody can see."""
    looks = {look: value.removesuffix("px") for look, value in style.items()}
    looks = {look: value for look, value in looks.items() if value != _USUAL.get(look)}
    if "stroke" not in looks:
        looks = {look: value for look, value in looks.items() if not look.startswith("stroke")}
        if "fill" not in looks:
            return ()
    return tuple(sorted(item for item in looks.items() if is_text or not item[0].startswith(("font", "text"))))


def _moved(at: Point, transform: str) -> tuple[Point, float]:
    """Where a transform leads, and by how many degrees what stands there is turned."""
    (x, y), turned = at, 0.0
    for kind, first, second in _TRANSFORM.findall(transform):
        if kind == "rotate":
            turned += float(first)
            continue
        along, across, angle = float(first), float(second or 0), math.radians(turned)
        x += along * math.cos(angle) - across * math.sin(angle)
        y += along * math.sin(angle) + across * math.cos(angle)
    return (x, y), turned


def _standing(at: Point, turned: float) -> dict[str, str]:
    x, y = map(place, at)
    return {"transform": f"translate({x},{y})rotate({turned:g})"} if turned else {"x": x, "y": y}


def _path(steps: Iterable[tuple[str, list[float]]], at: Point) -> str:
    """The steps of a path moved by `at`, each from where the one before it ends."""
    out, pen, start, (x, y) = "", (0, 0), (0, 0), at
    for letter, numbers in steps:
        if letter == "Z":
            out, pen = out + "z", start
            continue
        if letter == "h":
            to = pen[0] + round(10 * numbers[0]), pen[1]
        elif letter == "v":
            to = pen[0], pen[1] + round(10 * numbers[0])
        elif letter in "MLA":
            to = round(10 * (numbers[-2] + x)), round(10 * (numbers[-1] + y))
        else:
            raise ValueError(f"A step of a path that no chart here has had yet: {letter}")
        along, across = to[0] - pen[0], to[1] - pen[1]
        if letter == "M":
            out, start = out + "M" + _numbers(*to), to
        elif letter == "A":
            out += "a" + _numbers(*(10 * number for number in numbers[:_ABOUT_ARCS]), along, across)
        elif across == 0:
            out += "h" + _number(along)
        elif along == 0:
            out += "v" + _number(across)
        else:
            out += "l" + _numbers(along, across)
        pen = to
    return out


def _numbers(*tenths: float) -> str:
    """Numbers in a row; a minus keeps them apart by itself."""
    first, *others = map(_number, tenths)
    return first + "".join(number if number.startswith("-") else f",{number}" for number in others)


def place(value: float) -> str:
    """Where something stands, to a tenth of a unit.

    >>> place(18), place(-0.5), place(1.76)
    ('18', '-.5', '1.8')
    """
    return _number(10 * value)


def _number(tenths: float) -> str:
    text = f"{round(tenths) / 10:g}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _written(attributes: Iterable[tuple[str, str]]) -> str:
    return "".join(f' {name}="{value}"' for name, value in attributes)


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]

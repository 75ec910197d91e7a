"""Charts: marks stand where their values are, say them, stay inside the picture, and differ in shape too."""

import itertools
import re
from xml.etree import ElementTree

import altair as alt
import pandas as pd
import pytest

from phm.report.charts import WIDTH, quintile_mix, steps_left
from phm.report.comparison_charts import (
    KINDS,
    by_place,
    caterpillar,
    crude_and_standardised,
    funnel_plot,
    gradient,
    months,
)
from phm.report.drawing import to_svg

ROWS = pd.DataFrame(
    [
        ("Ash <PCN>", 12.0, 11.0, 13.0, "higher", 9000.0, "North", 11.5, "Ash <PCN>"),
        ("Beech PCN", 10.0, 9.0, 11.0, "not different", 30_000.0, "South", 10.5, ""),
        ("Cedar PCN", 7.0, 6.0, 8.0, "lower", 60_000.0, "South", 8.5, "Cedar PCN"),
        ("Dale PCN", None, None, None, "withheld", 100.0, "South", None, ""),
    ],
    columns=["area_name", "value", "lower", "upper", "comparison", "size", "place_name", "standardised_value", "label"],
).assign(said=lambda r: r["area_name"] + " says", standardised_said=lambda r: r["area_name"] + " says at equal ages")
LINES = pd.DataFrame({"size": [90.0, 63_000.0]}).assign(lower_95=9.0, upper_95=11.0, lower_998=8.0, upper_998=12.0)


def whole(svg):
    """The picture as a tree, which asks for nothing from elsewhere."""
    assert "href" not in svg and "<script" not in svg
    return ElementTree.fromstring(re.sub(' xmlns="[^"]*"', "", svg))


def points(path):
    """Corners of a path."""
    x, y, found = 0.0, 0.0, []
    for letter, after in re.findall("([Mlhv])([^A-Za-z]*)", path):
        numbers = [float(n) for n in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", after)]
        along, across = {"h": (numbers[0], 0), "v": (0, numbers[0])}.get(letter, numbers)
        x, y = (along, across) if letter == "M" else (x + along, y + across)
        found.append((x, y))
    return found


def box(element):
    """The middle of a mark, its width and its height."""
    if element.tag == "circle":
        x, y, radius = (float(element.get(name)) for name in ("cx", "cy", "r"))
        return x, y, 2 * radius, 2 * radius
    across, down = zip(*points(element.get("d")), strict=True)
    sides = max(across) - min(across), max(down) - min(down)
    return (max(across) + min(across)) / 2, (max(down) + min(down)) / 2, *sides


def marks(svg):
    """Where each mark that says something stands, by what it says."""
    return {mark.findtext("title"): box(mark)[:2] for mark in whole(svg).iter() if mark.find("title") is not None}


@pytest.mark.parametrize(
    "svg",
    [
        caterpillar(ROWS, 10.0, "Percent"),
        funnel_plot(ROWS, LINES, 10.0, "Percent"),
        by_place(ROWS, 10.0, "Percent"),
        crude_and_standardised(ROWS, "Percent"),
    ],
)
def test_a_chart_is_whole_says_its_marks_and_leaves_out_what_is_withheld(svg):
    whole(svg)
    assert {"Ash <PCN> says", "Beech PCN says", "Cedar PCN says"} <= set(marks(svg))
    assert "Dale" not in svg and "nan" not in svg


def test_marks_stand_in_order_of_their_values():
    caterpillars, funnels = marks(caterpillar(ROWS, 10.0, "Percent")), marks(funnel_plot(ROWS, LINES, 10.0, "Percent"))
    names = ["Ash <PCN> says", "Beech PCN says", "Cedar PCN says"]
    (ash, beech, cedar) = (caterpillars[name] for name in names)
    assert ash[0] > beech[0] > cedar[0] and ash[1] < beech[1] < cedar[1]
    assert (ash[0] - beech[0]) / (beech[0] - cedar[0]) == pytest.approx(2 / 3, rel=0.01)
    (ash, beech, cedar) = (funnels[name] for name in names)
    assert ash[1] < beech[1] < cedar[1] and ash[0] < beech[0] < cedar[0]


def test_an_interval_reaches_from_its_lower_to_its_upper_limit():
    svg = caterpillar(ROWS.head(1), 10.0, "Percent")
    (line,) = [path for path in whole(svg).iter("path") if path.get("stroke-width") == "2"]
    middle, _, length, _ = box(line)
    assert marks(svg)["Ash <PCN> says"][0] == pytest.approx(middle, abs=0.2) and length > 100


def test_kinds_differ_in_shape_besides_colour():
    svg = caterpillar(ROWS, 10.0, "Percent")
    shapes = [
        (mark.tag, mark.get("d", "").partition("l")[2]) for mark in whole(svg).iter() if mark.find("title") is not None
    ]
    assert len(set(shapes)) == len(shapes) == 3


def test_a_gradient_shows_the_kinds_there_are():
    quintiles = pd.DataFrame(
        [(q, kind, 10.0 + q, 9.0, 20.0, f"{q} {kind}") for q in range(1, 6) for kind in KINDS],
        columns=["quintile", "kind", "value", "lower", "upper", "said"],
    ).astype({"quintile": str})
    both, crude = gradient(quintiles, "Percent"), gradient(quintiles[quintiles["kind"] == "crude"], "Percent")
    for svg in (both, crude):
        whole(svg)
    assert len(marks(both)) == 10 and "age-standardised" in both
    assert len(marks(crude)) == 5 and "age-standardised" not in crude


def test_months_that_would_cover_each_other_are_named_now_and_then():
    named = [f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)]
    points = pd.DataFrame({"month": named, "value": range(24), "kind": "common cause"}).assign(said=named)
    levels = pd.DataFrame({"value": [12.0, 3.0, 20.0], "is_mean": [True, False, False]})
    svg = months(points, levels, "Percent")
    whole(svg)
    assert len(marks(svg)) == 24
    at = [float(x) for x in re.findall(r'<text x="([\d.]+)"[^>]*>\d{4}-\d\d<', svg)]
    assert 2 < len(at) < 24 and min(b - a for a, b in itertools.pairwise(at)) > 40


def test_shares_of_an_area_stand_side_by_side_and_never_leave_the_scale():
    shares = pd.DataFrame(
        [("Ash", q, value) for q, value in zip("12345", (30.0, 30.0, 30.0, 20.0, None), strict=True)],
        columns=["area_name", "quintile", "value"],
    )
    svg = quintile_mix(shares)
    bars = {mark.findtext("title"): box(mark) for mark in whole(svg).iter("path") if mark.find("title") is not None}
    assert sorted(bars) == [
        f"Ash, quintile {q}: {value}%" for q, value in zip("1234", ("30.0",) * 3 + ("20.0",), strict=True)
    ]
    ends = sorted((middle - width / 2, middle + width / 2) for middle, _, width, _ in bars.values())
    assert all(a[1] == pytest.approx(b[0], abs=0.2) for a, b in itertools.pairwise(ends))
    assert ends[-1][1] - ends[0][0] == pytest.approx(WIDTH, abs=0.2)


def test_steps_left_have_bars_as_long_as_their_counts():
    steps = pd.DataFrame({"label": ["Everybody", "Not <40", "Withheld"], "remaining_count": [1000, 250, None]})
    svg = steps_left(steps)
    whole(svg)
    widths = sorted(float(w) for w in re.findall(r"M[\d.]+,[\d.]+h([\d.]+)v13", svg))
    assert widths[0] == pytest.approx(widths[1] / 4, abs=0.1)
    assert ">1,000<" in svg and ">250<" in svg and "Not &lt;40" in svg and "Withheld" not in svg


def test_names_too_long_for_a_chart_are_cut():
    long = "A Primary Care Network whose name was put together from those of all its practices"
    svg = caterpillar(ROWS.head(1).assign(area_name=long), 10.0, "Percent")
    assert long not in svg and f">{long[:40]}" in svg


def test_a_picture_that_stands_for_itself_is_white_and_whole_and_moves_nothing():
    rows = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [1.0, 3.0, 2.0]})
    base = alt.Chart(rows).encode(x="a:Q", y="b:Q")
    svg = to_svg(base.mark_area(opacity=0.5) + base.mark_line() + base.mark_circle(size=100, opacity=1))
    drawn = whole(svg)
    assert drawn.find("rect").get("fill") == "white"
    (area,) = [path for path in drawn.iter("path") if path.get("opacity") == "0.5"]
    (line,) = [path for path in drawn.iter("path") if path.get("stroke-width") == "2"]
    dots = [(float(c.get("cx")), float(c.get("cy"))) for c in drawn.iter("circle")]
    corners = points(line.get("d"))
    assert all(a == pytest.approx(b, abs=0.11) for a, b in zip(corners, dots, strict=True))
    assert set(points(area.get("d"))[:3]) == set(corners)
    (axis,) = [text for text in drawn.iter("text") if text.text == "b"]
    assert axis.get("transform").endswith("rotate(-90)")

"""The page of a PCN: both goals, what changed, its people and assets, and nothing small."""

import re
from html import unescape

import pytest

from phm.governance.disclosure import recognise
from phm.report.site import build_site
from tests.unit.report.example import (
    COHORT,
    MEASURES,
    MONTH,
    PCNS,
    attrition,
    measures,
    months,
    plain_site,
    site,
    sources,
)

MIDDLE = 310
"""Where the sides of a pyramid meet."""
FIRST, LARGE, SMALL = (f"pcn-{PCNS[n][0]}.html" for n in (0, 1, 24))
FEW = tuple(m for m in MEASURES if m.id in ("bp_not_measured_5y", "list_size", "imd_quintile_share", "imd_mean_score"))


@pytest.fixture(scope="module")
def made():
    return {name: site()[name].decode() for name in (FIRST, LARGE, SMALL)}


def test_both_goals_stand_on_the_scorecard(made):
    card = made[FIRST][made[FIRST].index("id=scorecard>") : made[FIRST].index("id=changes>")]
    assert "<h3>Sustainable practices</h3>" in card and "<h3>Integration and equity</h3>" in card
    assert "higher, less favourable" in card


def test_what_changed_is_said_as_far_as_the_intervals_allow(made):
    changes = made[FIRST][made[FIRST].index("id=changes>") : made[FIRST].index("id=practices>")]
    assert "2026-09" in changes and "no clear change" in changes
    months_apart = months(**{"2026-09": measures(0.8), MONTH: measures()})
    moved = build_site(sources(months=months_apart, measure_definitions=FEW))[FIRST].decode()
    assert "Changed since 2026-09: No blood pressure recorded in 5 years (up)." in moved
    assert "nothing to compare with yet" in plain_site()[FIRST].decode()


def test_lists_are_longer_or_shorter_as_far_as_their_limits_lie_apart(made):
    changes = made[FIRST][made[FIRST].index("id=changes>") : made[FIRST].index("id=practices>")]
    ((then, now, change),) = re.findall(
        rf"<tr><th>{COHORT.title}</th><td>([^<]*)</td><td>([^<]*)</td><td>([^<]*)", changes
    )
    (least_then, most_then), (least, most) = (map(int, text.replace(",", "").split(" to ")) for text in (then, now))
    assert least_then < most_then < least < most and change == "longer"
    same = build_site(sources(attrition_before=attrition(), measure_definitions=FEW))[FIRST].decode()
    assert "<td>no clear change<" in same and "<td>longer" not in same and "<td>shorter" not in same


def test_its_people_stand_by_segment_beside_the_icbs(made):
    people = made[FIRST][made[FIRST].index("id=people>") : made[FIRST].index("id=assets>")]
    rows = re.findall(r"<th>(end of life|frailty)</th><td>[\d,]+</td><td>[\d.]+</td><td>[\d.]+<", people)
    assert rows == ["end of life", "frailty"]


def test_how_its_people_moved_between_segments_is_said(made):
    says = r"Since the month before, [\d.]+% of its patients moved to a segment of more need and [\d.]+% to one of less"
    assert re.search(says, made[FIRST].replace("\n", " "))
    first_month = recognise(measures().table.query("measure_id != 'segment_change'").assign(month=MONTH))
    unmoved = build_site(sources(measures=first_month, months=first_month, measure_definitions=FEW))[FIRST].decode()
    assert "moved to a segment" not in unmoved


def test_its_practices_lists_and_cascade_are_there(made):
    page = made[FIRST]
    assert "Registered people by practice" in page and "Measures by practice" in page
    assert "People on its practices" in page and "Got as far as" in page


def test_small_counts_are_nowhere(made):
    assert made[SMALL].count("withheld") > 5
    for page in made.values():
        people = page[page.index("id=people>") : page.index("Where they live")]
        counts = [int(cell.replace(",", "")) for cell in re.findall(r"<td>([\d,]+)(?=<)", people)]
        assert not [c for c in counts if c % 5 > 0 or 0 < c < 8]


def test_boundary_size_and_gaps_are_said(made):
    assert "95.5% of its patients in England live inside its boundary." in made[FIRST]
    assert "30.0%" in made[FIRST]  # of residents, registered elsewhere
    assert "small: read with care" in made[SMALL]
    assert "gap: needed, none inside" in made[FIRST]
    assert "none inside; nearest: Walking &lt;Group>, 2.3 km" in made[FIRST]
    assert "The map of community assets has none inside the boundary." in made[LARGE]


def test_the_index_is_named_with_its_vintage(made):
    assert "live in the most deprived fifth of England's areas (Core20, by IMD 2025 on LSOA 2021)" in unescape(
        made[FIRST]
    )


def test_without_a_map_nothing_is_called_a_gap():
    page = plain_site()[FIRST].decode()
    assert "No map of community assets was delivered." in page
    assert "gap: needed" not in page and "Needed, and none" not in page


def test_a_withheld_bar_says_so_beside_the_mark_of_the_icb(made):
    pyramid = re.search(r'<svg[^>]*class="plain pyramid".*?</svg>', made[SMALL])[0]
    marks = {}
    for path in re.findall(r"<path class=icb d=(?:\")?([^\"/> ]*)", pyramid):
        marks |= {int(y): float(x) for x, y in re.findall(r"M([\d.]+),(\d+)v", path) if float(x) > MIDDLE}
    words = [(int(y), float(x)) for x, y in re.findall(r"<text class=withheld x=([\d.]+) y=(\d+)>", pyramid)]
    assert len(words) > 10
    assert all(not x <= marks[y - 11] <= x + 42 for y, x in words)


def test_one_month_is_called_one_and_more_make_a_trend(made):
    assert "This is the only month published here so far" in plain_site()[FIRST].decode()
    assert "Registered people by month" in made[FIRST] and "only month" not in made[FIRST]


def test_know_your_pcn_starts_a_sheet_of_paper(made):
    style = site()["site.css"].decode().partition("@media print")[2]
    assert ".sheet { break-before: page; }" in style and ".screen { display: none; }" in style
    assert "<section aria-labelledby=people class=sheet>" in made[FIRST]
    assert "<details class=screen><summary>Table: People by age and sex" in made[FIRST]

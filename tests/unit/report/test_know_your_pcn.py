"""Know your PCN: nothing small, nothing from the network, readable without the charts, quick."""

import re

import pytest

from phm.errors import DisclosureError
from tests.unit.report.example import PCNS, assets, measures, pages
from tests.unit.report.test_page import _Outline

FIRST, LARGE, SMALL = PCNS[0][0], PCNS[1][0], PCNS[24][0]


@pytest.fixture(scope="module")
def made():
    return pages()


def test_every_pcn_has_a_page_the_same_each_time(made):
    assert pages() == made
    assert list(made) == sorted(code for code, _, _ in PCNS)


def test_pages_are_whole_and_ask_for_nothing(made):
    for page in made.values():
        outline = _Outline(page)
        assert not outline.wrong and not outline.open
        links = [v for _, a in outline.tags for k, v in a.items() if k in ("src", "href", "xlink:href", "action")]
        assert all(link.startswith(("#", "data:", "../")) for link in links)
        assert "<script" not in page and "url(http" not in page


def test_a_page_can_be_read_without_seeing_the_charts(made):
    outline = _Outline(made[FIRST])
    tags = [tag for tag, _ in outline.tags]
    assert ("html", {"lang": "en-GB"}) in outline.tags and tags.count("h1") == 1
    assert all("scope" in a for tag, a in outline.tags if tag == "th")
    assert tags.count("table") == tags.count("caption")
    assert all(a.get("aria-hidden") == "true" for tag, a in outline.tags if tag == "svg")
    charts = [a for _, a in outline.tags if a.get("role") == "img"]
    assert len(charts) == tags.count("svg") and all(len(a["aria-label"]) > 20 for a in charts)
    ids = [a["id"] for _, a in outline.tags if "id" in a]
    assert all(a["href"][1:] in ids for tag, a in outline.tags if tag == "a" and a["href"].startswith("#"))


def test_small_counts_are_nowhere(made):
    table = measures().table
    of_pcn = table[(table["area_code"] == SMALL) & (table["group_name"] == "sex_age_band")]
    assert of_pcn["is_suppressed"].sum() > 5
    assert made[SMALL].count("withheld") > 5
    for page in made.values():
        people = page[page.index('id="people"') : page.index('id="assets"')]
        cells = re.findall(r'<td class="n">([\d,]+)</td>', people)
        counts = [int(cell.replace(",", "")) for cell in cells if cell != "12"]  # areas inside the boundary
        assert len(counts) > 10 and not [c for c in counts if c % 5 > 0 or 0 < c < 8]


def test_boundary_size_and_gaps_are_said(made):
    assert "95.5% of its patients in England live inside its boundary." in made[FIRST]
    assert "30.0%" in made[FIRST]  # of residents, registered elsewhere
    assert "small: read with care" in made[SMALL]
    assert (
        "gap: needed, none inside" in made[FIRST]
        and "none inside; nearest: Walking &lt;Group&gt;, 2.3 km" in made[FIRST]
    )
    assert "The map of community assets has none inside the boundary." in made[LARGE]


def test_without_a_map_nothing_is_called_a_gap():
    page = pages(assets=assets().iloc[:0])[FIRST]
    assert (
        "No map of community assets was delivered." in page
        and "gap: needed" not in page
        and "Needed, and none" not in page
    )


def test_the_trend_shows_the_months_there_are(made):
    assert "there is no trend to show yet" in made[FIRST]
    page = pages(earlier={"2026-09": measures()})[FIRST]
    assert "2026-09" in page and "2026-10" in page and "there is no trend" not in page


def test_only_published_tables_are_shown():
    with pytest.raises(DisclosureError):
        pages(measures=measures().table)
    with pytest.raises(DisclosureError):
        pages(earlier={"2026-09": measures().table})

"""The report: says no more than the intervals allow, shows only what was published, opens offline, reads well."""

import html
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from phm.errors import DisclosureError
from phm.report.page import compare
from tests.unit.report.example import COHORT, MEASURES, measures, pages, report


@pytest.fixture(scope="module")
def page():
    return report()


class _Outline(HTMLParser):
    """Start tags with their attributes, and tags left open or closed wrongly."""

    VOID = frozenset({"meta", "link", "br"})

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.wrong = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_the_page_is_whole_and_asks_for_nothing(page):
    outline = _Outline(page)
    assert not outline.wrong and not outline.open
    links = [v for _, a in outline.tags for k, v in a.items() if k in ("src", "href", "xlink:href", "action", "data")]
    assert all(link.startswith(("#", "data:", "pages/")) for link in links)
    assert "<script" not in page and "@import" not in page and "url(http" not in page
    assert len(page.encode()) < 1_000_000


def test_the_same_input_gives_the_same_bytes(page):
    assert page == report()


def test_it_can_be_read_without_seeing_the_charts(page):
    outline = _Outline(page)
    tags = [tag for tag, _ in outline.tags]
    assert ("html", {"lang": "en-GB"}) in outline.tags
    assert tags.count("h1") == 1 and tags.count("main") == 1
    assert all("scope" in a for tag, a in outline.tags if tag == "th")
    assert tags.count("table") == tags.count("caption")
    assert all(a.get("aria-hidden") == "true" for tag, a in outline.tags if tag == "svg")
    ids = [a["id"] for _, a in outline.tags if "id" in a]
    assert all(a["href"][1:] in ids for tag, a in outline.tags if tag == "a" and a["href"].startswith("#"))
    charts = [a for _, a in outline.tags if a.get("role") == "img"]
    assert len(charts) == tags.count("svg") and all(len(a["aria-label"]) > 20 for a in charts)


def test_names_are_escaped(page):
    assert "NHS Example &lt;Board&gt;" in page and "<Board>" not in page


def test_small_counts_are_nowhere(page):
    table = measures().table
    assert table["is_suppressed"].any()
    assert page.count("withheld") > 3
    cells = re.findall(r'<td class="n">([\d,]+)(?: rows| people)?</td>', page)
    assert len(cells) > 50
    assert not [c for c in cells if int(c.replace(",", "")) % 5]


def test_definitions_are_named_with_their_hash(page):
    for definition in (COHORT, *MEASURES):
        assert definition.sha256 in page and html.escape(definition.title) in page
    assert COHORT.clinical_sign_off in page


def test_only_published_tables_are_shown():
    for name in ("measures", "attrition", "quality"):
        with pytest.raises(DisclosureError):
            report(**{name: measures().table})


def _values(*pcns, overall=10.0):
    rows = [("icb", "QZZ", "The ICB", 1000, 10_000, overall, overall - 0.5, overall + 0.5)]
    rows += [("pcn", name, f"{name} PCN", 100, 1000, *limits) for name, limits in pcns]
    columns = ["area_type", "area_code", "area_name", "numerator", "denominator", "value", "lower", "upper"]
    return pd.DataFrame(rows, columns=columns)


def test_an_interval_that_holds_the_icbs_value_is_not_different():
    values = _values(
        ("A", (12.0, 10.0, 14.0)), ("B", (12.0, 10.1, 14.0)), ("C", (8.0, 7.0, 9.9)), ("D", (8.0, 7.0, 10.0))
    )
    made = compare(values, MEASURES[0])
    assert made.rows.set_index("area_code")["comparison"].to_dict() == {
        "A": "not different",
        "B": "higher",
        "C": "lower",
        "D": "not different",
    }
    assert "Higher than the ICB: 1 of 4 PCNs (B PCN)." in made.sentence
    assert "Lower than the ICB: 1 of 4 PCNs (C PCN)." in made.sentence
    assert "Not different beyond chance: 2 of 4." in made.sentence


def test_nothing_is_said_to_differ_where_nothing_does():
    made = compare(_values(("A", (12.0, 9.0, 14.0)), ("B", (8.0, 7.0, 10.5))), MEASURES[0])
    assert "Not different beyond chance: 2 of 2." in made.sentence
    assert "Higher" not in made.sentence and "Lower" not in made.sentence


def test_a_withheld_pcn_is_compared_with_nothing():
    missing = (float("nan"),) * 3
    made = compare(_values(("A", missing), ("B", (8.0, 7.0, 10.5))), MEASURES[0])
    assert made.rows.set_index("area_code").loc["A", "comparison"] == "withheld"
    assert "Not different beyond chance: 1 of 1. Withheld because numbers are small: 1." in made.sentence


def test_many_areas_are_counted_and_some_named():
    high = [(f"H{n}", (12.0 + n, 11.0, 14.0 + n)) for n in range(6)]
    made = compare(_values(*high), MEASURES[0])
    assert "6 of 6 PCNs (H5 PCN, H4 PCN, H3 PCN, H2 PCN and 2 more)." in made.sentence
    assert "Not different" not in made.sentence


def test_invented_people_are_called_so_first():
    for page in (report(is_synthetic=True), *pages(is_synthetic=True).values()):
        assert page.index("Invented people.") < page.index('<main id="main">')
    assert "Invented people." not in report()

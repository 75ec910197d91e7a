"""The site: shows only what was published, opens offline, leads nowhere that is not there, reads without the charts."""

import html
import re
from io import BytesIO

import openpyxl
import pandas as pd
import pytest

from phm.errors import DisclosureError
from phm.report.site import build_site
from tests.unit.report.example import COHORT, MEASURES, PCNS, SMALL, measures, months, plain_site, site, sources
from tests.unit.report.outline import Outline

MEASURE = "measure-recorded_hypertension_prevalence"


@pytest.fixture(scope="module")
def pages():
    return {name: content.decode() for name, content in site().items() if name.endswith(".html")}


def test_there_is_a_page_for_each_part_of_the_system(pages):
    compared = {f"measure-{m.id}.html" for m in MEASURES if m.unit in ("percent", "rate", "ratio") and m.id in COMPARED}
    areas = {f"pcn-{code}.html" for code, _, _ in PCNS} | {f"place-L{n}.html" for n in range(4)}
    fixed = {"index.html", "compare.html", "areas.html", "lists.html", "methods.html"}
    assert set(pages) == fixed | areas | compared


COMPARED = {
    "raised_bp_not_on_register",
    "recorded_hypertension_prevalence",
    "hypertension_recorded_of_expected",
    "bp_not_measured_5y",
    "emergency_attendance_rate",
    "registered_12_months",
}


def test_pages_are_whole_and_ask_for_nothing_that_is_not_beside_them(pages):
    beside = {*site(), "measure_value.parquet"}
    for name, page in pages.items():
        outline = Outline(page)
        assert not outline.wrong and not outline.open, name
        assert all(link in beside or link.startswith(("#", "data:")) for link in outline.links), name
        assert "<script" not in page and "@import" not in page and "url(" not in page


def test_pages_can_be_read_without_seeing_the_charts(pages):
    for name, page in pages.items():
        outline = Outline(page)
        tags = [tag for tag, _ in outline.tags]
        assert ("html", {"lang": "en-GB"}) in outline.tags
        assert tags.count("h1") == 1 and tags.count("main") == 1, name
        for headings, *rows in outline.tables:
            assert {tag for tag, *_ in headings} == {"th"}, name
            assert {row[0][0] for row in rows} == {"th"}, name  # a column of nothing else names its rows
        assert tags.count("table") == tags.count("caption")
        assert all(a.get("aria-hidden") == "true" for tag, a in outline.tags if tag == "svg")
        charts = [a for _, a in outline.tags if a.get("role") == "img"]
        ids = [a["id"] for _, a in outline.tags if "id" in a]
        assert len(charts) == tags.count("svg"), name
        assert all(id in ids for _, a in outline.tags for id in a.get("aria-labelledby", "").split()), name
        assert (
            all(a["aria-labelledby"].endswith(" same") for a in charts) and "id=same>The numbers of each chart" in page
        )
        assert len(ids) == len(set(ids)), name
        assert all(link[1:] in ids for link in outline.links if link.startswith("#")), name


def test_marks_say_their_numbers_when_pointed_at(pages):
    titles = re.findall("<title>([^<]*)</title>", pages[f"{MEASURE}.html"])
    ash = [t for t in titles if t.startswith(PCNS[0][1])]
    assert len(ash) >= 4  # funnel, caterpillar, place, crude, standardised
    assert re.fullmatch(rf"{PCNS[0][1]}: [\d.]+% \([\d.]+ to [\d.]+\), [\d,]+ of [\d,]+", ash[0])
    assert "Wilson 95%; 31 October 2026" in pages[f"{MEASURE}.html"]


def test_the_overview_says_where_most_differs_and_how_long_lists_are(pages):
    page = pages["index.html"]
    widest = re.search(r"Most PCNs differ from the ICB in: (.*?)\.<", page)[1].split("; ")
    numbers = [int(re.search(r"\((\d+)\)$", measure)[1]) for measure in widest]
    assert len(numbers) == 3 and numbers == sorted(numbers, reverse=True) and numbers[0] > 10
    worst = re.search(r"Most measures less favourable than the ICB: (.*?)\.<", page)[1]
    assert worst.startswith(PCNS[0][1])
    assert re.search(rf"<th>{COHORT.title}</th><td>[\d,]+ to [\d,]+<", page)


def test_names_are_escaped(pages):
    for page in pages.values():
        assert "NHS Example &lt;Board>" in page and "board" not in {tag for tag, _ in Outline(page).tags}


def test_small_counts_are_nowhere():
    table = measures().table
    assert table["is_suppressed"].any()
    small = site()[f"pcn-{PCNS[SMALL][0]}.html"].decode()
    assert small.count("withheld") > 20
    for name, content in site().items():
        if name.endswith(".xlsx") and name != "methods.xlsx":  # practices and public rows are counted exactly
            book = openpyxl.load_workbook(BytesIO(content))
            cells = [
                c for sheet in book for row in sheet.iter_rows(min_row=3) for c in row if c.number_format == "#,##0"
            ]
            counts = [c.value for c in cells if isinstance(c.value, int)]
            assert not [c for c in counts if c % 5], name


def test_files_beside_a_page_hold_what_it_shows():
    page, files = site()[f"{MEASURE}.html"].decode(), site()
    table = pd.read_csv(BytesIO(files[f"{MEASURE}.csv"]), encoding="utf-8-sig")
    assert [str(cell) for cell in table["PCN"]] == [row[0] for row in Outline(page).rows("t-pcn")]
    book = openpyxl.load_workbook(BytesIO(files[f"{MEASURE}.xlsx"]))
    assert book.sheetnames == ["About", "PCNs", "Places", "Definition", "Age", "Deprivation", "Months"]
    shown = [row[:4] for row in book["PCNs"].iter_rows(min_row=3, values_only=True)]
    assert [[str(c) for c in row[:3]] for row in shown] == table.iloc[:, :3].astype(str).to_numpy().tolist()
    assert [row[3] for row in shown[:5]] == table["Percent"].head().astype(float).tolist()


def test_definitions_are_named_with_their_hash(pages):
    methods = pages["methods.html"]
    for definition in (COHORT, *MEASURES):
        assert definition.sha256 in methods and html.escape(definition.title) in methods
    assert COHORT.clinical_sign_off in methods


def test_what_moved_since_the_delivery_before_is_said_without_numbers(pages):
    moved = pages["methods.html"].partition("What moved more than is usual")[2].partition("</table>")[0]
    assert "gp event" in moved and "practice rows" in moved and "AU00002" in moved
    assert not re.search(r"\d%", moved)


def test_months_make_a_run_chart(pages):
    page = pages[f"{MEASURE}.html"]
    assert "2026-08" in page and "provisional" in page
    assert re.search(r"In 2026-10 (no PCN stands|these PCNs stand) out from", page)
    assert "There is no earlier month to compare with yet." in plain_site()["measure-bp_not_measured_5y.html"].decode()


def test_a_place_is_called_what_it_is(pages):
    assert "sub-ICB location" in pages["place-L1.html"] and "sub-ICB location" in pages["areas.html"]
    assert "sub-ICB location" not in plain_site()["place-L1.html"].decode()


def test_the_same_sources_give_the_same_bytes():
    assert plain_site() == plain_site.__wrapped__()


def test_invented_people_are_called_so_first():
    made = plain_site()
    for name in (n for n in made if n.endswith(".html")):
        page = made[name].decode()
        assert page.index("Invented people.") < page.index("<main id=main>")
    assert "Invented people." not in site()["index.html"].decode()


@pytest.mark.parametrize("name", ["measures", "attrition", "quality", "months"])
def test_only_published_tables_are_shown(name):
    with pytest.raises(DisclosureError):
        build_site(sources(**{name: months(**{"2026-10": measures()}).table}))

"""What a run leaves for places and PCNs: pages that lead to each other, no small counts; and allocation."""

import re

import pandas as pd

from phm.publication import FOR_OTHER_TOOLS, expose
from phm.store import Store
from tests.conftest import SAMPLE_PARTITION
from tests.pipeline.test_cli import phm
from tests.unit.report.outline import Outline


def test_the_report_is_a_folder_with_a_page_for_every_pcn(published_home):
    first = expose(Store(published_home), SAMPLE_PARTITION).report
    pages = {page.name: page.read_text(encoding="utf-8") for page in first.parent.glob("*.html")}
    assert {"pcn-U99901.html", "pcn-U99902.html"} <= pages.keys()
    for page in pages.values():
        links = [link for link in Outline(page).links if not link.startswith(("#", "data:"))]
        assert links and all((first.parent / link).is_file() for link in links)
    assert "Assets inside the boundary" in pages["pcn-U99901.html"]
    people = pages["pcn-U99901.html"].partition("id=people>")[2].partition("Where they live")[0]
    counts = [int(cell.replace(",", "")) for cell in re.findall(r"<td>([\d,]+)(?=<)", people)]
    assert len(counts) > 20 and not [count for count in counts if count % 5]


def test_other_tools_find_the_published_values_and_their_contract(published_home):
    store = Store(published_home)
    folder = expose(store, SAMPLE_PARTITION).report.parent
    (published,) = store.files("measure_value", SAMPLE_PARTITION)
    assert (folder / FOR_OTHER_TOOLS).read_bytes() == published.read_bytes()
    assert (folder / "measure_value.odcs.yaml").is_file()


def test_shares_of_a_fund_add_up(published_home, tmp_path):
    told = phm(
        "allocate",
        "--amount",
        "100000",
        "--level",
        "practice",
        "--out",
        "shares.csv",
        home=published_home,
        cwd=tmp_path,
    )
    assert told.returncode == 0, told.stderr
    assert "times the mean deprivation score" in told.stdout
    shares = pd.read_csv(tmp_path / "shares.csv")
    assert len(shares) == 4
    assert shares[["by_people", "by_deprivation", "by_gap"]].sum().tolist() == [100_000] * 3

    refused = phm("allocate", "--amount", "100", "--gap", "list_size", home=published_home, cwd=tmp_path)
    assert refused.returncode == 3 and "raised_bp_not_on_register" in refused.stderr


def test_the_report_goes_to_a_file_share(published_home, tmp_path):
    told = phm("report", "--out", str(tmp_path), home=published_home, cwd=tmp_path)
    share = tmp_path / SAMPLE_PARTITION.key
    assert str(share / "index.html") in told.stdout.replace("\n", "")
    there = expose(Store(published_home), SAMPLE_PARTITION).report.parent
    assert {f.name: f.read_bytes() for f in share.iterdir()} == {f.name: f.read_bytes() for f in there.iterdir()}
    (share / "index.html").unlink()
    refused = phm("report", "--out", str(tmp_path), home=published_home, cwd=tmp_path)
    assert refused.returncode == 3 and "holds no report" in refused.stderr

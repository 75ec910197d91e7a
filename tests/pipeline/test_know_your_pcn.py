"""What a run leaves for PCNs: a page each, linked from the report, with assets, and no small count; and allocation."""

import re

import pandas as pd

from phm.publication import expose
from phm.store import Store
from tests.conftest import SAMPLE_PARTITION
from tests.pipeline.test_cli import phm


def test_every_pcn_has_a_page_beside_the_report(published_home):
    outputs = expose(Store(published_home), SAMPLE_PARTITION)
    pages = sorted(outputs.pcn_pages.glob("*.html"))
    assert [page.stem for page in pages] == ["U99901", "U99902"]
    report = outputs.report.read_text()
    for page in pages:
        assert f'href="{outputs.pcn_pages.name}/{page.name}"' in report
        text = page.read_text()
        assert f'href="../{outputs.report.name}"' in text
        assert "Assets inside the boundary" in text
        people = text[text.index('id="people"') : text.index('id="where"')]
        counts = [int(cell.replace(",", "")) for cell in re.findall(r'<td class="n">([\d,]+)</td>', people)]
        assert len(counts) > 20 and not [count for count in counts if count % 5]


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

"""Statistics against every row that PHEindicatormethods expects of itself; other figures against their own sources."""

import pytest

from tests.conftest import ROOT, SHARED
from tests.real import agreement, other_agreement
from tests.real.statistics_table import MARK, compared, page

RATES = SHARED / "oracles" / "rates"
pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def agreements():
    if not RATES.is_dir():
        pytest.skip(f"{RATES} is not here")
    return compared(RATES.parent)


CHECKS = [*agreement.CHECKS, *other_agreement.CHECKS]


@pytest.mark.parametrize("position", range(len(CHECKS)), ids=lambda i: CHECKS[i].__name__)
def test_figures_agree(agreements, position):
    statistics, others = agreements
    found = [*statistics, *others][position]
    assert found.figures > 0 and found.furthest <= found.tolerance, found


def test_no_file_of_the_collection_is_passed_over(agreements):
    inputs = {"dsr_input_esp1976.csv", "dsr_isr_input_multiarea.csv"}
    inputs |= {"isr_input_multiarea.csv", "isr_observed_totals.csv", "isr_reference_rates.csv"}
    assert {a.file for a in agreements[0]} | inputs == {f.name for f in RATES.glob("*.csv")}


def test_what_is_skipped_is_what_is_known_to_be(agreements):
    assert {a.file: sum(a.skipped.values()) for a in agreements[0] if a.skipped} == {
        "dsr_expected.csv": 4,
        "sii_rii_expected.csv": 25,
        "quantiles_expected.csv": 35,
    }


def test_the_page_shows_these_figures(agreements):
    shown = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")
    assert shown == page(shown.split(MARK)[0], *agreements)

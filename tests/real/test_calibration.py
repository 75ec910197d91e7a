"""The figures the synthetic population is compared with are those that were published."""

import csv

import pytest

from phm.synthetic.calibration import published_figures
from tests.conftest import SHARED

pytestmark = pytest.mark.real

FOLDER = SHARED / "oracles" / "calibration"
REGISTERS = {
    "atrial fibrillation": "AF", "asthma": "AST", "cancer": "CAN", "coronary heart disease": "CHD",
    "chronic kidney disease": "CKD", "COPD": "COPD", "dementia": "DEM", "depression": "DEP", "diabetes": "DM",
    "epilepsy": "EP", "heart failure": "HF", "hypertension": "HYP", "learning disability": "LD",
    "severe mental illness": "MH", "peripheral arterial disease": "PAD", "palliative care": "PC",
    "rheumatoid arthritis": "RA", "stroke or TIA": "STIA",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder():
    if not FOLDER.is_dir():
        pytest.skip(f"no published figures in {FOLDER}")
    return FOLDER


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_published_figure_was_considered(folder):
    """Each value that was read is in the project's table, in use or with the reason why not."""
    published = sorted(float(row["value"]) for row in rows(folder / "published_figures.csv"))
    considered = [f.value for f in published_figures() if not f.source.startswith("QOF") and f.confidence != "derived"]
    denominators = [1.87, 7.08]  # combined into the share of the register aged 80 and over
    assert sorted([*considered, *denominators]) == pytest.approx(published)


def test_registers_by_decile_are_those_of_the_library(folder):
    wide = {row["group_code"]: row for row in rows(folder / "qof1920_prevalence_by_imd_decile_wide.csv")}
    checked = 0
    for figure in published_figures():
        for who, decile in (("most deprived tenth", "1"), ("least deprived tenth", "10")):
            if figure.topic == "registers" and figure.who.startswith(who):
                code = REGISTERS[figure.measure.removesuffix(" on the register")]
                assert figure.value == pytest.approx(100 * float(wide[code][decile]), abs=0.006)
                checked += 1
    assert checked == 2 * len(REGISTERS)

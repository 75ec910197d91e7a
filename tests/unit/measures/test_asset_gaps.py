"""Gaps: a need whose whole interval lies above the ICB's value, and nothing suitable inside the boundary."""

import pandas as pd
import pytest

from phm.errors import DefinitionError
from phm.governance.disclosure import recognise
from phm.measures.asset_gaps import Need, asset_gaps, load_needs
from phm.measures.definition import load_measures

NEED = Need("no blood pressure recorded", "bp_not_measured_5y", "all", ("blood_pressure_check",))
MEASURES = {measure.id for measure in load_measures()}
HEADER = "need,measure_id,group_value,category\n"


def gaps(*pcns, assets=(), needs=(NEED,)):
    rows = [(NEED.measure_id, "icb", "X", "all", 100, 10.0, 9.5, 10.5)]
    rows += [(NEED.measure_id, "pcn", code, "all", 100, value, lower, upper) for code, value, lower, upper in pcns]
    columns = ["measure_id", "area_type", "area_code", "group_value", "numerator", "value", "lower", "upper"]
    there = pd.DataFrame(list(assets), columns=["pcn_code", "category", "is_suitable"])
    return asset_gaps(recognise(pd.DataFrame(rows, columns=columns)), there, needs=needs).set_index("pcn_code")


def test_a_gap_needs_a_higher_need_and_no_suitable_asset_inside():
    check = "blood_pressure_check"
    found = gaps(
        ("P1", 12.0, 10.1, 14.0), ("P2", 12.0, 10.0, 14.0), ("P3", 12.0, 10.1, 14.0), ("P4", None, None, None),
        ("P5", 12.0, 10.1, 14.0),
        assets=[("P3", check, True), ("P1", "food_support", True), (None, check, True), ("P5", check, False)],
    )  # fmt: skip
    assert found["is_higher"].to_dict() == {"P1": True, "P2": False, "P3": True, "P4": False, "P5": True}
    assert found["asset_count"].to_dict() == {"P1": 0, "P2": 0, "P3": 1, "P4": 0, "P5": 0}
    assert found["is_gap"].to_dict() == {"P1": True, "P2": False, "P3": False, "P4": False, "P5": True}


def test_a_site_that_names_no_need_has_no_gap():
    assert gaps(("P1", 12.0, 10.1, 14.0), needs=()).empty


def test_shipped_needs_are_measures_and_categories_that_are_shipped():
    needs = load_needs(measures=MEASURES)
    assert {need.measure_id for need in needs} <= MEASURES
    assert next(n for n in needs if n.title == "smoking") == Need(
        "smoking", "current_smoking", "all", ("stop_smoking",)
    )


def test_a_site_has_needs_of_its_own(tmp_path):
    own = tmp_path / "needs.csv"
    own.write_text(HEADER + "fewer checks,bp_not_measured_5y,all,blood_pressure_check\n", encoding="utf-8-sig")
    assert load_needs(own, measures=MEASURES) == (
        Need("fewer checks", "bp_not_measured_5y", "all", ("blood_pressure_check",)),
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEADER + "a,no_such_measure,all,food_support\n", "'no_such_measure'.*needs.csv, line 2, measure_id"),
        (HEADER + "a,obesity,all,gardening\n", "'gardening'.*needs.csv, line 2, category"),
        (HEADER + "a,obesity,all,food_support\n" * 2, "twice.*line 3"),
        ("need,measure,category\n", "columns are others.*need, measure_id, group_value, category"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_says_something_unknown_is_refused_by_its_line(tmp_path, text, says):
    path = tmp_path / "needs.csv"
    if text:
        path.write_text(text)
    with pytest.raises(DefinitionError, match=says):
        load_needs(path, measures=MEASURES)

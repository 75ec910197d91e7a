"""Gaps: a need whose whole interval lies above the ICB's value, and nothing inside the boundary that answers it."""

import pandas as pd

from phm.governance.disclosure import recognise
from phm.measures.asset_gaps import NEEDS, asset_gaps
from phm.measures.definition import load_measures

NEED = NEEDS[1]  # answered by a blood pressure check


def gaps(*pcns, assets=()):
    rows = [(NEED.measure_id, "icb", "X", "all", 100, 10.0, 9.5, 10.5)]
    rows += [(NEED.measure_id, "pcn", code, "all", 100, value, lower, upper) for code, value, lower, upper in pcns]
    columns = ["measure_id", "area_type", "area_code", "group_value", "numerator", "value", "lower", "upper"]
    there = pd.DataFrame(list(assets), columns=["pcn_code", "category"])
    found = asset_gaps(recognise(pd.DataFrame(rows, columns=columns)), there)
    return found[found["need"] == NEED.title].set_index("pcn_code")


def test_a_gap_needs_a_higher_need_and_no_asset_inside():
    found = gaps(
        ("P1", 12.0, 10.1, 14.0), ("P2", 12.0, 10.0, 14.0), ("P3", 12.0, 10.1, 14.0), ("P4", None, None, None),
        assets=[("P3", "blood_pressure_check"), ("P1", "food_support"), (None, "blood_pressure_check")],
    )  # fmt: skip
    assert found["is_higher"].to_dict() == {"P1": True, "P2": False, "P3": True, "P4": False}
    assert found["asset_count"].to_dict() == {"P1": 0, "P2": 0, "P3": 1, "P4": 0}
    assert found["is_gap"].to_dict() == {"P1": True, "P2": False, "P3": False, "P4": False}


def test_needs_are_measures_that_are_shipped():
    assert {need.measure_id for need in NEEDS} <= {measure.id for measure in load_measures()}

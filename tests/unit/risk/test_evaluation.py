"""Rankings judged on a truth: what each way finds at equal numbers of contacts, and that it is counted right."""

import numpy as np
import pandas as pd
import pytest

from phm.errors import UnreadableFeed
from phm.governance.pseudonyms import Pseudonymiser
from phm.risk import evaluation
from phm.risk.evaluation import group_table, pipeline_order, slopes, truth_of, yields

LISTED = pd.DataFrame(
    {
        "person_id": list("abcdefg"),
        "tier": ["stage_1", "stage_2", "stage_1", "stale_raised", None, None, None],
        "tier_order": [7, 5, 7, 9, None, None, None],
        "latest_bp_systolic": [142, 165, 155, 150, None, None, 120],
    }
)
P = np.array([np.nan, np.nan, np.nan, 0.4, 0.6, 0.1, np.nan])


def test_tiers_with_a_raised_reading_come_first_then_the_model_then_the_rest():
    assert "".join(LISTED["person_id"][pipeline_order(LISTED, P)]) == "bcaedfg"


def test_each_way_is_counted_at_the_same_number_of_contacts(monkeypatch):
    people = LISTED.assign(age=[30, 50, 60, 70, 80, 45, 41], is_raised=[True, True, True, True, False, False, False])
    is_true = np.array([False, True, True, True, True, False, False])
    best = np.argsort(~is_true, kind="stable")
    monkeypatch.setattr(evaluation, "best_orders", lambda *_: [best])
    made, order = yields(people, is_true, P, np.full(7, 0.5), [2, 4])
    found = {(one.way, one.contacts): one.found for one in made}
    assert found == {
        ("random", 2): pytest.approx(2 * 4 / 6),
        ("usual", 2): pytest.approx(2 * 3 / 4),
        ("pipeline", 2): 2,
        ("best", 2): 2,
        ("random", 4): pytest.approx(4 * 4 / 6),
        ("usual", 4): pytest.approx(3),
        ("pipeline", 4): 3,
        ("best", 4): 4,
    }
    assert next(one for one in made if one.way == "best" and one.contacts == 4).needed == 1
    of = people.assign(sex="F", ethnicity_group="white", imd_quintile=1, pcn_code="U1")
    table = group_table(of, is_true, order, [4])
    (sex,) = table[table["kind"] == "sex"].to_dict("records")
    assert sex == {"contacts": 4, "kind": "sex", "group": "F", "contacted": 4, "found": 3, "there": 4}


def test_the_slope_is_of_each_sex_and_quintile():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.6, 20_000)
    judged = pd.DataFrame(
        {
            "sex": rng.choice(["F", "M"], 20_000),
            "imd_quintile": rng.integers(1, 6, 20_000),
            "p": p,
            "is_true": (rng.random(20_000) < p).astype(float),
        }
    )
    found = slopes(judged).set_index("group")["slope"]
    assert list(found.index) == ["all", "sex F", "sex M", *(f"quintile {n}" for n in range(1, 6))]
    assert found["all"] == pytest.approx(1, abs=0.06)


def test_a_file_that_is_no_truth_is_refused(tmp_path):
    pd.DataFrame({"nhs_number": ["9990000018"]}).to_parquet(tmp_path / "x.parquet")
    for name in ("x.parquet", "y.parquet"):
        with pytest.raises(UnreadableFeed, match="truth cannot be read"):
            truth_of(tmp_path / name, Pseudonymiser.demo())

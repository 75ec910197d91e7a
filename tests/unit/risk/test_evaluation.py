"""Rankings judged on a truth: what each way finds at equal numbers of contacts, and that it is counted right."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

from phm.errors import ConfigurationError, UnreadableFeed
from phm.governance.pseudonyms import Pseudonymiser
from phm.risk.evaluation import group_table, list_order, orders, slopes, truth_of, yields
from phm.risk.judgement import Judged, Pooled, write
from phm.risk.ranking import COHORT, invitable, pipeline_order, ranking

REFERENCE_DATE = dt.date(2026, 10, 31)
LISTED = pd.DataFrame(
    {
        "person_id": list("abcdefg"),
        "tier_order": [7, 1, 7, 9, None, None, 2],
        "rank": [5, 1, 3, 9, None, None, 2],
        "is_urgent": [False, True, False, False, False, False, True],
        "age": [30, 50, 60, 70, 80, 45, 41],
        "is_raised": [True, True, True, True, False, False, False],
        "sex": "F",
        "ethnicity_group": "white",
        "imd_quintile": [1, 1, 1, 1, 5, 5, 5],
        "pcn_code": "U1",
    }
)
P = np.array([0.3, 0.01, 0.5, 0.4, 0.6, 0.1, 0.02])
IS_TRUE = np.array([False, True, True, True, True, False, False])


def test_urgent_people_come_first_whatever_the_model_says_then_the_model():
    assert "".join(LISTED["person_id"][pipeline_order(LISTED, P)]) == "bgecdaf"


def test_lists_from_the_top_are_by_tier_then_by_place_and_hold_nobody_else():
    assert "".join(LISTED["person_id"][list_order(LISTED)]) == "bgcad"


def test_each_way_is_counted_at_the_same_number_of_contacts():
    ordered = orders(LISTED, P, IS_TRUE.astype(float))
    made = yields(LISTED, IS_TRUE, ordered, [2, 4])
    assert {(one.way, one.contacts): one.found for one in made} == {
        ("random", 2): pytest.approx(2 * 4 / 6),
        ("usual", 2): pytest.approx(2 * 3 / 4),
        ("list", 2): 1,
        ("pipeline", 2): 1,
        ("best", 2): 2,
        ("random", 4): pytest.approx(4 * 4 / 6),
        ("usual", 4): pytest.approx(3),
        ("list", 4): 2,
        ("pipeline", 4): 3,
        ("best", 4): 4,
    }
    table = group_table(LISTED, IS_TRUE, ordered, [4])
    (sex,) = table[(table["kind"] == "sex") & (table["way"] == "pipeline")].to_dict("records")
    assert sex == {
        "way": "pipeline",
        "contacts": 4,
        "kind": "sex",
        "group": "F",
        "contacted": 4,
        "found": 3,
        "there": 4,
    }


def judged(key: str, is_true: np.ndarray) -> Judged:
    contacts = {n: min(n // 250, 7) for n in (250, 500, 1_000, 2_000)}
    ordered = orders(LISTED, P, is_true.astype(float))
    groups = group_table(LISTED, is_true, ordered, [contacts[n] for n in (500, 1_000, 2_000)])
    rng = np.random.default_rng(len(key))
    p = rng.uniform(0.05, 0.6, 4_000)
    unmeasured = pd.DataFrame(
        {
            "sex": rng.choice(["F", "M"], 4_000),
            "imd_quintile": rng.integers(1, 6, 4_000),
            "p": p,
            "is_true": rng.random(4_000) < p,
        }
    )
    found = yields(LISTED, is_true, ordered, list(contacts.values()))
    return Judged(key, "simple", 7, int(is_true.sum()), 1, found, contacts, groups, unmeasured)


def test_places_are_summed_and_each_target_says_how_places_spread(tmp_path):
    pooled = Pooled([judged("one", IS_TRUE), judged("other", ~IS_TRUE)])
    row = pooled.curve.set_index(["per_40_000", "way"]).loc[(1_000, "pipeline")]
    # Of 4 + 3 people there, the pipeline's first four contacts find 3 and 1; the best find 4 and 3.
    assert (row["found"], row["of_best_pct"]) == (4, pytest.approx(400 / 7))
    assert (row["lowest_pct"], row["highest_pct"]) == (pytest.approx(100 / 3), 75)
    targets = pooled.targets()
    assert targets[1].says == (
        "1,000 contacts per 40,000 people: 57.1% of the best, wanted 95% (places 33.3% to 75.0%; 0 of 2 reach it)"
    )
    assert not targets[1].is_met
    assert len(targets) == 3 + 7 + 3
    slope = next(target for target in targets if "sex F" in target.says)
    value = pooled.slopes.set_index("group").loc["sex F", "slope"]
    assert slope.is_met == (0.95 <= value <= 1.05)
    write(pooled, tmp_path, note="note")
    assert targets[1].says in (tmp_path / "evaluation.md").read_text()
    assert (tmp_path / "yield.svg").read_text().startswith("<svg")


def tables() -> tuple[ibis.Table, ibis.Table, ibis.Table, ibis.Table]:
    """`person_feature`, `cohort_member`, `list_hold` and `person_risk` of six people; the last two are on the list."""
    ids = list("abcdef")
    nothing = ibis.null("int64")
    feature = ibis.memtable(
        pd.DataFrame(
            {
                "person_id": ids,
                "practice_code": "Y1",
                "pcn_code": "U1",
                "age": [50, 50, 50, 17, 50, 50],
                "is_registered": True,
                "is_alive": True,
                **dict.fromkeys(("has_hypertension", "is_pregnant", "is_postpartum", "has_palliative_care"), False),
                "has_type_1_opt_out": [False, True, False, False, False, False],
                "has_national_data_opt_out": False,
                "latest_bp_systolic": [150, 150, 120, 150, 190, 150],
                "latest_bp_diastolic": 80,
                "latest_bp_setting": "clinic",
                "latest_bp_in_progress_days": [90, 90, 90, 90, 3, 3],
            }
        )
    ).mutate(
        latest_average_systolic=nothing,
        latest_average_diastolic=nothing,
        latest_average_date=ibis.null("date"),
        latest_bp_declined_date=ibis.null("date"),
        latest_white_coat_date=ibis.null("date"),
    )
    member = ibis.memtable(
        pd.DataFrame(
            {
                "person_id": ["e", "f"],
                "cohort_id": COHORT,
                "output": "list",
                "tier_order": [1, 7],
                "rank": [1, 2],
                "due_date": [REFERENCE_DATE, dt.date(2026, 12, 1)],
            }
        )
    )
    hold = ibis.memtable({"person_id": ["c"], "cohort_id": [COHORT], "is_on_hold": [True]})
    risk = ibis.memtable({"person_id": ids, "modelled_probability": [0.4, 0.9, 0.8, 0.7, 0.1, 0.95]})
    return feature, member, hold, risk


def test_nobody_urgent_is_left_out_and_nobody_held_back_is_invited():
    """c is held by an answer, d is 17, of e and f follow-up is under way, and e is urgent."""
    feature, member, hold, _ = tables()
    rows = (
        invitable(feature, member, hold, reference_date=REFERENCE_DATE).order_by("person_id").to_pyarrow().to_pylist()
    )
    assert [(row["person_id"], row["is_urgent"], row["is_raised"]) for row in rows] == [
        ("a", False, True),
        ("b", False, True),
        ("e", True, True),
    ]


def test_the_order_over_practices_leaves_out_who_opted_out():
    ordered = ranking(*tables(), reference_date=REFERENCE_DATE)
    assert ordered[["place", "person_id", "is_urgent"]].to_numpy().tolist() == [[1, "e", True], [2, "a", False]]


def test_nobody_is_ranked_without_the_tiers_that_say_who_is_urgent():
    feature, member, hold, risk = tables()
    of_another = member.mutate(cohort_id=ibis.literal("other"))
    with pytest.raises(ConfigurationError, match="tiers of the adult list"):
        ranking(feature, of_another, hold, risk, reference_date=REFERENCE_DATE)


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

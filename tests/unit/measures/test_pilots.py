"""Pilots on published months made up here: a known effect is found, no effect is not, and too little says so."""

import numpy as np
import pandas as pd
import pytest

from phm.errors import ConfigurationError, DisclosureError
from phm.governance.disclosure import recognise
from phm.measures.comparators import CHARACTERISTICS, characteristics, nearest, slopes
from phm.measures.definition import load_measures
from phm.measures.pilots import evaluate
from tests.unit.measures.pilot_months import MEASURE, MONTHS, START, delivered, published


def run(values, **kwargs):
    return evaluate(values, **{"measure": MEASURE, "pilots": ["U00000", "U00001"], "start": START, **kwargs})


def test_a_large_effect_is_found_and_told_with_its_direction():
    found = run(delivered(effect=-4))
    assert found.effect.upper < 0 and found.effect.lower < -4 < found.effect.upper
    assert found.effect.pilots < -3 and abs(found.effect.comparators) < 1 and found.as_far == 0
    assert "a difference for the better" in found.sentence
    assert "for the worse" in run(delivered(effect=4)).sentence
    assert (found.months_before, found.months_after) == (12, 6)
    assert found.areas["is_pilot"].tolist() == [True, True] + [False] * (len(found.areas) - 2)


def test_no_effect_is_no_difference_and_says_what_would_have_been_missed():
    found = run(delivered(seed=3))
    assert found.effect.lower < 0 < found.effect.upper
    assert (
        "no difference that chance does not explain" in found.sentence
        and "would often have been missed" in found.sentence
    )
    assert found.effect.detectable > found.effect.upper - found.effect.value


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, -3.0])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(effect):
    found = [
        run(
            delivered(seed, effect=effect, pilots=pilots, months=MONTHS[3:]),
            pilots=[f"U{i:05}" for i in range(pilots)],
        )
        for seed in range(40)
        for pilots in (1, 2)
    ]
    assert 0.90 <= np.mean([e.effect.lower <= effect <= e.effect.upper for e in found]) <= 0.99
    # And it is of some use: without an effect few are called clear, with three points most.
    is_clear = np.mean([e.effect.is_clear for e in found])
    assert is_clear <= 0.1 if effect == 0 else is_clear >= 0.9


def test_the_difference_by_hand():
    counts = np.array([[100] * 6 + [200] * 3] + [[100] * 6 + [100 + 10 * i] * 3 for i in (0, 1, 2, 3)])
    months = MONTHS[:9]
    values = published(counts, np.full(5, 1000), months, imd=[20.0, 21, 22, 23, 24])
    found = run(values, pilots=["U00000"], start=months[6])
    # Changes of the comparators are 0, 1, 2 and 3 points: mean 1.5, variance 5/3, standard error sqrt(5/3 * 5/4).
    assert found.effect.value == pytest.approx(8.5)
    assert found.effect.upper - 8.5 == pytest.approx(3.182446 * np.sqrt(5 / 3 * 5 / 4), rel=1e-6)
    assert found.months_before == 6 and found.as_far == 0


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (delivered(months=MONTHS[7:]), "5 months before the start, at least 6"),
        (delivered(months=MONTHS[:14]), "2 months after the start, at least 3"),
        (delivered(pcns=5), "3 comparators, at least 4"),
        (delivered(size=100), "fewer than 50 people a month"),
    ],
    ids=["before", "after", "comparators", "people"],
)
def test_too_little_to_tell_says_so_and_gives_no_figure(values, words):
    found = run(values)
    assert found.effect is None and found.trend_before is None
    assert found.sentence.startswith("It cannot be told") and words in found.sentence


def test_a_withheld_month_of_a_pilot_leaves_nothing_to_tell_and_one_of_a_comparator_drops_it():
    table = delivered().table
    chosen = run(recognise(table), comparators_each=12).areas["area_code"]
    assert "U00005" in set(chosen)
    for code, told in (("U00005", True), ("U00001", False)):
        hidden = table.copy()
        is_hidden = hidden["area_code"].eq(code) & hidden["month"].eq(MONTHS[3]) & hidden["measure_id"].eq(MEASURE.id)
        hidden.loc[is_hidden, ["numerator", "value"]] = None
        found = run(recognise(hidden), comparators_each=12)
        assert (found.effect is not None) is told
        assert ("withheld" in found.sentence) is not told
        assert told is (code not in set(found.areas["area_code"]))


def test_a_pilot_that_was_already_moving_is_read_with_care():
    table = delivered(drift=0).table
    moving = table["area_code"].isin(["U00000", "U00001"]) & table["measure_id"].eq(MEASURE.id)
    table.loc[moving, "value"] -= 0.5 * table.loc[moving, "month"].map(MONTHS.index)
    found = run(recognise(table))
    assert found.trend_before.is_clear
    assert "already moved differently" in found.sentence and "Read with care" in found.sentence


def test_what_is_not_published_for_all_is_not_matched_on_and_said():
    table = delivered(effect=-4).table
    found = run(recognise(table[~(table["measure_id"].eq("imd_mean_score") & table["area_code"].eq("U00007"))]))
    assert found.effect is not None
    assert "Read with care: PCNs are not matched on mean deprivation score" in found.sentence


def test_nothing_after_the_start_changes_who_is_compared():
    one, other = run(delivered(effect=0)), run(delivered(effect=9))
    assert one.areas["area_code"].tolist() == other.areas["area_code"].tolist()
    assert one.trend_before == other.trend_before


def test_run_charts_have_limits_from_before_and_gaps_where_months_are_missing():
    values = delivered(effect=-6, months=[m for m in MONTHS if m != MONTHS[4]])
    found = run(values)
    assert found.months == tuple(MONTHS)
    assert np.isnan(found.run_charts.values[:, 4]).all() and found.run_charts.points.tolist() == [11, 11]
    assert (found.run_charts.outside[:, 12:] == -1).all()


def test_comparators_are_those_most_alike():
    values = delivered().table
    panel = pd.DataFrame({m: np.arange(14.0) for m in MONTHS[:3]}, index=[f"U{i:05}" for i in range(14)])
    described = characteristics(values, panel)
    assert list(described) == list(CHARACTERISTICS)
    # 100 women of 30 to 34 (32.5 years) and 5 men of 90 and over (95 years); the rest have no age.
    assert described["mean_age"].iloc[0] == pytest.approx((100 * 32.5 + 5 * 95) / 105)
    same = described.assign(list_size=1.0, deprivation=1.0, mean_age=40.0, trend=0.0)
    assert nearest(same, pilots=["U00005"], each=2).index.tolist() == ["U00004", "U00006"]


def test_a_comparator_is_as_far_as_the_pilot_it_is_nearest_to():
    described = pd.DataFrame({"list_size": [1.0] * 4, "level": [0.0, 10, 1, 8]}, index=list("abcd"))
    distance = nearest(described, pilots=["a", "b"], each=1)
    assert distance.index.tolist() == ["c", "d"]
    assert distance["d"] == pytest.approx(2 * distance["c"])


def test_the_change_a_month_counts_months_that_are_not_there():
    panel = pd.DataFrame({"2025-11": [1.0], "2025-12": [2.0], "2026-02": [4.0]})
    assert slopes(panel).tolist() == pytest.approx([1.0])


def test_what_cannot_be_asked_names_what_is_wrong():
    values = delivered()
    with pytest.raises(ConfigurationError, match=r"U0000O.*Did you mean U000"):
        run(values, pilots=["U0000O"])
    with pytest.raises(ConfigurationError, match="before the start"):
        run(values, start=MONTHS[0])
    with pytest.raises(ConfigurationError, match="after the start"):
        run(values, start="2030-01")
    with pytest.raises(ConfigurationError, match="list_size"):
        run(values, measure=next(m for m in load_measures() if m.id == "list_size"))
    with pytest.raises(ConfigurationError, match="no PCN to compare"):
        run(values, pilots=[f"U{i:05}" for i in range(14)])
    with pytest.raises(DisclosureError):
        run(values.table)

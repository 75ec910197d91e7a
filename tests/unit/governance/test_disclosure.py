"""The gate: what is withheld, what is rounded, and that nothing gets round it."""

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phm.errors import DisclosureError
from phm.governance.bounds import Network
from phm.governance.disclosure import Published, publish, recognise, require_published
from phm.governance.labels import WITHHELD, coarser, first_labels, label_bounds, round_counts
from phm.governance.protection import FEWEST_VALUES, NotProtected, Protection, breaches
from phm.governance.raw import RawAttrition, RawCounts, RawQuality
from phm.governance.release import Release
from phm.governance.subsets import Group
from tests.conftest import SHARED

ORACLE = SHARED / "oracles" / "disclosure" / "opensafely_redact7_round5_expected.csv"


def _no_statistics(released: pd.DataFrame) -> pd.DataFrame:
    return released.assign(lower=np.nan, upper=np.nan, method="none")


def _row(measure, area, numerator, denominator, *, kind="pcn", unit="percent", group=("all", "all")):
    return (measure, measure.title(), kind, area, f"Area {area}", *group, unit, numerator, denominator)


def _raw(rows, nesting=None) -> RawCounts:
    columns = ["measure_id", "title", "area_type", "area_code", "area_name", "group_name", "group_value", "unit"]
    counts = pd.DataFrame(rows, columns=[*columns, "numerator", "denominator"])
    counts["denominator"] = counts["denominator"].astype("Int64")
    return RawCounts(counts, nesting=nesting or [], statistics=_no_statistics)


def _measures(rows, nesting=None) -> pd.DataFrame:
    return publish(_raw(rows, nesting))["measure_value"].table


def _by_area(rows, nesting=None) -> pd.DataFrame:
    return _measures(rows, nesting).set_index("area_code")


@pytest.mark.parametrize(("count", "shown"), [(1, None), (7, None), (8, 10), (12, 10), (13, 15), (16, 15), (23, 25)])
def test_counts_are_withheld_or_rounded(count, shown):
    row = _by_area([_row("m", "P1", count, 5000)]).loc["P1"]
    assert (None if pd.isna(row["numerator"]) else row["numerator"]) == shown
    assert row["is_suppressed"] == (shown is None)
    assert row["denominator"] == 5000


def test_zero_is_withheld_at_pcn_level_only():
    rows = _by_area([_row("m", "P1", 0, 5000), _row("m", "X", 0, 5000, kind="icb")])
    assert pd.isna(rows.loc["P1", "numerator"]) and rows.loc["P1", "is_suppressed"]
    assert rows.loc["X", "numerator"] == 0 and not rows.loc["X", "is_suppressed"]


def test_a_mean_is_withheld_where_few_people_are_behind_it():
    rows = [_row("s", "P1", 7 * 20_000, 7, unit="score"), _row("s", "P2", 8 * 20_440, 8, unit="score")]
    published = _by_area(rows)
    assert pd.isna(published.loc["P1", "value"]) and published.loc["P1", "is_suppressed"]
    assert published.loc["P2", "value"] == 20.4 and published.loc["P2", "denominator"] == 10
    assert published["numerator"].isna().all()


def test_statistics_see_released_counts_only():
    seen = []

    def spy(released):
        seen.append(released)
        return _no_statistics(released)

    raw = _raw([_row("m", "P1", 3, 5003), _row("m", "P2", 18, 5003)])
    raw._statistics = spy
    publish(raw)
    assert seen[0]["numerator"].dropna().tolist() == [20]
    assert seen[0]["denominator"].tolist() == [5005, 5005]


def _protection(truth, sums, *, published=None, hides_zero=None) -> Protection:
    truth = np.array(truth, dtype=np.int64)
    published = np.ones(len(truth), dtype=bool) if published is None else np.array(published)
    hides_zero = np.zeros(len(truth), dtype=bool) if hides_zero is None else np.array(hides_zero)
    totals, parts = np.array([total for total, _ in sums]), [parts for _, parts in sums]
    network = Network(len(truth), totals, parts, np.zeros((0, 2), dtype=np.int64))
    labels = np.where(published, first_labels(truth, hides_zero), WITHHELD)
    nothing = (np.zeros(0, dtype=np.int64),) * 2
    return Protection(network, truth, labels, nothing, np.ones(len(truth)))


def _precisions(table: pd.DataFrame) -> set[str]:
    return {p for part in ("numerator", "denominator") for p in table[f"{part}_precision"].dropna()}


def test_what_subtraction_would_give_away_is_shown_less_exactly():
    # 40,002 shows as 40,000 and 19,998 + 20,003 as 40,005: the last group can only be 0 or 1.
    groups = [19_998, 20_003, 1]
    before = _protection([*groups, sum(groups)], [(3, [0, 1, 2])])
    assert breaches(before.truth, before.bounds()).tolist() == [2]
    rows = [_row("q", "P1", n, sum(groups), group=("imd_quintile", str(i))) for i, n in enumerate(groups)]
    assert _precisions(_measures(rows)) == {"nearest 5", "nearest 10", "0 to 7"}


def test_a_pcn_cannot_be_had_from_the_icb_and_the_others():
    pcns = {"P1": 18, "P2": 18, "P3": 18, "P4": 1}  # shown as 20, 20, 20: at least 54 of 53 to 57
    lower, upper = _protection([*pcns.values(), 55], [(4, [0, 1, 2, 3])]).bounds()
    assert (lower[3], upper[3]) == (1, 3)
    pcns["P4"], pcns["P3"] = 7, 12  # at most 7 and, 55 shown, at least 53 - 22 - 22 - 12 < 0
    rows = [_row("m", area, n, 1000) for area, n in pcns.items()]
    rows.append(_row("m", "X", sum(pcns.values()), 4000, kind="icb"))
    published = _by_area(rows, [(("icb", "X"), [("pcn", p) for p in pcns])])
    assert published.loc["P4", "is_suppressed"]


def test_what_passes_the_gate_adds_up_or_is_refused():
    rows = [_row("m", "P1", 21, 100), _row("m", "X", 20, 100, kind="icb")]
    with pytest.raises(DisclosureError, match="do not add up"):
        _measures(rows, [(("icb", "X"), [("pcn", "P1")])])


def test_a_count_that_cannot_be_protected_is_refused():
    # What is left over of two counts that no table of this month holds.
    stuck = _protection([5, 4, 1], [(0, [1, 2])], published=[False, False, False])
    stuck.fixed = (np.array([5, 4, 0]), np.array([5, 4, 9]))
    stuck.labels = stuck.labels[:0]
    with pytest.raises(NotProtected):
        stuck.run()


@pytest.mark.parametrize(
    ("count", "labels"),
    [(45, [5, 10, 20, 50, 0]), (18, [5, 10, 20, 0]), (8, [5, 10, 0]), (3, [-1, -2, 0]), (0, [5, -2, 0])],
)
def test_a_label_gets_coarser_until_nothing_is_said(count, labels):
    steps = [labels[0]]
    while (following := coarser(count, steps[-1])) is not None:
        steps.append(following)
    assert steps == labels
    lower, upper = label_bounds(np.full(len(steps), count), np.array(steps))
    assert (lower <= count).all() and (upper >= count).all() and (np.diff(upper - lower) > 0).all()


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.integers(0, 40), min_size=5, max_size=5), min_size=2, max_size=6),
)
def test_truth_stays_inside_its_bounds_and_no_small_count_is_narrowed(table):
    """Groups by area with all margins published: the reader's bounds hold the truth and at least three values."""
    inner = np.array(table, dtype=np.int64)
    areas, groups = inner.shape
    truth = np.concatenate([inner.ravel(), inner.sum(axis=1), inner.sum(axis=0), [inner.sum()]])
    cell = np.arange(inner.size).reshape(inner.shape)
    rows, columns, whole = inner.size + np.arange(areas), inner.size + areas + np.arange(groups), len(truth) - 1
    sums = [(rows[i], cell[i]) for i in range(areas)] + [(columns[j], cell[:, j]) for j in range(groups)]
    sums += [(whole, rows), (whole, columns)]
    protection = _protection(truth, sums, hides_zero=np.arange(len(truth)) < inner.size)
    protection.run()
    lower, upper = protection.bounds()
    assert ((lower <= truth) & (truth <= upper)).all()
    small = (truth > 0) & (truth <= 7)
    assert (upper - lower + 1 >= FEWEST_VALUES)[small].all()


ADULTS, MIDDLE = Group(18, 120, frozenset({"registered"})), Group(30, 50, frozenset({"registered"}))


def test_the_difference_of_overlapping_groups_is_protected():
    # Ages 30 to 50 are 18 and 18 by sex (shown 20 and 20: at least 36), adults 37 (shown 35): at most 1 more.
    rows = [_row("adults", "X", 0, 37, kind="icb"), _row("middle", "X", 0, 36, kind="icb")]
    rows += [_row("middle", "X", 0, 18, kind="icb", group=("sex", sex)) for sex in ("female", "male")]
    raw = _raw(rows)
    assert _precisions(publish(raw)["measure_value"].table) == {"nearest 5"}
    raw._groups = {("denominator", "adults"): ADULTS, ("denominator", "middle"): MIDDLE}
    assert _precisions(publish(raw)["measure_value"].table) == {"nearest 5", "nearest 10"}


def test_a_count_that_changed_little_is_protected_against_last_month():
    # Two PCNs and their total: alone 1 of 1 to 7 stays open, beside last month's 9 and 10 it would not.
    nesting = [(("icb", "X"), [("pcn", "P1"), ("pcn", "P2")])]

    def month(first, second, previous=None):
        rows = [_row("m", "P1", first, 4000), _row("m", "P2", second, 4000)]
        rows.append(_row("m", "X", first + second, 8000, kind="icb"))
        return publish(_raw(rows, nesting), previous=previous)

    october = month(8, 1_000)
    alone, beside = (month(6, 1_000, previous)["measure_value"].table for previous in (None, october.ledger))
    assert alone.set_index("area_code")["numerator_precision"]["P1"] == "0 to 7"
    assert beside.set_index("area_code")["numerator_precision"].to_dict() != {}
    bounds = october.ledger.cells.set_index("cell").filter(like="numerator m | pcn P1", axis=0)
    assert bounds[["lowest_count", "highest_count"]].to_numpy().tolist() == [[8, 12]]  # 6 or 7 if it changed by 2


def test_an_area_of_other_practices_is_another_area():
    def cells(practices):
        rows = [_row("m", "P1", 20, 100), *(_row("m", p, 20, 100, kind="practice") for p in practices)]
        rows[0] = _row("m", "P1", 20 * len(practices), 100 * len(practices))
        ledger = publish(_raw(rows, [(("pcn", "P1"), [("practice", p) for p in practices])])).ledger
        return set(ledger.cells["cell"])

    both = cells(["A", "B"]) & cells(["A", "B", "C"])
    assert both and not any("P1" in cell for cell in both)


def test_a_count_is_published_once():
    release = Release()
    release.add(("m", ("icb", "X"), "all", "all"), 20)
    with pytest.raises(DisclosureError, match="twice"):
        release.add(("m", ("icb", "X"), "all", "all"), 20)


def test_unpublished_counts_cannot_be_read_or_shown():
    raw = _raw([_row("m", "P1", 3, 5003)])
    with pytest.raises(DisclosureError):
        _ = raw.table
    with pytest.raises(DisclosureError):
        require_published(raw)
    with pytest.raises(DisclosureError):
        require_published(pd.DataFrame({"numerator": [5]}))
    with pytest.raises(DisclosureError):
        Published(pd.DataFrame({"numerator": [3]}))
    assert "3" not in repr(raw).replace("RawCounts", "")


def test_a_published_table_cannot_be_changed_from_outside(tmp_path):
    published = publish(_raw([_row("m", "P1", 3, 5003)]))["measure_value"]
    table = published.table
    table["numerator"] = 3
    assert published.table["numerator"].isna().all()
    published.to_csv(tmp_path / "out.csv")
    assert ",3," not in (tmp_path / "out.csv").read_text()


def test_only_published_tables_are_recognised():
    published = publish(_raw([_row("m", "P1", 33, 5003)]))["measure_value"]
    assert recognise(published.table).table.equals(published.table)
    with pytest.raises(DisclosureError, match="never published"):
        recognise(pd.DataFrame({"numerator": [3], "denominator": [5005]}))
    with pytest.raises(DisclosureError, match="never published"):
        recognise(pd.DataFrame({"person_id": ["x"]}))


def _attrition(per_practice: dict[str, list[int]]) -> pd.DataFrame:
    rows = []
    for practice, (population, *taken) in per_practice.items():
        rows.append(("c", practice, 0, "registered", "population", "Registered", population, population))
        left = population
        for order, n in enumerate(taken, start=1):
            left -= n
            rows.append(("c", practice, order, f"step_{order}", "exclusion", f"Step {order}", n, left))
    columns = ["cohort_id", "practice_code", "step_order", "step", "kind", "label", "person_count", "remaining_count"]
    return pd.DataFrame(rows, columns=columns)


GEOGRAPHY = pd.DataFrame(
    {
        "practice_code": ["A", "B", "C"],
        "pcn_code": ["P1", "P1", "P2"],
        "pcn_name": ["North", "North", "South"],
        "icb_code": ["X"] * 3,
        "icb_name": ["Board"] * 3,
    }
)


def _published_attrition(per_practice) -> pd.DataFrame:
    return publish(RawAttrition(_attrition(per_practice), GEOGRAPHY))["area_attrition"].table


def test_attrition_is_added_up_and_protected():
    published = _published_attrition({"A": [900, 2, 40], "B": [700, 1, 30], "C": [800, 12, 0]})
    icb = published[published["area_type"] == "icb"].set_index("step")
    assert icb["person_count"].tolist() == [2400, 15, 70]
    pcns = published[published["area_type"] == "pcn"].set_index(["area_code", "step"])
    assert pd.isna(pcns.loc[("P1", "step_1"), "person_count"]) and pcns.loc[("P1", "step_1"), "is_suppressed"]
    assert pd.isna(pcns.loc[("P2", "step_2"), "person_count"])
    assert "practice_code" not in published


def test_attrition_shows_less_exactly_what_two_remainders_would_give_away():
    # 993 (shown 995) less 7 is 986 (shown 985): the step could only be 6 or 7.
    published = _published_attrition({"A": [993, 7]})
    assert (published[["person_count_precision", "remaining_count_precision"]].stack() == "nearest 10").any()


def test_attrition_of_an_unknown_practice_is_refused():
    with pytest.raises(DisclosureError, match="geography"):
        _published_attrition({"Z": [900]})


def test_quality_counts_are_rounded_but_practices_are_public():
    counts = pd.DataFrame(
        {
            "section": ["gp_event"] * 3 + ["geography", "map"],
            "item": ["delivered", "accepted", "quarantined", "without a PCN", "lines"],
            "unit": ["rows"] * 3 + ["practices", "reference rows"],
            "count": [1003, 1000, 3, 2, 6],
        }
    )
    published = publish(RawQuality(counts))["data_quality"].table.set_index("item")
    assert published["count"].dropna().to_dict() == {
        "without a PCN": 2,
        "lines": 6,
        "accepted": 1000,
        "delivered": 1005,
    }
    assert published["count_precision"].to_dict()["lines"] == "exact"
    assert recognise(published.reset_index())
    assert published["is_suppressed"].to_dict()["quarantined"]


@pytest.mark.real
def test_rounding_equals_the_published_pairs():
    if not ORACLE.exists():
        pytest.skip(f"{ORACLE} is not here")
    with ORACLE.open() as file:
        for pair in csv.DictReader(file):
            row = _by_area([_row("m", "P1", int(pair["true_count"]), 5000)]).loc["P1"]
            shown = "[REDACTED]" if row["is_suppressed"] else str(row["numerator"])
            assert shown == pair["published"]


def test_rounding_is_to_the_nearest():
    counts = np.arange(8, 2000)
    assert (np.abs(round_counts(counts) - counts) <= 2).all()

"""What is said of a measure: no more than the intervals allow."""

from types import SimpleNamespace

import pandas as pd
import pytest

from phm.report.compare import compare, gradient_sentence, in_short, sentences
from phm.report.shown import Shown
from tests.unit.report.example import MEASURES, measures

MEASURE = MEASURES[0]
COLUMNS = list(measures().table.columns)


def made(*pcns, overall=10.0, far=(), **of_icb):
    """The comparison of PCNs given as name and (value, lower, upper), of which some are `far` from the ICB."""
    rows = [("icb", "QZZ", "The ICB", 1000, 10_000, overall, overall - 0.5, overall + 0.5)]
    rows += [("pcn", name, f"{name} PCN", 100, 1000, *limits) for name, limits in pcns]
    columns = ["area_type", "area_code", "area_name", "numerator", "denominator", "value", "lower", "upper"]
    frame = pd.DataFrame(rows, columns=columns).assign(measure_id=MEASURE.id, group_name="all", group_value="all")
    frame = frame.reindex(columns=COLUMNS)
    frame["significance"] = frame["area_code"].isin(far).map({True: "high 99.8%", False: "not different"})
    for name, value in of_icb.items():
        frame[name] = frame[name].astype(object)
        frame.loc[0, name] = value
    keyed = {(MEASURE.id, ("icb", "QZZ"), ("all", "all")): next(frame.itertuples(index=False))}
    return compare(Shown(frame, keyed), MEASURE, ("icb", "QZZ"), place_names=pd.Series(dtype=object))


def test_an_interval_that_holds_the_icbs_value_is_not_different():
    found = made(("A", (12.0, 10.0, 14.0)), ("B", (12.0, 10.1, 14.0)), ("C", (8.0, 7.0, 9.9)), ("D", (8.0, 7.0, 10.0)))
    assert found.rows.set_index("area_code")["comparison"].to_dict() == {
        "A": "not different",
        "B": "higher",
        "C": "lower",
        "D": "not different",
    }
    said = sentences(found)[0]
    assert "Higher than the ICB: 1 of 4 PCNs (B PCN)." in said
    assert "Lower than the ICB: 1 of 4 PCNs (C PCN)." in said
    assert "Not different beyond chance: 2 of 4." in said


def test_nothing_is_said_to_differ_where_nothing_does():
    said = sentences(made(("A", (12.0, 9.0, 14.0)), ("B", (8.0, 7.0, 10.5))))[0]
    assert "Not different beyond chance: 2 of 2." in said
    assert "Higher" not in said and "Lower" not in said


def test_a_withheld_pcn_is_compared_with_nothing():
    found = made(("A", (float("nan"),) * 3), ("B", (8.0, 7.0, 10.5)))
    assert found.rows.set_index("area_code").loc["A", "comparison"] == "withheld"
    assert "Not different beyond chance: 1 of 1. Withheld because numbers are small: 1." in sentences(found)[0]
    assert in_short(found).endswith("higher: 0, lower: 0, not different beyond chance: 1.")


def test_many_areas_are_counted_and_some_named():
    said = sentences(made(*[(f"H{n}", (12.0 + n, 11.0, 14.0 + n)) for n in range(6)]))[0]
    assert "6 of 6 PCNs (H5 PCN, H4 PCN, H3 PCN, H2 PCN and 2 more)." in said


def test_without_the_icb_nothing_is_compared():
    said = sentences(made(("A", (12.0, 9.0, 14.0)), overall=float("nan")))
    assert said == [f"{MEASURE.title}: withheld for the ICB as a whole, so nothing can be compared."]


@pytest.mark.parametrize(
    ("slope", "says"),
    [
        ((-3.0, -4.0, -2.0), "higher towards the most deprived end than the least, by 3.0 percentage points"),
        ((3.0, 2.0, 4.0), "higher towards the least deprived end than the most, by 3.0 percentage points"),
        ((-1.0, -2.5, 0.5), "no gradient beyond chance (slope index -1.0, 95% interval -2.5 to 0.5)"),
    ],
)
def test_a_gradient_is_claimed_only_beyond_chance(slope, says):
    row = SimpleNamespace(**dict(zip(("sii", "sii_lower", "sii_upper"), slope, strict=True)), rii=None)
    row.inequality_method = "crude values; a line"
    assert says in gradient_sentence(SimpleNamespace(overall=row, unit="percent"))
    row.sii = None
    assert gradient_sentence(SimpleNamespace(overall=row, unit="percent")) == ""


def test_a_funnel_names_the_furthest_areas_that_leave_each_others_names_room():
    pcns = [(name, (value, value - 1, value + 1)) for name, value in zip("ABCDEFGH", range(0, 16, 2), strict=True)]
    pcns += [("Y", (20.0, 19.0, 21.0)), ("Z", (20.1, 19.0, 21.0))]
    labels = made(*pcns, far=("A", "B", "C", "D", "E", "F", "Y", "Z")).rows.set_index("area_code")["label"]
    assert labels[labels != ""].to_dict() == {n: f"{n} PCN" for n in ("Z", "A", "B", "C", "D")}
    assert not made(*pcns).rows["label"].any()

"""Allocation: by hand on three areas, and shares that always add up."""

import itertools
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm.errors import ConfigurationError, DisclosureError
from phm.governance.disclosure import recognise
from phm.measures.allocation import _shared_out, allocate
from phm.measures.definition import load_measures

GAPS = [measure for measure in load_measures() if measure.id == "raised_bp_not_on_register"]


def published(*, gap=(300, 60, 40), core20=(500, 100, None), score=(40.0, 10.0, 10.0)):
    """Three PCNs of 1,000, 2,000 and 1,000 people; ICB totals are those of everybody published."""
    rows = []
    for area, code, at in (("pcn", "P1", 0), ("pcn", "P2", 1), ("pcn", "P3", 2), ("icb", "X", None)):
        people = [1000, 2000, 1000]
        of = (lambda values, at=at: values[at]) if at is not None else (lambda values: sum(v or 0 for v in values))
        rows += [
            ("list_size", area, code, "all", of(people), np.nan, of(people)),
            ("imd_mean_score", area, code, "all", np.nan, of(people), 20.0 if at is None else score[at]),
            ("imd_quintile_share", area, code, "1", of(core20), of(people), np.nan),
            ("raised_bp_not_on_register", area, code, "all", of(gap), of(people), np.nan),
        ]
    columns = ["measure_id", "area_type", "area_code", "group_value", "numerator", "denominator", "value"]
    table = pd.DataFrame(rows, columns=columns).assign(area_name=lambda t: "Area " + t["area_code"])
    return recognise(table.astype({"numerator": "Int64", "denominator": "Int64"}))


def test_shares_by_people_deprivation_and_gap():
    found = allocate(published(), amount=400, level="pcn", gaps=GAPS)
    table = found.table.set_index("area_code")
    assert table["by_people"].tolist() == [100, 200, 100]
    assert table["deprivation"].tolist() == [2000, 1000, 500]  # people times 40/20, 10/20, 10/20
    assert table["by_deprivation"].tolist() == [229, 114, 57]
    assert table["by_gap"].tolist() == [300, 60, 40]
    assert not table["is_estimated"].any()
    assert "score" in found.formulas["deprivation"] and GAPS[0].title in found.formulas["gap"]


def test_a_withheld_figure_is_estimated_from_the_icbs_rate_and_marked():
    found = allocate(published(), amount=1_000, level="pcn", gaps=GAPS, deprivation="core20")
    table = found.table.set_index("area_code")
    assert table["deprivation"].tolist() == [500, 100, 150]  # 600 of 4,000 people, times 1,000
    assert table["is_estimated"].tolist() == [False, False, True]
    assert table["by_deprivation"].sum() == 1_000


def test_only_published_tables_are_divided_by():
    with pytest.raises(DisclosureError):
        allocate(published().table, amount=100, level="pcn", gaps=GAPS)


@pytest.mark.parametrize(
    ("changed", "amount", "said"),
    [({}, 0, "nothing to divide"), ({"gap": (0, 0, 0)}, 100, "not published for the ICB")],
)
def test_what_cannot_be_divided_is_refused(changed, amount, said):
    with pytest.raises(ConfigurationError, match=said):
        allocate(published(**changed), amount=amount, level="pcn", gaps=GAPS)


@given(
    st.integers(1, 10**9),
    st.lists(st.fractions(min_value=0, max_value=10**7, max_denominator=1000), min_size=1, max_size=60).filter(sum),
)
def test_shares_add_up_exactly_and_none_is_a_whole_unit_off(amount, needs):
    """Largest remainder: the sum is the amount, shares are quotas rounded up or down, more need never gets less."""
    shares = _shared_out(amount, dict(enumerate(needs)), "need")
    assert sum(shares) == amount
    assert all(abs(share - Fraction(amount) * need / sum(needs)) < 1 for share, need in zip(shares, needs, strict=True))
    ordered = sorted(zip(needs, shares, strict=True))
    assert all(a[1] <= b[1] for a, b in itertools.pairwise(ordered) if a[0] < b[0])

"""PCNs side by side: the order, and sentences that say no more than limits and intervals allow."""

import pandas as pd
import pytest

from phm.errors import ConfigurationError, DisclosureError
from phm.governance.disclosure import recognise
from phm.measures.comparison import compare_pcns
from phm.measures.definition import load_measures
from phm.measures.trends import months_of, trends

MEASURES = {m.id: m for m in load_measures()}
RAISED = MEASURES["raised_bp_not_on_register"]
ICB = {"sii": -5.0, "sii_lower": -6.0, "sii_upper": -4.0, "inequality_method": "crude values; a line"}


def rows(values, *, measure=RAISED, phi=1.0, icb=ICB, group_name="all", group_value="all", **columns):
    """Published rows of PCNs with `(value, significance)` and of their ICB, one group each."""
    of_pcns = [
        {"area_type": "pcn", "area_code": f"U{i}", "value": value, "significance": significance, "overdispersion": phi}
        for i, (value, significance) in enumerate(values)
    ]
    table = pd.DataFrame([*of_pcns, {"area_type": "icb", "area_code": "X", "value": 10.0} | icb])
    base = {"measure_id": measure.id, "unit": measure.unit, "group_name": group_name, "group_value": group_value}
    given = base | {
        "numerator": 100,
        "denominator": 1000,
        "standardised_value": None,
        "standardised_significance": None,
    }
    table = table.assign(**given | columns, area_name=table["area_code"], overdispersion=table["overdispersion"])
    return table.reindex(columns=[*table.columns, *(set(ICB) - set(table.columns))])


def said(table, measure=RAISED, **options):
    return compare_pcns(recognise(table), measure, **options)


def test_pcns_are_in_order_and_counted_by_where_they_lie():
    found = said(
        rows([(9.0, "not different"), (14.0, "high 99.8%"), (12.0, "high 95%"), (5.0, "low 95%"), (None, None)])
    )
    assert found.rows["area_code"].tolist() == ["U1", "U2", "U0", "U3", "U4"]
    assert found.sentences[0] == (
        "Of 4 PCNs 2 are higher than the ICB, 1 is lower and 1 is not different beyond chance (95% funnel limits)."
    )
    assert found.sentences[1] == "1 cannot be compared: a count is too small to show."
    assert found.sentences[2] == (
        "Across the ICB more common in deprived areas: 5.0 percentage points between the most and the least deprived "
        "(crude; 95% interval 4.0 to 6.0)."
    )


def test_scatter_beyond_chance_is_named_and_a_gradient_that_could_be_none_is_not():
    table = rows([(9.0, "low 99.8%")], phi=40.0, icb=ICB | {"sii_upper": 0.5})
    sentences = said(table).sentences
    assert "differ by more than chance in general" in sentences[1]
    assert sentences[2] == "Across the ICB no clear gradient with deprivation."


def test_what_is_standardised_is_compared_as_such():
    measure = MEASURES["recorded_hypertension_prevalence"]
    table = rows([(9.0, "low 95%"), (14.0, "high 95%")], measure=measure)
    table["standardised_value"] = [12.0, 10.0, 11.0]
    table["standardised_significance"] = ["high 95%", "not different", None]
    found = said(table, measure)
    assert found.rows["area_code"].tolist() == ["U0", "U1"]
    assert found.sentences[0].startswith(
        "Of 2 PCNs, after taking age into account, 1 is higher than the ICB, 0 are lower"
    )


def test_nothing_is_said_where_nothing_is_shown():
    assert said(rows([(None, None)])).sentences == ("Withheld or without a value, so nothing can be compared.",)


def test_groups_that_are_not_published_are_refused_with_what_is():
    both = pd.concat([rows([(9.0, "low 95%")]), rows([(9.0, "low 95%")], group_name="sex", group_value="female")])
    assert said(both, by="sex").rows["group_value"].tolist() == ["female"]
    with pytest.raises(ConfigurationError, match="Did you mean sex") as refused:
        said(both, by="sexes")
    assert refused.value.name == "sexes"


def test_only_what_passed_the_gate_is_compared():
    with pytest.raises(DisclosureError):
        compare_pcns(rows([(9.0, "low 95%")]), RAISED)


def test_a_month_outside_the_limits_is_marked():
    values = [10.0, 9.0] * 8 + [14.0]
    months = [f"{2025 + i // 12}-{i % 12 + 1:02}" for i in range(len(values))]
    table = pd.concat([rows([(v, None)]).assign(month=m) for m, v in zip(months, values, strict=True)])
    found = trends(recognise(table.reset_index(drop=True)))
    assert found.loc[found["is_special_cause"] & (found["area_type"] == "pcn"), "month"].tolist() == [months[-1]]


def test_months_make_a_run_chart_with_gaps_where_none_was_published():
    months = [f"2026-{m:02}" for m in (1, 2, 3, 4, 5, 6, 7, 9)]
    values = [10.0, 10.2, 9.9, 10.1, 10.0, 10.1, 9.9, 10.0]
    table = pd.concat(
        [rows([(value, None)]).assign(month=month) for month, value in zip(months, values, strict=True)],
        ignore_index=True,
    )
    found = trends(recognise(table))
    pcn = found[found["area_type"] == "pcn"].set_index("month")
    assert list(pcn.index) == months
    assert not pcn["is_special_cause"].any() and pcn["is_provisional"].all()
    assert pcn["mean"].tolist() == pytest.approx([10.025] * 8) and (pcn["lower"] < 9.9).all()
    assert months_of(recognise(table), "2026-09")["value"].tolist() == [10.0, 10.0]

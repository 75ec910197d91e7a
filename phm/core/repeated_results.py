"""Repeated results: since when a person's latest eGFR, albumin:creatinine ratio or HbA1c has been abnormal.

Belongs here: results that mean something only when repeated, and what counts as abnormal. Their latest values are in
`features`, what follows from them is for the definitions to say.

A run is a person's latest results as far back as all are abnormal: it ends with the latest result and a single normal
one before it ends it. A run of one result has begun and ended on the same day. Several results on one day count as
their lowest, and values are kept to three decimals, as everywhere in `person_feature`.
"""

import ibis
from ibis.expr.types import BooleanColumn, Table

LOW_EGFR = 60
"""An eGFR below this, mL/min/1.73 m², is low. NICE NG203."""

HIGH_ACR = 3
"""An albumin:creatinine ratio from this, mg/mmol, is high. NICE NG203."""

HIGH_HBA1C = 48
"""An HbA1c from this, mmol/mol, is in the range of diabetes. WHO 2011."""

RUNS = {"low_egfr": "egfr", "high_acr": "acr", "high_hba1c": "hba1c"}
"""Runs by name, and the measured concept each is made of."""


def run_features(event: Table, /) -> Table:
    """Columns of `person_feature` about runs: one row is one person with an abnormal eGFR, ACR or HbA1c.

    Of each run `<name>_since_date`, its first day, and `<name>_days`, days from its first to its last result: both
    empty where the latest result is normal.
    """
    run = _runs(event)
    return run.group_by("person_id").agg(
        **{f"{name}_since_date": run.since_date.max(where=run.concept == concept) for name, concept in RUNS.items()},
        **{f"{name}_days": run.run_days.max(where=run.concept == concept) for name, concept in RUNS.items()},
    )


def _runs(event: Table) -> Table:
    """One row is one person and concept with an abnormal result; without a run, its columns are empty."""
    result = event.filter(event.concept.isin(list(RUNS.values())) & event.value.notnull())
    result = result.select(
        "person_id", "concept", "event_date", thousandths=(result.value * 1000).round().cast("int64")
    )
    # Most people never have an abnormal result: what follows is for the others.
    abnormal = result.filter(_is_abnormal(result)).select("person_id", "concept").distinct()
    result = result.semi_join(abnormal, ["person_id", "concept"])
    day = result.group_by("person_id", "concept", "event_date").agg(thousandths=result.thousandths.min())
    last = day.group_by("person_id", "concept").agg(
        last_date=day.event_date.max(), normal_date=day.event_date.max(where=~_is_abnormal(day))
    )
    joined = day.inner_join(last, ["person_id", "concept"])
    is_in_run = joined.normal_date.isnull() | (joined.event_date > joined.normal_date)
    run = joined.group_by("person_id", "concept").agg(
        last_date=joined.last_date.max(), since_date=joined.event_date.min(where=is_in_run)
    )
    return run.mutate(run_days=run.last_date.delta(run.since_date, unit="day"))


def _is_abnormal(result: Table) -> BooleanColumn:
    return ibis.cases(
        (result.concept == "egfr", result.thousandths < LOW_EGFR * 1000),
        (result.concept == "acr", result.thousandths >= HIGH_ACR * 1000),
        (result.concept == "hba1c", result.thousandths >= HIGH_HBA1C * 1000),
    )

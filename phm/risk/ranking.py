"""Whom to invite first: the order in which a place finds most undiagnosed hypertension with a number of contacts.

Belongs here: who may be invited, and the order. How soon an urgent reading is acted on is decided by the tiers of a
list and never by a probability; everybody else is ordered by the modelled probability. `phm model rank` writes this
order for a published month, and `phm evaluate` judges it.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd
from ibis.expr.types import IntegerColumn, StringColumn, Table

from phm.core.blood_pressure import AVERAGE, CLINIC, SETTINGS
from phm.errors import ConfigurationError
from phm.expressions import months_before
from phm.risk.landmarks import speaks_of

COHORT = "possible_undiagnosed_hypertension_18_plus"
"""The cohort whose tiers say who is urgent."""

URGENT_DAYS = 7
"""What is due within so many days comes first, whatever the model says: a list's tiers say how soon to act."""

IN_PROGRESS_DAYS = 56
"""How long a request for monitoring keeps invitations away, as the definition of `COHORT` has it (local)."""


def invitable(person_feature: Table, member: Table, hold: Table, /, *, reference_date: date) -> Table:
    """One row is one adult who may be invited: no hypertension code, and nothing that speaks against it.

    Left out are pregnancy, palliative care, a white-coat code, a normal home or ambulatory average in 12 months,
    follow-up under way in 56 days, whoever declined in 12 months, and whom an answer to an earlier list holds back
    (`list_hold`); but nobody whom the list of `COHORT` in `member` calls urgent. That list gives `tier_order`, `rank`
    and `is_urgent`, empty for who is not on it.
    """
    listed = member.filter(member.cohort_id == COHORT, member.output == "list")
    listed = listed.select(
        "person_id",
        "tier_order",
        "rank",
        is_urgent=listed.due_date <= reference_date + timedelta(days=URGENT_DAYS),
    )
    held = hold.filter((hold.cohort_id == COHORT) & hold.is_on_hold).select("person_id", "is_on_hold")
    f = person_feature.left_join(listed, "person_id").drop("person_id_right")
    f = f.left_join(held, "person_id").drop("person_id_right")
    a_year_ago = months_before(reference_date, 12)
    normal_average = (
        (f.latest_average_systolic < AVERAGE.raised[0])
        & (f.latest_average_diastolic < AVERAGE.raised[1])
        & (f.latest_average_date > a_year_ago)
    )
    barred = (
        (f.latest_bp_in_progress_days <= IN_PROGRESS_DAYS).fill_null(False)
        | normal_average.fill_null(False)
        | (f.latest_bp_declined_date > a_year_ago).fill_null(False)
        | f.latest_white_coat_date.notnull()
        | f.is_on_hold.fill_null(False)
    )
    people = f.filter(speaks_of(f), ~barred | f.is_urgent.fill_null(False))
    arms = [(people.latest_bp_systolic, 0), (people.latest_bp_diastolic, 1)]
    raised = [pressure >= _raised_from(people.latest_bp_setting, arm) for pressure, arm in arms]
    kept = ("person_id", "practice_code", "pcn_code", "tier_order", "rank")
    return people.select(
        *kept,
        is_urgent=people.is_urgent.fill_null(False),
        is_raised=(raised[0] | raised[1]).fill_null(False),
    )


def _raised_from(setting: StringColumn, arm: int) -> IntegerColumn:
    """Lowest raised pressure of a setting, mm Hg."""
    return setting.cases(*((name, of.raised[arm]) for name, of in SETTINGS.items()), else_=CLINIC.raised[arm])


def check_tiers(member: Table, /) -> None:
    """ConfigurationError where the site did not evaluate `COHORT`: nobody would be urgent."""
    if member.filter(member.cohort_id == COHORT).count().execute() == 0:
        raise ConfigurationError(
            "Nobody can be ranked without the tiers of the adult list",
            name=COHORT,
            hint="Name this cohort under `cohorts` in phm.toml, then `phm run`.",
        )


def pipeline_order(people: pd.DataFrame, p: np.ndarray, /) -> np.ndarray:
    """Positions of `people` as the pipeline ranks them; `p` is the modelled probability.

    First who is on a list and urgent, in the order of lists; then everybody else by the model.
    """
    is_urgent = people["is_urgent"].to_numpy(bool)
    tier = np.where(is_urgent, people["tier_order"].fillna(0), np.inf)
    within = np.where(is_urgent, people["rank"].fillna(0), -p)
    return np.lexsort((people["person_id"].to_numpy(str), within, tier))


def ranking(person_feature: Table, member: Table, hold: Table, risk: Table, /, *, reference_date: date) -> pd.DataFrame:
    """One row is one person who may be invited, in the order of the pipeline, by pseudonym.

    Nobody whom the model does not speak of is there, but for urgent people, who need no probability. Nor is anybody
    with an opt-out: an order over practices is another use of data than a practice's own list.
    """
    check_tiers(member)
    has_opted_out = person_feature.has_type_1_opt_out | person_feature.has_national_data_opt_out
    person_feature = person_feature.filter(~has_opted_out.fill_null(False))
    people = invitable(person_feature, member, hold, reference_date=reference_date)
    people = people.left_join(risk.select("person_id", "modelled_probability"), "person_id").drop("person_id_right")
    people = people.filter(people.modelled_probability.notnull() | people.is_urgent)
    rows = people.order_by("person_id").to_pyarrow().to_pandas()
    at = pipeline_order(rows, rows["modelled_probability"].fillna(0).to_numpy(float))
    ordered = rows.iloc[at][["person_id", "practice_code", "pcn_code", "is_urgent", "modelled_probability"]]
    return ordered.reset_index(drop=True).rename_axis("place").reset_index().assign(place=lambda t: t["place"] + 1)

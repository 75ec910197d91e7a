"""Who is not asked again yet: how long an outcome keeps a person off the next list.

A hold is a fact about a person; whether it takes them off a list is for the definition to say, which never lets it
remove a severe reading. What was measured on a list and needs acting on releases a person from the holds before it.
"""

import datetime as dt
from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from phm.cohorts.definition import Definition
from phm.core.days import day_number, day_of
from phm.lists.measurements import needs_acting_on

HOLD_DAYS = {
    "contacted": 28,
    "declined": 365,
    "bp_taken": 28,
    "average_taken": 365,
    "hba1c_taken": 28,
    "egfr_taken": 28,
    "acr_taken": 28,
    "diagnosed": 90,
    "ruled_out": 365,
    "treated": 90,
    "done": 90,
    "moved_away": 365,
}
"""Days from each outcome, unless the definition has its own under `holds`; local, for clinical sign-off.

A year after a normal ambulatory or home average is that of definitions, exclusion 4. What was measured, diagnosed,
treated or done holds until its codes can be expected in the next extracts: if these do not come, the person is listed
again.
"""
_OUTLAST_RELEASE = ("diagnosed", "treated", "moved_away")
"""Outcomes that hold although a value to act on was recorded on the same day: it has been acted on."""


def list_hold(
    outcome: ir.Table, person: ir.Table, definitions: Iterable[Definition], /, *, reference_date: dt.date
) -> ir.Table:
    """`list_hold`: one row per person and cohort with an outcome that counts.

    On the day `hold_until_date` the person is free again. Someone who moved away is held until they are registered
    anew: with another practice, or with the same one from a later day.

    Parameters
    ----------
    outcome
        `list_outcome`.
    person
        `core_person`.
    """
    counting = outcome.filter(outcome.is_in_use & outcome.is_yes)
    days = [
        ((counting.cohort_id == d.id) & (counting.outcome == name), count)
        for d in definitions
        for name, count in {**HOLD_DAYS, **d.holds}.items()
    ]
    is_open = needs_acting_on(counting)
    counting = counting.mutate(
        hold_days=is_open.ifelse(0, ibis.cases(*days, else_=0)),
        day=day_number(counting.outcome_date),
        raised_day=is_open.ifelse(day_number(counting.outcome_date), ibis.null("int64")),
    )
    of_person = ibis.window(group_by=[counting.cohort_id, counting.person_id])
    counting = counting.mutate(released_day=counting.raised_day.max().over(of_person).fill_null(0))
    where = person.select("person_id", "registration_date", registered_at=person.practice_code)
    known = counting.left_join(where, "person_id")
    has_come_back = (known.outcome == "moved_away") & (
        (known.registered_at != known.practice_code) | (known.registration_date > known.outcome_date)
    ).fill_null(False)
    outlasts = (known.day > known.released_day) | (
        (known.day == known.released_day) & known.outcome.isin(_OUTLAST_RELEASE)
    )
    holds = (known.hold_days > 0) & outlasts & ~has_come_back
    until = holds.ifelse(known.day + known.hold_days, ibis.null("int64"))
    known = known.select("cohort_id", "person_id", "outcome", "outcome_date", "day", until=until)
    latest = ibis.window(group_by=[known.cohort_id, known.person_id], order_by=[known.day.desc(), known.outcome.asc()])
    of_person = ibis.window(group_by=[known.cohort_id, known.person_id])
    ranked = known.mutate(place=ibis.row_number().over(latest), until=known.until.max().over(of_person))
    newest = ranked.filter(ranked.place == 0)
    hold_until_date = day_of(newest.until)
    return newest.select(
        "person_id",
        "cohort_id",
        is_on_hold=(hold_until_date > reference_date).fill_null(False),
        hold_until_date=hold_until_date,
        latest_outcome=newest.outcome,
        latest_outcome_date=newest.outcome_date,
    )

"""How far people get: listed, contacted and the steps of the definition, measured to treated.

What a practice answered and what its later records show count alike: the register is where care is written down, and a
step nobody reported was still taken.
"""

import datetime as dt
from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir

from phm.cohorts.definition import Definition
from phm.cohorts.parts import CascadeStep
from phm.lists.measurements import MEASUREMENTS, confirms

LISTED, CONTACTED = "listed", "contacted"
FIRST_STEPS = {LISTED: "On a list", CONTACTED: "Contacted"}
"""The steps of every cascade; those of the definition follow."""


def list_cascade(
    listed: ir.Table, outcome: ir.Table, facts: ir.Table, definition: Definition, /, *, reference_date: dt.date
) -> ir.Table:
    """`list_cascade` of one cohort: one row per practice and step.

    A person counts once, for the practice of the newest list they were on, and at every step up to the furthest one
    they reached. A treatment on record counts only with the diagnosis, where the definition has that step. The columns
    are those of `cohort_attrition`, so `phm.governance.raw.RawAttrition` can take it through the disclosure gate.

    Parameters
    ----------
    listed
        Everyone on lists so far: `person_id`, `cohort_id`, `practice_code`, `list_date` (reference date of the list).
    outcome
        `list_outcome`.
    facts
        What the definition was evaluated on (`phm.cohorts.facts.person_facts`), of it what the cascade reads.
    """
    steps = {**FIRST_STEPS, **{step.id: step.means for step in definition.cascade}}
    own = listed.filter(listed.cohort_id == definition.id)
    newest = ibis.window(group_by=own.person_id, order_by=[own.list_date.desc(), own.practice_code.asc()])
    ranked = own.mutate(
        place=ibis.row_number().over(newest), first_listed=own.list_date.min().over(ibis.window(group_by=own.person_id))
    )
    people = ranked.filter(ranked.place == 0).select("person_id", "practice_code", "first_listed")
    said = outcome.filter((outcome.cohort_id == definition.id) & outcome.is_in_use & outcome.is_yes)
    orders = {name: order for order, name in enumerate(steps)}
    answered = said.group_by("person_id").aggregate(answered=_order_of_answer(said, orders).max())
    known = people.left_join(answered, "person_id").drop("person_id_right")
    known = known.left_join(facts.select("person_id", *sorted(definition.cascade_columns)), "person_id")
    recorded = _order_of_record(known, definition, orders, reference_date)
    placed = known.select("practice_code", furthest=ibis.greatest(known.answered.fill_null(0), recorded).cast("int64"))
    counts = placed.group_by("practice_code").aggregate(
        **{f"reached_{order}": (placed.furthest >= order).cast("int64").sum() for order in orders.values()}
    )
    return ibis.union(*(_step(counts, definition, orders[name], name, label) for name, label in steps.items()))


def _order_of_answer(said: ir.Table, orders: dict[str, int]) -> ir.IntegerValue:
    """The step an answer shows; one that the definition has no step for shows that the person was reached."""

    def order(step: str) -> int:
        return orders.get(step, orders[CONTACTED])

    return ibis.cases(
        (said.outcome.isin(["treated", "done"]), order("treated")),
        (said.outcome == "diagnosed", order("diagnosed")),
        (confirms(said), orders.get("confirmed", order("measured"))),
        (said.outcome.isin(list(MEASUREMENTS)), order("measured")),
        (said.outcome == "moved_away", orders[LISTED]),
        else_=orders[CONTACTED],
    )


def _order_of_record(
    known: ir.Table, definition: Definition, orders: dict[str, int], reference_date: dt.date
) -> ir.IntegerValue:
    """The furthest step that the records of after the first list show."""

    def is_shown(step: CascadeStep) -> ir.BooleanValue:
        since = [(known[name] > known.first_listed).fill_null(False) for name in step.dates]
        holds = step.when and step.when.on(known, settings=definition.values, reference_date=reference_date)
        parts = [part for part in (reduce(or_, since) if since else None, holds) if part is not None]
        return reduce(lambda left, right: left & right, parts) if parts else ibis.literal(False)

    shown = {step.id: is_shown(step) for step in definition.cascade}
    if {"diagnosed", "treated"} <= shown.keys():
        shown["treated"] &= shown["diagnosed"]
    return ibis.cases(*((shown[name], orders[name]) for name in reversed(shown)), else_=orders[LISTED])


def _step(counts: ir.Table, definition: Definition, order: int, step: str, label: str) -> ir.Table:
    reached = counts[f"reached_{order}"]
    return counts.select(
        "practice_code",
        cohort_id=ibis.literal(definition.id),
        step_order=ibis.literal(order, "int64"),
        step=ibis.literal(step),
        kind=ibis.literal("tier" if order else "population"),
        label=ibis.literal(label),
        person_count=(counts[f"reached_{order - 1}"] - reached if order else reached).cast("int64"),
        remaining_count=reached.cast("int64"),
    )

"""How far people get: listed, contacted, measured, confirmed, diagnosed, treated.

What a practice answered and what its later records show count alike: the register is where care is written down, and a
step nobody reported was still taken.
"""

import ibis
import ibis.expr.types as ir

from phm.cohorts.definition import Definition
from phm.lists.holds import RAISED_AVERAGE

STEPS = {
    "listed": "On a list",
    "contacted": "Contacted",
    "measured": "Measured since",
    "confirmed": "Confirmed by ambulatory or home average",
    "diagnosed": "Diagnosed",
    "treated": "Treated",
}
_HYPERTENSION = "possible_undiagnosed_hypertension"
"""Cohorts whose ids begin so are about hypertension: records show their steps. Of others only answers do."""


def list_cascade(listed: ir.Table, outcome: ir.Table, person_feature: ir.Table, definition: Definition, /) -> ir.Table:
    """`list_cascade` of one cohort: one row per practice and step.

    A person counts once, for the practice of the newest list they were on, and at every step up to the furthest one
    they reached. The columns are those of `cohort_attrition`, so `phm.governance.raw.RawAttrition` can take it
    through the disclosure gate.

    Parameters
    ----------
    listed
        Everyone on lists so far: `person_id`, `cohort_id`, `practice_code`, `list_date` (reference date of the list).
    outcome
        `list_outcome`.
    """
    own = listed.filter(listed.cohort_id == definition.id)
    newest = ibis.window(group_by=own.person_id, order_by=[own.list_date.desc(), own.practice_code.asc()])
    ranked = own.mutate(
        place=ibis.row_number().over(newest), first_listed=own.list_date.min().over(ibis.window(group_by=own.person_id))
    )
    people = ranked.filter(ranked.place == 0).select("person_id", "practice_code", "first_listed")
    said = outcome.filter((outcome.cohort_id == definition.id) & outcome.is_in_use & outcome.is_yes)
    is_confirmed = (said.outcome == "average_taken") & (
        (said.systolic >= RAISED_AVERAGE[0]) | (said.diastolic >= RAISED_AVERAGE[1])
    ).fill_null(False)
    reached = said.group_by("person_id").aggregate(
        answered=ibis.cases(
            (said.outcome == "diagnosed", 4),
            (is_confirmed, 3),
            (said.outcome.isin(["bp_taken", "average_taken"]), 2),
            (said.outcome == "moved_away", 0),
            else_=1,
        ).max()
    )
    known = people.left_join(reached, "person_id").drop("person_id_right")
    known = known.left_join(person_feature.select("person_id", *_RECORDED), "person_id")
    recorded = _recorded(known) if definition.id.startswith(_HYPERTENSION) else ibis.literal(0)
    furthest = ibis.greatest(known.answered.fill_null(0), recorded).cast("int64")
    placed = known.select("practice_code", furthest=furthest)
    counts = placed.group_by("practice_code").aggregate(
        **{f"reached_{order}": (placed.furthest >= order).cast("int64").sum() for order in range(len(STEPS))}
    )
    return ibis.union(*(_step(counts, definition, order, step) for order, step in enumerate(STEPS)))


_RECORDED = ("latest_bp_date", "latest_average_date", "latest_average_systolic", "latest_average_diastolic",
             "latest_hypertension_date", "latest_bp_drug_date")  # fmt: skip


def _recorded(known: ir.Table) -> ir.IntegerValue:
    """The furthest step the records of after the first list show."""

    def is_since(day: ir.DateColumn) -> ir.BooleanValue:
        return (day > known.first_listed).fill_null(False)

    is_diagnosed = is_since(known.latest_hypertension_date)
    is_raised = (known.latest_average_systolic >= RAISED_AVERAGE[0]) | (
        known.latest_average_diastolic >= RAISED_AVERAGE[1]
    )
    return ibis.cases(
        (is_diagnosed & is_since(known.latest_bp_drug_date), 5),
        (is_diagnosed, 4),
        (is_since(known.latest_average_date) & is_raised.fill_null(False), 3),
        (is_since(known.latest_bp_date) | is_since(known.latest_average_date), 2),
        else_=0,
    )


def _step(counts: ir.Table, definition: Definition, order: int, step: str) -> ir.Table:
    reached = counts[f"reached_{order}"]
    return counts.select(
        "practice_code",
        cohort_id=ibis.literal(definition.id),
        step_order=ibis.literal(order, "int64"),
        step=ibis.literal(step),
        kind=ibis.literal("tier" if order else "population"),
        label=ibis.literal(STEPS[step]),
        person_count=(counts[f"reached_{order - 1}"] - reached if order else reached).cast("int64"),
        remaining_count=reached.cast("int64"),
    )

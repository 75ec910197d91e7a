"""What is different from the list before: who is new, who has another priority, who is gone and why.

Belongs here: `list_change`, and how a workbook says it.
"""

import datetime as dt

import ibis
import ibis.expr.types as ir
import pandas as pd

from phm.cohorts.definition import Definition
from phm.expressions import Expression

NEW, KEPT, TIER_CHANGED, GONE = "new", "kept", "tier_changed", "gone"
ON_HOLD, EXCLUDED = "on_hold", "excluded"

_KEY = ("cohort_id", "person_id", "practice_code")
_NOW = ("entry_id", "output", "tier")
_BEFORE = tuple(f"previous_{name}" for name in _NOW)
_WHY_GONE = {
    "died": "died",
    "left_practice": "left the practice",
    ON_HOLD: "on hold after an outcome",
    "no_tier": "meets no criterion any more",
    "not_in_population": "outside the group looked at, such as by age",
}


def list_change(
    entry: ir.Table,
    entry_before: ir.Table,
    facts: ir.Table,
    definition: Definition,
    /,
    *,
    reference_date: dt.date,
) -> ir.Table:
    """`list_change` of one cohort: one row per person and practice on the list, or on the one before.

    Nothing where nobody was on a list before: a first list has no changes.

    Parameters
    ----------
    entry, entry_before
        `case_finding_list` of the month and of the last one published before it.
    facts
        What the definition was evaluated on (`phm.cohorts.facts.person_facts`).
    """
    now, before = (table.filter(table.cohort_id == definition.id) for table in (entry, entry_before))
    both = ibis.union(
        now.select(*_KEY, *_NOW, **dict.fromkeys(_BEFORE, ibis.null("string"))),
        before.select(*_KEY, **dict.fromkeys(_NOW, ibis.null("string")), **{f"previous_{n}": before[n] for n in _NOW}),
    )
    compared = both.group_by(_KEY).aggregate(**{name: both[name].max() for name in (*_NOW, *_BEFORE)})
    compared = compared.semi_join(before, "cohort_id").mutate(
        entry_id=ibis.coalesce(compared.entry_id, compared.previous_entry_id),
        change=ibis.cases(
            (compared.tier.isnull(), GONE),
            (compared.previous_tier.isnull(), NEW),
            ((compared.tier == compared.previous_tier) & (compared.output == compared.previous_output), KEPT),
            else_=TIER_CHANGED,
        ),
    )
    where_now = _where_now(facts, definition, reference_date)
    joined = compared.left_join(where_now, "person_id")
    is_gone = joined.change == GONE
    is_here = (joined.practice_code == joined.practice_now) & joined.is_registered
    gone_because = ibis.cases(
        (~is_gone, ibis.null("string")),
        (~joined.is_alive.fill_null(True), "died"),
        (~is_here.fill_null(False), "left_practice"),
        else_=joined.because,
    )
    step = (gone_because.isin([ON_HOLD, EXCLUDED])).ifelse(joined.step, ibis.null("string"))
    return joined.select(
        *_KEY, *_NOW, "previous_output", "previous_tier", "change", gone_because=gone_because, step=step
    )


def _where_now(facts: ir.Table, definition: Definition, reference_date: dt.date) -> ir.Table:
    """Of everyone: where they are registered, and which exclusion of the definition holds of them, if any."""

    def holds(expression: Expression) -> ir.BooleanValue:
        return expression.on(facts, settings=definition.values, reference_date=reference_date)

    is_held = facts.is_on_hold
    outside = ~holds(definition.population)
    because, step = [(outside, "not_in_population")], [(outside, ibis.null("string"))]
    for exclusion in definition.exclusions:
        applies = holds(exclusion.when)
        word = is_held.ifelse(ON_HOLD, EXCLUDED) if "is_on_hold" in exclusion.when.columns else ibis.literal(EXCLUDED)
        because.append((applies, word))
        step.append((applies, ibis.literal(exclusion.id)))
    return facts.select(
        "person_id",
        "is_alive",
        "is_registered",
        practice_now=facts.practice_code,
        because=ibis.cases(*because, else_="no_tier"),
        step=ibis.cases(*step, else_=ibis.null("string")),
    )


def change_texts(change: pd.DataFrame, definition: Definition, /) -> pd.Series:
    """What a list says beside each entry that is on it, by entry id."""
    titles = {tier.id: tier.title for output in definition.outputs.values() for tier in output.tiers}
    before = "Was: " + change["previous_tier"].map(lambda tier: titles.get(tier, tier))
    texts = change["change"].map({NEW: "New", KEPT: "As before"}).where(change["change"] != TIER_CHANGED, before)
    return texts.set_axis(change["entry_id"])[(change["change"] != GONE).to_numpy()]


def what_changed(change: pd.DataFrame, definition: Definition, /) -> str:
    """The changes of one list in a sentence, with counts: who is gone is counted by why."""
    if change.empty:
        return "There was no list before this one."
    counts = change["change"].value_counts()
    gone = change[change["change"] == GONE]
    labels = {exclusion.id: exclusion.label for exclusion in definition.exclusions}
    why = gone["gone_because"].map(_WHY_GONE).fillna(gone["step"].map(labels)).value_counts().sort_index()
    left = f" ({'; '.join(f'{reason}: {count}' for reason, count in why.items())})" if len(gone) else ""
    return (
        f"{counts.get(NEW, 0)} new, {counts.get(KEPT, 0)} as before, {counts.get(TIER_CHANGED, 0)} with another "
        f"priority, {len(gone)} gone{left}"
    )

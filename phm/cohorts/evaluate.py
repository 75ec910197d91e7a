"""A definition applied to people: who is placed where, and how the population became the list.

Everyone gets one whole number, their place: the step of the attrition table that decided, and the tier of the output
they joined there. Members and attrition are both read off that number, so they cannot disagree.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from phm.cohorts.definition import LIST, Definition
from phm.cohorts.parts import Tier
from phm.core.working_days import due_date
from phm.expressions import Expression

PLACES = 100  # place = step * PLACES + order of the tier; a step that made nobody a member ends in 00
OUTSIDE = -1  # place of who is not in the population


@dataclass(frozen=True)
class CohortResult:
    """`member` as in contract cohort_member and `attrition` as in contract cohort_attrition; not yet computed."""

    member: ir.Table
    attrition: ir.Table


@dataclass(frozen=True)
class Step:
    """One row of the attrition table, and the tiers of output `output` that people can join there.

    `tiers` pairs each tier with its order in the output, 1 most urgent.
    """

    order: int
    name: str
    kind: str
    label: str
    when: Expression | None = None
    output: str | None = None
    tiers: tuple[tuple[int, Tier], ...] = ()


def steps(definition: Definition) -> Iterator[Step]:
    """The steps of a definition in their order: population, each exclusion, each tier of the list, no_tier."""
    yield Step(0, "population", "population", definition.population_label, definition.population)
    for order, exclusion in enumerate(definition.exclusions, 1):
        tiers = definition.outputs[exclusion.output].tiers if exclusion.output else ()
        facts = (exclusion.id, "exclusion", exclusion.label, exclusion.when, exclusion.output)
        yield Step(order, *facts, tuple(enumerate(tiers, 1)))
    first = len(definition.exclusions) + 1
    tiers = definition.outputs[LIST].tiers
    for position, tier in enumerate(tiers):
        yield Step(first + position, tier.id, "tier", tier.title, tier.when, LIST, ((position + 1, tier),))
    yield Step(first + len(tiers), "no_tier", "no_tier", "No criterion met")


def evaluate(definition: Definition, person_feature: ir.Table, /, *, reference_date: date) -> CohortResult:
    """Members and attrition of `definition` over `person_feature`, which has one row per person.

    A person counts at the first exclusion that applies, else in the first tier that does. In every practice the
    population is the sum of the exclusions, the tiers and no_tier; every practice of `person_feature` has every step.
    """
    placed = places(definition, person_feature, reference_date=reference_date)
    return result_of(definition, placed, reference_date=reference_date)


def result_of(definition: Definition, placed: ir.Table, /, *, reference_date: date) -> CohortResult:
    """Members and attrition read off `placed`, which `places` has made; kept in between, it is computed once."""
    plan = list(steps(definition))
    return CohortResult(_members(definition, placed, plan, reference_date), _attrition(definition, placed, plan))


def places(definition: Definition, people: ir.Table, /, *, reference_date: date) -> ir.Table:
    """One row is one person with their practice, their `place` and the keys of the ranking."""
    plan = list(steps(definition))

    def value(expression: Expression) -> ir.Value:
        return expression.on(people, settings=definition.values, reference_date=reference_date)

    def place(step: Step) -> ir.Value:
        start = step.order * PLACES
        if step.output in (None, LIST):
            return ibis.literal(start + sum(order for order, _ in step.tiers), "int64")
        joins = [(value(tier.when), ibis.literal(start + order, "int64")) for order, tier in step.tiers]
        return ibis.cases(*joins, else_=ibis.literal(start, "int64"))

    population, *deciding, no_tier = plan
    decisions = [
        (~value(population.when), ibis.literal(OUTSIDE, "int64")),
        *[(value(step.when), place(step)) for step in deciding],
    ]
    keys = {f"key_{i}": value(ranking.by) for i, ranking in enumerate(definition.ranking)}
    names = ("person_id", "practice_code", "pcn_code")
    return people.select(*names, place=ibis.cases(*decisions, else_=place(no_tier)), **keys)


def _members(definition: Definition, placed: ir.Table, plan: list[Step], reference_date: date) -> ir.Table:
    joined = [(step.order * PLACES + order, step.output, order, tier) for step in plan for order, tier in step.tiers]

    def of_place(choose: Callable[..., object], kind: str) -> ir.Value:
        return placed.place.cases(*[(entry[0], ibis.literal(choose(*entry[1:]), kind)) for entry in joined])

    member = placed.filter(placed.place.isin([place for place, *_ in joined])).mutate(
        cohort_id=ibis.literal(definition.id),
        output=of_place(lambda output, order, tier: output, "string"),
        tier=of_place(lambda output, order, tier: tier.id, "string"),
        tier_order=of_place(lambda output, order, tier: order, "int64"),
        due_date=of_place(lambda output, order, tier: due_date(reference_date, tier.due_days), "date"),
    )
    keys = []
    for i, ranking in enumerate(definition.ranking):
        key = member[f"key_{i}"]
        keys += [key.isnull(), key.desc() if ranking.descending else key.asc()]
    order = [member.tier_order, *keys, member.person_id]
    rank = ibis.row_number().over(group_by=[member.practice_code, member.output], order_by=order) + 1
    names = ("cohort_id", "person_id", "output", "tier", "tier_order", "rank", "due_date", "practice_code", "pcn_code")
    return member.mutate(rank=rank.cast("int64")).select(*names)


def _attrition(definition: Definition, placed: ir.Table, plan: list[Step]) -> ir.Table:
    """One row per practice and step: the counts side by side per practice, then one row each."""
    place = placed.place
    counted = placed.group_by("practice_code").aggregate(
        population=(place != OUTSIDE).cast("int64").sum(),
        **{
            f"step_{step.order}": place.between(step.order * PLACES, step.order * PLACES + PLACES - 1)
            .cast("int64")
            .sum()
            for step in plan[1:]
        },
    )
    rows, remaining = [], counted.population
    for step in plan:
        count = counted[f"step_{step.order}"] if step.order else counted.population
        remaining = remaining - count if step.order else remaining
        texts = {"step": step.name, "kind": step.kind, "label": step.label}
        rows.append(
            ibis.struct(
                {
                    "step_order": ibis.literal(step.order, "int64"),
                    **{name: ibis.literal(text) for name, text in texts.items()},
                    "person_count": count.cast("int64"),
                    "remaining_count": remaining.cast("int64"),
                }
            )
        )
    table = counted.select("practice_code", row=ibis.array(rows).unnest()).unpack("row")
    names = ("practice_code", "step_order", "step", "kind", "label", "person_count", "remaining_count")
    return table.mutate(cohort_id=ibis.literal(definition.id)).select("cohort_id", *names)

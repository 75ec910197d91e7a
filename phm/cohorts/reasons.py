"""What a list says of each member: the action, and the reasons, flags and routes of the definition filled in."""

from collections.abc import Iterable
from datetime import date
from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir

from phm.cohorts.definition import Definition
from phm.cohorts.parts import Remark, Sentence
from phm.cohorts.templates import in_words, render


def asset_column(route: Remark, /) -> str:
    """The column beside a person's facts that has the nearest asset of a route in words."""
    return f"asset_{route.id}"


def texts(
    definition: Definition,
    member: ir.Table,
    person_feature: ir.Table,
    /,
    *,
    reference_date: date,
    assets: ir.Table | None = None,
) -> ir.Table:
    """The rows of `member` of this definition, with the facts of the person beside them, and what the list says.

    That is `tier_title`, `action`, `reasons`, `flags` and `routes`. `reasons` are joined by semicolons, `flags` and
    `routes` are sentences, missing where there are none. A reason is said only where its own condition holds, so it
    names only facts that put the person there. A route that leads to assets names the nearest, if `assets` has one:
    `person_id` and the `asset_column` of each such route.
    """
    member = member.filter(member.cohort_id == definition.id)
    beside = (name for name in person_feature.columns if name not in member.columns)
    rows = member.inner_join(person_feature.select("person_id", *beside), "person_id")
    if assets is not None and len(assets.columns) > 1:
        rows = rows.left_join(assets, "person_id").drop("person_id_right")
    sentences = list(_sentences(definition))
    filled_in = sorted({name for s in sentences for name in s.template.columns})
    conditions = {s.when.text: s.when for s in sentences if s.when is not None}
    name_of = {text: f"when_{i}" for i, text in enumerate(conditions)}
    evaluated = {"settings": definition.values, "reference_date": reference_date}
    rows = rows.mutate(
        **{name_of[text]: when.on(rows, **evaluated) for text, when in conditions.items()},
        **{f"said_{name}": in_words(rows[name], definition.words) for name in filled_in},
    )
    facts = {name: rows[f"said_{name}"] for name in filled_in}

    def sentence(item: Sentence | Remark) -> ir.StringValue:
        text = render(item.template, facts, settings=definition.values, words=definition.words)
        if isinstance(item, Remark) and item.assets and asset_column(item) in rows.columns:
            text += (ibis.literal(" Nearest: ") + rows[asset_column(item)] + ".").fill_null("")
        return text

    def said(items: Iterable[Sentence | Remark], joint: str) -> ir.StringValue:
        """The `items` that hold for each row, joined; missing where none does."""
        parts = []
        for item in items:
            holds = [] if item.when is None else [rows[name_of[item.when.text]]]
            if isinstance(item, Remark) and item.tiers:
                holds.append(ibis.or_(*(rows.tier == tier for tier in item.tiers)))
            text = ibis.literal(joint) + sentence(item)
            parts.append(ibis.and_(*holds).ifelse(text, "") if holds else text)
        return reduce(add, parts).substr(len(joint)).nullif("") if parts else ibis.null("string")

    outputs = [(rows.output == output.id, output) for output in definition.outputs.values()]
    tiers = [(is_output & (rows.tier == tier.id), tier) for is_output, output in outputs for tier in output.tiers]
    return rows.mutate(
        tier_title=ibis.cases(*((is_tier, tier.title) for is_tier, tier in tiers)),
        action=ibis.cases(*((is_tier, f"{tier.action} {definition.advice}") for is_tier, tier in tiers)),
        reasons=ibis.cases(*((is_tier, said(tier.reasons, "; ")) for is_tier, tier in tiers)),
        flags=ibis.cases(*((is_output, said(output.flags, " ")) for is_output, output in outputs)),
        routes=ibis.cases(*((is_output, said(output.routes, " ")) for is_output, output in outputs)),
    )


def _sentences(definition: Definition) -> Iterable[Sentence | Remark]:
    for output in definition.outputs.values():
        for tier in output.tiers:
            yield from tier.reasons
        yield from output.flags
        yield from output.routes

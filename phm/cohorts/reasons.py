"""What a list says of each member: the action, and the reasons, flags and routes of the definition filled in.

Conditions are evaluated on the engine, sentences are written here, over members only: they are few.
"""

from collections.abc import Iterable
from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from phm.cohorts.definition import Definition
from phm.cohorts.parts import Remark, Sentence
from phm.cohorts.templates import render
from phm.expressions import Expression


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
) -> pd.DataFrame:
    """One row per row of `member` of this definition: person_id, output, tier_title, action, reasons, flags, routes.

    `reasons` are joined by semicolons, `flags` and `routes` are sentences, missing where there are none. A reason is
    said only where its own condition holds, so it names only facts that put the person there. A route that leads to
    assets names the nearest, if `assets` has one: `person_id` and the `asset_column` of each such route.
    """
    member = member.filter(member.cohort_id == definition.id)
    sentences = list(_sentences(definition))
    conditions = {s.when.text: s.when for s in sentences if s.when is not None}
    facts = _facts(member, person_feature, sentences, conditions, definition, reference_date)
    if assets is not None:
        near = assets.semi_join(member, "person_id").to_pyarrow().to_pandas()
        facts = facts.merge(near, on="person_id", how="left", validate="many_to_one")
    parts = []
    for output in definition.outputs.values():
        for tier in output.tiers:
            rows = facts[(facts["output"] == output.id) & (facts["tier"] == tier.id)]

            def said(items: Iterable[Sentence | Remark], joint: str, rows: pd.DataFrame = rows) -> pd.Series:
                return _said(items, joint, rows, conditions, definition)

            part = rows[["person_id", "output"]].assign(
                tier_title=tier.title,
                action=f"{tier.action} {definition.advice}",
                reasons=said(tier.reasons, "; "),
                flags=said(_of_tier(output.flags, tier.id), " "),
                routes=said(_of_tier(output.routes, tier.id), " "),
            )
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _sentences(definition: Definition) -> Iterable[Sentence | Remark]:
    for output in definition.outputs.values():
        for tier in output.tiers:
            yield from tier.reasons
        yield from output.flags
        yield from output.routes


def _of_tier(remarks: Iterable[Remark], tier: str) -> list[Remark]:
    return [remark for remark in remarks if not remark.tiers or tier in remark.tiers]


def _facts(
    member: ir.Table,
    person_feature: ir.Table,
    sentences: Iterable[Sentence | Remark],
    conditions: dict[str, Expression],
    definition: Definition,
    reference_date: date,
) -> pd.DataFrame:
    """The members with the columns that sentences fill in, and `when_0`, `when_1`, … for the conditions."""
    names = {name for sentence in sentences for name in sentence.template.columns}
    people = person_feature.semi_join(member, "person_id")
    holds = {
        f"when_{i}": when.on(people, settings=definition.values, reference_date=reference_date)
        for i, when in enumerate(conditions.values())
    }
    facts = people.select("person_id", *sorted(names - {"person_id"}), **holds)
    return member.select("person_id", "output", "tier").inner_join(facts, "person_id").to_pyarrow().to_pandas()


def _said(
    items: Iterable[Sentence | Remark],
    joint: str,
    rows: pd.DataFrame,
    conditions: dict[str, Expression],
    definition: Definition,
) -> pd.Series:
    """The `items` that hold for each row, joined; missing where none does."""
    position = {text: i for i, text in enumerate(conditions)}
    said = pd.Series("", index=rows.index, dtype="str")
    everybody = np.ones(len(rows), bool)
    for item in items:
        holds = everybody if item.when is None else rows[f"when_{position[item.when.text]}"].to_numpy(bool)
        if not holds.any():
            continue
        here = rows.loc[holds, list(item.template.columns)]
        sentence = render(item.template, here, settings=definition.values, words=definition.words)
        if isinstance(item, Remark) and item.assets and asset_column(item) in rows:
            near = rows.loc[holds, asset_column(item)]
            sentence += (" Nearest: " + near.astype("str") + ".").where(near.notna(), "")
        said += (joint + sentence).reindex(rows.index, fill_value="")
    said = said.str.slice(len(joint))
    return said.where(said != "")

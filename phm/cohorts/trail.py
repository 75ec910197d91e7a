"""One person's way through a definition: each question in its order, and the values that answered it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis.expr.types as ir

from phm.cohorts.evaluate import Step, steps
from phm.cohorts.facts import feature_columns
from phm.cohorts.parts import LIST, Definition, Tier
from phm.cohorts.templates import written
from phm.cohorts.wording import column_words, condition_words
from phm.errors import StoreError
from phm.expressions import Expression


@dataclass(frozen=True)
class Check:
    """One condition in words, whether it holds, and the values it was decided by, each as a name and a text."""

    words: str
    holds: bool
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Stage:
    """One question asked of the person; `kind` is population, exclusion, tier or, of a separate output, output.

    `checks` are all its conditions where it holds, those that failed where it does not.
    """

    kind: str
    name: str
    label: str
    holds: bool
    checks: tuple[Check, ...]


def trail(definition: Definition, person: ir.Table, /, *, reference_date: date) -> tuple[Stage, ...]:
    """The stages of one person up to the one that decided; `person` is their row of `person_facts`.

    The last stage holds, or nothing did: then no criterion was met. Where it is the population and does not hold, the
    person is not looked at.
    """
    return tuple(_Walk(definition, person, reference_date).stages())


class _Walk:
    def __init__(self, definition: Definition, person: ir.Table, reference_date: date) -> None:
        self.definition = definition
        self.plan = [step for step in steps(definition) if step.when is not None]
        asked = {e.text: e for step in self.plan for e in _expressions(definition, step)}
        values = {
            f"answer_{i}": e.on(person, settings=definition.values, reference_date=reference_date)
            for i, e in enumerate(asked.values())
        }
        self.columns = [name for name in feature_columns() if any(name in e.columns for e in asked.values())]
        rows = person.select(*self.columns, **values).to_pyarrow().to_pylist()
        if len(rows) != 1:
            raise StoreError(
                "The person is in the register and not among the people of the month",
                name="person_feature",
                hint="Run the month again, or ask about an earlier one with --month.",
            )
        row: dict[str, Any] = rows[0]
        self.row = row
        self.answers = {text: row[f"answer_{i}"] for i, text in enumerate(asked)}

    def stages(self) -> Iterator[Stage]:
        for step in self.plan:
            stage = self._stage(step.kind, step.name, step.label, step.when)
            yield stage
            if step.kind == "population" and stage.holds:
                continue
            if stage.holds and step.output not in (None, LIST):
                yield from self._of_output([tier for _, tier in step.tiers])
            if stage.holds or step.kind == "population":
                return

    def _of_output(self, tiers: list[Tier]) -> Iterator[Stage]:
        for tier in tiers:
            stage = self._stage("output", tier.id, tier.title, tier.when)
            yield stage
            if stage.holds:
                return

    def _stage(self, kind: str, name: str, label: str, when: Expression) -> Stage:
        holds = self.answers[when.text]
        parts = [part for part in when.parts or (when,) if holds or not self.answers[part.text]]
        return Stage(kind, name, label, holds, tuple(self._check(part) for part in parts))

    def _check(self, expression: Expression) -> Check:
        values = [(column_words(n), self._written(self.row[n])) for n in self.columns if n in expression.columns]
        words = condition_words(expression, self.definition)
        return Check(words, self.answers[expression.text], tuple(values))

    def _written(self, value: Any) -> str:
        return ("yes" if value else "no") if isinstance(value, bool) else written(value, self.definition.words)


def _expressions(definition: Definition, step: Step) -> Iterator[Expression]:
    """Every condition that can be asked at a step, and the parts of each."""
    own_output = [] if step.output in (None, LIST) else [tier.when for _, tier in step.tiers]
    for when in (step.when, *own_output):
        yield from (when, *when.parts)

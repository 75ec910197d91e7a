"""What a cohort definition consists of: settings, terms, exclusions, tiers, and what a list says.

Belongs here: frozen objects and what follows from them alone. `reading` makes them from a file, `evaluate` applies them
to people, `reasons` writes their sentences.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from phm.cohorts.templates import Template
from phm.errors import DefinitionError
from phm.expressions import Expression, Variable
from phm.expressions.document import nearest

LIST = "list"
"""Name of the output that is the case-finding list."""
USES = ("practice", "linked", "planning")


@dataclass(frozen=True)
class Setting:
    """One choice a site can make; `value` is the default unless the site made it."""

    name: str
    value: Any
    description: str
    source: str
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()

    @property
    def variable(self) -> Variable:
        """How an expression sees the setting."""
        if isinstance(self.value, tuple):
            return Variable("string", self.values, is_list=True)
        kinds = {bool: "boolean", int: "integer", float: "number", str: "string"}
        return Variable(kinds[type(self.value)], self.values)

    def changed(self, value: Any) -> "Setting":
        """The setting with another value; DefinitionError if it does not fit."""
        value = tuple(value) if isinstance(value, list) else value
        value = float(value) if isinstance(self.value, float) and type(value) is int else value
        if type(value) is not type(self.value):
            wanted = "list" if isinstance(self.value, tuple) else self.variable.type
            self._fail(f"needs a value of type {wanted}")
        low, high = self.minimum, self.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            self._fail(f"must lie between {low} and {high}")
        for item in value if isinstance(value, tuple) else [value]:
            if self.values and item not in self.values:
                self._fail(f"must be one of {', '.join(self.values)}")
        return replace(self, value=value)

    def _fail(self, what: str) -> NoReturn:
        raise DefinitionError(f"Setting {self.name} {what}", name=self.name, hint=self.description)


@dataclass(frozen=True)
class Term:
    """A named condition and what it means in plain words."""

    means: str
    when: Expression


@dataclass(frozen=True)
class Sentence:
    """A reason: said when `when` holds, always where it is None."""

    template: Template
    when: Expression | None


@dataclass(frozen=True)
class Remark:
    """A flag or a route: said when `when` holds, in the tiers named (all where empty).

    `assets` are the categories of community asset a route leads to; the nearest can be named with it.
    """

    id: str
    template: Template
    when: Expression
    tiers: tuple[str, ...]
    assets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exclusion:
    """People left out, and the separate output they can go to."""

    id: str
    label: str
    when: Expression
    output: str | None


@dataclass(frozen=True)
class ExpectedFound:
    """The share of a tier's people expected to turn out to have what is looked for, and who says so."""

    percent: float
    source: str


@dataclass(frozen=True)
class Tier:
    """People to be acted on in one way by one time, by one `role` of contract `capacity`."""

    id: str
    title: str
    when: Expression
    action: str
    due_days: int
    reasons: tuple[Sentence, ...]
    role: str = "clinician"
    expected_found: ExpectedFound | None = None


@dataclass(frozen=True)
class Output:
    """A list of people: the case-finding list itself (`list`) or a separate one. The first tier that matches wins."""

    id: str
    title: str
    tiers: tuple[Tier, ...]
    flags: tuple[Remark, ...] = ()
    routes: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class CascadeStep:
    """A step people on the list can reach, in words, and what a record shows of it.

    It is reached when one of `dates` lies after the day a person was first listed and `when` holds; what is missing
    asks nothing. With neither only an answer shows it.
    """

    id: str
    means: str
    dates: tuple[str, ...]
    when: Expression | None


@dataclass(frozen=True)
class Ranking:
    """One key of the order within a tier; empty values come last."""

    by: Expression
    descending: bool


@dataclass(frozen=True)
class Definition:
    """Who is on a list, why, what to do and by when.

    `outputs` maps the name of each output to it; the first, `list`, is the case-finding list. `asks` are the outcomes
    its form asks for beside contacted, declined and moved away, `cascade` the steps that follow listed and contacted.
    `holds` has the days an outcome keeps a person off the next list, where they are not those of `phm.lists.holds`.
    `based_on` is the shipped definition whose words these are where its file says nothing else.
    """

    id: str
    title: str
    version: str
    summary: str
    sources: tuple[str, ...]
    use: str
    clinical_sign_off: str
    advice: str
    notes: tuple[str, ...]
    settings: Mapping[str, Setting]
    terms: Mapping[str, Term]
    population_label: str
    population: Expression
    exclusions: tuple[Exclusion, ...]
    outputs: Mapping[str, Output]
    ranking: tuple[Ranking, ...]
    words: Mapping[str, str]
    asks: tuple[str, ...]
    cascade: tuple[CascadeStep, ...]
    holds: Mapping[str, int]
    content: str
    based_on: str | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The value of every setting, and of `use`."""
        return {"use": self.use} | {name: setting.value for name, setting in self.settings.items()}

    @property
    def columns(self) -> frozenset[str]:
        """The facts about a person that its rules, its order and its sentences read."""
        outputs = self.outputs.values()
        tiers = [tier for output in outputs for tier in output.tiers]
        sentences = [
            *(reason for tier in tiers for reason in tier.reasons),
            *(remark for output in outputs for remark in (*output.flags, *output.routes)),
        ]
        conditions = (step.when for step in (*self.exclusions, *tiers, *sentences) if step.when is not None)
        expressions = (self.population, *conditions, *(key.by for key in self.ranking))
        said = (sentence.template.columns for sentence in sentences)
        return frozenset().union(*(expression.columns for expression in expressions), *said)

    @property
    def cascade_columns(self) -> frozenset[str]:
        """The facts about a person that its cascade reads."""
        conditions = (step.when.columns for step in self.cascade if step.when is not None)
        return frozenset().union(*(step.dates for step in self.cascade), *conditions)

    @property
    def meaning_sha256(self) -> str:
        """Hash of everything the definition says, whatever settings a site uses it with."""
        return hashlib.sha256(self.content.encode()).hexdigest()

    @property
    def sha256(self) -> str:
        """Hash of everything the definition says and of the settings it is used with."""
        return hashlib.sha256(json.dumps([self.content, self.values], sort_keys=True).encode()).hexdigest()

    def with_settings(self, values: Mapping[str, Any], /) -> "Definition":
        """The definition with a site's own `values` of its settings; DefinitionError for an unknown or unfit one."""
        for name in values:
            if name not in self.settings:
                raise DefinitionError(
                    f"Definition {self.id} has no such setting", name=name, hint=nearest(name, self.settings)
                )
        changed = {name: setting.changed(values[name]) for name, setting in self.settings.items() if name in values}
        return replace(self, settings={**self.settings, **changed})

"""What a cohort definition consists of: settings, terms, exclusions, tiers, and what a list says."""

from dataclasses import dataclass, replace
from typing import Any, NoReturn

from phm.cohorts.templates import Template
from phm.errors import DefinitionError
from phm.expressions import Expression, Variable


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
    """A flag or a route: said when `when` holds, in the tiers named (all where empty)."""

    id: str
    template: Template
    when: Expression
    tiers: tuple[str, ...]


@dataclass(frozen=True)
class Exclusion:
    """People left out, and the separate output they can go to."""

    id: str
    label: str
    when: Expression
    output: str | None


@dataclass(frozen=True)
class Tier:
    """People to be acted on in one way by one time."""

    id: str
    title: str
    when: Expression
    action: str
    due_days: int
    reasons: tuple[Sentence, ...]


@dataclass(frozen=True)
class Output:
    """A list of people: the case-finding list itself (`list`) or a separate one. The first tier that matches wins."""

    id: str
    title: str
    tiers: tuple[Tier, ...]
    flags: tuple[Remark, ...] = ()
    routes: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Ranking:
    """One key of the order within a tier; empty values come last."""

    by: Expression
    descending: bool

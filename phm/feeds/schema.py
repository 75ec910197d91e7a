"""Columns and rules: the parts a contract is made of.

Belongs here: what a column is, what a rule is, and which rules follow from what a contract says about a column.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from phm.errors import DefinitionError

# How ODCS writes a threshold, and the comparison it means.
OPERATORS = {
    "mustBe": "=",
    "mustBeGreaterThan": ">",
    "mustBeGreaterOrEqualTo": ">=",
    "mustBeLessThan": "<",
    "mustBeLessOrEqualTo": "<=",
}


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """`value` as an SQL literal: numbers bare, everything else as text."""
    if isinstance(value, int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


@dataclass(frozen=True)
class RowRule:
    """A condition each row must meet; a row for which it is unknown (null) passes.

    `condition` is a boolean DuckDB expression over the contract's column names and `:reference_date`.
    `kind` says where the rule comes from: `readable` (the delivered text must become a value of the column's
    type), `present`, `pattern`, `range`, `values` or `custom`. `severity` is `error` (the row is quarantined)
    or `warning` (it is counted).
    """

    id: str
    kind: str
    condition: str
    severity: str
    dimension: str
    description: str
    column: str


@dataclass(frozen=True)
class DatasetRule:
    """A number computed from a whole table, and what it must be.

    `metric` is `rowCount` (of the table), `nullValues` or `invalidValues` (rows failing `condition`), or
    `duplicateValues` (rows that repeat `columns` of an earlier row). With `unit` `percent` it is divided by
    the row count. `operator` is one of `=`, `>`, `>=`, `<`, `<=`.
    """

    id: str
    metric: str
    columns: tuple[str, ...]
    condition: str | None
    operator: str
    threshold: float
    unit: str
    severity: str
    dimension: str
    description: str


@dataclass(frozen=True)
class Freshness:
    """The newest value of date column `column` is 0 to `days` days before the reference date."""

    id: str
    column: str
    days: int
    description: str


@dataclass(frozen=True)
class Column:
    """One column: what it is called here and in the delivered file, its type and what it may hold.

    `type` is the DuckDB type. `headers` are the names accepted in a file, the current one first. `missing` are
    texts that mean no value (besides the empty text). `date_formats` are strptime patterns, tried in order.
    """

    name: str
    headers: tuple[str, ...]
    type: str
    description: str
    classification: str
    required: bool = False
    unique: bool = False
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    valid_values: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    date_formats: tuple[str, ...] = ()

    @property
    def is_identifiable(self) -> bool:
        """Whether the column identifies a person and must not be published."""
        return self.classification == "identifiable"

    @property
    def constraints(self) -> tuple[str, ...]:
        """What the column may hold, as short phrases for a column schema or data dictionary."""
        phrases = [
            "required" if self.required else None,
            "unique" if self.unique else None,
            f"matches {self.pattern}" if self.pattern else None,
            f"at least {self.minimum}" if self.minimum is not None else None,
            f"at most {self.maximum}" if self.maximum is not None else None,
            f"one of {', '.join(self.valid_values)}" if self.valid_values else None,
        ]
        return tuple(phrase for phrase in phrases if phrase)


def implied_rules(column: Column) -> list[RowRule]:
    """The rules that follow from a column's type, from being required, from its pattern and from its limits."""
    name = quoted(column.name)
    rules = []

    def add(suffix: str, kind: str, condition: str, dimension: str, description: str) -> None:
        rules.append(RowRule(f"{column.name}_{suffix}", kind, condition, "error", dimension, description, column.name))

    if column.type != "VARCHAR":
        add("readable", "readable", "true", "conformity", f"{column.name} can be read as {column.type}.")
    if column.required:
        add("present", "present", f"{name} IS NOT NULL", "completeness", f"{column.name} is filled in.")
    if column.pattern:
        condition = f"regexp_matches({name}, {literal(column.pattern)})"
        add("pattern", "pattern", condition, "conformity", f"{column.name} matches {column.pattern}.")
    if column.minimum is not None or column.maximum is not None:
        low = f"{name} >= {column.minimum}" if column.minimum is not None else ""
        high = f"{name} <= {column.maximum}" if column.maximum is not None else ""
        words = " and ".join(
            f"{word} {limit}"
            for word, limit in (("at least", column.minimum), ("at most", column.maximum))
            if limit is not None
        )
        condition = " AND ".join(part for part in (low, high) if part)
        add("range", "range", condition, "conformity", f"{column.name} is {words}.")
    return rules


def rule_of_check(check: Mapping[str, Any], column: str | None) -> RowRule | DatasetRule:
    """The rule one `quality` entry states, about `column` or (None) about the table."""
    common = {key: check[key] for key in ("id", "severity", "dimension", "description")}
    if check["type"] == "custom" and check.get("engine") == "phm":
        return RowRule(kind="custom", condition=check["implementation"], column=column or "", **common)
    if check["type"] != "library":
        raise DefinitionError(
            "A check is of a kind that is not known here",
            name=f"{check['id']}: {check['type']}",
            hint="Use type library, or type custom with engine phm.",
        )
    metric = check["metric"]
    operator, threshold = next(((OPERATORS[key], check[key]) for key in OPERATORS if key in check), (None, None))
    arguments = check.get("arguments", {})
    columns = (column,) if column else tuple(arguments.get("properties", ()))
    condition = None
    if metric == "invalidValues":
        values = ", ".join(literal(str(value)) for value in arguments["validValues"])
        condition = f"{quoted(columns[0])} IN ({values})"
        if (operator, threshold) == ("=", 0):
            return RowRule(kind="values", condition=condition, column=columns[0], **common)
    elif metric == "nullValues":
        condition = f"{quoted(columns[0])} IS NOT NULL"
    elif metric not in ("rowCount", "duplicateValues"):
        raise DefinitionError(
            "A check uses a metric that is not known here",
            name=f"{check['id']}: {metric}",
            hint=suggestion(metric, ("rowCount", "nullValues", "invalidValues", "duplicateValues")),
        )
    if operator is None:
        raise DefinitionError("A check has no threshold", name=check["id"], hint=f"Use one of {', '.join(OPERATORS)}.")
    unit = check.get("unit", "rows")
    return DatasetRule(
        metric=metric, columns=columns, condition=condition, operator=operator, threshold=threshold, unit=unit, **common
    )


def unique_rule(column: Column) -> DatasetRule:
    """The rule that a column marked unique implies."""
    description = f"{column.name} is not repeated."
    name = f"{column.name}_unique"
    return DatasetRule(
        name, "duplicateValues", (column.name,), None, "=", 0, "rows", "error", "uniqueness", description
    )


def suggestion(name: str, known: Iterable[str]) -> str:
    """A hint for someone who wrote `name` where one of `known` was meant."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."

"""Columns and rules: the parts a contract is made of.

Belongs here: what a column is, what a rule is, and which rules follow from what a contract says about a column.
"""

import difflib
import itertools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """`value` as an SQL literal: numbers bare, everything else as text."""
    if isinstance(value, int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def mentions(expression: str, name: str) -> bool:
    """Whether an SQL expression is about the column called `name`."""
    return re.search(rf"\b{name}\b", expression) is not None


@dataclass(frozen=True)
class Limits:
    """Between which two numbers a number must lie; None is no limit, an open limit leaves out the number itself."""

    low: float | None = None
    high: float | None = None
    is_low_open: bool = False
    is_high_open: bool = False

    def __str__(self) -> str:
        if self.low is not None and self.low == self.high:
            return f"= {self.low:g}"
        low = f"{'>' if self.is_low_open else '>='} {self.low:g}" if self.low is not None else ""
        high = f"{'<' if self.is_high_open else '<='} {self.high:g}" if self.high is not None else ""
        return " and ".join(part for part in (low, high) if part)

    def cover(self, other: "Limits") -> bool:
        """Whether every number that lies between `other` lies between these."""
        above = self.low is None or (
            other.low is not None and (other.low, other.is_low_open) >= (self.low, self.is_low_open)
        )
        below = self.high is None or (
            other.high is not None and (-other.high, other.is_high_open) >= (-self.high, self.is_high_open)
        )
        return above and below


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

    `metric` is `rowCount` (of the table), `nullValues` or `invalidValues` (rows failing `condition`),
    `duplicateValues` (rows that repeat `columns` of an earlier row), all of them divided by the row count where
    `unit` is `percent`; or `aggregate`, the value of that DuckDB expression over the landed table.
    """

    id: str
    metric: str
    columns: tuple[str, ...]
    limits: Limits
    unit: str
    severity: str
    dimension: str
    description: str
    condition: str | None = None
    aggregate: str | None = None

    @property
    def rejects_rows(self) -> bool:
        """Whether landing quarantines the rows that break it."""
        return self.metric == "duplicateValues" and self.severity == "error"


@dataclass(frozen=True)
class Relationship:
    """Every value of `column` stands in `to_column` of the table of contract `to_contract`; an empty one need not.

    `max_percent` is the largest share of rows whose value does not. `guaranteed_by` names the step that cannot make
    such a row: then nothing is evaluated when data are checked.
    """

    id: str
    column: str
    to_contract: str
    to_column: str
    severity: str
    max_percent: float
    description: str
    guaranteed_by: str | None = None


@dataclass(frozen=True)
class Freshness:
    """The newest value of date column `column` is 0 to `days` days before the reference date."""

    id: str
    column: str
    days: int
    description: str


@dataclass(frozen=True)
class DriftLimits:
    """How much one delivery may differ from the last before it is worth a look.

    `volume_percent` is of rows, in all and of each practice; `completeness_points` percentage points of filled-in
    values, by column; `stability_index` how far a distribution may move. `values_by` names, for a column of values, the
    column that says what they are values of.
    """

    volume_percent: float
    completeness_points: float
    stability_index: float
    values_by: Mapping[str, str]


@dataclass(frozen=True)
class Column:
    """One column: what it is called here and in the delivered file, its type and what it may hold.

    `type` is the DuckDB type, `unit` what its numbers count or measure. `headers` are the names accepted in a file,
    the current one first. `missing` are texts that mean no value (besides the empty text). `date_formats` are
    strptime patterns, tried in order. A file may come without an `optional` column; its values are then missing.
    """

    name: str
    headers: tuple[str, ...]
    type: str
    description: str
    classification: str
    unit: str | None = None
    required: bool = False
    unique: bool = False
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    valid_values: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    date_formats: tuple[str, ...] = ()
    optional: bool = False

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
        condition = _matches_sql(name, column.pattern)
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


_MOST_LENGTHS = 16
"""Lengths of a text that are looked at one by one."""


def _matches_sql(name: str, pattern: str) -> str:
    """The condition that a text matches; a pattern that spells out its places is a glob for each length of a text.

    That takes half the time of a regular expression, and much less on a column that is stored as a dictionary.
    """
    places = re.findall(r"(\[[A-Za-z0-9-]+\]|[A-Za-z0-9_])(\{([0-9]+)(?:,([0-9]+))?\})?", pattern)
    spelt_out = "".join(place + count for place, count, *_ in places)
    choices = [range(int(low or 1), int(high or low or 1) + 1) for *_, low, high in places]
    lengths = math.prod(map(len, choices))
    several = sum(len(counts) > 1 for counts in choices)
    if f"^{spelt_out}$" != pattern or lengths > _MOST_LENGTHS or several > 1:
        return f"regexp_matches({name}, {literal(pattern)})"
    globs = {
        sum(counts): f"{name} GLOB {literal(''.join(p[0] * count for p, count in zip(places, counts, strict=True)))}"
        for counts in itertools.product(*choices)
    }
    if lengths == 1:
        return next(iter(globs.values()))
    of_length = " ".join(f"WHEN {length} THEN {glob}" for length, glob in globs.items())
    return f"CASE strlen({name}) {of_length} ELSE strlen({name}) < 0 END"  # unknown, as the text is, or false


def unique_rule(columns: tuple[str, ...]) -> DatasetRule:
    """The rule that columns marked unique, or as primary key, imply."""
    name, description = f"{'_'.join(columns)}_unique", f"{', '.join(columns)}: no two rows are the same."
    return DatasetRule(name, "duplicateValues", columns, Limits(0, 0), "rows", "error", "uniqueness", description)


def suggestion(name: str, known: Iterable[str]) -> str:
    """A hint for someone who wrote `name` where one of `known` was meant."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."

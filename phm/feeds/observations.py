"""What the rules of a contract ask of a whole table, and what one scan of the table finds.

Belongs here: every rule as a number with limits, and the SQL that computes the numbers. Judging them is for
`expectations`.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from phm.feeds.contracts import Contract
from phm.feeds.row_sql import at_reference_date
from phm.feeds.schema import DatasetRule, Limits, Relationship, RowRule, literal, mentions, quoted

COLUMNS_RULE = "columns_as_contracted"
REJECTED_RULE = "rejected_percent"
_NONE = Limits(0, 0)


@dataclass(frozen=True)
class Bound:
    """What one rule asks: a number of rows, columns or days, a percentage or a value (`unit`), within limits."""

    rule_id: str
    severity: str
    unit: str
    description: str
    limits: Limits


def bounds_of(contract: Contract, /) -> list[Bound]:
    """What each rule of the contract asks, the columns themselves first.

    For a feed the rules on rows are among them, although landing enforces them: how many rows broke each is known.
    """
    bounds = [Bound(COLUMNS_RULE, "error", "columns", "Every column is there and has its type.", _NONE)]
    is_feed = contract.file_pattern is not None
    bounds += [
        Bound(rule.id, rule.severity, "rows", rule.description, _NONE)
        for rule in contract.row_rules
        if is_feed or rule.kind != "readable"
    ]
    bounds += [Bound(r.id, r.severity, r.unit, r.description, r.limits) for r in contract.dataset_rules]
    bounds += [
        Bound(r.id, r.severity, "percent", r.description, Limits(0, r.max_percent))
        for r in contract.evaluated_relationships
    ]
    if contract.freshness:
        fresh = contract.freshness
        bounds.append(Bound(fresh.id, "error", "days", fresh.description, Limits(0, fresh.days)))
    if contract.max_rejected_percent is not None:
        allowed = contract.max_rejected_percent
        description = f"At most {allowed:g}% of the delivered rows are rejected."
        bounds.append(Bound(REJECTED_RULE, "error", "percent", description, Limits(0, allowed)))
    return bounds


def observed_columns(contract: Contract, /) -> tuple[str, ...]:
    """Columns of the landed table that `observe` looks at where no other tables are at hand.

    All rules on rows have been evaluated at landing.
    """
    table = contract.landed()
    named = [_expression(rule) for rule in table.dataset_rules if not rule.rejects_rows]
    named += [table.freshness.column] if table.freshness else []
    return tuple(name for name in table.column_names if mentions(" ".join(named), name))


def observe(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    files: Sequence[Path],
    /,
    *,
    reference_date: dt.date | None,
    landing: Mapping[str, Any] | None,
    related: Mapping[str, Sequence[Path]],
    columns: Collection[str] | None,
    in_rows: bool,
) -> tuple[dict[str, float | None], list[str]]:
    """The number found for each rule, by rule id, and the columns that are missing or of another type.

    Rules on such columns have no number, nor have rules on identifiers, which a landed table no longer holds, an
    aggregate of no values, and relationships to a table that is not in `related` (files by name of contract).
    `landing` is `Landing.record()`; what was counted at landing is not counted again. `columns` are those the files
    were written with, where landing was asked for `observed_columns` only; unless `in_rows`, a row of theirs stands
    for as many as its `records` says.
    """
    table = contract.landed()
    source = _source(files) if in_rows else f"(SELECT *, unnest(range(records)) FROM {_source(files)})"
    asked = {bound.rule_id for bound in bounds_of(contract)}
    observed: dict[str, float | None] = {}
    if landing:
        observed |= {**landing["rejections"], **landing["warnings"]}
        observed[REJECTED_RULE] = 100 * landing["quarantined"] / max(landing["delivered"], 1)
    with con.cursor() as cursor:
        types = {row[0]: row[1] for row in cursor.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
        expected = [column for column in table.columns if columns is None or column.name in columns]
        wrong = [column.name for column in expected if types.get(column.name) != column.type]
        observed[COLUMNS_RULE] = len(wrong)

        def is_open(rule: RowRule | DatasetRule) -> bool:
            return (
                rule.id in asked and rule.id not in observed and not any(mentions(_expression(rule), w) for w in wrong)
            )

        counts = dict(_aggregates(table, filter(is_open, (*table.row_rules, *table.dataset_rules)), reference_date))
        fresh = table.freshness
        if fresh and reference_date and fresh.column not in wrong:
            newest = f"max({quoted(fresh.column)})"
            counts[fresh.id] = f"date_diff('day', {newest}, DATE '{reference_date.isoformat()}')"
        if counts:
            found = cursor.execute(f"SELECT {', '.join(counts.values())} FROM {source}").fetchone()
            observed |= dict(zip(counts, found, strict=True))
            for rule in table.dataset_rules:
                if rule.aggregate and observed.get(rule.id) is None:
                    observed.pop(rule.id, None)
        for rule in filter(is_open, table.dataset_rules):
            if rule.metric == "duplicateValues":
                observed[rule.id] = cursor.execute(_repeated(rule, source)).fetchone()[0]
        for relationship in table.evaluated_relationships:
            if relationship.to_contract in related and relationship.column not in wrong:
                other = _source(related[relationship.to_contract])
                observed[relationship.id] = cursor.execute(_unmatched(relationship, source, other)).fetchone()[0]
    return observed, wrong


def _expression(rule: RowRule | DatasetRule) -> str:
    """What a rule says about columns: its SQL, and the columns it is about."""
    aggregate, columns = getattr(rule, "aggregate", None), getattr(rule, "columns", ())
    return " ".join((rule.condition or aggregate or "", *columns))


def _source(files: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(map(literal, files))}])"


def _aggregates(
    table: Contract, rules: Iterator[RowRule | DatasetRule], reference_date: dt.date | None
) -> Iterator[tuple[str, str]]:
    """Rule id and the aggregate that gives its number, for every rule one pass over the rows can answer."""
    for rule in rules:
        if rule.condition and getattr(rule, "kind", "") != "readable":
            holds = at_reference_date(rule.condition, reference_date)
            breaking = f"count(CASE WHEN ({holds}) IS FALSE THEN 1 END)"  # sooner counted than with FILTER
            is_share = isinstance(rule, DatasetRule) and rule.unit == "percent"
            yield rule.id, f"100 * {breaking} / greatest(count(*), 1)" if is_share else breaking
        elif isinstance(rule, DatasetRule) and rule.metric == "rowCount":
            yield rule.id, "count(*)"
        elif isinstance(rule, DatasetRule) and rule.aggregate:
            yield rule.id, at_reference_date(rule.aggregate, reference_date)


def _repeated(rule: DatasetRule, source: str) -> str:
    """The query for the number, or percentage, of rows that repeat an earlier row in the columns of `rule`."""
    groups = f"SELECT count(*) AS n FROM {source} GROUP BY {', '.join(map(quoted, rule.columns))}"
    if rule.unit == "percent":
        return f"SELECT coalesce(100 * sum(n - 1) / sum(n), 0) FROM ({groups})"
    return f"SELECT coalesce(sum(n - 1), 0)::BIGINT FROM ({groups} HAVING n > 1)"


def _unmatched(relationship: Relationship, source: str, other: str) -> str:
    """The query for the percentage of rows whose value does not stand in the other table; an empty one counts not."""
    column, to_column = quoted(relationship.column), quoted(relationship.to_column)
    return f"""
        SELECT 100 * (SELECT count(*) FROM {source} AS a ANTI JOIN {other} AS b ON a.{column} = b.{to_column}
                      WHERE a.{column} IS NOT NULL) / greatest(count(*), 1) FROM {source}
    """

"""Conditions written as SQL expressions over documented columns: read, checked, and turned into Ibis.

The language, all of it:

- columns of one table, by name; `:setting` parameters; names of earlier `terms`;
- `and`, `or`, `not`; `=  <>  <  <=  >  >=`; `between … and …`; `in (…)`; `is null`, `is not null`;
- `+  -  *  /` on numbers (`/` always gives a number with decimals; division by zero is null);
- numbers, `'texts'`, `true`, `false`, `DATE '2026-10-31'`;
- `coalesce(a, b, …)`;
- `within_months(date, n)`: the date is later than the reference date less n calendar months (the day is cut to the
  end of the month). 31 October 2026 less 12 months is 31 October 2025, which is therefore *not* within 12 months;
  1 November 2025 is. A date that is not there is not within any number of months: the answer is false, not unknown.
  `n` is a number or a setting.

Null means unknown and follows SQL within one condition: `not (x <= 7)` is unknown where x is. At the end of a
condition unknown counts as false. A named term that is a condition ends there too, so it is always true or false,
and `not followed_up` is true for someone of whom nothing is known.
"""

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir

CONTRACT_TYPES = {"BIGINT": "integer", "DOUBLE": "number", "VARCHAR": "string", "BOOLEAN": "boolean", "DATE": "date"}
"""What a column of each physical type of a contract is in an expression."""

IBIS_TYPES = {"integer": "int64", "number": "float64", "string": "string", "boolean": "boolean", "date": "date"}


@dataclass(frozen=True)
class Variable:
    """What one name holds: `integer`, `number`, `string`, `boolean` or `date`.

    `values` lists the only texts it can hold, where that is known. `is_list` marks a setting that holds several
    values and may stand only in `in (:setting)`.
    """

    type: str
    values: tuple[str, ...] = ()
    is_list: bool = False


@dataclass(frozen=True)
class Row:
    """What an expression is evaluated on: a table, the settings' values and the reference date."""

    table: ir.Table
    settings: Mapping[str, Any]
    reference_date: date


@dataclass(frozen=True)
class Expression:
    """One checked expression: its text, its type and the columns and settings it reads, those of its terms too.

    `parts` are the conditions that stand side by side with `and` between them, where there are several.
    """

    text: str
    type: str
    columns: frozenset[str]
    settings: frozenset[str]
    _build: Callable[[Row], ir.Value] = field(repr=False, compare=False)
    parts: tuple["Expression", ...] = field(default=(), repr=False, compare=False)

    def on(self, table: ir.Table, /, *, settings: Mapping[str, Any], reference_date: date) -> ir.Value:
        """The value per row of `table`; of a condition true or false, never null."""
        return self._value(Row(table, settings, reference_date))

    def _value(self, row: Row) -> ir.Value:
        value = self._build(row)
        return ibis.coalesce(value, ibis.literal(False)) if self.type == "boolean" else value


@dataclass(frozen=True)
class Scope:
    """The names an expression may use."""

    columns: Mapping[str, Variable]
    settings: Mapping[str, Variable] = field(default_factory=dict)
    terms: Mapping[str, Expression] = field(default_factory=dict)


def months_before(day: date, months: int) -> date:
    """The same day `months` calendar months earlier, cut to the end of that month.

    >>> months_before(date(2026, 10, 31), 8)
    datetime.date(2026, 2, 28)
    """
    index = max(day.year * 12 + day.month - 1 - months, 12)  # year 1 is the earliest there is
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))

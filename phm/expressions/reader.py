"""The reader of the expression language: parses one text, checks every node, and says how to build it.

`language` says what there is to write; here is how each construct is checked and what it becomes in Ibis. Anything
sqlglot can parse that has no handler below is refused by name.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from typing import Any, NoReturn

import ibis
import ibis.expr.types as ir
from sqlglot import exp

from phm.errors import DefinitionError
from phm.expressions.document import nearest
from phm.expressions.language import IBIS_TYPES, Expression, Row, Scope, Variable, months_before
from phm.expressions.syntax import NotAnExpression, construct, line_of, sides, tree

NUMBERS = ("integer", "number")
COMPARISONS: dict[type[exp.Expression], Callable[[Any, Any], Any]] = {
    exp.EQ: lambda a, b: a == b,
    exp.NEQ: lambda a, b: a != b,
    exp.LT: lambda a, b: a < b,
    exp.LTE: lambda a, b: a <= b,
    exp.GT: lambda a, b: a > b,
    exp.GTE: lambda a, b: a >= b,
}
ARITHMETIC: dict[type[exp.Expression], Callable[[Any, Any], Any]] = {
    exp.Add: lambda a, b: a + b,
    exp.Sub: lambda a, b: a - b,
    exp.Mul: lambda a, b: a * b,
    exp.Div: lambda a, b: a.cast("float64") / b.cast("float64").nullif(0.0),
}


@dataclass(frozen=True)
class _Part:
    """One checked node: its type, how to build it, the texts it can hold, and what it was written as."""

    type: str
    build: Callable[[Row], ir.Value]
    written: exp.Expression | str
    values: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """Its text; made when somebody asks, for that takes longer than all the rest."""
        return self.written if isinstance(self.written, str) else self.written.sql()


def parse(
    text: str, scope: Scope, /, *, source: str = "expression", line: int = 1, condition: bool = True
) -> Expression:
    """The expression written in `text`, checked against `scope`.

    `source` and `line` say where the text starts, for the DefinitionError of a name, type or construct that is
    wrong. With `condition` it must be boolean.

    >>> scope = Scope({"age": Variable("integer")})
    >>> parse("age between 30 and 50", scope).type
    'boolean'
    """
    reader = _Reader(scope, source, line)
    try:
        statement = tree(text)
        whole = reader.expression(statement)
        if condition and whole.type != "boolean":
            reader.fail(statement, f"A condition must be true or false, but {whole.text} is of type {whole.type}")
        conditions = list(statement.unnest().flatten()) if isinstance(statement.unnest(), exp.And) else []
        parts = tuple(_Reader(scope, source, line).expression(node) for node in conditions)
    except NotAnExpression as error:
        reader.fail_at(error.line, error.what, error.hint)
    except RecursionError:
        reader.fail_at(1, "This expression is nested too deeply", "Give its parts names under terms.")
    return replace(whole, text=" ".join(text.split()), parts=parts)


class _Reader:
    """Walks one parsed expression, checks every node and collects the columns and settings it reads."""

    def __init__(self, scope: Scope, source: str, line: int) -> None:
        self.scope, self.source, self.line = scope, source, line
        self.columns: set[str] = set()
        self.settings: set[str] = set()

    def fail_at(self, line: int, what: str, hint: str) -> NoReturn:
        raise DefinitionError(what, name=f"{self.source}, line {self.line + line - 1}", hint=hint)

    def fail(self, node: exp.Expression, what: str, hint: str | None = None) -> NoReturn:
        self.fail_at(line_of(node), what, hint or "See phm.expressions.language for all there is.")

    def expression(self, node: exp.Expression) -> Expression:
        part = self.part(node)
        return Expression(part.sql, part.type, frozenset(self.columns), frozenset(self.settings), part.build)

    def part(self, node: exp.Expression) -> _Part:
        if type(node) in COMPARISONS:
            return self._comparison(node)
        if type(node) in ARITHMETIC:
            return self._arithmetic(node)
        handler = HANDLERS.get(type(node))
        if isinstance(node, exp.Alias):
            self.fail(
                node, f"Nothing can follow {node.this.sql()}, but {node.alias} does", "Join them with and, or, =."
            )
        if handler is None:
            self.fail(node, f"{construct(node)} is not part of the language")
        return handler(self, node)

    # names and constants

    def _column(self, node: exp.Column) -> _Part:
        name = node.name
        if node.table or not isinstance(node.this, exp.Identifier) or node.this.quoted:
            self.fail(
                node, f"{node.sql()} is not a plain column name", "Write the name alone, without table or quotes."
            )
        if name in self.scope.terms:
            term = self.scope.terms[name]
            self.columns |= term.columns
            self.settings |= term.settings
            return _Part(term.type, term._value, node)
        if name not in self.scope.columns:
            known = {*self.scope.columns, *self.scope.terms}
            self.fail(node, f"There is no column or term {name}", nearest(name, known))
        variable = self.scope.columns[name]
        self.columns.add(name)
        return _Part(variable.type, lambda row: row.table[name].cast(IBIS_TYPES[variable.type]), node, variable.values)

    def _setting(self, node: exp.Placeholder) -> _Part:
        name, variable = node.name, self._setting_variable(node)
        if variable.is_list:
            self.fail(node, f":{name} holds several values", f"Write `in (:{name})`.")
        constant = IBIS_TYPES[variable.type]
        return _Part(variable.type, lambda row: ibis.literal(row.settings[name], constant), f":{name}", variable.values)

    def _setting_variable(self, node: exp.Placeholder) -> Variable:
        if node.name not in self.scope.settings:
            self.fail(node, f"There is no setting :{node.name}", nearest(node.name, self.scope.settings))
        self.settings.add(node.name)
        return self.scope.settings[node.name]

    def _literal(self, node: exp.Literal) -> _Part:
        value = self._constant(node)
        kind = {str: "string", int: "integer", float: "number"}[type(value)]
        return _Part(kind, lambda row: ibis.literal(value, IBIS_TYPES[kind]), node)

    def _constant(self, node: exp.Expression) -> str | int | float:
        """The value of a literal, or of a minus before one."""
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
            return -self._constant(node.this)
        if not isinstance(node, exp.Literal):
            self.fail(node, f"{node.sql()} is not a constant", "Only constants or one list setting may stand here.")
        if node.is_string:
            return node.this
        value = int(node.this) if node.this.isdigit() else float(node.this)
        if abs(value) >= 2**53:
            self.fail(node, f"{node.this} is too large", "Numbers must stay below 9,007,199,254,740,992.")
        return value

    def _boolean(self, node: exp.Boolean) -> _Part:
        return _Part("boolean", lambda row: ibis.literal(bool(node.this)), node)

    def _date(self, node: exp.Cast) -> _Part:
        if not (node.is_type("date") and isinstance(node.this, exp.Literal) and node.this.is_string):
            self.fail(node, "CAST is not part of the language", "A date is written DATE '2026-10-31'.")
        try:
            value = date.fromisoformat(node.this.this)
        except ValueError:
            self.fail(node, f"{node.this.sql()} is not a date", "Write year-month-day: DATE '2026-10-31'.")
        return _Part("date", lambda row: ibis.literal(value), f"DATE {node.this.sql()}")

    # operators

    def _paren(self, node: exp.Paren) -> _Part:
        return self.part(node.this)

    def _logic(self, node: exp.And | exp.Or) -> _Part:
        word = type(node).__name__.lower()
        parts = [self._condition(side, f"The {name} side of {word}") for name, side in sides(node)]
        join = (lambda a, b: a & b) if word == "and" else (lambda a, b: a | b)
        return _Part("boolean", lambda row: reduce(join, [part.build(row) for part in parts]), node)

    def _not(self, node: exp.Not) -> _Part:
        part = self._condition(node.this, "What follows not")
        return _Part("boolean", lambda row: ~part.build(row), node)

    def _condition(self, node: exp.Expression, role: str) -> _Part:
        part = self.part(node)
        if part.type != "boolean":
            self.fail(node, f"{role} must be a condition, but {part.sql} is of type {part.type}")
        return part

    def _comparison(self, node: exp.Binary) -> _Part:
        if isinstance(node.left, exp.Null) or isinstance(node.right, exp.Null):
            self.fail(node, "Nothing equals null", "Write `is null` or `is not null`.")
        left, right = self.part(node.left), self.part(node.right)
        self._check_comparable(node, left, right, type(node) in (exp.EQ, exp.NEQ))
        compare = COMPARISONS[type(node)]
        return _Part("boolean", lambda row: compare(left.build(row), right.build(row)), node)

    def _check_comparable(self, node: exp.Expression, left: _Part, right: _Part, equality: bool) -> None:
        same = left.type == right.type or (left.type in NUMBERS and right.type in NUMBERS)
        if not same:
            hint = "A date is written DATE '2026-10-31'." if "date" in (left.type, right.type) else None
            what = f"The left side {left.sql} is of type {left.type}, the right side {right.sql} of type {right.type}"
            self.fail(node, what, hint or "Compare values of one type.")
        if left.type in ("string", "boolean") and not equality:
            self.fail(node, f"{left.sql} is of type {left.type} and has no order", "Use =, <> or in.")
        for part, other in ((left, node.args.get("expression")), (right, node.this)):
            if part.values and isinstance(other, exp.Literal):
                self._check_value(node, part, other.this)

    def _check_value(self, node: exp.Expression, part: _Part, value: Any) -> None:
        if part.values and value not in part.values:
            self.fail(node, f"{part.sql} is never {value!r}", nearest(str(value), part.values))

    def _between(self, node: exp.Between) -> _Part:
        value, low, high = (self.part(node.args[name]) for name in ("this", "low", "high"))
        self._check_comparable(node, value, low, False)
        self._check_comparable(node, value, high, False)

        def build(row: Row) -> ir.Value:
            subject = value.build(row)
            return (subject >= low.build(row)) & (subject <= high.build(row))

        return _Part("boolean", build, node)

    def _in(self, node: exp.In) -> _Part:
        part, items = self.part(node.this), node.expressions
        if not items:
            self.fail(node, "A query is not part of the language", "List the values: in ('a', 'b').")
        if isinstance(items[0], exp.Placeholder) and len(items) == 1:
            name, variable = items[0].name, self._setting_variable(items[0])
            if not variable.is_list:
                self.fail(node, f":{name} is a single value", f"Write `= :{name}`.")
            self._check_comparable(node, part, _Part(variable.type, part.build, f":{name}"), True)
            return _Part("boolean", lambda row: part.build(row).isin(list(row.settings[name])), node)
        values = []
        for item in items:
            if isinstance(item, exp.Null):
                self.fail(node, "A list cannot hold null", "Write `or … is null`.")
            value = self._constant(item)
            kind = {str: "string", int: "integer", float: "number"}[type(value)]
            self._check_comparable(node, part, _Part(kind, part.build, item), True)
            self._check_value(node, part, value)
            values.append(value)
        return _Part("boolean", lambda row: part.build(row).isin(values), node)

    def _is(self, node: exp.Is) -> _Part:
        if not isinstance(node.expression, exp.Null):
            self.fail(node, f"`is {node.expression.sql()}` is not part of the language", "Write the condition itself.")
        part = self.part(node.this)
        return _Part("boolean", lambda row: part.build(row).isnull(), node)

    def _arithmetic(self, node: exp.Binary) -> _Part:
        parts = [self._number(side, f"The {name} side of {_symbol(node)}") for name, side in sides(node)]
        whole = all(part.type == "integer" for part in parts) and not isinstance(node, exp.Div)
        apply = ARITHMETIC[type(node)]
        kind = "integer" if whole else "number"
        return _Part(kind, lambda row: apply(*[part.build(row) for part in parts]), node)

    def _negative(self, node: exp.Neg) -> _Part:
        part = self._number(node.this, "What follows -")
        return _Part(part.type, lambda row: -part.build(row), node)

    def _number(self, node: exp.Expression, role: str) -> _Part:
        part = self.part(node)
        if part.type not in NUMBERS:
            hint = "For dates there are the _days columns and within_months." if part.type == "date" else None
            self.fail(node, f"{role} must be a number, but {part.sql} is of type {part.type}", hint)
        return part

    # functions

    def _coalesce(self, node: exp.Coalesce) -> _Part:
        parts = [self.part(item) for item in (node.this, *node.expressions)]
        for other in parts[1:]:
            self._check_comparable(node, parts[0], other, True)
        kind = next((part.type for part in parts if part.type == "number"), parts[0].type)
        build = lambda row: ibis.coalesce(*[part.build(row) for part in parts]).cast(IBIS_TYPES[kind])  # noqa: E731
        return _Part(kind, build, node)

    def _function(self, node: exp.Anonymous) -> _Part:
        if node.name.lower() != "within_months":
            hint = nearest(node.name, ("coalesce", "within_months"))
            self.fail(node, f"{node.name}() is not part of the language", hint)
        if len(node.expressions) != 2:
            self.fail(node, "within_months needs a date and a number of months", "As in within_months(bmi_date, 12).")
        day, count = self.part(node.expressions[0]), node.expressions[1]
        months = self.part(count)
        if day.type != "date":
            self.fail(node, f"The first argument of within_months must be a date, but {day.sql} is of type {day.type}")
        if months.type != "integer" or not isinstance(count, exp.Literal | exp.Placeholder):
            self.fail(node, f"The second argument of within_months must be a whole number or setting, not {months.sql}")

        def build(row: Row) -> ir.Value:
            number = row.settings[count.name] if isinstance(count, exp.Placeholder) else int(count.this)
            later = day.build(row) > ibis.literal(months_before(row.reference_date, number))
            return ibis.coalesce(later, ibis.literal(False))

        return _Part("boolean", build, node)


HANDLERS: dict[type[exp.Expression], Callable[[_Reader, Any], _Part]] = {
    exp.Column: _Reader._column,
    exp.Placeholder: _Reader._setting,
    exp.Literal: _Reader._literal,
    exp.Boolean: _Reader._boolean,
    exp.Cast: _Reader._date,
    exp.Paren: _Reader._paren,
    exp.And: _Reader._logic,
    exp.Or: _Reader._logic,
    exp.Not: _Reader._not,
    exp.Between: _Reader._between,
    exp.In: _Reader._in,
    exp.Is: _Reader._is,
    exp.Neg: _Reader._negative,
    exp.Coalesce: _Reader._coalesce,
    exp.Anonymous: _Reader._function,
}


def _symbol(node: exp.Expression) -> str:
    return {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}[type(node)]

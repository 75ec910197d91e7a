"""Random expressions mean the same to the translator and to a plain evaluator of SQL's three-valued logic."""

import operator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phm.expressions import Scope, Variable, parse

REFERENCE_DATE = date(2026, 10, 31)
COLUMNS = {"i": "integer", "j": "integer", "x": "number", "s": "string", "b": "boolean", "d": "date", "e": "date"}
SETTINGS = {"limit": 7, "name": "a", "groups": ("a", "c"), "flag": True, "months": 12}
ROWS = [
    dict(zip(COLUMNS, values, strict=True))
    for values in [
        (None, None, None, None, None, None, None),
        (0, 0, 0.0, "a", True, date(2026, 10, 31), date(2025, 10, 31)),
        (7, -3, 2.5, "b", False, date(2025, 10, 31), date(2025, 11, 1)),
        (-3, 7, -1.25, "c", True, date(2025, 11, 1), None),
        (5, None, 7.0, None, None, date(2020, 2, 29), date(2026, 1, 1)),
        (None, 2, None, "c", False, None, date(2020, 2, 29)),
        (7, 7, 7.0, "", None, date(2024, 1, 1), date(2024, 1, 1)),
    ]
]


@dataclass(frozen=True)
class Piece:
    """Part of an expression: its SQL and its value for a row, None where unknown."""

    sql: str
    of: Any


def lift(function):
    """A function of plain values that is unknown where any of them is."""

    def lifted(*pieces):
        def of(row):
            values = [piece.of(row) for piece in pieces]
            return None if any(value is None for value in values) else function(*values)

        return of

    return lifted


def divide(a, b):
    return None if b == 0 else a / b


def both(a, b):
    return False if a is False or b is False else None if a is None or b is None else True


def either(a, b):
    return True if a is True or b is True else None if a is None or b is None else False


def binary(symbol, function):
    return lambda a, b: Piece(f"({a.sql} {symbol} {b.sql})", lift(function)(a, b))


def column(*names):
    return st.sampled_from(names).map(lambda name: Piece(name, lambda row: row[name]))


def constant(sql, value):
    return Piece(sql, lambda row: value)


numbers = st.recursive(
    column("i", "j", "x")
    | st.integers(-9, 9).map(lambda n: constant(str(n), n))
    | st.sampled_from([constant("2.5", 2.5), constant(":limit", 7)]),
    lambda inner: st.one_of(
        *[
            st.builds(binary(symbol, function), inner, inner)
            for symbol, function in [("+", operator.add), ("-", operator.sub), ("*", operator.mul), ("/", divide)]
        ],
        st.builds(lambda a: Piece(f"(- {a.sql})", lift(operator.neg)(a)), inner),
        st.builds(
            lambda a, b: Piece(f"coalesce({a.sql}, {b.sql})", lambda r: b.of(r) if a.of(r) is None else a.of(r)),
            inner,
            inner,
        ),
    ),
    max_leaves=4,
)
texts = column("s") | st.sampled_from([constant("'a'", "a"), constant(":name", "a"), constant("'it''s'", "it's")])
dates = column("d", "e") | st.dates(date(2020, 1, 1), date(2026, 10, 31)).map(
    lambda day: constant(f"DATE '{day}'", day)
)
equality = [("=", operator.eq), ("<>", operator.ne)]
order = [*equality, ("<", operator.lt), ("<=", operator.le), (">", operator.gt), (">=", operator.ge)]


def compared(values, symbols):
    return st.one_of(*[st.builds(binary(symbol, function), values, values) for symbol, function in symbols])


def is_within(day):
    return day is not None and day > date(2025, 10, 31)


def between(a, low, high):
    return Piece(
        f"({a.sql} between {low.sql} and {high.sql})",
        lambda row: both(lift(operator.ge)(a, low)(row), lift(operator.le)(a, high)(row)),
    )


conditions = st.recursive(
    column("b")
    | st.sampled_from([constant("true", True), constant("false", False), constant(":flag", True)])
    | compared(numbers, order)
    | compared(texts, equality)
    | compared(dates, order)
    | st.builds(between, numbers, numbers, numbers)
    | st.builds(between, dates, dates, dates)
    | st.builds(lambda a: Piece(f"({a.sql} in (0, 7, -3))", lift(lambda v: v in (0, 7, -3))(a)), column("i", "x"))
    | st.builds(lambda a: Piece(f"({a.sql} in (:groups))", lift(lambda v: v in ("a", "c"))(a)), column("s"))
    | st.builds(lambda a: Piece(f"({a.sql} not in ('a', 'b'))", lift(lambda v: v not in ("a", "b"))(a)), column("s"))
    | st.builds(lambda a: Piece(f"({a.sql} is null)", lambda row: a.of(row) is None), numbers | dates | texts)
    | st.builds(lambda a: Piece(f"({a.sql} is not null)", lambda row: a.of(row) is not None), numbers | dates)
    | st.builds(
        lambda a: Piece(f"within_months({a.sql}, :months)", lambda row: is_within(a.of(row))), column("d", "e")
    ),
    lambda inner: st.one_of(
        st.builds(lambda a, b: Piece(f"({a.sql} and {b.sql})", lambda row: both(a.of(row), b.of(row))), inner, inner),
        st.builds(lambda a, b: Piece(f"({a.sql} or {b.sql})", lambda row: either(a.of(row), b.of(row))), inner, inner),
        st.builds(lambda a: Piece(f"(not {a.sql})", lift(operator.not_)(a)), inner),
    ),
    max_leaves=6,
)

TYPES = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "string": pa.string(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}
SCOPE = Scope(
    {name: Variable(kind) for name, kind in COLUMNS.items()},
    {
        "limit": Variable("integer"),
        "name": Variable("string"),
        "groups": Variable("string", is_list=True),
        "flag": Variable("boolean"),
        "months": Variable("integer"),
    },
)
DUCKDB = ibis.duckdb.connect()
SCHEMA = pa.schema([(name, TYPES[kind]) for name, kind in COLUMNS.items()])
TABLE = DUCKDB.create_table(
    "rows",
    pa.Table.from_pylist(
        [{**row, "n": n} for n, row in enumerate(ROWS)], schema=SCHEMA.append(pa.field("n", pa.int64()))
    ),
)


def found(expression):
    value = expression.on(TABLE, settings=SETTINGS, reference_date=REFERENCE_DATE)
    return TABLE.select("n", value=value).order_by("n").to_pyarrow()["value"].to_pylist()


@settings(max_examples=250, derandomize=True, suppress_health_check=list(HealthCheck))
@given(conditions)
def test_a_condition_is_true_where_sql_says_true_and_false_elsewhere(piece):
    assert found(parse(piece.sql, SCOPE)) == [piece.of(row) is True for row in ROWS]


@settings(max_examples=80, derandomize=True, suppress_health_check=list(HealthCheck))
@given(conditions, conditions)
def test_a_term_is_never_unknown(term, rest):
    scope = Scope(SCOPE.columns, SCOPE.settings, {"t": parse(term.sql, SCOPE)})
    expected = [either(term.of(row) is not True, rest.of(row)) is True for row in ROWS]
    assert found(parse(f"not t or {rest.sql}", scope)) == expected


def test_the_last_day_of_a_look_back():
    days = [REFERENCE_DATE - timedelta(days=days) for days in (364, 365, 366)]
    table = DUCKDB.create_table("days", pa.table({"d": days}))
    value = parse("within_months(d, 12)", SCOPE).on(table, settings={}, reference_date=REFERENCE_DATE)
    assert sorted(table.select("d", value=value).to_pyarrow()["value"].to_pylist()) == [False, False, True]

"""This delivery against the last one: what changed by more than two deliveries of the same places should.

Belongs here: counting and comparing two landed tables of one contract. What is told are shares, counts of rows and
names of practices and codes, never a value of a person.

How far a distribution moved is the population stability index: over categories, or tenths of what came before, the sum
of (now - before) ln(now / before), each a share of rows. Below 0.1 little moved, above 0.25 much. Source: Siddiqi,
Credit Risk Scorecards (2006).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from phm.feeds.contracts import Contract
from phm.feeds.observations import Bound
from phm.feeds.schema import Column, DriftLimits, Limits, literal, quoted

SMALLEST_SHARE = 0.0001
"""A share below this counts as this: an empty category would make the index infinite."""
SMALLEST_GROUP = 1000
"""Rows a distribution needs in both deliveries: chance alone moves the index of fewer by more than 0.02."""
_TENTHS = 10
_NOW, _BEFORE = "delivery_now", "delivery_before"


_NAMED = 10
"""At most this many subjects are named in the description of a rule."""

_ASKS: Mapping[str, str] = {
    "rows": "The number of rows changed by at most {volume_percent:g}%.",
    "practice_rows": "No practice's number of rows changed by more than {volume_percent:g}%.",
    "practice_missing": "Every practice of the delivery before delivered again.",
    "practice_new": "No practice is new.",
    "completeness": "No column's share of filled-in values changed by more than {completeness_points:g} points.",
    "distribution": "No column's values moved by a stability index above {stability_index:g}.",
}
DRIFT_RULES: Mapping[str, str] = {kind: f"drift_{kind}" for kind in _ASKS}
"""Rule id of each kind of comparison."""


@dataclass(frozen=True)
class Shift:
    """One comparison of two deliveries.

    `kind` is `rows` (of the table), `practice_rows`, `practice_missing`, `practice_new`, `completeness` (of a column)
    or `distribution` (of a column). `subject` is the practice or column. `before` and `now` are rows, or percent filled
    in; a distribution has none. `change` is what is held against the limit, in `unit`: percent of `before`, percentage
    points, or the stability index. `is_beyond` says that the limit is passed.
    """

    kind: str
    subject: str
    before: float | None
    now: float | None
    unit: str
    change: float | None
    is_beyond: bool

    @property
    def how_much(self) -> str:
        """The change with its unit; empty where there was nothing before."""
        form = {"percent": "{:+.1f}%", "points": "{:+.1f} points", "index": "{:.3f}"}[self.unit]
        return "" if self.change is None else form.format(self.change)

    def __str__(self) -> str:
        return f"{self.subject} ({self.how_much})" if self.how_much else self.subject


def compare(
    con: duckdb.DuckDBPyConnection, contract: Contract, now: Sequence[Path], before: Sequence[Path], /
) -> list[Shift]:
    """Every comparison of the landed tables in Parquet files `now` and `before`, in the order of the contract.

    `contract` is the feed's, and says in `drift` how much may change.
    """
    limits = contract.drift
    if limits is None:
        return []
    columns = [c for c in contract.landed().columns if not _is_key(c)]
    with con.cursor() as cursor:
        for name, files in ((_NOW, now), (_BEFORE, before)):
            source = f"read_parquet([{', '.join(map(literal, files))}])"
            cursor.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM {source}")
        shifts = [_rows(cursor, limits)]
        if "practice_code" in contract.column_names:
            shifts += _practices(cursor, limits)
        shifts += _completeness(cursor, columns, limits)
        for column in columns:
            if column.name != "practice_code":
                shifts += _distribution(cursor, column, limits)
    return shifts


def drift_bounds(limits: DriftLimits, shifts: Sequence[Shift], /) -> list[Bound]:
    """What is asked of the comparisons of each kind: that none is beyond its limit; those that are stand by name."""
    bounds = []
    for kind, asks in _ASKS.items():
        beyond = [shift for shift in shifts if shift.kind == kind and shift.is_beyond]
        named = ", ".join(map(str, beyond[:_NAMED])) + (", …" if len(beyond) > _NAMED else "")
        says = asks.format_map(vars(limits)) + (f" Not so: {named}." if beyond else "")
        bounds.append(Bound(DRIFT_RULES[kind], "warning", "comparisons", says, Limits(0, 0)))
    return bounds


def observe_drift(shifts: Sequence[Shift], /) -> dict[str, float | None]:
    """How many comparisons of each kind are beyond their limit, by rule id."""
    return {rule: sum(s.is_beyond for s in shifts if s.kind == kind) for kind, rule in DRIFT_RULES.items()}


def _is_key(column: Column) -> bool:
    """Whether a column tells rows or people apart: its values are new with every delivery."""
    return column.unique or column.name.endswith("_id")


def _rows(cursor: duckdb.DuckDBPyConnection, limits: DriftLimits) -> Shift:
    now, before = cursor.execute(f"SELECT (SELECT count(*) FROM {_NOW}), (SELECT count(*) FROM {_BEFORE})").fetchone()
    return _changed("rows", "all rows", before, now, limits)


def _practices(cursor: duckdb.DuckDBPyConnection, limits: DriftLimits) -> Iterator[Shift]:
    """One shift for each practice, those that are missing or new first."""
    counted = cursor.execute(
        f"""
        SELECT practice_code, b.n, a.n
        FROM (SELECT practice_code, count(*) AS n FROM {_NOW} GROUP BY ALL) AS a
        FULL JOIN (SELECT practice_code, count(*) AS n FROM {_BEFORE} GROUP BY ALL) AS b USING (practice_code)
        ORDER BY (a.n IS NOT NULL) AND (b.n IS NOT NULL), practice_code
        """
    ).fetchall()
    for practice_code, before, now in counted:
        if now is None:
            yield Shift("practice_missing", practice_code, before, 0, "percent", -100.0, True)
        elif before is None:
            yield Shift("practice_new", practice_code, 0, now, "percent", None, True)
        else:
            yield _changed("practice_rows", practice_code, before, now, limits)


def _changed(kind: str, subject: str, before: int, now: int, limits: DriftLimits) -> Shift:
    change = 100 * (now - before) / before if before else None
    return Shift(kind, subject, before, now, "percent", change, change is None or abs(change) > limits.volume_percent)


def _completeness(cursor: duckdb.DuckDBPyConnection, columns: Sequence[Column], limits: DriftLimits) -> Iterator[Shift]:
    filled = ", ".join(f"100 * count({quoted(c.name)}) / greatest(count(*), 1)" for c in columns)
    now, before = (cursor.execute(f"SELECT {filled} FROM {name}").fetchone() for name in (_NOW, _BEFORE))
    for column, was, is_now in zip(columns, before, now, strict=True):
        points = is_now - was
        yield Shift(
            "completeness", column.name, was, is_now, "points", points, abs(points) > limits.completeness_points
        )


def _distribution(cursor: duckdb.DuckDBPyConnection, column: Column, limits: DriftLimits) -> Iterator[Shift]:
    """The stability index of a column: over its categories, or over tenths of what was delivered before.

    Values that stand beside a code are compared within each code; the code that moved most counts. Dates are compared
    by how long they lie before the newest one, since two deliveries lie apart themselves.
    """
    group = quoted(limits.values_by[column.name]) if column.name in limits.values_by else "NULL"
    name = quoted(column.name)
    is_category = column.type in ("VARCHAR", "BOOLEAN")
    place = "dense_rank() OVER (PARTITION BY of ORDER BY value)"
    if not is_category:
        below = "sum(b) OVER (PARTITION BY of ORDER BY value) - b"
        place = f"least({_TENTHS - 1}, {_TENTHS} * ({below}) // sum(b) OVER (PARTITION BY of))"

    def side(view: str, is_now: bool) -> str:
        value = f"date_diff('day', {name}, (SELECT max({name}) FROM {view}))" if column.type == "DATE" else name
        return f"SELECT {group} AS of, {value} AS value, {is_now} AS is_now FROM {view} WHERE {name} IS NOT NULL"

    sides = f"{side(_NOW, True)} UNION ALL {side(_BEFORE, False)}"
    moved = cursor.execute(
        f"""
        WITH counted AS (
            SELECT of, value, count(*) FILTER (is_now) AS a, count(*) FILTER (NOT is_now) AS b
            FROM ({sides}) GROUP BY ALL
        ),
        placed AS (SELECT of, {place} AS place, a, b FROM counted),
        large AS (
            SELECT of, sum(a) AS all_a, sum(b) AS all_b FROM placed GROUP BY of
            HAVING sum(a) >= {SMALLEST_GROUP} AND sum(b) >= {SMALLEST_GROUP}
        ),
        shares AS (
            SELECT placed.of, greatest(sum(a) / any_value(all_a), {SMALLEST_SHARE}) AS p,
                   greatest(sum(b) / any_value(all_b), {SMALLEST_SHARE}) AS q
            FROM placed JOIN large ON placed.of IS NOT DISTINCT FROM large.of GROUP BY placed.of, place
        )
        SELECT of, sum((p - q) * ln(p / q)) AS stability_index FROM shares GROUP BY of
        ORDER BY stability_index DESC, of LIMIT 1
        """
    ).fetchone()
    if moved:
        of, index = moved
        subject = f"{column.name} of {of}" if of else column.name
        yield Shift("distribution", subject, None, None, "index", index, index > limits.stability_index)

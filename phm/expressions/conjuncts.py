"""The single conditions that a condition asks for together, written one way, so that equal ones can be recognised."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import sqlglot
from sqlglot import exp

from phm.expressions.language import Expression

YOUNGEST, OLDEST = 0, 120
_BETWEEN = re.compile(r"age BETWEEN (\d+) AND (\d+)")
_LIMIT = re.compile(r"age (>=|>|<=|<) (\d+)")


def conjuncts(
    text: str, /, *, values: Mapping[str, Any] | None = None, terms: Mapping[str, Expression] | None = None
) -> frozenset[str]:
    """The conditions that `and` joins in a text, with settings as their `values` and `terms` as what they stand for.

    >>> sorted(conjuncts("is_alive and age  between :low and 50", values={"low": 30}))
    ['age BETWEEN 30 AND 50', 'is_alive']
    """
    written = _written(sqlglot.parse_one(text), values or {}, terms or {})
    return (
        frozenset(part.sql() for part in written.unnest().flatten()) if _is_and(written) else frozenset([written.sql()])
    )


def ages_of(conditions: frozenset[str], /) -> tuple[int, int, frozenset[str]]:
    """Youngest and oldest age some conditions leave, and the conditions that are not about age alone.

    >>> ages_of(frozenset({"age >= 18", "is_alive"}))
    (18, 120, frozenset({'is_alive'}))
    """
    youngest, oldest, others = YOUNGEST, OLDEST, set()
    for condition in conditions:
        if found := _BETWEEN.fullmatch(condition):
            low, high = int(found[1]), int(found[2])
        elif found := _LIMIT.fullmatch(condition):
            age = int(found[2])
            low = {">=": age, ">": age + 1}.get(found[1], YOUNGEST)
            high = {"<=": age, "<": age - 1}.get(found[1], OLDEST)
        else:
            others.add(condition)
            continue
        youngest, oldest = max(youngest, low), min(oldest, high)
    return youngest, oldest, frozenset(others)


def _is_and(node: exp.Expression) -> bool:
    return isinstance(node.unnest(), exp.And)


def _written(tree: exp.Expression, values: Mapping[str, Any], terms: Mapping[str, Expression]) -> exp.Expression:
    """The tree with settings and terms replaced by what they stand for; a term that is joined by `and` falls apart."""

    def replaced(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.Placeholder) and node.name in values:
            return exp.convert(values[node.name])
        if isinstance(node, exp.Column) and node.name in terms:
            meant = exp.Paren(this=_written(sqlglot.parse_one(terms[node.name].text), values, terms))
            # A term is never unknown; where it is joined by `and` alone, unknown means false anyway.
            is_joined = all(isinstance(above, exp.And | exp.Paren) for above in _above(node))
            return meant if is_joined else exp.Coalesce(this=meant, expressions=[exp.false()])
        return node

    whole = tree.transform(replaced)
    return whole.transform(lambda node: node.unnest() if isinstance(node, exp.Paren) and _joins(node) else node)


def _above(node: exp.Expression) -> Iterator[exp.Expression]:
    while node := node.parent:
        yield node


def _joins(node: exp.Paren) -> bool:
    return isinstance(node.unnest(), exp.And) and (node.parent is None or isinstance(node.parent, exp.And))

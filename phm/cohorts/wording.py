"""Conditions in the words of a reader: what stands in a definition's page, in a comparison and in a person's trail.

Belongs here: from the tree of a checked expression to English. Where a construct has no plain words the condition is
shown as it is written, between backticks: a reader never gets less than the rule.
"""

from collections.abc import Callable, Mapping

from sqlglot import exp

from phm.cohorts.facts import feature_columns
from phm.cohorts.parts import Definition
from phm.cohorts.templates import written
from phm.expressions import Expression
from phm.expressions.syntax import tree

_CAPITALS = {
    "acr": "ACR", "af": "AF", "bmi": "BMI", "bp": "BP", "ckd": "CKD", "cvd": "CVD", "efi": "eFI", "egfr": "eGFR",
    "hba1c": "HbA1c", "hbpm": "HBPM", "imd": "IMD", "nhs": "NHS", "pct": "%", "pcn": "PCN", "qrisk3": "QRISK3",
    "raynauds": "Raynaud's", "tia": "TIA", "3m": "in 3 months", "6m": "in 6 months", "12m": "in 12 months",
    "24m": "in 24 months",
}  # fmt: skip
_NUMBERS = {
    exp.GTE: "{} {} or more", exp.GT: "{} more than {}", exp.LTE: "{} {} or less", exp.LT: "{} below {}",
    exp.EQ: "{} is {}", exp.NEQ: "{} is not {}",
}  # fmt: skip
_DATES = {
    exp.GTE: "{} on or after {}", exp.GT: "{} after {}", exp.LTE: "{} on or before {}", exp.LT: "{} before {}",
    exp.EQ: "{} on the same day as {}", exp.NEQ: "{} not on the same day as {}",
}  # fmt: skip
_AGES = {
    exp.GTE: "{} at least {} days ago", exp.GT: "{} more than {} days ago", exp.LTE: "{} at most {} days ago",
    exp.LT: "{} less than {} days ago", exp.EQ: "{} {} days ago", exp.NEQ: "{} not {} days ago",
}  # fmt: skip
_RECKONED = {exp.Add: "plus", exp.Sub: "minus", exp.Mul: "times", exp.Div: "divided by"}


def column_words(name: str, /) -> str:
    """A column's name in words.

    >>> column_words("latest_bp_date"), column_words("latest_bp_days"), column_words("has_ckd")
    ('latest BP date', 'days since latest BP', 'CKD')
    """
    words = name.removeprefix("has_").removeprefix("is_").removesuffix("_days").split("_")
    since = "days since " if name.endswith("_days") else ""
    return since + " ".join(_CAPITALS.get(word, word) for word in words)


def condition_words(expression: Expression, definition: Definition, /) -> str:
    """A condition of `definition` in words; a setting shows its value and its name, a term what it means."""
    return _Wording(definition).of(tree(expression.text))


class _Wording:
    """Words for the nodes of one definition's conditions."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.kinds: Mapping[str, str] = {name: column.type for name, column in feature_columns().items()}

    def of(self, node: exp.Expression) -> str:
        words = WORDS.get(type(node))
        return words(self, node) if words else f"`{node.sql()}`"

    def _joined(self, node: exp.And | exp.Or) -> str:
        joint = " and " if isinstance(node, exp.And) else " or "
        return joint.join(self._grouped(side) for side in node.flatten())

    def _grouped(self, node: exp.Expression) -> str:
        inner = node.unnest()
        return f"({self.of(inner)})" if isinstance(inner, exp.And | exp.Or) else self.of(inner)

    def _paren(self, node: exp.Paren) -> str:
        return self.of(node.unnest())

    def _column(self, node: exp.Column) -> str:
        if node.name in self.definition.terms:
            return f"“{self.definition.terms[node.name].means}”"
        if self.kinds[node.name] != "boolean":
            return column_words(node.name)
        return f"{column_words(node.name)}{' recorded' if node.name.startswith('has_') else ''}"

    def _not(self, node: exp.Not) -> str:
        inner = node.this.unnest()
        if isinstance(inner, exp.Is):
            return f"{self._dated(inner.this)} recorded"
        if isinstance(inner, exp.Anonymous):
            return f"{self._within(inner, ' not')} (or never)"
        return f"no {self.of(inner)}" if self._is_mark(inner) else f"not {self._grouped(inner)}"

    def _is_mark(self, node: exp.Expression) -> bool:
        is_column = isinstance(node, exp.Column) and node.name not in self.definition.terms
        return is_column and node.name.startswith("has_")

    def _compared(self, node: exp.Binary) -> str:
        left, right = self.of(node.left), self.of(node.right)
        if isinstance(node.left, exp.Placeholder) and node.left.name != "use":
            left = f"setting `{node.left.name}`"
        name = node.left.name if isinstance(node.left, exp.Column) else ""
        if name.endswith("_days"):
            return _AGES[type(node)].format(column_words(name.removesuffix("_days")), right)
        return (_DATES if self.kinds.get(name) == "date" else _NUMBERS)[type(node)].format(left, right)

    def _between(self, node: exp.Between) -> str:
        return f"{self.of(node.this)} between {self.of(node.args['low'])} and {self.of(node.args['high'])}"

    def _in(self, node: exp.In) -> str:
        return f"{self.of(node.this)} is {' or '.join(self.of(item) for item in node.expressions)}"

    def _is(self, node: exp.Is) -> str:
        return f"{self._dated(node.this)} not recorded"

    def _within(self, node: exp.Anonymous, negation: str = "") -> str:
        day, months = node.expressions
        return f"{self._dated(day)}{negation} within the last {self.of(months)} months"

    def _dated(self, node: exp.Expression) -> str:
        """What a date is the date of."""
        return self.of(node).removesuffix(" date")

    def _setting(self, node: exp.Placeholder) -> str:
        value = self.definition.values[node.name]
        if node.name == "use":
            return "the use"
        if isinstance(value, bool):
            return f"setting `{node.name}` ({'on' if value else 'off'})"
        return f"{written(value, self.definition.words)} (`{node.name}`)"

    def _literal(self, node: exp.Literal) -> str:
        return self.definition.words.get(node.this, node.this.replace("_", " "))

    def _reckoned(self, node: exp.Binary) -> str:
        return f"{self._operand(node.left)} {_RECKONED[type(node)]} {self._operand(node.right)}"

    def _operand(self, node: exp.Expression) -> str:
        inner = node.unnest()
        return f"({self.of(inner)})" if type(inner) in _RECKONED and inner is not node else self.of(inner)

    def _negative(self, node: exp.Neg) -> str:
        return f"-{self.of(node.this)}"

    def _boolean(self, node: exp.Boolean) -> str:
        return "everyone" if node.this else "nobody"


WORDS: Mapping[type[exp.Expression], Callable[[_Wording, exp.Expression], str]] = {
    **dict.fromkeys((exp.And, exp.Or), _Wording._joined),
    **dict.fromkeys(_NUMBERS, _Wording._compared),
    **dict.fromkeys(_RECKONED, _Wording._reckoned),
    exp.Paren: _Wording._paren,
    exp.Column: _Wording._column,
    exp.Not: _Wording._not,
    exp.Between: _Wording._between,
    exp.In: _Wording._in,
    exp.Is: _Wording._is,
    exp.Anonymous: _Wording._within,
    exp.Placeholder: _Wording._setting,
    exp.Literal: _Wording._literal,
    exp.Neg: _Wording._negative,
    exp.Boolean: _Wording._boolean,
}

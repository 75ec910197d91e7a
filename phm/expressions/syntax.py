"""The tree of one expression's text, as sqlglot sees it. What its nodes mean is `reader`'s part."""

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError


class NotAnExpression(ValueError):
    """A text that is no expression: what is wrong, on which of its lines, and what to try."""

    def __init__(self, what: str, *, line: int, hint: str = "See phm.expressions.language for all there is.") -> None:
        self.what, self.line, self.hint = what, line, hint
        super().__init__(what)


def tree(text: str, /) -> exp.Expression:
    """The root node of the one expression that `text` is.

    >>> tree("age >= 30").key
    'gte'
    """
    try:
        statements = sqlglot.parse(text)
    except ParseError as error:
        first = error.errors[0]
        is_short = first["description"].startswith("Required keyword")
        what = "something is missing" if is_short else first["description"].removeprefix("Invalid expression / ")
        raise NotAnExpression(
            f"This is not an expression: {what} at {first['highlight']!r}", line=first["line"]
        ) from error
    except SqlglotError as error:
        raise NotAnExpression("This is not an expression: a quote or bracket is not closed", line=1) from error
    if len(statements) != 1 or statements[0] is None:
        raise NotAnExpression("There must be exactly one expression", line=1)
    for node in statements[0].walk():
        if node.comments:
            raise NotAnExpression(
                "A comment is not part of the language",
                line=line_of(node),
                hint="Write it behind # on a YAML line of its own.",
            )
    return statements[0]


def line_of(node: exp.Expression) -> int:
    """Line of the text on which a node begins; that of what it stands in where sqlglot keeps none for it."""
    lines = [n.meta["line"] for n in node.walk() if "line" in n.meta]
    if not lines and node.parent is not None:
        return line_of(node.parent)
    return min(lines, default=1)


def sides(node: exp.Binary) -> tuple[tuple[str, exp.Expression], tuple[str, exp.Expression]]:
    """The two operands of a node and what to call them."""
    return ("left", node.left), ("right", node.right)


def construct(node: exp.Expression) -> str:
    """What a reader would call a construct the language lacks."""
    if isinstance(node, exp.Func) and not isinstance(node, exp.Case | exp.And | exp.Or):
        return f"{node.sql_name()}()"
    return node.key.upper()

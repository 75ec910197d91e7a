"""The small SQL expression language that cohort and measure definitions are written in.

`language` says what can be written, `syntax` makes a tree of a text, `reader` checks it and turns it into Ibis,
`document` reads the YAML file it stands in and remembers on which line. What a definition consists of belongs to
`phm.cohorts` and `phm.measures`.
"""

from phm.expressions.document import Document, read_document
from phm.expressions.language import Expression, Scope, Variable, months_before
from phm.expressions.reader import parse

__all__ = ["Document", "Expression", "Scope", "Variable", "months_before", "parse", "read_document"]

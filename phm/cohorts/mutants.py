"""Mutants of a definition: the same definition with one small thing changed, as a slip of the pen would.

Belongs here: which changes are made. Whether a definition's hand-written people notice them is asked by `mutation`.

- In every condition: each comparison flipped (`<` and `<=`, `>` and `>=`, `=` and `<>`, `is null` and `is not null`,
  each end of `between` made strict, each member of `in` left out), each number one up and one down, each `and` and
  `or` swapped and each of their operands left out, each `not` dropped.
- Each exclusion, tier, flag, route and reason left out, the condition of each reason taken away, each two neighbouring
  exclusions and tiers exchanged.
- Each setting that a condition uses: a number one up and one down within its limits, a choice made otherwise.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlglot import exp

from phm.cohorts.definition import load_definition
from phm.cohorts.parts import LIST, Definition, Sentence, Setting, Tier
from phm.errors import DefinitionError
from phm.expressions.document import Document
from phm.expressions.syntax import tree

FLIPPED = {
    exp.LT: exp.LTE,
    exp.LTE: exp.LT,
    exp.GT: exp.GTE,
    exp.GTE: exp.GT,
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
}
NEVER, ALWAYS = "false", "true"


@dataclass(frozen=True)
class Mutant:
    """One change: `name` says where, what and into what.

    `conditions` are changed conditions by the name of their piece, `settings` changed values, `exchanged` two pieces
    that change places.
    """

    name: str
    conditions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    exchanged: tuple[str, str] | None = None

    @property
    def where(self) -> str:
        """The piece or setting that is changed."""
        return next(iter((*self.conditions, *(f"settings.{name}" for name in self.settings), *(self.exchanged or ()))))


def pieces(definition: Definition, /) -> dict[str, str]:
    """Every condition of a definition, by a name that says where it stands.

    A reason is one piece however many tiers give it; one without a condition always holds.
    """
    found = {f"terms.{name}": term.when.text for name, term in definition.terms.items()}
    found["population"] = definition.population.text
    found |= {f"exclusions.{exclusion.id}": exclusion.when.text for exclusion in definition.exclusions}
    for output in definition.outputs.values():
        for tier in output.tiers:
            found[tier_name(output.id, tier)] = tier.when.text
            found |= {reason_name(reason): reason.when.text if reason.when else ALWAYS for reason in tier.reasons}
    listed = definition.outputs[LIST]
    for kind, remarks in (("flags", listed.flags), ("routes", listed.routes)):
        found |= {f"{kind}.{remark.id}": remark.when.text for remark in remarks}
    return found


def lines(definition: Definition, document: Document, /) -> dict[str, int]:
    """The line of every piece and setting of a definition in its file, by name; of what it is based on, none."""
    places: dict[str, tuple[str | int, ...]] = {f"terms.{name}": ("terms", name) for name in definition.terms}
    places |= {f"settings.{name}": ("settings", name) for name in definition.settings}
    places["population"] = ("population",)
    places |= {f"exclusions.{e.id}": ("exclusions", i) for i, e in enumerate(definition.exclusions)}
    listed, *separate = definition.outputs.values()
    places |= {tier_name(LIST, tier): ("tiers", i) for i, tier in enumerate(listed.tiers)}
    for i, output in enumerate(separate):
        places |= {tier_name(output.id, t): ("outputs", i, "tiers", j) for j, t in enumerate(output.tiers)}
    for kind, remarks in (("flags", listed.flags), ("routes", listed.routes)):
        places |= {f"{kind}.{remark.id}": (kind, i) for i, remark in enumerate(remarks)}
    written = {" ".join(text.split()): place[:-1] for place, (text, _) in document.texts.items() if place[-1] == "text"}
    sentences = {reason for output in definition.outputs.values() for tier in output.tiers for reason in tier.reasons}
    places |= {reason_name(reason): written.get(reason.template.text, ()) for reason in sentences}
    return {name: document.lines[place] for name, place in places.items() if place and place in document.lines}


def tier_name(output: str, tier: Tier) -> str:
    """The name of a tier's piece."""
    return f"tiers.{tier.id}" if output == LIST else f"outputs.{output}.{tier.id}"


def reason_name(reason: Sentence) -> str:
    """The name of a reason's piece."""
    return f"reasons {reason.template.text!r}" + (f" when {reason.when.text}" if reason.when else "")


def mutants(definition: Definition, /) -> tuple[Mutant, ...]:
    """Every mutant of a definition, each with a name of its own.

    What would be a mutant of the definition it is based on too is left to the people of that one.
    """
    found = [*_of_conditions(definition), *_of_structure(definition), *_of_settings(definition)]
    base = definition.based_on
    inherited = {mutant.name for mutant in mutants(load_definition(base))} if base else set()
    return tuple({mutant.name: mutant for mutant in found if mutant.name not in inherited}.values())


def _of_conditions(definition: Definition) -> Iterator[Mutant]:
    for piece, text in pieces(definition).items():
        place = piece.partition(" when ")[0]
        seen: dict[str, int] = {}
        for what, changed in changes(text):
            seen[what] = seen.get(what, 0) + 1
            again = f" ({seen[what]})" if seen[what] > 1 else ""
            yield Mutant(f"{place}: {what}{again}", {piece: changed})


def _of_structure(definition: Definition) -> Iterator[Mutant]:
    for piece, text in pieces(definition).items():
        if piece.startswith(("exclusions.", "tiers.", "outputs.", "flags.", "routes.", "reasons ")):
            yield Mutant(f"{piece}: left out", {piece: NEVER})
        if piece.startswith("reasons ") and text != ALWAYS:
            yield Mutant(f"{piece}: said always", {piece: ALWAYS})
    rows = [[f"exclusions.{exclusion.id}" for exclusion in definition.exclusions]]
    rows += [[tier_name(output.id, tier) for tier in output.tiers] for output in definition.outputs.values()]
    for first, second in (pair for row in rows for pair in pairwise(row)):
        yield Mutant(f"{first}: exchanged with {second}", exchanged=(first, second))


def _of_settings(definition: Definition) -> Iterator[Mutant]:
    conditions = " ".join(pieces(definition).values())
    for name, setting in definition.settings.items():
        if re.search(rf":{name}\b", conditions):
            for value in _other_values(setting):
                shown = [_shown(v) for v in (setting.value, value)]
                yield Mutant(f"settings.{name}: {shown[0]} → {shown[1]}", settings={name: value})


def _other_values(setting: Setting) -> Iterator[Any]:
    value = setting.value
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        for other in (value - 1, value + 1):
            try:
                yield setting.changed(other).value
            except DefinitionError:  # outside its limits, which nobody can set
                continue
    elif isinstance(value, tuple):
        yield from (tuple(item for item in value if item != gone) for gone in value)
        yield from ((*value, new) for new in setting.values if new not in value)
    else:
        yield from (other for other in setting.values if other != value)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(value) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def changes(text: str) -> Iterator[tuple[str, str]]:
    """What is changed, and the whole condition with it, for every change of one condition."""
    root = exp.Paren(this=tree(text))
    for position, node in enumerate(root.walk()):
        for what, new in _instead(node):
            changed = root.copy()
            bracketed = exp.Paren(this=new) if isinstance(new, exp.Connector | exp.Not) else new
            list(changed.walk())[position].replace(bracketed)
            yield what, changed.sql(normalize_functions=False)


def _instead(node: exp.Expression) -> Iterator[tuple[str, exp.Expression]]:
    """What may stand instead of one node, and how to say so."""
    if type(node) in FLIPPED:
        yield _change(node, _binary(FLIPPED[type(node)], node.left, node.right))
    elif isinstance(node, exp.Is) and not isinstance(node.parent, exp.Not):
        yield _change(node, exp.Not(this=node.copy()))
    elif isinstance(node, exp.Not):
        yield _change(node, node.this.copy())
    elif isinstance(node, exp.Connector):
        yield _change(node, _binary(exp.Or if isinstance(node, exp.And) else exp.And, node.left, node.right))
        for side, kept in ((node.left, node.right), (node.right, node.left)):
            if not isinstance(side, type(node)):  # of a chain, each operand on its own
                yield f"{_written(side)} left out", kept.copy()
    elif isinstance(node, exp.Between):
        value, low, high = (node.args[name] for name in ("this", "low", "high"))
        for lower, upper in ((exp.GT, exp.LTE), (exp.GTE, exp.LT)):
            yield _change(node, _binary(exp.And, _binary(lower, value, low), _binary(upper, value, high)))
    elif isinstance(node, exp.In) and len(node.expressions) > 1:
        for gone in node.expressions:
            kept = [item.copy() for item in node.expressions if item is not gone]
            yield _change(node, exp.In(this=node.this.copy(), expressions=kept))
    elif isinstance(node, exp.Literal) and not node.is_string:
        for step in (-1, 1):
            number = exp.Literal.number(f"{float(node.this) + step:g}")
            yield f"{_written(node.parent)}: {node.this} → {number.this}", number


def _binary(kind: type[exp.Binary], left: exp.Expression, right: exp.Expression) -> exp.Expression:
    """Two operands joined anew; an operand that is itself joined by `and` or `or` is bracketed, to stay one."""
    sides = [exp.Paren(this=side.copy()) if isinstance(side, exp.Connector) else side.copy() for side in (left, right)]
    return kind(this=sides[0], expression=sides[1])


def _change(node: exp.Expression, new: exp.Expression) -> tuple[str, exp.Expression]:
    return f"{_written(node)} → {_written(new)}", new


def _written(node: exp.Expression) -> str:
    """A node as the definition writes it."""
    text = node.sql(normalize_functions=False)
    return re.sub(r"\b(AND|OR|NOT|IS|NULL|IN|BETWEEN|TRUE|FALSE)\b", lambda word: word[0].lower(), text)

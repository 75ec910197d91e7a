"""Whom the steps of cohorts count, so that the disclosure gate finds which lie within each other."""

from collections.abc import Sequence

from phm.cohorts.definition import Definition
from phm.cohorts.evaluate import steps
from phm.expressions.conjuncts import ages_of, conjuncts
from phm.governance.subsets import Group


def counted_groups(definitions: Sequence[Definition], /) -> dict[tuple[str, int], tuple[Group, Group]]:
    """By cohort and order of the step: those it took (of the population: all) and those left after it."""
    found = {}
    for definition in definitions:
        terms = {name: term.when for name, term in definition.terms.items()}
        left: frozenset[str] = frozenset()
        for step in steps(definition):
            if step.when is None:  # the last step takes whoever is left
                continue
            asked = conjuncts(step.when.text, values=definition.values, terms=terms)
            taken = left | asked
            left = taken if step.kind == "population" else left | {f"NOT ({' AND '.join(sorted(asked))})"}
            found[definition.id, step.order] = (_group(taken), _group(left))
    return found


def _group(conditions: frozenset[str]) -> Group:
    return Group(*ages_of(conditions))

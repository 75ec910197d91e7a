"""Mutation check: would the hand-written people of a definition notice if somebody changed it?

Belongs here: evaluating many mutants at once. Which mutants there are is in `mutants`. People are few and mutants
many, so the engine is asked few, large questions: first every changed condition for everybody; then, of changed terms
only, all conditions that follow, with a row for each mutant and person. Who is placed where is read off the answers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from phm.cohorts.assurance import case_id, facts_of, is_checked, variants
from phm.cohorts.cases import REFERENCE_DATE, Cases, definition_file
from phm.cohorts.definition import LIST, Definition
from phm.cohorts.facts import feature_columns
from phm.cohorts.mutants import Mutant, lines, mutants, pieces, reason_name, tier_name
from phm.cohorts.parts import USES, Remark
from phm.engine import connect
from phm.errors import DefinitionError
from phm.expressions import Expression, Scope, Variable, parse
from phm.expressions.document import compose

TERM = "terms."
FACETS = ("expected", "first reason", "reasons", "flags", "routes")
"""What a case can say must come out, in the order of `_Bench._outcome`."""

AT_ONCE = 200
"""Conditions in one question to the engine."""

Answers = dict[str, np.ndarray]
"""By piece, true or false per person, or per mutant and person."""


@dataclass(frozen=True)
class Score:
    """What became of the mutants of one definition.

    `noticed` are those that at least one person noticed, `argued` those the assurance file gives a reason for, and
    `surviving` the rest, each with the line of the definition where that is known.
    """

    noticed: tuple[Mutant, ...]
    argued: tuple[Mutant, ...]
    surviving: tuple[tuple[int | None, Mutant], ...]

    @property
    def percent(self) -> float:
        """Share of the mutants not argued for that were noticed."""
        return 100 * len(self.noticed) / (len(self.noticed) + len(self.surviving))


def mutation_score(definition: Definition, cases: Cases, /) -> Score:
    """What became of every mutant of `definition`; without one, every person of `cases` must be as expected.

    DefinitionError where the assurance file argues for a change that there is not, or that is noticed.
    """
    facts = facts_of(definition, cases).to_pyarrow()
    row_of = {person: row for row, person in enumerate(facts["person_id"].to_pylist())}
    conditions = _Conditions(definition)
    made = {mutant.name: mutant for mutant in mutants(definition)}
    left = dict(made)
    for variant, numbers in sorted(variants(definition, cases), key=lambda pair: -len(pair[1])):
        if left.keys() <= cases.argued.keys():
            break
        people = facts.take([row_of[case_id(number)] for number in numbers])
        checked = np.array([[is_checked(cases.people[number], name) for number in numbers] for name in FACETS])
        own = cases.people[numbers[0]].settings
        askable = [mutant for mutant in left.values() if not mutant.settings.keys() & own.keys()]
        for mutant in _Bench(variant, people, conditions).noticed(askable, checked):
            del left[mutant.name]
    for name in cases.argued.keys() - left.keys():
        raise DefinitionError(
            "The assurance file argues for a change that is noticed or does not exist",
            name=f"{cases.name}: {name}",
            hint="Take the row out, or copy the name of a surviving change.",
        )
    line = lines(definition, compose(definition_file(definition)))
    return Score(
        noticed=tuple(mutant for name, mutant in made.items() if name not in left),
        argued=tuple(mutant for name, mutant in left.items() if name in cases.argued),
        surviving=tuple((line.get(m.where), m) for name, m in left.items() if name not in cases.argued),
    )


class _Conditions:
    """The conditions of a definition, read with its terms as columns; what was read once is kept."""

    def __init__(self, definition: Definition) -> None:
        own = pieces(definition)
        self.terms = [name.removeprefix(TERM) for name in own if name.startswith(TERM)]
        settings = {name: setting.variable for name, setting in definition.settings.items()}
        columns = {**feature_columns(), **dict.fromkeys(self.terms, Variable("boolean"))}
        self.scope = Scope(columns, {"use": Variable("string", USES), **settings})
        self.read = cache(lambda text: parse(text, self.scope))
        self.own = {name: self.read(text) for name, text in own.items()}


class _Bench:
    """One definition and the people it is tried on, a row each."""

    def __init__(self, definition: Definition, people: pa.Table, conditions: _Conditions) -> None:
        self.definition, self.engine, self.conditions = definition, connect(), conditions
        used = {name for condition in conditions.own.values() for name in condition.columns}
        self.people = people.select(sorted(used - {*conditions.terms}))
        self.base = self._follow(self.people, {})

    def noticed(self, mutants: Sequence[Mutant], checked: np.ndarray) -> Iterator[Mutant]:
        """Those that change what is `checked`, a row per facet, of at least one person."""
        plain = self._outcome(self.base)
        changed = self._changed(mutants)
        touched = [mutant for mutant in mutants if mutant.name in changed]
        answers = self._answers([changed[mutant.name] for mutant in touched])
        differs = self._outcome(answers) != plain[:, None]
        for mutant, is_noticed in zip(touched, (differs & checked[:, None]).any(axis=(0, 2)), strict=True):
            if is_noticed:
                yield mutant
        for mutant in mutants:
            if mutant.exchanged and ((self._outcome(self.base, mutant.exchanged) != plain) & checked).any():
                yield mutant

    def _changed(self, mutants: Iterable[Mutant]) -> dict[str, Answers]:
        """By mutant, the answers to its changed conditions, where they differ for anybody."""
        asked: dict[tuple[str, str], tuple[Expression, Mapping[str, Any]]] = {}
        for mutant in mutants:
            for piece, text in mutant.conditions.items():
                asked[mutant.name, piece] = (self.conditions.read(text), self.definition.values)
            for piece, expression in self.conditions.own.items():
                if expression.settings & mutant.settings.keys():
                    asked[mutant.name, piece] = (expression, self.definition.values | mutant.settings)
        found: dict[str, Answers] = {}
        for (name, piece), answer in self._ask(self._with_terms, asked).items():
            if (answer != self.base[piece]).any():
                found.setdefault(name, {})[piece] = answer
        return found

    @cached_property
    def _with_terms(self) -> pa.Table:
        return _beside(self.people, {name: a for name, a in self.base.items() if name.startswith(TERM)})

    def _answers(self, changed: Sequence[Answers]) -> Answers:
        """The answers to every condition, per mutant and person, given those that each mutant changes itself."""
        count = len(self.people)
        answers = {piece: np.tile(base, (len(changed), 1)) for piece, base in self.base.items()}
        for row, own in enumerate(changed):
            for piece, answer in own.items():
                answers[piece][row] = answer
        rows = [row for row, own in enumerate(changed) if any(piece.startswith(TERM) for piece in own)]
        if rows:
            stacked = self.people.take(np.tile(np.arange(count), len(rows)))
            given = {}
            for place, row in enumerate(rows):
                for piece, answer in changed[row].items():
                    given.setdefault(piece, {})[place] = answer
            for piece, answer in self._follow(stacked, given).items():
                answers[piece][rows] = answer.reshape(len(rows), count)
        return answers

    def _follow(self, people: pa.Table, given: Mapping[str, Mapping[int, np.ndarray]]) -> Answers:
        """The answers to every condition, terms first and in their order; `given` ones, by mutant, are kept."""
        found: Answers = {}

        def settle(asked: Mapping[str, Expression]) -> None:
            questions = {piece: (expression, self.definition.values) for piece, expression in asked.items()}
            for piece, answer in self._ask(_beside(people, found), questions).items():
                for place, kept in given.get(piece, {}).items():
                    answer[place * len(kept) : (place + 1) * len(kept)] = kept
                found[piece] = answer

        waiting = {piece: e for piece, e in self.conditions.own.items() if piece.startswith(TERM)}
        while waiting:
            ready = {p: e for p, e in waiting.items() if not any(f"{TERM}{name}" in waiting for name in e.columns)}
            settle(ready)
            waiting = {piece: e for piece, e in waiting.items() if piece not in ready}
        terms = dict(found)
        settle({piece: e for piece, e in self.conditions.own.items() if piece not in terms})
        return found

    def _ask(
        self, people: pa.Table, asked: Mapping[Any, tuple[Expression, Mapping[str, Any]]]
    ) -> dict[Any, np.ndarray]:
        table = self.engine.create_table(ibis.util.gen_name("bench"), people, temp=True)
        answers: dict[Any, np.ndarray] = {}
        keys = list(asked)
        for some in (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE)):
            values = {
                f"answer_{i}": asked[key][0].on(table, settings=asked[key][1], reference_date=REFERENCE_DATE)
                for i, key in enumerate(some)
            }
            found = table.select(**values).to_pyarrow()
            answers |= {key: found[f"answer_{i}"].to_numpy().copy() for i, key in enumerate(some)}
        return answers

    def _outcome(self, answers: Answers, exchanged: tuple[str, str] | None = None) -> np.ndarray:
        """What comes of everybody: for each facet a number that says which, per person or per mutant and person."""

        def order(names: list[str]) -> list[str]:
            swapped = dict(zip(exchanged, reversed(exchanged), strict=True)) if exchanged else {}
            return [swapped.get(name, name) for name in names]

        codes = {name: code for code, name in enumerate(self.conditions.own, 1)}
        reasons = {tier_name(o.id, t): t.reasons for o in self.definition.outputs.values() for t in o.tiers}
        tiers = {o.id: order([tier_name(o.id, t) for t in o.tiers]) for o in self.definition.outputs.values()}
        output_of = {f"exclusions.{e.id}": e.output for e in self.definition.exclusions}

        def first_of(names: Sequence[str], otherwise: Any) -> np.ndarray:
            place = np.broadcast_to(otherwise, answers["population"].shape)
            for name in reversed(names):
                inside = first_of(tiers[output_of[name]], codes[name]) if output_of.get(name) else codes[name]
                place = np.where(answers[name], inside, place)
            return place

        listed = first_of(order(list(output_of)), first_of(tiers[LIST], 0))
        place = np.where(answers["population"], listed, -1)
        said = np.zeros_like(place)
        for tier, sentences in reasons.items():
            said = np.where(place == codes[tier], _bits([answers[reason_name(s)] for s in sentences]), said)

        def remarks(kind: str, items: Sequence[Remark]) -> np.ndarray:
            held = []
            for item in items:
                where = [
                    codes[name] for name in tiers[LIST] if not item.tiers or name.removeprefix("tiers.") in item.tiers
                ]
                held.append(answers[f"{kind}.{item.id}"] & np.isin(place, where))
            return _bits(held) if held else np.zeros_like(place)

        output = self.definition.outputs[LIST]
        return np.stack([place, said & -said, said, remarks("flags", output.flags), remarks("routes", output.routes)])


def _bits(held: Sequence[np.ndarray]) -> np.ndarray:
    return sum(answer.astype("int64") << position for position, answer in enumerate(held))


def _beside(people: pa.Table, answers: Answers) -> pa.Table:
    """`people` with the answers to terms as columns."""
    for piece, answer in answers.items():
        people = people.append_column(piece.removeprefix(TERM), pa.array(answer))
    return people

"""What a measure is: YAML that a clinician can review, read into checked expressions. No counting happens here.

A measure counts the people of its ages who meet `denominator`, and of them: those who meet `numerator` (a percentage,
or a ratio to how many are expected), each value of `share_by` or each step of the cascade of a list (percentages that
add up to 100), events or list entries per 1,000 (`sum_of`, `entries_of`: a rate), or the mean of `mean_of` (a score). A
measure without any of these is the number of people itself; `count_by` counts them in fine groups as well.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from phm.errors import DefinitionError
from phm.expressions import Document, Expression, Scope, Variable, parse, read_document
from phm.expressions.language import CONTRACT_TYPES
from phm.feeds.contracts import load_contract
from phm.measures.groups import AGE_BAND
from phm.resources import library_dir

Unit = Literal["people", "percent", "rate", "ratio", "score"]
Goal = Literal["practice_sustainability", "integration_and_equity"]
GOALS: dict[Goal, str] = {
    "practice_sustainability": "Sustainable practices",
    "integration_and_equity": "Integration and equity",
}
"""What a PCN is asked to do, both of them."""
PARTS: dict[Unit, list[set[str]]] = {
    "people": [set()],
    "percent": [{"numerator"}, {"share_by"}, {"cascade_of"}],
    "rate": [{"sum_of"}, {"entries_of"}],
    "ratio": [{"numerator", "expected_from"}],
    "score": [{"mean_of"}],
}
"""What each unit is made of: exactly one of these sets of parts is given."""
STANDARDISED = {"direct": ("percent", "numerator"), "indirect": ("rate", "sum_of")}
"""Unit and part of measures that can be standardised each way."""


@dataclass(frozen=True)
class Benchmark:
    """A value to reach, in the measure's unit, and who set it."""

    value: float
    source: str


@dataclass(frozen=True)
class Measure:
    """One measure. `age_from` and `age_to` are included; exactly the parts that fit its `unit` are given (`PARTS`).

    `groups` are the groupings it is shown in from PCN up. `polarity` says which values are good, `goal` which of a
    PCN's two goals it serves, `scope` whether the rule is national or a site's own. Without its `feed`, or what it
    is `compared_with`, if it names one, it is not published. `sha256` is the hash of the definition's text.
    """

    id: str
    version: str
    position: int
    title: str
    unit: Unit
    of: str
    feed: str | None
    compared_with: Literal["month_before"] | None
    period: Literal["day", "year"]
    age_from: int
    age_to: int
    denominator: Expression
    numerator: Expression | None
    share_by: str | None
    cascade_of: str | None
    mean_of: str | None
    sum_of: str | None
    entries_of: tuple[str, ...]
    expected_from: str | None
    count_by: str | None
    groups: tuple[str, ...]
    standardisation: Literal["none", "direct", "indirect"]
    polarity: Literal["low", "high", "none"]
    benchmark: Benchmark | None
    goal: Goal
    scope: Literal["national", "local"]
    owner: str
    sources: tuple[str, ...]
    sha256: str


def load_measures(folder: Path | None = None) -> tuple[Measure, ...]:
    """Every shipped measure and those of a site's own `folder`, in the order they are shown.

    Raises
    ------
    DefinitionError
        A file is no measure; names file and line. Two measures have one id, or the folder is not there.
    """
    if folder is not None and not folder.is_dir():
        raise DefinitionError(
            "The folder of a site's own measures is not there",
            name=str(folder),
            hint="Make it, or take `measures` out of phm.toml.",
        )
    files = [path for place in (library_dir("measures"), folder) if place for path in sorted(place.glob("*.yaml"))]
    measures = sorted((load_measure(path) for path in files), key=lambda m: (m.position, m.id))
    twice = {m.id for m in measures if sum(other.id == m.id for other in measures) > 1}
    if twice:
        raise DefinitionError(
            "Two measures have the same id",
            name=", ".join(sorted(twice)),
            hint="Give each measure a file and an id of its own; those that come with phm keep theirs.",
        )
    return tuple(measures)


def load_measure(path: Path) -> Measure:
    """The measure of one YAML file; DefinitionError with file and line where it is wrong."""
    document = read_document(path, _schema())
    content = document.content
    _check(document)
    return Measure(
        **{name: content[name] for name in ("id", "version", "position", "title", "unit", "of", "polarity")},
        **{name: content[name] for name in ("standardisation", "goal", "scope", "owner")},
        **{name: content.get(name) for name in ("share_by", "cascade_of", "mean_of", "sum_of")},
        **{name: content.get(name) for name in ("expected_from", "count_by", "feed", "compared_with")},
        period=content.get("period", "day"),
        age_from=content["age"]["from"],
        age_to=content["age"]["to"],
        denominator=_condition(document, "denominator"),
        numerator=_condition(document, "numerator") if "numerator" in content else None,
        entries_of=tuple(content.get("entries_of", ())),
        groups=tuple(content.get("groups", ())),
        benchmark=Benchmark(**content["benchmark"]) if "benchmark" in content else None,
        sources=tuple(content["sources"]),
        sha256=hashlib.sha256(path.read_text(encoding="utf-8-sig").encode()).hexdigest(),
    )


def _condition(document: Document, key: str) -> Expression:
    text, line = document.text(key)
    return parse(text, _scope(), source=document.name, line=line)


def _check(document: Document) -> None:
    """Refuse a measure whose parts do not fit each other, or whose columns cannot be used so."""
    content = document.content
    unit, fitting = content["unit"], PARTS[content["unit"]]
    every = set().union(*(parts for sets in PARTS.values() for parts in sets))
    if every & content.keys() not in fitting:
        wanted = " or ".join(" and ".join(sorted(parts)) for parts in fitting)
        document.fail(
            f"A measure in {unit} has {wanted or 'neither numerator nor column'}",
            "unit",
            hint="Change the unit or the parts.",
        )
    if "count_by" in content and unit != "people":
        document.fail("Only a number of people is counted in groups", "count_by", hint="Take it out.")
    if content.get("groups") and not {"numerator", "sum_of"} & content.keys():
        document.fail("Only a percentage, ratio or rate of people is shown in groups", "groups", hint="Take them out.")
    _check_standardisation(document)
    kinds_of = {"share_by": ("integer", "string"), "mean_of": ("number", "integer"), "sum_of": ("integer",)}
    for key, kinds in kinds_of.items():
        if key in content:
            column = _scope().columns.get(content[key])
            if column is None or column.type not in kinds or (column.type == "string" and not column.values):
                document.fail(
                    f"{content[key]} is no column of type {' or '.join(kinds)}",
                    key,
                    hint="See contracts person_feature and person_risk; a text has to have listed values.",
                )
    if content["age"]["from"] > content["age"]["to"]:
        document.fail("The lowest age is above the highest", "age", hint="Swap them.")


def _check_standardisation(document: Document) -> None:
    content = document.content
    how = content["standardisation"]
    if how == "none":
        return
    unit, part = STANDARDISED[how]
    if content["unit"] != unit or part not in content or AGE_BAND not in content.get("groups", ()):
        document.fail(
            f"Standardisation is {how} only of a {unit} with {part} that is shown by {AGE_BAND}",
            "standardisation",
            hint="Say none, or add the group.",
        )


@cache
def _scope() -> Scope:
    """Columns of `person_feature`, and of `person_risk` what has no name of theirs."""
    columns = [*load_contract("person_risk").columns, *load_contract("person_feature").columns]
    return Scope({column.name: Variable(CONTRACT_TYPES[column.type], column.valid_values) for column in columns})


@cache
def _schema() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("definition.schema.json").read_text(encoding="utf-8"))

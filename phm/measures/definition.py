"""What a measure is: YAML that a clinician can review, read into checked expressions. No counting happens here.

A measure counts the people of its ages who meet `denominator`, and of them: those who meet `numerator` (a percentage),
each value of `share_by` (the same percentage per value), or the mean of `mean_of` (a score). A measure without any of
these is the number of people itself; `count_by` counts them in groups as well.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from phm.errors import DefinitionError
from phm.expressions import Document, Expression, Scope, Variable, parse, read_document
from phm.expressions.language import CONTRACT_TYPES
from phm.feeds.contracts import load_contract
from phm.measures.groups import GROUPINGS
from phm.resources import library_dir

_TEXT = {"type": "string", "minLength": 1}
_AGE = {"type": "integer", "minimum": 0, "maximum": 120}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id", "version", "position", "title", "unit", "of", "age", "denominator", "polarity", "sources"],
    "properties": {
        "id": {**_TEXT, "pattern": "^[a-z][a-z0-9_]*$", "description": "Lower-case name of the measure."},
        "version": {**_TEXT, "description": "Version of the definition, as 1.0.0."},
        "position": {"type": "integer", "minimum": 1, "description": "Order in which measures are shown."},
        "title": {**_TEXT, "description": "The measure in words."},
        "unit": {"enum": ["people", "percent", "score"], "description": "people, percent or score."},
        "of": {**_TEXT, "description": "Who is counted in the denominator, in words."},
        "age": {
            "type": "object",
            "additionalProperties": False,
            "required": ["from", "to"],
            "properties": {
                "from": {**_AGE, "description": "Lowest age in completed years, included."},
                "to": {**_AGE, "description": "Highest age in completed years, included."},
            },
            "description": "Ages in completed years: {from: 30, to: 50}.",
        },
        "denominator": {**_TEXT, "description": "Condition of the people counted."},
        "numerator": {**_TEXT, "description": "Condition of the people the percentage is about."},
        "share_by": {**_TEXT, "description": "Column whose values share out the denominator."},
        "mean_of": {**_TEXT, "description": "Column of numbers to take the mean of."},
        "count_by": {"enum": list(GROUPINGS), "description": "Groups in which people are counted as well."},
        "polarity": {"enum": ["low", "high", "none"], "description": "Which values are good: low, high or none."},
        "sources": {"type": "array", "minItems": 1, "items": _TEXT, "description": "Where the rules come from."},
    },
}


@dataclass(frozen=True)
class Measure:
    """One measure. `age_from` and `age_to` are included; exactly the parts that fit its `unit` are given.

    `polarity` says which values are good. `sha256` is the hash of the definition's text.
    """

    id: str
    version: str
    position: int
    title: str
    unit: Literal["people", "percent", "score"]
    of: str
    age_from: int
    age_to: int
    denominator: Expression
    numerator: Expression | None
    share_by: str | None
    mean_of: str | None
    count_by: str | None
    polarity: Literal["low", "high", "none"]
    sources: tuple[str, ...]
    sha256: str


def load_measures(directory: Path | None = None) -> tuple[Measure, ...]:
    """Every measure of a folder, the shipped ones by default, in the order they are shown.

    Raises
    ------
    DefinitionError
        A file is no measure; names file and line. Or two measures have one id, or there is none.
    """
    folder = directory or library_dir("measures")
    measures = sorted((load_measure(path) for path in folder.glob("*.yaml")), key=lambda m: (m.position, m.id))
    twice = {m.id for m in measures if sum(other.id == m.id for other in measures) > 1}
    if twice or not measures:
        raise DefinitionError(
            "Two measures have the same id" if twice else "There are no measures",
            name=", ".join(sorted(twice)) or str(folder),
            hint="Give each measure a file and an id of its own.",
        )
    return tuple(measures)


def load_measure(path: Path) -> Measure:
    """The measure of one YAML file; DefinitionError with file and line where it is wrong."""
    document = read_document(path, _SCHEMA)
    content = document.content
    _check_parts(document)
    return Measure(
        id=content["id"],
        version=content["version"],
        position=content["position"],
        title=content["title"],
        unit=content["unit"],
        of=content["of"],
        age_from=content["age"]["from"],
        age_to=content["age"]["to"],
        denominator=_condition(document, "denominator"),
        numerator=_condition(document, "numerator") if "numerator" in content else None,
        share_by=content.get("share_by"),
        mean_of=content.get("mean_of"),
        count_by=content.get("count_by"),
        polarity=content["polarity"],
        sources=tuple(content["sources"]),
        sha256=hashlib.sha256(path.read_text(encoding="utf-8-sig").encode()).hexdigest(),
    )


def _condition(document: Document, key: str) -> Expression:
    text, line = document.text(key)
    return parse(text, _scope(), source=document.name, line=line)


def _check_parts(document: Document) -> None:
    """Refuse a measure whose parts do not fit its unit, or whose columns cannot be used so."""
    content = document.content
    fitting = {"people": [set()], "percent": [{"numerator"}, {"share_by"}], "score": [{"mean_of"}]}[content["unit"]]
    if {"numerator", "share_by", "mean_of"} & content.keys() not in fitting:
        wanted = " or ".join(sorted(name for names in fitting for name in names)) or "neither numerator nor column"
        document.fail(f"A measure in {content['unit']} has {wanted}", "unit", hint="Change the unit or the parts.")
    if "count_by" in content and content["unit"] != "people":
        document.fail("Only a number of people is counted in groups", "count_by", hint="Take it out.")
    for key, kinds in (("share_by", ("integer",)), ("mean_of", ("number", "integer"))):
        if key in content:
            column = _scope().columns.get(content[key])
            if column is None or column.type not in kinds:
                document.fail(
                    f"{content[key]} is no column of type {' or '.join(kinds)}",
                    key,
                    hint="See contract person_feature.",
                )
    if content["age"]["from"] > content["age"]["to"]:
        document.fail("The lowest age is above the highest", "age", hint="Swap them.")


@cache
def _scope() -> Scope:
    columns = load_contract("person_feature").columns
    return Scope({column.name: Variable(CONTRACT_TYPES[column.type], column.valid_values) for column in columns})

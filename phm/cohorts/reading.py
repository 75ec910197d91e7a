"""From a definition's file to its frozen objects, with everything that is wrong with it.

Belongs here: whether what a file says is sound: names that exist, types that fit, a reason for every tier. The shape of
the file is `definition.schema.json`'s part, the language of conditions that of `phm.expressions`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import ibis

from phm.cohorts.facts import FEATURES, columns_of, feature_columns
from phm.cohorts.parts import (
    LIST,
    USES,
    CascadeStep,
    Definition,
    Exclusion,
    ExpectedFound,
    Output,
    Ranking,
    Remark,
    Sentence,
    Setting,
    Term,
    Tier,
)
from phm.cohorts.templates import Template
from phm.errors import DefinitionError
from phm.expressions import Document, Expression, Scope, Variable, parse
from phm.expressions.document import compose, nearest, shape_problems
from phm.resources import library_dir

STEPS = ("measured", "confirmed", "diagnosed", "treated")
"""The steps of a cascade that a definition can have, in the order in which people take them."""
UNREADABLE = Expression("false", "boolean", frozenset(), frozenset(), lambda row: ibis.literal(False))
"""Stands for a condition that is wrong, so that what follows it is still looked at."""


def read(path: Path, /) -> tuple[Definition | None, tuple[DefinitionError, ...]]:
    """The definition in a file and what is wrong with it; there is no definition where anything is.

    Problems come in the order in which the file is read, each with its line. DefinitionError where the file is no YAML.
    """
    document = compose(path)
    if wrong_shape := shape_problems(document, _schema()):
        return None, wrong_shape
    if "based_on" in document.content:
        try:
            document = _over_base(document)
        except DefinitionError as problem:
            return None, (problem,)
    reader = _Reader(document)
    definition = reader.definition()
    return (None if reader.problems else definition), tuple(reader.problems)


def _over_base(document: Document) -> Document:
    """The document with what it leaves to the shipped definition it is based on, which stands on its own."""
    shipped = {path.stem: path for path in library_dir("cohorts").glob("*.yaml")}
    name = document.content["based_on"]
    if name not in shipped:
        document.fail(f"There is no shipped definition {name}", "based_on", hint=nearest(name, shipped))
    base = compose(shipped[name])
    if "based_on" in base.content:
        document.fail(f"{name} is based on another definition itself", "based_on", hint="Base this on that one.")
    return document.over(base, "based_on")


@cache
def _schema() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("definition.schema.json").read_text(encoding="utf-8"))


@cache
def _asset_categories() -> tuple[str, ...]:
    return columns_of("community_asset")["category"].values


@cache
def _date_columns() -> tuple[str, ...]:
    return tuple(name for name, kind in columns_of(FEATURES).items() if kind.type == "date")


class _Reader:
    """Turns one document of the right shape into a Definition and collects what is wrong."""

    def __init__(self, document: Document) -> None:
        self.document, self.content = document, document.content
        self.problems: list[DefinitionError] = []
        self.used_settings: set[str] = set()
        self.settings = dict(self._settings())
        variables = {name: setting.variable for name, setting in self.settings.items()}
        self.scope = Scope(feature_columns(), {"use": Variable("string", USES), **variables})

    def definition(self) -> Definition:
        content = self.content
        terms = dict(self._terms())
        population = self._expression("population", "when")
        exclusions = tuple(self._exclusions())
        tiers = self._tiers("tiers")
        names = [tier.id for tier in tiers]
        flags, routes = tuple(self._remarks("flags", names)), tuple(self._remarks("routes", names))
        outputs = {LIST: Output(LIST, content["title"], tiers, flags, routes), **dict(self._outputs())}
        self._check_outputs(exclusions, outputs)
        ranking = tuple(self._ranking())
        cascade = tuple(self._cascade())
        self._check_settings_used()
        facts = ("id", "title", "version", "summary", "use", "clinical_sign_off", "advice")
        return Definition(
            **{name: content[name] for name in facts},
            sources=tuple(content["sources"]),
            notes=tuple(content["notes"]),
            settings=self.settings,
            terms=terms,
            population_label=content["population"]["label"],
            population=population,
            exclusions=exclusions,
            outputs=outputs,
            ranking=ranking,
            words=content.get("words", {}),
            asks=tuple(content.get("asks", ())),
            cascade=cascade,
            holds=content.get("holds", {}),
            content=json.dumps(content, sort_keys=True),
            based_on=content.get("based_on"),
        )

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Note what is wrong inside, and go on after it."""
        try:
            yield
        except DefinitionError as error:
            self.problems.append(error)

    def _check(self, holds: bool, what: str, *place: str | int, hint: str) -> None:
        if not holds:
            with self._noting():
                self.document.fail(what, *place, hint=hint)

    def _check_known(self, kind: str, name: str, known: Iterable[str], *place: str | int) -> None:
        if name not in known:
            self._check(False, f"There is no {kind}{name}", *place, hint=nearest(name, known))

    def _check_unique(self, entries: Iterable[Mapping[str, Any]], kind: str, *place: str | int) -> None:
        with self._noting():
            self.document.check_unique(place, [entry["id"] for entry in entries], kind)

    def _settings(self) -> Iterator[tuple[str, Setting]]:
        for name, entry in self.content.get("settings", {}).items():
            own = "use is the definition's own use"
            self._check(name != "use", own, "settings", name, hint="Choose another name.")
            default = tuple(entry["default"]) if isinstance(entry["default"], list) else entry["default"]
            facts = {key: value for key, value in entry.items() if key not in ("default", "values")}
            setting = Setting(name, default, values=tuple(entry.get("values", ())), **facts)
            try:
                setting.changed(default)
            except DefinitionError as error:
                self._check(False, error.what, "settings", name, hint=error.hint)
            yield name, setting

    def _check_settings_used(self) -> None:
        if not self.problems:  # a condition that cannot be read says nothing of the settings it uses
            for name in self.settings.keys() - self.used_settings:
                self._check(False, f"Setting {name} is used nowhere", "settings", name, hint="Use it or take it out.")

    def _terms(self) -> Iterator[tuple[str, Term]]:
        for name, entry in self.content.get("terms", {}).items():
            is_new = name not in self.scope.columns
            self._check(is_new, f"{name} is a column already", "terms", name, hint="Choose another name.")
            term = Term(entry["means"], self._expression("terms", name, "when", count=False))
            self.scope = replace(self.scope, terms={**self.scope.terms, name: term.when})
            yield name, term

    def _expression(self, *place: str | int, condition: bool = True, count: bool = True) -> Expression:
        text, line = self.document.text(*place)
        with self._noting():
            expression = parse(text, self.scope, source=self.document.name, line=line, condition=condition)
            if count:
                self.used_settings |= expression.settings
            return expression
        return UNREADABLE

    def _optional_expression(self, entry: Mapping[str, Any], *place: str | int) -> Expression | None:
        return self._expression(*place, "when") if "when" in entry else None

    def _template(self, *place: str | int) -> Template:
        text, _ = self.document.text(*place)
        try:
            template = Template.read(" ".join(text.split()))
        except ValueError:
            hint = "Write {column} or {:setting}."
            self._check(False, "A brace belongs to no placeholder", *place, hint=hint)
            return Template("", ("",))
        for name in template.columns:
            self._check_known("column ", name, self.scope.columns, *place)
        for name in template.settings:
            self._check_known("setting :", name, self.scope.settings, *place)
        self.used_settings |= set(template.settings)
        return template

    def _exclusions(self) -> Iterator[Exclusion]:
        entries = self.content["exclusions"]
        self._check_unique(entries, "exclusions", "exclusions")
        for i, entry in enumerate(entries):
            when = self._expression("exclusions", i, "when")
            yield Exclusion(entry["id"], entry["label"], when, entry.get("output"))

    def _tiers(self, *place: str | int) -> tuple[Tier, ...]:
        entries = self.content
        for key in place:
            entries = entries[key]
        self._check_unique(entries, "tiers", *place)
        closing = tuple(self._sentences(self.content.get("reasons", []), "reasons")) if place == ("tiers",) else ()
        tiers = []
        for i, entry in enumerate(entries):
            reasons = tuple(self._sentences(entry["reasons"], *place, i, "reasons"))
            is_said = any(reason.when is None for reason in reasons)
            hint = "Give at least one reason without a condition: every entry must say why."
            what = f"Tier {entry['id']} can be without a reason"
            self._check(is_said, what, *place, i, "reasons", hint=hint)
            facts = {key: entry[key] for key in ("id", "title", "action", "due_days", "role") if key in entry}
            if "expected_found" in entry:
                facts["expected_found"] = ExpectedFound(**entry["expected_found"])
            tiers.append(Tier(when=self._expression(*place, i, "when"), reasons=(*reasons, *closing), **facts))
        return tuple(tiers)

    def _sentences(self, entries: Iterable[Mapping[str, Any]], *place: str | int) -> Iterator[Sentence]:
        for i, entry in enumerate(entries):
            yield Sentence(self._template(*place, i, "text"), self._optional_expression(entry, *place, i))

    def _remarks(self, kind: str, tiers: list[str]) -> Iterator[Remark]:
        entries = self.content.get(kind, [])
        self._check_unique(entries, kind, kind)
        for i, entry in enumerate(entries):
            for j, tier in enumerate(entry.get("tiers", [])):
                self._check_known("tier ", tier, tiers, kind, i, "tiers", j)
            template, when = self._template(kind, i, "text"), self._expression(kind, i, "when")
            for j, category in enumerate(entry.get("assets", [])):
                self._check_known("category of asset ", category, _asset_categories(), kind, i, "assets", j)
            yield Remark(entry["id"], template, when, tuple(entry.get("tiers", ())), tuple(entry.get("assets", ())))

    def _outputs(self) -> Iterator[tuple[str, Output]]:
        entries = self.content.get("outputs", [])
        self._check_unique(entries, "outputs", "outputs")
        for i, entry in enumerate(entries):
            yield entry["id"], Output(entry["id"], entry["title"], self._tiers("outputs", i, "tiers"))

    def _check_outputs(self, exclusions: tuple[Exclusion, ...], outputs: Mapping[str, Output]) -> None:
        separate = [name for name in outputs if name != LIST]
        for i, exclusion in enumerate(exclusions):
            if exclusion.output is not None:
                self._check_known("output ", exclusion.output, separate, "exclusions", i, "output")
        fed = {exclusion.output for exclusion in exclusions}
        for i, name in enumerate(separate):
            self._check(name in fed, f"No exclusion leads to output {name}", "outputs", i, hint="Name it in one.")

    def _ranking(self) -> Iterator[Ranking]:
        for i, entry in enumerate(self.content["ranking"]):
            by = self._expression("ranking", i, "by", condition=False)
            yield Ranking(by, entry["order"] == "desc")

    def _cascade(self) -> Iterator[CascadeStep]:
        """The steps in the order in which people take them, however the file orders them."""
        steps, dates = self.content.get("cascade", {}), _date_columns()
        for name in (name for name in STEPS if name in steps):
            for i, column in enumerate(steps[name].get("dates", [])):
                self._check_known("date column ", column, dates, "cascade", name, "dates", i)
            when = self._optional_expression(steps[name], "cascade", name)
            yield CascadeStep(name, steps[name]["means"], tuple(steps[name].get("dates", ())), when)

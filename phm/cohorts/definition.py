"""A cohort definition: one YAML file, read into frozen objects whose every condition is checked.

Belongs here: what a definition consists of and whether it is sound. Evaluating it over people is `evaluate`'s part,
its sentences are `reasons`' part. `definition.schema.json` describes the file for editors and for the first check.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from phm.cohorts.parts import Exclusion, Output, Ranking, Remark, Sentence, Setting, Term, Tier
from phm.cohorts.templates import Template
from phm.errors import DefinitionError
from phm.expressions import Document, Expression, Scope, Variable, parse, read_document
from phm.expressions.document import nearest
from phm.expressions.language import CONTRACT_TYPES
from phm.feeds.contracts import load_contract
from phm.resources import library_dir

LIST = "list"
USES = ("practice", "linked", "planning")


@dataclass(frozen=True)
class Definition:
    """Who is on a list, why, what to do and by when.

    `outputs` maps the name of each output to it; the first, `list`, is the case-finding list.
    """

    id: str
    title: str
    version: str
    summary: str
    sources: tuple[str, ...]
    use: str
    clinical_sign_off: str
    advice: str
    notes: tuple[str, ...]
    settings: Mapping[str, Setting]
    terms: Mapping[str, Term]
    population_label: str
    population: Expression
    exclusions: tuple[Exclusion, ...]
    outputs: Mapping[str, Output]
    ranking: tuple[Ranking, ...]
    words: Mapping[str, str]
    content: str

    @property
    def values(self) -> dict[str, Any]:
        """The value of every setting, and of `use`."""
        return {"use": self.use} | {name: setting.value for name, setting in self.settings.items()}

    @property
    def sha256(self) -> str:
        """Hash of everything the definition says and of the settings it is used with."""
        return hashlib.sha256(json.dumps([self.content, self.values], sort_keys=True).encode()).hexdigest()

    def with_settings(self, values: Mapping[str, Any], /) -> "Definition":
        """The definition with a site's own `values` of its settings; DefinitionError for an unknown or unfit one."""
        for name in values:
            if name not in self.settings:
                raise DefinitionError(
                    f"Definition {self.id} has no such setting", name=name, hint=nearest(name, self.settings)
                )
        changed = {name: setting.changed(values[name]) for name, setting in self.settings.items() if name in values}
        return replace(self, settings={**self.settings, **changed})


def library() -> dict[str, Path]:
    """File of every shipped definition, by its id."""
    return {path.stem: path for path in sorted(library_dir("cohorts").glob("*.yaml"))}


def load_definition(source: str | Path, /) -> Definition:
    """The definition in a YAML file, or the shipped one called `source`; DefinitionError names the line at fault."""
    if isinstance(source, Path) or source.endswith((".yaml", ".yml")):
        path = Path(source)
    elif source in library():
        path = library()[source]
    else:
        raise DefinitionError("There is no definition of this name", name=source, hint=nearest(source, library()))
    return _Loader(read_document(path, _schema())).definition()


def load_definitions() -> tuple[Definition, ...]:
    """Every definition of the library, in order of id."""
    return tuple(load_definition(name) for name in sorted(library()))


@cache
def _schema() -> dict[str, Any]:
    return json.loads(Path(__file__).with_name("definition.schema.json").read_text(encoding="utf-8"))


@cache
def feature_columns() -> dict[str, Variable]:
    """The columns a condition may use: those of the contract of `person_feature`."""
    columns = load_contract("person_feature").columns
    return {column.name: Variable(CONTRACT_TYPES[column.type], column.valid_values) for column in columns}


class _Loader:
    """Turns one checked document into a Definition."""

    def __init__(self, document: Document) -> None:
        self.document, self.content = document, document.content
        self.used_settings: set[str] = set()
        self.settings = dict(self._settings())
        variables = {name: setting.variable for name, setting in self.settings.items()}
        self.scope = Scope(feature_columns(), {"use": Variable("string", USES), **variables})

    def definition(self) -> Definition:
        document, content = self.document, self.content
        terms = dict(self._terms())
        population = self._expression("population", "when")
        exclusions = tuple(self._exclusions())
        tiers = self._tiers("tiers")
        names = [tier.id for tier in tiers]
        flags, routes = tuple(self._remarks("flags", names)), tuple(self._remarks("routes", names))
        outputs = {LIST: Output(LIST, content["title"], tiers, flags, routes), **dict(self._outputs())}
        self._check_outputs(exclusions, outputs)
        ranking = tuple(self._ranking())
        for name in self.settings.keys() - self.used_settings:
            document.fail(f"Setting {name} is used nowhere", "settings", name, hint="Use it or take it out.")
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
            content=json.dumps(content, sort_keys=True),
        )

    def _settings(self) -> Iterator[tuple[str, Setting]]:
        for name, entry in self.content.get("settings", {}).items():
            if name == "use":
                self.document.fail("use is the definition's own use", "settings", name, hint="Choose another name.")
            default = tuple(entry["default"]) if isinstance(entry["default"], list) else entry["default"]
            facts = {key: value for key, value in entry.items() if key not in ("default", "values")}
            setting = Setting(name, default, values=tuple(entry.get("values", ())), **facts)
            try:
                yield name, setting.changed(default)
            except DefinitionError as error:
                self.document.fail(error.what, "settings", name, hint=error.hint)

    def _terms(self) -> Iterator[tuple[str, Term]]:
        for name, entry in self.content.get("terms", {}).items():
            if name in self.scope.columns:
                self.document.fail(f"{name} is a column already", "terms", name, hint="Choose another name.")
            term = Term(entry["means"], self._expression("terms", name, "when", count=False))
            self.scope = replace(self.scope, terms={**self.scope.terms, name: term.when})
            yield name, term

    def _expression(self, *place: str | int, condition: bool = True, count: bool = True) -> Expression:
        text, line = self.document.text(*place)
        expression = parse(text, self.scope, source=self.document.name, line=line, condition=condition)
        if count:
            self.used_settings |= expression.settings
        return expression

    def _optional_expression(self, entry: Mapping[str, Any], *place: str | int) -> Expression | None:
        return self._expression(*place, "when") if "when" in entry else None

    def _template(self, *place: str | int) -> Template:
        text, _ = self.document.text(*place)
        try:
            template = Template.read(" ".join(text.split()))
        except ValueError:
            self.document.fail("A brace belongs to no placeholder", *place, hint="Write {column} or {:setting}.")
        for name in template.columns:
            if name not in self.scope.columns:
                self.document.fail(f"There is no column {name}", *place, hint=nearest(name, self.scope.columns))
        for name in template.settings:
            if name not in self.scope.settings:
                self.document.fail(f"There is no setting :{name}", *place, hint=nearest(name, self.scope.settings))
        self.used_settings |= set(template.settings)
        return template

    def _exclusions(self) -> Iterator[Exclusion]:
        entries = self.content["exclusions"]
        self.document.check_unique(("exclusions",), [entry["id"] for entry in entries], "exclusions")
        for i, entry in enumerate(entries):
            when = self._expression("exclusions", i, "when")
            yield Exclusion(entry["id"], entry["label"], when, entry.get("output"))

    def _tiers(self, *place: str | int) -> tuple[Tier, ...]:
        entries = self.content
        for key in place:
            entries = entries[key]
        self.document.check_unique(place, [entry["id"] for entry in entries], "tiers")
        closing = tuple(self._sentences(self.content.get("reasons", []), "reasons")) if place == ("tiers",) else ()
        tiers = []
        for i, entry in enumerate(entries):
            reasons = tuple(self._sentences(entry["reasons"], *place, i, "reasons"))
            if all(reason.when for reason in reasons):
                hint = "Give at least one reason without a condition: every entry must say why."
                self.document.fail(f"Tier {entry['id']} can be without a reason", *place, i, "reasons", hint=hint)
            facts = {key: entry[key] for key in ("id", "title", "action", "due_days")}
            tiers.append(Tier(when=self._expression(*place, i, "when"), reasons=(*reasons, *closing), **facts))
        return tuple(tiers)

    def _sentences(self, entries: Iterable[Mapping[str, Any]], *place: str | int) -> Iterator[Sentence]:
        for i, entry in enumerate(entries):
            yield Sentence(self._template(*place, i, "text"), self._optional_expression(entry, *place, i))

    def _remarks(self, kind: str, tiers: list[str]) -> Iterator[Remark]:
        entries = self.content.get(kind, [])
        self.document.check_unique((kind,), [entry["id"] for entry in entries], kind)
        for i, entry in enumerate(entries):
            for j, tier in enumerate(entry.get("tiers", [])):
                if tier not in tiers:
                    self.document.fail(f"There is no tier {tier}", kind, i, "tiers", j, hint=nearest(tier, tiers))
            template, when = self._template(kind, i, "text"), self._expression(kind, i, "when")
            yield Remark(entry["id"], template, when, tuple(entry.get("tiers", ())))

    def _outputs(self) -> Iterator[tuple[str, Output]]:
        entries = self.content.get("outputs", [])
        self.document.check_unique(("outputs",), [entry["id"] for entry in entries], "outputs")
        for i, entry in enumerate(entries):
            yield entry["id"], Output(entry["id"], entry["title"], self._tiers("outputs", i, "tiers"))

    def _check_outputs(self, exclusions: tuple[Exclusion, ...], outputs: Mapping[str, Output]) -> None:
        separate = [name for name in outputs if name != LIST]
        for i, exclusion in enumerate(exclusions):
            if exclusion.output is not None and exclusion.output not in separate:
                hint = nearest(exclusion.output, separate)
                self.document.fail(f"There is no output {exclusion.output}", "exclusions", i, "output", hint=hint)
        fed = {exclusion.output for exclusion in exclusions}
        for i, name in enumerate(separate):
            if name not in fed:
                self.document.fail(f"No exclusion leads to output {name}", "outputs", i, hint="Name it in one.")

    def _ranking(self) -> Iterator[Ranking]:
        for i, entry in enumerate(self.content["ranking"]):
            by = self._expression("ranking", i, "by", condition=False)
            yield Ranking(by, entry["order"] == "desc")

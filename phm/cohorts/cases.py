"""Hand-written people of a definition, read from its assurance file.

Belongs here: what an assurance file looks like. It stands beside the definition as `<id>.assurance.md` and is Markdown,
so that a clinician reads the same text that is run. Below a `##` heading stand prose, lines that begin with
`Everyone:`, `Record:` or `Settings:`, and one table with a row for each person:

- `case`: a title;
- `person`: facts as `name value`, with commas between: columns of `core_person`, `date_of_birth` (from which the age
  follows as in landing), or columns of `person_risk` and `list_hold`, which do not come from events;
- `record`: events as `when what [value] [setting] [source]`, with semicolons between. When is a date or `30d`, so many
  days before the reference date; what is a concept with its value, or a blood pressure as `152/90`;
- `expected`: `output: tier` of someone listed, `out: step` of someone not;
- `first reason`, `reasons`, `flags`, `routes`: what the list says of them, checked where the table has the column.

`Everyone:` and `Record:` hold for every row of their section, `Settings:` are those it is evaluated with. A section
`Changes that make no difference` names mutants of the definition that no case can notice, each with the reason.
Evaluating the people is the part of `assurance`, changing the definition that of `mutation`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NoReturn

from phm.cohorts.definition import USES, Definition, library
from phm.cohorts.facts import FEATURES, HOLD, RISK, columns_of
from phm.core.codelists import CONCEPTS, MEDICINE_CONCEPTS
from phm.errors import DefinitionError
from phm.expressions import Variable
from phm.expressions.document import nearest

REFERENCE_DATE = date(2026, 10, 31)
"""The day on which every case is evaluated."""

OUT = "out"
SPOKEN = ("first reason", "reasons", "flags", "routes")
NO_DIFFERENCE = "Changes that make no difference"
_TABLES = {NO_DIFFERENCE: (("change", "why"), ())}
_CASES = (("case", "expected"), ("person", "record", *SPOKEN))

_SETTINGS = ("clinic", "home", "ambulatory", "acute_hospital", "maternity")
_SOURCES = ("practice", "hospital", "maternity", "pharmacy", "patient", "medication", "emergency")
_USUAL_SOURCE = {
    "acute_hospital": "hospital",
    "maternity": "maternity",
    "emergency_attendance": "emergency",
    **dict.fromkeys(MEDICINE_CONCEPTS, "medication"),
}
_UNSAID = {
    "pcn_code": "U00001",
    "place_code": "PL1",
    "icb_code": "QXX",
    "age": 45,
    "sex": "F",
    "ethnicity_group": "white",
    "registration_date": date(2015, 1, 1),
    "is_registered": True,
    "is_alive": True,
    "has_type_1_opt_out": False,
    "has_national_data_opt_out": False,
    "registration_count": 1,
}
"""A person of whom nothing is said."""


@dataclass(frozen=True)
class Case:
    """One hand-written person.

    `person` is a row of `core_person` (`date_of_birth` may stand in it), `events` are rows of `core_event`, `beside`
    are values of `person_risk` and `list_hold` by the name of the table. `expected` has, for each column of the table
    that says what must come out, its text.
    """

    title: str
    line: int
    settings: Mapping[str, Any]
    use: str
    person: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]
    beside: Mapping[str, Mapping[str, Any]]
    expected: Mapping[str, str]


@dataclass(frozen=True)
class Cases:
    """An assurance file: its text, its people, and the mutants it argues for, each with the reason."""

    name: str
    text: str
    people: tuple[Case, ...]
    argued: Mapping[str, str]


def definition_file(definition: Definition, /) -> Path:
    """The file of a shipped definition."""
    return library()[definition.id]


def cases_file(definition: Definition, /) -> Path:
    """Where the hand-written people of a shipped definition stand; the file need not be there."""
    return definition_file(definition).with_suffix(".assurance.md")


def read_cases(path: Path, definition: Definition, /) -> Cases:
    """The hand-written people of `definition` in file `path`; DefinitionError names the line at fault."""
    if not path.exists():
        raise DefinitionError(
            "The definition has no hand-written people", name=definition.id, hint=f"Write some into {path.name}."
        )
    return _Reader(path.name, definition).read(path.read_text(encoding="utf-8"))


@dataclass
class _Section:
    """What holds for every row of the table below one heading."""

    title: str
    use: str
    settings: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    events: tuple[dict[str, Any], ...] = ()
    columns: tuple[str, ...] = ()


class _Reader:
    """Reads one file from top to bottom; `line` is the one being read."""

    def __init__(self, name: str, definition: Definition) -> None:
        self.name, self.definition, self.line = name, definition, 0
        self.section = _Section("", definition.use)

    def read(self, text: str) -> Cases:
        people: dict[str, Case] = {}
        argued: dict[str, str] = {}
        for self.line, line in enumerate(text.splitlines(), 1):
            word, _, rest = line.partition(":")
            if line.startswith("## "):
                self.section = _Section(line[3:].strip(), self.definition.use)
            elif line.startswith("|"):
                row = self._row([cell.strip() for cell in line.strip().strip("|").split("|")])
                if row and self.section.title == NO_DIFFERENCE:
                    argued[row["change"].strip("`")] = row["why"]
                elif row:
                    case = self._case(row)
                    if case.title in people:
                        self._fail(f"Two cases are called {case.title!r}", "Give each a title of its own.")
                    people[case.title] = case
            elif word == "Everyone":
                self.section.facts |= self._pairs(rest)
            elif word == "Record":
                self.section.events += self._events(rest)
            elif word == "Settings":
                self._set(self._pairs(rest))
        return Cases(self.name, text, tuple(people.values()), argued)

    def _fail(self, what: str, hint: str) -> NoReturn:
        raise DefinitionError(what, name=f"{self.name}, line {self.line}", hint=hint)

    def _row(self, cells: list[str]) -> dict[str, str] | None:
        """The cells by their column; None for the heading and the line below it."""
        if not self.section.columns:
            required, optional = _TABLES.get(self.section.title, _CASES)
            for cell in cells:
                if cell not in (*required, *optional):
                    self._fail(f"There is no column {cell!r} here", nearest(cell, (*required, *optional)))
            for name in required:
                if name not in cells:
                    self._fail(f"The table has no column {name!r}", "Add it.")
            self.section.columns = tuple(cells)
            return None
        if not any(set(cell) - set(":-") for cell in cells):
            return None
        if len(cells) != len(self.section.columns):
            self._fail(f"The row has {len(cells)} cells, the heading {len(self.section.columns)}", "Mend the row.")
        return dict(zip(self.section.columns, cells, strict=True))

    def _case(self, row: dict[str, str]) -> Case:
        facts = self.section.facts | self._pairs(row.get("person", ""))
        person, beside = self._facts(facts)
        return Case(
            title=row["case"],
            line=self.line,
            settings=self.section.settings,
            use=self.section.use,
            person=person,
            events=self.section.events + self._events(row.get("record", "")),
            beside=beside,
            expected={"expected": self._place(row["expected"])} | {name: row[name] for name in SPOKEN if name in row},
        )

    def _place(self, text: str) -> str:
        steps = ("population", "no_tier", *(exclusion.id for exclusion in self.definition.exclusions))
        places = [f"{OUT}: {step}" for step in steps]
        places += [f"{name}: {tier.id}" for name, output in self.definition.outputs.items() for tier in output.tiers]
        if text not in places:
            self._fail(f"Nobody can end at {text!r}", nearest(text, places))
        return text

    def _facts(self, facts: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Facts as values: those of the person, and those beside the features by table."""
        columns = {"date_of_birth": Variable("date"), **columns_of("core_person")}
        person: dict[str, Any] = dict(_UNSAID)
        beside: dict[str, dict[str, Any]] = {}
        for name, text in facts.items():
            table = next((table for table in (RISK, HOLD) if name in columns_of(table)), None)
            if name in columns:
                person[name] = self._value(text, columns[name])
            elif table:
                beside.setdefault(table, {})[name] = self._value(text, columns_of(table)[name])
            else:
                hint = "Write the event it comes from." if name in columns_of(FEATURES) else nearest(name, columns)
                self._fail(f"{name} is not a fact of a person", hint)
        return person, beside

    def _events(self, text: str) -> tuple[dict[str, Any], ...]:
        return tuple(self._event(entry.split()) for entry in _parts(text, ";"))

    def _event(self, words: list[str]) -> dict[str, Any]:
        if len(words) < 2:
            self._fail(f"{' '.join(words)!r} is not an event", "Write `when what value setting source`.")
        when, what, *rest = words
        event: dict[str, Any] = {"event_date": self._day(when), "concept": what}
        usual = what
        if re.fullmatch(r"\d+/\d+", what):
            usual = rest.pop(0) if rest and rest[0] in _SETTINGS else "clinic"
            systolic, diastolic = map(int, what.split("/"))
            event |= {"concept": "blood_pressure", "systolic": systolic, "diastolic": diastolic, "setting": usual}
        elif what not in (*CONCEPTS, "emergency_attendance"):
            self._fail(f"{what!r} is no concept", nearest(what, CONCEPTS))
        elif rest and rest[0] not in _SOURCES:
            event["value"] = self._value(rest.pop(0), Variable("number"))
        event["source"] = rest.pop(0) if rest and rest[0] in _SOURCES else _USUAL_SOURCE.get(usual, "practice")
        if rest:
            self._fail(f"{rest[0]!r} is not understood", "Write `when what value setting source`.")
        return event

    def _set(self, settings: Mapping[str, str]) -> None:
        for name, text in settings.items():
            if name == "use":
                self.section.use = self._value(text, Variable("string", USES))
                continue
            if name not in self.definition.settings:
                self._fail(f"There is no setting {name}", nearest(name, self.definition.settings))
            variable = self.definition.settings[name].variable
            one = replace(variable, is_list=False)
            items = [self._value(item, one) for item in _parts(text, "+") if item != "none"]
            self.section.settings[name] = items if variable.is_list else items[0]

    def _pairs(self, text: str) -> dict[str, str]:
        pairs = [part.partition(" ") for part in _parts(text, ",")]
        for name, _, value in pairs:
            if not value:
                self._fail(f"{name} has no value", "Write `name value`, with commas between.")
        return {name: value.strip() for name, _, value in pairs}

    def _day(self, text: str) -> date:
        if re.fullmatch(r"\d+d", text):
            return REFERENCE_DATE - timedelta(days=int(text[:-1]))
        try:
            return date.fromisoformat(text)
        except ValueError:
            self._fail(f"{text!r} is not a day", "Write year-month-day, or 30d for 30 days before the reference date.")

    def _value(self, text: str, variable: Variable) -> Any:
        """The value a cell names, of the type and among the values of `variable`."""
        if variable.type == "date":
            return self._day(text)
        read = {"integer": int, "number": float, "string": str, "boolean": {"yes": True, "no": False}.__getitem__}
        try:
            value = read[variable.type](text)
        except (ValueError, KeyError):
            self._fail(f"{text!r} is not of type {variable.type}", "Booleans are written yes or no.")
        if variable.values and value not in variable.values:
            self._fail(f"{text!r} is not among the values", nearest(text, variable.values))
        return value


def _parts(text: str, separator: str) -> list[str]:
    return [part.strip() for part in text.split(separator) if part.strip()]

"""Assurance of a definition: hand-written people go through it, and each must end where a clinician said.

Belongs here: the verdict on each person. How people are written down is in `cases`; whether the people would notice a
change of the definition is asked by `mutation`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from phm.cohorts.cases import OUT, REFERENCE_DATE, SPOKEN, Case, Cases, cases_file, read_cases
from phm.cohorts.definition import LIST, Definition
from phm.cohorts.evaluate import evaluate
from phm.cohorts.facts import HOLD, RISK, columns_of, person_facts
from phm.cohorts.reasons import texts
from phm.core.features import person_features
from phm.engine import connect
from phm.expressions import Variable
from phm.expressions.language import IBIS_TYPES
from phm.feeds.row_sql import age_sql

_WHO = {"person_id": Variable("string")}
_WHOSE = {**_WHO, "cohort_id": Variable("string")}


@dataclass(frozen=True)
class Verdict:
    """One hand-written person, and what came of them by the names of `case.expected`."""

    case: Case
    found: Mapping[str, str]

    @property
    def wrong(self) -> tuple[str, ...]:
        """What came out otherwise than written; nothing where the person is as expected."""
        return tuple(name for name in self.case.expected if is_checked(self.case, name) and self._differs(name))

    def _differs(self, name: str) -> bool:
        return self.case.expected[name] != self.found[name]


def is_checked(case: Case, name: str) -> bool:
    """Whether a case says what must come out as `name`; nobody is listed without a reason."""
    return name in case.expected and (bool(case.expected[name]) or name in ("flags", "routes"))


def cases_of(definition: Definition, /) -> Cases:
    """The hand-written people of a shipped definition; DefinitionError where there are none or a line is wrong."""
    return read_cases(cases_file(definition), definition)


def page_section(definition: Definition, /) -> str:
    """The hand-written people as the assurance section of the definition's page, in Markdown."""
    _, _, text = cases_of(definition).text.partition("\n")
    return "## Assurance\n" + text.replace("\n## ", "\n### ")


def assure(definition: Definition, cases: Cases, /) -> tuple[Verdict, ...]:
    """The verdict on every person of `cases`, in their order."""
    facts = facts_of(definition, cases)
    verdicts: dict[int, Verdict] = {}
    for variant, numbers in variants(definition, cases):
        people = facts.filter(facts.person_id.isin([case_id(number) for number in numbers]))
        asked = {name for number in numbers for name in cases.people[number].expected}
        found = _found(variant, people, asked)
        verdicts |= {number: Verdict(cases.people[number], found[case_id(number)]) for number in numbers}
    return tuple(verdicts[number] for number in range(len(cases.people)))


def variants(definition: Definition, cases: Cases, /) -> Iterator[tuple[Definition, list[int]]]:
    """The definition with each combination of settings and use that sections ask for, and the numbers of its cases."""

    def asked(number: int) -> tuple[str, str]:
        return cases.people[number].use, str(sorted(cases.people[number].settings.items()))

    for _, group in groupby(sorted(range(len(cases.people)), key=asked), key=asked):
        numbers = list(group)
        first = cases.people[numbers[0]]
        yield replace(definition.with_settings(first.settings), use=first.use), numbers


def case_id(number: int) -> str:
    """The pseudonym of case `number`, and the code of the practice it alone is registered with."""
    return f"{number:032x}"


def facts_of(definition: Definition, cases: Cases, /) -> ir.Table:
    """One row per case: what the definition may ask, computed from the events by `person_features`."""
    engine = _bench()
    people, events = [], []
    beside: dict[str, list] = {RISK: [], HOLD: []}
    for number, case in enumerate(cases.people):
        who = {"person_id": case_id(number)}
        people.append({**case.person, **who, "practice_code": case_id(number)})
        events += [{**event, **who} for event in case.events]
        for name, values in case.beside.items():
            beside[name].append({**values, **who, "cohort_id": definition.id})
    for name, rows in (("born", people), ("event", events)):
        schema = engine.table(name).schema().to_pyarrow()
        engine.insert(name, pa.Table.from_pylist(rows, schema=schema), overwrite=True)
    risk, hold = (_table(engine, rows, {**_WHOSE, **columns_of(name)}) for name, rows in beside.items())
    facts = person_facts(
        definition.id,
        engine.table("features"),
        person_risk=risk if columns_of(RISK) else None,
        list_hold=hold if columns_of(HOLD) else None,
    )
    return engine.create_table(ibis.util.gen_name("facts"), facts)


@cache
def _bench() -> ibis.BaseBackend:
    """An engine with the tables `born` (people with dates of birth) and `event`, and the view `features` of both.

    Kept, and filled anew for every definition: planning the features takes far longer than computing them for a few
    hundred people.
    """
    engine = connect()
    columns = {**_WHO, "date_of_birth": Variable("date"), **columns_of("core_person")}
    engine.create_table("born", schema=_schema(columns))
    event = engine.create_table("event", schema=_schema({**_WHO, **columns_of("core_event")}))
    aged = engine.sql(f"SELECT * REPLACE (coalesce({age_sql('date_of_birth', REFERENCE_DATE)}, age) AS age) FROM born")
    person = aged.drop("date_of_birth")
    engine.create_view("features", person_features(event, person, reference_date=REFERENCE_DATE))
    return engine


def _table(engine: ibis.BaseBackend, rows: Sequence[Mapping], columns: Mapping[str, Variable]) -> ir.Table:
    table = pa.Table.from_pylist(list(rows), schema=_schema(columns).to_pyarrow())
    return engine.create_table(ibis.util.gen_name("case"), table)


def _schema(columns: Mapping[str, Variable]) -> ibis.Schema:
    return ibis.schema({name: IBIS_TYPES[kind.type] for name, kind in columns.items()})


def _found(definition: Definition, people: ir.Table, asked: Collection[str]) -> dict[str, dict[str, str]]:
    """What came of every person, by pseudonym and by those columns of an assurance file that are `asked` for."""
    result = evaluate(definition, people, reference_date=REFERENCE_DATE)
    member = result.member.cache()
    reasons = _reasons(definition, member, people) if {"reasons", "first reason"} & {*asked} else {}
    remarks = _remarks(definition, people) if {"flags", "routes"} & {*asked} else {}
    found = {name: {"expected": f"{OUT}: population"} for name in people.person_id.to_pyarrow().to_pylist()}
    for step in result.attrition.filter(lambda t: (t.person_count > 0) & (t.step_order > 0)).to_pyarrow().to_pylist():
        found[step["practice_code"]] = {"expected": f"{OUT}: {step['step']}"}
    for row in member.to_pyarrow().to_pylist():
        person, tier, output = row["person_id"], row["tier"], definition.outputs[row["output"]]
        said = reasons.get(person, "")
        found[person] = {"expected": f"{output.id}: {tier}", "reasons": said, "first reason": said.split("; ")[0]}
        for name, items in (("flags", output.flags), ("routes", output.routes)):
            ids = [item.id for item in items if not item.tiers or tier in item.tiers]
            found[person][name] = ", ".join(item for item in ids if remarks.get(person, {}).get(item))
    return {person: dict.fromkeys(SPOKEN, "") | what for person, what in found.items()}


def _reasons(definition: Definition, member: ir.Table, people: ir.Table) -> dict[str, str]:
    said = texts(definition, member, people, reference_date=REFERENCE_DATE).select("person_id", "reasons").to_pyarrow()
    return dict(zip(said["person_id"].to_pylist(), said["reasons"].to_pylist(), strict=True))


def _remarks(definition: Definition, people: ir.Table) -> dict[str, dict[str, bool]]:
    """Which flags and routes hold for every person, by pseudonym and id."""
    listed = definition.outputs[LIST]
    holds = {
        item.id: item.when.on(people, settings=definition.values, reference_date=REFERENCE_DATE)
        for item in (*listed.flags, *listed.routes)
    }
    return {row.pop("person_id"): row for row in people.select("person_id", **holds).to_pyarrow().to_pylist()}

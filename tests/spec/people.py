"""Hand-written people: small ASCII tables → the tables transforms take.

A spec test writes who a person is and what happened to them, and says what must come out::

    PEOPLE = '''
    person | age | sex | ethnicity_group
    1      | 44  | F   | black
    2      | 35  | M   | white
    '''
    EVENTS = '''
    person | date       | what           | value   | setting | source
    1      | 2026-03-03 | blood_pressure | 164/102 | clinic  | practice
    1      | 2026-04-01 | bmi            | 36.5    |         |
    2      | 2025-12-24 | ace_inhibitor
    '''

`what` is a concept of `phm.core.codelists.CONCEPTS`, `blood_pressure` or `emergency_attendance`.

- `core_person(PEOPLE)`: any column of `core_person` may be a heading; the others get the defaults below. A person
  is named by a whole number; `person_id(1)` is the pseudonym that stands for it.
- `core_event(EVENTS)`: `setting` defaults to clinic for a blood pressure; `source` to practice, or what the concept's
  feed is. Lines starting with `#` and blank lines are left out. An empty cell is null.
- `features(PEOPLE, EVENTS, engine)`: `person_feature` as a list of dicts in order of person; `features(...)[0]["bmi"]`.
- `gp_event(TEXT)`: landed `gp_event` for tests of pairing, see there.
- `rows(TEXT)`: any ASCII table as dicts of text.

The reference date of all specs is `REFERENCE_DATE`, 31 October 2026.
"""

from datetime import date
from functools import cache

import ibis
import pyarrow as pa

from phm.core.codelists import MEDICINE_CONCEPTS, load_code_lists
from phm.core.features import person_features

REFERENCE_DATE = date(2026, 10, 31)

PERSON_SCHEMA = pa.schema(
    [
        ("person_id", pa.string()),
        ("practice_code", pa.string()),
        ("pcn_code", pa.string()),
        ("place_code", pa.string()),
        ("icb_code", pa.string()),
        ("age", pa.int64()),
        ("sex", pa.string()),
        ("ethnicity_group", pa.string()),
        ("ethnicity_code", pa.string()),
        ("lsoa_code", pa.string()),
        ("imd_score", pa.float64()),
        ("imd_decile", pa.int64()),
        ("imd_quintile", pa.int64()),
        ("registration_date", pa.date32()),
        ("is_registered", pa.bool_()),
        ("is_alive", pa.bool_()),
        ("contact_preference", pa.string()),
        ("is_safe_to_text", pa.bool_()),
        ("interpreter_language", pa.string()),
        ("reasonable_adjustment", pa.string()),
        ("last_contact_date", pa.date32()),
        ("invitation_count", pa.int64()),
        ("next_appointment_date", pa.date32()),
        ("usual_clinician", pa.string()),
        ("has_type_1_opt_out", pa.bool_()),
        ("has_national_data_opt_out", pa.bool_()),
        ("registration_count", pa.int64()),
    ]
)

EVENT_SCHEMA = pa.schema(
    [
        ("person_id", pa.string()),
        ("event_date", pa.date32()),
        ("concept", pa.string()),
        ("value", pa.float64()),
        ("systolic", pa.int64()),
        ("diastolic", pa.int64()),
        ("setting", pa.string()),
        ("source", pa.string()),
    ]
)

GP_EVENT_SCHEMA = pa.schema(
    [
        ("practice_code", pa.string()),
        ("person_id", pa.string()),
        ("record_id", pa.int64()),
        ("parent_record_id", pa.int64()),
        ("event_date", pa.date32()),
        ("snomed_code", pa.string()),
        ("value", pa.float64()),
        ("source", pa.string()),
    ]
)

PERSON_DEFAULTS = {
    "practice_code": "A81001",
    "pcn_code": "U00001",
    "place_code": "P01",
    "icb_code": "QZZ",
    "age": 44,
    "sex": "F",
    "ethnicity_group": "white",
    "lsoa_code": "E01000001",
    "imd_score": 20.0,
    "imd_decile": 5,
    "imd_quintile": 3,
    "registration_date": date(2015, 1, 1),
    "is_registered": True,
    "is_alive": True,
    "has_type_1_opt_out": False,
    "has_national_data_opt_out": False,
    "registration_count": 1,
}


def person_id(person: int | str) -> str:
    """The pseudonym that stands for person `person` (a whole number)."""
    return f"{int(person):032x}"


def rows(text: str) -> list[dict[str, str | None]]:
    """An ASCII table as dicts of text; an empty or missing cell is None."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    header, *body = [[cell.strip() or None for cell in line.split("|")] for line in lines]
    return [dict(zip(header, cells + [None] * (len(header) - len(cells)), strict=True)) for cells in body]


def core_person(text: str) -> pa.Table:
    """`core_person` of an ASCII table with a column `person` and any columns of the contract."""
    people = []
    for row in rows(text):
        given = {name: _typed(cell, PERSON_SCHEMA.field(name).type) for name, cell in row.items() if name != "person"}
        nothing = dict.fromkeys(PERSON_SCHEMA.names)
        people.append(nothing | PERSON_DEFAULTS | given | {"person_id": person_id(row["person"])})
    return pa.Table.from_pylist(people, schema=PERSON_SCHEMA)


def core_event(text: str) -> pa.Table:
    """`core_event` of an ASCII table `person | date | what | value | setting | source`; pressures are `164/102`."""
    events = []
    for row in rows(text):
        what, value = row["what"], row.get("value")
        event = {"person_id": person_id(row["person"]), "event_date": date.fromisoformat(row["date"]), "concept": what}
        if what == "blood_pressure":
            systolic, diastolic = (int(half) for half in value.split("/"))
            event |= {"systolic": systolic, "diastolic": diastolic, "setting": row.get("setting") or "clinic"}
        elif value is not None:
            event["value"] = float(value)
        source_of_feed = {"emergency_attendance": "emergency"} | dict.fromkeys(MEDICINE_CONCEPTS, "medication")
        event["source"] = row.get("source") or source_of_feed.get(what, "practice")
        events.append(event)
    return pa.Table.from_pylist(events, schema=EVENT_SCHEMA)


def gp_event(text: str) -> pa.Table:
    """Landed `gp_event` of an ASCII table `person | record | parent | date | what | value | source | practice`.

    `what` is a concept (its first code is taken) or a code.
    """
    entries = [
        {
            "practice_code": row.get("practice") or PERSON_DEFAULTS["practice_code"],
            "person_id": person_id(row["person"]),
            "record_id": int(row["record"]),
            "parent_record_id": _typed(row.get("parent"), pa.int64()),
            "event_date": date.fromisoformat(row["date"]),
            "snomed_code": first_codes().get(row["what"], row["what"]),
            "value": _typed(row.get("value"), pa.float64()),
            "source": row.get("source") or "practice",
        }
        for row in rows(text)
    ]
    return pa.Table.from_pylist(entries, schema=GP_EVENT_SCHEMA)


@cache
def first_codes() -> dict[str, str]:
    """The first code of every concept of the example code lists."""
    return {row["concept"]: row["code"] for row in reversed(load_code_lists().to_pylist())}


def table(data: pa.Table, engine: ibis.BaseBackend) -> ibis.Table:
    """`data` as a table of `engine`."""
    name = ibis.util.gen_name("spec")
    if engine.name == "duckdb":
        return engine.create_table(name, data, temp=True)
    _spark_session().createDataFrame(data).createOrReplaceTempView(name)
    return engine.table(name)


def fetched(expression: ibis.Table, engine: ibis.BaseBackend, *order_by: str) -> list[dict]:
    """Rows of `expression` computed by `engine`, ordered in Python (nulls first), as dicts."""
    if engine.name == "duckdb":
        found = engine.to_pyarrow(expression)
    else:
        # Not by way of pandas, which turns whole numbers beside nulls into floats.
        found = _spark_session().sql(engine.compile(expression)).toArrow()
    return sorted(found.to_pylist(), key=lambda row: tuple((row[name] is not None, row[name]) for name in order_by))


def _spark_session():
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession()


def features(people: str, events: str, engine: ibis.BaseBackend) -> list[dict]:
    """`person_feature` of hand-written people at `REFERENCE_DATE`, in order of person."""
    event, person = table(core_event(events), engine), table(core_person(people), engine)
    return fetched(person_features(event, person, reference_date=REFERENCE_DATE), engine, "person_id")


def _typed(cell: str | None, kind: pa.DataType) -> object:
    if cell is None:
        return None
    if pa.types.is_date(kind):
        return date.fromisoformat(cell)
    if pa.types.is_boolean(kind):
        return {"yes": True, "no": False}[cell]
    return {pa.int64(): int, pa.float64(): float, pa.string(): str}[kind](cell)

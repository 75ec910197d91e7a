"""Events: what happened to whom, in the terms definitions use; and what was left out, and why.

Belongs here: coded entries, medication issues and emergency attendances as `core_event`, and `core_event_issue`
with the number of delivered rows that are not in it. How halves of a blood pressure are put together is in
`pairing`; what a blood pressure means is in `blood_pressure`.

Every delivered row is accounted for: it is in `core_event` (two rows for one blood pressure; several events where
its code is in several lists) or counted once in `core_event_issue`, under the first of these reasons that holds:
its code is in no list; its person is not in the register; its value is missing or implausible; it is half of a blood
pressure without the other half.
"""

import ibis
from ibis.expr.types import BooleanColumn, IntegerScalar, Table

from phm.core.pairing import pair_halves

SYSTOLIC_RANGE = (50, 300)
DIASTOLIC_RANGE = (20, 200)
"""Plausible pressures, mm Hg, both ends included; and systolic must exceed diastolic. Outside: a data-quality row,
not a reading."""

MEASUREMENT_RANGES = {
    "bmi": (10.0, 100.0),
    "egfr": (0.0, 200.0),
    "hba1c": (10.0, 250.0),
    "cholesterol_ratio": (1.0, 20.0),
    "acr": (0.0, 5000.0),
}
"""Plausible values of measured concepts, both ends included: kg/m², mL/min/1.73 m², mmol/mol, ratio, mg/mmol. A value
outside, or none, is `implausible_value`. Events of every other concept carry no value."""

_BP_CONCEPTS = {
    f"bp_{arm}_{kind}": (arm == "systolic", setting)
    for arm in ("systolic", "diastolic")
    for kind, setting in (("clinic", "clinic"), ("home_average", "home"), ("ambulatory_average", "ambulatory"))
}

_COLUMNS = ("person_id", "event_date", "concept", "value", "systolic", "diastolic", "setting", "source")


def readings(gp_event: Table, person: Table, code_lists: Table, /) -> Table:
    """Blood pressures put together, plausible or not: one row is two delivered halves.

    Columns `practice_code, person_id, event_date, setting, source, systolic, diastolic`. Both `events` and `issues`
    need them: to pair only once, pass `readings(...).cache()` to both.
    """
    numbers = _person_numbers(person)
    halves = _halves(gp_event, numbers, code_lists)
    paired = pair_halves(halves.filter(halves.is_usable))
    return paired.inner_join(numbers, paired.person == numbers.person_number).drop("person", "person_number")


def events(
    gp_event: Table,
    gp_medication: Table,
    emergency_attendance: Table,
    person: Table,
    code_lists: Table,
    /,
    *,
    paired: Table | None = None,
) -> Table:
    """`core_event`: one row is one event of one concept; both halves of a blood pressure are one row.

    A code in several lists gives one event of each. Readings recorded by a hospital or by maternity with clinic codes
    have the setting `acute_hospital` or `maternity`; pressures are rounded to whole mm Hg.

    Parameters
    ----------
    gp_event, gp_medication, emergency_attendance
        Landed feeds.
    person
        `core_person`.
    code_lists
        `codelists.load_code_lists()` as an Ibis table.
    paired
        `readings` of the same tables, where they are at hand.
    """
    if paired is None:
        paired = readings(gp_event, person, code_lists)
    blood_pressure = paired.filter(_is_plausible(paired)).select(
        "person_id",
        "event_date",
        concept=ibis.literal("blood_pressure"),
        value=ibis.null("float64"),
        systolic=paired.systolic,
        diastolic=paired.diastolic,
        setting=paired.setting,
        source=paired.source,
    )
    others = _others(gp_event, code_lists).semi_join(person, "person_id")
    others = others.filter(others.is_plausible).select(
        "person_id", "event_date", "concept", "value", **_no_pressure(), source=others.source
    )
    issued = _issued(gp_medication, code_lists).semi_join(person, "person_id")
    medicines = issued.select(
        "person_id",
        event_date="issue_date",
        concept="concept",
        value=ibis.null("float64"),
        **_no_pressure(),
        source=ibis.literal("medication"),
    )
    attended = emergency_attendance.semi_join(person, "person_id")
    attendances = attended.select(
        "person_id",
        event_date="arrival_date",
        concept=ibis.literal("emergency_attendance"),
        value=ibis.null("float64"),
        **_no_pressure(),
        source=ibis.literal("emergency"),
    )
    return ibis.union(*(part.select(*_COLUMNS) for part in (blood_pressure, others, medicines, attendances)))


def issues(
    gp_event: Table,
    gp_medication: Table,
    emergency_attendance: Table,
    person: Table,
    code_lists: Table,
    /,
    *,
    paired: Table | None = None,
) -> Table:
    """`core_event_issue`: one row is the number of delivered rows of one practice and feed left out for one reason.

    Takes what `events` takes. `practice_code` is empty for emergency attendances.
    """
    if paired is None:
        paired = readings(gp_event, person, code_lists)
    implausible = paired.filter(~_is_plausible(paired))
    halves = _halves(gp_event, _person_numbers(person), code_lists)
    listed = gp_event.semi_join(_codes(code_lists, "snomed_ct", "snomed_code"), "snomed_code")
    others = _others(gp_event, code_lists).semi_join(person, "person_id")
    implausible_others = others.filter(~others.is_plausible).select("practice_code", "record_id").distinct()
    issued = gp_medication.semi_join(_codes(code_lists, "dmd", "dmd_code"), "dmd_code")
    unknown_attender = emergency_attendance.anti_join(person, "person_id")
    parts = [
        _no_list(gp_event, "snomed_code", code_lists, "snomed_ct", "gp_event"),
        _no_list(gp_medication, "dmd_code", code_lists, "dmd", "gp_medication"),
        _counted(listed.anti_join(person, "person_id"), "gp_event", "person_not_in_register"),
        _counted(issued.anti_join(person, "person_id"), "gp_medication", "person_not_in_register"),
        _counted(
            unknown_attender.select(practice_code=ibis.null("string")), "emergency_attendance", "person_not_in_register"
        ),
        _counted(implausible_others, "gp_event", "implausible_value"),
        _counted(halves.filter(~halves.is_usable), "gp_event", "implausible_value"),
        _counted(implausible, "gp_event", "implausible_value", event_count=implausible.count() * 2),
        _counted(halves.filter(halves.is_usable), "gp_event", "unpaired_blood_pressure"),
        _counted(paired, "gp_event", "unpaired_blood_pressure", event_count=paired.count() * -2),
    ]
    counts = ibis.union(*parts).group_by("practice_code", "feed", "reason")
    # Ibis takes a sum of int64 for int64 and would leave the cast out; DuckDB's is wider. By way of a float it stays.
    total = counts.agg(event_count=lambda t: t.event_count.sum().cast("float64").cast("int64"))
    return total.filter(total.event_count > 0)


def _codes(code_lists: Table, coding_system: str, code_column: str) -> Table:
    of_system = code_lists.filter(code_lists.coding_system == coding_system)
    return of_system.select("concept", **{code_column: of_system.code})


def _issued(gp_medication: Table, code_lists: Table) -> Table:
    return gp_medication.inner_join(_codes(code_lists, "dmd", "dmd_code"), "dmd_code")


def _person_numbers(person: Table) -> Table:
    """Whole numbers that stand for people while halves are paired: grouping by them takes a third of the time."""
    return person.select("person_id", person_number=ibis.row_number().over(order_by=person.person_id))


def _halves(gp_event: Table, numbers: Table, code_lists: Table) -> Table:
    """Halves of blood pressures of known people, for `pair_halves`; `is_usable`: there is a positive value."""
    codes = _codes(code_lists, "snomed_ct", "snomed_code")
    concept = codes.concept
    codes = codes.filter(concept.isin(list(_BP_CONCEPTS))).select(
        "snomed_code",
        is_systolic=concept.isin([name for name, (is_systolic, _) in _BP_CONCEPTS.items() if is_systolic]),
        code_setting=ibis.cases(*((concept == name, setting) for name, (_, setting) in _BP_CONCEPTS.items())),
    )
    halves = gp_event.inner_join(codes, "snomed_code").inner_join(numbers, "person_id")
    value = halves.value
    return halves.select(
        "practice_code",
        "record_id",
        "parent_record_id",
        "event_date",
        "source",
        "is_systolic",
        person=halves.person_number,
        setting=ibis.cases(
            (halves.code_setting != "clinic", halves.code_setting),
            (halves.source == "hospital", "acute_hospital"),
            (halves.source == "maternity", "maternity"),
            else_="clinic",
        ),
        is_usable=(value.between(1, 999) & ~value.isnan()).fill_null(False),
        value=ibis.ifelse(value.between(1, 999) & ~value.isnan(), value, ibis.null("float64")).round().cast("int64"),
    )


def _others(gp_event: Table, code_lists: Table) -> Table:
    """Entries that are no blood pressure, once for each list their code is in, with `is_plausible`.

    `value` is null but for measured concepts.
    """
    codes = _codes(code_lists, "snomed_ct", "snomed_code")
    codes = codes.filter(~codes.concept.isin(list(_BP_CONCEPTS))).mutate(
        is_measured=codes.concept.isin(list(MEASUREMENT_RANGES)),
        lowest=ibis.cases(*((codes.concept == name, low) for name, (low, _) in MEASUREMENT_RANGES.items())),
        highest=ibis.cases(*((codes.concept == name, high) for name, (_, high) in MEASUREMENT_RANGES.items())),
    )
    coded = gp_event.inner_join(codes, "snomed_code")
    is_number = coded.value.notnull() & ~coded.value.isnan()
    in_range = is_number & (coded.value >= coded.lowest) & (coded.value <= coded.highest)
    return coded.select(
        "practice_code",
        "person_id",
        "record_id",
        "event_date",
        "concept",
        "source",
        value=ibis.ifelse(coded.is_measured, coded.value, ibis.null("float64")),
        is_plausible=~coded.is_measured | in_range.fill_null(False),
    )


def _is_plausible(paired: Table) -> BooleanColumn:
    return (
        paired.systolic.between(*SYSTOLIC_RANGE)
        & paired.diastolic.between(*DIASTOLIC_RANGE)
        & (paired.systolic > paired.diastolic)
    )


def _no_pressure() -> dict:
    return {"systolic": ibis.null("int64"), "diastolic": ibis.null("int64"), "setting": ibis.null("string")}


def _no_list(delivered: Table, code_column: str, code_lists: Table, coding_system: str, feed: str) -> Table:
    """Rows whose code is in no list, counted over distinct codes: the large feed is read once and never joined."""
    codes = code_lists.filter(code_lists.coding_system == coding_system).select(listed_code="code").distinct()
    counted = delivered.group_by("practice_code", code_column).agg(event_count=delivered.count())
    unlisted = counted.anti_join(codes, counted[code_column] == codes.listed_code)
    return _counted(unlisted, feed, "code_in_no_list", event_count=unlisted.event_count.sum())


def _counted(rows: Table, feed: str, reason: str, *, event_count: IntegerScalar | None = None) -> Table:
    counted = rows.group_by("practice_code").agg(event_count=rows.count() if event_count is None else event_count)
    return counted.select(
        "practice_code",
        feed=ibis.literal(feed),
        reason=ibis.literal(reason),
        event_count=counted.event_count.cast("int64"),
    )

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
from ibis.expr.types import BooleanColumn, FloatingColumn, Table, Value

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
    "cvd_risk_score": (0.0, 100.0),
    "cigarettes_per_day": (0.0, 200.0),
}
"""Plausible values of measured concepts, both ends included: kg/m², mL/min/1.73 m², mmol/mol, ratio, mg/mmol, %,
cigarettes. A value outside, or none, is `implausible_value`. Events of every other concept carry no value."""

_BP_CONCEPTS = {
    f"bp_{arm}_{kind}": (arm == "systolic", setting)
    for arm in ("systolic", "diastolic")
    for kind, setting in (("clinic", "clinic"), ("home_average", "home"), ("ambulatory_average", "ambulatory"))
}

_USABLE = (1, 999)
"""A half of a blood pressure outside this is paired with nothing, mm Hg."""

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


def events(*sources: Table, paired: Table | None = None) -> Table:
    """`core_event` as one table; takes what `events_by_kind` takes."""
    return ibis.union(*events_by_kind(*sources, paired=paired))


def events_by_kind(
    gp_event: Table,
    gp_medication: Table,
    emergency_attendance: Table,
    person: Table,
    code_lists: Table,
    /,
    *,
    paired: Table | None = None,
) -> tuple[Table, Table, Table, Table]:
    """`core_event` in parts: blood pressures, other coded entries, medicines and attendances.

    One row is one event of one concept; both halves of a blood pressure are one row. A code in several lists gives one
    event of each. Readings recorded by a hospital or by maternity with clinic codes have the setting `acute_hospital`
    or `maternity`; pressures are rounded to whole mm Hg.

    Written as a file each, the parts are put in order sooner, and who asks for events of one kind reads its file alone.

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
    return tuple(part.select(*_COLUMNS) for part in (blood_pressure, others, medicines, attendances))


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

    Takes what `events_by_kind` takes. `practice_code` is empty for emergency attendances.
    """
    if paired is None:
        paired = readings(gp_event, person, code_lists)
    implausible = paired.filter(~_is_plausible(paired))
    parts = [
        _entries_left_out(gp_event, person, code_lists),
        _issues_left_out(gp_medication, person, code_lists),
        _counted(
            emergency_attendance.anti_join(person, "person_id").select(
                practice_code=ibis.null("string"), reason=ibis.literal("person_not_in_register")
            ),
            "emergency_attendance",
        ),
        _counted(_both_halves(implausible, "implausible_value"), "gp_event", each=2),
        _counted(_both_halves(paired, "unpaired_blood_pressure"), "gp_event", each=-2),
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
    is_usable = _is_between(halves.value, *_USABLE)
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
        is_usable=is_usable,
        value=ibis.ifelse(is_usable, halves.value, ibis.null("float64")).round().cast("int64"),
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
    return coded.select(
        "practice_code",
        "person_id",
        "record_id",
        "event_date",
        "concept",
        "source",
        value=ibis.ifelse(coded.is_measured, coded.value, ibis.null("float64")),
        is_plausible=~coded.is_measured | _is_between(coded.value, coded.lowest, coded.highest),
    )


def _is_between(value: FloatingColumn, low: Value, high: Value) -> BooleanColumn:
    """Whether there is a number from `low` to `high`: no value is in no range, nor is what is not a number."""
    return (value.notnull() & ~value.isnan() & (value >= low) & (value <= high)).fill_null(False)


def _is_plausible(paired: Table) -> BooleanColumn:
    return (
        paired.systolic.between(*SYSTOLIC_RANGE)
        & paired.diastolic.between(*DIASTOLIC_RANGE)
        & (paired.systolic > paired.diastolic)
    )


def _no_pressure() -> dict:
    return {"systolic": ibis.null("int64"), "diastolic": ibis.null("int64"), "setting": ibis.null("string")}


def _entries_left_out(gp_event: Table, person: Table, code_lists: Table) -> Table:
    """Coded entries by the reason they cannot be an event; every usable half of a blood pressure is unpaired here."""
    codes = _codes(code_lists, "snomed_ct", "snomed_code")
    concept = codes.concept
    lowest, highest = (
        ibis.cases(*((concept == name, limits[end]) for name, limits in MEASUREMENT_RANGES.items())) for end in (0, 1)
    )
    # A code in several lists is one entry: its value is judged by the narrowest range.
    codes = codes.group_by(listed_code="snomed_code").agg(
        is_half=concept.isin(list(_BP_CONCEPTS)).any(), lowest=lowest.max(), highest=highest.min()
    )
    entry = _with_known(gp_event, person).left_join(codes, gp_event.snomed_code == codes.listed_code)
    is_implausible = entry.lowest.notnull() & ~_is_between(entry.value, entry.lowest, entry.highest)
    reason = ibis.cases(
        (entry.listed_code.isnull(), "code_in_no_list"),
        (entry.known_id.isnull(), "person_not_in_register"),
        (entry.is_half & _is_between(entry.value, *_USABLE), "unpaired_blood_pressure"),
        (entry.is_half | is_implausible, "implausible_value"),
    )
    return _counted(entry.select("practice_code", reason=reason), "gp_event")


def _issues_left_out(gp_medication: Table, person: Table, code_lists: Table) -> Table:
    """Medication issues by the reason they are no event."""
    codes = _codes(code_lists, "dmd", "listed_code").select("listed_code").distinct()
    issued = _with_known(gp_medication, person).left_join(codes, gp_medication.dmd_code == codes.listed_code)
    reason = ibis.cases(
        (issued.listed_code.isnull(), "code_in_no_list"), (issued.known_id.isnull(), "person_not_in_register")
    )
    return _counted(issued.select("practice_code", reason=reason), "gp_medication")


def _with_known(delivered: Table, person: Table) -> Table:
    """Delivered rows with `known_id`, which is empty where the person is not in the register."""
    known = person.select(known_id="person_id")
    return delivered.left_join(known, delivered.person_id == known.known_id)


def _both_halves(paired: Table, reason: str) -> Table:
    return paired.select("practice_code", reason=ibis.literal(reason))


def _counted(rows: Table, feed: str, *, each: int = 1) -> Table:
    """Number of `rows` by practice and reason, those without a reason left out; a row stands for `each`."""
    left_out = rows.filter(rows.reason.notnull())
    counted = left_out.group_by("practice_code", "reason").agg(event_count=left_out.count() * each)
    return counted.select(
        "practice_code", feed=ibis.literal(feed), reason="reason", event_count=counted.event_count.cast("int64")
    )

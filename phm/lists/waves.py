"""When each entry's turn is: the appointments of practices and PCNs turn lists into weeks of work.

Belongs here: `list_wave`. What it amounts to for a practice is `phm.lists.workload`'s part. The rules are those of
`docs/waves.md`.
"""

import datetime as dt
from collections.abc import Iterable

import ibis
import ibis.expr.types as ir

from phm.cohorts.definition import Definition
from phm.core.deprivation import CORE20_DECILES
from phm.core.working_days import next_working_day
from phm.lists.expiry import VALID_DAYS

URGENT_DAYS = 7
"""What is due within so many days is urgent: it is acted on by its due date, whatever the capacity."""
WEEKS = VALID_DAYS // 7
"""Weeks a list is planned for: until it expires."""
PRACTICE, PCN = "practice", "pcn"
VISIT = ("practice_code", "pcn_code", "use", "role", "person_id")
"""One appointment serves every list of one use that the same role works a person on."""
_PLACE = ("position", "use", "person_id")


def list_wave(
    entry: ir.Table,
    person: ir.Table,
    capacity: ir.Table,
    definitions: Iterable[Definition],
    /,
    *,
    reference_date: dt.date,
    core20_floor_percent: int = 100,
) -> ir.Table:
    """`list_wave`: one row per entry with its turn.

    Urgent entries come first and use up appointments like all others. The rest follow by due date, then by the share
    expected to be found. Whom their practice sees too late, or not before the list expires, may have one of the PCN's
    shared appointments: these go by expected share with a floor for Core20 (`_shared_weeks`), and are not taken where
    the practice is sooner.

    Parameters
    ----------
    entry
        `case_finding_list`.
    person
        `core_person`, for the deprivation of where people live; nothing of it is in the result.
    capacity
        Landed `capacity`.
    core20_floor_percent
        Least share of Core20 in shared appointments, in percent of their share of those waiting for one; 0 for none.
    """
    known = entry.inner_join(_tiers(definitions), ["cohort_id", "output", "tier"])
    visits = known.group_by(VISIT).aggregate(
        is_urgent=known.is_urgent.any(),
        due_date=known.due_date.min(),
        found=known.found_percent.max().fill_null(-1.0),
        position=known.position.min(),
    )
    home = person.select("person_id", is_core20=person.imd_decile.isin(CORE20_DECILES).fill_null(False))
    weekly = (capacity.appointments_per_week.sum().fill_null(0)).cast("int64")
    own = capacity.group_by("practice_code", "role").aggregate(own_weekly=weekly)
    shared = capacity.group_by("pcn_code", "role").aggregate(shared_weekly=weekly)
    visits = visits.inner_join(home, "person_id").left_join(own, ["practice_code", "role"])
    visits = visits.select(*VISIT, "is_urgent", "due_date", "found", "position", "is_core20", "own_weekly")
    visits = visits.left_join(shared, ["pcn_code", "role"]).drop("pcn_code_right", "role_right")
    first_days = week_starts(reference_date)
    alone = _weeks(visits, "own_weekly", ["practice_code", "role"], _by_due(visits), "alone_week")
    begins = alone.alone_week.cases(*first_days.items(), else_=ibis.null("date"))
    waits = ~alone.is_urgent & (begins.isnull() | (begins > alone.due_date)) & (alone.shared_weekly > 0)
    alone = alone.mutate(waits=waits.fill_null(False))
    offered = _shared_weeks(alone.filter("waits"), core20_floor_percent)
    offered = _shared_weeks(offered.filter(_is_sooner), core20_floor_percent)  # what the others leave is offered again
    taken = offered.filter(_is_sooner, offered.shared_week.notnull())
    with_pcn = taken.select(*VISIT, wave="shared_week", seen_by=ibis.literal(PCN))
    rest = _queue(visits.anti_join(with_pcn, VISIT))
    planned = known.inner_join(ibis.union(with_pcn, rest), VISIT)
    planned_week = planned.wave.cases(*first_days.items(), else_=ibis.null("date"))
    return planned.select(
        "entry_id",
        "cohort_id",
        *VISIT,
        "wave",
        "seen_by",
        "found_percent",
        is_urgent=planned.wave.fill_null(1) == 0,
        planned_week=planned_week,
        is_late=(planned.wave.fill_null(1) != 0) & (planned_week.isnull() | (planned_week > planned.due_date)),
    )


def week_starts(reference_date: dt.date, /) -> dict[int, dt.date]:
    """The first working day of each week of a plan, by number: week 1 begins on the Monday after the reference date.

    >>> week_starts(dt.date(2026, 4, 30))[1]  # 4 May is the early May bank holiday
    datetime.date(2026, 5, 5)
    """
    sunday = reference_date + dt.timedelta(days=6 - reference_date.weekday())
    return {week: next_working_day(sunday + dt.timedelta(weeks=week - 1)) for week in range(1, WEEKS + 1)}


def _tiers(definitions: Iterable[Definition]) -> ir.Table:
    rows = [
        {
            "cohort_id": definition.id,
            "output": output.id,
            "tier": tier.id,
            "use": definition.use,
            "role": tier.role,
            "is_urgent": tier.due_days <= URGENT_DAYS,
            "found_percent": float(tier.expected_found.percent) if tier.expected_found else None,
        }
        for definition in definitions
        for output in definition.outputs.values()
        for tier in output.tiers
    ]
    texts = dict.fromkeys(("cohort_id", "output", "tier", "use", "role"), "string")
    return ibis.memtable(rows, schema={**texts, "is_urgent": "boolean", "found_percent": "float64"})


def _by_due(visits: ir.Table) -> list[ir.Value]:
    return [visits.is_urgent.desc(), visits.due_date, visits.found.desc(), *(visits[name] for name in _PLACE)]


def _weeks(visits: ir.Table, weekly: str, queue: list[str], order: list[ir.Value], name: str) -> ir.Table:
    """The week in which each place of a queue is reached; none without appointments, or after the last week."""
    place = ibis.row_number().over(ibis.window(group_by=queue, order_by=order))
    week = (place // visits[weekly].nullif(0) + 1).cast("int64")
    return visits.mutate(**{name: ibis.cases((week <= WEEKS, week), else_=ibis.null("int64"))})


def _queue(visits: ir.Table) -> ir.Table:
    """The turn of everyone who waits for an appointment of their own practice."""
    placed = _weeks(visits, "own_weekly", ["practice_code", "role"], _by_due(visits), "week")
    wave = placed.is_urgent.ifelse(0, placed.week).cast("int64")
    return placed.select(*VISIT, wave=wave, seen_by=wave.notnull().ifelse(PRACTICE, ibis.null("string")))


def _is_sooner(offered: ir.Table) -> ir.BooleanValue:
    """Whether the shared appointment, if there is one, comes before that of the practice, if there is one."""
    return offered.alone_week.isnull() | (offered.shared_week < offered.alone_week).fill_null(False)


def _shared_weeks(waiting: ir.Table, floor_percent: int) -> ir.Table:
    """Those waiting for a shared appointment with the week of theirs.

    They go by expected share, and of the first n at least the floor, rounded down, are Core20, for every n. With C of N
    waiting Core20 and the floor f, the j-th of Core20 comes at place min(own place, ceil(j N / (f C))); all others
    keep their order around them.
    """
    pool = [waiting.pcn_code, waiting.role]
    order = [waiting.found.desc(), waiting.due_date, *(waiting[name] for name in _PLACE)]
    ranked = waiting.mutate(
        by_share=ibis.row_number().over(ibis.window(group_by=pool, order_by=order)) + 1,
        among=ibis.row_number().over(ibis.window(group_by=[*pool, waiting.is_core20], order_by=order)) + 1,
        everyone=ibis._.count().over(ibis.window(group_by=pool)),
        core20=waiting.is_core20.cast("int64").sum().over(ibis.window(group_by=pool)),
    )
    floor = (ranked.core20 * floor_percent).nullif(0)
    latest = ((ranked.among * ranked.everyone * 100 + floor - 1) // floor).fill_null(ranked.by_share)
    place = ibis.least(ranked.by_share, ibis.greatest(latest, ranked.among))
    others_before = ranked.is_core20.ifelse(place - ranked.among, ranked.among - 1)
    ranked = ranked.mutate(others_before=others_before)
    final = [ranked.others_before, ranked.is_core20.desc(), ranked.among]
    return _weeks(ranked, "shared_weekly", ["pcn_code", "role"], final, "shared_week")

"""What a plan asks of each practice and what it is expected to find, and how a list says so."""

import datetime as dt

import ibis.expr.types as ir
import pandas as pd

from phm.lists.waves import PCN, VISIT

NOT_PLANNED = (
    "No weeks are planned: no capacity file was delivered, or this list is not one that every run writes "
    "(setting workbooks). Work from the top."
)


def workload(wave: ir.Table, capacity: ir.Table, /) -> ir.Table:
    """One row is the work of one role at one practice, over all lists of one use.

    Counts are of appointments, of which a person has one for all of these lists: `people` in all, `urgent`, `planned`
    in a week, `by_pcn` of these in shared appointments, `late` (planned after the due date), `not_fitting`;
    `expected_found` people out of the `stated` ones, of whose tiers the definition states a share. `weekly`
    are the practice's own appointments in a week, `weeks_outstanding` the weeks they take for all but the PCN's part;
    both are empty where the capacity file states none.
    """
    visits = wave.group_by(VISIT).aggregate(
        is_urgent=wave.is_urgent.any(),
        is_late=wave.is_late.any(),
        is_planned=wave.wave.notnull().any(),
        is_shared=(wave.seen_by == PCN).any().fill_null(False),
        found=wave.found_percent.max(),
    )
    area = ("practice_code", "pcn_code", "use", "role")

    def counted(condition: ir.BooleanValue) -> ir.IntegerScalar:
        return condition.cast("int64").sum().cast("int64")

    counts = visits.group_by(area).aggregate(
        people=visits.count(),
        urgent=counted(visits.is_urgent),
        planned=counted(visits.is_planned & ~visits.is_urgent),
        by_pcn=counted(visits.is_shared),
        late=counted(visits.is_late & visits.is_planned),
        not_fitting=counted(~visits.is_planned),
        stated=counted(visits.found.notnull()),
        expected_found=(visits.found.sum().fill_null(0.0) / 100).round(1),
    )
    own = capacity.group_by("practice_code", "role").aggregate(
        weekly=capacity.appointments_per_week.sum().cast("int64")
    )
    joined = counts.left_join(own, ["practice_code", "role"])
    left = joined.people - joined.by_pcn
    weeks = ((left + joined.weekly - 1) // joined.weekly.nullif(0)).cast("int64")
    return joined.select(*counts.columns, "weekly", weeks_outstanding=weeks).order_by(area)


def turns(wave: pd.DataFrame, /) -> pd.DataFrame:
    """When each entry's turn is, as a list says it: `entry_id`, `turn` in words, `planned_week`."""
    week = "Week " + wave["wave"].astype("Int64").astype("string")
    text = week.where(wave["seen_by"] != PCN, week + ", shared appointment of the PCN")
    text = text.where(wave["wave"].notna(), "No appointment before the list expires")
    text = text.where(~wave["is_urgent"].astype(bool), "Now: does not wait for an appointment")
    return wave[["entry_id", "planned_week"]].assign(turn=text.astype(object))


def workload_text(work: pd.DataFrame, /, *, expiry_date: dt.date) -> str:
    """The workload of one practice, a line for each role; `NOT_PLANNED` where there is no row."""
    if work.empty:
        return NOT_PLANNED
    return "\n".join(_line(row, expiry_date) for row in work.itertuples())


def _line(row: tuple, expiry_date: dt.date) -> str:
    role = row.role.replace("_", " ").capitalize()
    shared = f" ({row.by_pcn} in shared appointments of the PCN)" if row.by_pcn else ""
    late = f", {row.late} of them after their due date" if row.late else ""
    if pd.isna(row.weeks_outstanding):
        weeks = "The practice states no appointments of its own for this role."
    else:
        weekly, outstanding = _many(row.weekly, "appointment"), _many(row.weeks_outstanding, "week")
        weeks = f"At {weekly} a week this is {outstanding} of work."
    found = f" About {row.expected_found:.0f} of {row.stated} are expected to have it." if row.stated else ""
    return (
        f"{role}, {_many(row.people, 'visit')}: {row.urgent} now, {row.planned} planned{shared}{late}, "
        f"{row.not_fitting} without an appointment before {expiry_date.day} {expiry_date:%B}. {weeks}{found}"
    )


def _many(count: float, noun: str) -> str:
    return f"{count:.0f} {noun}" if count == 1 else f"{count:.0f} {noun}s"


def by_area(
    wave: ir.Table, capacity: ir.Table, geography: ir.Table, /
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The workload as a table to print: its header, and a row for each practice and role, each PCN's total after it.

    Of a total the weeks are those of its slowest practice, or more than it states appointments for.
    """
    work = workload(wave, capacity).inner_join(
        geography.select("practice_code", "practice_name", "pcn_name"), "practice_code"
    )
    table = work.to_pandas().sort_values(["pcn_code", "practice_code", "use", "role"])
    rows = []
    for pcn_code, of_pcn in table.groupby("pcn_code"):
        for _, row in of_pcn.iterrows():
            rows.append(
                (f"{row.practice_code} {row.practice_name}", row.use, row.role, *_cells(row, row.weeks_outstanding))
            )
        for (use, role), part in of_pcn.groupby(["use", "role"]):
            slowest = part["weeks_outstanding"].max() if part["weeks_outstanding"].notna().all() else None
            total = part[list(_COUNTS)].sum()
            rows.append((f"{pcn_code} {part['pcn_name'].iloc[0]}, all practices", use, role, *_cells(total, slowest)))
    return (*_HEADER, *_COUNTS.values(), "weeks outstanding"), rows


_HEADER = ("practice or PCN", "use", "role")
_COUNTS = {
    "people": "people", "urgent": "urgent", "planned": "planned", "by_pcn": "of these by PCN", "late": "late",
    "not_fitting": "do not fit", "expected_found": "expected found",
}  # fmt: skip


def _cells(row: pd.Series, weeks: float | None) -> list[str]:
    return [f"{row[name]:,.0f}" for name in _COUNTS] + ["no appointments" if pd.isna(weeks) else f"{weeks:.0f}"]

"""Blood pressure readings from their halves: which systolic belongs to which diastolic.

Practice systems deliver the two halves of a reading as two coded entries. They are put together in this order, each
step only over what the step before left:

1. **By parent record**: halves of one person, day, setting and source under the same parent entry.
2. **By nearest record number**: halves of one person, day, setting and source.
3. **The only same-day value**: exactly one systolic and one diastolic of one person, day and setting are left,
   whoever recorded them; the reading takes the systolic's source.

Within a group of steps 1 and 2: as many systolics as diastolics are paired first with first, second with second (by
record number), which is the assignment with the smallest total distance; otherwise two halves are paired when each
is the other's nearest (of two equally near, the diastolic that follows, then the lower number). What is left over is
a lone half. Record numbers count within one practice, so a reading never crosses practices.
"""

import ibis
from ibis.expr.types import BooleanColumn, Table

GROUP = ("practice_code", "person", "event_date", "setting", "source")
"""Columns that are equal for both halves of a reading in steps 1 and 2."""

READING = (*GROUP, "systolic", "diastolic")
"""Columns of a reading."""


def pair_halves(halves: Table, /) -> Table:
    """Readings (`READING`): one row is one systolic and diastolic recorded together.

    `halves` has one row a half: `practice_code, person, record_id, parent_record_id, event_date, setting, source,
    is_systolic, value` with whole-number values; `person` is whatever tells people apart.
    """
    by_parent, left = _pair_by(halves.filter(halves.parent_record_id.notnull()), (*GROUP, "parent_record_id"))
    by_number, left = _pair_by(halves.filter(halves.parent_record_id.isnull()).union(left), GROUP)
    same_day = left.group_by(*(column for column in GROUP if column != "source")).agg(
        source=left.source.min(where=left.is_systolic), **_counts_and_values(left)
    )
    only_ones = same_day.filter(_is_one_of_each(same_day)).select(*READING)
    return ibis.union(by_parent, by_number, only_ones)


def _pair_by(halves: Table, group: tuple[str, ...]) -> tuple[Table, Table]:
    """Readings of halves that are equal in `group`, and the halves left over."""
    groups = halves.group_by(*group).agg(**_counts_and_values(halves))
    # Nearly every group is one of each, which a group-by settles. Only the rest is numbered and compared.
    settled = groups.filter(_is_one_of_each(groups)).select(*READING)
    rest = halves.semi_join(groups.filter(~_is_one_of_each(groups)).select(*group), list(group))
    compared, left = _pair_by_record_number(rest, group)
    return settled.union(compared), left


def _is_one_of_each(groups: Table) -> BooleanColumn:
    return (groups.systolics == 1) & (groups.diastolics == 1)


def _counts_and_values(halves: Table) -> dict:
    """Aggregates over halves; the two values are those of the halves where there is one of each."""
    return {
        "systolics": halves.count(where=halves.is_systolic),
        "diastolics": halves.count(where=~halves.is_systolic),
        "systolic": halves.value.max(where=halves.is_systolic),
        "diastolic": halves.value.max(where=~halves.is_systolic),
    }


def _pair_by_record_number(halves: Table, group: tuple[str, ...]) -> tuple[Table, Table]:
    """Readings of groups with several of one arm or none of the other, and the halves left over."""
    whole_group = [halves[column] for column in group]
    one_arm = ibis.window(group_by=[*whole_group, halves.is_systolic], order_by=halves.record_id)
    numbered = halves.mutate(
        position=ibis.row_number().over(one_arm),
        systolics=halves.count(where=halves.is_systolic).over(group_by=whole_group),
        diastolics=halves.count(where=~halves.is_systolic).over(group_by=whole_group),
    )
    systolic = numbered.filter(numbered.is_systolic).select(
        *group, "position", "record_id", is_even=numbered.systolics == numbered.diastolics, systolic=numbered.value
    )
    diastolic = numbered.filter(~numbered.is_systolic).select(
        *group, diastolic_position="position", diastolic_record_id="record_id", diastolic="value"
    )
    couples = systolic.inner_join(diastolic, list(group))
    step = couples.diastolic_record_id - couples.record_id
    couples = couples.mutate(distance=step.abs(), precedes=(step < 0).cast("int64"))
    nearness = [couples.distance, couples.precedes]
    of_systolic = ibis.window(
        group_by=[couples.practice_code, couples.record_id], order_by=[*nearness, couples.diastolic_record_id]
    )
    of_diastolic = ibis.window(
        group_by=[couples.practice_code, couples.diastolic_record_id], order_by=[*nearness, couples.record_id]
    )
    ranked = couples.mutate(
        systolic_choice=ibis.row_number().over(of_systolic), diastolic_choice=ibis.row_number().over(of_diastolic)
    )
    pairs = ranked.filter(
        ibis.ifelse(
            ranked.is_even,
            ranked.position == ranked.diastolic_position,
            (ranked.systolic_choice == 0) & (ranked.diastolic_choice == 0),
        )
    )
    used = pairs.select("practice_code", "record_id").union(
        pairs.select("practice_code", record_id="diastolic_record_id")
    )
    return pairs.select(*READING), halves.anti_join(used, ["practice_code", "record_id"])

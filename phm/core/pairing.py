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


_NO_STEP = 2**62  # farther than any record number


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
    # Nearly every group is one of each, which a group-by settles. Only the rest is compared half by half.
    settled = groups.filter(_is_one_of_each(groups)).select(*READING)
    rest = halves.semi_join(groups.filter(~_is_one_of_each(groups)).select(*group), list(group))
    compared = _with_partner(rest, group)
    paired = compared.filter(compared.is_paired & compared.is_systolic)
    left = compared.filter(~compared.is_paired).select(*halves.columns)
    return settled.union(paired.select(*GROUP, systolic="value", diastolic="partner_value")), left


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


def _with_partner(halves: Table, group: tuple[str, ...]) -> Table:
    """Halves with `is_paired` and `partner_value`, by record number within `group` (see the module's text).

    Two halves that are each other's nearest are neighbours in record order: a half between them would be nearer to
    one of them. So windows suffice, and nothing is joined.
    """
    whole = [halves[column] for column in group]
    before = ibis.window(group_by=whole, order_by=halves.record_id, rows=(None, 0))
    after = ibis.window(group_by=whole, order_by=halves.record_id, rows=(0, None))
    systolic_number = ibis.ifelse(halves.is_systolic, halves.record_id, None)
    diastolic_number = ibis.ifelse(halves.is_systolic, None, halves.record_id)
    numbered = halves.mutate(
        position=ibis.row_number().over(group_by=[*whole, halves.is_systolic], order_by=halves.record_id),
        systolics=systolic_number.count().over(group_by=whole),
        diastolics=diastolic_number.count().over(group_by=whole),
        number_before=ibis.ifelse(
            halves.is_systolic, diastolic_number.max().over(before), systolic_number.max().over(before)
        ),
        number_after=ibis.ifelse(
            halves.is_systolic, diastolic_number.min().over(after), systolic_number.min().over(after)
        ),
    )
    step_back = (numbered.record_id - numbered.number_before).fill_null(_NO_STEP)
    step_on = (numbered.number_after - numbered.record_id).fill_null(_NO_STEP)
    # Of two equally near: for a systolic the diastolic that follows, for a diastolic the systolic before it.
    looks_on = (step_on < step_back) | ((step_on == step_back) & numbered.is_systolic)
    chosen = numbered.mutate(choice=ibis.ifelse(looks_on, numbered.number_after, numbered.number_before))

    in_order = ibis.window(group_by=[chosen[column] for column in group], order_by=chosen.record_id)
    same_position = ibis.window(group_by=[*(chosen[column] for column in group), chosen.position])
    systolic_value = ibis.ifelse(chosen.is_systolic, chosen.value, None)
    diastolic_value = ibis.ifelse(chosen.is_systolic, None, chosen.value)
    chosen = chosen.mutate(
        next_choice=chosen.choice.lead().over(in_order),
        next_number=chosen.record_id.lead().over(in_order),
        next_value=chosen.value.lead().over(in_order),
        last_choice=chosen.choice.lag().over(in_order),
        last_number=chosen.record_id.lag().over(in_order),
        last_value=chosen.value.lag().over(in_order),
        value_at_position=ibis.ifelse(
            chosen.is_systolic, diastolic_value.max().over(same_position), systolic_value.max().over(same_position)
        ),
    )
    is_even = chosen.systolics == chosen.diastolics
    with_next = ((chosen.choice == chosen.next_number) & (chosen.next_choice == chosen.record_id)).fill_null(False)
    with_last = ((chosen.choice == chosen.last_number) & (chosen.last_choice == chosen.record_id)).fill_null(False)
    return chosen.mutate(
        is_paired=is_even | with_next | with_last,
        partner_value=ibis.cases(
            (is_even, chosen.value_at_position), (with_next, chosen.next_value), else_=chosen.last_value
        ),
    )

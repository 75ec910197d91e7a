"""Who is on how many lists: so that one invitation can serve several."""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
from ibis import _

from phm.cohorts.parts import LIST


@dataclass(frozen=True)
class Combination:
    """People who are on exactly these lists and on no other."""

    cohort_ids: tuple[str, ...]
    person_count: int


def combinations(member: ir.Table, /, *, cohort_ids: Sequence[str]) -> tuple[Combination, ...]:
    """Every combination of the cohorts that somebody is on, of the rows of `cohort_member`; the largest first.

    Only case-finding lists count: a separate output is no invitation. The counts are exact, for a practice's own use.
    """
    listed = member.filter(member.output == LIST, member.cohort_id.isin(list(cohort_ids)))
    names = [f"on_{i}" for i in range(len(cohort_ids))]
    on_each = {name: (listed.cohort_id == cohort).any() for name, cohort in zip(names, cohort_ids, strict=True)}
    counted = listed.group_by("person_id").aggregate(**on_each).group_by(names).aggregate(person_count=_.count())
    rows = counted.to_pyarrow().to_pylist()
    found = [
        Combination(tuple(c for n, c in zip(names, cohort_ids, strict=True) if row[n]), row["person_count"])
        for row in rows
    ]
    return tuple(sorted(found, key=lambda c: (-c.person_count, -len(c.cohort_ids), c.cohort_ids)))

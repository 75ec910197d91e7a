"""What is odd about the practices of one or more ICBs as at a date, and what changed since another.

Belongs here: findings about a whole map that somebody should look at and no run need stop for. All take `practices`:
rows of `core_geography`, or the practice map as at a date (`memberships.map_as_at`).
"""

import ibis
from ibis.expr.types import IntegerValue, StringValue, Table

from phm.core.memberships import UNALLOCATED_PCN

SIZES = ("under 20,000", "20,000 to 30,000", "30,000 to 50,000", "50,000 to 100,000", "over 100,000")
"""Patients of a PCN: 30,000 to 50,000 was the intention."""
FLAGGED_SIZES = (SIZES[0], SIZES[-1])
"""Sizes that are worth a question."""

CHANGES = ("new", "gone", "pcn", "sub_icb", "icb", "region")


def spanning_pcns(practices: Table, /) -> Table:
    """One row is one sub-ICB location of a PCN whose practices lie in several, with the number of its practices."""
    spanning = practices.filter(practices.is_pcn_spanning)
    return spanning.group_by("pcn_code", "pcn_name", "icb_code", "sub_icb_code").agg(practice_count=spanning.count())


def pcn_patients(practices: Table, list_sizes: Table, /) -> Table:
    """One row is one PCN with its patients (`patient_count`): those of its member practices.

    `list_sizes` has one row a practice: `practice_code`, `patient_count`.
    """
    members = practices.filter(practices.pcn_code != UNALLOCATED_PCN).join(list_sizes, "practice_code")
    return members.group_by("pcn_code").agg(patient_count=members.patient_count.sum())


def pcn_sizes(practices: Table, patients: Table, /) -> Table:
    """One row is one PCN with the number of its practices, its patients and how many that is (`size_of`).

    `patients` has `pcn_code` and `patient_count`; PCNs in it that have no practice are left out.
    """
    members = practices.filter(practices.pcn_code != UNALLOCATED_PCN)
    networks = members.group_by("pcn_code").agg(pcn_name=members.pcn_name.min(), practice_count=members.count())
    sizes = networks.join(patients, "pcn_code")
    return sizes.mutate(size=size_of(sizes.patient_count))


def size_of(patient_count: IntegerValue, /) -> StringValue:
    """One of `SIZES`."""
    return ibis.cases(
        (patient_count < 20_000, SIZES[0]),
        (patient_count < 30_000, SIZES[1]),
        (patient_count <= 50_000, SIZES[2]),
        (patient_count <= 100_000, SIZES[3]),
        else_=SIZES[4],
    )


def orphans(practices: Table, list_sizes: Table | None = None, /) -> Table:
    """One row is one practice in no PCN, and why; with `list_sizes` (see `pcn_patients`) only those with patients.

    `reason` is `no_pcn` (published as in none), `no_current_membership` or `not_in_map`: then it is in no ICB either.
    Every patient of `list_sizes` is either here or in `pcn_patients`, once.
    """
    known = practices.select("practice_code", "practice_name", "pcn_code", "pcn_basis")
    if list_sizes is None:
        listed = known.mutate(patient_count=ibis.null("int64"))
    else:
        listed = list_sizes.filter(list_sizes.patient_count.fill_null(1) > 0).left_join(known, "practice_code")
    return listed.filter(listed.pcn_code.isnull() | (listed.pcn_code == UNALLOCATED_PCN)).select(
        "practice_code", "practice_name", "patient_count", reason=listed.pcn_basis.fill_null("not_in_map")
    )


def of_the_same_area(before: Table, practices: Table, /) -> Table:
    """The rows of `before` that are comparable: practices there are now, and all of their sub-ICB locations.

    ICBs merge and split, and their sub-ICB locations mostly stay: so practices that are gone are still seen.
    """
    areas = practices.select("sub_icb_code").distinct()
    is_here = before.practice_code.isin(practices.practice_code) | before.sub_icb_code.isin(areas.sub_icb_code)
    return before.filter(is_here)


def changes(now: Table, before: Table, /) -> Table:
    """One row is one practice and one thing that changed between two dates.

    `what` is one of `CHANGES`; `from_code` and `to_code` are the areas it left and joined: for a practice that is new
    or gone, its sub-ICB location.
    """
    levels = ("pcn", "sub_icb", "icb", "region")
    codes = [f"{level}_code" for level in levels]
    today = now.select("practice_code", *codes)
    earlier = before.select(earlier_code="practice_code", **{f"from_{code}": code for code in codes})
    both = today.join(earlier, today.practice_code == earlier.earlier_code)
    found = [
        both.filter(both[f"from_{code}"] != both[code]).select(
            "practice_code", what=ibis.literal(level), from_code=f"from_{code}", to_code=code
        )
        for level, code in zip(levels, codes, strict=True)
    ]
    nowhere = ibis.null("string")
    found.append(
        today.anti_join(earlier, today.practice_code == earlier.earlier_code).select(
            "practice_code", what=ibis.literal("new"), from_code=nowhere, to_code="sub_icb_code"
        )
    )
    found.append(
        earlier.anti_join(today, earlier.earlier_code == today.practice_code).select(
            practice_code="earlier_code", what=ibis.literal("gone"), from_code="from_sub_icb_code", to_code=nowhere
        )
    )
    return ibis.union(*found)


def unexplained_moves(now: Table, before: Table, /) -> Table:
    """One row is one practice that changed ICB although the one it left is still there: no merger explains it.

    Where only some ICBs are at hand in `now`, one that is not counts as gone.
    """
    moved = changes(now, before)
    return moved.filter(moved.what == "icb", moved.from_code.isin(now.icb_code))


def inconsistencies(practices: Table, /) -> Table:
    """One row is one code that breaks the hierarchy: `level`, `code` and in how many it lies instead of one.

    A practice has one row, and so one PCN, place, ICB and region; a place (where `practices` has it) and a sub-ICB
    location lie in one ICB, an ICB in one region. PCNs are not asked: they may span.
    """
    asked = [("practice_code", "icb_code"), ("sub_icb_code", "icb_code"), ("icb_code", "region_code")]
    if "place_code" in practices.columns:
        asked.append(("place_code", "icb_code"))
    found = []
    for code, parent in asked:
        rows = practices if code == "practice_code" else practices.select(code, parent).distinct()
        counted = rows.group_by(code=rows[code]).agg(found=rows.count())
        found.append(counted.filter(counted.found != 1).mutate(level=ibis.literal(code.removesuffix("_code"))))
    return ibis.union(*found)

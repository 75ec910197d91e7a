"""Which PCN a practice belongs to as at a date, and the practice map brought to that date.

Belongs here: published memberships with their first and last days, and what they change in the published map. Ended
memberships stay in the published file and end dates can lie ahead, so rows are chosen by date and never by a blank.
"""

import datetime as dt

import ibis
from ibis.expr.types import BooleanValue, StringValue, Table

UNALLOCATED_PCN = "U"
"""PCN code the national map publishes for a practice that belongs to no PCN."""
UNALLOCATED_PCN_NAME = "Unallocated"

PCN_BASES = ("pcn_core_partner", "practice_membership", "no_pcn", "no_current_membership")
"""Where a PCN comes from: a dated membership or the map; and why there is none: the map says so, or all dated
memberships have ended or not begun."""

_NO_END = dt.date(9999, 12, 31)


def in_force(memberships: Table, /, *, as_at: dt.date) -> BooleanValue:
    """Whether a membership with `start_date` and `end_date` holds on `as_at`; its last day is part of it.

    In ePCN a membership begins the day after the one before it ended (825 of 829 changes in the file of October 2024).
    """
    return (memberships.start_date <= as_at) & (memberships.end_date.fill_null(_NO_END) >= as_at)


def pcn_as_at(core_partners: Table, /, *, as_at: dt.date) -> Table:
    """One row is one practice of landed `pcn_core_partner` with its PCN on `as_at`.

    `membership_count` is the number of memberships in force. Of several the one that began last counts, then the one
    that ends last, then the one with the lower PCN code. Where none is in force `pcn_code` and `pcn_name` are empty.
    """
    holds = in_force(core_partners, as_at=as_at)
    dated = core_partners.mutate(holds=holds.cast("int64"), last_day=core_partners.end_date.fill_null(_NO_END))
    of_practice = ibis.window(group_by=dated.practice_code)
    first = ibis.row_number().over(
        group_by=dated.practice_code,
        order_by=[dated.holds.desc(), dated.start_date.desc(), dated.last_day.desc(), dated.pcn_code],
    )
    ranked = dated.mutate(place=first, membership_count=dated.holds.sum().over(of_practice))
    chosen = ranked.filter(ranked.place == 0)
    has_pcn = chosen.membership_count > 0
    return chosen.select(
        "practice_code",
        "membership_count",
        practice_name=tidy(chosen.practice_name),
        sub_icb_code=chosen.practice_sub_icb_code,
        pcn_code=ibis.ifelse(has_pcn, chosen.pcn_code, ibis.null("string")),
        pcn_name=ibis.ifelse(has_pcn, tidy(chosen.pcn_name), ibis.null("string")),
    )


def is_older_than_map(core_partners: Table, membership: Table, /, *, as_at: dt.date) -> bool:
    """Whether the map knows more about `as_at` than the dated memberships: it was read after the newest of them began.

    A map read after `as_at` never does: it says nothing about the time before.
    """
    newest = core_partners.start_date.max().to_pyarrow().as_py()
    read = membership.extract_date.max().to_pyarrow().as_py()
    return newest < read <= as_at


def map_as_at(
    membership: Table,
    core_partners: Table | None = None,
    sub_icb_lookup: Table | None = None,
    /,
    *,
    as_at: dt.date,
) -> Table:
    """The practice map on `as_at`: one row is one practice with its PCN, sub-ICB location, ICB and region.

    Columns are those of landed `practice_membership` but `extract_date`, names tidied, and `pcn_basis` (one of
    `PCN_BASES`), `pcn_membership_count` (memberships in force; empty where no dated one is known) and
    `is_pcn_spanning` (the practices of its PCN lie in more than one sub-ICB location: PCNs are no level of a tree).

    Parameters
    ----------
    membership
        Landed `practice_membership`: areas are the practice's own, whatever its PCN's are.
    core_partners
        Landed `pcn_core_partner`, or None where it was not delivered: then the PCN is that of the map.
    sub_icb_lookup
        Landed `sub_icb_lookup`. With it, practices that `core_partners` knows and the map does not are added.
    """
    rows = membership.select(
        "practice_code", "pcn_code", "sub_icb_code", "icb_code", "region_code",
        *(tidy(membership[name]).name(name) for name in ("practice_name", "pcn_name", *_AREA_NAMES)),
    )  # fmt: skip
    if core_partners is None:
        dated = rows.mutate(pcn_membership_count=ibis.null("int64"), pcn_basis=_basis_of_map(rows))
    else:
        dated = _dated(rows, pcn_as_at(core_partners, as_at=as_at), sub_icb_lookup)
    of_pcn = ibis.window(group_by=dated.pcn_code)
    lies_apart = dated.sub_icb_code.min().over(of_pcn) != dated.sub_icb_code.max().over(of_pcn)
    return dated.mutate(
        pcn_name=dated.pcn_name.min().over(of_pcn),  # the two files can write the name of a PCN differently
        is_pcn_spanning=lies_apart & (dated.pcn_code != UNALLOCATED_PCN),
    )


_AREA_NAMES = ("sub_icb_name", "icb_name", "region_name")


def tidy(name: StringValue, /) -> StringValue:
    """A published name without the commas and spaces some of them end in."""
    return name.re_replace(r"[\s,]+$", "")


def _basis_of_map(rows: Table) -> StringValue:
    return ibis.ifelse(rows.pcn_code == UNALLOCATED_PCN, "no_pcn", "practice_membership")


def _dated(rows: Table, partner: Table, sub_icb_lookup: Table | None) -> Table:
    """The map with the PCN of the dated memberships, where they know the practice."""
    dated = partner.select(
        "practice_code", "membership_count", dated_pcn_code="pcn_code", dated_pcn_name="pcn_name"
    )  # fmt: skip
    known = rows.left_join(dated, "practice_code")
    is_dated, has_ended = known.dated_pcn_code.notnull(), known.membership_count == 0
    found = known.select(
        *(name for name in rows.columns if name not in ("pcn_code", "pcn_name")),
        pcn_code=ibis.cases((is_dated, known.dated_pcn_code), (has_ended, UNALLOCATED_PCN), else_=known.pcn_code),
        pcn_name=ibis.cases((is_dated, known.dated_pcn_name), (has_ended, UNALLOCATED_PCN_NAME), else_=known.pcn_name),
        pcn_membership_count=known.membership_count,
        pcn_basis=ibis.cases(
            (is_dated, "pcn_core_partner"), (has_ended, "no_current_membership"), else_=_basis_of_map(known)
        ),
    )
    if sub_icb_lookup is None:
        return found
    missing = partner.filter(partner.pcn_code.notnull()).anti_join(rows, "practice_code")
    added = missing.join(sub_icb_lookup, "sub_icb_code").mutate(pcn_basis=ibis.literal("pcn_core_partner"))
    added = added.rename(pcn_membership_count="membership_count")
    tidied = added.mutate(**{name: tidy(added[name]) for name in _AREA_NAMES})
    return found.union(tidied.select(*found.columns))

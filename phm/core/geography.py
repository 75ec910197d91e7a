"""Practices and the areas they belong to at the reference date: practice → PCN → place → ICB → region.

Belongs here: the practice map as at a date (`memberships`) and the local map of places turned into `core_geography`,
and the checks that every delivered practice has its place in them. Not here: what share of a PCN's patients live where
(boundary view), and what is odd about a whole map (`oddities`).
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import ibis
from ibis.expr.types import Table

from phm.core.memberships import UNALLOCATED_PCN
from phm.core.successors import successors
from phm.errors import CheckFailed


def practices(as_at_map: Table, place_membership: Table | None, /, *, icb_code: str | None = None) -> Table:
    """`core_geography`: one row is one practice of the ICB, or of the whole map where none is named.

    Parameters
    ----------
    as_at_map
        The practice map as at the reference date (`memberships.map_as_at`).
    place_membership
        Landed `place_membership`, or None where no place map was delivered. Only main sites say where a practice
        belongs: branches carry a suffix and can lie elsewhere. A practice missing from it gets its sub-ICB location
        as place, and says so in `place_basis`.
    icb_code
        ODS code of the ICB.
    """
    rows = as_at_map if icb_code is None else as_at_map.filter(as_at_map.icb_code == icb_code)
    if place_membership is None:
        joined = rows.mutate(site_place_code=ibis.null("string"), site_place_name=ibis.null("string"))
    else:
        place = _main_sites(place_membership)
        joined = rows.left_join(place, rows.practice_code == place.site_practice_code)
    is_mapped = joined.site_place_code.notnull()
    return joined.select(
        "practice_code",
        "practice_name",
        "pcn_code",
        "pcn_name",
        "pcn_basis",
        "is_pcn_spanning",
        place_code=ibis.ifelse(is_mapped, joined.site_place_code, joined.sub_icb_code),
        place_name=ibis.ifelse(is_mapped, joined.site_place_name, joined.sub_icb_name),
        place_basis=ibis.ifelse(is_mapped, "place_membership", "sub_icb_location"),
        sub_icb_code=joined.sub_icb_code,
        sub_icb_name=joined.sub_icb_name,
        icb_code=joined.icb_code,
        icb_name=joined.icb_name,
        region_code=joined.region_code,
        region_name=joined.region_name,
    )


def check_practices(
    register: Table,
    as_at_map: Table,
    place_membership: Table | None,
    practice_directory: Table | None = None,
    practice_successor: Table | None = None,
    /,
    *,
    icb_code: str,
    as_at: dt.date,
) -> list[str]:
    """Warnings about where the delivered practices belong; each one is a sentence for the run's log.

    Parameters
    ----------
    register
        Rows with the `practice_code` of everybody delivered.
    as_at_map, place_membership, practice_directory, practice_successor
        As `practices` takes them; landed `practice_directory` and `practice_successor`, or None where not delivered.

    Raises
    ------
    CheckFailed
        A practice of the register is not in the map, belongs to another ICB in it, or has a blank PCN. The message
        names the contract's column and the practices.
    """
    delivered = register.select("practice_code").distinct()
    known = as_at_map.select(
        "practice_code", "pcn_code", "pcn_basis", "pcn_membership_count", "is_pcn_spanning", map_icb_code="icb_code"
    )
    rows = delivered.left_join(known, "practice_code").order_by("practice_code").to_pyarrow().to_pylist()
    missing = _codes(row for row in rows if row["map_icb_code"] is None)
    _refuse(
        _with_successors(missing, practice_successor, as_at),
        "Practices of gp_register are not in the practice map",
        column="practice_membership.practice_code",
        hint="Deliver the map of the same month (gp-reg-pat-prac-map), or leave out a practice that closed.",
    )
    _refuse(
        _codes(row for row in rows if row["map_icb_code"] != icb_code),
        f"Practices of gp_register belong to another ICB than {icb_code} in the practice map",
        column="practice_membership.icb_code",
        hint="Deliver each practice under its own ICB.",
    )
    _refuse(
        _codes(row for row in rows if not (row["pcn_code"] or "").strip()),
        "Practices have no PCN in the practice map",
        column="practice_membership.pcn_code",
        hint=f"Ask for the corrected map; the published code for belonging to no PCN is {UNALLOCATED_PCN}.",
    )
    found = {
        f"are published as belonging to no PCN and appear as PCN {UNALLOCATED_PCN}": _codes(
            row for row in rows if row["pcn_basis"] == "no_pcn"
        ),
        f"have left their PCN or not joined it yet, and appear as PCN {UNALLOCATED_PCN}": _codes(
            row for row in rows if row["pcn_basis"] == "no_current_membership"
        ),
        "have more than one PCN membership in force; the one that began last counts": _codes(
            row for row in rows if (row["pcn_membership_count"] or 0) > 1
        ),
        "are in a PCN that spans sub-ICB locations; they keep their own": _codes(
            row for row in rows if row["is_pcn_spanning"]
        ),
    }
    if practice_directory is not None:
        closed = practice_directory.filter(practice_directory.close_date < as_at)
        gone = delivered.semi_join(closed, "practice_code").order_by("practice_code").to_pyarrow().to_pylist()
        found["are closed in the directory of practices"] = _with_successors(_codes(gone), practice_successor, as_at)
    if place_membership is not None:
        mapped = set(_main_sites(place_membership).site_practice_code.to_pyarrow().to_pylist())
        found["are not in place_membership; their place is the sub-ICB location"] = _codes(
            row for row in rows if row["practice_code"] not in mapped
        )
    warnings = [f"{len(codes)} practice(s) {what}: {_listed(codes)}." for what, codes in found.items() if codes]
    if place_membership is None:
        warnings.append("No map of places was delivered: every place is a sub-ICB location.")
    return warnings


def _main_sites(place_membership: Table) -> Table:
    is_main = place_membership.site_type.fill_null("Main") == "Main"
    return place_membership.filter(is_main).select(
        site_practice_code="practice_code", site_place_code="place_code", site_place_name="place_name"
    )


def _codes(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return [row["practice_code"] for row in rows]


def _with_successors(codes: list[str], practice_successor: Table | None, as_at: dt.date) -> list[str]:
    """The codes, each with those that took over from it where that is published."""
    if practice_successor is None or not codes:
        return codes
    found = successors(practice_successor, codes, as_at=as_at)
    return [f"{code} (succeeded by {', '.join(found[code])})" if code in found else code for code in codes]


def _refuse(practice_codes: list[str], what: str, *, column: str, hint: str) -> None:
    if practice_codes:
        raise CheckFailed(f"{what}: {_listed(practice_codes)}", name=column, hint=hint)


def _listed(codes: list[str], limit: int = 10) -> str:
    shown = ", ".join(codes[:limit])
    return shown if len(codes) <= limit else f"{shown} and {len(codes) - limit} more"

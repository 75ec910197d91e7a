"""Practices and the areas they belong to at the reference date: practice → PCN → place → ICB → region.

Belongs here: the published maps turned into `core_geography`, and the checks that every delivered practice has its
place in them. Not here: what share of a PCN's patients live where (boundary view).
"""

import ibis
from ibis.expr.types import Table

from phm.errors import CheckFailed

UNALLOCATED_PCN = "U"
"""PCN code the national map publishes for a practice that belongs to no PCN."""


def practices(membership: Table, place_membership: Table | None, /, *, icb_code: str) -> Table:
    """`core_geography`: one row is one practice of the ICB.

    Parameters
    ----------
    membership
        Landed `practice_membership`.
    place_membership
        Landed `place_membership`, or None where no place map was delivered. Only main sites say where a practice
        belongs: branches carry a suffix and can lie elsewhere. A practice missing from it gets its sub-ICB location
        as place, and says so in `place_basis`.
    icb_code
        ODS code of the ICB.
    """
    of_icb = membership.filter(membership.icb_code == icb_code)
    if place_membership is None:
        joined = of_icb.mutate(site_place_code=ibis.null("string"), site_place_name=ibis.null("string"))
    else:
        place = _main_sites(place_membership)
        joined = of_icb.left_join(place, of_icb.practice_code == place.site_practice_code)
    is_mapped = joined.site_place_code.notnull()
    return joined.select(
        "practice_code",
        "practice_name",
        "pcn_code",
        "pcn_name",
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
    register: Table, membership: Table, place_membership: Table | None, /, *, icb_code: str
) -> list[str]:
    """Warnings about where the delivered practices belong; each one is a sentence for the run's log.

    Raises
    ------
    CheckFailed
        A practice of the register is not in the map, belongs to another ICB in it, or has a blank PCN. The message
        names the contract's column and the practices.
    """
    delivered = register.select("practice_code").distinct()
    known = membership.select("practice_code", "pcn_code", map_icb_code="icb_code")
    rows = delivered.left_join(known, "practice_code").order_by("practice_code").to_pyarrow().to_pylist()

    _refuse(
        [row["practice_code"] for row in rows if row["map_icb_code"] is None],
        "Practices of gp_register are not in the practice map",
        column="practice_membership.practice_code",
        hint="Deliver the map of the same month (gp-reg-pat-prac-map), or leave out a practice that closed.",
    )
    _refuse(
        [row["practice_code"] for row in rows if row["map_icb_code"] != icb_code],
        f"Practices of gp_register belong to another ICB than {icb_code} in the practice map",
        column="practice_membership.icb_code",
        hint="Deliver each practice under its own ICB.",
    )
    _refuse(
        [row["practice_code"] for row in rows if not (row["pcn_code"] or "").strip()],
        "Practices have no PCN in the practice map",
        column="practice_membership.pcn_code",
        hint=f"Ask for the corrected map; the published code for belonging to no PCN is {UNALLOCATED_PCN}.",
    )

    warnings = []
    unallocated = [row["practice_code"] for row in rows if row["pcn_code"] == UNALLOCATED_PCN]
    if unallocated:
        warnings.append(
            f"{len(unallocated)} practice(s) are published as belonging to no PCN and appear as PCN "
            f"{UNALLOCATED_PCN}: {_listed(unallocated)}."
        )
    if place_membership is not None:
        mapped = set(_main_sites(place_membership).site_practice_code.to_pyarrow().to_pylist())
        unplaced = [row["practice_code"] for row in rows if row["practice_code"] not in mapped]
        if unplaced:
            warnings.append(
                f"{len(unplaced)} practice(s) are not in place_membership; their place is the sub-ICB location: "
                f"{_listed(unplaced)}."
            )
    return warnings


def _main_sites(place_membership: Table) -> Table:
    is_main = place_membership.site_type.fill_null("Main") == "Main"
    return place_membership.filter(is_main).select(
        site_practice_code="practice_code", site_place_code="place_code", site_place_name="place_name"
    )


def _refuse(practice_codes: list[str], what: str, *, column: str, hint: str) -> None:
    if practice_codes:
        raise CheckFailed(f"{what}: {_listed(practice_codes)}", name=column, hint=hint)


def _listed(codes: list[str], limit: int = 10) -> str:
    shown = ", ".join(codes[:limit])
    return shown if len(codes) <= limit else f"{shown} and {len(codes) - limit} more"

"""Where the assets are that routes lead to: for each person the nearest that suits, in words.

Whether a route is for a person is for the definition to say. Where people live is used here and goes no further.
"""

import ibis
import ibis.expr.types as ir

from phm.cohorts.definition import Definition
from phm.cohorts.reasons import asset_column
from phm.core.assets import nearest_assets

SUITABLE_FOR = ("everyone", "local_residents", "registered_patients")
"""Whom an asset that a list may name is open to: not members only."""


def nearest_by_area(boundary: ir.Table, assets: ir.Table, centroids: ir.Table, /) -> ir.Table:
    """One row is the nearest suitable asset of one category for one LSOA, with its `words`.

    Suitable is what was looked at in the last 12 months and is open to more than members.

    Parameters
    ----------
    boundary, assets, centroids
        `core_pcn_boundary`, `pcn_asset` and landed `lsoa_centroid`; the last two may be empty.
    """
    suitable = assets.filter(assets.is_recently_checked, assets.open_to.isin(SUITABLE_FOR))
    nearest = nearest_assets(boundary, suitable, centroids, of="lsoa_code", limit=1)
    words = suitable.organisation_name + " (" + suitable.offer + "; for: " + suitable.for_whom + ")"
    return nearest.inner_join(suitable.select("asset_id", words=words), "asset_id")


def route_assets(definition: Definition, person: ir.Table, nearest: ir.Table, /) -> ir.Table:
    """One row per person: the nearest asset of each route that leads to assets, in words; empty where none is near.

    Parameters
    ----------
    person
        `core_person`.
    nearest
        `nearest_by_area`.
    """
    beside = person.select("person_id", "lsoa_code")
    for route in (route for output in definition.outputs.values() for route in output.routes if route.assets):
        of_route = nearest.filter(nearest.category.isin(route.assets))
        order = [of_route.nearness, of_route.distance_metres.isnull(), of_route.distance_metres, of_route.asset_id]
        first = ibis.row_number().over(ibis.window(group_by=of_route.lsoa_code, order_by=order))
        closest = of_route.mutate(place=first).filter(ibis._.place == 0)
        closest = closest.select(of_lsoa_code="lsoa_code", **{asset_column(route): closest.words})
        beside = beside.left_join(closest, beside.lsoa_code == closest.of_lsoa_code).drop("of_lsoa_code")
    return beside.drop("lsoa_code")

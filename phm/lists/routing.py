"""Where the assets are that routes lead to: for each person the nearest that suits, in words.

Whether a route is for a person is for the definition to say. Where people live is used here and goes no further.
"""

import ibis
import ibis.expr.types as ir

from phm.cohorts.definition import Definition
from phm.cohorts.reasons import asset_column
from phm.core.assets import nearest_assets

AUDIENCE = ("minimum_age", "maximum_age", "for_sex")
"""Columns of an asset that say whom it is for; an empty one leaves nobody out."""
_NO_AGE = (0, 200)
"""Ages beyond which nobody is, where an asset has no limit."""


def nearest_by_area(boundary: ir.Table, assets: ir.Table, centroids: ir.Table, /) -> ir.Table:
    """One row is the nearest suitable asset of one category and audience for one LSOA, with its `words`.

    Suitable is what was looked at in the last 12 months and is open to more than members.

    Parameters
    ----------
    boundary, assets, centroids
        `core_pcn_boundary`, `pcn_asset` and landed `lsoa_centroid`; the last two may be empty.
    """
    suitable = assets.filter("is_suitable")
    words = suitable.organisation_name + " (" + suitable.offer + "; for: " + suitable.for_whom + ")"
    offers = suitable.select("asset_id", *AUDIENCE, words=words)
    near = nearest_assets(boundary, suitable, centroids, of="lsoa_code").join(offers, "asset_id")
    alike = ibis.window(group_by=["lsoa_code", "category", *AUDIENCE], order_by="position")
    return near.mutate(place=ibis.row_number().over(alike)).filter(ibis._.place == 0).drop("place")


def route_assets(definition: Definition, person: ir.Table, nearest: ir.Table, /) -> ir.Table:
    """One row per person: the nearest asset of each route that leads to assets and is for somebody of that age and sex.

    In words; empty where none is near.

    Parameters
    ----------
    person
        `core_person`.
    nearest
        `nearest_by_area`.
    """
    kind = ["lsoa_code", "age", "sex"]
    beside = person.select("person_id", *kind)
    kinds = person.select(of_lsoa_code="lsoa_code", of_age="age", of_sex="sex").distinct()
    for route in (route for output in definition.outputs.values() for route in output.routes if route.assets):
        of_route = nearest.filter(nearest.category.isin(route.assets))
        youngest, oldest = of_route.minimum_age.fill_null(_NO_AGE[0]), of_route.maximum_age.fill_null(_NO_AGE[1])
        of_route = of_route.mutate(youngest=youngest, oldest=oldest)
        fitting = kinds.join(of_route, kinds.of_lsoa_code == of_route.lsoa_code).filter(
            lambda t: t.of_age.between(t.youngest, t.oldest) & (t.for_sex.isnull() | (t.for_sex == t.of_sex))
        )
        order = [fitting.nearness, fitting.distance_metres.isnull(), fitting.distance_metres, fitting.asset_id]
        first = ibis.row_number().over(ibis.window(group_by=["of_lsoa_code", "of_age", "of_sex"], order_by=order))
        closest = fitting.mutate(place=first).filter(ibis._.place == 0)
        closest = closest.select("of_lsoa_code", "of_age", "of_sex", **{asset_column(route): closest.words})
        is_kind = [beside[name] == closest[f"of_{name}"] for name in kind]
        beside = beside.left_join(closest, is_kind).drop("of_lsoa_code", "of_age", "of_sex")
    return beside.drop(*kind)

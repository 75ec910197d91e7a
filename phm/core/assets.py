"""Community assets: inside which PCN each lies, and which are nearest to where people live.

Near means in the same LSOA, then inside the boundary of the same PCN, then within so many metres as the crow flies. The
last needs coordinates, the asset's own or those of its LSOA, and of the LSOA people live in; and it is for what is open
to everyone, since residents and patients of one neighbourhood are not those of the next.
"""

import datetime as dt
from typing import Literal

import ibis
from ibis.expr.types import Table

NEAR_METRES = 5_000
"""As far as a neighbouring asset may be by default."""
SAME_PCN, NEIGHBOURING = 2, 3
"""Values of `nearness`: inside the boundary of the same PCN, and of another or none; 1 is the same LSOA."""
CHECKED_MONTHS = 12
"""An entry nobody has looked at for longer may be wrong."""
OPEN_TO = ("everyone", "local_residents", "registered_patients")
"""Whom a suitable asset is open to: not members only."""
_UNKNOWN_METRES = 10**9


def pcn_assets(community_asset: Table, boundary: Table, /, *, reference_date: dt.date) -> Table:
    """`pcn_asset`: one row is one community asset with the PCN it lies inside.

    `community_asset` is landed, `boundary` is `core_pcn_boundary`.
    """
    inside = boundary.filter("is_inside").select("pcn_code", inside_lsoa_code="lsoa_code")
    placed = community_asset.left_join(inside, community_asset.lsoa_code == inside.inside_lsoa_code)
    limit = ibis.literal(reference_date) - ibis.interval(months=CHECKED_MONTHS)
    checked = placed.drop("inside_lsoa_code").mutate(is_recently_checked=placed.last_checked_date > limit.cast("date"))
    return checked.mutate(is_suitable=checked.is_recently_checked & checked.open_to.isin(OPEN_TO))


def nearest_assets(
    boundary: Table,
    assets: Table,
    centroids: Table,
    /,
    *,
    of: Literal["lsoa_code", "pcn_code"],
    limit: int | None = None,
    within_metres: int = NEAR_METRES,
) -> Table:
    """The assets nearest to each LSOA, or to each PCN: one row is one of them with one asset.

    Columns are `of`, `category`, `asset_id`, `nearness` (1 same LSOA, `SAME_PCN`, `NEIGHBOURING`), `distance_metres`
    (to the nearest LSOA of a PCN; empty without coordinates) and `position`, from 1 within each category.

    Parameters
    ----------
    boundary
        `core_pcn_boundary`: areas that lie inside a PCN.
    assets
        `pcn_asset`, kept to those wanted.
    centroids
        Landed `lsoa_centroid`; may be empty.
    limit
        Assets of each category; all that are near unless given.
    """
    centre = centroids.select(at_lsoa_code="lsoa_code", at_easting="easting", at_northing="northing")
    areas = boundary.filter("is_inside").select("lsoa_code", "pcn_code")
    areas = areas.left_join(centre, areas.lsoa_code == centre.at_lsoa_code).drop("at_lsoa_code")
    sites = assets.left_join(centre, assets.lsoa_code == centre.at_lsoa_code).select(
        "asset_id",
        "category",
        site_lsoa_code="lsoa_code",
        site_pcn_code="pcn_code",
        is_open_beyond=ibis._.open_to == OPEN_TO[0],
        site_easting=ibis.coalesce(ibis._.easting, ibis._.at_easting),
        site_northing=ibis.coalesce(ibis._.northing, ibis._.at_northing),
    )
    pairs = areas.cross_join(sites)
    east, north = pairs.at_easting - pairs.site_easting, pairs.at_northing - pairs.site_northing
    distance = (east * east + north * north).sqrt().round().cast("int64")
    nearness = ibis.cases(
        (pairs.lsoa_code == pairs.site_lsoa_code, 1),
        (pairs.pcn_code == pairs.site_pcn_code, SAME_PCN),
        ((distance <= within_metres) & pairs.is_open_beyond, NEIGHBOURING),
    )
    near = pairs.mutate(nearness=nearness.cast("int64"), distance_metres=distance).filter(ibis._.nearness.notnull())
    found = near.group_by(of, "category", "asset_id").agg(
        nearness=near.nearness.min(), distance_metres=near.distance_metres.min()
    )
    nearest_first = ibis.window(
        group_by=[found[of], found.category],
        order_by=[found.nearness, found.distance_metres.fill_null(_UNKNOWN_METRES), found.asset_id],
    )
    ranked = found.mutate(position=(ibis.row_number().over(nearest_first) + 1).cast("int64"))
    return ranked if limit is None else ranked.filter(ranked.position <= limit)

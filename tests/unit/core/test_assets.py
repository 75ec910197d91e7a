"""Community assets: inside which PCN they lie, and which are nearest, on four areas in a row."""

from datetime import date

import ibis

from phm.core.assets import nearest_assets, pcn_assets
from phm.feeds.contracts import load_contract

REFERENCE_DATE = date(2026, 10, 31)
# Four areas 1 km apart: two inside North, one inside South, one inside none.
BOUNDARY = ibis.memtable(
    {
        "lsoa_code": ["A1", "A2", "A2", "A3", "A4"],
        "pcn_code": ["N", "N", "S", "S", "U"],
        "patient_count": [90, 80, 20, 70, 10],
        "is_inside": [True, True, False, True, False],
    }
)
CENTROIDS = ibis.memtable(
    {"lsoa_code": ["A1", "A2", "A3", "A4"], "easting": [0.0, 1000.0, 2000.0, 3000.0], "northing": [0.0] * 4}
)
NOWHERE = CENTROIDS.limit(0)


def delivered(*assets):
    """Assets from (id, category, LSOA, easting or None, last checked)."""
    columns = load_contract("community_asset").columns
    types = {"DOUBLE": "float64", "DATE": "date", "BIGINT": "int64"}
    schema = {c.name: types.get(c.type, "string") for c in columns}
    rows = [
        dict.fromkeys(schema)
        | {"asset_id": asset_id, "category": category, "lsoa_code": lsoa, "easting": easting, "open_to": "everyone"}
        | {"northing": None if easting is None else 0, "last_checked_date": checked}
        for asset_id, category, lsoa, easting, checked in assets
    ]
    return ibis.memtable(rows, schema=schema)


def placed(*assets):
    return pcn_assets(
        delivered(*((*a, None, date(2026, 9, 1)) for a in assets)), BOUNDARY, reference_date=REFERENCE_DATE
    )


def found(assets, *, of="lsoa_code", centroids=CENTROIDS, limit=9, within=5_000):
    table = nearest_assets(BOUNDARY, assets, centroids, of=of, limit=limit, within_metres=within)
    rows = table.order_by(of, "category", "position").to_pyarrow().to_pylist()
    return [(row[of], row["asset_id"], row["nearness"], row["distance_metres"]) for row in rows]


def test_an_asset_lies_inside_one_pcn_or_none():
    assets = pcn_assets(
        delivered(
            ("1", "food_support", "A2", None, date(2025, 10, 31)),
            ("2", "food_support", "A4", None, date(2025, 11, 1)),
            ("3", "food_support", None, None, date(2026, 10, 1)),
        ),
        BOUNDARY,
        reference_date=REFERENCE_DATE,
    )
    assert (
        tuple(assets.select(*load_contract("pcn_asset").column_names).columns)
        == load_contract("pcn_asset").column_names
    )
    rows = {row["asset_id"]: row for row in assets.to_pyarrow().to_pylist()}
    assert {key: row["pcn_code"] for key, row in rows.items()} == {"1": "N", "2": None, "3": None}
    assert {key: row["is_recently_checked"] for key, row in rows.items()} == {"1": False, "2": True, "3": True}


def test_what_is_for_members_or_was_not_checked_for_a_year_does_not_suit():
    long_ago, lately = date(2025, 10, 31), date(2026, 9, 1)
    mapped = delivered(*((str(n), "food", "A1", None, day) for n, day in enumerate((lately, long_ago, lately))))
    mapped = mapped.mutate(open_to=ibis.cases((mapped.asset_id == "2", "members"), else_="local_residents"))
    found = pcn_assets(mapped, BOUNDARY, reference_date=REFERENCE_DATE).order_by("asset_id")
    assert found.is_suitable.to_pyarrow().to_pylist() == [True, False, False]


def test_same_area_comes_before_same_pcn_before_neighbouring():
    assets = placed(("1", "food", "A3"), ("2", "food", "A1"), ("3", "food", "A2"))
    assert [row for row in found(assets) if row[0] == "A2"] == [
        ("A2", "3", 1, 0),
        ("A2", "2", 2, 1000),
        ("A2", "1", 3, 1000),
    ]


def test_without_coordinates_nothing_is_neighbouring():
    assets = placed(("1", "food", "A3"), ("2", "food", "A1"))
    assert found(assets, centroids=NOWHERE) == [("A1", "2", 1, None), ("A2", "2", 2, None), ("A3", "1", 1, None)]


def test_an_assets_own_coordinates_come_before_those_of_its_area():
    assets = pcn_assets(delivered(("1", "food", "A4", 2400, date(2026, 9, 1))), BOUNDARY, reference_date=REFERENCE_DATE)
    assert found(assets, within=1_500) == [("A2", "1", 3, 1400), ("A3", "1", 3, 400)]


def test_over_the_boundary_only_what_is_open_to_everyone_is_near():
    assets = placed(("1", "food", "A3"), ("2", "food", "A1")).mutate(open_to=ibis.literal("local_residents"))
    assert found(assets) == [("A1", "2", 1, 0), ("A2", "2", 2, 1000), ("A3", "1", 1, 0)]


def test_a_pcn_is_as_near_as_its_nearest_area_and_limits_hold_by_category():
    assets = placed(("1", "food", "A3"), ("2", "food", "A4"), ("3", "advice", "A3"))
    assert found(assets, of="pcn_code", limit=1) == [
        ("N", "3", 3, 1000),
        ("N", "1", 3, 1000),
        ("S", "3", 1, 0),
        ("S", "1", 1, 0),
    ]

"""The asset map: the same for the same seed, everything its contract asks, and places that are really there."""

import csv
from datetime import date

from phm.feeds.contracts import load_contract
from phm.feeds.validation import validate
from phm.synthetic.assets import OFFERS, PEOPLE_PER_ASSET


def rows(path):
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_assets_lie_in_areas_of_the_place_and_keep_their_contract(delivery):
    file = delivery.folder / "community_asset.csv"
    assets, centres = rows(file), {row["LSOA21CD"]: row for row in rows(delivery.folder / "lsoa_centroid.csv")}
    assert len(assets) == delivery.people_count // PEOPLE_PER_ASSET
    placed = [asset for asset in assets if asset["lsoa_code"]]
    assert len(assets) // 2 < len(placed)
    for asset in placed:
        centre = centres[asset["lsoa_code"]]
        assert abs(int(asset["easting"]) - int(centre["x"])) < 1_000
        assert int(centre["y"]) < 400_000  # nothing is mapped far away, where only patients by video live
    for name in ("community_asset", "lsoa_centroid"):
        found = validate(delivery.folder / f"{name}.csv", load_contract(name), reference_date=date(2026, 10, 31))
        assert not found.broken


def test_every_category_of_the_contract_can_be_offered():
    assert tuple(OFFERS) == load_contract("community_asset").column("category").valid_values

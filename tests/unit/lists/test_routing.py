"""Routes name the nearest asset that suits; where people live does not come with it."""

import ibis
import pytest

from phm.cohorts.definition import load_definition
from phm.cohorts.evaluate import evaluate
from phm.cohorts.facts import person_facts
from phm.cohorts.reasons import texts
from phm.lists.routing import nearest_by_area, route_assets
from tests.spec.cohorts.rows import REFERENCE_DATE, days_ago, feature_row, feature_table

BOUNDARY = ibis.memtable({"lsoa_code": ["A1", "A2", "A3"], "pcn_code": ["N", "N", "S"], "is_inside": [True] * 3})
NO_CENTROIDS = ibis.memtable([], schema={"lsoa_code": "string", "easting": "float64", "northing": "float64"})
ASSET = {"organisation_name": "string", "offer": "string", "for_whom": "string", "open_to": "string"}
ASSET |= {"asset_id": "string", "category": "string", "lsoa_code": "string", "pcn_code": "string"}
ASSET |= {"easting": "float64", "northing": "float64", "is_suitable": "boolean"}
ASSET |= {"minimum_age": "int64", "maximum_age": "int64", "for_sex": "string"}
NOBODY_LEFT_OUT = {"minimum_age": None, "maximum_age": None, "for_sex": None}


def asset(asset_id, category, lsoa_code, **changes):
    facts = {"organisation_name": f"Place {asset_id}", "offer": "Help", "for_whom": "Adults", "open_to": "everyone"}
    where = {"lsoa_code": lsoa_code, "pcn_code": {"A3": "S"}.get(lsoa_code, "N"), "easting": None, "northing": None}
    return {"asset_id": asset_id, "category": category, "is_suitable": True} | facts | where | NOBODY_LEFT_OUT | changes


def assets_of(definition, homes, *assets, ages=None, sexes=None, centroids=NO_CENTROIDS):
    near = nearest_by_area(BOUNDARY, ibis.memtable(list(assets), schema=ASSET), centroids)
    people = {"person_id": list(homes), "lsoa_code": list(homes.values())}
    person = ibis.memtable(people | {"age": ages or [40] * len(homes), "sex": sexes or ["F"] * len(homes)})
    return route_assets(definition, person, near)


@pytest.fixture(scope="module")
def definition():
    return load_definition("wider_determinants_30_50")


def named(definition, homes, *assets, route="stop_smoking", **people):
    rows = assets_of(definition, homes, *assets, **people).to_pyarrow().to_pylist()
    return {row["person_id"]: row[f"asset_{route}"] for row in rows}


def test_the_nearest_of_the_kind_is_named(definition):
    said = named(
        definition,
        {"p": "A1", "q": "A2", "r": "A3", "s": "Z9"},
        asset("1", "stop_smoking", "A1"),
        asset("2", "stop_smoking", "A2"),
        asset("3", "food_support", "A3"),
    )
    one, two = ("Place 1 (Help; for: Adults)", "Place 2 (Help; for: Adults)")
    assert said == {"p": one, "q": two, "r": None, "s": None}, "another PCN, no coordinates: not near"


def test_of_several_kinds_the_nearest_of_any_is_named(definition):
    kinds = asset("1", "community_connection", "A2"), asset("2", "food_support", "A1"), asset("3", "stop_smoking", "A1")
    assert named(definition, {"p": "A1"}, *kinds, route="social_prescriber") == {"p": "Place 2 (Help; for: Adults)"}


def test_what_does_not_suit_is_not_named(definition):
    assets = asset("1", "stop_smoking", "A1", is_suitable=False), asset("2", "stop_smoking", "A2")
    assert named(definition, {"p": "A1"}, *assets) == {"p": "Place 2 (Help; for: Adults)"}


def test_each_gets_the_nearest_that_is_for_somebody_of_that_age_and_sex(definition):
    homes = dict.fromkeys(["young", "at_limit", "old", "man", "unknown"], "A1")
    people = {"ages": [49, 50, 66, 66, 66], "sexes": ["F", "F", "F", "M", "U"]}
    said = named(
        definition,
        homes,
        asset("1", "stop_smoking", "A1", minimum_age=50, maximum_age=65),
        asset("2", "stop_smoking", "A1", minimum_age=66, for_sex="F"),
        asset("3", "stop_smoking", "A2"),
        **people,
    )
    one, two, three = (f"Place {n} (Help; for: Adults)" for n in (1, 2, 3))
    assert said == {"young": three, "at_limit": one, "old": two, "man": three, "unknown": three}


@pytest.mark.parametrize(
    ("open_to", "is_named"), [("everyone", True), ("local_residents", False), ("registered_patients", False)]
)
def test_over_the_boundary_only_what_is_open_to_everyone_is_named(definition, open_to, is_named):
    centroids = ibis.memtable({"lsoa_code": ["A1", "A2", "A3"], "easting": [0.0, 1e5, 900.0], "northing": [0.0] * 3})
    said = named(definition, {"p": "A1"}, asset("1", "stop_smoking", "A3", open_to=open_to), centroids=centroids)
    assert said == {"p": "Place 1 (Help; for: Adults)" if is_named else None}


def test_where_people_live_does_not_come_with_it(definition):
    table = assets_of(definition, {"p": "A1"}, asset("1", "stop_smoking", "A1"))
    assert set(table.columns) == {"person_id"} | {
        f"asset_{route.id}" for route in definition.outputs["list"].routes if route.assets
    }


def test_a_route_says_the_asset_and_stands_without_one(definition):
    smoker = {"smoking_status": "current", "smoking_status_date": days_ago(60)}
    facts = person_facts(definition.id, ibis.memtable(feature_table([feature_row(n, **smoker) for n in (1, 2)])))
    member = evaluate(definition, facts, reference_date=REFERENCE_DATE).member
    homes = {feature_row(1)["person_id"]: "A1", feature_row(2)["person_id"]: "A3"}
    near = assets_of(definition, homes, asset("1", "stop_smoking", "A1"))
    said = texts(definition, member, facts, reference_date=REFERENCE_DATE, assets=near)
    said = said.to_pandas().set_index("person_id")["routes"]
    with_one, without = (said[person] for person in homes)
    assert with_one.startswith("Local stop smoking service. Nearest: Place 1 (Help; for: Adults). ")
    assert "Nearest" not in without and without.startswith("Local stop smoking service. ")

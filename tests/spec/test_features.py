"""Each case of `feature_cases`, and what holds for `person_feature` as a whole."""

import ibis
import pytest
import yaml

from phm.core.features import person_features
from phm.resources import contracts_dir
from tests.spec.feature_cases import CASES, HEADER, events_of_cases, people_of_cases
from tests.spec.people import REFERENCE_DATE, features, fetched, person_id, table


@pytest.fixture(scope="module")
def duckdb():
    return ibis.duckdb.connect(threads=1)


@pytest.fixture(scope="module")
def found(duckdb):
    event, person = table(events_of_cases(), duckdb), table(people_of_cases(), duckdb)
    return fetched(person_features(event, person, reference_date=REFERENCE_DATE), duckdb, "person_id")


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.name for case in CASES])
def test_features(number, found):
    assert found[number]["person_id"] == person_id(number)
    assert {name: found[number][name] for name in CASES[number].expected} == CASES[number].expected


def test_columns_are_those_of_the_contract(duckdb):
    (person,) = features("person\n1", HEADER, duckdb)
    contract = yaml.safe_load((contracts_dir() / "person_feature.odcs.yaml").read_text())
    properties = contract["schema"][0]["properties"]
    assert set(person) == {p["name"] for p in properties}
    for p in properties:
        if p.get("required"):
            assert person[p["name"]] is not None, p["name"]


def test_people_do_not_mix(duckdb):
    events = """
    1 | 2026-03-03 | blood_pressure | 164/102
    2 | 2026-03-04 | blood_pressure | 121/75
    2 | 2026-03-04 | diabetes
    """
    first, second, third = features("person\n1\n2\n3", HEADER + events, duckdb)
    assert (first["latest_bp_systolic"], first["has_diabetes"]) == (164, False)
    assert (second["latest_bp_systolic"], second["has_diabetes"]) == (121, True)
    assert (third["latest_bp_systolic"], third["has_diabetes"]) == (None, False)

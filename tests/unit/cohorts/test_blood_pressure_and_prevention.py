"""The shipped cohorts of blood pressure and prevention, and definitions based on another one."""

import json

import pytest

from phm.cohorts.definition import load_definition
from phm.cohorts.parts import LIST
from phm.cohorts.reading import read
from phm.errors import DefinitionError
from tests.unit.cohorts.test_definition import SMALL, written

COHORTS = (
    "hypertension_treated_above_target",
    "nhs_health_check_due",
    "possible_undiagnosed_hypertension_18_plus",
    "raised_bp_follow_up_due",
    "wider_determinants_30_50",
)

DERIVED = """\
id: small
based_on: possible_undiagnosed_hypertension
title: Derived
version: 1.0.0
summary: As the base.
"""


@pytest.mark.parametrize("cohort_id", COHORTS)
def test_use_and_sign_off(cohort_id):
    definition = load_definition(cohort_id)
    assert definition.use == "practice"
    assert definition.clinical_sign_off == "none (shipped example)"
    assert all(setting.source for setting in definition.settings.values())


def test_adults_are_the_default_cohort_but_for_the_ages():
    base, adults = (load_definition(f"possible_undiagnosed_hypertension{name}") for name in ("", "_18_plus"))
    facts = ("id", "based_on", "title", "version", "summary", "settings")
    said = [{k: v for k, v in json.loads(d.content).items() if k not in facts} for d in (base, adults)]
    assert said[0] == said[1]
    changed = {name for name in base.settings if base.settings[name] != adults.settings[name]}
    assert (base.settings.keys() ^ adults.settings.keys(), changed) == (set(), {"min_age", "max_age"})
    assert (adults.values["min_age"], adults.values["max_age"], adults.based_on) == (18, 120, base.id)


def test_what_a_derived_definition_says_replaces_entries_of_mappings_and_whole_lists(tmp_path):
    base = load_definition("possible_undiagnosed_hypertension")
    extra = "settings:\n  in_progress_days: {default: 28, minimum: 1, description: Shorter., source: local}\n"
    derived = load_definition(written(tmp_path, DERIVED + extra + "ranking:\n  - by: age\n    order: asc\n"))
    assert list(derived.settings) == list(base.settings)
    assert derived.values["in_progress_days"] == 28
    assert [(ranking.by.text, ranking.descending) for ranking in derived.ranking] == [("age", False)]
    assert derived.meaning_sha256 != base.meaning_sha256


def test_what_no_longer_fits_the_base_is_said_where_the_base_is_named(tmp_path):
    extra = "settings:\n  in_progress_days: {default: soon, values: [soon], description: Soon., source: local}\n"
    _, problems = read(written(tmp_path, DERIVED + extra))
    assert {problem.name for problem in problems} == {"small.yaml, line 2"}


@pytest.mark.parametrize(
    ("base", "what"),
    [
        ("possible_undiagnosed_hypertensoin", "There is no shipped definition"),
        ("possible_undiagnosed_hypertension_18_plus", "is based on another definition itself"),
    ],
)
def test_a_base_is_shipped_and_whole(tmp_path, base, what):
    with pytest.raises(DefinitionError, match=what) as caught:
        load_definition(written(tmp_path, DERIVED.replace("possible_undiagnosed_hypertension", base)))
    assert caught.value.name == "small.yaml, line 2"


def test_without_a_base_everything_is_to_be_said(tmp_path):
    _, problems = read(written(tmp_path, DERIVED.replace("based_on: possible_undiagnosed_hypertension\n", "")))
    assert "tiers is missing" in {problem.what for problem in problems}


def test_a_route_names_categories_of_assets():
    routes = {route.id: route for route in load_definition("wider_determinants_30_50").outputs[LIST].routes}
    assert routes["stop_smoking"].assets == ("stop_smoking",)
    assert "debt_and_welfare_advice" in routes["social_prescriber"].assets
    assert routes["nhs_health_check"].assets == ()


def test_an_unknown_category_of_asset_is_said(tmp_path):
    route = "routes:\n  - {id: quit, when: true, text: Quit., assets: [stop_smokin]}\nranking:"
    _, (problem,) = read(written(tmp_path, SMALL.replace("ranking:", route, 1)))
    assert (problem.what, problem.hint) == ("There is no category of asset stop_smokin", "Did you mean stop_smoking?")

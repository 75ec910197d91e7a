"""Changes of contracts: each is named, said to break whom it breaks, and held against the version."""

from dataclasses import fields
from pathlib import Path

import pytest

from phm.errors import DefinitionError
from phm.feeds import contract_effects
from phm.feeds.contract_changes import changes, compare_releases, contracts_at
from phm.feeds.contracts import Contract, load_contract, read_contract
from phm.feeds.schema import Column, DatasetRule, Freshness, Relationship, RowRule
from phm.resources import contracts_dir

# Fields compared otherwise than one by one: names and ids find the counterpart, the parts have tables of their own.
COMPARED_AS_PARTS = {"name", "version", "sha256", "columns", "row_rules", "dataset_rules", "relationships", "freshness"}
TABLES = [
    (Contract, contract_effects.CONTRACT_EFFECTS, COMPARED_AS_PARTS),
    (Column, contract_effects.COLUMN_EFFECTS, {"name"}),
    (Freshness, contract_effects.FRESHNESS_EFFECTS, {"id"}),
    *((kind, contract_effects.RULE_EFFECTS[kind], {"id"}) for kind in (RowRule, DatasetRule, Relationship)),
]


@pytest.fixture
def changed(tmp_path):
    """The contract of this name, and the same after texts of its file were replaced."""

    def change(name: str, *replacements: tuple[str, str]) -> tuple[Contract, Contract]:
        text = (contracts_dir() / f"{name}.odcs.yaml").read_text()
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / f"{name}.odcs.yaml"
        path.write_text(text)
        return load_contract(name), read_contract(path)

    return change


@pytest.mark.parametrize(("kind", "effects", "otherwise"), TABLES, ids=lambda value: getattr(value, "__name__", ""))
def test_every_field_has_an_effect(kind, effects, otherwise):
    assert {field.name for field in fields(kind)} == set(effects) | otherwise


SEX = "      - name: sex\n        logicalType: string\n"


@pytest.mark.parametrize(
    ("name", "old", "new", "where", "breaks"),
    [
        ("gp_register", SEX, SEX.replace("sex", "gender"), "sex", "consumers"),
        ("gp_register", "required: true\n        classification: public", "classification: public", "extract_date",
         "consumers"),
        ("gp_register", "DATE\n        description: End of", "VARCHAR\n        description: End of",
         "deregistration_date", "consumers and suppliers"),
        ("gp_register", "classification: public", "classification: pseudonymous", "extract_date", "consumers"),
        ("gp_register", "                - U\n", "", "sex", "suppliers"),
        ("gp_register", "                - U\n", "                - U\n                - X\n", "sex", "consumers"),
        ("gp_register", "              - '%d/%m/%Y'\n", "", "extract_date", "suppliers"),
        ("gp_register", "maximum: 99", "maximum: 50", "invitation_count", "suppliers"),
        ("gp_register", "maximum: 99", "maximum: 999", "invitation_count", "consumers"),
        ("gp_register", "          maximum: 99\n", "", "invitation_count", "consumers"),
        ("gp_register", "date_of_birth <= extract_date", "date_of_birth < extract_date", "born_before_extract",
         "consumers and suppliers"),
        ("gp_register", "mustBeLessOrEqualTo: 5", "mustBeLessOrEqualTo: 3", "lsoa_code_complete", "suppliers"),
        ("gp_register", "            - practice_code\n            - nhs_number", "            - nhs_number",
         "one_row_per_registration", "consumers and suppliers"),
        ("gp_register", "value: warning", "value: error", "practice_code_in_practice_membership", "suppliers"),
        ("gp_register", "value: 27", "value: 13", "freshness", "suppliers"),
        ("gp_register", "value: 2\n", "value: 5\n", "contract", "consumers"),
        ("gp_register", "value: gp_register/*", "value: register/*", "contract", "suppliers"),
        ("core_event", "value: mm Hg", "value: kPa", "systolic", "consumers and suppliers"),
        ("cohort_attrition", "        primaryKeyPosition: 3\n", "        primaryKeyPosition: 0\n", "contract",
         "consumers and suppliers"),
    ],
)  # fmt: skip
def test_what_breaks_somebody_needs_a_major_version(changed, name, old, new, where, breaks):
    before, after = changed(name, (old, new))
    found = {change.where: change.effect for change in changes(before, after)}
    assert found[where].breaks == breaks
    (comparison,) = compare_releases({name: before}, {name: after})
    assert comparison.problem == "needs version 2.0.0 or above, has 1.0.0"
    before, after = changed(name, (old, new), ("version: 1.0.0", "version: 2.0.0"))
    assert compare_releases({name: before}, {name: after})[0].problem is None


def test_a_column_added_to_a_table_breaks_nobody_and_to_a_feed_its_suppliers(changed):
    new = "    quality:\n      - id: has_rows"
    column = (
        "      - name: colour\n        physicalType: VARCHAR\n        description: A.\n        classification: public\n"
    )
    for name, breaks, problem in (("core_event", "neither", "1.1.0"), ("gp_event", "suppliers", "2.0.0")):
        before, after = changed(name, (new, column + new))
        (change,) = changes(before, after)
        assert (change.where, change.what, change.effect.breaks) == ("colour", "is new", breaks)
        (comparison,) = compare_releases({name: before}, {name: after})
        assert f"needs version {problem}" in comparison.problem


def test_a_rename_is_recognised_by_the_previous_name(changed):
    renamed = SEX.replace("sex", "gender") + (
        "        customProperties:\n          - property: previousNames\n            value: [sex]\n"
    )
    before, after = changed("gp_register", (SEX, renamed))
    of_sex = [(change.what, change.effect.breaks) for change in changes(before, after) if change.where == "sex"]
    assert ("is called gender", "consumers") in of_sex
    assert ("headers: with gender", "neither") in of_sex


def test_words_need_a_patch(changed):
    before, after = changed("gp_event", ("Date of the event.", "Day of the event."))
    assert [change.effect.part for change in changes(before, after)] == ["patch"]
    assert "1.0.1" in compare_releases({"gp_event": before}, {"gp_event": after})[0].problem
    bumped = changed("gp_event", ("Date of the event.", "Day of the event."), ("version: 1.0.0", "version: 1.0.1"))
    assert compare_releases({"gp_event": bumped[0]}, {"gp_event": bumped[1]})[0].problem is None


def test_a_version_never_goes_down(changed):
    before, after = changed("gp_event", ("version: 1.0.0", "version: 0.9.0"))
    assert "has 0.9.0" in compare_releases({"gp_event": before}, {"gp_event": after})[0].problem


def test_a_version_that_is_none_is_named(changed):
    before, after = changed("gp_event", ("version: 1.0.0", "version: one"))
    with pytest.raises(DefinitionError, match="gp_event: one"):
        compare_releases({"gp_event": before}, {"gp_event": after})


def test_a_contract_goes_only_after_it_was_deprecated(changed):
    before, deprecated = changed("gp_event", ("status: active", "status: deprecated"))
    (comparison,) = compare_releases({"gp_event": before}, {})
    assert (comparison.new_version, comparison.changes[0].effect.breaks) == (None, "consumers")
    assert "deprecated" in comparison.problem
    assert compare_releases({"gp_event": deprecated}, {})[0].problem is None


def test_a_new_contract_breaks_nobody():
    (comparison,) = compare_releases({}, {"gp_event": load_contract("gp_event")})
    assert (comparison.old_version, comparison.problem) == (None, None)


def test_a_folder_and_a_file_are_read_and_nothing_is_named():
    assert contracts_at(contracts_dir()).keys() > contracts_at(contracts_dir() / "gp_event.odcs.yaml").keys()
    with pytest.raises(DefinitionError, match="nowhere"):
        contracts_at(Path("nowhere"))

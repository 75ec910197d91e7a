"""Contracts: every file loads, rules follow from what it says, and mistakes are named."""

import shutil

import pytest

from phm.errors import DefinitionError
from phm.feeds.contracts import load_contract, load_contracts, read_contract
from phm.resources import contracts_dir

CLASSIFICATIONS = {"identifiable", "pseudonymous", "aggregate", "public"}


def test_every_contract_file_is_loaded_under_its_own_name():
    files = {path.name.removesuffix(".odcs.yaml") for path in contracts_dir().glob("*.odcs.yaml")}
    assert set(load_contracts()) == files


def test_an_unknown_contract_gets_the_nearest_name():
    with pytest.raises(DefinitionError, match=r"gp_registr.*Did you mean gp_register"):
        load_contract("gp_registr")


def test_an_unknown_column_gets_the_nearest_name(gp_event):
    with pytest.raises(DefinitionError, match="Did you mean snomed_code"):
        gp_event.column("snomed")


def test_rules_follow_from_type_required_pattern_limits_values_and_checks(gp_event):
    kinds = {rule.id: rule.kind for rule in gp_event.row_rules}
    assert kinds["event_date_readable"] == "readable"
    assert kinds["snomed_code_present"] == "present"
    assert kinds["snomed_code_pattern"] == "pattern"
    assert kinds["record_id_range"] == "range"
    assert kinds["source_known"] == "values"
    assert kinds["event_not_in_future"] == "custom"
    assert "nhs_number_readable" not in kinds, "text can always be read as text"


def test_a_column_has_its_accepted_headers_the_current_one_first():
    column = load_contract("practice_membership").column("sub_icb_code")
    assert column.headers == ("SUB_ICB_LOCATION_CODE", "CCG_CODE")


def test_a_unique_column_is_checked_once_though_it_is_stated_twice():
    rules = [r for r in load_contract("practice_membership").dataset_rules if r.metric == "duplicateValues"]
    assert [rule.id for rule in rules] == ["one_row_per_practice"]


def test_the_columns_of_a_primary_key_are_unique_together_or_alone():
    attrition = load_contract("cohort_attrition")
    assert attrition.key == ("cohort_id", "practice_code", "step_order")
    assert [rule.columns for rule in attrition.dataset_rules if rule.metric == "duplicateValues"] == [attrition.key]
    assert load_contract("core_geography").column("practice_code").unique
    assert not attrition.column("practice_code").unique


@pytest.mark.parametrize("contract", load_contracts().values(), ids=lambda contract: contract.name)
def test_a_contract_says_all_that_is_asked_of_it(contract):
    assert contract.sources, "where is the format or the meaning defined?"
    assert contract.description.startswith("One row is ")
    assert contract.purpose.endswith(".")
    assert {column.classification for column in contract.columns} <= CLASSIFICATIONS
    assert all(column.description.endswith(".") for column in contract.columns)
    for rule in (*contract.row_rules, *contract.dataset_rules, *contract.relationships):
        assert rule.severity in ("error", "warning")
        assert rule.description.endswith(".")
    if contract.layer == "feed":
        assert contract.max_rejected_percent is not None
        assert any(rule.metric == "rowCount" for rule in contract.dataset_rules)
    if contract.layer not in ("reference", "vault"):
        assert not any(column.is_identifiable for column in contract.landed().columns)


@pytest.mark.parametrize("contract", load_contracts().values(), ids=lambda contract: contract.name)
def test_relationships_lead_to_columns_of_the_same_type(contract):
    for relationship in contract.relationships:
        other = load_contract(relationship.to_contract).landed().column(relationship.to_column)
        assert contract.landed().column(relationship.column).type == other.type


def test_a_name_means_the_same_type_and_unit_in_every_table():
    meanings: dict[str, set] = {}
    for contract in load_contracts().values():
        if contract.layer != "reference":
            for column in contract.landed().columns:
                meanings.setdefault(column.name, set()).add((column.type, column.unit))
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_constraints_read_as_phrases():
    column = load_contract("deprivation").column("imd_decile")
    assert column.constraints == ("required", "at least 1", "at most 10")


def test_landing_replaces_identifiers_and_the_rules_on_them(gp_register):
    landed = gp_register.landed()
    assert not any(column.is_identifiable for column in landed.columns)
    assert landed.column_names[2:4] == ("person_id", "age")
    text = " ".join(rule.condition for rule in landed.row_rules)
    assert "nhs_number" not in text
    assert "date_of_birth" not in text
    uniqueness = next(r for r in landed.dataset_rules if r.metric == "duplicateValues")
    assert uniqueness.columns == ("practice_code", "person_id", "registration_date")


def test_a_contract_without_identifiers_lands_as_it_is():
    contract = load_contract("deprivation")
    assert contract.landed() is contract


def _changed(tmp_path, name: str, old: str, new: str):
    path = tmp_path / f"{name}.odcs.yaml"
    shutil.copy(contracts_dir() / path.name, path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return path


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema:", "schemas:", "gp_event.odcs.yaml.*one schema"),
        ("metric: rowCount", "metric: rowcount", "has_rows: rowcount.*Did you mean rowCount"),
        ("engine: phm", "engine: other", "nhs_number_check_digit: custom"),
        ("id: event_after_1900", "id: event_not_in_future", "uses a rule id twice"),
        ("mustBeGreaterOrEqualTo: 1", "atLeast: 1", "has no threshold"),
        ("property: dateFormats", "property: forms", "dateFormats of event_date"),
        ("schema:", "schema: [", "gp_event.odcs.yaml"),
    ],
)
def test_a_wrong_contract_is_refused_by_name(tmp_path, old, new, message):
    with pytest.raises(DefinitionError, match=message):
        read_contract(_changed(tmp_path, "gp_event", old, new))


def test_an_identifier_landing_cannot_replace_is_refused(tmp_path):
    path = _changed(tmp_path, "emergency_attendance", "name: provider_code", "name: postcode")
    path.write_text(path.read_text().replace("classification: public", "classification: identifiable"))
    with pytest.raises(DefinitionError, match="postcode"):
        read_contract(path).landed()

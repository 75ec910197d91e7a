"""The data dictionary: everything a contract says, and the committed page says the same."""

import pytest

from phm.feeds.contracts import load_contract, load_contracts
from phm.feeds.dictionary import data_dictionary, section
from tests.conftest import ROOT


def test_the_committed_page_is_current():
    page = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert page == data_dictionary(load_contracts().values()), (
        "Run: phm contracts dictionary --out docs/data-dictionary.md"
    )


@pytest.mark.parametrize("name", list(load_contracts()))
def test_a_section_has_every_column_and_every_written_rule(name):
    contract = load_contract(name)
    lines = section(contract).splitlines()
    for column in contract.columns:
        (line,) = [line for line in lines if line.startswith(f"| `{column.name}` |")]
        assert column.classification in line
        assert column.unit is None or f"| {column.unit} |" in line
    custom = [rule for rule in contract.row_rules if rule.kind == "custom"]
    for rule in (*custom, *contract.dataset_rules, *contract.relationships):
        assert sum(line.startswith(f"| `{rule.id}` |") for line in lines) == 1
    for source in contract.sources:
        assert source.url in "\n".join(lines)


def test_rows_of_a_table_have_as_many_cells_as_its_heading():
    for contract in load_contracts().values():
        width = None
        for line in section(contract).splitlines():
            cells = line.replace(r"\|", "").count("|") if line.startswith("|") else None
            assert width is None or cells is None or cells == width, line
            width = cells


def test_names_in_the_file_and_identifiers_are_told():
    membership = section(load_contract("practice_membership"))
    assert "| SUB_ICB_LOCATION_CODE; before: CCG_CODE |" in membership
    assert "nhs_number becomes person_id, date_of_birth becomes age" in section(load_contract("gp_register"))

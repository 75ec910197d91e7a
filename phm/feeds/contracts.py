"""What a table must look like: the Open Data Contract Standard files of `contracts/` as frozen dataclasses.

Belongs here: reading a contract and deriving every rule it implies. Does not belong here: evaluating a rule
(`landing` does for rows, `expectations` for tables). Nothing about a column is written down anywhere else:
types, checks, the column schema shown in Dagster and the data dictionary all come from these objects.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from phm.errors import DefinitionError
from phm.feeds.schema import (
    Column,
    DatasetRule,
    Freshness,
    RowRule,
    implied_rules,
    rule_of_check,
    suggestion,
    unique_rule,
)
from phm.resources import contracts_dir

SUFFIX = ".odcs.yaml"


@dataclass(frozen=True)
class Contract:
    """What one feed or published table must look like.

    `file_pattern` is a glob below the delivery folder (feeds only). `max_rejected_percent` is the largest share
    of delivered rows that may be quarantined. `sha256` is the hash of the contract file.
    """

    name: str
    title: str
    version: str
    layer: str
    description: str
    sha256: str
    columns: tuple[Column, ...]
    row_rules: tuple[RowRule, ...]
    dataset_rules: tuple[DatasetRule, ...]
    freshness: Freshness | None = None
    file_pattern: str | None = None
    one_practice_per_file: bool = False
    optional: bool = False
    max_rejected_percent: float | None = None

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise DefinitionError(
            f"Contract {self.name} has no such column", name=name, hint=suggestion(name, self.column_names)
        )

    def landed(self) -> "Contract":
        """The contract of the table after landing: identifiers replaced, and without the rules on them.

        `nhs_number` has become `person_id` and `date_of_birth` has become `age`; a contract without either is
        returned as it is. Row rules that mention a replaced column were evaluated at landing and are dropped.
        """
        replaced = {column.name for column in self.columns if column.is_identifiable}
        if not replaced:
            return self
        unknown = sorted(replaced - LANDED_AS.keys())
        if unknown:
            raise DefinitionError(
                f"Contract {self.name} marks a column identifiable that landing cannot replace",
                name=", ".join(unknown),
                hint=f"Only {' and '.join(LANDED_AS)} can be delivered as identifiable.",
            )
        columns = tuple(LANDED_AS.get(c.name, c) if c.is_identifiable else c for c in self.columns)
        kept = tuple(
            rule
            for rule in self.row_rules
            if rule.column not in replaced and not any(re.search(rf"\b{name}\b", rule.condition) for name in replaced)
        )
        added = tuple(rule for name in sorted(replaced) for rule in implied_rules(LANDED_AS[name]))
        datasets = tuple(
            replace(rule, columns=tuple(LANDED_AS[c].name if c in replaced else c for c in rule.columns))
            for rule in self.dataset_rules
        )
        return replace(self, columns=columns, row_rules=kept + added, dataset_rules=datasets)


LANDED_AS: Mapping[str, Column] = {
    "nhs_number": Column(
        name="person_id",
        headers=(),
        type="VARCHAR",
        description="Pseudonym of the NHS number: HMAC-SHA256 under the site key, 32 hexadecimal digits.",
        classification="pseudonymous",
        required=True,
        pattern="^[0-9a-f]{32}$",
    ),
    "date_of_birth": Column(
        name="age",
        headers=(),
        type="BIGINT",
        description="Completed years at the reference date; someone born on 29 February completes one on 1 March.",
        classification="pseudonymous",
        required=True,
        minimum=0,
        maximum=120,
    ),
}


def load_contract(name: str) -> Contract:
    """The contract called `name`, from the contracts that travel with the code."""
    contracts = load_contracts()
    if name not in contracts:
        raise DefinitionError("There is no contract of this name", name=name, hint=suggestion(name, contracts))
    return contracts[name]


def load_contracts(directory: Path | None = None) -> dict[str, Contract]:
    """Every contract of `directory` (default: those that travel with the code) by name, in order of name."""
    return dict(_load_directory(directory or contracts_dir()))


@cache
def _load_directory(directory: Path) -> dict[str, Contract]:
    files = sorted(directory.glob(f"*{SUFFIX}"))
    if not files:
        raise DefinitionError("The folder holds no contracts", name=str(directory), hint=f"Expected *{SUFFIX} files.")
    return {contract.name: contract for contract in map(read_contract, files)}


def read_contract(path: Path) -> Contract:
    """The contract written in one ODCS file; a DefinitionError names the file and what is wrong."""
    content = path.read_bytes()
    try:
        document = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        contract = _contract(document, hashlib.sha256(content).hexdigest())
    except (yaml.YAMLError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise DefinitionError(
            f"A contract cannot be read: {type(error).__name__} {error}",
            name=path.name,
            hint="It must be an Open Data Contract Standard v3.1 file with one schema.",
        ) from error
    ids = [rule.id for rule in (*contract.row_rules, *contract.dataset_rules)]
    repeated = sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1})
    if repeated:
        raise DefinitionError("A contract uses a rule id twice", name=f"{path.name}: {repeated[0]}", hint="Rename one.")
    return contract


def _contract(document: Mapping[str, Any], sha256: str) -> Contract:
    schema = document["schema"][0]
    settings = _custom(document)
    name = schema["name"]
    columns = tuple(_column(entry) for entry in schema["properties"])
    row_rules: list[RowRule] = []
    dataset_rules: list[DatasetRule] = []
    for column, entry in zip(columns, schema["properties"], strict=True):
        row_rules += implied_rules(column)
        for check in entry.get("quality", []):
            rule = rule_of_check(check, column.name)
            (row_rules if isinstance(rule, RowRule) else dataset_rules).append(rule)
    for check in schema.get("quality", []):
        rule = rule_of_check(check, None)
        (row_rules if isinstance(rule, RowRule) else dataset_rules).append(rule)
    covered = {rule.columns for rule in dataset_rules if rule.metric == "duplicateValues"}
    dataset_rules += [unique_rule(column) for column in columns if column.unique and (column.name,) not in covered]
    return Contract(
        name=name,
        title=document["name"],
        version=document["version"],
        layer=settings["layer"],
        description=schema["description"],
        sha256=sha256,
        columns=columns,
        row_rules=tuple(row_rules),
        dataset_rules=tuple(dataset_rules),
        freshness=_freshness(document, name),
        file_pattern=settings.get("filePattern"),
        one_practice_per_file=settings.get("onePracticePerFile", False),
        optional=settings.get("optional", False),
        max_rejected_percent=settings.get("maxRejectedPercent"),
    )


def _column(entry: Mapping[str, Any]) -> Column:
    settings = _custom(entry)
    options = entry.get("logicalTypeOptions", {})
    valid = [c["arguments"]["validValues"] for c in entry.get("quality", []) if c.get("metric") == "invalidValues"]
    return Column(
        name=entry["name"],
        headers=(entry.get("physicalName", entry["name"]), *settings.get("previousNames", [])),
        type=entry["physicalType"],
        description=entry["description"],
        classification=entry["classification"],
        required=entry.get("required", False),
        unique=entry.get("unique", False),
        pattern=options.get("pattern"),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        valid_values=tuple(valid[0]) if valid else (),
        missing=tuple(settings.get("missingValues", [])),
        date_formats=tuple(settings.get("dateFormats", [])),
    )


def _freshness(document: Mapping[str, Any], name: str) -> Freshness | None:
    for entry in document.get("slaProperties", []):
        if entry["property"] == "latency":
            column = entry["element"].removeprefix(f"{name}.")
            return Freshness(f"{column}_fresh", column, int(entry["value"]), entry["description"])
    return None


def _custom(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {item["property"]: item["value"] for item in entry.get("customProperties", [])}

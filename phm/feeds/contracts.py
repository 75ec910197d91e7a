"""What a table must look like: the Open Data Contract Standard files of `contracts/` as frozen dataclasses.

Belongs here: reading a contract and deriving every rule it implies. Does not belong here: evaluating a rule
(`landing` does for rows, `expectations` for tables). Nothing about a column is written down anywhere else:
types, checks, the column schema shown in Dagster and the data dictionary all come from these objects.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from phm.errors import DefinitionError
from phm.feeds.odcs import custom, relationship_of, rule_of_check
from phm.feeds.schema import (
    Column,
    DatasetRule,
    DriftLimits,
    Freshness,
    Relationship,
    RowRule,
    implied_rules,
    suggestion,
    unique_rule,
)
from phm.resources import contracts_dir

SUFFIX = ".odcs.yaml"


@dataclass(frozen=True)
class Source:
    """Where what a contract says is defined: a publication, or a document of this project."""

    url: str
    description: str


@dataclass(frozen=True)
class Contract:
    """What one feed or published table must look like.

    `description` says what one row is, `purpose` what the table is for. `key` are the columns of its primary key.
    `file_pattern` is a glob below the delivery folder (feeds only). `header` are the names of all columns of a file
    that is published without a header, in its order. `max_rejected_percent` is the largest share
    of delivered rows that may be quarantined, `max_failed_files_percent` that of files that may be left out because
    they cannot be read. `drift` says how much two deliveries may differ. `sha256` is the hash of the contract file.
    """

    name: str
    title: str
    version: str
    status: str
    layer: str
    description: str
    purpose: str
    sources: tuple[Source, ...]
    sha256: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    row_rules: tuple[RowRule, ...]
    dataset_rules: tuple[DatasetRule, ...]
    relationships: tuple[Relationship, ...]
    freshness: Freshness | None = None
    file_pattern: str | None = None
    header: tuple[str, ...] = ()
    one_practice_per_file: bool = False
    optional: bool = False
    max_rejected_percent: float | None = None
    max_failed_files_percent: float = 0
    drift: DriftLimits | None = None

    @property
    def table(self) -> str:
        """Name of the table in the store."""
        return f"feed_{self.name}" if self.layer == "feed" else self.name

    @property
    def evaluated_relationships(self) -> tuple[Relationship, ...]:
        """Relationships that data are checked for: all but those no step can break."""
        return tuple(r for r in self.relationships if not r.guaranteed_by)

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
        returned as it is, and so is that of a table in the vault, where identifiers are kept. Row rules that mention a
        replaced column were evaluated at landing and are dropped.
        """
        replaced = {column.name for column in self.columns if column.is_identifiable}
        if not replaced or self.layer == "vault":
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
        unit="years",
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
    ids = [rule.id for rule in (*contract.row_rules, *contract.dataset_rules, *contract.relationships)]
    repeated = sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1})
    if repeated:
        raise DefinitionError("A contract uses a rule id twice", name=f"{path.name}: {repeated[0]}", hint="Rename one.")
    return contract


def _contract(document: Mapping[str, Any], sha256: str) -> Contract:
    schema = document["schema"][0]
    settings = custom(document)
    name = schema["name"]
    key = _key(schema["properties"])
    columns = tuple(_column(entry, is_key=key == (entry["name"],)) for entry in schema["properties"])
    unreadable = [column.name for column in columns if column.type == "DATE" and not column.date_formats]
    if unreadable and settings["layer"] in ("feed", "reference"):
        raise KeyError(f"dateFormats of {unreadable[0]}")
    rules: list[RowRule | DatasetRule] = []
    for column, entry in zip(columns, schema["properties"], strict=True):
        rules += implied_rules(column)
        rules += [rule_of_check(check, column.name) for check in entry.get("quality", [])]
    rules += [rule_of_check(check, None) for check in schema.get("quality", [])]
    dataset_rules = [rule for rule in rules if isinstance(rule, DatasetRule)]
    covered = {rule.columns for rule in dataset_rules if rule.metric == "duplicateValues"}
    unique = dict.fromkeys([*((column.name,) for column in columns if column.unique), *([key] if key else [])])
    dataset_rules += [unique_rule(names) for names in unique if names not in covered]
    return Contract(
        name=name,
        title=document["name"],
        version=document["version"],
        status=document["status"],
        layer=settings["layer"],
        description=schema["description"],
        purpose=document["description"]["purpose"],
        sources=tuple(Source(s["url"], s["description"]) for s in document.get("authoritativeDefinitions", [])),
        sha256=sha256,
        columns=columns,
        key=key,
        row_rules=tuple(rule for rule in rules if isinstance(rule, RowRule)),
        dataset_rules=tuple(dataset_rules),
        relationships=tuple(
            relationship_of(entry, properties["name"])
            for properties in schema["properties"]
            for entry in properties.get("relationships", [])
        ),
        freshness=_freshness(document, name),
        file_pattern=settings.get("filePattern"),
        header=tuple(settings.get("header", [])),
        one_practice_per_file=settings.get("onePracticePerFile", False),
        optional=settings.get("optional", False),
        max_rejected_percent=settings.get("maxRejectedPercent"),
        max_failed_files_percent=settings.get("maxFailedFilesPercent", 0),
        drift=_drift(settings["drift"]) if "drift" in settings else None,
    )


def _drift(settings: Mapping[str, Any]) -> DriftLimits:
    return DriftLimits(
        volume_percent=settings["volumePercent"],
        completeness_points=settings["completenessPoints"],
        stability_index=settings["stabilityIndex"],
        values_by=settings.get("valuesBy", {}),
    )


def _column(entry: Mapping[str, Any], *, is_key: bool) -> Column:
    settings = custom(entry)
    options = entry.get("logicalTypeOptions", {})
    valid = [c["arguments"]["validValues"] for c in entry.get("quality", []) if c.get("metric") == "invalidValues"]
    return Column(
        name=entry["name"],
        headers=(entry.get("physicalName", entry["name"]), *settings.get("previousNames", [])),
        type=entry["physicalType"],
        description=entry["description"],
        classification=entry["classification"],
        unit=settings.get("unit"),
        required=entry.get("required", False),
        unique=entry.get("unique", is_key),
        pattern=options.get("pattern"),
        minimum=options.get("minimum"),
        maximum=options.get("maximum"),
        valid_values=tuple(valid[0]) if valid else (),
        missing=tuple(settings.get("missingValues", [])),
        date_formats=tuple(settings.get("dateFormats", [])),
        optional=settings.get("optional", False),
    )


def _key(properties: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The columns of the primary key, in its order."""
    of_key = sorted((p.get("primaryKeyPosition", 1), p["name"]) for p in properties if p.get("primaryKey"))
    return tuple(name for _, name in of_key)


def _freshness(document: Mapping[str, Any], name: str) -> Freshness | None:
    for entry in document.get("slaProperties", []):
        if entry["property"] == "latency":
            column = entry["element"].removeprefix(f"{name}.")
            return Freshness(f"{column}_fresh", column, int(entry["value"]), entry["description"])
    return None

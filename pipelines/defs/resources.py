"""The site a run belongs to, and the workspace one step of a run computes in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import ibis
from dagster._core.storage.tags import PARTITION_NAME_TAG

from phm.cohorts.definition import Definition, load_definition, load_definitions
from phm.config import Settings, load_settings
from phm.feeds.contracts import Contract
from phm.feeds.drift import compare
from phm.feeds.expectations import RuleResult, check_table
from phm.governance.pseudonyms import Pseudonymiser
from phm.lists.outcomes import outcomes_folder
from phm.provenance import provenance, same_provenance
from phm.site import engine_of, store_of
from phm.store import Partition, Store, TableVersion
from pipelines.partitions import partition_of


@dataclass(frozen=True)
class Made:
    """What one step computed: the rows of a table, or those of each of its files; sentences worth reading; and what its
    manifest entry keeps.
    """

    rows: ibis.Table | Sequence[ibis.Table]
    remarks: Sequence[str] = ()
    record: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Workspace:
    """One step's view of one partition: an engine, the store, and the tables drafted so far."""

    settings: Settings
    store: Store
    con: ibis.BaseBackend
    partition: Partition
    pseudonymiser: Pseudonymiser

    @property
    def delivery(self) -> Path:
        """Folder of this partition's delivered files."""
        return self.settings.feeds / self.partition.path

    @property
    def reference_date(self) -> date:
        return self.partition.reference_date

    @property
    def cohorts(self) -> tuple[Definition, ...]:
        """The definitions the site evaluates, shipped or its own, in order of id."""
        folder, chosen = self.settings.definitions, self.settings.cohorts
        return load_definitions(folder) if chosen is None else tuple(load_definition(c, folder) for c in sorted(chosen))

    def read(self, tables: Sequence[str]) -> list[ibis.Table]:
        """Drafted tables, in the order named."""
        return [self.store.read(self.con, table, self.partition, draft=True) for table in tables]

    def records(self, tables: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """What was kept about drafted tables, by name of table."""
        return {table: self.store.version(table, self.partition, draft=True).record for table in tables}

    def write(self, contract: Contract, made: Made, *, built_from: Sequence[str]) -> TableVersion:
        """Draft a table: the columns of its contract, each file in order of its key or, without one, of all of them."""
        parts = [made.rows] if isinstance(made.rows, ibis.Table) else made.rows
        return self.store.write_table(
            self.con,
            contract.name,
            self.partition,
            *(part.select(*contract.column_names) for part in parts),
            order_by=contract.key or contract.column_names,
            built_from=built_from,
            record={**made.record, "remarks": list(made.remarks)},
        )

    def check(self, contract: Contract, table: str, *, related: Mapping[str, str]) -> list[RuleResult]:
        """The drafted table held against its contract; nothing where an optional feed was not delivered.

        `related` are the tables its relationships lead to, by name of contract.
        """
        record = self.store.version(table, self.partition, draft=True).record
        is_feed = "delivered" in record
        if is_feed and not record["delivered"]:
            return []
        files = self.store.files(table, self.partition, draft=True)
        before = self.store.files_before(table, self.partition)
        return check_table(
            self.con.con,
            contract,
            files,
            reference_date=self.reference_date,
            landing=record if is_feed else None,
            related={name: self.store.files(other, self.partition, draft=True) for name, other in related.items()},
            shifts=compare(self.con.con, contract, files, before) if contract.drift and before else None,
        )


class Site(dg.ConfigurableResource):
    """Settings of the site; empty fields come from `phm.toml` and `PHM_*`."""

    home: str = ""
    feeds: str = ""
    demo: bool = False

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Site"]:
        """A run has its partition to itself; a sensor or schedule, which only looks, has none."""
        key = context.run.tags.get(PARTITION_NAME_TAG) if context.run else None
        with self.store.alone(partition_of(key)) if key else nullcontext():
            yield self

    @property
    def settings(self) -> Settings:
        return load_settings(home=self.home or None, feeds=self.feeds or None)

    @property
    def store(self) -> Store:
        return store_of(self.settings)

    def pseudonymiser(self) -> Pseudonymiser:
        """The site's pseudonymiser; the public demonstration key only where the run is a demonstration."""
        if self.demo:
            return Pseudonymiser.demo()
        settings = self.settings
        return Pseudonymiser.from_key(settings.site_key, settings.key_path)

    def provenance(self, partition: Partition) -> dict[str, Any]:
        """What a run of the partition is made from, as things are now: files, definitions, code and key."""
        settings = self.settings
        return provenance(
            settings.feeds / partition.path,
            code_lists=settings.code_lists,
            definitions=settings.definitions,
            measures=settings.measures,
            asset_needs=settings.asset_needs,
            outcomes=outcomes_folder(self.store, partition.icb_code),
            undiagnosed_model=settings.undiagnosed_model,
            choices=settings.model_dump(mode="json", include={"cohorts", "workbooks", "core20_floor_percent"}),
            key_id=self.pseudonymiser().key_id,
        )

    def already_published(self, partition: Partition) -> bool:
        """Whether the published month was made from the files, definitions, code and key there are now."""
        store = self.store
        return partition in store.partitions() and same_provenance(
            store.manifest(partition), self.provenance(partition)
        )

    def workspace(self, context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> Workspace:
        """A workspace for the partition `context` is about."""
        settings = self.settings
        partition = partition_of(str(context.partition_key))
        return Workspace(settings, self.store, _engine(settings), partition, self.pseudonymiser())


_engine = cache(engine_of)
"""The engine of this process, one for all steps: Ibis drops what one cached when nothing refers to it any more."""

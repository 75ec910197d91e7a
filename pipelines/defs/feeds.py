"""Feeds: each delivered file against its contract, accepted and quarantined, identifiers into the vault."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg

from phm.feeds.contracts import Contract, load_contracts
from phm.feeds.landing import Landing, check_rejected, land
from phm.feeds.readers import find_files
from phm.feeds.reconciliation import MAX_PERCENT, reconcile
from phm.store import TableVersion
from pipelines.defs.resources import Site, Workspace
from pipelines.defs.tables import contract_checks, materialised, table_spec
from pipelines.partitions import MONTH_BY_ICB

CONTRACTS = {contract.name: contract for contract in load_contracts().values() if contract.layer == "feed"}
FEED_TABLES = tuple(f"feed_{name}" for name in CONTRACTS)
PRACTICE_TABLES = tuple(contract.table for contract in CONTRACTS.values() if contract.one_practice_per_file)
"""Feeds every practice delivers a file of."""
LIST_SIZE_TABLES = ("feed_gp_register", "feed_practice_list_size")
QUARANTINE_TABLES = tuple(f"quarantine_{name}" for name in CONTRACTS)


def feed_asset(contract: Contract) -> dg.AssetsDefinition:
    """The asset that lands one feed."""

    spec = table_spec(contract.landed(), group="feeds", deps=(), key=f"feed_{contract.name}")

    @dg.multi_asset(name=f"feed_{contract.name}", specs=[spec], partitions_def=MONTH_BY_ICB)
    def asset(context: dg.AssetExecutionContext, site: Site) -> dg.MaterializeResult:
        work = site.workspace(context)
        with tempfile.TemporaryDirectory(dir=work.store.scratch_folder()) as scratch:
            landing = land(
                work.con.con,
                contract,
                find_files(work.delivery, contract),
                folder=work.delivery,
                reference_date=work.reference_date,
                out=Path(scratch),
                vault=Path(scratch),
                pseudonymiser=site.pseudonymiser(),
            )
            check_rejected(landing, contract)
            version = _keep(work, landing)
        return materialised(version, delivered=landing.delivered, quarantined=landing.quarantined)

    return asset


def _keep(work: Workspace, landing: Landing) -> TableVersion:
    """Draft what landing wrote: accepted rows, quarantined rows and, of the register, identities."""

    def move(files: tuple[Path, ...], record: dict[str, Any]) -> Callable[[Path], dict[str, Any]]:
        def fill(folder: Path) -> dict[str, Any]:
            for file in files:
                shutil.move(file, folder / file.name)
            return record

        return fill

    if landing.identity_file:
        work.store.write("identity", work.partition, move((landing.identity_file,), {}))
    work.store.write(f"quarantine_{landing.contract}", work.partition, move(landing.quarantine_files, {}))
    return work.store.write(f"feed_{landing.contract}", work.partition, move(landing.accepted_files, landing.record()))


@dg.asset_check(
    asset="feed_gp_register",
    name="agrees_with_list_sizes",
    additional_deps=["feed_practice_list_size"],
    description=f"Each register has within {MAX_PERCENT:g}% the patients that are published of its practice.",
)
def agrees_with_list_sizes(context: dg.AssetCheckExecutionContext, site: Site) -> dg.AssetCheckResult:
    work = site.workspace(context)
    register, published = (work.store.files(t, work.partition, draft=True) for t in LIST_SIZE_TABLES)
    was_delivered = work.records([LIST_SIZE_TABLES[1]])[LIST_SIZE_TABLES[1]]["delivered"]
    sizes = reconcile(work.con.con, register, published, reference_date=work.reference_date) if was_delivered else []
    beyond = [str(practice) for practice in sizes if practice.is_beyond]
    return dg.AssetCheckResult(
        passed=not beyond,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"practices": len(sizes), "not_within": dg.MetadataValue.md("\n".join(f"- {b}" for b in beyond))},
    )


ASSETS = tuple(feed_asset(contract) for contract in CONTRACTS.values())
CHECKS = (
    *(contract_checks(contract, table=f"feed_{contract.name}") for contract in CONTRACTS.values()),
    agrees_with_list_sizes,
)

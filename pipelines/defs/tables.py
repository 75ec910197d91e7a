"""What every table asset shares: description, schema and checks come from its contract, metadata from its rows."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from phm.feeds.contracts import Contract, load_contract
from phm.feeds.drift import DRIFT_RULES
from phm.feeds.expectations import RuleResult, summarise_failures
from phm.feeds.expectations import checks_of as rules_of
from phm.store import TableVersion
from pipelines.defs.resources import Made, Site
from pipelines.partitions import MONTH_BY_ICB

_MONTH = timedelta(days=31)
ROW_RULES, TABLE_RULES, AGAINST_PREVIOUS = "row_rules", "table_rules", "against_previous"
SAYS = "says"
"""Metadata of a failed check that `phm run` prints: one sentence without values."""

Compute = Callable[..., Made | tuple[Made, ...]]


def table_assets(*names: str, group: str, inputs: Sequence[str]) -> Callable[[Compute], dg.AssetsDefinition]:
    """Make one step of a function to the rows of several tables that share work: `Made` for each, in their order."""
    contracts = [load_contract(name) for name in names]

    def asset_of(compute: Compute) -> dg.AssetsDefinition:
        @dg.multi_asset(
            name=names[0],
            specs=[table_spec(contract, group=group, deps=inputs) for contract in contracts],
            partitions_def=MONTH_BY_ICB,
        )
        def asset(context: dg.AssetExecutionContext, site: Site):
            work = site.workspace(context)
            made = compute(work, *work.read(inputs))
            for contract, of_table in zip(contracts, made if isinstance(made, tuple) else (made,), strict=True):
                yield materialised(work.write(contract, of_table, built_from=inputs))

        return asset

    return asset_of


def checks_of(*assets: dg.AssetsDefinition) -> tuple[dg.AssetChecksDefinition, ...]:
    """The checks of table assets: those of the contracts they are named after."""
    names = [key.to_user_string() for asset in assets for key in sorted(asset.keys)]
    return tuple(contract_checks(load_contract(name), table=name) for name in names)


def table_spec(contract: Contract, *, group: str, deps: Sequence[str], key: str | None = None) -> dg.AssetSpec:
    """The asset of the table a contract describes, called as the contract unless `key` is given."""
    columns = [
        dg.TableColumn(
            name=column.name,
            type=column.type,
            description=column.description,
            constraints=dg.TableColumnConstraints(
                nullable=not column.required, unique=column.unique, other=list(column.constraints)
            ),
        )
        for column in contract.columns
    ]
    return dg.AssetSpec(
        key or contract.name,
        group_name=group,
        deps=list(deps),
        kinds={"duckdb", "parquet"},
        description=contract.description,
        metadata={"dagster/column_schema": dg.TableSchema(columns=columns), "contract_version": contract.version},
        freshness_policy=_freshness(contract),
    )


def _freshness(contract: Contract) -> dg.FreshnessPolicy | None:
    """How long a feed of every month may stay away before Dagster shows it as stale."""
    if contract.freshness is None:
        return None
    return dg.FreshnessPolicy.time_window(fail_window=_MONTH + timedelta(days=contract.freshness.days))


def materialised(version: TableVersion, **metadata: Any) -> dg.MaterializeResult:
    """What Dagster keeps about a table that was made: rows, version, and sentences worth reading."""
    remarks = version.record.get("remarks", ())
    sentences = {"remarks": dg.MetadataValue.md("\n".join(f"- {remark}" for remark in remarks))} if remarks else {}
    return dg.MaterializeResult(
        asset_key=version.table,
        metadata={"dagster/row_count": version.rows, "version": version.version, **sentences, **metadata},
    )


def contract_checks(contract: Contract, *, table: str) -> dg.AssetChecksDefinition:
    """A check for all rules of the contract about rows, one for those about the whole table, and one, where it says how
    much may change, for all comparisons with the month before.

    Each says what it asks and, of rules that do not hold, which; Dagster keeps several events for every check of every
    run. A rule of severity error that does not hold stops everything downstream.
    """
    of_rows = {rule.id for rule in contract.row_rules}
    asked = rules_of(contract)
    by_rule = {rule_id: ROW_RULES if rule_id in of_rows else TABLE_RULES for rule_id in asked}
    ask = {
        ROW_RULES: f"Each of {len(of_rows)} rules about rows holds, or its rows are in quarantine.",
        TABLE_RULES: "\n".join(says for rule_id, says in asked.items() if rule_id not in of_rows),
    }
    if contract.drift:
        by_rule |= dict.fromkeys(DRIFT_RULES.values(), AGAINST_PREVIOUS)
        ask[AGAINST_PREVIOUS] = "The delivery does not differ from that of the month before by more than is usual."
    related = related_tables(contract)
    specs = [
        dg.AssetCheckSpec(name, asset=table, blocking=True, description=says, additional_deps=list(related.values()))
        for name, says in ask.items()
    ]

    @dg.multi_asset_check(specs=specs, name=f"{table}_contract", can_subset=True)
    def checks(context: dg.AssetCheckExecutionContext, site: Site):
        work = site.workspace(context)
        results = work.check(contract, table, related=related)
        by_check: dict[str, list[RuleResult]] = {name: [] for name in ask}
        for result in results:
            by_check[by_rule[result.rule_id]].append(result)
        for key in context.selected_asset_check_keys:
            yield _verdict(by_check[key.name], key)

    return checks


def related_tables(contract: Contract) -> dict[str, str]:
    """Tables its relationships lead to, by name of their contract. Reference files are in no table."""
    others = [load_contract(r.to_contract) for r in contract.evaluated_relationships]
    return {other.name: other.table for other in others if other.layer != "reference"}


def _verdict(results: Sequence[RuleResult], key: dg.AssetCheckKey) -> dg.AssetCheckResult:
    """One check's verdict on its rules; without any, as of a feed that was not delivered, it passes."""
    broken = [result for result in results if result.status != "passed"]
    blocking = [result for result in broken if result.severity == "error"]
    failure = summarise_failures(blocking)
    table = dg.MetadataValue.md(
        "\n".join(f"- {r.rule_id}: {r.observed} {r.unit}, must be {r.threshold}. {r.description}" for r in broken)
    )
    return dg.AssetCheckResult(
        passed=not broken,
        asset_key=key.asset_key,
        check_name=key.name,
        severity=dg.AssetCheckSeverity.ERROR if blocking else dg.AssetCheckSeverity.WARN,
        metadata={
            "rules": len(results),
            "broken": table,
            SAYS: f"{key.asset_key.to_user_string()}: {failure.what}" if failure else "",
        },
    )

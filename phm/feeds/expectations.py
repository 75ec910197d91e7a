"""Contracts held against whole tables with Great Expectations, without a value of any row leaving the table.

Belongs here: the only use of Great Expectations. One scan of the table counts, for every rule, the rows that break
it; the suite then has one expectation for each rule on that one row of counts. So a result can hold nothing but
numbers, and a table of a hundred columns is read once instead of two hundred times.

Rules that were evaluated at landing are taken from its record: their rows have been quarantined and counted.
"""

import datetime as dt
import importlib
import importlib.util
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Lock
from types import MappingProxyType, ModuleType
from typing import Any, Literal

import duckdb

from phm.errors import CheckFailed
from phm.feeds.contracts import Contract
from phm.feeds.drift import Shift, drift_bounds, observe_drift
from phm.feeds.observations import COLUMNS_RULE, Bound, bounds_of, observe
from phm.feeds.schema import quoted

_MODULE = "great_expectations"
_LOADING = Lock()


@dataclass(frozen=True)
class RuleResult:
    """Whether one rule holds for one table.

    `status` is `passed`, `failed` or `could_not_evaluate`. `observed` is a number of rows, columns or days, or a
    percentage, in `unit`; `threshold` is what it must be. A row rule that was enforced at landing has severity
    `warning`: its rows are in quarantine, and whether they are too many is the rule `rejected_percent`.
    """

    rule_id: str
    contract: str
    status: str
    severity: str
    observed: float | None
    unit: str
    threshold: str
    description: str


def checks_of(contract: Contract, /) -> dict[str, str]:
    """Id and description of every rule `check_table` gives a result for, in its order."""
    return {bound.rule_id: bound.description for bound in bounds_of(contract)}


def prepare() -> None:
    """Load Great Expectations, which takes seconds: beside other work, before the first `check_table`."""
    _great_expectations()


def check_table(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    files: Sequence[Path],
    /,
    *,
    reference_date: dt.date | None = None,
    landing: Mapping[str, Any] | None = None,
    related: Mapping[str, Sequence[Path]] = MappingProxyType({}),
    shifts: Sequence[Shift] | None = None,
    columns: Collection[str] | None = None,
    in_rows: bool = True,
) -> list[RuleResult]:
    """Hold the table in Parquet `files` against `contract`; one result for each rule of `checks_of(contract)`.

    Where the delivery before is at hand, one result for each of `drift.DRIFT_RULES` follows.

    Parameters
    ----------
    con
        A DuckDB connection; the table is scanned on a cursor of it.
    contract
        Of a derived table, or of a feed: then the table is the landed one.
    reference_date
        The day freshness is counted to; without it, rules that need it could not be evaluated.
    landing
        `Landing.record()` of the feed: its counts stand for the rules that were evaluated at landing.
    related
        Parquet files of the tables at hand that relationships lead to, by name of contract. A relationship to
        another could not be evaluated, and is a warning at most.
    shifts
        What `drift.compare` found against the delivery before.
    columns, in_rows
        What the table was landed with, where not all columns, or not in rows.
    """
    observed, missing = observe(
        con,
        contract,
        files,
        reference_date=reference_date,
        landing=landing,
        related=related,
        columns=columns,
        in_rows=in_rows,
    )
    as_warnings = {*(landing["rejections"] if landing else ())}
    as_warnings |= {r.id for r in contract.evaluated_relationships if r.to_contract not in related}
    bounds = [
        replace(b, description=f"{b.description} Not so: {', '.join(missing)}.")
        if b.rule_id == COLUMNS_RULE and missing
        else replace(b, severity="warning")
        if b.rule_id in as_warnings
        else b
        for b in bounds_of(contract)
    ]
    if contract.drift and shifts is not None:
        bounds += drift_bounds(contract.drift, shifts)
        observed |= observe_drift(shifts)
    return _judged(contract, bounds, observed)


def summarise_failures(results: Iterable[RuleResult], /) -> CheckFailed | None:
    """The error for rules of severity `error` that do not hold or could not be evaluated; None if there are none."""
    broken = [r for r in results if r.status != "passed" and r.severity == "error"]
    if not broken:
        return None
    sentences = [
        f"{r.rule_id} could not be evaluated"
        if r.status == "could_not_evaluate"
        else f"{r.rule_id} is {r.observed:g} {r.unit}, must be {r.threshold} ({r.description})"
        if r.observed is not None
        else f"{r.rule_id} has no value, must be {r.threshold} ({r.description})"
        for r in broken
    ]
    names = ", ".join(dict.fromkeys(r.contract for r in broken))
    return CheckFailed("; ".join(sentences), name=names, hint="Correct the delivery, or the contract if it is wrong.")


def _great_expectations() -> ModuleType:
    """Great Expectations, loaded without its reports to its makers and without Spark; by one thread, others wait.

    Where pyspark is installed it would import all of it, which takes seconds, and pyspark's part for remote clusters
    ends a process it takes for a doctest. Statistics, which its other expectations use and ours does not, would take a
    third of the time: they are imported when something of them is used.
    """
    with _LOADING:
        if _MODULE not in sys.modules:
            _import_when_used("scipy.stats")
            os.environ["GX_ANALYTICS_ENABLED"] = "false"
            spark = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "pyspark"}
            for name in spark:
                del sys.modules[name]
            sys.modules["pyspark"] = None  # type: ignore[assignment]
            try:
                importlib.import_module(_MODULE)
            finally:
                del sys.modules["pyspark"]
                sys.modules.update(spark)
    return sys.modules[_MODULE]


def _import_when_used(name: str) -> None:
    """Put a module into `sys.modules` that is loaded at its first use; nothing where it is there, or not installed."""
    spec = None if name in sys.modules else importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        return
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    package, _, attribute = name.rpartition(".")
    if package:
        setattr(sys.modules[package], attribute, module)


def _judged(contract: Contract, bounds: Sequence[Bound], observed: Mapping[str, float | None]) -> list[RuleResult]:
    """The verdict of Great Expectations on each number, in the order of `bounds`."""
    gx = _great_expectations()
    suite = gx.ExpectationSuite(
        name=contract.name,
        expectations=[
            gx.expectations.ExpectColumnMaxToBeBetween(
                column=bound.rule_id,
                min_value=bound.limits.low,
                max_value=bound.limits.high,
                strict_min=bound.limits.is_low_open,
                strict_max=bound.limits.is_high_open,
                meta={"rule_id": bound.rule_id},
            )
            for bound in bounds
        ],
    )
    source = _source()
    asset = source.add_query_asset(contract.name, query=_observed_sql([bound.rule_id for bound in bounds], observed))
    try:
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        verdict = batch.validate(suite, result_format={"result_format": "SUMMARY", "partial_unexpected_count": 0})
    finally:
        source.delete_asset(contract.name)
    verdicts = {result.expectation_config.meta["rule_id"]: result for result in verdict.results}
    return [_result(contract, bound, verdicts[bound.rule_id]) for bound in bounds]


def _result(contract: Contract, bound: Bound, verdict: Any) -> RuleResult:
    # Exceptions are told by their presence only: a traceback is for nobody's report.
    was_evaluated = "observed_value" in verdict.result
    status = ("passed" if verdict.success else "failed") if was_evaluated else "could_not_evaluate"
    value = verdict.result.get("observed_value")
    return RuleResult(
        bound.rule_id, contract.name, status, bound.severity, value, bound.unit, str(bound.limits), bound.description
    )


def _observed_sql(rule_ids: Sequence[str], observed: Mapping[str, float | None]) -> str:
    """The one row of numbers; a rule without one has no column, so that its expectation cannot be evaluated."""
    numbers = {rule_id: observed[rule_id] for rule_id in rule_ids if rule_id in observed}
    columns = (
        f"{'NULL' if number is None else repr(float(number))}::DOUBLE AS {quoted(rule_id)}"
        for rule_id, number in numbers.items()
    )
    return f"SELECT {', '.join(columns)}"


@cache
def _source() -> Any:
    """The one data source of this process, DuckDB in memory: making one takes longer than asking it.

    Great Expectations has to be taught to read DuckDB: left to itself it closes the connection before it fetches.
    """
    gx = _great_expectations()

    class ObservedEngine(gx.execution_engine.SqlAlchemyExecutionEngine):
        @contextmanager
        def get_connection(self) -> Iterator[Any]:
            if self._connection is None:
                self._connection = self.engine.connect()
            yield self._connection

    class ObservedSource(gx.datasource.fluent.SQLDatasource):
        type: Literal["phm_observed"] = "phm_observed"

        @property
        def execution_engine_type(self):  # `type` is the field above here
            return ObservedEngine

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context.data_sources.add_phm_observed(
        name="observed", connection_string="duckdb:///:memory:", create_temp_table=False
    )

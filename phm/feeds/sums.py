"""A delivered file as sums: records that are alike in what is kept of them, counted and judged once.

Belongs here: landing where nobody asks which row is which, as when a file is looked at before it is sent.
"""

import datetime as dt
from collections.abc import Collection, Sequence

import duckdb

from phm.feeds import keys
from phm.feeds.contracts import Contract
from phm.feeds.row_sql import BESIDE, delivered, judged_sql, listed, uniqueness_rules
from phm.feeds.schema import RowRule, quoted


def sum_up(
    cursor: duckdb.DuckDBPyConnection,
    contract: Contract,
    source: str,
    /,
    *,
    kept: Collection[str],
    later: Sequence[RowRule],
    reference_date: dt.date,
    in_order: bool,
) -> int | None:
    """Make the table `staged` of the records of one file; their number, None where two may have one key.

    One row of it is all records that are alike in the columns that are `kept` and in the rules they break.

    Parameters
    ----------
    source
        A query in brackets for the records, as text, with what stands `BESIDE` them.
    later
        Rules that ask of these columns only (`row_sql.rules_about`): they are looked at when records have been counted.
    in_order
        Whether the engine reads them one after the other: then a key is compared with the one before it.
    """
    columns = [column for column in contract.columns if column.name in kept]
    sooner = [rule for rule in contract.row_rules if rule not in later]
    texts = "".join(f", {delivered(column)} AS {quoted(column.name)}" for column in columns)
    traces = [f"key_{place}" for place, _ in enumerate(uniqueness_rules(contract))]
    told = "".join(
        f", {_trace(contract, rule.columns, in_order=in_order)} AS {trace}"
        for trace, rule in zip(traces, uniqueness_rules(contract), strict=True)
    )
    gather = "count(CASE WHEN {0} IS NOT TRUE THEN 1 END)" if in_order else "list({0})"
    gathered = "".join(f", {gather.format(trace)} AS {trace}" for trace in traces)
    alike = f"broken_before{listed(contract, kept)}"
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE counted AS
        {judged_sql(contract, source, BESIDE, reference_date=reference_date, rules=sooner)},
        traced AS (SELECT broken AS broken_before{texts}{told} FROM judged)
        SELECT {alike}, count(*) AS records{gathered} FROM traced GROUP BY ALL
        """
    )
    if any(_may_repeat(cursor, trace, in_order=in_order) for trace in traces):
        return None
    one_file = "0::INTEGER AS source_file, NULL::BIGINT AS row_number, false AS is_malformed"
    judged = judged_sql(
        contract,
        f"(SELECT {one_file}, {alike}, records FROM counted)",
        (*BESIDE, "broken_before", "records"),
        reference_date=reference_date,
        columns=columns,
        rules=later,
    )
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE staged AS {judged}
        SELECT source_file, row_number, records, broken | broken_before AS broken{listed(contract, kept)} FROM judged
        """
    )
    cursor.execute("DROP TABLE counted")
    return cursor.execute("SELECT sum(records)::BIGINT FROM staged").fetchone()[0]


def _trace(contract: Contract, key: Collection[str], *, in_order: bool) -> str:
    """What is looked at of a row's key: whether it is above that of the row before, or else a number for it."""
    if in_order:
        return keys.rises(key, is_one_practice=contract.one_practice_per_file)
    return keys.hashed(key, required={column.name for column in contract.columns if column.required})


def _may_repeat(cursor: duckdb.DuckDBPyConnection, trace: str, *, in_order: bool) -> bool:
    """Whether two records may have one key, by what has been gathered of it."""
    if in_order:  # the first row has none before it
        return cursor.execute(f"SELECT sum({trace}) > 1 FROM counted").fetchone()[0]
    numbers = f"SELECT number FROM (SELECT unnest({trace}) AS number FROM counted) WHERE number IS NOT NULL"
    return keys.may_repeat(cursor.execute(numbers).fetchnumpy()["number"])

"""Keys that stand in a feed twice: whether there are any, and which rows repeat one.

Belongs here: the SQL of uniqueness at landing. In most extracts each row's key is above that of the row before, so that
none can be there twice: this is looked at first, and costs next to nothing.
"""

from collections.abc import Sequence

import duckdb
import numpy as np

from phm.feeds.contracts import Contract
from phm.feeds.schema import DatasetRule, quoted


def rises(columns: Sequence[str], /) -> str:
    """Whether a row is above the row before it, by these columns in their order; unknown where one is empty."""
    condition = ""
    for name in map(quoted, reversed(columns)):
        before = f"lag({name}) OVER ()"
        further = f" OR ({name} = {before} AND ({condition}))" if condition else ""
        condition = f"{name} > {before}{further}"
    return condition


def may_repeat(cursor: duckdb.DuckDBPyConnection, rule: DatasetRule, judged: str, contract: Contract, /) -> bool:
    """Whether a key may be there twice, as its hash is, in the rows of `judged` (`row_sql.judged_sql`), in any order.

    Rows without a part of the key that is required are rejected for that, and are no repeats.
    """
    key = ", ".join(map(quoted, rule.columns))
    required = [f"{quoted(name)} IS NOT NULL" for name in rule.columns if contract.column(name).required]
    chosen = " AND ".join(["true", *required])
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE hashed AS {judged} SELECT hash({key}) AS key FROM judged WHERE {chosen}"
    )
    # Sorted as one array of numbers: the engine takes six times as long to count how many differ.
    hashes = np.sort(cursor.execute("FROM hashed").fetchnumpy()["key"])
    cursor.execute("DROP TABLE hashed")
    return bool((hashes[1:] == hashes[:-1]).any())


def mark_repeated(
    cursor: duckdb.DuckDBPyConnection, rule: DatasetRule, /, *, acceptable: str, bit: int, rising: str
) -> None:
    """Of the `acceptable` rows of `staged` with one key, set `bit` in `broken` of all but the first.

    `rising` is the condition (`rises`) by which no two rows have one key.
    """
    key = ", ".join(map(quoted, rule.columns))
    falls = f"SELECT ({rising}) IS NOT TRUE AS falls FROM staged WHERE {acceptable}"
    if cursor.execute(f"SELECT count(*) <= 1 FROM ({falls}) WHERE falls").fetchone() == (True,):
        return  # the first row has none before it
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE repeated AS
        SELECT {key} FROM staged WHERE {acceptable} GROUP BY {key} HAVING count(*) > 1
        """
    )
    if cursor.execute("SELECT count(*) FROM repeated").fetchone() == (0,):
        return
    cursor.execute(
        f"""
        UPDATE staged SET broken = broken | {bit}
        WHERE rowid IN (
            SELECT rowid FROM (
                SELECT rowid, row_number() OVER (PARTITION BY {key} ORDER BY source_file, row_number) AS place
                FROM staged SEMI JOIN repeated USING ({key}) WHERE {acceptable}
            ) WHERE place > 1
        )
        """
    )

"""Keys that stand in a feed twice: whether there are any, and which rows repeat one.

Belongs here: the SQL of uniqueness at landing. In most extracts each row's key is above that of the row before, so that
none can be there twice: this is looked at first, and costs next to nothing.
"""

from collections.abc import Collection, Sequence

import duckdb
import numpy as np

from phm.feeds.schema import DatasetRule, quoted


def rises(columns: Sequence[str], /, *, is_one_practice: bool = False) -> str:
    """Whether a row is above the row before it, by these columns in their order; unknown where one is empty.

    Where all rows are of one practice, its code is not looked at.
    """
    varying = [name for name in columns if not (is_one_practice and name == "practice_code")]
    condition = ""
    for name in map(quoted, reversed(varying or columns)):
        before = f"lag({name}) OVER ()"
        further = f" OR ({name} = {before} AND ({condition}))" if condition else ""
        condition = f"{name} > {before}{further}"
    return condition


def hashed(columns: Sequence[str], /, *, required: Collection[str]) -> str:
    """A number for a row's key, the same for the same key; none where a column that is required is empty."""
    present = " AND ".join(["true", *(f"{quoted(name)} IS NOT NULL" for name in columns if name in required)])
    return f"CASE WHEN {present} THEN hash({', '.join(map(quoted, columns))}) END"


def may_repeat(hashes: np.ndarray, /) -> bool:
    """Whether two of the numbers are the same, and so perhaps two keys."""
    # Sorted as one array: the engine takes six times as long to count how many differ.
    ordered = np.sort(hashes)
    return bool((ordered[1:] == ordered[:-1]).any())


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

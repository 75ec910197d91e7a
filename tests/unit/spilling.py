"""Rows that do not fit in the memory of an engine, and how to tell that it has kept them."""

import duckdb


def fill(con: duckdb.DuckDBPyConnection, *, seed: int) -> None:
    """Make the temporary table `t`, some 64 MB, that differs with every seed."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE t AS SELECT range AS i, hash(range + {seed}) AS h FROM range(4_000_000)")


def checksum(con: duckdb.DuckDBPyConnection) -> int:
    return con.execute("SELECT bit_xor(hash(i, h)) FROM t").fetchone()[0]


def expected_checksum(*, seed: int) -> int:
    """That of an engine in which the table fits."""
    with duckdb.connect() as con:
        fill(con, seed=seed)
        return checksum(con)

"""The least that checking a feed can take: DuckDB parses its files into a table of the contract's types.

Run as `python -m tests.benchmarks.parse <folder of CSV files> <contract> [--threads N]`.
"""

import argparse
from pathlib import Path

import duckdb

from phm.feeds.contracts import load_contract


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("contract")
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    types = {column.headers[0]: column.type for column in load_contract(given.contract).columns}
    con = duckdb.connect(config={"threads": given.threads} if given.threads else {})
    con.execute(
        "CREATE TABLE parsed AS FROM read_csv(?, header = true, auto_detect = false, columns = ?)",
        [str(given.folder / "*.csv"), types],
    )
    print(con.table("parsed").shape[0])


if __name__ == "__main__":
    main()

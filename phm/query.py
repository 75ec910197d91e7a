"""Published tables of every month as views to ask questions of: read-only, and without the vault.

Each view has the table's columns and, first, the `month` and `icb_code` of the partition a row was published for.
"""

import duckdb

from phm.errors import StoreError
from phm.store import VAULT_TABLES, Store


def published_views(store: Store) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection on which every published table is a view and no other file can be opened.

    Raises
    ------
    StoreError
        Nothing has been published yet.
    """
    selects: dict[str, list[str]] = {}
    for partition in store.partitions():
        for table in sorted(store.manifest(partition)["tables"].keys() - VAULT_TABLES):
            files = [f for f in store.files(table, partition) if f.suffix == ".parquet"]
            if files:
                names = ", ".join(_text(str(f.absolute())) for f in files)
                own = f"{_text(partition.month)} AS month, {_text(partition.icb_code)} AS icb_code"
                selects.setdefault(table, []).append(
                    f"SELECT {own}, COLUMNS(c -> c NOT IN ('month', 'icb_code')) FROM read_parquet([{names}])"
                )
    if not selects:
        raise StoreError("Nothing has been published yet", name=str(store.home), hint="Run `phm run` first.")
    con = duckdb.connect(config={"temp_directory": str(store.spill_folder())})
    con.execute(f"SET allowed_directories = [{_text(str((store.home / 'tables').absolute()) + '/')}]")
    con.execute("SET enable_external_access = false")
    for table, parts in selects.items():
        con.execute(f'CREATE VIEW "{table}" AS {" UNION ALL BY NAME ".join(parts)}')
    con.execute("SET lock_configuration = true")
    return con


def ask(store: Store, question: str) -> duckdb.DuckDBPyRelation:
    """The answer to one SQL question over the published tables.

    Raises
    ------
    StoreError
        DuckDB cannot answer it; the message is DuckDB's.
    """
    con = published_views(store)
    try:
        answer = con.sql(question)
    except duckdb.Error as error:
        raise StoreError(
            f"The question cannot be answered: {str(error).splitlines()[0]}",
            name="sql",
            hint='`phm sql "SHOW TABLES"` lists the tables, `phm sql "DESCRIBE person_feature"` their columns.',
        ) from None
    if answer is None:
        raise StoreError(
            "The question has no answer to show", name="sql", hint="Published tables are read-only: ask with SELECT."
        )
    return answer


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"

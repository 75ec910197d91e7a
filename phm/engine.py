"""The engine tables are computed on: an Ibis backend made from a URL.

Everything after landing is an Ibis expression, so the same code runs in DuckDB on one machine and on Spark
where a site outgrows it.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ibis
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.base import NULL, STAR, AggGen
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from phm.errors import ConfigurationError


def connect(
    url: str = "duckdb://",
    *,
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_directory: Path | None = None,
) -> ibis.BaseBackend:
    """Backend for `url`: `duckdb://` (in memory) or `spark://host:port` or `spark://local`.

    `threads`, `memory_limit` and `temp_directory` apply to DuckDB; Spark has its own settings.
    """
    scheme = urlsplit(url).scheme
    if scheme == "duckdb":
        settings = {"threads": threads, "memory_limit": memory_limit}
        if temp_directory is not None:
            settings["temp_directory"] = str(temp_directory)
        con = ibis.duckdb.connect(**{name: value for name, value in settings.items() if value is not None})
        con.compiler = _Compiler()
        return con
    if scheme == "spark":
        from pyspark.sql import SparkSession

        master = "local[*]" if urlsplit(url).netloc == "local" else url
        session = SparkSession.builder.master(master).appName("phm").getOrCreate()
        return ibis.pyspark.connect(session)
    raise ConfigurationError("There is no engine of this kind", name=url, hint="Use duckdb:// or spark://host:port.")


class _OverCases(AggGen):
    """An aggregate of the rows where a condition holds, said as one over a CASE.

    DuckDB takes five times as long for the same with FILTER, and a feature table is made of a hundred such.
    """

    def aggregate(
        self, compiler: DuckDBCompiler, name: str, *args: Any, where: sge.Expression | None = None, order_by: tuple = ()
    ) -> sge.Expression:
        if where is None or name not in ("bool_and", "bool_or", "count", "max", "min", "sum"):
            return super().aggregate(compiler, name, *args, where=where, order_by=order_by)
        (counted,) = args
        if isinstance(counted, sge.Distinct):
            (counted,) = counted.expressions
            return compiler.f[name](sge.Distinct(expressions=[compiler.if_(where, counted, NULL)]))
        return compiler.f[name](compiler.if_(where, 1 if counted == STAR else counted, NULL))


class _Compiler(DuckDBCompiler):
    agg = _OverCases(supports_filter=True, supports_order_by=True)

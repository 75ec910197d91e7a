"""The engine tables are computed on: an Ibis backend made from a URL.

Everything after landing is an Ibis expression, so the same code runs in DuckDB on one machine and on Spark
where a site outgrows it.
"""

from pathlib import Path
from urllib.parse import urlsplit

import ibis

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
        return ibis.duckdb.connect(**{name: value for name, value in settings.items() if value is not None})
    if scheme == "spark":
        from pyspark.sql import SparkSession

        master = "local[*]" if urlsplit(url).netloc == "local" else url
        session = SparkSession.builder.master(master).appName("phm").getOrCreate()
        return ibis.pyspark.connect(session)
    raise ConfigurationError("There is no engine of this kind", name=url, hint="Use duckdb:// or spark://host:port.")

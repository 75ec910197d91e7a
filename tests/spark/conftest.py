"""The second engine: a local Spark, started once, or the printed reason why not."""

import shutil
import subprocess

import ibis
import pytest


def _why_no_spark() -> str | None:
    try:
        import pyspark  # noqa: F401
    except ImportError:
        return "pyspark is not installed (extra: spark)"
    java = shutil.which("java")
    if java is None:
        return "no java on the path; Spark needs a Java runtime of version 17 or later"
    version = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    major = version.partition('"')[2].partition(".")[0]
    if not major.isdigit() or int(major) < 17:
        return f"Java {major or '(unknown version)'} is too old; Spark needs version 17 or later"
    return None


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """Ibis backend on a one-core local Spark without its web page."""
    reason = _why_no_spark()
    if reason:
        pytest.skip(reason)
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .appName("phm-tests")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.default.parallelism", "1")
        # Compiling each query to bytecode takes far longer than interpreting it over a few hundred rows.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield ibis.pyspark.connect(session)
    session.stop()

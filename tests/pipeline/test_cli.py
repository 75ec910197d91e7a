"""The command line as its users meet it: what it prints, what it writes, and how it ends."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from tests.conftest import SAMPLE, SAMPLE_PARTITION

PRACTICE = "Y99001"


def phm(*arguments: str, home: Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `phm` in a folder of its own, without a terminal."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PHM_", "DAGSTER_"))}
    source = str(Path(__file__).resolve().parents[2])
    return subprocess.run(
        [sys.executable, "-m", "phm", *arguments],
        cwd=cwd,
        env={**inherited, "PYTHONPATH": source, "PHM_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def home(published_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published_home, tmp_path / "home"))


def test_help_names_the_commands(tmp_path: Path) -> None:
    told = phm("--help", home=tmp_path, cwd=tmp_path)

    assert told.returncode == 0
    for command in ("run", "synth", "validate", "lists", "sql", "doctor", "key"):
        assert command in told.stdout


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys; from phm import cli; print(*sorted({n.partition('.')[0] for n in sys.modules}))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not {"pandas", "ibis", "duckdb", "dagster", "great_expectations", "pyarrow"} & set(told.stdout.split())


def test_a_list_is_pulled_with_nhs_numbers_and_audited(home: Path, tmp_path: Path) -> None:
    told = phm("lists", "pull", "--practice", PRACTICE, "--reason", "monthly review", home=home, cwd=tmp_path)

    assert told.returncode == 0, told.stderr
    (file,) = tmp_path.glob(f"{PRACTICE}_*.xlsx")
    rows = list(openpyxl.load_workbook(file)["List"].values)
    assert rows[0][0] == "NHS number"
    assert all(isinstance(row[0], str) and len(row[0]) == 10 for row in rows[1:])
    assert "monthly review" in (home / "vault" / "audit.jsonl").read_text()
    assert rows[1][0] not in (home / "vault" / "audit.jsonl").read_text()


def test_a_pcn_gets_one_file_for_each_of_its_practices(home: Path, tmp_path: Path) -> None:
    told = phm("lists", "pull", "--pcn", "U99901", "--format", "csv", "--reason", "test", home=home, cwd=tmp_path)

    assert told.returncode == 0, told.stderr
    covers = sorted(f.name for f in tmp_path.glob("*_cover.csv"))
    assert len(covers) >= 2


def test_an_unknown_practice_is_named_without_a_traceback(home: Path, tmp_path: Path) -> None:
    told = phm("lists", "pull", "--practice", "A00000", home=home, cwd=tmp_path)

    assert told.returncode == 6
    assert "A00000" in told.stderr
    assert "Traceback" not in told.stderr


def test_sql_sees_published_tables_and_nothing_else(home: Path, tmp_path: Path) -> None:
    counted = phm("sql", "SELECT month, count(*) AS people FROM core_person GROUP BY month", home=home, cwd=tmp_path)
    assert counted.stdout.splitlines()[0] == "month,people"
    assert counted.stdout.splitlines()[1].startswith(SAMPLE_PARTITION.month)

    identity = next((home / "vault" / "tables" / "identity").rglob("*.parquet"))
    refused = phm("sql", f"SELECT * FROM read_parquet('{identity}')", home=home, cwd=tmp_path)
    assert refused.returncode == 6
    assert "9990" not in refused.stdout


def test_validate_tells_rules_and_counts(tmp_path: Path) -> None:
    file = SAMPLE / SAMPLE_PARTITION.path / "gp-reg-pat-prac-map.csv"
    good = phm(
        "validate", str(file), "--contract", "practice_membership", "--month", "2026-10", home=tmp_path, cwd=tmp_path
    )
    assert good.returncode == 0, good.stderr
    assert "passed" in good.stdout

    bad = tmp_path / "gp-reg-pat-prac-map.csv"
    bad.write_text(file.read_text().replace("U99901", "X9"))
    told = phm(
        "validate", str(bad), "--contract", "practice_membership", "--month", "2026-10", home=tmp_path, cwd=tmp_path
    )
    assert told.returncode == 1
    assert "pcn_code_pattern" in told.stdout
    assert "X9" not in told.stdout + told.stderr

    missing = phm(
        "validate", str(tmp_path / "no.csv"), "--contract", "practice_membership", home=tmp_path, cwd=tmp_path
    )
    assert missing.returncode == 2


def test_doctor_says_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    told = phm("doctor", home=tmp_path / "none", cwd=tmp_path)

    assert "phm key create" in told.stdout
    assert "phm run --demo" in told.stdout


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    assert phm("key", "create", home=tmp_path, cwd=tmp_path).returncode == 0
    key = tmp_path / "vault" / "site.key"
    key.chmod(0o644)

    told = phm("run", "--feeds", str(SAMPLE), home=tmp_path, cwd=tmp_path)
    assert told.returncode == 3
    assert "chmod 600" in told.stderr
    assert key.read_text().strip() not in told.stderr


def test_nothing_is_done_twice(home: Path, tmp_path: Path) -> None:
    """The shared home was published with the public demonstration key; a demonstration of the same files is done."""
    from pipelines.run import Site

    assert Site(home=str(home), feeds=str(SAMPLE), demo=True).already_published(SAMPLE_PARTITION)
    assert not Site(home=str(tmp_path / "new"), feeds=str(SAMPLE), demo=True).already_published(SAMPLE_PARTITION)


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    told = phm("doctor", home=tmp_path, cwd=tmp_path, PHM_THREADS="many")

    assert told.returncode == 3
    assert "threads" in told.stderr
    assert "Traceback" not in told.stderr


def test_too_little_memory_is_told_without_a_traceback_and_leaves_nothing_in_the_vault(tmp_path: Path) -> None:
    feeds, key = str(SAMPLE), "k" * 40
    told = phm("run", "--feeds", feeds, home=tmp_path, cwd=tmp_path, PHM_MEMORY_LIMIT="60MB", PHM_SITE_KEY=key)

    assert told.returncode == 3
    assert "memory_limit" in told.stderr and "PHM_MEMORY_LIMIT" in told.stderr
    assert "Traceback" not in told.stderr
    assert list((tmp_path / "vault" / "scratch").iterdir()) == []

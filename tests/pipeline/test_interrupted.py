"""Killed at any point and run again, by `phm run` or by Dagster: the same bytes as a run nobody disturbed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import PARTITION_NAME_TAG

from phm.store import Store
from pipelines.partitions import ICBS, partition_key
from tests.conftest import SAMPLE, SAMPLE_PARTITION


def start(home: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "phm", "run", "--month", SAMPLE_PARTITION.month]
    return subprocess.Popen(command, env=of_site(home), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def of_site(home: Path) -> dict[str, str]:
    return {**os.environ, "PHM_HOME": str(home), "PHM_FEEDS": str(SAMPLE), "PHM_SITE_KEY": "k" * 40}


def published_bytes(home: Path) -> dict[str, bytes]:
    store = Store(home)
    found = {"manifest": (home / "manifests" / "published" / f"{SAMPLE_PARTITION.key}.json").read_bytes()}
    for table in store.manifest(SAMPLE_PARTITION)["tables"]:
        for file in store.files(table, SAMPLE_PARTITION):
            found[f"{table}/{file.name}"] = file.read_bytes()
    return found


def below(folder: Path) -> set[str]:
    """Drafts and files below a folder, any of which may be moved while it is looked through."""
    found = ((at, name) for at, folders, files in os.walk(folder) for name in (*folders, *files))
    return {os.path.join(at, name) for at, name in found if "." in name}


@pytest.fixture(scope="module")
def undisturbed(one_cohort: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    home = tmp_path_factory.mktemp("undisturbed")
    running = start(home)
    _, told = running.communicate()
    assert running.returncode == 0, told
    return published_bytes(home)


def run_by_dagster(home: Path, history: Path) -> subprocess.CompletedProcess:
    """A run as Dagster's schedule and pages start it: its executor is that of the definitions."""
    history.mkdir()
    (history / "dagster.yaml").write_text("telemetry: {enabled: false}")
    with dg.DagsterInstance.from_config(str(history)) as instance:
        instance.add_dynamic_partitions(ICBS.name, [SAMPLE_PARTITION.icb_code])
    key = partition_key(SAMPLE_PARTITION)
    tags = {
        PARTITION_NAME_TAG: key,
        **{f"{PARTITION_NAME_TAG}/{name}": of for name, of in key.keys_by_dimension.items()},
    }
    command = [sys.executable, "-m", "dagster", "job", "execute", "-m", "pipelines.definitions", "-j", "monthly"]
    environment = {**of_site(home), "DAGSTER_HOME": str(history)}
    return subprocess.run([*command, "--tags", json.dumps(tags)], env=environment, capture_output=True, text=True)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
def test_stopped_it_says_so_without_a_traceback(one_cohort: None, tmp_path: Path) -> None:
    running = start(tmp_path)
    while running.poll() is None and not (tmp_path / "tables" / "feed_gp_event").exists():
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate()
    assert running.returncode == 130
    assert "The run was stopped" in told and "Traceback" not in told
    assert Store(tmp_path).partitions() == []
    assert list((tmp_path / "vault" / "scratch").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_again_and_again_and_run_to_the_end_by_dagster(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    """Each run is killed when the first file of a table appears that the run before had not reached."""
    home = tmp_path / "home"
    for drafted in ("feed_gp_event", "core_event", "case_finding_list", "report"):
        table = home / "tables" / drafted
        reached = below(table)
        running = start(home)
        while running.poll() is None and not below(table) - reached:
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        assert running.returncode == -signal.SIGKILL
        assert Store(home).partitions() == []

    done = run_by_dagster(home, tmp_path / "dagster")
    assert done.returncode == 0, done.stderr[-2000:]
    assert published_bytes(home) == undisturbed

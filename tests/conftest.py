"""What tests of several parts share: the committed sample, and a month published from it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from phm.store import Partition

# Tests share a processor with other tests: how long one example takes says nothing about the code.
settings.register_profile("shared processor", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared processor")

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("PHM_PUBLISHED_FILES", ROOT.parent / "shared"))
"""Folder of published files (`real`) and of answers to check against (`oracles`); tests that find none skip."""
SAMPLE = ROOT / "data_samples"
SAMPLE_PARTITION = Partition("2026-10", "QZZ")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole runs first: begun last, one file of them would keep one of two workers waiting for minutes.

    And of those the ones that need no published month, which the other worker makes meanwhile.
    """
    items.sort(key=lambda item: ("pipeline" not in item.path.parts, item.path.stem != "test_interrupted"))


@pytest.fixture(scope="session")
def sample_feeds() -> Path:
    """Folder of deliveries holding the committed sample: a few thousand synthetic people."""
    return SAMPLE


@pytest.fixture(scope="session")
def published_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PHM_HOME in which the sample has been run and published, once for the whole test session; read only."""
    from pipelines.run import Site, run_partition

    shared = tmp_path_factory.getbasetemp().parent if tmp_path_factory.getbasetemp().name.startswith("popen") else None
    home = (shared or tmp_path_factory.mktemp("published")) / "published_home"
    done = home.with_suffix(".done")
    with FileLock(home.with_suffix(".lock")):
        if not done.exists():
            shutil.rmtree(home, ignore_errors=True)
            site = Site(home=str(home), feeds=str(SAMPLE), demo=True)
            with pytest.MonkeyPatch.context() as environment:
                environment.delenv("PHM_COHORTS", raising=False)
                run_partition(SAMPLE_PARTITION, site=site, listener=lambda *_: None)
            done.touch()
    return home


@pytest.fixture(scope="module")
def one_cohort() -> Iterator[None]:
    """A site that evaluates the default cohort only: sooner done, where a module makes whole runs of its own."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PHM_COHORTS", '["possible_undiagnosed_hypertension"]')
        yield


@pytest.fixture(scope="module")
def without_pictures() -> Iterator[None]:
    """Reports whose charts are an empty picture: a third of a run's time, where a module is not about the report."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("phm.report.drawing.Drawing.svg", lambda *_, **__: "<svg></svg>")
        yield

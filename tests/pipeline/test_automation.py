"""When a run starts by itself: once a delivery is whole and at rest, and never twice for the same files."""

import datetime as dt
import json
import shutil
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import build_defs
from pipelines.defs.automation import delivery_arrived, monthly_on_the_fifth
from pipelines.defs.resources import Site
from pipelines.partitions import partition_key
from tests.conftest import SAMPLE, SAMPLE_PARTITION


@pytest.fixture
def feeds(tmp_path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "feeds"))


@pytest.fixture
def tick(feeds, tmp_path):
    """Ask the sensor once more; the partitions it would run, and why not where it would not."""
    instance = dg.DagsterInstance.ephemeral()
    state = {"cursor": None}

    def tick(*, home: Path = tmp_path / "home") -> tuple[list[str], str]:
        site = Site(home=str(home), feeds=str(feeds), demo=True)
        with dg.build_sensor_context(
            instance=instance, cursor=state["cursor"], resources={"site": site}, definitions=build_defs(site=site)
        ) as context:
            result = delivery_arrived(context)
        state["cursor"] = result.cursor
        reason = result.skip_reason.skip_message if result.skip_reason else ""
        return [request.partition_key for request in result.run_requests or []], reason

    return tick


KEY = "QZZ|2026-10"


def test_a_broken_rule_stops_what_follows_its_feed_and_nothing_else(feeds, tmp_path):
    (attendances,) = (feeds / SAMPLE_PARTITION.path).glob("emergency_attendance*")
    attendances.write_text(attendances.read_text().replace("2026-", "2024-"))
    site = Site(home=str(tmp_path / "home"), feeds=str(feeds), demo=True)
    definitions = build_defs(site=site)
    with dg.instance_for_test() as instance:
        instance.add_dynamic_partitions("icb", [SAMPLE_PARTITION.icb_code])
        run = definitions.resolve_job_def("monthly").execute_in_process(
            partition_key=partition_key(SAMPLE_PARTITION), instance=instance, raise_on_error=False
        )
    assert not run.success
    made = {event.asset_key.to_user_string() for event in run.get_asset_materialization_events()}
    assert {"feed_gp_event", "core_person", "core_geography"} <= made
    assert not made & {"core_event", "person_feature", "cohort_member", "practice_list", "report", "publication"}
    assert site.store.partitions() == []


def test_a_whole_delivery_is_run_once_it_is_at_rest(tick):
    assert tick() == ([], f"{SAMPLE_PARTITION.key}: files may still be changing")
    assert tick() == ([KEY], "")
    assert tick() == ([], "Nothing new was delivered.")


def test_a_file_that_grows_puts_the_run_off(tick, feeds):
    tick()
    with sorted((feeds / SAMPLE_PARTITION.path / "gp_event").iterdir())[0].open("a") as file:
        file.write("\n")
    assert "still be changing" in tick()[1]
    assert tick()[0] == [KEY]


def test_files_that_are_not_there_yet_are_waited_for(tick, feeds):
    folder = feeds / SAMPLE_PARTITION.path
    held, *_ = sorted((folder / "gp_event").iterdir())
    held.rename(folder.parent / held.name)
    imd = next(folder.glob("imd*"))
    imd.rename(imd.with_name(f"{imd.name}.filepart"))
    tick()
    runs, reason = tick()
    assert runs == []
    assert f"{imd.name}.filepart is still being written" in reason
    assert "deprivation is missing" in reason
    assert f"gp_event of {held.stem} is missing" in reason


def test_a_corrected_delivery_is_run_again(tick, feeds):
    tick()
    tick()
    first = sorted((feeds / SAMPLE_PARTITION.path / "gp_event").iterdir())[0]
    first.write_bytes(first.read_bytes() + b"\n")
    assert tick()[0] == []
    assert tick()[0] == [KEY]


def test_what_is_published_is_not_run_again(tick, published_home):
    tick(home=published_home)
    assert tick(home=published_home) == ([], "Nothing new was delivered.")


def test_without_a_key_nothing_starts_and_the_reason_is_told(feeds, published_home, tmp_path):
    home = Path(shutil.copytree(published_home, tmp_path / "home"))
    site = Site(home=str(home), feeds=str(feeds))
    definitions = build_defs(site=site)
    cursor = None
    for _ in range(2):
        with dg.build_sensor_context(
            instance=dg.DagsterInstance.ephemeral(), cursor=cursor, resources={"site": site}, definitions=definitions
        ) as context:
            result = delivery_arrived(context)
        cursor = getattr(result, "cursor", None)
    assert isinstance(result, dg.SkipReason)
    assert "phm key create" in result.skip_message
    assert json.loads(context.cursor)[SAMPLE_PARTITION.key]["is_settled"] is False


@pytest.mark.parametrize("is_published", [False, True])
def test_the_schedule_runs_last_month_unless_it_is_published(feeds, published_home, tmp_path, is_published):
    home = published_home if is_published else tmp_path / "home"
    site = Site(home=str(home), feeds=str(feeds), demo=True)
    with (
        dg.instance_for_test() as instance,
        dg.build_schedule_context(
            instance=instance,
            scheduled_execution_time=dt.datetime(2026, 11, 5, 6, tzinfo=dt.UTC),
            resources={"site": site},
        ) as context,
    ):
        requests = monthly_on_the_fifth(context)
        assert [request.partition_key for request in requests] == ([] if is_published else [KEY])
        assert instance.get_dynamic_partitions("icb") == ([] if is_published else [SAMPLE_PARTITION.icb_code])

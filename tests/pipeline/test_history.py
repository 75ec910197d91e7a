"""What `phm run` keeps of a run is what Dagster's own storages, those of `dagster dev`, read."""

from pathlib import Path

import dagster as dg
import yaml

PROJECT = Path(__file__).parents[2]


def test_dagster_dev_reads_the_history_of_a_run_and_makes_one_at_a_time(published_home: Path, tmp_path: Path) -> None:
    settings = yaml.safe_load((PROJECT / "dagster.yaml").read_text(encoding="utf-8"))
    of_project = Path(settings["storage"]["sqlite"]["base_dir"])
    assert of_project.name == "dagster"
    settings["storage"]["sqlite"]["base_dir"] = str(published_home / of_project.name)
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 1
        assert instance.run_monitoring_max_runtime_seconds == 4 * 3600
        (run,) = instance.get_runs()
        assert run.status == dg.DagsterRunStatus.SUCCESS
        made = instance.get_latest_materialization_event(dg.AssetKey("person_feature"))
        assert made is not None and made.run_id == run.run_id
        kinds = {entry.dagster_event.event_type for entry in instance.all_logs(run.run_id) if entry.dagster_event}
    assert {dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.ASSET_CHECK_EVALUATION} <= kinds

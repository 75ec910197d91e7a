"""Run one partition in this process, telling a listener which step is under way.

The run is an ordinary Dagster run of the job `monthly`, kept in the history below PHM_HOME: `dagster dev` shows it.
"""

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import dagster as dg

from phm.errors import CheckFailed, ConfigurationError, RunStopped
from phm.feeds.expectations import prepare
from phm.store import Partition
from pipelines.definitions import defs
from pipelines.defs.resources import Site
from pipelines.defs.tables import SAYS
from pipelines.history import storages
from pipelines.partitions import ICBS, MONTHS, partition_key

Listener = Callable[[str, int, int], None]
"""Called with the step that starts, its number and the number of steps."""


def run_partition(partition: Partition, *, site: Site, listener: Listener) -> None:
    """Execute the monthly job for one partition.

    Raises
    ------
    PhmError
        The first error a user can put right, as the step that met it raised it.
    CheckFailed
        Rules that block were broken; the message names the tables and rules, with their counts.
    RunStopped
        The process was interrupted, or asked to end.
    """
    if not MONTHS.has_partition_key(partition.month):
        raise ConfigurationError(
            "A month is run when it is over", name=partition.month, hint="Its reference date is its last day."
        )
    job = defs.resolve_job_def("monthly")
    run_id = str(uuid.uuid4())
    steps = len(job.graph.node_dict)
    loading = Thread(target=prepare)
    started: list[str] = []
    failed: list[dg.AssetCheckEvaluation] = []

    def on_event(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            return
        if event.event_type == dg.DagsterEventType.STEP_START:
            if not started:  # feeds are landed first, mostly by the engine, and checked after that
                loading.start()
            started.append(event.step_key)
            listener(event.step_key, len(started), steps)
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR:
                failed.append(evaluation)

    with _instance(site.settings.home) as instance:
        instance.add_dynamic_partitions(ICBS.name, [partition.icb_code])
        instance.add_event_listener(run_id, on_event)
        try:
            job.execute_in_process(
                run_id=run_id,
                partition_key=partition_key(partition),
                instance=instance,
                resources={"site": site},
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        except dg.DagsterExecutionInterruptedError:
            raise RunStopped(
                "The run was stopped", name=partition.key, hint="What was published stands. Run it again to finish it."
            ) from None
        except dg.DagsterResourceFunctionError as error:
            raise error.user_exception from None
        except dg.DagsterError:
            if failed:
                raise _broken_rules(failed, partition) from None
            raise
        finally:
            if started:
                loading.join()


def _broken_rules(failed: list[dg.AssetCheckEvaluation], partition: Partition) -> CheckFailed:
    lines = [str(evaluation.metadata[SAYS].value) for evaluation in failed]
    return CheckFailed(
        f"{partition.key}: nothing was published, because rules are broken:\n  " + "\n  ".join(lines),
        hint="Ask the supplier to correct the file, then run again. What was published before stands.",
    )


def _instance(home: Path) -> dg.DagsterInstance:
    if os.environ.get("DAGSTER_HOME"):
        return dg.DagsterInstance.get()
    folder = (home / "dagster").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    config = {"telemetry": {"enabled": False}, **storages(folder)}
    (folder / "run.yaml").write_text(json.dumps(config), encoding="utf-8")
    return dg.DagsterInstance.from_config(str(folder), "run.yaml")

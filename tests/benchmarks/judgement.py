"""Rankings judged on the truth of several synthetic places, each of another seed: what `phm evaluate` says of them.

Run as

    python -m tests.benchmarks.judgement [--seeds 10] [--people 40000] [--work DIR] [--out DIR] [--threads N]

Of each place only the tables that are judged are made, by the pipeline's own steps, and none is published: it takes a
third of the time of `phm run`. What was made stays in `--work`, by default in the user's cache folder.
"""

import argparse
import os
import shutil
from pathlib import Path

import dagster as dg

from phm.commands.evaluate import CANNOT_SHOW, tell
from phm.commands.synth import DEMO_MONTH, synthesise
from phm.engine import connect
from phm.governance.pseudonyms import Pseudonymiser
from phm.risk.judgement import Judged, Pooled, judge, write
from phm.risk.ranking import COHORT
from phm.store import Partition, Store
from phm.synthetic.posterior import best_known
from pipelines.definitions import build_defs
from pipelines.defs.resources import Site
from pipelines.partitions import ICBS, partition_key

JUDGED = "cohort_member"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, help="seeds 1 to N, a place each")
    parser.add_argument("--people", type=int, default=40_000)
    parser.add_argument("--work", type=Path, default=Path.home() / ".cache" / "phm-judgement")
    parser.add_argument("--out", type=Path, help="also write the tables and the yield curve into this folder")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    os.environ.update(PHM_COHORTS=f'["{COHORT}"]', PHM_THREADS=str(arguments.threads))
    seeds = range(1, arguments.seeds + 1)
    found = Pooled([_judged(seed, arguments.people, arguments.work, arguments.threads) for seed in seeds])
    tell(found)
    if arguments.out:
        write(found, arguments.out, note=CANNOT_SHOW)


def _judged(seed: int, people: int, work: Path, threads: int) -> Judged:
    partition = Partition(DEMO_MONTH, f"QS{seed}")
    feeds, store = work / "feeds", Store(work / "phm_home")
    truth = feeds / "truth" / f"{partition.key}.parquet"
    if not store.has(JUDGED, partition, draft=True):
        shutil.rmtree(feeds / partition.path, ignore_errors=True)
        synthesise(feeds, month=partition.month, seed=seed, people=people, icb_code=partition.icb_code)
        _make(partition, Site(home=str(store.home), feeds=str(feeds), demo=True))
    con = connect(threads=threads, memory_limit="2GB")
    return judge(con, store, partition, truth, Pseudonymiser.demo(), best=best_known, draft=True)


def _make(partition: Partition, site: Site) -> None:
    """Draft the judged table and all it is made from."""
    selection = dg.AssetSelection.assets(JUDGED).upstream().required_multi_asset_neighbors().without_checks()
    whole = build_defs(site=site)
    some = dg.Definitions(
        assets=whole.assets, resources=whole.resources, jobs=[dg.define_asset_job("judged", selection=selection)]
    )
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions(ICBS.name, [partition.icb_code])
    some.resolve_job_def("judged").execute_in_process(
        instance=instance,
        partition_key=partition_key(partition),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )


if __name__ == "__main__":
    main()

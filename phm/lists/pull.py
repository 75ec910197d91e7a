"""Handing lists over: from the tables of a partition to files for one practice, some or all, each pull audited.

What a list looks like is `phm.lists.export`'s business; who may ask is the operating system's: the vault can be read
by its owner only.
"""

import datetime as dt
import getpass
import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import ibis
import pandas as pd

from phm.cohorts.definition import Definition, load_definition
from phm.errors import StoreError
from phm.governance.audit import Pull, record_pull
from phm.lists.export import Practice, export_practice_list
from phm.store import Partition, Store


@dataclass(frozen=True)
class PulledList:
    """One practice's list of one cohort as files, with the number of its entries."""

    practice: Practice
    files: tuple[Path, ...]
    entry_count: int


def find_practices(
    con: ibis.BaseBackend, store: Store, *, month: str | None, practice_code: str | None, pcn_code: str | None
) -> tuple[Partition, list[str]]:
    """The newest published partition (of `month`, if given) that holds the practice or PCN, and its practices' codes.

    Raises
    ------
    StoreError
        No such practice or PCN is published.
    """
    for partition in reversed(store.partitions()):
        if month in (None, partition.month):
            geography = store.read(con, "core_geography", partition)
            of_area = geography.practice_code == practice_code if practice_code else geography.pcn_code == pcn_code
            delivered = store.read(con, "cohort_attrition", partition).practice_code
            chosen = geography.filter(of_area, geography.practice_code.isin(delivered))
            codes = sorted(chosen.practice_code.to_pyarrow().to_pylist())
            if codes:
                return partition, codes
    raise StoreError(
        f"No list is published for it{f' in {month}' if month else ''}",
        name=practice_code or pcn_code or "",
        hint='`phm sql "SELECT DISTINCT month, practice_code, practice_name, pcn_code FROM core_geography"` '
        "names the practices.",
    )


def pull(
    con: ibis.BaseBackend,
    store: Store,
    partition: Partition,
    definition: Definition,
    *,
    practice_codes: Iterable[str],
    folder: Path,
    format: Literal["xlsx", "csv"],
    reason: str,
    draft: bool = False,
    workers: int = 1,
) -> Iterator[PulledList]:
    """Write each practice's list of one cohort into `folder` and record each pull; yields them in the order asked for.

    The record is on disk before the file is. With several `workers` as many lists are written at a time, each in a
    process of its own.
    """
    entries, attrition, identity, geography = (
        store.read(con, table, partition, draft=draft)
        for table in ("case_finding_list", "cohort_attrition", "identity", "core_geography")
    )
    listed = entries.filter(entries.cohort_id == definition.id)
    numbers = (
        identity.semi_join(listed, "person_id").select("person_id", "nhs_number").to_pandas().set_index("person_id")
    )
    by_practice = dict(iter(listed.to_pandas().groupby("practice_code")))
    steps = dict(iter(attrition.filter(attrition.cohort_id == definition.id).to_pandas().groupby("practice_code")))
    areas = geography.to_pandas().set_index("practice_code")

    def audited() -> Iterator[_Task]:
        for code in practice_codes:
            rows = by_practice.get(code, pd.DataFrame(columns=listed.columns))
            area = areas.loc[code]
            record_pull(
                store.vault / "audit.jsonl",
                Pull(
                    user=getpass.getuser(),
                    pulled_at=dt.datetime.now(dt.UTC),
                    practice_code=code,
                    cohort_id=definition.id,
                    definition_version=definition.version,
                    definition_hash=definition.sha256,
                    reference_date=partition.reference_date,
                    entry_count=len(rows),
                    reason=reason,
                ),
            )
            yield _Task(
                Practice(code, area.practice_name, area.pcn_code, area.pcn_name),
                rows,
                numbers.loc[rows["person_id"]].reset_index(),
                steps.get(code, pd.DataFrame(columns=attrition.columns)),
                definition.id,
                partition.reference_date,
                folder / f"{code}_{definition.id}_{partition.month}.{format}",
                format,
            )

    if workers == 1:
        yield from map(_written, audited())
    else:
        # Not forked: the engine's threads would not survive it.
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            yield from pool.map(_written, audited())


@dataclass(frozen=True)
class _Task:
    """All it takes to write one practice's list, in any process."""

    practice: Practice
    entries: pd.DataFrame
    identity: pd.DataFrame
    attrition: pd.DataFrame
    cohort_id: str
    reference_date: dt.date
    path: Path
    format: Literal["xlsx", "csv"]


@cache
def _definition(cohort_id: str) -> Definition:
    """Read once in each process."""
    return load_definition(cohort_id)


def _written(task: _Task) -> PulledList:
    files = export_practice_list(
        task.entries,
        task.identity,
        task.attrition,
        _definition(task.cohort_id),
        practice=task.practice,
        reference_date=task.reference_date,
        path=task.path,
        format=task.format,
    )
    return PulledList(task.practice, tuple(files), len(task.entries))

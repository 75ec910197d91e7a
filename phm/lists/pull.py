"""Handing lists over: from the tables of a partition to files for one practice, some or all, each pull audited.

What a list looks like is `phm.lists.export`'s business; who may ask is the operating system's: the vault can be read
by its owner only.
"""

import datetime as dt
import getpass
import hashlib
import multiprocessing
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import ibis
import pandas as pd

from phm.cohorts.definition import Definition, load_definition, load_definitions
from phm.collector import collect_seldom
from phm.core.codelists import code_list_hashes, load_code_lists
from phm.errors import CheckFailed, DisclosureError, StoreError
from phm.governance.audit import Pull, record_pull
from phm.lists.cover import Practice
from phm.lists.expiry import expiry_date
from phm.lists.export import export_practice_list
from phm.lists.together import other_lists
from phm.lists.waves import PCN
from phm.lists.workload import workload
from phm.store import LIST_TABLES, Partition, Store

ORDINARY_REASON = "case finding"


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
    reason: str | None,
    as_at: dt.date,
    draft: bool = False,
    definitions: Path | None = None,
    handed_over: Iterable[str] = (),
    assigned_only: bool = False,
    workers: int = 1,
) -> Iterator[PulledList]:
    """Write each practice's list of one cohort into `folder` and record each pull; yields them in the order asked for.

    The record is on disk before the file is. With several `workers` as many lists are written at a time, each in a
    process of its own.

    Parameters
    ----------
    reason
        Why it is pulled; None is the ordinary one, which a list that expired before `as_at` is not pulled for.
    definitions
        A site's own folder of definitions.
    handed_over
        Cohorts whose lists the site hands over: an entry says on which others of them, of the same use, a person is.
    assigned_only
        Only the entries with a shared appointment of the PCN: what is for its staff to see.

    Raises
    ------
    DisclosureError
        The definition makes no lists, or `folder` holds lists of another use.
    CheckFailed
        The list has expired and no reason is given.
    """
    _check_use(definition, folder, definitions)
    expires = expiry_date(partition)
    if reason is None and expires < as_at:
        raise CheckFailed(
            f"The lists of {partition.month} expired on {expires.day} {expires:%B %Y}",
            name=definition.id,
            hint="Pull the newest month, or say with --reason why this one is needed.",
        )
    entries, changes, waves, capacity, attrition, identity, geography, person = (
        store.read(con, table, partition, draft=draft)
        for table in (
            "case_finding_list",
            "list_change",
            "list_wave",
            "feed_capacity",
            "cohort_attrition",
            "identity",
            "core_geography",
            "core_person",
        )
    )
    is_synthetic = bool(store.version("case_finding_list", partition, draft=draft).record.get("is_synthetic"))
    code_lists = _code_lists(store.version("core_event", partition, draft=draft).record["code_lists"])
    listed = entries.filter(entries.cohort_id == definition.id)
    numbers = (
        identity.semi_join(listed, "person_id").select("person_id", "nhs_number").to_pandas().set_index("person_id")
    )
    by_practice = dict(iter(listed.to_pandas().groupby("practice_code")))
    steps = dict(iter(attrition.filter(attrition.cohort_id == definition.id).to_pandas().groupby("practice_code")))
    changed = changes.filter(changes.cohort_id == definition.id).to_pandas()
    changed_at = dict(iter(changed.groupby("practice_code")))
    planned = waves.filter(waves.cohort_id == definition.id).to_pandas()
    if assigned_only:
        planned = planned[planned["seen_by"] == PCN]
        by_practice = {c: rows[rows["entry_id"].isin(planned["entry_id"])] for c, rows in by_practice.items()}
    planned_at = dict(iter(planned.groupby("practice_code")))
    work = workload(waves.filter(waves.use == definition.use), capacity).to_pandas()
    if planned.empty:
        work = work.head(0)
    work_at = dict(iter(work.groupby("practice_code")))
    twice = person.filter(person.registration_count > 1).semi_join(listed, "person_id").practice_code.value_counts()
    elsewhere = dict(twice.to_pandas().itertuples(index=False, name=None))
    shared = other_lists(entries, definition, [load_definition(name, definitions) for name in handed_over])
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
                    reason=reason or ORDINARY_REASON,
                    is_assigned_only=assigned_only,
                ),
            )
            yield _Task(
                Practice(code, area.practice_name, area.pcn_code, area.pcn_name),
                rows,
                numbers.loc[rows["person_id"]].reset_index(),
                steps.get(code, pd.DataFrame(columns=attrition.columns)),
                changed_at.get(code, changed.head(0)),
                planned_at.get(code, planned.head(0)),
                work_at.get(code, work.head(0)),
                definition.id,
                definitions,
                partition.reference_date,
                expires,
                shared.get(code, {}),
                elsewhere.get(code, 0),
                is_synthetic,
                assigned_only,
                code_lists,
                folder / f"{code}_{definition.id}_{partition.month}{'_assigned' if assigned_only else ''}.{format}",
                format,
            )

    if workers == 1:
        yield from map(_written, audited())
    else:
        # Not forked: the engine's threads would not survive it.
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=spawn, initializer=collect_seldom) as pool:
            yield from pool.map(_written, audited())


def _check_use(definition: Definition, folder: Path, definitions: Path | None) -> None:
    """DisclosureError where the definition names nobody, or its list would lie beside one of another use."""
    if definition.use not in LIST_TABLES.values():
        raise DisclosureError(
            f"A definition of use {definition.use} has no list", name=definition.id, hint="It is for aggregates only."
        )
    there = [file.name for file in folder.glob("*_*_*")]
    if not there:
        return
    for other in load_definitions(definitions):
        if other.use != definition.use and any(f"_{other.id}_" in name for name in there):
            raise DisclosureError(
                f"The folder holds lists of use {other.use}, and this one is of use {definition.use}",
                name=str(folder),
                hint="Keep lists of different uses in folders of their own: choose another with --out.",
            )


def _code_lists(hashes: Mapping[str, str]) -> str:
    """What a cover says of the code lists the month was made with: whose they are, and one hash of all."""
    whole = hashlib.sha256("\n".join(f"{concept} {digest}" for concept, digest in sorted(hashes.items())).encode())
    shipped = hashes == code_list_hashes(load_code_lists())
    whose = "The minimal examples shipped with phm: most diagnoses would be missed" if shipped else "The site's own"
    return f"{whose}\n{whole.hexdigest()}"


@dataclass(frozen=True)
class _Task:
    """All it takes to write one practice's list, in any process."""

    practice: Practice
    entries: pd.DataFrame
    identity: pd.DataFrame
    attrition: pd.DataFrame
    change: pd.DataFrame
    wave: pd.DataFrame
    work: pd.DataFrame
    cohort_id: str
    definitions: Path | None
    reference_date: dt.date
    expiry_date: dt.date
    other_lists: dict[str, str]
    registered_elsewhere: int
    is_synthetic: bool
    assigned_only: bool
    code_lists: str
    path: Path
    format: Literal["xlsx", "csv"]


@cache
def _definition(cohort_id: str, definitions: Path | None) -> Definition:
    """Read once in each process."""
    return load_definition(cohort_id, definitions)


def _written(task: _Task) -> PulledList:
    files = export_practice_list(
        task.entries,
        task.identity,
        task.attrition,
        task.change,
        task.wave,
        task.work,
        _definition(task.cohort_id, task.definitions),
        practice=task.practice,
        reference_date=task.reference_date,
        expiry_date=task.expiry_date,
        other_lists=task.other_lists,
        registered_elsewhere=task.registered_elsewhere,
        is_synthetic=task.is_synthetic,
        assigned_only=task.assigned_only,
        code_lists=task.code_lists,
        path=task.path,
        format=task.format,
    )
    return PulledList(task.practice, tuple(files), len(task.entries))

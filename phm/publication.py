"""Where people find what was published: the report beside the tables, the workbooks in the vault.

The files here are copies for people; programs read through the manifest (`phm.store`).
"""

import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from phm.store import LIST_TABLES, Partition, Store

FOR_OTHER_TOOLS = "measure_value.parquet"
"""The report's file that other tools read: the published `measure_value`, as its contract beside it says."""


@dataclass(frozen=True)
class Outputs:
    """Paths of a published month: the report's first page, and the folder of practices' workbooks."""

    report: Path
    lists: Path


def expose(store: Store, partition: Partition) -> Outputs:
    """Put the report and the workbooks where people look; does nothing that is done already.

    A folder is replaced by renaming a complete one into its place. Workbooks lie in a folder for each use; those that
    were removed because they expired stay away.
    """
    report, lists = store.home / "reports" / partition.key, store.vault / "lists" / partition.path
    (values,) = store.files("measure_value", partition)
    _expose_folder(store, "report", partition, report, {FOR_OTHER_TOOLS: values})
    for table, use in LIST_TABLES.items():
        if store.has(table, partition) and any(file.exists() for file in store.files(table, partition)):
            _expose_folder(store, table, partition, lists / use)
    return Outputs(report / "index.html", lists)


def _expose_folder(
    store: Store, table: str, partition: Partition, folder: Path, others: Mapping[str, Path] = MappingProxyType({})
) -> None:
    """Copy the files of a table's published version, and `others` by their new names, to a folder of nothing else."""
    versions = [store.version(table, partition).version, *(file.parent.name for file in others.values())]
    marker = folder / ".version"
    if marker.exists() and marker.read_text(encoding="ascii").split() == versions:
        return
    fresh = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    fresh.mkdir(parents=True)
    files = {file.name: file for file in store.files(table, partition)} | dict(others)
    for name, file in files.items():
        shutil.copy2(file, fresh / name)
    (fresh / marker.name).write_text(" ".join(versions), encoding="ascii")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(fresh, folder)

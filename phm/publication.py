"""Where people find what was published: the report beside the tables, the workbooks in the vault.

The files here are copies for people; programs read through the manifest (`phm.store`).
"""

import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from phm.store import LIST_TABLES, Partition, Store


@dataclass(frozen=True)
class Outputs:
    """Paths of a published month: the report's page, the folder of the PCNs' pages and that of practices' workbooks."""

    report: Path
    pcn_pages: Path
    lists: Path


def report_name(partition: Partition) -> str:
    """Name of the report's file."""
    return f"{partition.key}.html"


def pcn_pages_name(partition: Partition) -> str:
    """Name of the folder beside the report that holds the PCNs' pages."""
    return f"{partition.key}_know_your_pcn"


def expose(store: Store, partition: Partition) -> Outputs:
    """Put the published pages and workbooks where people look; does nothing that is done already.

    The report is replaced in one step, a folder by renaming a complete one into its place. Workbooks lie in a folder
    for each use; those that were removed because they expired stay away.
    """
    reports = store.home / "reports"
    outputs = Outputs(
        report=reports / report_name(partition),
        pcn_pages=reports / pcn_pages_name(partition),
        lists=store.vault / "lists" / partition.path,
    )
    (page,) = store.files("report", partition)
    outputs.report.parent.mkdir(parents=True, exist_ok=True)
    draft = outputs.report.with_name(f".{outputs.report.name}.{uuid.uuid4().hex}")
    shutil.copyfile(page, draft)
    os.replace(draft, outputs.report)
    _expose_folder(store, "know_your_pcn", partition, outputs.pcn_pages)
    for table, use in LIST_TABLES.items():
        if store.has(table, partition) and any(file.exists() for file in store.files(table, partition)):
            _expose_folder(store, table, partition, outputs.lists / use)
    return outputs


def _expose_folder(store: Store, table: str, partition: Partition, folder: Path) -> None:
    """Copy the files of a table's published version to a folder that holds nothing else."""
    version = store.version(table, partition).version
    marker = folder / ".version"
    if marker.exists() and marker.read_text(encoding="ascii") == version:
        return
    fresh = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")
    fresh.mkdir(parents=True)
    for file in store.files(table, partition):
        shutil.copy2(file, fresh / file.name)
    (fresh / marker.name).write_text(version, encoding="ascii")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(fresh, folder)

"""Where people find what was published: the report beside the tables, the workbooks in the vault.

The files here are copies for people; programs read through the manifest (`phm.store`).
"""

import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from phm.store import Partition, Store


@dataclass(frozen=True)
class Outputs:
    """Paths of a published month: the report's page and the folder of the practices' workbooks."""

    report: Path
    lists: Path


def expose(store: Store, partition: Partition) -> Outputs:
    """Put the published report and workbooks where people look; does nothing that is done already.

    The report is replaced in one step, the folder of workbooks by renaming a complete one into its place.
    """
    outputs = Outputs(
        store.home / "reports" / f"{partition.month}_{partition.icb_code}.html", store.vault / "lists" / partition.path
    )
    (page,) = store.files("report", partition)
    workbooks = store.files("practice_list", partition)
    version = store.version("practice_list", partition).version
    marker = outputs.lists / ".version"
    outputs.report.parent.mkdir(parents=True, exist_ok=True)
    draft = outputs.report.with_name(f".{outputs.report.name}.{uuid.uuid4().hex}")
    shutil.copyfile(page, draft)
    os.replace(draft, outputs.report)
    if not marker.exists() or marker.read_text(encoding="ascii") != version:
        fresh = outputs.lists.with_name(f".{outputs.lists.name}.{uuid.uuid4().hex}")
        fresh.mkdir(parents=True)
        for workbook in workbooks:
            shutil.copy2(workbook, fresh / workbook.name)
        (fresh / marker.name).write_text(version, encoding="ascii")
        shutil.rmtree(outputs.lists, ignore_errors=True)
        os.replace(fresh, outputs.lists)
    return outputs

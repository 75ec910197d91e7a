"""Until when a list may be worked from, and what becomes of its workbooks after that day.

The entries stay, without identifiers: outcomes of an expired list are still taken in.
"""

import datetime as dt
import getpass
import shutil

from phm.governance.audit import Removal, record
from phm.store import LIST_TABLES, Partition, Store

VALID_DAYS = 42
"""How long a list may be worked from before the next month's replaces it: local, not from a published rule."""


def expiry_date(partition: Partition, /) -> dt.date:
    """The last day on which the lists of a month may be used."""
    return partition.reference_date + dt.timedelta(days=VALID_DAYS)


def remove_expired(store: Store, /, *, as_at: dt.date) -> list[tuple[Partition, int]]:
    """Remove from the vault the workbooks of every published month that had expired before `as_at`.

    Returns the months of which there were any, with how many. Each removal is in the audit before it is done.
    """
    removed = []
    for partition in store.partitions():
        if expiry_date(partition) >= as_at:
            continue
        folders = [
            store.vault / "lists" / partition.path,
            *(store.vault / "tables" / table / partition.path for table in LIST_TABLES),
        ]
        workbooks = {file.name for folder in folders for file in folder.rglob("*.xlsx")}
        if workbooks:
            record(
                store.vault / "audit.jsonl",
                Removal(
                    user=getpass.getuser(),
                    removed_at=dt.datetime.now(dt.UTC),
                    month=partition.month,
                    icb_code=partition.icb_code,
                    expiry_date=expiry_date(partition),
                    workbook_count=len(workbooks),
                ),
            )
            for folder in folders:
                shutil.rmtree(folder, ignore_errors=True)
            removed.append((partition, len(workbooks)))
    return removed

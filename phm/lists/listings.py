"""Lists of earlier months: the one before, and everybody listed so far."""

import ibis
import ibis.expr.types as ir

from phm.store import Partition, Store

ENTRIES = "case_finding_list"
_COMPARED = ("cohort_id", "person_id", "practice_code", "entry_id", "output", "tier")


def list_before(store: Store, con: ibis.BaseBackend, partition: Partition, /) -> ir.Table:
    """`case_finding_list` of the newest month published before in the same ICB; no rows without one."""
    files = store.files_before(ENTRIES, partition)
    if not files:
        return ibis.memtable([], schema=dict.fromkeys(_COMPARED, "string"))
    return con.read_parquet([str(file) for file in files]).select(*_COMPARED)


def listed_so_far(store: Store, con: ibis.BaseBackend, partition: Partition, /) -> ir.Table:
    """One row is one person on one list of the month, as drafted, or of a published month before."""
    months = [p for p in store.partitions() if p.icb_code == partition.icb_code and p.month < partition.month]
    tables = [(month, store.read(con, ENTRIES, month)) for month in months if store.has(ENTRIES, month)]
    tables.append((partition, store.read(con, ENTRIES, partition, draft=True)))
    return ibis.union(
        *(
            table.select("person_id", "cohort_id", "practice_code", list_date=ibis.literal(month.reference_date))
            for month, table in tables
        )
    )

"""What one run is about: one month of one integrated care board (ICB).

ICBs are dynamic partitions: they are registered when a delivery of theirs is first seen, so nobody edits code
when boards merge.
"""

import dagster as dg

from phm.store import Partition

TIMEZONE = "Europe/London"
ICBS = dg.DynamicPartitionsDefinition(name="icb")
MONTHS = dg.MonthlyPartitionsDefinition(start_date="2019-01", fmt="%Y-%m", timezone=TIMEZONE)
MONTH_BY_ICB = dg.MultiPartitionsDefinition({"icb": ICBS, "month": MONTHS})


def partition_key(partition: Partition) -> dg.MultiPartitionKey:
    """Dagster's key of a partition."""
    return dg.MultiPartitionKey({"icb": partition.icb_code, "month": partition.month})


def partition_of(key: str) -> Partition:
    """The partition Dagster's key of it says."""
    icb_code, month = key.split("|")
    return Partition(month, icb_code)

"""When the pipeline runs by itself: once a month, for every ICB that has delivered."""

import dagster as dg

from phm.errors import UnreadableFeed
from phm.feeds.deliveries import choose_partitions
from pipelines.defs.resources import Site
from pipelines.partitions import ICBS, MONTHS, TIMEZONE, partition_key

monthly = dg.define_asset_job(
    "monthly", selection=dg.AssetSelection.all(), description="One month of one ICB, from delivery to report."
)


@dg.schedule(
    job=monthly,
    cron_schedule="0 6 5 * *",
    execution_timezone=TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the fifth at six in the morning: last month, one run for each ICB folder delivered.",
)
def monthly_on_the_fifth(context: dg.ScheduleEvaluationContext, site: Site):
    month = MONTHS.get_last_partition_key(current_time=context.scheduled_execution_time)
    try:
        delivered = choose_partitions(site.settings.feeds, month=month)
    except UnreadableFeed as nothing:
        return dg.SkipReason(str(nothing))
    context.instance.add_dynamic_partitions(ICBS.name, [partition.icb_code for partition in delivered])
    return [dg.RunRequest(run_key=p.key, partition_key=partition_key(p)) for p in delivered]

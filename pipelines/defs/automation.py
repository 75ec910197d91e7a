"""When the pipeline runs by itself: when a delivery has arrived, and once a month for every ICB that has delivered."""

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from phm.errors import PhmError
from phm.feeds.arrivals import arrival
from phm.feeds.deliveries import choose_partitions, delivered_partitions
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
    first_day = context.scheduled_execution_time.astimezone(ZoneInfo(TIMEZONE)).replace(day=1)
    month = (first_day - timedelta(days=1)).strftime(MONTHS.fmt)
    try:
        due = [p for p in choose_partitions(site.settings.feeds, month=month) if not site.already_published(p)]
    except PhmError as error:
        return dg.SkipReason(str(error))
    context.instance.add_dynamic_partitions(ICBS.name, [partition.icb_code for partition in due])
    return [dg.RunRequest(run_key=p.key, partition_key=partition_key(p)) for p in due]


@dg.sensor(
    job=monthly,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="A delivery is run when all its files are there and none has changed since a minute ago.",
)
def delivery_arrived(context: dg.SensorEvaluationContext, site: Site):
    before, now, waiting, due = json.loads(context.cursor or "{}"), {}, [], []
    try:
        delivered = [p for p in delivered_partitions(site.settings.feeds) if MONTHS.has_partition_key(p.month)]
        for partition in delivered:
            state = arrival(site.settings.feeds / partition.path)
            last = before.get(partition.key, {"fingerprint": "", "is_settled": False})
            is_settled = state.fingerprint == last["fingerprint"] and (last["is_settled"] or not state.missing)
            now[partition.key] = {"fingerprint": state.fingerprint, "is_settled": is_settled}
            if not is_settled:
                waiting.append(f"{partition.key}: {'; '.join(state.missing) or 'files may still be changing'}")
            elif not last["is_settled"] and not site.already_published(partition):
                due.append(
                    dg.RunRequest(f"{partition.key} {state.fingerprint}", partition_key=partition_key(partition))
                )
    except PhmError as error:
        return dg.SkipReason(str(error))
    return dg.SensorResult(
        run_requests=due,
        skip_reason=None if due else dg.SkipReason("; ".join(waiting) or "Nothing new was delivered."),
        cursor=json.dumps(now),
        dynamic_partitions_requests=[ICBS.build_add_request([p.icb_code for p in delivered])],
    )

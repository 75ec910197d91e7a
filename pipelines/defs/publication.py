"""The last step: what was drafted becomes what is published, in one swap, and people find it."""

import dagster as dg

from phm.publication import expose
from phm.store import VAULT_TABLES
from pipelines.defs import cohorts, community, core, feeds, lists, measures, report, risk
from pipelines.defs.resources import Site
from pipelines.partitions import MONTH_BY_ICB

MODULES = (feeds, core, risk, cohorts, lists, measures, community, report)
"""Everything whose tables and pages are published."""
MADE = [key.to_user_string() for module in MODULES for a in module.ASSETS for key in a.keys]
PUBLISHED = sorted({*MADE, *VAULT_TABLES, *feeds.QUARANTINE_TABLES})


@dg.asset(
    partitions_def=MONTH_BY_ICB,
    group_name="publication",
    deps=MADE,
    description="Swaps the manifest of the partition: from here on every reader sees this month's tables.",
)
def publication(context: dg.AssetExecutionContext, site: Site) -> dg.MaterializeResult:
    work = site.workspace(context)
    record = {"reference_date": work.reference_date.isoformat(), **site.provenance(work.partition)}
    manifest = work.store.publish(work.partition, PUBLISHED, record)
    outputs = expose(work.store, work.partition)
    return dg.MaterializeResult(
        metadata={
            "manifest": dg.MetadataValue.path(str(manifest)),
            "report": dg.MetadataValue.path(str(outputs.report)),
        }
    )


ASSETS = (publication,)
CHECKS = ()

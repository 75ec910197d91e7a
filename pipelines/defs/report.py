"""The report: a folder of pages that opens without a network, made from what passed the disclosure gate."""

import dagster as dg
import pandas as pd

from phm.core.assets import nearest_assets
from phm.feeds.contracts import load_contract
from phm.feeds.deliveries import is_synthetic
from phm.feeds.drift import compare
from phm.governance.disclosure import Published, recognise
from phm.measures.asset_gaps import load_needs
from phm.measures.definition import load_measures
from phm.report.know_your_pcn import MONTHS_BACK
from phm.report.site import Sources, build_site
from phm.store import Partition
from pipelines.defs.feeds import FEED_TABLES
from pipelines.defs.resources import Site, Workspace
from pipelines.defs.tables import materialised
from pipelines.partitions import MONTH_BY_ICB

PUBLISHED = ("measure_value", "area_attrition", "data_quality")
INPUTS = (
    *PUBLISHED,
    "core_geography",
    "core_person",
    "core_pcn_boundary",
    "pcn_asset",
    "feed_lsoa_centroid",
)


@dg.asset(
    partitions_def=MONTH_BY_ICB,
    group_name="measures",
    deps=[*INPUTS, *(table for table in FEED_TABLES if table not in INPUTS)],
    kinds={"html"},
    description="How PCNs and places compare, a page for each, who becomes a list, how good the data were.",
)
def report(context: dg.AssetExecutionContext, site: Site) -> dg.MaterializeResult:
    work = site.workspace(context)
    files = build_site(sources(work))

    def write(folder) -> None:
        for name, content in files.items():
            (folder / name).write_bytes(content)

    version = work.store.write("report", work.partition, write, built_from=INPUTS)
    return materialised(version, files=len(files), bytes=sum(map(len, files.values())))


def sources(work: Workspace) -> Sources:
    """What the report of the drafted month is made from."""
    *published, geography, person, boundary, assets, centroids = work.read(INPUTS)
    measures, attrition, quality = (recognise(table.to_pandas()) for table in published)
    definitions = load_measures(work.settings.measures)
    inside = boundary.filter("is_inside").group_by("pcn_code").agg(lsoa_count=lambda rows: rows.count())
    return Sources(
        measures=measures,
        attrition=attrition,
        quality=quality,
        months=_months(work, measures),
        attrition_before=_attrition_before(work),
        geography=geography.semi_join(person, "practice_code").to_pandas(),
        lsoa_count=inside.to_pandas().set_index("pcn_code")["lsoa_count"].to_dict(),
        assets=assets.to_pandas(),
        nearest=nearest_assets(boundary, assets.filter("is_suitable"), centroids, of="pcn_code", limit=1).to_pandas(),
        drift=_drift(work),
        cohorts=work.cohorts,
        measure_definitions=definitions,
        asset_needs=load_needs(work.settings.asset_needs, measures={measure.id for measure in definitions}),
        deprivation_index=work.records(["core_person"])["core_person"]["deprivation_index"],
        reference_date=work.reference_date,
        is_synthetic=is_synthetic(work.delivery),
    )


def _months(work: Workspace, measures: Published) -> Published:
    """Published measures of this month, as drafted, and of the months before that a trend shows."""
    tables = [
        pd.read_parquet(file, dtype_backend="numpy_nullable").assign(month=partition.month)
        for partition in _earlier(work)[-MONTHS_BACK:]
        for file in work.store.files("measure_value", partition)
    ]
    return recognise(pd.concat([*tables, measures.table.assign(month=work.partition.month)], ignore_index=True))


def _attrition_before(work: Workspace) -> Published | None:
    """Published attrition of the last month before this one, where there is one."""
    files = [f for p in _earlier(work)[-1:] for f in work.store.files("area_attrition", p)]
    return recognise(pd.read_parquet(files[0], dtype_backend="numpy_nullable")) if files else None


def _earlier(work: Workspace) -> list[Partition]:
    """Published months of the ICB before this one, oldest first."""
    return [p for p in work.store.partitions() if p.icb_code == work.partition.icb_code and p < work.partition]


def _drift(work: Workspace) -> pd.DataFrame:
    """What moved beyond its limit since the delivery before, by feed; how far stays behind."""
    found = []
    for table in FEED_TABLES:
        contract, before = load_contract(table.removeprefix("feed_")), work.store.files_before(table, work.partition)
        if contract.drift and before and work.records([table])[table]["delivered"]:
            now = work.store.files(table, work.partition, draft=True)
            shifts = compare(work.con.con, contract, now, before)
            found += [(contract.name, shift.kind, shift.subject) for shift in shifts if shift.is_beyond]
    return pd.DataFrame(found, columns=["feed", "kind", "subject"])


ASSETS = (report,)
CHECKS = ()

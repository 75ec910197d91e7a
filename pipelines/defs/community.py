"""Community assets by PCN, and the page each PCN can print: who its people are and what there is for them."""

import dagster as dg
import pandas as pd

from phm.core.assets import nearest_assets, pcn_assets
from phm.feeds.deliveries import is_synthetic
from phm.governance.disclosure import Published, recognise
from phm.measures.definition import load_measures
from phm.publication import report_name
from phm.report.know_your_pcn import MONTHS_BACK, build_pages
from pipelines.defs.resources import Made, Site, Workspace
from pipelines.defs.tables import checks_of, materialised, table_assets
from pipelines.partitions import MONTH_BY_ICB

KNOW_YOUR_PCN = "know_your_pcn"
PAGE_INPUTS = ("measure_value", "core_geography", "core_person", "core_pcn_boundary", "pcn_asset", "feed_lsoa_centroid")


@table_assets("pcn_asset", group="core", inputs=["feed_community_asset", "core_pcn_boundary"])
def pcn_asset(work: Workspace, community_asset, boundary) -> Made:
    assets = pcn_assets(community_asset, boundary, reference_date=work.reference_date)
    delivered = work.records(["feed_community_asset"])["feed_community_asset"]["delivered"]
    return Made(assets, [] if delivered else ["No map of community assets was delivered."])


@dg.asset(
    name=KNOW_YOUR_PCN,
    partitions_def=MONTH_BY_ICB,
    group_name="measures",
    deps=[*PAGE_INPUTS],
    kinds={"html"},
    description="One printable page for each PCN: who its people are, where they live, what there is for them.",
)
def know_your_pcn(context: dg.AssetExecutionContext, site: Site) -> dg.MaterializeResult:
    work = site.workspace(context)
    pages = pcn_pages(work)

    def write(folder) -> None:
        for pcn_code, page in pages.items():
            (folder / f"{pcn_code}.html").write_text(page, encoding="utf-8", newline="\n")

    version = work.store.write(KNOW_YOUR_PCN, work.partition, write, built_from=PAGE_INPUTS)
    return materialised(version, pages=len(pages))


def pcn_pages(work: Workspace) -> dict[str, str]:
    """The pages of the drafted month by PCN; every count of people passed the gate."""
    measures, geography, person, boundary, assets, centroids = work.read(PAGE_INPUTS)
    inside = boundary.filter("is_inside")
    return build_pages(
        recognise(measures.to_pandas()),
        geography.semi_join(person, "practice_code").to_pandas(),
        inside.group_by("pcn_code").agg(lsoa_count=inside.count()).to_pandas(),
        assets.to_pandas(),
        nearest_assets(boundary, assets, centroids, of="pcn_code", limit=1).to_pandas(),
        earlier=_earlier(work),
        measure_definitions=load_measures(),
        month=work.partition.month,
        reference_date=work.reference_date,
        back=f"../{report_name(work.partition)}",
        is_synthetic=is_synthetic(work.delivery),
    )


def _earlier(work: Workspace) -> dict[str, Published]:
    """Published measures of this ICB's months before, as many as a trend shows."""
    months = [p for p in work.store.partitions() if p.icb_code == work.partition.icb_code and p < work.partition]
    return {
        p.month: recognise(pd.read_parquet(work.store.files("measure_value", p), dtype_backend="numpy_nullable"))
        for p in months[-MONTHS_BACK:]
    }


ASSETS = (pcn_asset, know_your_pcn)
CHECKS = checks_of(pcn_asset)

"""Measures and the report: what leaves for places and boards, all of it through the disclosure gate."""

import dagster as dg
import ibis
import pandas as pd

from phm.cohorts.counted import counted_groups
from phm.cohorts.definition import load_definitions
from phm.core.boundary import pcn_facts
from phm.core.homes import homes
from phm.core.memberships import UNALLOCATED_PCN
from phm.feeds.deliveries import is_synthetic
from phm.governance.disclosure import publish, recognise
from phm.governance.raw import RawAttrition, RawQuality
from phm.governance.release import Ledger
from phm.measures.definition import load_measures
from phm.measures.values import measure_values
from phm.publication import pcn_pages_name
from phm.report.page import build_report
from phm.report.quality import quality_counts
from pipelines.defs.feeds import FEED_TABLES
from pipelines.defs.resources import Made, Site, Workspace
from pipelines.defs.tables import checks_of, materialised, table_assets
from pipelines.partitions import MONTH_BY_ICB

REPORT = "report"
RELEASE = ("measure_value", "area_attrition", "data_quality", "release_cell", "release_sum")
"""Everything of a month that leaves, protected together, and the ledger for the month after."""
RELEASE_INPUTS = (
    "person_feature",
    "core_geography",
    "core_person",
    "core_pcn_boundary",
    "cohort_attrition",
    "core_event_issue",
    *FEED_TABLES,
)
REPORT_INPUTS = ("measure_value", "area_attrition", "data_quality", "core_geography")


@table_assets(*RELEASE, group="measures", inputs=RELEASE_INPUTS)
def release(work: Workspace, feature, geography, person, boundary, attrition, issues, *_) -> tuple[Made, ...]:
    measures, cohorts = load_measures(), load_definitions(work.settings.definitions)
    residence = pcn_facts(homes(person.filter("is_registered", "is_alive")), geography, boundary)
    practices, steps = geography.to_pandas(), attrition.to_pandas()
    delivering = practices[practices["practice_code"].isin(steps["practice_code"])]
    quality = quality_counts(work.records(["core_person", *FEED_TABLES]), issues.to_pandas(), delivering)
    before = _ledger_before(work)
    published = publish(
        measure_values(feature, geography, residence, definitions=measures, reference_date=work.reference_date),
        RawAttrition(steps, practices, groups=counted_groups(cohorts)),
        RawQuality(quality),
        previous=before,
    )
    tables = [published[name].table for name in RELEASE[:3]] + [published.ledger.cells, published.ledger.sums]
    hashes = {measure.id: [measure.version, measure.sha256] for measure in measures}
    remarks = [] if before else ["Not protected against the month before: no ledger of one was published."]
    return tuple(Made(ibis.memtable(table), remarks, {"definitions": hashes}) for table in tables)


@dg.asset(
    name=REPORT,
    partitions_def=MONTH_BY_ICB,
    group_name="measures",
    deps=REPORT_INPUTS,
    kinds={"html"},
    description="One page that opens without a network: how PCNs compare, who becomes a list, how good the data were.",
)
def report(context: dg.AssetExecutionContext, site: Site) -> dg.MaterializeResult:
    work = site.workspace(context)
    page = report_page(work)
    version = work.store.write(
        REPORT, work.partition, lambda folder: _write(folder / "report.html", page), built_from=REPORT_INPUTS
    )
    return materialised(version, bytes=len(page.encode()))


def report_page(work: Workspace) -> str:
    """The page of the drafted month; only tables that passed the gate go in."""
    *published, geography = (table.to_pandas() for table in work.read(REPORT_INPUTS))
    measures, attrition, quality = map(recognise, published)
    delivering = attrition.table.query("area_type == 'pcn'")["area_code"].unique()
    return build_report(
        measures,
        attrition,
        quality,
        cohorts=load_definitions(work.settings.definitions),
        measure_definitions=load_measures(),
        reference_date=work.reference_date,
        icb_name=geography["icb_name"].iloc[0],
        pcn_pages={
            code: f"{pcn_pages_name(work.partition)}/{code}.html" for code in delivering if code != UNALLOCATED_PCN
        },
        is_synthetic=is_synthetic(work.delivery),
    )


def _ledger_before(work: Workspace) -> Ledger | None:
    """What was published of the month before, as far as one was, and that time kept a ledger."""
    files = [work.store.files_before(table, work.partition) for table in RELEASE[3:]]
    return (
        Ledger(*(pd.read_parquet(of_table, dtype_backend="numpy_nullable") for of_table in files))
        if all(files)
        else None
    )


def _write(path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


ASSETS = (release, report)
CHECKS = checks_of(release)

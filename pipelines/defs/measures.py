"""Measures and the report: what leaves for places and boards, all of it through the disclosure gate."""

import dagster as dg
import ibis

from phm.cohorts.definition import load_definitions
from phm.core.boundary import pcn_facts
from phm.core.homes import homes
from phm.core.memberships import UNALLOCATED_PCN
from phm.feeds.deliveries import is_synthetic
from phm.governance.disclosure import publish, publish_attrition, publish_quality, recognise
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
MEASURE_INPUTS = ("person_feature", "core_geography", "core_person", "core_pcn_boundary")
REPORT_INPUTS = ("measure_value", "cohort_attrition", "core_geography", "core_event_issue", "core_person", *FEED_TABLES)


@table_assets("measure_value", group="measures", inputs=MEASURE_INPUTS)
def measure_value(work: Workspace, feature, geography, person, boundary) -> Made:
    measures = load_measures()
    residence = pcn_facts(homes(person.filter("is_registered", "is_alive")), geography, boundary)
    raw = measure_values(feature, geography, residence, definitions=measures, reference_date=work.reference_date)
    hashes = {measure.id: [measure.version, measure.sha256] for measure in measures}
    return Made(ibis.memtable(publish(raw).table), record={"definitions": hashes})


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
    measures, attrition, geography, issues = (table.to_pandas() for table in work.read(REPORT_INPUTS[:4]))
    records = work.records(["core_person", *FEED_TABLES])
    delivering = geography[geography["practice_code"].isin(attrition["practice_code"])]
    return build_report(
        recognise(measures),
        publish_attrition(attrition, geography),
        publish_quality(quality_counts(records, issues, delivering)),
        cohorts=load_definitions(),
        measure_definitions=load_measures(),
        reference_date=work.reference_date,
        icb_name=geography["icb_name"].iloc[0],
        pcn_pages={
            code: f"{pcn_pages_name(work.partition)}/{code}.html"
            for code in delivering["pcn_code"].unique()
            if code != UNALLOCATED_PCN
        },
        is_synthetic=is_synthetic(work.delivery),
    )


def _write(path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


ASSETS = (measure_value, report)
CHECKS = checks_of(measure_value)

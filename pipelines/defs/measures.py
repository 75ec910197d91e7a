"""Measures: every count that leaves for places and boards, all of a month at once through the disclosure gate."""

import ibis
import pandas as pd

from phm.cohorts.counted import counted_groups
from phm.core.boundary import pcn_facts
from phm.core.homes import homes
from phm.governance.disclosure import publish
from phm.governance.raw import RawAttrition, RawQuality
from phm.governance.release import Ledger
from phm.measures.definition import Measure, load_measures
from phm.measures.values import measure_values, people_with_scores
from phm.report.quality import quality_counts
from pipelines.defs.feeds import FEED_TABLES
from pipelines.defs.resources import Made, Workspace
from pipelines.defs.tables import checks_of, table_assets

RELEASE = ("measure_value", "area_attrition", "data_quality", "release_cell", "release_sum")
"""Everything of a month that leaves, protected together, and the ledger for the month after."""
RELEASE_INPUTS = (
    "person_feature",
    "person_risk",
    "core_geography",
    "core_person",
    "core_pcn_boundary",
    "cohort_attrition",
    "list_cascade",
    "core_event_issue",
    *FEED_TABLES,
)


@table_assets(*RELEASE, group="measures", inputs=RELEASE_INPUTS)
def release(
    work: Workspace, feature, risk, geography, person, boundary, attrition, cascade, issues, *_
) -> tuple[Made, ...]:
    measures, cohorts = _measures(work), work.cohorts
    residence = pcn_facts(homes(person.filter("is_registered", "is_alive")), geography, boundary)
    practices, steps = geography.to_pandas(), attrition.to_pandas()
    delivering = practices[practices["practice_code"].isin(steps["practice_code"])]
    quality = quality_counts(work.records(["core_person", *FEED_TABLES]), issues.to_pandas(), delivering)
    before = _ledger_before(work)
    published = publish(
        measure_values(
            people_with_scores(feature, risk),
            geography,
            residence,
            steps,
            cascade.to_pandas(),
            definitions=measures,
            reference_date=work.reference_date,
        ),
        RawAttrition(steps, practices, groups=counted_groups(cohorts)),
        RawQuality(quality),
        previous=before,
    )
    tables = [published[name].table for name in RELEASE[:3]] + [published.ledger.cells, published.ledger.sums]
    hashes = {measure.id: [measure.version, measure.sha256] for measure in measures}
    remarks = [] if before else ["Not protected against the month before: no ledger of one was published."]
    return tuple(Made(ibis.memtable(table), remarks, {"definitions": hashes}) for table in tables)


def _measures(work: Workspace) -> tuple[Measure, ...]:
    """Shipped measures and the site's own, as far as there is what they count.

    Left out are those whose feed was not delivered, whose lists nobody makes, or that compare with a month before which
    none was published.
    """
    evaluated = {definition.id for definition in work.cohorts}
    known = load_measures(work.settings.measures)
    lists = {m.id: {*m.entries_of, *([m.cascade_of] if m.cascade_of else [])} for m in known}
    measures = [m for m in known if not lists[m.id] or lists[m.id] & evaluated]
    if not work.store.files_before("person_risk", work.partition):
        measures = [m for m in measures if m.compared_with is None]
    records = work.records({f"feed_{measure.feed}" for measure in measures if measure.feed})
    return tuple(m for m in measures if not m.feed or records[f"feed_{m.feed}"]["delivered"])


def _ledger_before(work: Workspace) -> Ledger | None:
    """What was published of the month before, as far as one was, and that time kept a ledger."""
    files = [work.store.files_before(table, work.partition) for table in RELEASE[3:]]
    return (
        Ledger(*(pd.read_parquet(of_table, dtype_backend="numpy_nullable") for of_table in files))
        if all(files)
        else None
    )


ASSETS = (release,)
CHECKS = checks_of(release)

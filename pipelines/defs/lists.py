"""Lists: entries without identifiers, the workbook each practice gets, and what came of earlier lists."""

from collections.abc import Collection
from functools import partial
from pathlib import Path

import dagster as dg
import ibis

from phm.cohorts.definition import Definition, load_definition
from phm.cohorts.facts import person_facts
from phm.feeds.deliveries import is_synthetic
from phm.lists import outcomes
from phm.lists.cascade import list_cascade as cascade_of
from phm.lists.changes import list_change as changes_of
from phm.lists.expiry import remove_expired
from phm.lists.holds import list_hold as holds_of
from phm.lists.listings import list_before, listed_so_far
from phm.lists.prioritise import FACTS as SHOWN
from phm.lists.prioritise import entries
from phm.lists.pull import pull
from phm.lists.routing import nearest_by_area, route_assets
from phm.lists.waves import list_wave as waves_of
from phm.store import LIST_TABLES
from pipelines.defs.cohorts import FACTS
from pipelines.defs.resources import Made, Site, Workspace
from pipelines.defs.tables import checks_of, materialised, table_assets
from pipelines.partitions import MONTH_BY_ICB

FEW_PRACTICES = 20
"""Up to so many lists it takes longer to start processes than to write them."""
ASSET_INPUTS = ("core_pcn_boundary", "pcn_asset", "feed_lsoa_centroid")
PRACTICE_LIST_INPUTS = (
    "case_finding_list",
    "list_change",
    "list_wave",
    "feed_capacity",
    "cohort_attrition",
    "core_geography",
    "core_person",
    "core_event",  # says which code lists it was made with
    "identity",
)


@table_assets("list_outcome", group="lists", inputs=[])
def list_outcome(work: Workspace) -> Made:
    answers = outcomes.answers_of(work.store, work.partition.icb_code)
    return Made(outcomes.list_outcome(answers, reference_date=work.reference_date))


@table_assets("list_hold", group="lists", inputs=["list_outcome", "core_person"])
def list_hold(work: Workspace, outcome, person) -> Made:
    return Made(holds_of(outcome, person, _definitions(work), reference_date=work.reference_date))


@table_assets("case_finding_list", group="lists", inputs=["cohort_member", "core_person", *ASSET_INPUTS, *FACTS])
def case_finding_list(work: Workspace, member, person, boundary, assets, centroids, feature, risk, hold) -> Made:
    near = nearest_by_area(boundary, assets, centroids).cache()
    key = {"reference_date": work.reference_date, "pseudonymiser": work.pseudonymiser}
    listed = []
    for d in _definitions(work):
        own = member.filter(member.cohort_id == d.id)
        facts = _facts(d, feature.semi_join(own, "person_id"), risk, hold, columns=d.columns | SHOWN)
        routes = route_assets(d, person.semi_join(own, "person_id"), near)
        listed.append(entries(d, own, facts, assets=routes, **key))
    on_a_list = member.filter(member.cohort_id.isin([d.id for d in _definitions(work)]))
    twice = person.filter(person.registration_count > 1).semi_join(on_a_list, "person_id").count().execute()
    remarks = [f"{twice} people listed are registered with several practices: each is on the list of the latest one."]
    # A file each: one statement for all cohorts would hold the entries of all at once.
    return Made(listed, remarks, {"is_synthetic": is_synthetic(work.delivery)})


@table_assets("list_wave", group="lists", inputs=["case_finding_list", "core_person", "feed_capacity"])
def list_wave(work: Workspace, entry, person, capacity) -> Made:
    wanted = {"reference_date": work.reference_date, "core20_floor_percent": work.settings.core20_floor_percent}
    waves = waves_of(entry, person, capacity, _handed_over(work), **wanted)
    if work.records(["feed_capacity"])["feed_capacity"]["delivered"]:
        return Made(waves)
    return Made(waves.limit(0), ["No capacity file was delivered: no weeks are planned."])


@table_assets("list_change", group="lists", inputs=["case_finding_list", *FACTS])
def list_change(work: Workspace, entry, *facts) -> Made:
    before = list_before(work.store, work.con, work.partition)
    with_one = set(before.cohort_id.to_pyarrow().to_pylist())
    definitions = _definitions(work)
    # A first list has no changes; of a month of first lists one is asked, for a table without rows.
    asked = [d for d in definitions if d.id in with_one] or definitions[:1]
    changes = [changes_of(entry, before, _facts(d, *facts), d, reference_date=work.reference_date) for d in asked]
    return Made(ibis.union(*changes))


@table_assets("list_cascade", group="lists", inputs=["case_finding_list", "list_outcome", *FACTS])
def list_cascade(work: Workspace, _, outcome, *facts) -> Made:
    listed = listed_so_far(work.store, work.con, work.partition)
    write = partial(cascade_of, listed, outcome, reference_date=work.reference_date)
    return Made(ibis.union(*(write(_facts(d, *facts, columns=d.cascade_columns), d) for d in _definitions(work))))


def _workbooks(table: str, use: str) -> dg.AssetsDefinition:
    @dg.asset(
        name=table,
        partitions_def=MONTH_BY_ICB,
        group_name="lists",
        deps=[name for name in PRACTICE_LIST_INPUTS if name != "identity"] + ["feed_gp_register"],
        kinds={"excel"},
        description=f"One workbook for each practice, with NHS numbers of its own people; use {use}. In the vault.",
    )
    def workbooks(context: dg.AssetExecutionContext, site: Site) -> dg.MaterializeResult:
        work = site.workspace(context)
        remove_expired(work.store, as_at=work.reference_date)
        version = work.store.write(
            table, work.partition, lambda folder: _write_all(work, folder, use), built_from=PRACTICE_LIST_INPUTS
        )
        return materialised(version, workbooks=len(version.files))

    return workbooks


def _write_all(work: Workspace, folder: Path, use: str) -> dict[str, int]:
    """Every practice's workbook of the site's cohorts of one use; keeps the number of entries of each cohort."""
    (attrition,) = work.read(["cohort_attrition"])
    practice_codes = attrition.practice_code.to_pyarrow().unique().to_pylist()
    return {
        definition.id: sum(
            pulled.entry_count
            for pulled in pull(
                work.con,
                work.store,
                work.partition,
                definition,
                practice_codes=sorted(practice_codes),
                folder=folder,
                format="xlsx",
                reason="scheduled run of the month",
                as_at=work.reference_date,
                draft=True,
                definitions=work.settings.definitions,
                handed_over=work.settings.workbooks,
                workers=work.settings.threads if len(practice_codes) > FEW_PRACTICES else 1,
            )
        )
        for definition in _handed_over(work)
        if definition.use == use
    }


def _facts(
    definition: Definition,
    feature: ibis.Table,
    risk: ibis.Table,
    hold: ibis.Table,
    columns: Collection[str] | None = None,
) -> ibis.Table:
    return person_facts(definition.id, feature, person_risk=risk, list_hold=hold, columns=columns)


def _definitions(work: Workspace) -> tuple[Definition, ...]:
    """Those that make lists: what is for planning never names a person."""
    return tuple(d for d in work.cohorts if d.use in LIST_TABLES.values())


def _handed_over(work: Workspace) -> list[Definition]:
    """Those whose lists every run writes: what practices work from, and plan for."""
    return [load_definition(name, work.settings.definitions) for name in work.settings.workbooks]


ASSETS = (
    list_outcome,
    list_hold,
    case_finding_list,
    list_wave,
    list_change,
    list_cascade,
    *(_workbooks(table, use) for table, use in LIST_TABLES.items()),
)
CHECKS = checks_of(list_outcome, list_hold, case_finding_list, list_wave, list_change, list_cascade)

"""Lists: entries without identifiers, and the workbook each practice gets."""

from pathlib import Path

import dagster as dg
import ibis

from phm.cohorts.definition import load_definitions
from phm.lists.prioritise import entries
from phm.lists.pull import pull
from pipelines.defs.resources import Made, Site, Workspace
from pipelines.defs.tables import checks_of, materialised, table_assets
from pipelines.partitions import MONTH_BY_ICB

FEW_PRACTICES = 20
"""Up to so many lists it takes longer to start processes than to write them."""
PRACTICE_LIST = "practice_list"
PRACTICE_LIST_INPUTS = ("case_finding_list", "cohort_attrition", "core_geography", "identity")


@table_assets("case_finding_list", group="lists", inputs=["cohort_member", "person_feature"])
def case_finding_list(work: Workspace, member, feature) -> Made:
    lists = [entries(d, member, feature, reference_date=work.reference_date) for d in load_definitions()]
    return Made(ibis.union(*lists))


@dg.asset(
    name=PRACTICE_LIST,
    partitions_def=MONTH_BY_ICB,
    group_name="lists",
    deps=[name for name in PRACTICE_LIST_INPUTS if name != "identity"] + ["feed_gp_register"],
    kinds={"excel"},
    description="One workbook for each practice, with the NHS numbers of its own people. Lives in the vault.",
)
def practice_list(context: dg.AssetExecutionContext, site: Site) -> dg.MaterializeResult:
    work = site.workspace(context)
    version = work.store.write(
        PRACTICE_LIST, work.partition, lambda folder: _write_all(work, folder), built_from=PRACTICE_LIST_INPUTS
    )
    return materialised(version, workbooks=len(version.files))


def _write_all(work: Workspace, folder: Path) -> dict[str, int]:
    """Every practice's workbook of every cohort; keeps the number of entries of each cohort."""
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
                draft=True,
                workers=work.settings.threads if len(practice_codes) > FEW_PRACTICES else 1,
            )
        )
        for definition in load_definitions()
    }


ASSETS = (case_finding_list, practice_list)
CHECKS = checks_of(case_finding_list)

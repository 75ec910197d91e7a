"""Risk: scores and segment of everybody, and how people moved between segments since the month before."""

from typing import TYPE_CHECKING

import dagster as dg

from phm.risk.modelled import with_modelled
from phm.risk.person_risk import person_risk as risk_of_people
from phm.risk.segments import segment_movement as movement
from phm.risk.segments import with_change
from pipelines.defs.resources import Made, Site, Workspace
from pipelines.defs.tables import SAYS, checks_of, table_assets

if TYPE_CHECKING:
    from phm.risk.artefact import Artefact


@table_assets("person_risk", group="risk", inputs=["person_feature", "core_event"])
def person_risk(work: Workspace, feature, event) -> Made:
    artefact = _model(work)
    risk = risk_of_people(feature, reference_date=work.reference_date)
    modelled = with_modelled(risk, event, feature, artefact, until=work.reference_date)
    files = work.store.files_before("person_risk", work.partition)
    before = work.con.read_parquet([str(file) for file in files]) if files else None
    return Made(with_change(modelled, before), record={"undiagnosed_model": artefact.version if artefact else None})


@table_assets("segment_movement", group="risk", inputs=["person_risk", "person_feature"])
def segment_movement(work: Workspace, risk, feature) -> Made:
    return Made(movement(risk, feature))


@dg.asset_check(
    asset="person_risk",
    additional_deps=["core_event", "core_person"],
    description="The model of unmeasured hypertension, where one is switched on, still fits the people of this site.",
)
def modelled_probability_holds(context: dg.AssetCheckExecutionContext, site: Site) -> dg.AssetCheckResult:
    work = site.workspace(context)
    artefact = _model(work)
    if artefact is None:
        return dg.AssetCheckResult(passed=True, metadata={SAYS: "No model is switched on."})
    from phm.risk.training import TESTED_YEARS_BEFORE, people_of, watch

    tables = work.read(["core_event", "core_person"])
    people = people_of(*tables, reference_date=work.reference_date, years_before=TESTED_YEARS_BEFORE)
    watched = watch(artefact.fitted, artefact.record, people)
    says = "; ".join(watched.problems) or "The model still fits."
    figures = {name: dg.MetadataValue.float(value) for name, value in watched.figures.items()}
    severity = dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(passed=not watched.problems, severity=severity, metadata={SAYS: says, **figures})


def _model(work: Workspace) -> "Artefact | None":
    """The model the site has switched on, if any; scikit-learn is loaded only then."""
    version = work.settings.undiagnosed_model
    if not version:
        return None
    from phm.risk.artefact import load

    return load(version, home=work.settings.home)


ASSETS = (person_risk, segment_movement)
CHECKS = (*checks_of(*ASSETS), modelled_probability_holds)

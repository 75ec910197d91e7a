"""Cohorts: every definition of the library applied to everybody."""

import ibis

from phm.cohorts.definition import load_definitions
from phm.cohorts.evaluate import evaluate
from pipelines.defs.resources import Made, Workspace
from pipelines.defs.tables import checks_of, table_assets


@table_assets("cohort_member", group="cohorts", inputs=["person_feature"])
def cohort_member(work: Workspace, feature) -> Made:
    definitions = load_definitions()
    members = [evaluate(d, feature, reference_date=work.reference_date).member for d in definitions]
    return Made(ibis.union(*members), record={"definitions": {d.id: [d.version, d.sha256] for d in definitions}})


@table_assets("cohort_attrition", group="cohorts", inputs=["person_feature"])
def cohort_attrition(work: Workspace, feature) -> Made:
    steps = [evaluate(d, feature, reference_date=work.reference_date).attrition for d in load_definitions()]
    return Made(ibis.union(*steps))


ASSETS = (cohort_member, cohort_attrition)
CHECKS = checks_of(cohort_member, cohort_attrition)

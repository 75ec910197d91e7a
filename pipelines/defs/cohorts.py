"""Cohorts: every definition, shipped and the site's own, applied to everybody."""

from collections.abc import Iterator

import ibis

from phm.cohorts.definition import Definition, load_definitions
from phm.cohorts.evaluate import CohortResult, evaluate
from phm.cohorts.facts import FEATURES, HOLD, RISK, person_facts
from pipelines.defs.resources import Made, Workspace
from pipelines.defs.tables import checks_of, table_assets

FACTS = (FEATURES, RISK, HOLD)


@table_assets("cohort_member", group="cohorts", inputs=FACTS)
def cohort_member(work: Workspace, *facts) -> Made:
    results = list(_evaluated(work, *facts))
    hashes = {definition.id: [definition.version, definition.sha256] for definition, _ in results}
    return Made(ibis.union(*[result.member for _, result in results]), record={"definitions": hashes})


@table_assets("cohort_attrition", group="cohorts", inputs=FACTS)
def cohort_attrition(work: Workspace, *facts) -> Made:
    return Made(ibis.union(*[result.attrition for _, result in _evaluated(work, *facts)]))


def _evaluated(work: Workspace, feature, risk, hold) -> Iterator[tuple[Definition, CohortResult]]:
    for definition in load_definitions(work.settings.definitions):
        facts = person_facts(definition.id, feature, person_risk=risk, list_hold=hold)
        yield definition, evaluate(definition, facts, reference_date=work.reference_date)


ASSETS = (cohort_member, cohort_attrition)
CHECKS = checks_of(cohort_member, cohort_attrition)

"""Cohorts: every definition, shipped and the site's own, applied to everybody."""

import ibis

from phm.cohorts.definition import Definition
from phm.cohorts.evaluate import CohortResult, places, result_of
from phm.cohorts.facts import FEATURES, HOLD, RISK, person_facts
from pipelines.defs.resources import Made, Workspace
from pipelines.defs.tables import checks_of, table_assets

FACTS = (FEATURES, RISK, HOLD)


@table_assets("cohort_member", "cohort_attrition", group="cohorts", inputs=FACTS)
def cohort_member(work: Workspace, feature, risk, hold) -> tuple[Made, Made]:
    definitions = work.cohorts
    results = [_evaluated(work, definition, feature, risk, hold) for definition in definitions]
    hashes = {definition.id: [definition.version, definition.sha256] for definition in definitions}
    return (
        Made(ibis.union(*[result.member for result in results]), record={"definitions": hashes}),
        Made(ibis.union(*[result.attrition for result in results])),
    )


def _evaluated(work: Workspace, definition: Definition, feature, risk, hold) -> CohortResult:
    """Members and attrition, computed and kept; where everybody was placed is dropped again, it is the larger part."""
    columns = definition.columns | {"practice_code", "pcn_code"}
    facts = person_facts(definition.id, feature, person_risk=risk, list_hold=hold, columns=columns)
    placed = places(definition, facts, reference_date=work.reference_date).cache()
    result = result_of(definition, placed, reference_date=work.reference_date)
    return CohortResult(result.member.cache(), result.attrition.cache())


ASSETS = (cohort_member,)
CHECKS = checks_of(cohort_member)

"""`person_risk`: every score of everybody, put together.

Belongs here: who has a row and in what order scores are computed. What each means is in its own module.
"""

from datetime import date

from ibis.expr.types import Table

from phm.risk.explanations import explained, with_contributions
from phm.risk.multimorbidity import frailty, multimorbidity
from phm.risk.qrisk3 import by_sex
from phm.risk.qrisk3_inputs import Rules, inputs, why_not_computed
from phm.risk.segments import segment


def person_risk(person_feature: Table, /, *, reference_date: date, rules: Rules | None = None) -> Table:
    """`person_risk`: one row is one person registered and alive at the reference date, with their scores."""
    rules = rules or Rules()
    person = person_feature.filter(person_feature.is_registered, person_feature.is_alive)
    person = person.mutate(
        qrisk3_not_computed_reason=why_not_computed(person, rules=rules), **multimorbidity(person), **frailty(person)
    )
    scored = _scored(person.filter(person.qrisk3_not_computed_reason.isnull()), reference_date, rules)
    joined = person.left_join(scored, "person_id").drop("person_id_right")
    joined = joined.mutate(is_qrisk3_imputed=joined.is_qrisk3_imputed.fill_null(False))
    return joined.mutate(segment=segment(joined))


def _scored(eligible: Table, reference_date: date, rules: Rules) -> Table:
    """QRISK3 and what is said about it: one row is one person who gets a score."""
    added = by_sex(
        eligible,
        lambda formula, people: with_contributions(
            people, formula, inputs(people, formula, reference_date=reference_date, rules=rules)
        ),
    )
    # Without a copy in between, each column would repeat the whole formula, and the query would grow beyond reading.
    return by_sex(
        added.cache(),
        lambda formula, people: people.select("person_id", **explained(people, formula, rules=rules)),
    )

"""`person_risk`: every score of everybody, put together.

Belongs here: who has a row and in what order scores are computed. What each means is in its own module.
"""

from datetime import date

from ibis.expr.types import Table

from phm.risk.explanations import explained, given, in_words, with_contributions
from phm.risk.multimorbidity import frailty, multimorbidity
from phm.risk.qrisk3_inputs import Rules, inputs, why_not_computed
from phm.risk.segments import FEATURES, segment


def person_risk(person_feature: Table, /, *, reference_date: date, rules: Rules | None = None) -> Table:
    """`person_risk`: one row is one person registered and alive at the reference date, with their scores."""
    rules = rules or Rules()
    person = person_feature.filter(person_feature.is_registered, person_feature.is_alive)
    reason = why_not_computed(person, rules=rules)
    scored = _scored(person.filter(reason.isnull()), reference_date, rules)
    # Only what is asked for goes on: naming all features in every part of the query costs more than computing it.
    other = person.select(
        "person_id", *FEATURES, qrisk3_not_computed_reason=reason, **multimorbidity(person), **frailty(person)
    )
    joined = other.left_join(scored, "person_id").drop("person_id_right")
    joined = joined.mutate(is_qrisk3_imputed=joined.is_qrisk3_imputed.fill_null(False))
    return joined.mutate(segment=segment(joined))


def _scored(eligible: Table, reference_date: date, rules: Rules) -> Table:
    """QRISK3 and what is said about it: one row is one person who gets a score."""
    known = given(eligible, inputs(eligible, reference_date=reference_date, rules=rules))
    added = with_contributions(known, rules=rules)
    scored = added.select("person_id", **explained(added))
    return scored.mutate(qrisk3_explained=in_words(scored))

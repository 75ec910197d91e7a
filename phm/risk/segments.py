"""Segments: the whole population, each person in exactly one, and how people move between them.

Belongs here: the segments in their order of priority. They are for planning and follow the idea of whole-population
segmentation ('Bridges to Health'), not any published algorithm: every rule is local, for clinical sign-off.
"""

import ibis
from ibis.expr.types import IntegerValue, StringValue, Table

SEVERAL = 2
"""Long-term conditions from which a person has several."""

SEGMENTS = ("end_of_life", "frailty", "several_conditions", "one_condition", "maternity", "at_risk", "healthy")
"""In order of priority: the first that applies is a person's segment, `healthy` where none does."""

FEATURES = (
    "has_palliative_care", "has_moderate_or_severe_frailty", "is_pregnant", "is_postpartum", "smoking_status", "bmi",
    "latest_bp_systolic", "latest_bp_diastolic", "hba1c",
)  # fmt: skip
"""Columns of `person_feature` that say which segment, besides scores."""


def segment(risk: Table, /) -> StringValue:
    """The one segment of each person.

    `risk` has `FEATURES` and the scores. Frailty is a moderate or severe index at 65 and over, or
    the same recorded by a clinician; at risk is obesity, smoking, a raised latest blood pressure, HbA1c of 42 or more,
    or a QRISK3 of 10% or more.
    """
    raised = (risk.latest_bp_systolic >= 140) | (risk.latest_bp_diastolic >= 90)
    at_risk = (risk.bmi >= 30) | raised | (risk.hba1c >= 42) | (risk.qrisk3_pct >= 10)
    rules = {
        "end_of_life": risk.has_palliative_care,
        "frailty": risk.frailty_category.isin(["moderate", "severe"]) | risk.has_moderate_or_severe_frailty,
        "several_conditions": risk.condition_count >= SEVERAL,
        "one_condition": risk.condition_count == 1,
        "maternity": risk.is_pregnant | risk.is_postpartum,
        "at_risk": (risk.smoking_status == "current") | at_risk.fill_null(False),
    }
    assert (*rules, "healthy") == SEGMENTS
    return ibis.cases(*((rule.fill_null(False), name) for name, rule in rules.items()), else_="healthy")


def with_change(risk: Table, before: Table | None, /) -> Table:
    """`risk` with `segment_before` and `segment_change` of each person since the month published before.

    Parameters
    ----------
    risk, before
        `person_risk` of this month, at least `person_id` and `segment`, and of the month published before, if any.
        Who is not in that is `new`; where there is none, `segment_before` is `unknown` and the change empty.
    """
    if before is None:
        return risk.mutate(segment_before=ibis.literal("unknown"), segment_change=ibis.null("string"))
    earlier = before.select(earlier_id="person_id", segment_before="segment")
    both = risk.left_join(earlier, risk.person_id == earlier.earlier_id).drop("earlier_id")
    now, then = (_place(both[column]) for column in ("segment", "segment_before"))
    change = ibis.cases((then.isnull(), "new"), (now < then, "more_need"), (now > then, "less_need"), else_="same")
    return both.mutate(segment_before=both.segment_before.fill_null("new"), segment_change=change)


def segment_movement(risk: Table, person: Table, /) -> Table:
    """`segment_movement`: one row is one way from a segment to a segment in one practice, with how many people took it.

    `risk` has `segment` and `segment_before`; `person` is `core_person` or `person_feature` of this month: who is with
    which practice.
    """
    moved = risk.inner_join(person.select("person_id", "practice_code"), "person_id")
    return moved.group_by("practice_code", "segment_before", "segment").agg(person_count=moved.count())


def _place(name: StringValue) -> IntegerValue:
    """Place of a segment in the order of priority, the most need first."""
    return name.cases(*((segment_name, place) for place, segment_name in enumerate(SEGMENTS)))

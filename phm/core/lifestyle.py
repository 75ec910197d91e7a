"""How people live, as recorded: smoking, physical activity, and the support they were offered for either or for weight.

Belongs here: the columns of `person_feature` on habits. A status is what was recorded last; of several on one day the
one that asks for most support counts.
"""

import ibis
from ibis.expr.types import Table

from phm.core.days import day_number, day_of

STATUSES = {
    "smoking_status": {"smoking_never": "never", "smoking_ex": "ex", "smoking_current": "current"},
    "physical_activity": {
        "activity_active": "active",
        "activity_moderately_active": "moderately_active",
        "activity_moderately_inactive": "moderately_inactive",
        "activity_inactive": "inactive",
    },
}
"""Concepts of each status and what they say, the one that counts on a day with several last. Physical activity is the
index of the General Practice Physical Activity Questionnaire."""

SUPPORT_DATES = {
    "latest_smoking_support_date": "smoking_support",
    "latest_smoking_support_declined_date": "smoking_support_declined",
    "latest_weight_management_date": "weight_management",
    "latest_activity_support_date": "activity_support",
    "latest_social_prescribing_date": "social_prescribing",
}


def lifestyle_features(event: Table, /) -> Table:
    """Lifestyle columns of `person_feature`: one row is one person with any; `event` is up to the reference date."""
    said = [concept for words in STATUSES.values() for concept in words]
    event = event.filter(event.concept.isin([*said, *SUPPORT_DATES.values()]))
    concept, days = event.concept, day_number(event.event_date)
    keys = {}
    for name, words in STATUSES.items():
        rank = ibis.cases(*((concept == word, place) for place, word in enumerate(words)), else_=0)
        keys[name] = (days * 10 + rank).max(where=concept.isin(list(words)))
    support = {name: event.event_date.max(where=concept == of) for name, of in SUPPORT_DATES.items()}
    found = event.group_by("person_id").agg(**keys, **support)
    statuses = {}
    for name, words in STATUSES.items():
        rank = found[name] % 10
        statuses[name] = ibis.cases(*((rank == place, word) for place, word in enumerate(words.values())))
        statuses[f"{name}_date"] = day_of((found[name] // 10).cast("int64"))
    return found.select("person_id", *SUPPORT_DATES, **statuses)

"""Core and feature tables: who is registered where, what happened to them, and what definitions may ask about them."""

from collections.abc import Collection
from dataclasses import asdict

import ibis

from phm.core.codelists import code_list_hashes, load_code_lists
from phm.core.deprivation import check_match, check_vintages, match_people
from phm.core.events import events, issues, readings
from phm.core.features import person_features
from phm.core.geography import check_practices, practices
from phm.core.people import people
from phm.feeds.deliveries import incomplete_practices
from pipelines.defs.feeds import PRACTICE_TABLES
from pipelines.defs.resources import Made, Workspace
from pipelines.defs.tables import checks_of, table_assets

REGISTER_INPUTS = ("feed_gp_register", *(table for table in PRACTICE_TABLES if table != "feed_gp_register"))
EVENT_INPUTS = ("feed_gp_event", "feed_gp_medication", "feed_emergency_attendance", "core_person")


@table_assets(
    "core_geography", group="core", inputs=["feed_practice_membership", "feed_place_membership", *REGISTER_INPUTS]
)
def core_geography(work: Workspace, membership, places, register, *_) -> Made:
    was_delivered = work.records(["feed_place_membership"])["feed_place_membership"]["delivered"]
    map_of_places = places if was_delivered else None
    left_out = _left_out(work)
    icb_code = work.partition.icb_code
    remarks = check_practices(_without(register, left_out), membership, map_of_places, icb_code=icb_code)
    remarks += [f"Practice {code} is left out: {reason}." for code, reason in left_out.items()]
    return Made(practices(membership, map_of_places, icb_code=icb_code), remarks)


@table_assets(
    "core_person", group="core", inputs=["core_geography", "feed_deprivation", "feed_lsoa_lookup", *REGISTER_INPUTS]
)
def core_person(work: Workspace, geography, deprivation, lookup, register, *_) -> Made:
    register = _without(register, _left_out(work))
    check_vintages(register, deprivation, lookup)
    match = match_people(register, deprivation)
    remarks = check_match(match)
    rows = people(register, geography, deprivation, reference_date=work.reference_date)
    return Made(rows, remarks, {"deprivation": asdict(match)})


def _left_out(work: Workspace) -> dict[str, str]:
    """Practices that delivered in part, with what is missing."""
    return incomplete_practices(work.records(PRACTICE_TABLES))


def _without(register: ibis.Table, left_out: Collection[str]) -> ibis.Table:
    return register.filter(~register.practice_code.isin(list(left_out))) if left_out else register


@table_assets("core_event", "core_event_issue", group="core", inputs=EVENT_INPUTS)
def core_event(work: Workspace, gp_event, *others) -> tuple[Made, Made]:
    code_lists = load_code_lists(work.settings.code_lists)
    codes, person = ibis.memtable(code_lists), others[-1]
    paired = readings(gp_event, person, codes).cache()
    return (
        Made(events(gp_event, *others, codes, paired=paired), record={"code_lists": code_list_hashes(code_lists)}),
        Made(issues(gp_event, *others, codes, paired=paired)),
    )


@table_assets("person_feature", group="features", inputs=["core_event", "core_person"])
def person_feature(work: Workspace, event, person) -> Made:
    return Made(person_features(event, person, reference_date=work.reference_date))


ASSETS = (core_geography, core_person, core_event, person_feature)
CHECKS = checks_of(*ASSETS)

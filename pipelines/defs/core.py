"""Core and feature tables: who is registered where, what happened to them, and what definitions may ask about them."""

from dataclasses import asdict

import ibis

from phm.core.codelists import code_list_hashes, load_code_lists
from phm.core.deprivation import check_match, check_vintages, match_people
from phm.core.events import events, issues, readings
from phm.core.features import person_features
from phm.core.geography import check_practices, practices
from phm.core.people import people
from pipelines.defs.resources import Made, Workspace
from pipelines.defs.tables import checks_of, table_assets

EVENT_INPUTS = ("feed_gp_event", "feed_gp_medication", "feed_emergency_attendance", "core_person")


@table_assets(
    "core_geography", group="core", inputs=["feed_gp_register", "feed_practice_membership", "feed_place_membership"]
)
def core_geography(work: Workspace, register, membership, places) -> Made:
    was_delivered = work.store.version("feed_place_membership", work.partition, draft=True).record["delivered"]
    map_of_places = places if was_delivered else None
    icb_code = work.partition.icb_code
    remarks = check_practices(register, membership, map_of_places, icb_code=icb_code)
    return Made(practices(membership, map_of_places, icb_code=icb_code), remarks)


@table_assets(
    "core_person",
    group="core",
    inputs=["feed_gp_register", "core_geography", "feed_deprivation", "feed_lsoa_lookup"],
)
def core_person(work: Workspace, register, geography, deprivation, lookup) -> Made:
    check_vintages(register, deprivation, lookup)
    match = match_people(register, deprivation)
    remarks = check_match(match)
    rows = people(register, geography, deprivation, reference_date=work.reference_date)
    return Made(rows, remarks, {"deprivation": asdict(match)})


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

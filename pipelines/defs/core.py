"""Core and feature tables: who is registered where, what happened to them, and what definitions may ask about them."""

from collections.abc import Collection, Sequence

import ibis

from phm.core.boundary import out_of_area, pcn_boundary
from phm.core.codelists import code_list_hashes, load_code_lists
from phm.core.deprivation import check_match, match_people
from phm.core.events import events_by_kind, issues, readings
from phm.core.features import person_features
from phm.core.geography import check_practices, practices
from phm.core.homes import homes
from phm.core.memberships import is_older_than_map, map_as_at
from phm.core.people import people
from phm.core.vintages import fit_index
from phm.feeds.deliveries import incomplete_practices
from pipelines.defs.feeds import PRACTICE_TABLES
from pipelines.defs.resources import Made, Workspace
from pipelines.defs.tables import checks_of, table_assets

GEOGRAPHY_INPUTS = (
    "feed_place_membership",
    "feed_pcn_core_partner",
    "feed_practice_directory",
    "feed_practice_successor",
)
"""Optional feeds that say more about practices than the map does."""
REGISTER_INPUTS = ("feed_gp_register", *(table for table in PRACTICE_TABLES if table != "feed_gp_register"))
EVENT_INPUTS = ("feed_gp_event", "feed_gp_medication", "feed_emergency_attendance", "core_person")


@table_assets("core_geography", group="core", inputs=["feed_practice_membership", *GEOGRAPHY_INPUTS, *REGISTER_INPUTS])
def core_geography(work: Workspace, membership, places, partners, directory, successor, register, *_) -> Made:
    places, partners, *closed = _delivered(work, GEOGRAPHY_INPUTS, places, partners, directory, successor)
    as_at, icb_code, left_out = work.reference_date, work.partition.icb_code, _left_out(work)
    remarks = [f"Practice {code} is left out: {reason}." for code, reason in left_out.items()]
    if partners is not None and is_older_than_map(partners, membership, as_at=as_at):
        partners = None
        remarks.append("The practice map is newer than pcn_core_partner: PCNs are those of the map.")
    as_at_map = map_as_at(membership, partners, as_at=as_at).cache()
    register = _without(register, left_out)
    remarks += check_practices(register, as_at_map, places, *closed, icb_code=icb_code, as_at=as_at)
    return Made(practices(as_at_map, places, icb_code=icb_code), remarks)


@table_assets(
    "core_person", group="core", inputs=["core_geography", "feed_deprivation", "feed_lsoa_lookup", *REGISTER_INPUTS]
)
def core_person(work: Workspace, geography, deprivation, lookup, register, *_) -> Made:
    register = _without(register, _left_out(work))
    (lookup,) = _delivered(work, ["feed_lsoa_lookup"], lookup)
    where_people_live = homes(register).cache()
    index = fit_index(where_people_live, deprivation, lookup)
    match = match_people(where_people_live, index.areas)
    matched = f"Deprivation is {index.name}; areas matched: {match.mapping()}."
    remarks = [matched, f"{match.summary()}.", *check_match(match)]
    rows = people(register, geography, index.areas, reference_date=work.reference_date)
    return Made(rows, remarks, {"deprivation": match.record(), "deprivation_index": index.name})


@table_assets("core_pcn_boundary", group="core", inputs=["core_person", "core_geography"])
def core_pcn_boundary(work: Workspace, person, geography) -> Made:
    where_people_live = homes(person.filter("is_registered", "is_alive")).cache()
    far = out_of_area(where_people_live, geography)
    remark = f"Most people of {len(far)} practice(s) live outside the areas of the ICB: {', '.join(far)}."
    return Made(pcn_boundary(where_people_live, geography), [remark] if far else [])


def _delivered(work: Workspace, feeds: Sequence[str], *tables: ibis.Table) -> list[ibis.Table | None]:
    """Tables of optional feeds, in the order named; None for one that was not delivered."""
    records = work.records(feeds)
    return [table if records[feed]["delivered"] else None for feed, table in zip(feeds, tables, strict=True)]


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
        Made(
            events_by_kind(gp_event, *others, codes, paired=paired), record={"code_lists": code_list_hashes(code_lists)}
        ),
        Made(issues(gp_event, *others, codes, paired=paired)),
    )


@table_assets("person_feature", group="features", inputs=["core_event", "core_person"])
def person_feature(work: Workspace, event, person) -> Made:
    return Made(person_features(event, person, reference_date=work.reference_date))


ASSETS = (core_geography, core_person, core_pcn_boundary, core_event, person_feature)
CHECKS = checks_of(*ASSETS)

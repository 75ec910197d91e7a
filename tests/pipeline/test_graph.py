"""The Dagster graph: every table is an asset under its contract, guarded by checks that block what follows."""

import dagster as dg
import pytest

from phm.feeds.contracts import load_contracts
from pipelines.definitions import defs

ASSET_KEYS = """
area_attrition
case_finding_list
cohort_attrition
cohort_member
core_event
core_event_issue
core_geography
core_pcn_boundary
core_person
data_quality
feed_capacity
feed_community_asset
feed_deprivation
feed_emergency_attendance
feed_gp_event
feed_gp_medication
feed_gp_register
feed_lsoa_centroid
feed_lsoa_lookup
feed_pcn_core_partner
feed_place_membership
feed_practice_directory
feed_practice_list_size
feed_practice_membership
feed_practice_successor
linked_list
list_cascade
list_change
list_hold
list_outcome
list_wave
measure_value
pcn_asset
person_feature
person_risk
practice_list
publication
release_cell
release_sum
report
segment_movement
"""


def graph():
    return defs.resolve_asset_graph()


def test_asset_keys() -> None:
    assert sorted(key.to_user_string() for key in graph().get_all_asset_keys()) == ASSET_KEYS.split()


@pytest.mark.parametrize("name", [key for key in ASSET_KEYS.split() if key.startswith(("feed_", "core_"))])
def test_every_feed_and_core_table_has_blocking_checks(name: str) -> None:
    node = graph().get(dg.AssetKey(name))

    assert node.check_keys
    for key in node.check_keys:
        (spec,) = [s for c in defs.asset_checks for s in c.check_specs if s.key == key]
        assert spec.blocking or key.name == "agrees_with_list_sizes"  # a comparison, never of severity error


def test_every_contracted_table_shows_its_columns() -> None:
    others = ("feed", "reference", "quarantine", "vault")  # what landing writes beside a feed is no asset of its own
    contracted = {name for name, contract in load_contracts().items() if contract.layer not in others}
    by_key = {spec.key.to_user_string(): spec for asset in defs.assets for spec in asset.specs}

    for name in contracted:
        schema = by_key[name].metadata["dagster/column_schema"]
        assert [column.name for column in schema.columns] == list(load_contracts()[name].column_names)


def test_the_schedule_runs_on_london_time() -> None:
    (schedule,) = defs.schedules

    assert schedule.execution_timezone == "Europe/London"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.cron_schedule == "0 6 5 * *"

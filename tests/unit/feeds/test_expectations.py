"""Contracts held against whole tables: every rule gets a verdict, and no verdict holds a value."""

import datetime as dt
import json
from dataclasses import asdict

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from phm.errors import UnreadableFeed
from phm.feeds.contracts import load_contract
from phm.feeds.expectations import check_table, checks_of, summarise_failures
from phm.feeds.validation import validate
from tests.unit.feeds.delivered import REFERENCE_DATE, as_csv, events, people

IN_MAP = "practice_code_in_practice_membership"
"""The map of practices is not at hand in these tests: this rule could not be evaluated."""


@pytest.fixture
def checked(con):
    """Check landed files; results by rule id."""

    def run(contract, landing, reference_date=REFERENCE_DATE):
        results = check_table(
            con, contract, landing.accepted_files, reference_date=reference_date, landing=landing.record()
        )
        assert [result.rule_id for result in results] == list(checks_of(contract))
        return {result.rule_id: result for result in results}

    return run


@pytest.fixture
def geography(tmp_path):
    """`core_geography` with these changes in the columns of two good rows, as a Parquet file."""

    def write(**changes):
        contract = load_contract("core_geography")
        columns = {name: ["A", "B"] for name in contract.column_names}
        columns |= {
            "place_basis": ["sub_icb_location"] * 2,
            "pcn_basis": ["no_pcn"] * 2,
            "is_pcn_spanning": [False] * 2,
        }
        columns = {k: v for k, v in {**columns, **changes}.items() if v is not None}
        path = tmp_path / "geography.parquet"
        pq.write_table(pa.table(columns), path)
        return [path]

    return write


def test_a_good_delivery_passes_every_rule(deliver, landed, checked, gp_event):
    found = checked(
        gp_event, landed(gp_event, deliver("gp_event/M85001.csv", as_csv(events({}, {"event_date": "2026-10-30"}))))
    )
    assert {name for name, result in found.items() if result.status != "passed"} == {IN_MAP}
    assert found["has_rows"].observed == 2
    assert found["event_date_fresh"].observed == 1
    assert summarise_failures(found.values()) is None


def test_rows_set_aside_at_landing_warn_and_their_share_decides(deliver, landed, checked, gp_event):
    bad = {"source": "friend", "record_id": "900"}
    found = checked(gp_event, landed(gp_event, deliver("gp_event/M85001.csv", as_csv(events(*[{}] * 24, bad)))))
    known = found["source_known"]
    assert (known.status, known.severity, known.observed) == ("failed", "warning", 1)
    share = found["rejected_percent"]
    assert (share.status, share.severity, share.observed, share.threshold) == ("failed", "error", 4.0, ">= 0 and <= 2")
    assert "rejected_percent is 4 percent, must be >= 0 and <= 2" in str(summarise_failures(found.values()))


@pytest.mark.parametrize(("days_late", "status"), [(0, "passed"), (1, "failed")])
def test_a_feed_for_another_month_is_not_fresh(deliver, landed, checked, gp_register, days_late, status):
    days = gp_register.freshness.days + days_late
    rows = people({"extract_date": str(REFERENCE_DATE - dt.timedelta(days=days))})
    landing = landed(gp_register, deliver("gp_register/M85001.csv", as_csv(rows)))
    fresh = checked(gp_register, landing)["extract_date_fresh"]
    assert (fresh.status, fresh.observed, fresh.unit) == (status, days, "days")
    assert f"newest extract_date is between 0 and {gp_register.freshness.days} days old" in fresh.description


def test_a_feed_from_the_future_is_not_fresh(deliver, landed, checked, gp_register):
    rows = people({"extract_date": "2026-11-30"})
    found = checked(gp_register, landed(gp_register, deliver("gp_register/M85001.csv", as_csv(rows))))
    assert found["extract_date_fresh"].observed == -30
    assert "extract_date_fresh is -30 days" in str(summarise_failures(found.values()))


def test_a_share_of_missing_values_is_held_against_its_limit(deliver, landed, checked, gp_register):
    rows = people({"lsoa_code": ""}, {"registration_date": "2021-01-01"})
    found = checked(gp_register, landed(gp_register, deliver("gp_register/M85001.csv", as_csv(rows))))
    share = found["lsoa_code_complete"]
    assert (share.status, share.observed, share.threshold) == ("failed", 50.0, "<= 5")
    assert summarise_failures(found.values()) is None, "a warning does not stop anything"


def test_a_derived_table_is_held_against_its_rules(con, geography):
    contract = load_contract("core_geography")
    files = geography(practice_code=["A", "A"], place_basis=["guess", "sub_icb_location"], pcn_code=["U", None])
    broken = {r.rule_id: r.observed for r in check_table(con, contract, files) if r.status == "failed"}
    assert broken == {"one_row_per_practice": 1, "place_basis_known": 1, "pcn_code_present": 1}


def test_rules_on_a_missing_column_could_not_be_evaluated_and_the_column_is_named(con, geography):
    results = check_table(con, load_contract("core_geography"), geography(pcn_code=None, pcn_name=[1, 2]))
    found = {result.rule_id: result for result in results}
    columns = found["columns_as_contracted"]
    assert (columns.status, columns.observed) == ("failed", 2)
    assert columns.description.endswith("Not so: pcn_code, pcn_name.")
    assert (found["pcn_code_present"].status, found["pcn_code_present"].observed) == ("could_not_evaluate", None)
    assert found["practice_code_present"].status == "passed"
    assert "pcn_code_present could not be evaluated" in str(summarise_failures(results))


def test_an_empty_table_fails_its_row_count(con, geography):
    nothing = dict.fromkeys(load_contract("core_geography").column_names, pa.array([], pa.string()))
    files = geography(**nothing | {"is_pcn_spanning": pa.array([], pa.bool_())})
    broken = [
        result.rule_id
        for result in check_table(con, load_contract("core_geography"), files)
        if result.status != "passed"
    ]
    assert broken == ["has_rows", IN_MAP]


def test_without_the_record_of_landing_rules_on_identifiers_could_not_be_evaluated(con, deliver, landed, gp_event):
    landing = landed(gp_event, deliver("gp_event/M85001.csv", as_csv(events({}))))
    results = check_table(con, gp_event, landing.accepted_files, reference_date=REFERENCE_DATE)
    unknown = [result.rule_id for result in results if result.status == "could_not_evaluate"]
    assert {"nhs_number_present", "nhs_number_check_digit", "rejected_percent"} <= set(unknown)
    landed_results = check_table(con, gp_event.landed(), landing.accepted_files, reference_date=REFERENCE_DATE)
    assert next(r.status for r in landed_results if r.rule_id == "person_id_pattern") == "passed"


def test_results_hold_no_value(deliver, landed, checked, gp_register, capfd, caplog):
    caplog.set_level(0)
    rows = people({}, {"usual_clinician": "CANARY", "sex": "CANARY"}, {"nhs_number": "9990000019"})
    found = checked(gp_register, landed(gp_register, deliver("gp_register/M85001.csv", as_csv(rows))))
    told = json.dumps([asdict(result) for result in found.values()]) + "".join(capfd.readouterr()) + caplog.text
    assert "CANARY" not in told
    assert "999000" not in told
    assert "1980" not in told


def test_a_file_is_validated_on_its_own(deliver, gp_event, tmp_path):
    path = deliver("gp_event/M85001.csv", as_csv(events({}, {"source": "friend"})))
    before = sorted(tmp_path.rglob("*"))
    found = {result.rule_id: result for result in validate(path, gp_event, reference_date=REFERENCE_DATE).results}
    assert found["source_known"].observed == 1
    assert found["rejected_percent"].observed == 50
    assert sorted(tmp_path.rglob("*")) == before, "nothing is written beside it"


def test_a_folder_of_practice_files_is_validated_together(deliver, gp_event):
    deliver("gp_event/M85001.csv", as_csv(events({})))
    folder = deliver("gp_event/M85002.csv", as_csv(events({"practice_code": "M85002"}))).parent
    found = {result.rule_id: result for result in validate(folder, gp_event, reference_date=REFERENCE_DATE).results}
    assert found["has_rows"].observed == 2


def test_a_folder_without_files_is_named(tmp_path, gp_event):
    with pytest.raises(UnreadableFeed, match="holds no file"):
        validate(tmp_path, gp_event, reference_date=dt.date(2026, 10, 31))

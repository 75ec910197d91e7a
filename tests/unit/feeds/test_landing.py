"""Landing: nothing is lost, every reason is given, identifiers are replaced, same files give same bytes."""

import datetime as dt
import gzip
import hashlib
import stat
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phm.errors import CheckFailed, UnreadableFeed
from phm.feeds.contracts import load_contract
from phm.feeds.expectations import check_table
from phm.feeds.landing import check_rejected
from phm.governance.pseudonyms import Pseudonymiser
from phm.nhs_numbers import nhs_numbers
from tests.conftest import SAMPLE
from tests.unit.feeds.delivered import GOOD_EVENT, REFERENCE_DATE, as_csv, events, people

SOMEONE = Pseudonymiser.demo().person_ids(["9990000018"])[0].as_py()


def _reasons(landing, rows) -> dict[int, str]:
    return {row["row_number"]: row["rule_ids"] for row in rows(*landing.quarantine_files)}


def test_a_good_row_becomes_typed_values_under_a_pseudonym(deliver, landed, rows, gp_event):
    landing = landed(gp_event, deliver("gp_event/M85001.csv", as_csv(events({"value": "132.5"}))))
    assert rows(*landing.accepted_files) == [
        {
            "practice_code": "M85001",
            "person_id": SOMEONE,
            "record_id": 1,
            "parent_record_id": None,
            "event_date": dt.date(2026, 10, 1),
            "snomed_code": "44054006",
            "value": 132.5,
            "source": "practice",
        }
    ]
    assert (landing.delivered, landing.accepted, landing.quarantined) == (1, 1, 0)


def test_a_rejected_row_carries_all_its_reasons_and_nothing_else(deliver, landed, rows, gp_event):
    bad = {"nhs_number": "9990000019", "event_date": "2027-01-01", "snomed_code": "", "source": "friend"}
    landing = landed(gp_event, deliver("gp_event/M85001.csv", as_csv(events({}, bad))))
    assert rows(*landing.quarantine_files) == [
        {
            "source_file": "gp_event/M85001.csv",
            "row_number": 2,
            "rule_ids": "nhs_number_check_digit;event_not_in_future;snomed_code_present;source_known",
            "practice_code": "M85001",
        }
    ]
    assert landing.rejections["snomed_code_present"] == 1
    assert landing.rejections["practice_code_present"] == 0, "a rule no row breaks is there with 0"


def test_a_value_that_cannot_be_read_is_not_also_called_missing(deliver, landed, rows, gp_event):
    landing = landed(gp_event, deliver("gp_event/M85001.csv", as_csv(events({"event_date": "yesterday"}))))
    assert _reasons(landing, rows) == {1: "event_date_readable"}


def test_whatever_stands_in_place_of_a_practice_code_is_not_copied_into_quarantine(deliver, landed, rows, gp_event):
    shifted = {"practice_code": "9990000018", "nhs_number": "M85001"}
    landing = landed(gp_event, deliver("gp_event/M85001.csv", as_csv(events({}, shifted))))
    (row,) = rows(*landing.quarantine_files)
    assert row["practice_code"] is None
    assert "practice_code_pattern" in row["rule_ids"]


def test_a_record_of_another_shape_has_that_as_its_only_reason(deliver, landed, rows, gp_event):
    content = as_csv(events({}, {})) + "M85001,9990000018\n"
    landing = landed(gp_event, deliver("gp_event/M85001.csv", content))
    assert _reasons(landing, rows) == {3: "record_shape"}


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("record_id", "7", 7),
        ("record_id", "7.0", 7),
        ("record_id", "29,199", 29199),
        ("record_id", "1,234,567.00", 1234567),
        ("record_id", "7.5", None),
        ("record_id", "1e3", None),
        ("record_id", "12,34", None),
        ("record_id", "99999999999999999999", None),
        ("value", "5", 5.0),
        ("value", "1,234.5", 1234.5),
        ("value", "-0.25", -0.25),
        ("value", "1,5", None),
        ("value", "inf", None),
        ("value", "five", None),
        ("event_date", "2026-10-01", dt.date(2026, 10, 1)),
        ("event_date", "01/10/2026", dt.date(2026, 10, 1)),
        ("event_date", "20261001", dt.date(2026, 10, 1)),
        ("event_date", "2026-13-01", None),
        ("event_date", "2026-02-29", None),
    ],
)
def test_text_is_read_exactly_or_not_at_all(deliver, landed, rows, gp_event, column, text, value):
    landing = landed(gp_event, deliver("gp_event/M85001.csv", as_csv(events({column: text}))))
    if value is None:
        assert _reasons(landing, rows) == {1: f"{column}_readable"}
    else:
        assert rows(*landing.accepted_files)[0][column] == value


def test_not_a_number_is_no_value(deliver, landed, rows, gp_event):
    landing = landed(gp_event, deliver("gp_event/M85001.csv", as_csv(events({"value": "NaN"}))))
    assert rows(*landing.accepted_files)[0]["value"] is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("Y", True), ("1", True), ("FALSE", False), ("n", False), ("0", False), ("", None)],
)
def test_truth_is_written_in_several_ways(deliver, landed, rows, gp_register, text, value):
    landing = landed(gp_register, deliver("gp_register/M85001.csv", as_csv(people({"is_safe_to_text": text}))))
    assert rows(*landing.accepted_files)[0]["is_safe_to_text"] is value


def test_maybe_is_no_truth(deliver, landed, rows, gp_register):
    landing = landed(gp_register, deliver("gp_register/M85001.csv", as_csv(people({"is_safe_to_text": "maybe"}))))
    assert _reasons(landing, rows) == {1: "is_safe_to_text_readable"}


def test_published_dates_are_read(deliver, landed, rows):
    contract = load_contract("practice_membership")
    row = {column.headers[0]: "X" for column in contract.columns}
    row |= {"PRACTICE_CODE": "M85001", "PCN_CODE": "U", "SUB_ICB_LOCATION_CODE": "15E", "ICB_CODE": "QHL"}
    row |= {"COMM_REGION_CODE": "Y60"}
    texts = ("01Oct2026", "01OCT2026", "01-Oct-26", "2026-10-01")
    content = as_csv({**row, "EXTRACT_DATE": text, "PRACTICE_CODE": f"M8500{i}"} for i, text in enumerate(texts))
    landing = landed(contract, deliver("gp-reg-pat-prac-map.csv", content))
    assert {row["extract_date"] for row in rows(*landing.accepted_files)} == {dt.date(2026, 10, 1)}


@pytest.mark.parametrize(
    ("born", "reference_date", "age"),
    [
        ("1980-10-31", dt.date(2026, 10, 31), 46),
        ("1980-11-01", dt.date(2026, 10, 31), 45),
        ("2026-10-31", dt.date(2026, 10, 31), 0),
        ("2000-02-29", dt.date(2026, 2, 28), 25),
        ("2000-02-29", dt.date(2026, 3, 1), 26),
        ("2000-02-29", dt.date(2028, 2, 29), 28),
        ("1999-12-31", dt.date(2026, 1, 1), 26),
    ],
)
def test_age_is_in_completed_years(deliver, landed, rows, gp_register, born, reference_date, age):
    dates = {"extract_date": f"{reference_date}", "registration_date": f"{reference_date}", "date_of_birth": born}
    file = deliver("gp_register/M85001.csv", as_csv(people(dates)))
    assert rows(*landed(gp_register, file, reference_date=reference_date).accepted_files)[0]["age"] == age


def test_of_repeated_rows_the_first_acceptable_one_stays(deliver, landed, rows, gp_event):
    same = {"record_id": "5"}
    content = as_csv(events({**same, "source": "friend"}, {**same, "value": "1"}, {}, {**same, "value": "2"}))
    landing = landed(gp_event, deliver("gp_event/M85001.csv", content))
    assert [row["value"] for row in rows(*landing.accepted_files)] == [1.0, None]
    assert _reasons(landing, rows) == {1: "source_known", 4: "one_row_per_record"}
    assert landing.rejections["one_row_per_record"] == 1


def test_rows_of_two_files_repeat_each_other_where_no_practice_parts_them(deliver, landed, rows):
    contract = load_contract("emergency_attendance")
    row = {
        "attendance_id": "A1",
        "nhs_number": "9990000018",
        "arrival_date": "2026-10-05",
        "provider_code": "RJE",
        "department_type": "01",
    }
    files = [deliver(f"emergency_attendance_{i}.csv", as_csv([row])) for i in (1, 2)]
    landing = landed(contract, *files)
    assert (landing.accepted, landing.quarantined) == (1, 1)
    assert rows(*landing.quarantine_files)[0]["source_file"] == "emergency_attendance_2.csv"


def test_a_warning_is_counted_and_the_row_stays(deliver, landed, gp_register):
    landing = landed(gp_register, deliver("gp_register/M85001.csv", as_csv(people({"lsoa_code": "unknown"}))))
    assert landing.warnings == {"lsoa_code_shape": 1}
    assert (landing.accepted, landing.quarantined) == (1, 0)


def test_a_file_named_after_another_practice_is_refused(deliver, landed, gp_event):
    good = deliver("gp_event/M85001.csv", as_csv(events({})))
    other = deliver("gp_event/M85002.csv", as_csv(events({}, {})))
    with pytest.raises(UnreadableFeed, match=r"another practice than the one inside: M85001 \(gp_event/M85002.csv\)"):
        landed(gp_event, good, other)


def test_a_practice_delivered_twice_is_refused(deliver, landed, gp_event):
    content = as_csv(events({}))
    files = [
        deliver("gp_event/M85001.csv", content),
        deliver("gp_event/M85001.csv.gz", gzip.compress(content.encode())),
    ]
    with pytest.raises(UnreadableFeed, match=r"delivered twice \(M85001.csv, M85001.csv.gz\)"):
        landed(gp_event, *files)


def test_one_stray_row_of_another_practice_refuses_the_file(deliver, landed, gp_event):
    content = as_csv(events({}, {"practice_code": "M99999"}))
    with pytest.raises(UnreadableFeed, match="M99999"):
        landed(gp_event, deliver("gp_event/M85001.csv", content))


def test_an_error_in_the_middle_of_reading_keeps_its_kind_and_text(deliver, landed, gp_event):
    good = deliver("gp_event/M85001.csv", as_csv(events({})))
    stray = as_csv(events({}, {}, {})).replace("practice\n", 'prac"tice\n', 2).replace("M85001", "M85002")
    with pytest.raises(UnreadableFeed, match=r"were counted but .* parsed \(gp_event/M85002.csv\)"):
        landed(gp_event, good, deliver("gp_event/M85002.csv", stray))


def test_files_that_fail_are_left_out_as_far_as_the_contract_allows(deliver, landed, rows, gp_event):
    of_practice = {code: as_csv(events({"practice_code": code})) for code in ("M85001", "M85003", "M85004")}
    stray = as_csv(events({}, {}, {})).replace("practice\n", 'prac"tice\n', 2).replace("M85001", "M85005")
    files = [
        deliver("gp_event/M85001.csv", of_practice["M85001"]),
        deliver("gp_event/M85002.csv", of_practice["M85003"]),
        deliver("gp_event/M85004.csv", of_practice["M85004"]),
        deliver("gp_event/M85005.csv", stray),
        deliver("gp_event/M85006.csv", ""),
    ]
    landing = landed(replace(gp_event, max_failed_files_percent=60), *files)
    assert {file.name: file.reason for file in landing.failed_files} == {
        "gp_event/M85002.csv": "A practice file is named after another practice than the one inside: M85003",
        "gp_event/M85005.csv": "2 records were counted but 3 parsed",
        "gp_event/M85006.csv": "A delivered file is empty",
    }
    assert [row["practice_code"] for row in rows(*landing.accepted_files)] == ["M85001", "M85004"]
    assert [file.name for file in landing.files] == ["gp_event/M85001.csv", "gp_event/M85004.csv"]
    assert landing.delivered == landing.accepted == 2
    with pytest.raises(UnreadableFeed, match=r"M8500[256]"):
        landed(replace(gp_event, max_failed_files_percent=59), *files)


def test_too_many_rejected_rows_are_named_with_rules_counts_and_the_worst_file(deliver, landed, gp_event):
    first = deliver("gp_event/M85001.csv", as_csv(events(*[{}] * 50, {"source": "friend"})))
    second_rows = events(*[{"practice_code": "M85002"}] * 10, *[{"practice_code": "M85002", "value": "x"}] * 3)
    landing = landed(gp_event, first, deliver("gp_event/M85002.csv", as_csv(second_rows)))
    with pytest.raises(CheckFailed) as caught:
        check_rejected(landing, gp_event)
    assert caught.value.what == (
        "4 of 64 rows were rejected (6.25%, allowed are 2%): value_readable 3, source_known 1; "
        "most of them in gp_event/M85002.csv (3)"
    )
    check_rejected(landing, replace(gp_event, max_rejected_percent=6.25))


def test_files_are_counted_one_by_one(deliver, landed, gp_event):
    first = deliver("gp_event/M85001.csv", as_csv(events({}, {"source": "friend"})))
    second = deliver("gp_event/M85002.csv", as_csv(events({"practice_code": "M85002"})))
    landing = landed(gp_event, second, first)
    counts = [(f.name, f.delivered, f.accepted, f.quarantined) for f in landing.files]
    assert counts == [("gp_event/M85001.csv", 2, 1, 1), ("gp_event/M85002.csv", 1, 1, 0)]
    assert landing.files[0].sha256 == hashlib.sha256(first.read_bytes()).hexdigest()
    assert landing.record()["files"][0]["name"] == "gp_event/M85001.csv"


def test_identities_are_one_row_per_person_the_latest_registration(deliver, landed, rows, gp_register):
    first = as_csv(people({"registration_date": "2020-01-01"}, {"nhs_number": "9990000026"}))
    later = {"practice_code": "M85002", "registration_date": "2024-01-01"}
    second = as_csv(people(later, {**later, "nhs_number": "9990000026", "registration_date": "2020-05-01"}))
    files = [deliver("gp_register/M85001.csv", first), deliver("gp_register/M85002.csv", second)]
    landing = landed(gp_register, *files)
    found = {row["nhs_number"]: row["practice_code"] for row in rows(landing.identity_file)}
    assert found == {"9990000018": "M85002", "9990000026": "M85001"}
    assert landing.accepted == 4, "both registrations are landed"
    (someone,) = (row for row in rows(landing.identity_file) if row["nhs_number"] == "9990000018")
    assert someone["person_id"] == SOMEONE
    assert someone["date_of_birth"] == dt.date(1980, 1, 31)


@pytest.mark.skipif("os.name != 'posix'", reason="permission bits exist on POSIX only")
def test_identities_are_for_their_owner_only(deliver, landed, gp_register):
    landing = landed(gp_register, deliver("gp_register/M85001.csv", as_csv(people({}))))
    assert stat.S_IMODE(landing.identity_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(landing.identity_file.parent.stat().st_mode) == 0o700


def test_without_a_vault_no_identities_are_written(deliver, landed, gp_register, tmp_path):
    landing = landed(gp_register, deliver("gp_register/M85001.csv", as_csv(people({}))), vault=None)
    assert landing.identity_file is None
    assert not list(tmp_path.glob("**/identity"))


def test_no_identifier_leaves_landing(deliver, landed, rows, gp_register, gp_event, capfd, caplog, con):
    caplog.set_level(0)
    register = deliver("gp_register/M85001.csv", as_csv(people({}, {"nhs_number": "9990000026", "sex": "?"})))
    event = deliver("gp_event/M85001.csv", as_csv(events({}, {"nhs_number": "99900000 18"})))
    for landing in (landed(gp_register, register), landed(gp_event, event)):
        content = b"".join(path.read_bytes() for path in (*landing.accepted_files, *landing.quarantine_files))
        text = repr(landing) + repr(rows(*landing.accepted_files, *landing.quarantine_files)) + repr(landing.record())
        for secret in ("9990000018", "9990000026", "99900000 18", "1980-01-31", "1980, 1, 31"):
            assert secret not in text
            assert secret.encode() not in content
    assert "999000" not in "".join(capfd.readouterr()) + caplog.text
    assert con.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (0,), "no temporary table is left"


def test_same_files_give_same_bytes_however_many_are_landed_at_a_time(deliver, landed, gp_register, con):
    numbers = [f"99900000{n}" for n in ("18", "26", "34", "42", "50", "69", "77", "85", "93")]
    files = [
        deliver(
            f"gp_register/M8500{i}.csv",
            as_csv(people(*({"nhs_number": n, "practice_code": f"M8500{i}"} for n in numbers))),
        )
        for i in range(5)
    ]
    files.append(
        deliver(
            "gp_register/M85005.csv",
            as_csv(people({"practice_code": "M85005"}, {"practice_code": "M85005", "sex": "?"})),
        )
    )
    results = []
    for threads in (1, 4):
        con.execute(f"SET threads = {threads}")
        landing = landed(gp_register, *(files if threads == 1 else reversed(files)))
        parts = (*landing.accepted_files, *landing.quarantine_files, landing.identity_file)
        results.append([(path.name, path.read_bytes()) for path in parts])
    assert results[0] == results[1]
    assert (len(landing.accepted_files), landing.quarantined) == (6, 1)


@pytest.mark.parametrize("threads", [1, 2])
def test_rows_stay_in_the_order_of_their_file(deliver, landed, rows, gp_event, con, threads):
    """Also where there are as many people as rows: an engine may join them from either side."""
    con.execute(f"SET threads = {threads}")
    numbers = nhs_numbers(0, 5000, total_count=5000)
    changes = [{"nhs_number": str(n), "record_id": str(len(numbers) - i)} for i, n in enumerate(numbers)]
    files = [
        deliver(f"gp_event/{code}.csv", as_csv(events(*({**change, "practice_code": code} for change in changes))))
        for code in ("M85001", "M85002")
    ]
    for part in landed(gp_event, *files).accepted_files:
        assert [row["record_id"] for row in rows(part)] == list(range(len(numbers), 0, -1))


def test_an_optional_feed_that_was_not_delivered_lands_as_an_empty_table(landed, rows):
    landing = landed(load_contract("place_membership"))
    assert (landing.delivered, landing.accepted, landing.quarantined) == (0, 0, 0)
    assert len(landing.accepted_files) == 1
    assert rows(*landing.accepted_files) == []


CELLS = st.dictionaries(
    st.sampled_from(sorted(GOOD_EVENT)),
    st.sampled_from(
        ["", " ", "x", "0", "-1", "2026-10-01", "1900-01-01", "9990000026", 'say "a"', "a\nb", "é", "1,000", "M85001"]
    ),
    max_size=3,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.lists(CELLS, min_size=1, max_size=8), st.lists(st.integers(0, 8), max_size=2))
def test_every_record_of_any_delivery_is_accepted_or_quarantined(deliver, landed, rows, gp_event, changes, cut):
    one_practice = [change for change in changes if change.get("practice_code") != "M85002"]
    lines = [as_csv(events(change)).removeprefix(",".join(GOOD_EVENT) + "\n") for change in one_practice]
    lines += [f"M85001,{'x,' * fields}\n" for fields in cut if fields != 6]
    if not lines:
        return
    landing = landed(gp_event, deliver("gp_event/M85001.csv", ",".join(GOOD_EVENT) + "\n" + "".join(lines)))
    assert landing.delivered == len(lines) == landing.accepted + landing.quarantined
    assert len(rows(*landing.accepted_files)) == landing.accepted
    quarantined = rows(*landing.quarantine_files)
    assert len({row["row_number"] for row in quarantined}) == landing.quarantined
    assert all(row["rule_ids"] for row in quarantined)


def test_a_lost_record_is_noticed(deliver, landed, gp_event, monkeypatch):
    file = deliver("gp_event/M85001.csv", as_csv(events({}, {})))
    monkeypatch.setattr("phm.feeds.staging.Stage.tally", lambda self: [(0, 0, 1)])
    with pytest.raises(CheckFailed, match=r"2 records were to be accounted for, 1 were \(gp_event/M85001.csv\)"):
        landed(gp_event, file)


def test_the_reference_date_is_an_argument(deliver, landed, gp_event):
    file = deliver("gp_event/M85001.csv", as_csv(events({"event_date": "2026-10-31"})))
    assert landed(gp_event, file, reference_date=REFERENCE_DATE).accepted == 1
    assert landed(gp_event, file, reference_date=REFERENCE_DATE - dt.timedelta(days=1)).accepted == 0


def test_what_landing_writes_beside_a_feed_is_as_its_contract_says(con, deliver, landed, gp_register):
    bad = {"nhs_number": "9990000019", "date_of_birth": ""}
    landing = landed(gp_register, deliver("gp_register/M85001.csv", as_csv(people({}, bad))))
    areas = (SAMPLE / "2026-10" / "QZZ" / "lsoa_2011_to_2021.csv").read_bytes() + b",,,,,,,,\n"
    lookup = landed(load_contract("lsoa_lookup"), deliver("lsoa_2011_to_2021.csv", areas))
    for name, files in (
        ("identity", [landing.identity_file]),
        ("quarantine", landing.quarantine_files),
        ("quarantine", lookup.quarantine_files),
    ):
        results = check_table(con, load_contract(name), files)
        assert {result.status for result in results} == {"passed"}, name
    assert (landing.quarantined, lookup.quarantined) == (1, 1)

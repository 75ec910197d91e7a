"""`phm cohorts` on a published month: counts of a practice, overlap, and why a person is where they are."""

import csv
import json
import shutil
from collections import Counter

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from phm.cli import app
from phm.errors import ConfigurationError, DisclosureError, StoreError
from phm.store import Store
from tests.conftest import SAMPLE_PARTITION

PRACTICE = "Y99001"
COHORT = "possible_undiagnosed_hypertension"


@pytest.fixture
def store(published_home, tmp_path, monkeypatch) -> Store:
    home = shutil.copytree(published_home, tmp_path / "home")
    monkeypatch.setenv("PHM_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    return Store(home)


def cohorts(*arguments, typed=None):
    answer = CliRunner().invoke(app, ["cohorts", *arguments], input=typed, catch_exceptions=False)
    assert answer.exit_code == 0
    return answer.stdout


def rows(store, table):
    return [row for f in store.files(table, SAMPLE_PARTITION) for row in pq.read_table(f).to_pylist()]


def test_a_preview_of_a_published_definition_counts_what_was_published(store):
    told = [line.split("\t") for line in cohorts("preview", COHORT, "--practice", PRACTICE).splitlines()]
    steps = [row for row in rows(store, "cohort_attrition") if row["cohort_id"] == COHORT]
    steps = sorted((row for row in steps if row["practice_code"] == PRACTICE), key=lambda row: row["step_order"])
    assert [row[1:4] for row in told[2 : 2 + len(steps)]] == [
        [step["label"], f"{step['person_count']:,}", f"{step['remaining_count']:,}"] for step in steps
    ]


def test_overlap_counts_every_person_of_the_practice_once(store):
    told = [line.split("\t") for line in cohorts("overlap", "--practice", PRACTICE).splitlines()]
    counts = [int(row[-2].replace(",", "")) for row in told if set(row[0]) <= {"●", "·"}]
    listed = {
        row["person_id"]
        for row in rows(store, "cohort_member")
        if row["practice_code"] == PRACTICE
        and row["output"] == "list"
        and row["cohort_id"] != "frequent_emergency_attenders"
    }
    assert sum(counts) == len(listed) > 0


def test_overlap_of_a_pcn_is_drawn_too(store, tmp_path):
    told = cohorts("overlap", "--pcn", "U99901", "--svg", str(tmp_path / "overlap.svg"))
    drawn = (tmp_path / "overlap.svg").read_text(encoding="utf-8")
    sizes = [line.split(": ")[1].removesuffix(" people") for line in told.splitlines()[1:] if line.endswith(" people")]
    assert len(sizes) > 1 and all(f": {size}</text>" in drawn for size in sizes)
    assert drawn.startswith("<svg") and "<script" not in drawn


def test_a_funnel_is_what_was_published_and_withholds_what_was_withheld(store):
    told = [line.split("\t") for line in cohorts("funnel", COHORT).splitlines()]
    steps = [row for row in rows(store, "area_attrition") if row["cohort_id"] == COHORT and row["area_type"] == "icb"]
    steps = sorted(steps, key=lambda row: row["step_order"])
    assert [[row[1], row[3]] for row in told[2:]] == [
        [step["label"], "withheld" if step["person_count"] is None else f"{step['person_count']:,}"] for step in steps
    ]
    assert "withheld" in {row[3] for row in told[2:]}
    of_pcn = cohorts("funnel", COHORT, "--pcn", "U99901", "--markdown").splitlines()
    assert "(U99901)" in of_pcn[0] and of_pcn[3].startswith("| --- | --- | --- | ---: |")
    with pytest.raises(StoreError, match="No steps"):
        cohorts("funnel", COHORT, "--pcn", "U00000")


def test_the_weeks_of_a_list_are_those_of_its_plan(store):
    answer = CliRunner().invoke(app, ["lists", "weeks", COHORT, "--practice", PRACTICE], catch_exceptions=False)
    (every,) = [line.split("\t")[1:] for line in answer.stdout.splitlines() if line.startswith("all\t")]
    planned = [r for r in rows(store, "list_wave") if r["cohort_id"] == COHORT and r["practice_code"] == PRACTICE]
    weeks = Counter(row["wave"] for row in planned)
    assert [int(count.replace(",", "")) for count in every] == [weeks[w] for w in (0, 1, 2, 3, 4, 5, 6, None)]


def test_staff_of_a_pcn_get_what_is_assigned_to_them_and_no_more(store, tmp_path):
    pulled = ["lists", "pull", "--pcn", "U99901", "--assigned", "--format", "csv", "--out", str(tmp_path / "out")]
    answer = CliRunner().invoke(app, [*pulled, "--reason", "PCN clinic"], catch_exceptions=False)
    assert answer.exit_code == 0
    files = [f for f in (tmp_path / "out").glob("*_assigned*.csv") if "_cover" not in f.name]
    found = {line[0] for f in files for line in list(csv.reader(f.read_text("utf-8-sig").splitlines()))[1:]}
    numbers = {row["person_id"]: row["nhs_number"] for row in rows(store, "identity")}
    wave = [row for row in rows(store, "list_wave") if row["cohort_id"] == COHORT and row["pcn_code"] == "U99901"]
    assert found == {numbers[row["person_id"]] for row in wave if row["seen_by"] == "pcn"} != set()
    kept = [json.loads(line) for line in (store.vault / "audit.jsonl").read_text().splitlines()]
    assert all(line["is_assigned_only"] for line in kept if line["reason"] == "PCN clinic")
    with pytest.raises(ConfigurationError, match="Only a PCN"):
        CliRunner().invoke(app, ["lists", "pull", "--practice", PRACTICE, "--assigned"], catch_exceptions=False)


def test_lists_of_different_uses_never_lie_in_one_folder(store, tmp_path):
    pulled = ["lists", "pull", "--practice", PRACTICE, "--reason", "test", "--out", str(tmp_path / "out"), "--cohort"]
    CliRunner().invoke(app, [*pulled, "frequent_emergency_attenders"], catch_exceptions=False)
    linked = list((tmp_path / "out").iterdir())
    with pytest.raises(DisclosureError, match="lists of use linked"):
        CliRunner().invoke(app, [*pulled, COHORT], catch_exceptions=False)
    assert list((tmp_path / "out").iterdir()) == linked != []


def test_why_shows_the_way_is_audited_and_repeats_no_identifier(store):
    identity = {row["person_id"]: row["nhs_number"] for row in rows(store, "identity")}
    members = [row for row in rows(store, "cohort_member") if row["cohort_id"] == COHORT and row["output"] == "list"]
    (tier, _), *_ = Counter(row["tier"] for row in members).most_common(1)
    person_id = next(row["person_id"] for row in members if row["tier"] == tier)
    told = cohorts("why", COHORT, "--reason", "asked by the practice", typed=f"{identity[person_id]}\n")

    assert "YES  tier: " in told
    assert told.splitlines()[-1].startswith("Listed: ")
    assert identity[person_id] not in told
    assert person_id not in told
    (line,) = (store.vault / "audit.jsonl").read_text().splitlines()[-1:]
    kept = json.loads(line)
    assert (kept["event"], kept["person_id"], kept["cohort_id"]) == ("enquiry", person_id, COHORT)
    assert kept["reason"] == "asked by the practice"
    assert identity[person_id] not in line


def test_nothing_is_shown_that_is_not_audited(store):
    number = rows(store, "identity")[0]["nhs_number"]
    before = (store.vault / "audit.jsonl").read_text() if (store.vault / "audit.jsonl").exists() else ""
    with pytest.raises(ConfigurationError, match="needs a reason"):
        cohorts("why", COHORT, "--nhs-number", number, "--reason", " ")
    with pytest.raises(StoreError, match="Nobody with this NHS number"):
        cohorts("why", COHORT, "--nhs-number", "9434765919")
    after = (store.vault / "audit.jsonl").read_text() if (store.vault / "audit.jsonl").exists() else ""
    assert after == before

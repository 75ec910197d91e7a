"""A filled-in list of any definition taken in: what its form asks for arrives as answers, nothing earlier is lost."""

import csv
import datetime as dt

import ibis
import pyarrow.parquet as pq
import pytest

from phm.cohorts.definition import load_definition
from phm.engine import connect
from phm.governance.pseudonyms import Pseudonymiser
from phm.lists.columns import all_columns
from phm.lists.outcomes import answers_of, list_outcome, outcomes_folder, submit
from phm.lists.references import ListReference
from phm.store import Partition, Store

KEY = Pseudonymiser.demo()
OCTOBER = Partition("2026-10", "QZZ")
NUMBERS = ["9990000018", "9990000026", "9990000034"]
ANN, BOB, CY = KEY.person_ids(NUMBERS).to_pylist()
TODAY = dt.date(2026, 11, 20)


@pytest.fixture
def store(tmp_path):
    """A site where three people of one practice are registered."""
    store, con = Store(tmp_path / "home"), connect()
    person = ibis.memtable({"person_id": [ANN, BOB, CY], "practice_code": ["Y99001"] * 3})
    store.write_table(con, "core_person", OCTOBER, person, order_by=["person_id"])
    practice = ibis.memtable({"practice_code": ["Y99001"]})
    store.write_table(con, "core_geography", OCTOBER, practice, order_by=["practice_code"])
    store.publish(OCTOBER, ["core_person", "core_geography"], {})
    return store


@pytest.fixture
def take_in(store, tmp_path):
    """Takes in a list of `cohort` as CSV: by person, what the practice filled in."""

    def taken(cohort, answers, *, name="list"):
        definition = load_definition(cohort)
        reference = ListReference("2026-10", "Y99001", definition.id, definition.version).sealed(KEY)
        columns = all_columns(definition)
        path = tmp_path / f"{name}.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file)
            rows.writerow([column.header for column in columns])
            for person, said in answers.items():
                (entry_id,) = KEY.entry_ids(cohort, [person]).to_pylist()
                row = {"list_reference": reference, "entry_id": entry_id, "outcome_date": "2026-11-09", **said}
                rows.writerow([row.get(column.field, "") for column in columns])
        return submit(path, store, connect(), KEY, today=TODAY)

    return taken


def outcomes_in(store):
    table = list_outcome(answers_of(store, "QZZ"), reference_date=TODAY).to_pyarrow().to_pylist()
    return {(row["person_id"], row["outcome"]): row for row in table}


@pytest.mark.parametrize(
    ("cohort", "typed", "kept"),
    [
        ("possible_undiagnosed_diabetes", {"hba1c": "53"}, ("hba1c_taken", 53.0)),
        ("possible_undiagnosed_ckd", {"egfr": "44.5"}, ("egfr_taken", 44.5)),
        ("possible_undiagnosed_ckd", {"acr": "3.2"}, ("acr_taken", 3.2)),
        ("af_not_anticoagulated", {"treated": "Yes"}, ("treated", None)),
        ("wider_determinants_30_50", {"done": "Yes"}, ("done", None)),
    ],
)
def test_what_a_form_asks_for_is_understood(store, take_in, cohort, typed, kept):
    understood = take_in(cohort, {ANN: typed, BOB: {"contacted": "Yes"}})
    assert understood.refused_count == 0
    assert understood.rows["said"].tolist() == [kept[0].replace("_", " "), "contacted"]
    found = outcomes_in(store)
    assert set(found) == {(ANN, kept[0]), (BOB, "contacted")}
    row = found[ANN, kept[0]]
    assert (row["is_yes"], row["value"], row["systolic"]) == (True, kept[1], None)


def test_a_value_that_cannot_be_is_refused_in_words(take_in):
    understood = take_in(
        "possible_undiagnosed_diabetes", {ANN: {"hba1c": "5.3"}, BOB: {"hba1c": "high"}, CY: {"hba1c": "47"}}
    )
    refused = understood.rows["refused"].tolist()
    assert "hba1c" in refused[0] and "hba1c" in refused[1] and refused[2] == ""
    assert "5.3" not in "".join(refused) and "high" not in "".join(refused)


def test_two_results_of_one_day_conflict_and_both_are_kept(store, take_in):
    take_in("possible_undiagnosed_diabetes", {ANN: {"hba1c": "53"}, BOB: {"declined": "Yes"}}, name="one")
    second = take_in("possible_undiagnosed_diabetes", {ANN: {"hba1c": "35"}, BOB: {"declined": "Yes"}}, name="two")
    table = list_outcome(answers_of(store, "QZZ"), reference_date=TODAY).to_pandas()
    assert second.number == 2
    assert sorted(table.loc[table["person_id"] == ANN, "value"]) == [35.0, 53.0]
    assert table.loc[table["person_id"] == ANN, "is_conflicting"].all()
    assert len(table[table["person_id"] == BOB]) == 1, "what both copies say is one answer"


def test_submissions_of_before_a_form_asked_for_values_are_still_read(store, take_in):
    take_in("possible_undiagnosed_hypertension", {ANN: {"contacted": "Yes"}}, name="one")
    (file,) = outcomes_folder(store, "QZZ").glob("*.parquet")
    pq.write_table(pq.read_table(file).drop_columns(["value"]), file)
    take_in("possible_undiagnosed_diabetes", {BOB: {"hba1c": "53"}}, name="two")
    found = outcomes_in(store)
    assert found[ANN, "contacted"]["value"] is None and found[BOB, "hba1c_taken"]["value"] == 53.0

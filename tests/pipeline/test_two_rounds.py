"""Two rounds of a list: handed over, filled in, sent back, and the list of the month after that knows about it."""

import datetime as dt
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pytest

from phm.cohorts.definition import load_definition
from phm.engine import connect
from phm.errors import CheckFailed
from phm.governance.disclosure import publish
from phm.governance.pseudonyms import Pseudonymiser
from phm.governance.raw import RawAttrition
from phm.lists.columns import all_columns
from phm.lists.expiry import remove_expired
from phm.lists.outcomes import answers_of, conflicts, list_outcome, submit
from phm.store import Partition, Store
from phm.synthetic.delivery import generate
from pipelines.run import Site, run_partition

SEPTEMBER, OCTOBER = Partition("2026-09", "QZZ"), Partition("2026-10", "QZZ")
PRACTICE = "Y99001"
COHORT = "possible_undiagnosed_hypertension"
TODAY = dt.date(2026, 10, 20)
ANSWERED = dt.date(2026, 10, 5)
KEY = Pseudonymiser.demo()
HEADERS = {column.field: place for place, column in enumerate(all_columns(load_definition(COHORT)), start=1)}

ROUND_ONE = {
    2: {"contacted": "Yes"},
    3: {"declined": "Yes"},
    4: {"average_systolic": 150, "average_diastolic": 95, "diagnosed": "Yes"},
    5: {"moved_away": "Yes"},
    6: {"average_systolic": 122, "average_diastolic": 76, "ruled_out": "Yes"},
    7: {"systolic": 192, "diastolic": 124, "contacted": "Yes"},
}
"""What the practice fills in, by row of the sheet; everything on one day."""


@dataclass
class Rounds:
    """The site after both months, and what the practice did in between."""

    store: Store
    folder: Path
    workbook: Path
    people: dict[int, str]
    died: str
    left: str


def filled(workbook: Path, to: Path, answers: dict[int, dict[str, object]], *, day: dt.date = ANSWERED) -> Path:
    """A copy of the workbook with answers typed into its list."""
    book = openpyxl.load_workbook(workbook)
    for row, cells in answers.items():
        for field, value in {"outcome_date": day, **cells}.items():
            book["List"].cell(row, HEADERS[field], value)
    book.save(to)
    return to


def take_in(store: Store, path: Path, *, today: dt.date = TODAY):
    return submit(path, store, connect(), KEY, today=today)


def rows_of(store: Store, table: str, partition: Partition) -> pd.DataFrame:
    (file,) = store.files(table, partition)
    return duckdb.read_parquet(str(file)).df()


def entries_at(store: Store, partition: Partition) -> pd.DataFrame:
    listed = rows_of(store, "case_finding_list", partition)
    return listed[(listed["cohort_id"] == COHORT) & (listed["practice_code"] == PRACTICE)]


def run(home: Path, feeds: Path, partition: Partition) -> None:
    run_partition(partition, site=Site(home=str(home), feeds=str(feeds), demo=True), listener=lambda *_: None)


def next_month(feeds: Path, changes: dict[str, dict[str, str]]) -> None:
    """October: September delivered again with one more code for each feed, and `changes` of people in the register."""
    before, after = feeds / SEPTEMBER.path, feeds / OCTOBER.path
    shutil.copytree(before, after)
    for file in after.rglob("*.csv"):
        text = file.read_text(encoding="utf-8-sig").replace("01Sep2026", "01Oct2026")
        if file.parent.name == "gp_register":
            text = text.replace("2026-09-30,", "2026-10-31,")
            text = "\n".join(changed(line, changes) for line in text.splitlines()) + "\n"
        elif file.parent.name == "gp_event":
            text += f"{file.stem},{numbers_of(file)},99000001,,2026-10-12,171222001,,practice\n"
        elif file.parent.name == "gp_medication":
            text += f"{file.stem},{numbers_of(file)},99000001,2026-10-12,321963001\n"
        elif file.name == "emergency_attendance.csv":
            text = text.replace("2026-09-", "2026-10-")
        file.write_text(text, encoding="utf-8")


def numbers_of(file: Path) -> str:
    """The NHS number of the last row of a feed, for one more row about somebody."""
    return file.read_text(encoding="utf-8-sig").splitlines()[-1].split(",")[1]


def changed(line: str, changes: dict[str, dict[str, str]]) -> str:
    names = ("deregistration_date", "death_date")
    cells = line.split(",")
    for name, value in changes.get(cells[2], {}).items():
        cells[8 + names.index(name)] = value
    return ",".join(cells)


@pytest.fixture(scope="module")
def rounds(one_cohort: None, without_pictures: None, tmp_path_factory: pytest.TempPathFactory) -> Rounds:
    folder = tmp_path_factory.mktemp("rounds")
    feeds, home = folder / "feeds", folder / "home"
    generate(feeds, month=SEPTEMBER.month, people=1200, seed=7)
    run(home, feeds, SEPTEMBER)
    store = Store(home)
    workbook = store.vault / "lists" / SEPTEMBER.path / "practice" / f"{PRACTICE}_{COHORT}_{SEPTEMBER.month}.xlsx"
    kept = Path(shutil.copy(workbook, folder / "list.xlsx"))
    take_in(store, filled(kept, folder / "one.xlsx", ROUND_ONE))
    sheet = openpyxl.load_workbook(kept)["List"]
    numbers = {row: sheet.cell(row, 1).value for row in range(2, sheet.max_row + 1)}
    people = dict(zip(numbers, KEY.person_ids(numbers.values()).to_pylist(), strict=True))
    left, died = sheet.max_row, sheet.max_row - 1
    gone = {numbers[died]: {"death_date": "2026-10-10"}, numbers[left]: {"deregistration_date": "2026-10-10"}}
    next_month(feeds, gone)
    run(home, feeds, OCTOBER)
    return Rounds(store, folder, kept, people, people[died], people[left])


def test_answers_become_outcomes_of_the_people_they_are_about(rounds: Rounds) -> None:
    outcome = rows_of(rounds.store, "list_outcome", OCTOBER)

    said = {person: set(rows["outcome"]) for person, rows in outcome[outcome["is_yes"]].groupby("person_id")}
    assert said == {
        rounds.people[2]: {"contacted"},
        rounds.people[3]: {"declined"},
        rounds.people[4]: {"average_taken", "diagnosed"},
        rounds.people[5]: {"moved_away"},
        rounds.people[6]: {"average_taken", "ruled_out"},
        rounds.people[7]: {"bp_taken", "contacted"},
    }
    assert set(outcome["outcome_date"].dt.date) == {ANSWERED}
    assert set(outcome["list_month"]) == {SEPTEMBER.month}


def test_outcomes_hold_people_off_the_next_list_as_long_as_they_should(rounds: Rounds) -> None:
    hold = rows_of(rounds.store, "list_hold", OCTOBER).set_index("person_id")

    free_again = {row: hold.loc[rounds.people[row], "hold_until_date"] for row in ROUND_ONE}
    assert {row: day.date() for row, day in free_again.items() if not pd.isna(day)} == {
        2: dt.date(2026, 11, 2),
        3: dt.date(2027, 10, 5),
        4: dt.date(2027, 1, 3),
        5: dt.date(2027, 10, 5),
        6: dt.date(2027, 10, 5),
    }
    assert not hold.loc[rounds.people[7], "is_on_hold"], "a severe reading is never held"
    assert hold.loc[[rounds.people[row] for row in range(2, 7)], "is_on_hold"].all()


def test_who_is_held_is_not_listed_again_unless_severe(rounds: Rounds) -> None:
    hold = rows_of(rounds.store, "list_hold", OCTOBER)
    held = set(hold.loc[hold["is_on_hold"], "person_id"])
    again = entries_at(rounds.store, OCTOBER).set_index("person_id")

    assert set(again.loc[again.index.isin(held), "tier"]) <= {"severe_recent", "severe_unresolved"}
    assert rounds.people[7] in again.index


def test_every_person_is_new_kept_changed_or_gone(rounds: Rounds) -> None:
    change = rows_of(rounds.store, "list_change", OCTOBER)
    change = change[(change["cohort_id"] == COHORT) & (change["practice_code"] == PRACTICE)].set_index("person_id")
    before = entries_at(rounds.store, SEPTEMBER).set_index("person_id")
    after = entries_at(rounds.store, OCTOBER).set_index("person_id")

    assert set(change.index) == set(before.index) | set(after.index)
    assert set(change.index[change["change"] == "gone"]) == set(before.index) - set(after.index)
    assert set(change.index[change["change"] == "new"]) == set(after.index) - set(before.index)
    both = before.index.intersection(after.index)
    assert (before.loc[both, "entry_id"] == after.loc[both, "entry_id"]).all()
    moved = both[before.loc[both, "tier"] != after.loc[both, "tier"]]
    assert set(change.index[change["change"] == "tier_changed"]) == set(moved)
    assert change.loc[rounds.died, "gone_because"] == "died"
    assert change.loc[rounds.left, "gone_because"] == "left_practice"
    assert change.loc[change["change"] == "gone", "gone_because"].notna().all()
    assert change.loc[change["change"] != "gone", "gone_because"].isna().all()


def test_the_workbook_says_what_changed(rounds: Rounds) -> None:
    folder = rounds.store.vault / "lists" / OCTOBER.path / "practice"
    book = openpyxl.load_workbook(folder / f"{PRACTICE}_{COHORT}_{OCTOBER.month}.xlsx")
    cover = "\n".join(str(cell.value) for row in book["Cover"].iter_rows() for cell in row if cell.value)
    assert "died: 1" in cover and "left the practice: 1" in cover
    assert "Invented people" in cover
    said = {row[HEADERS["change"] - 1].value for row in book["List"].iter_rows(min_row=2)}
    assert "As before" in said and None not in said


def test_a_first_list_has_no_changes(rounds: Rounds) -> None:
    assert rows_of(rounds.store, "list_change", SEPTEMBER).empty


def test_the_cascade_counts_how_far_people_got(rounds: Rounds) -> None:
    cascade = rows_of(rounds.store, "list_cascade", OCTOBER)
    cascade = cascade[cascade["cohort_id"] == COHORT]
    here = cascade[cascade["practice_code"] == PRACTICE].set_index("step")["remaining_count"]

    listed = {*entries_at(rounds.store, SEPTEMBER)["person_id"], *entries_at(rounds.store, OCTOBER)["person_id"]}
    assert here["listed"] == len(listed)
    assert here[["contacted", "measured", "confirmed", "diagnosed", "treated"]].tolist() == [5, 3, 1, 1, 0]
    (geography,) = rounds.store.files("core_geography", OCTOBER)
    raw = RawAttrition(cascade, duckdb.read_parquet(str(geography)).df())
    published = publish(raw)["area_attrition"].table
    assert set(published["area_type"]) == {"pcn", "icb"}
    assert (published["remaining_count"].dropna() % 5 == 0).all()


def test_the_same_file_twice_is_taken_in_once(rounds: Rounds) -> None:
    answers = len(answers_of(rounds.store, "QZZ").to_pyarrow())
    again = take_in(rounds.store, rounds.folder / "one.xlsx")

    assert again.is_repeated and again.number == 1
    assert len(answers_of(rounds.store, "QZZ").to_pyarrow()) == answers


def test_overlapping_copies_lose_nothing_and_conflicts_are_said(rounds: Rounds, tmp_path: Path) -> None:
    store = Store(Path(shutil.copytree(rounds.store.home, tmp_path / "home")))
    copy = {2: ROUND_ONE[2], 3: {"declined": "No"}, 8: {"contacted": "Yes"}}
    second = take_in(store, filled(rounds.workbook, tmp_path / "two.xlsx", copy))
    known = list_outcome(answers_of(store, "QZZ"), reference_date=TODAY)
    outcome = known.to_pandas().set_index("person_id")

    assert (second.number, second.refused_count) == (2, 0)
    assert len(outcome.loc[[rounds.people[2]]]) == 1, "what both copies say is one answer"
    declined = outcome.loc[[rounds.people[3]]]
    assert declined["is_conflicting"].all() and len(declined) == 2
    assert declined.loc[declined["is_in_use"], "is_yes"].tolist() == [False], "of one day, what was said later"
    assert conflicts(second, known) == set(declined["entry_id"])
    earlier = take_in(store, filled(rounds.workbook, tmp_path / "three.xlsx", copy, day=dt.date(2026, 10, 1)))
    assert earlier.number == 3
    outcome = list_outcome(answers_of(store, "QZZ"), reference_date=TODAY).to_pandas().set_index("person_id")
    in_use = outcome.loc[[rounds.people[3]]].query("is_in_use")
    assert in_use["outcome_date"].dt.date.tolist() == [ANSWERED], "submitted last, but of an earlier day"


def test_rows_that_cannot_be_right_are_refused_in_words(rounds: Rounds, tmp_path: Path) -> None:
    store = Store(Path(shutil.copytree(rounds.store.home, tmp_path / "home")))
    wrong = {
        2: {"contacted": "perhaps"},
        3: {"systolic": 140},
        4: {"diagnosed": "Yes", "ruled_out": "Yes"},
        5: {"contacted": "Yes", "outcome_date": dt.date(2026, 10, 21)},
        6: {"contacted": "Yes", "outcome_date": dt.date(2026, 9, 29)},
        7: {"contacted": "Yes", "outcome_date": None},
        8: {"contacted": "Yes", "nhs_number": openpyxl.load_workbook(rounds.workbook)["List"].cell(9, 1).value},
        10: {"contacted": "Yes", "entry_id": "0" * 32},
        11: {"contacted": "Yes"},
    }
    path = filled(rounds.workbook, tmp_path / "wrong.xlsx", wrong)
    book = openpyxl.load_workbook(path)
    book["List"].cell(7, HEADERS["outcome_date"]).value = None
    book.save(path)
    understood = take_in(store, path)
    refused = understood.rows.set_index("row")["refused"]

    for row, words in {
        2: "contacted",
        3: "both of its values",
        4: "not both Yes",
        5: "in the future",
        6: "before that of the list",
        7: "has a date",
        8: "different people",
        10: "not one of this list",
    }.items():
        assert words in refused[row], row
    assert refused[11] == ""
    assert set(understood.answers["person_id"]) == {rounds.people[11]}
    said = understood.rows.to_csv()
    assert "perhaps" not in said and "999" not in said


def test_a_list_that_was_tampered_with_or_is_of_another_site_is_refused(rounds: Rounds, tmp_path: Path) -> None:
    answers = {2: {"contacted": "Yes", "list_reference": f"2026-10 {PRACTICE} {COHORT} 1.0.0 00000000"}}
    with pytest.raises(CheckFailed, match="changed, or the list was made by another site"):
        take_in(rounds.store, filled(rounds.workbook, tmp_path / "tampered.xlsx", answers))
    elsewhere = filled(rounds.workbook, tmp_path / "elsewhere.xlsx", {2: {"contacted": "Yes"}})
    with pytest.raises(CheckFailed, match="another site"):
        submit(elsewhere, rounds.store, connect(), Pseudonymiser(b"the key of another site, long enough"), today=TODAY)
    with pytest.raises(CheckFailed, match="not published here"):
        take_in(Store(tmp_path / "empty"), elsewhere)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_a_workbook_saved_by_a_spreadsheet_program_is_the_same_list(rounds: Rounds, tmp_path: Path, kind: str) -> None:
    store = Store(Path(shutil.copytree(rounds.store.home, tmp_path / "home")))
    path = filled(rounds.workbook, tmp_path / "typed.xlsx", ROUND_ONE, day=dt.date(2026, 10, 8))
    form = "xlsx" if kind == "xlsx" else "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2"
    subprocess.run(
        ["soffice", f"-env:UserInstallation={(tmp_path / 'office').as_uri()}", "--headless", "--convert-to", form,
         "--outdir", str(tmp_path / "saved"), str(path)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    (saved,) = (tmp_path / "saved").iterdir()
    if kind == "xlsx":
        typed, again = (list(openpyxl.load_workbook(file)["List"].values) for file in (path, saved))
        assert [row[: len(HEADERS)] for row in again] == typed
    understood = take_in(store, saved)

    assert understood.refused_count == 0
    assert understood.rows["row"].tolist() == list(ROUND_ONE)
    assert set(understood.answers["person_id"]) == {rounds.people[row] for row in ROUND_ONE}
    taken = understood.answers.set_index(["person_id", "outcome"])
    assert taken.loc[(rounds.people[7], "bp_taken"), ["systolic", "diastolic"]].tolist() == [192, 124]
    assert {pd.Timestamp(day).date() for day in understood.answers["outcome_date"]} == {dt.date(2026, 10, 8)}


def test_expired_workbooks_go_and_their_outcomes_are_still_taken_in(rounds: Rounds, tmp_path: Path) -> None:
    store = Store(Path(shutil.copytree(rounds.store.home, tmp_path / "home")))
    last_day = dt.date(2026, 11, 11)
    assert remove_expired(store, as_at=last_day) == []
    ((partition, count),) = remove_expired(store, as_at=last_day + dt.timedelta(days=1))

    assert partition == SEPTEMBER and count >= 4
    assert not list(store.vault.rglob(f"*{SEPTEMBER.month}.xlsx"))
    assert list(store.vault.rglob(f"*{OCTOBER.month}.xlsx"))
    assert take_in(store, filled(rounds.workbook, tmp_path / "late.xlsx", {9: {"declined": "Yes"}})).refused_count == 0
    events = [json.loads(line)["event"] for line in (store.vault / "audit.jsonl").read_text().splitlines()]
    assert {"pull", "submission", "removal"} <= set(events)


def test_no_value_or_number_of_a_patient_is_in_the_audit(rounds: Rounds) -> None:
    audit = (rounds.store.vault / "audit.jsonl").read_text()
    sheet = openpyxl.load_workbook(rounds.workbook)["List"]
    numbers = [sheet.cell(row, 1).value for row in range(2, sheet.max_row + 1)]
    assert not [number for number in numbers if number in audit]
    assert not [person for person in rounds.people.values() if person in audit]

"""What became of the entries of lists: answers taken in, kept for good, and read as one table.

A submission is one Parquet file in the vault that never changes: taking the same file in again does nothing, copies of
one list that two people filled in say what they have in common once, and no answer replaces an earlier one. Which one
counts is decided when they are read: the later date, of two on one day the one submitted later.
"""

import datetime as dt
import getpass
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock

from phm.errors import CheckFailed
from phm.feeds.contracts import load_contract
from phm.feeds.layout import table_schema
from phm.governance.audit import Submission, record
from phm.governance.pseudonyms import Pseudonymiser
from phm.lists.filled_in import read_filled_in
from phm.lists.measurements import MEASUREMENTS, VALUES, YES_OR_NO
from phm.lists.references import ListReference
from phm.store import Partition, Store

_WORKED_OUT = ("is_in_use", "is_conflicting")
NOT_ON_LIST = "The entry is not one of this list."
ANOTHER_PERSON = "NHS number and entry belong to different people: columns were sorted apart."
BEFORE_LIST = "The date lies before that of the list."
TWICE = "The entry is answered twice in this file."


@dataclass(frozen=True)
class Understood:
    """What a filled-in list says.

    `rows` has one row per filled-in row: `sheet`, `row`, `entry_id`, `said` (the outcomes, in words), `refused` (why
    the row is not taken in, empty where it is). `answers` are the columns of `list_outcome` that are not worked out
    later, `number` is that of the submission. `is_repeated` is set where this very file was taken in before.
    """

    partition: Partition
    lists: tuple[ListReference, ...]
    rows: pd.DataFrame
    answers: pd.DataFrame
    number: int
    is_repeated: bool

    @property
    def refused_count(self) -> int:
        return int(self.rows["refused"].ne("").sum())


def submit(
    path: Path, store: Store, con: ibis.BaseBackend, pseudonymiser: Pseudonymiser, /, *, today: dt.date
) -> Understood:
    """Take in a filled-in list: rows that break no rule are kept, the others come back with what is wrong.

    Expired lists are taken in as well: what was done was done.

    Raises
    ------
    UnreadableFeed
        The file cannot be read as a list.
    CheckFailed
        A row's list is none of this site, or of a month that is not published here; or nothing is filled in.
    """
    filled = read_filled_in(path, today=today)
    if filled.empty:
        raise CheckFailed("Nothing is filled in", name=path.name, hint="Fill in the green columns, and save the file.")
    lists = {text: ListReference.read(text, pseudonymiser) for text in filled["list_reference"].dropna().unique()}
    partition = _partition_of(lists, store, con)
    judged = _judged(filled, lists, store.read(con, "core_person", partition), partition, pseudonymiser)
    folder = outcomes_folder(store, partition.icb_code)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    store.vault.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(store.vault / ".outcomes.lock"):
        kept = sorted(folder.glob("*.parquet"))
        before = next((file for file in kept if file.stem.endswith(sha256[:16])), None)
        number = int(before.stem.split("_")[0]) if before else len(kept) + 1
        answers = _answers(judged[judged["refused"] == ""], lists, number)
        if before is None and len(answers):
            _record(store, partition, number, sha256, lists, answers, judged)
            _write(answers, folder / f"{number:06d}_{sha256[:16]}.parquet")
    rows = judged[["sheet", "row", "entry_id", "said", "refused"]]
    return Understood(partition, tuple(lists.values()), rows, answers, number, before is not None)


def outcomes_folder(store: Store, icb_code: str, /) -> Path:
    """Where the submissions of an ICB are kept, one file each."""
    return store.vault / "outcomes" / icb_code


def answers_of(store: Store, icb_code: str, /) -> ir.Table:
    """Every answer of every submission of an ICB, as it was kept; what a form did not ask for then is empty."""
    files = sorted(outcomes_folder(store, icb_code).glob("*.parquet"))
    kept = pa.concat_tables([_schema().empty_table(), *map(pq.read_table, files)], promote_options="default")
    return ibis.memtable(kept)


def list_outcome(answers: ir.Table, /, *, reference_date: dt.date) -> ir.Table:
    """`list_outcome`: one row is one answer to one entry; what a later copy says again is dropped.

    What happened after the reference date has not happened yet.
    """
    whose = ("cohort_id", "person_id", "outcome")
    content = (*whose, "is_yes", "outcome_date", *VALUES)
    known = answers.filter(answers.outcome_date <= reference_date)
    first = ibis.window(group_by=[known[name] for name in content], order_by=known.submission_number)
    once = known.mutate(copy=ibis.row_number().over(first)).filter(lambda t: t.copy == 0).drop("copy")
    latest = ibis.window(
        group_by=[once[name] for name in whose], order_by=[once.outcome_date.desc(), once.submission_number.desc()]
    )
    of_entry = ibis.window(group_by=[once[name] for name in whose])
    of_day = ibis.window(group_by=[once[name] for name in (*whose, "outcome_date")])
    said = once.is_yes.cast("int64")
    return once.mutate(
        is_in_use=ibis.row_number().over(latest) == 0,
        is_conflicting=(said.min().over(of_entry) != said.max().over(of_entry)) | (once.count().over(of_day) > 1),
    ).select(*load_contract("list_outcome").column_names)


def conflicts(understood: Understood, outcome: ir.Table, /) -> set[str]:
    """Entries of a submission to which an answer in it and another one disagree; `outcome` is `list_outcome`."""
    disputed = outcome.filter("is_conflicting").entry_id.to_pyarrow().to_pylist()
    return set(disputed) & set(understood.answers["entry_id"])


def _partition_of(lists: Mapping[str, ListReference], store: Store, con: ibis.BaseBackend) -> Partition:
    """The published month the lists are of: of one month and ICB all of them."""
    found = set()
    for reference in lists.values():
        of_month = [p for p in store.partitions() if p.month == reference.month]
        holding = [p for p in of_month if _holds(store.read(con, "core_geography", p), reference.practice_code)]
        if not holding:
            raise CheckFailed(
                "The list is of a month or practice that is not published here",
                name=str(reference),
                hint="Submit it where the list was made, while its month is kept.",
            )
        found.add(holding[0])
    if len(found) != 1:
        raise CheckFailed(
            "A file must hold lists of one month" if found else "No row says which list it is of",
            name="column List",
            hint="Submit each workbook by itself, with its columns List and Entry as they were.",
        )
    return found.pop()


def _holds(geography: ir.Table, practice_code: str) -> bool:
    return geography.filter(geography.practice_code == practice_code).count().execute() > 0


def _judged(
    filled: pd.DataFrame,
    lists: Mapping[str, ListReference],
    person: ir.Table,
    partition: Partition,
    pseudonymiser: Pseudonymiser,
) -> pd.DataFrame:
    """The rows with `person_id`, what they say in words, and why a row is refused.

    Whose an entry is follows from the key alone, over the people of the practice: no list has to be kept for it.
    """
    registered = person.select("person_id", "practice_code").filter(
        person.practice_code.isin([reference.practice_code for reference in lists.values()])
    )
    people = registered.to_pandas()
    owners = []
    for text, reference in lists.items():
        own = people.loc[people["practice_code"] == reference.practice_code, "person_id"]
        ids = pseudonymiser.entry_ids(reference.cohort_id, own).to_pandas()
        owners.append(pd.DataFrame({"list_reference": text, "entry_id": ids, "person_id": own.to_numpy()}))
    judged = filled.merge(pd.concat(owners), on=["list_reference", "entry_id"], how="left", validate="many_to_one")
    numbers = judged["nhs_number"].dropna().unique()
    by_number = dict(zip(numbers, pseudonymiser.person_ids(numbers).to_pylist(), strict=True))
    others = judged["nhs_number"].notna() & judged["nhs_number"].map(by_number).ne(judged["person_id"])
    is_known = judged["person_id"].notna()
    problems = {
        NOT_ON_LIST: judged["entry_id"].notna() & ~is_known,
        ANOTHER_PERSON: is_known & others,
        BEFORE_LIST: judged["outcome_date"] < pd.Timestamp(partition.reference_date),
        TWICE: judged["entry_id"].notna() & judged.duplicated(["list_reference", "entry_id"], keep=False),
    }
    refused = judged["broken"]
    for sentence, holds in problems.items():
        refused = refused.where(~holds, (refused + " " + sentence).str.strip())
    said = pd.Series("", index=judged.index)
    for outcome in YES_OR_NO:
        word = outcome.replace("_", " ")
        said += judged[outcome].map({True: f"{word}, ", False: f"not {word}, "}).fillna("")
    for outcome, measurement in MEASUREMENTS.items():
        first = next(iter(measurement.kept_as))
        said += judged[first].notna().map({True: f"{outcome.replace('_', ' ')}, ", False: ""})
    return judged.assign(said=said.str.removesuffix(", "), refused=refused)


def _answers(judged: pd.DataFrame, lists: Mapping[str, ListReference], number: int) -> pd.DataFrame:
    """One row per outcome of each row that was understood."""
    references = judged["list_reference"].map(lists)
    facts = judged[["person_id", "entry_id", "outcome_date"]].assign(
        submission_number=number,
        list_month=references.map(lambda reference: reference.month),
        practice_code=references.map(lambda reference: reference.practice_code),
        cohort_id=references.map(lambda reference: reference.cohort_id),
        definition_version=references.map(lambda reference: reference.definition_version),
    )
    nothing = dict.fromkeys(VALUES)
    parts = [facts.assign(outcome=outcome, is_yes=judged[outcome], **nothing) for outcome in YES_OR_NO]
    for outcome, measurement in MEASUREMENTS.items():
        values = {kept: judged[typed] for typed, kept in measurement.kept_as.items()}
        taken = next(iter(values.values())).notna().map({True: True, False: None})
        parts.append(facts.assign(outcome=outcome, is_yes=taken, **{**nothing, **values}))
    said = pd.concat([part[part["is_yes"].notna()].astype(object) for part in parts], ignore_index=True)
    return said[_schema().names].sort_values(["cohort_id", "entry_id", "outcome"], ignore_index=True)


def _schema() -> pa.Schema:
    return pa.schema([field for field in table_schema(load_contract("list_outcome")) if field.name not in _WORKED_OUT])


def _write(answers: pd.DataFrame, path: Path) -> None:
    """Put a submission in place whole or not at all."""
    draft = path.with_name(f".{path.name}")
    dates = pd.to_datetime(answers["outcome_date"]).dt.date
    whole = {name: answers[name].astype("Int64") for name in ("systolic", "diastolic", "submission_number")}
    table = pa.Table.from_pandas(answers.assign(outcome_date=dates, **whole), schema=_schema(), preserve_index=False)
    pq.write_table(table, draft)
    draft.chmod(0o600)
    draft.replace(path)


def _record(
    store: Store,
    partition: Partition,
    number: int,
    sha256: str,
    lists: Mapping[str, ListReference],
    answers: pd.DataFrame,
    judged: pd.DataFrame,
) -> None:
    record(
        store.vault / "audit.jsonl",
        Submission(
            user=getpass.getuser(),
            submitted_at=dt.datetime.now(dt.UTC),
            icb_code=partition.icb_code,
            number=number,
            file_sha256=sha256,
            lists=tuple(map(str, lists.values())),
            answer_count=len(answers),
            refused_count=int(judged["refused"].ne("").sum()),
        ),
    )

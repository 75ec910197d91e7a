"""The files a practice gets: its own people with their NHS numbers, as a workbook or as CSV.

This is the only place where identifiers are put back, for one practice at a time. What the columns are stands in
`phm.lists.columns`, how a workbook looks in `phm.lists.workbook`. Recording the pull is the caller's duty
(`phm.governance.audit`).
"""

import csv
import datetime as dt
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from phm.cohorts.definition import LIST, Definition
from phm.errors import CheckFailed, DisclosureError
from phm.lists.changes import change_texts, what_changed
from phm.lists.columns import DELIVERED, Column, all_columns, form
from phm.lists.cover import WARNING, Cover, Practice, cover_of
from phm.lists.workbook import workbook
from phm.lists.workload import turns, workload_text

INVENTED = "Invented people: nobody on this list exists."
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def export_practice_list(
    entries: pd.DataFrame,
    identity: pd.DataFrame,
    attrition: pd.DataFrame,
    change: pd.DataFrame,
    wave: pd.DataFrame,
    work: pd.DataFrame,
    definition: Definition,
    /,
    *,
    practice: Practice,
    reference_date: dt.date,
    expiry_date: dt.date,
    path: Path,
    format: Literal["xlsx", "csv"],
    other_lists: Mapping[str, str] | None = None,
    registered_elsewhere: int = 0,
    is_synthetic: bool = False,
    assigned_only: bool = False,
    code_lists: str,
) -> list[Path]:
    """Write one practice's list of one cohort; returns the files written, readable by their owner only.

    A workbook holds the cover, the list and one sheet per separate output. As CSV, which has room for one table, the
    list is `path`, each separate output `<name>_<output>.csv`, the cover `<name>_cover.csv`. The same input gives the
    same bytes.

    Parameters
    ----------
    entries
        Rows of `case_finding_list` of this practice and cohort.
    identity
        `person_id` and `nhs_number` out of the vault, for at least these people.
    attrition
        Rows of `cohort_attrition`; those of this practice and cohort are used.
    change
        Rows of `list_change` of this practice and cohort; none where there was no list before.
    wave
        Rows of `list_wave` of this practice and cohort; none where no capacity is known.
    work
        `phm.lists.workload.workload` of this practice and the use of the definition, over all its lists.
    other_lists
        By `person_id`, which other lists of the same use somebody is on (`phm.lists.together.other_lists`).
    registered_elsewhere
        How many of the people are also registered with another practice, where they started earlier.
    is_synthetic
        Whether the people are invented: the cover and every printed page then say so first.
    assigned_only
        Whether `entries` are only those assigned to the PCN: the cover says so and leaves out what it says of others.
    code_lists
        Which code lists the month was made with, in words.

    Raises
    ------
    DisclosureError
        An entry belongs to another practice or cohort.
    CheckFailed
        An entry has no NHS number in the vault.
    """
    if not (entries["practice_code"].eq(practice.practice_code) & entries["cohort_id"].eq(definition.id)).all():
        raise DisclosureError(
            "A practice's list may hold only its own entries of one cohort",
            name=practice.practice_code,
            hint="Select the entries by practice_code and cohort_id.",
        )
    named = entries.merge(identity[["person_id", "nhs_number"]], on="person_id", how="left", validate="many_to_one")
    missing = int(named["nhs_number"].isna().sum())
    if missing:
        raise CheckFailed(
            f"{missing} entries have no NHS number in the vault",
            name=practice.practice_code,
            hint="Use the vault of the month the list was made from, or run the month again.",
        )
    named["change"] = named["entry_id"].map(change_texts(change, definition))
    named["other_lists"] = named["person_id"].map(other_lists or {})
    named = named.merge(turns(wave), on="entry_id", how="left", validate="one_to_one")
    named = named.sort_values(["position", "entry_id"], kind="stable")
    named = named.astype(object).where(named.notna(), None)
    sheets = {output: named[named["output"] == output] for output in definition.outputs}
    of_practice = attrition["practice_code"].eq(practice.practice_code) & attrition["cohort_id"].eq(definition.id)
    cover = cover_of(
        sheets,
        attrition[of_practice],
        definition,
        practice,
        work=workload_text(work, expiry_date=expiry_date),
        changed=what_changed(change, definition),
        registered_elsewhere=registered_elsewhere,
        reference_date=reference_date,
        expiry_date=expiry_date,
        assigned_only=assigned_only,
        code_lists=code_lists,
    )
    warning = f"{INVENTED} {WARNING}" if is_synthetic else WARNING
    path.parent.mkdir(parents=True, exist_ok=True)
    if format == "xlsx":
        tables = {output: (definition.outputs[output].title, _shown(rows)) for output, rows in sheets.items()}
        return [_replace(path, workbook(cover, tables, form(definition), warning=warning, created=reference_date))]
    columns = all_columns(definition)
    files = {
        "" if output == LIST else f"_{output}": _csv(_list_lines(_shown(rows), columns))
        for output, rows in sheets.items()
    }
    files["_cover"] = _csv(_cover_lines(cover, warning))
    return [_replace(path.with_stem(f"{path.stem}{suffix}"), content) for suffix, content in files.items()]


def _shown(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns a list carries as it is delivered; None where there is nothing to say."""
    return rows[[column.field for column in DELIVERED]]


def _cover_lines(cover: Cover, warning: str) -> Iterator[list[object]]:
    yield [cover.title, warning]
    yield from map(list, cover.facts)
    for table in (cover.tiers, cover.funnel):
        yield list(table.columns)
        yield from table.astype(str).to_numpy().tolist()
    yield from map(list, cover.about)


def _list_lines(table: pd.DataFrame, columns: Sequence[Column]) -> Iterator[list[object]]:
    yield [column.header for column in columns]
    filled = table.reindex(columns=[column.field for column in columns]).astype(object)
    yield from map(list, filled.where(filled.notna(), None).itertuples(index=False, name=None))


def _csv(lines: Iterable[list[object]]) -> bytes:
    """UTF-8 with a byte order mark, so that Excel reads names right; ISO dates.

    A text that a spreadsheet would take for a formula (first character one of ``= + - @``, tab, line break) gets an
    apostrophe before it, which is the one change made to a value.
    """
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows([_cell(value) for value in line] for line in lines)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def _replace(path: Path, content: bytes) -> Path:
    """Put a file in place whole or not at all; names of patients' lists are for their owner's eyes only."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return path

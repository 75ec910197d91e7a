"""The one gate: counts of people become published numbers here and nowhere else, all tables of a month at once.

From this month's and last month's published tables, covering all levels, groups and shipped cohorts, a reader who knows
our rules and assumes any group changed by at most 2 people cannot narrow a count of 1-7, including an unpublished
complement or cohort difference, to fewer than 3 values, by integer bounds on every published cell. It does not cover
people who hold unpublished counts, nor inference from our choice of which cells to coarsen. How: `docs/disclosure.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from phm.errors import DisclosureError
from phm.governance.labels import LADDER, ROUNDING, TEXTS
from phm.governance.raw import PUBLIC_TEXT, RawTable
from phm.governance.release import Ledger, Release

COUNT_COLUMNS = ("numerator", "denominator", "person_count", "remaining_count", "count")
_GATE = object()


class Published:
    """A table that has passed the gate: the only thing a report or a file for others may be made from."""

    def __init__(self, table: pd.DataFrame, *, gate: object = None) -> None:
        if gate is not _GATE:
            raise DisclosureError(
                "A table becomes published only by passing the disclosure gate",
                name="Published",
                hint="Use publish or recognise of phm.governance.disclosure.",
            )
        self._table = table

    @property
    def table(self) -> pd.DataFrame:
        """The released rows; a copy, so nothing can be slipped in behind the gate."""
        return self._table.copy()

    def to_csv(self, path: Path) -> None:
        """Write the released rows as UTF-8 CSV."""
        self._table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


@dataclass(frozen=True)
class PublishedSet:
    """One month's published tables by name, and the ledger that next month's are held against: for the vault only."""

    tables: Mapping[str, Published]
    ledger: Ledger

    def __getitem__(self, name: str) -> Published:
        return self.tables[name]


def publish(*raw: RawTable, previous: Ledger | None = None) -> PublishedSet:
    """All tables of one month and ICB, safe to leave together and beside those of the month before.

    Parameters
    ----------
    raw
        Every table of counts that leaves. What is published in another call is not protected against these.
    previous
        Ledger of the month before, if one was published.

    Raises
    ------
    DisclosureError
        The tables do not add up, or a small count stays too narrow whatever is withheld; names table and count.
    """
    nesting = {(whole, parts[0][0]): (whole, tuple(parts)) for table in raw[::-1] for whole, parts in table.nesting}
    release = Release(list(nesting.values()))
    for table in raw:
        table.enter(release)
    release.tie()
    labels, ledger = release.protect(previous)
    return PublishedSet({table.name: Published(table.released(labels), gate=_GATE) for table in raw}, ledger)


def recognise(table: pd.DataFrame, /) -> Published:
    """A table read back from where it was published, refused where a count cannot have passed the gate."""
    columns = [c for c in COUNT_COLUMNS if c in table]
    wrong = [c for c in columns if not _is_rounded(table, c)]
    if wrong or not columns:
        raise DisclosureError(
            "This table holds counts that were never published",
            name=", ".join(wrong) or "no count column",
            hint="Read measure_value, area_attrition or data_quality, not the tables they are made from.",
        )
    return Published(table, gate=_GATE)


def require_published(table: object, /) -> pd.DataFrame:
    """The rows of a Published table; DisclosureError for anything else."""
    if not isinstance(table, Published):
        raise DisclosureError(
            "Only published tables may be shown",
            name=type(table).__name__,
            hint="Pass it through phm.governance.disclosure.publish first.",
        )
    return table.table


def _is_rounded(table: pd.DataFrame, column: str) -> bool:
    """Whether each count is a multiple of what its label says, of 5 where an older table has no labels."""
    shown = table[column].dropna()
    if f"{column}_precision" not in table:
        return bool((shown % ROUNDING == 0).all())
    multiples = {PUBLIC_TEXT: 1} | {TEXTS[p]: p for p in LADDER}
    multiple = table.loc[shown.index, f"{column}_precision"].map(multiples)
    return bool(multiple.notna().all() and (shown % multiple.astype("Int64") == 0).all())

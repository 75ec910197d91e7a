"""Registers against the list sizes that are published of the same practices.

Belongs here: counting who is registered, and naming practices whose register is not the one that is published.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from phm.feeds.schema import literal

MAX_PERCENT = 1.0
"""How far a register may be from the published size, percent of it: people come and go between two days of a month."""


@dataclass(frozen=True)
class ListSize:
    """One practice: people in its register at the reference date, and those published (None: nothing is)."""

    practice_code: str
    registered: int
    published: int | None

    @property
    def percent(self) -> float | None:
        """The difference, as a percentage of the published size."""
        return 100 * (self.registered - self.published) / self.published if self.published else None

    @property
    def is_beyond(self) -> bool:
        """Whether the register is not the published one: more than MAX_PERCENT away, or nothing is published."""
        return self.percent is None or abs(self.percent) > MAX_PERCENT

    def __str__(self) -> str:
        if self.percent is None:
            return f"{self.practice_code} (no size is published)"
        return (
            f"{self.practice_code} ({self.registered:,} registered, {self.published:,} published, {self.percent:+.1f}%)"
        )


def reconcile(
    con: duckdb.DuckDBPyConnection,
    register: Sequence[Path],
    list_size: Sequence[Path],
    /,
    *,
    reference_date: dt.date,
) -> list[ListSize]:
    """Every practice of the register beside its published size, in order of code.

    `register` are the Parquet files of landed `gp_register`, `list_size` those of `practice_list_size`, of which the
    row for both sexes and all ages counts, or where there is none the sum of those for a sex and age.
    """

    def source(files: Sequence[Path]) -> str:
        return f"read_parquet([{', '.join(map(literal, files))}])"

    day = f"DATE '{reference_date.isoformat()}'"
    with con.cursor() as cursor:
        found = cursor.execute(
            f"""
            WITH registered AS (
                SELECT practice_code, count(DISTINCT person_id) AS people FROM {source(register)}
                WHERE coalesce(deregistration_date > {day}, true) AND coalesce(death_date > {day}, true)
                GROUP BY practice_code
            ),
            published AS (
                SELECT practice_code, coalesce(
                    sum(patient_count) FILTER (sex = 'ALL' AND age_band = 'ALL'),
                    sum(patient_count) FILTER (sex <> 'ALL' AND age_band <> 'ALL')
                ) AS people
                FROM {source(list_size)} GROUP BY practice_code
            )
            SELECT practice_code, registered.people, published.people::BIGINT
            FROM registered LEFT JOIN published USING (practice_code) ORDER BY practice_code
            """
        ).fetchall()
    return [ListSize(*row) for row in found]

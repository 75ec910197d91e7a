"""Published values looked up by measure, area and group: what every page takes its numbers from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from phm.governance.disclosure import Published, require_published

Area = tuple[str, str]
"""Type and code of an area."""
ALL = ("all", "all")
"""Name and value of the group of everybody."""


@dataclass(frozen=True)
class Shown:
    """One month's published `measure_value`, as a frame and by key; a number that was withheld is None."""

    frame: pd.DataFrame
    rows: Mapping[tuple[str, Area, tuple[str, str]], Any]

    @classmethod
    def of(cls, measures: Published, /) -> "Shown":
        """DisclosureError for anything but a published table."""
        return cls._of(require_published(measures))

    @classmethod
    def by_month(cls, months: Published, /) -> "dict[str, Shown]":
        """What is shown of each month, oldest first; `months` is `measure_value` with `month`."""
        return {month: cls._of(rows) for month, rows in require_published(months).groupby("month")}

    @classmethod
    def _of(cls, frame: pd.DataFrame) -> "Shown":
        keyed = {
            (row.measure_id, (row.area_type, row.area_code), (row.group_name, row.group_value)): row
            for row in records(frame)
        }
        return cls(frame, keyed)

    def row(self, measure_id: str, area: Area, group: tuple[str, str] = ALL) -> Any:
        """The row of `measure_value`, None where there is none."""
        return self.rows.get((measure_id, area, group))

    def value(self, measure_id: str, area: Area, group: tuple[str, str] = ALL, part: str = "value") -> Any:
        """A published number, None where it was withheld or there is none."""
        row = self.row(measure_id, area, group)
        return None if row is None else getattr(row, part)


def records(rows: pd.DataFrame, /) -> list[Any]:
    """Rows as named tuples, None for what is missing."""
    return list(rows.astype(object).where(rows.notna(), None).itertuples(index=False, name="Row"))

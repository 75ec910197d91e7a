"""Released counts of one month as tables of areas by groups, with what a count that is not shown could be.

Belongs here: reading them. What is computed from them is the part of `expected`, `adjusted` and `statistics`.
"""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from phm.governance.labels import ONE_TO_SEVEN, SMALL, TEXTS, ZERO_TO_SEVEN

AREA = ["area_type", "area_code"]
_LOWEST = {TEXTS[ONE_TO_SEVEN]: 1.0, TEXTS[ZERO_TO_SEVEN]: 0.0}


@dataclass(frozen=True, eq=False)
class Counts:
    """Released rows of `measure_value`, up to its denominators. A count that is shown is taken as it is.

    One of 1 to 7 or 0 to 7 is taken as the middle, 4 or 3.5, and with it goes how far it can be from that; one that is
    withheld is missing.
    """

    rows: pd.DataFrame

    @cached_property
    def _numerators(self) -> pd.DataFrame:
        shown = self.rows["numerator"].astype("Float64").astype(float)
        lowest = shown.fillna(self.rows["numerator_precision"].map(_LOWEST).astype(float))
        highest = shown.fillna(lowest.notna().map({True: float(SMALL), False: float("nan")}))
        return pd.DataFrame(
            {
                **{name: self.rows[name] for name in ("measure_id", *AREA, "group_value")},
                "middle": (lowest + highest) / 2,
                "reach": (highest - lowest) / 2,
                "denominator": self.rows["denominator"].astype("Float64").astype(float),
            }
        )

    def table(self, measure_id: str, groups: list[str], /) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Numerators of a measure and how far each can be from the truth: a row per area, a column per group."""
        return self._pivot(measure_id, groups, "middle"), self._pivot(measure_id, groups, "reach")

    def denominators(self, measure_id: str, groups: list[str], /) -> pd.DataFrame:
        """Denominators of a measure, missing where they are not shown: a row per area, a column per group."""
        return self._pivot(measure_id, groups, "denominator")

    def _pivot(self, measure_id: str, groups: list[str], values: str) -> pd.DataFrame:
        rows = self._numerators
        rows = rows[(rows["measure_id"] == measure_id) & rows["group_value"].isin(groups)]
        return rows.pivot(index=AREA, columns="group_value", values=values).reindex(columns=groups)

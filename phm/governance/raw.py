"""Tables of counts that have not passed the gate: what they put into a release, and what they look like released.

They can be published or dropped, not looked at. Belongs here: which columns of a table are counts and what they add up
to inside it. What ties different tables is `release`'s part.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from phm.errors import DisclosureError
from phm.governance.labels import SMALL, WITHHELD, Counts, label_texts, shown
from phm.governance.release import EVERYBODY, Area, Nesting, Place, Release
from phm.governance.subsets import Group

PUBLIC_UNITS = ("practices", "reference rows")
PUBLIC_TEXT = "exact"
OF_PEOPLE = ("percent", "ratio")
"""Units whose numerator is people of the denominator; a rate's counts events, of which there can be more."""
MEASURE_KEY = ["measure_id", "area_type", "area_code", "group_name", "group_value"]
ATTRITION_KEY = ["cohort_id", "area_type", "area_code", "step_order"]
_FIRST_TO_GO = 0.5

Figure = tuple[str, str, str, str, str]
"""One count by name: `numerator` or `denominator`, measure, area type, area code, group value."""
Tie = tuple[Figure, Sequence[Figure], bool]
"""A count, counts that share no person and whose people are all among its own, and whether nobody else is."""


def step_family(cohort: str, order: int, /) -> str:
    """Name of the counts of people whom one step of a cohort took, as another table's sum can refer to them."""
    return f"{RawAttrition.name} step {cohort} {order}"


class RawTable(ABC):
    """Counts of people on their way to the gate; `name` is the published table's."""

    name: str

    def __init__(self, counts: pd.DataFrame) -> None:
        self._counts = counts

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self._counts)} rows, not published>"

    @property
    def table(self) -> pd.DataFrame:
        """Never given: raises DisclosureError."""
        raise DisclosureError(
            "Counts that have not passed the disclosure gate cannot be read or written",
            name=type(self).__name__,
            hint="Call phm.governance.disclosure.publish and use its tables.",
        )

    @property
    def nesting(self) -> Nesting:
        """Areas and the areas that make each up exactly, as far as this table knows."""
        return ()

    @abstractmethod
    def enter(self, release: Release) -> None:
        """Add the table's counts and the sums inside it to a release; called once."""

    @abstractmethod
    def released(self, labels: Counts) -> pd.DataFrame:
        """The published rows, given the label of every cell of the release."""


class RawCounts(RawTable):
    """Measures: one row per measure, area and group.

    Parameters
    ----------
    counts
        The columns of `measure_value` up to `denominator`, unrounded. Of a `score` the numerator is the sum of the
        scores in thousandths, the denominator the people it was summed over. Of shares (no row of everybody) every
        group has the whole area's people as its denominator.
    nesting
        Pairs of an area and the areas that make it up exactly.
    statistics
        From released rows to the same rows with `value`, `lower`, `upper` and `method`.
    groups
        Whom each measure counts, by `numerator` or `denominator` and measure.
    ties
        What a reader can subtract besides.
    sums
        Which families of other tables add up to counts of a measure, by `numerator` or `denominator` and measure.
    """

    name = "measure_value"

    def __init__(
        self,
        counts: pd.DataFrame,
        *,
        nesting: Nesting,
        statistics: Callable[[pd.DataFrame], pd.DataFrame],
        groups: Mapping[tuple[str, str], Group] | None = None,
        ties: Sequence[Tie] = (),
        sums: Mapping[tuple[str, str], Sequence[str]] | None = None,
    ) -> None:
        super().__init__(counts.sort_values(MEASURE_KEY, ignore_index=True))
        self._nesting, self._ties, self._statistics = nesting, ties, statistics
        self._groups, self._sums = groups or {}, sums or {}

    @property
    def nesting(self) -> Nesting:
        return self._nesting

    def enter(self, release: Release) -> None:
        for (part, measure), group in self._groups.items():
            release.say_whom(f"{self.name} {part} {measure}", group, measure)
        for (part, measure), families in self._sums.items():
            release.say_sum(f"{self.name} {part} {measure}", families)
        counts = self._counts.assign(denominator=self._counts["denominator"].astype("Int64").fillna(-1).astype(int))
        whole = counts.loc[counts["group_name"] == EVERYBODY, MEASURE_KEY[:3]]
        with_whole = set(whole.itertuples(index=False, name=None))
        self._numerators, self._denominators = (np.full(len(counts), -1) for _ in range(2))
        of_figure: dict[Figure, int] = {}
        for i, row in enumerate(counts[[*MEASURE_KEY, "unit", "numerator", "denominator"]].itertuples(index=False)):
            measure, kind, code, grouping, group, unit, numerator, denominator = row
            area = (kind, code)
            is_share = (measure, kind, code) not in with_whole
            if denominator >= 0:
                counted = (EVERYBODY, EVERYBODY) if is_share else (grouping, group)
                place: Place = (f"{self.name} denominator {measure}", area, *counted)
                known = release.positions.get(place) if is_share else None
                self._denominators[i] = release.add(place, denominator) if known is None else known
                of_figure["denominator", measure, kind, code, group] = self._denominators[i]
            if unit != "score":
                place = (f"{self.name} numerator {measure}", area, grouping, group)
                self._numerators[i] = release.add(place, numerator)
                of_figure["numerator", measure, kind, code, group] = self._numerators[i]
                if denominator >= 0 and unit in OF_PEOPLE:
                    rest = (f"{self.name} others of {measure}", area, grouping, group)
                    release.add_rest(rest, self._denominators[i], [self._numerators[i]])
        self._add_shares(release)
        for whole_figure, parts, is_all in self._ties:
            if all(figure in of_figure for figure in (whole_figure, *parts)):
                total, cells = of_figure[whole_figure], [of_figure[part] for part in parts]
                if is_all:
                    release.add_sum(total, cells)
                else:
                    _, measure, kind, code, group = whole_figure
                    named = f"{' '.join(whole_figure[:2])} without {' '.join(parts[0][:2])} {parts[0][4]}"
                    release.add_rest((f"{self.name} {named}", (kind, code), EVERYBODY, group), total, cells)

    def _add_shares(self, release: Release) -> None:
        """Shares of an area add up to its denominator."""
        shares: dict[int, list[int]] = {}
        for numerator, denominator in zip(self._numerators.tolist(), self._denominators.tolist(), strict=True):
            if numerator >= 0 and denominator >= 0:
                shares.setdefault(denominator, []).append(numerator)
        for denominator, numerators in shares.items():
            if len(numerators) > 1:
                release.add_sum(denominator, numerators)

    def released(self, labels: Counts) -> pd.DataFrame:
        counts, released = self._counts, self._counts.drop(columns=["numerator", "denominator"])
        parts = {"numerator": self._numerators, "denominator": self._denominators}
        for part, cells in parts.items():
            is_there = cells >= 0
            truth = counts[part].where(is_there, 0).to_numpy(dtype=np.int64)
            of_part = np.where(is_there, labels[cells], WITHHELD)
            released[part] = shown(truth, of_part)
            released[f"{part}_precision"] = label_texts(of_part).where(is_there)
        is_score = counts["unit"].eq("score").to_numpy()
        people = counts["denominator"].fillna(0).to_numpy(dtype=np.int64)
        mean = counts["numerator"].to_numpy(dtype=np.float64) / 1000 / np.maximum(people, 1)
        shows_mean = is_score & (people > SMALL) & released["denominator"].notna().to_numpy()
        released["value"] = np.where(shows_mean, mean.round(1), np.nan)
        released["is_suppressed"] = np.where(is_score, ~shows_mean, released["numerator"].isna()).astype(bool)
        return self._statistics(released)


class RawAttrition(RawTable):
    """Attrition of every cohort by PCN and ICB.

    `attrition` has the columns of contract `cohort_attrition`, `geography` those of `core_geography`. Released it has
    the columns of contract `area_attrition`. `groups` says whom each step counts, by cohort and step: those it took,
    and those left after it.
    """

    name = "area_attrition"

    def __init__(
        self,
        attrition: pd.DataFrame,
        geography: pd.DataFrame,
        *,
        groups: Mapping[tuple[str, int], tuple[Group, Group]] | None = None,
    ) -> None:
        columns = ["practice_code", "pcn_code", "pcn_name", "icb_code", "icb_name"]
        placed = attrition.merge(geography[columns], on="practice_code", how="inner")
        if len(placed) != len(attrition):
            raise DisclosureError(
                "Attrition names practices that the geography does not",
                name="cohort_attrition",
                hint="Build both from the same month.",
            )
        levels = [
            placed.assign(area_type=kind, area_code=placed[f"{kind}_code"], area_name=placed[f"{kind}_name"].fillna(""))
            for kind in ("icb", "pcn")
        ]
        key = ["cohort_id", "area_type", "area_code", "area_name", "step_order", "step", "kind", "label"]
        counts = pd.concat(levels).groupby(key, as_index=False)[["person_count", "remaining_count"]].sum()
        super().__init__(counts.sort_values(ATTRITION_KEY, ignore_index=True))
        self._groups = groups or {}
        pairs = placed[["icb_code", "pcn_code", "practice_code"]].drop_duplicates()
        self._nesting = []
        for parent, child in (("icb", "pcn"), ("pcn", "practice")):
            for code, rows in pairs.groupby(f"{parent}_code"):
                parts = [(child, part) for part in sorted(rows[f"{child}_code"].unique())]
                self._nesting.append(((parent, code), parts))

    @property
    def nesting(self) -> Nesting:
        return self._nesting

    def enter(self, release: Release) -> None:
        for (cohort, order), (taken, left) in self._groups.items():
            release.say_whom(step_family(cohort, order), taken, cohort)
            release.say_whom(f"{self.name} left {cohort} {order}", left, cohort)
        self._cells = {"person_count": [], "remaining_count": []}
        before: int | None = None
        columns = ["cohort_id", "area_type", "area_code", "step_order", "kind", "person_count", "remaining_count"]
        for cohort, kind, code, order, step_kind, taken, left in self._counts[columns].itertuples(index=False):
            area: Area = (kind, code)
            here = release.add((step_family(cohort, order), area, EVERYBODY, EVERYBODY), taken)
            # What is left can be had from the steps, so it would be missed least.
            place: Place = (f"{self.name} left {cohort} {order}", area, EVERYBODY, EVERYBODY)
            rest = release.add(place, left, weight=_FIRST_TO_GO)
            if step_kind == "population" or before is None:
                release.add_sum(here, [rest])
            else:
                release.add_sum(before, [here, rest])
            self._cells["person_count"].append(here)
            self._cells["remaining_count"].append(rest)
            before = rest

    def released(self, labels: Counts) -> pd.DataFrame:
        released = self._counts.copy()
        for column, cells in self._cells.items():
            of_column = labels[np.array(cells, dtype=np.int64)]
            released[column] = shown(self._counts[column].to_numpy(dtype=np.int64), of_column)
            released[f"{column}_precision"] = label_texts(of_column)
        released["is_suppressed"] = released["person_count"].isna()
        return released


class RawQuality(RawTable):
    """Counts about the data of the whole ICB.

    `counts` has `section` (a feed, or what the counts are about), `item` (of a feed: `delivered`, `accepted`,
    `quarantined`, or a rule), `unit` and `count`. Counts of `practices` and of `reference rows` (published maps and
    indices, nobody's data) are public and stay as they are.
    """

    name = "data_quality"

    def __init__(self, counts: pd.DataFrame) -> None:
        super().__init__(counts.sort_values(["section", "unit", "item"], ignore_index=True))
        self._is_public = self._counts["unit"].isin(PUBLIC_UNITS).to_numpy()

    def enter(self, release: Release) -> None:
        self._cells = np.full(len(self._counts), -1)
        for (section, unit), rows in self._counts[~self._is_public].groupby(["section", "unit"]):
            of_item = {}
            for i, item, count in rows[["item", "count"]].itertuples(name=None):
                place: Place = (f"{self.name} {section} {unit} {item}", ("icb", ""), EVERYBODY, EVERYBODY)
                of_item[item] = self._cells[i] = release.add(place, count)
            if {"delivered", "accepted", "quarantined"} <= of_item.keys():
                release.add_sum(of_item["delivered"], [of_item["accepted"], of_item["quarantined"]])

    def released(self, labels: Counts) -> pd.DataFrame:
        released = self._counts.copy()
        truth = released["count"].to_numpy(dtype=np.int64)
        of_row = labels[self._cells]
        public = pd.Series(truth, dtype="Int64")
        released["count"] = shown(truth, of_row).mask(self._is_public, public)
        released["count_precision"] = label_texts(of_row).mask(self._is_public, PUBLIC_TEXT)
        released["is_suppressed"] = released["count"].isna()
        return released

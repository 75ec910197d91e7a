"""The one gate: counts of people become published numbers here and nowhere else.

The rule is NHS England's for sub-national tables since 2018, OpenSAFELY's too: 1 to 7 is withheld, any other count is
rounded to the nearest 5 (an integer is never half way between two multiples of 5), and every value is computed from
the rounded parts. At PCN and practice level zero is withheld with the small counts, as "0-7": shown zeros are what lets
a reader subtract.

Secondary protection (`phm.governance.protection`): a reader who knows these rules adds up what is published; where that
would confine a withheld count, or an unpublished complement, a shown count beside it is withheld too. Covered is what
one call publishes, with the ties between its measures that it is told of. Not covered yet: last month's tables, cohorts
that overlap, coarser rounding in place of withholding; nor readers who hold unpublished counts.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from phm.errors import DisclosureError
from phm.governance.protection import ROUNDING, SMALL, Cells, Relation, round_counts

ZERO_WITHHELD_AT = ("practice", "pcn")
PUBLIC_UNITS = ("practices", "reference rows")
MEASURE_KEY = ["measure_id", "area_type", "area_code", "group_name", "group_value"]
ATTRITION_KEY = ["cohort_id", "area_type", "area_code", "step_order"]
_GATE = object()

Area = tuple[str, str]
Nesting = Sequence[tuple[Area, Sequence[Area]]]
Figure = tuple[str, str, str, str, str]
"""One count by name: `numerator` or `denominator`, measure, area type, area code, group value."""
Tie = tuple[Figure, Sequence[Figure], bool]
"""A count, counts that share no person and whose people are all among its own, and whether nobody else is."""


class RawCounts:
    """Counts of people that have not passed the gate: they can be published or dropped, not looked at.

    Parameters
    ----------
    counts
        One row per measure, area and group: the columns of `measure_value` up to `denominator`, unrounded. Of a
        `score` the numerator is the sum of the scores in thousandths, the denominator the people it was summed over.
    nesting
        Pairs of an area and the areas that make it up exactly; an area is its type and code.
    ties
        Which counts of different measures or groups a reader can subtract from each other.
    statistics
        From released rows to the same rows with `value`, `lower`, `upper` and `method`.
    """

    def __init__(
        self,
        counts: pd.DataFrame,
        *,
        nesting: Nesting,
        statistics: Callable[[pd.DataFrame], pd.DataFrame],
        ties: Sequence[Tie] = (),
    ) -> None:
        self._counts = counts.sort_values(MEASURE_KEY, ignore_index=True)
        self._nesting = nesting
        self._ties = ties
        self._statistics = statistics

    def __repr__(self) -> str:
        return f"<RawCounts: {len(self._counts)} rows, not published>"

    @property
    def table(self) -> pd.DataFrame:
        """Never given: raises DisclosureError."""
        raise DisclosureError(
            "Counts that have not passed the disclosure gate cannot be read or written",
            name="RawCounts",
            hint="Call phm.governance.disclosure.publish and use its table.",
        )


class Published:
    """A table that has passed the gate: the only thing a report or a file for others may be made from."""

    def __init__(self, table: pd.DataFrame, *, gate: object = None) -> None:
        if gate is not _GATE:
            raise DisclosureError(
                "A table becomes published only by passing the disclosure gate",
                name="Published",
                hint="Use publish, publish_attrition or recognise of phm.governance.disclosure.",
            )
        self._table = table

    @property
    def table(self) -> pd.DataFrame:
        """The released rows; a copy, so nothing can be slipped in behind the gate."""
        return self._table.copy()

    def to_csv(self, path: Path) -> None:
        """Write the released rows as UTF-8 CSV."""
        self._table.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def publish(raw: RawCounts, /) -> Published:
    """One row of contract `measure_value` per measure, area and group, safe to leave.

    Raises
    ------
    DisclosureError
        A small count stays too narrow whatever is withheld; names the measure.
    """
    counts = raw._counts
    size = len(counts)
    is_score = counts["unit"].eq("score").to_numpy()
    has_denominator = counts["denominator"].notna().to_numpy()
    denominator = counts["denominator"].fillna(0).to_numpy(dtype=np.int64)
    numerator = np.where(is_score, 0, counts["numerator"].to_numpy(dtype=np.int64))
    zero_withheld = counts["area_type"].isin(ZERO_WITHHELD_AT).to_numpy()
    # A row's numerator is cell i, its denominator cell size + i, their difference cell 2 * size + i; what a tie leaves
    # over has a cell behind those.
    has_complement = has_denominator & ~is_score
    tied = _tied_cells(counts, raw._ties)
    truth = np.concatenate([numerator, denominator, np.where(has_complement, denominator - numerator, 0)])
    left_over = np.array([truth[whole] - truth[parts].sum() for whole, parts, _ in tied], dtype=np.int64)
    hidden = np.zeros(size + len(tied), dtype=bool)
    cells = Cells(
        truth=np.concatenate([truth, left_over]),
        is_published=np.concatenate([~is_score, has_denominator, hidden]),
        is_zero_withheld=np.concatenate([zero_withheld, zero_withheld, hidden]),
        importance=np.concatenate([np.tile(_importance(counts), 3), np.zeros(len(tied), dtype=np.int64)]),
    )
    relations = _measure_relations(counts, raw._nesting, has_complement)
    relations += [(t, p if is_all else [*p, 3 * size + i]) for i, (t, p, is_all) in enumerate(tied)]
    cells.protect(relations, name="measure_value")
    released = counts.drop(columns=["numerator", "denominator"])
    released["numerator"] = _rounded(numerator, ~is_score & cells.is_shown[:size])
    released["denominator"] = _rounded(denominator, has_denominator & cells.is_shown[size : 2 * size])
    mean = counts["numerator"].to_numpy(dtype=np.float64) / 1000 / np.maximum(denominator, 1)
    shows_mean = is_score & (denominator > SMALL) & cells.is_shown[size : 2 * size]
    released["value"] = np.where(shows_mean, mean.round(1), np.nan)
    released["is_suppressed"] = np.where(is_score, ~shows_mean, ~cells.is_shown[:size]).astype(bool)
    return Published(raw._statistics(released), gate=_GATE)


def publish_attrition(attrition: pd.DataFrame, geography: pd.DataFrame, /) -> Published:
    """One row per cohort, area (PCN or ICB) and step of `cohort_attrition`, counts withheld or rounded.

    `attrition` has the columns of contract `cohort_attrition`, `geography` those of `core_geography`. The result has
    `area_type, area_code, area_name` instead of the practice, and `is_suppressed` where the step's count is withheld.
    """
    placed = attrition.merge(
        geography[["practice_code", "pcn_code", "pcn_name", "icb_code", "icb_name"]], on="practice_code", how="inner"
    )
    if len(placed) != len(attrition):
        raise DisclosureError(
            "Attrition names practices that the geography does not",
            name="cohort_attrition",
            hint="Build both from the same month.",
        )
    step = ["step_order", "step", "kind", "label"]
    levels = [
        placed.assign(area_type=kind, area_code=placed[f"{kind}_code"], area_name=placed[f"{kind}_name"].fillna(""))
        for kind in ("icb", "pcn")
    ]
    counts = (
        pd.concat(levels)
        .groupby(["cohort_id", "area_type", "area_code", "area_name", *step], as_index=False)[
            ["person_count", "remaining_count"]
        ]
        .sum()
        .sort_values(ATTRITION_KEY, ignore_index=True)
    )
    size = len(counts)
    zero_withheld = counts["area_type"].isin(ZERO_WITHHELD_AT).to_numpy()
    truth = counts[["person_count", "remaining_count"]].to_numpy(dtype=np.int64).T.ravel()
    # What is left can be had from the steps, so it is the first to go.
    importance = np.concatenate([2 * _importance(counts) + 1, 2 * _importance(counts)])
    cells = Cells(truth, np.ones(2 * size, dtype=bool), np.tile(zero_withheld, 2), importance)
    cells.protect(_attrition_relations(counts), name="cohort_attrition")
    counts["person_count"] = _rounded(truth[:size], cells.is_shown[:size])
    counts["remaining_count"] = _rounded(truth[size:], cells.is_shown[size:])
    counts["is_suppressed"] = ~cells.is_shown[:size]
    return Published(counts, gate=_GATE)


def publish_quality(counts: pd.DataFrame, /) -> Published:
    """One row per thing counted about the data of the whole ICB, withheld where small and otherwise rounded.

    `counts` has `section` (a feed, or what the counts are about), `item` (of a feed: `delivered`, `accepted`,
    `quarantined`, or a rule), `unit` and `count`. Counts of `practices` and of `reference rows` (published
    maps and indices, nobody's data) are public and stay as they are.
    """
    counts = counts.sort_values(["section", "unit", "item"], ignore_index=True)
    is_public = counts["unit"].isin(PUBLIC_UNITS).to_numpy()
    truth = counts["count"].to_numpy(dtype=np.int64)
    cells = Cells(truth, np.ones(len(counts), dtype=bool), np.zeros(len(counts), dtype=bool))
    relations: list[Relation] = []
    for _, rows in counts.groupby("section"):
        row_of = dict(zip(rows["item"], rows.index, strict=True))
        if {"delivered", "accepted", "quarantined"} <= row_of.keys():
            relations.append((row_of["delivered"], [row_of["accepted"], row_of["quarantined"]]))
    cells.protect(relations, name="data quality")
    counts["count"] = _rounded(truth, cells.is_shown).mask(is_public, pd.Series(truth, dtype="Int64"))
    counts["is_suppressed"] = ~cells.is_shown & ~is_public
    return Published(counts, gate=_GATE)


def recognise(table: pd.DataFrame, /) -> Published:
    """A table read back from where it was published, refused where a count cannot have passed the gate."""
    columns = [c for c in ("numerator", "denominator", "person_count", "remaining_count") if c in table]
    wrong = [c for c in columns if (table[c].dropna() % ROUNDING != 0).any()]
    if wrong or not columns:
        raise DisclosureError(
            "This table holds counts that were never published",
            name=", ".join(wrong) or "no count column",
            hint="Read measure_value or published attrition, not the tables they are made from.",
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


def _importance(counts: pd.DataFrame) -> NDArray[np.int64]:
    """Rank of each row: the larger the area, the more it would be missed."""
    return counts["area_type"].map({"practice": 0, "pcn": 1, "place": 2, "icb": 3}).to_numpy(dtype=np.int64)


def _rounded(truth: NDArray[np.int64], shown: NDArray[np.bool_]) -> pd.Series:
    """Counts to the nearest 5, missing where not shown."""
    return pd.Series(round_counts(truth), dtype="Int64").where(pd.Series(shown))


def _measure_relations(counts: pd.DataFrame, nesting: Nesting, has_complement: NDArray[np.bool_]) -> list[Relation]:
    """What a reader can add up: numerator and complement, groups of an area, areas of a larger area."""
    size = len(counts)
    relations: list[Relation] = [(size + i, [i, 2 * size + i]) for i in np.flatnonzero(has_complement)]
    groups_of: dict[tuple[str, str, str], dict[str, list[int]]] = {}
    rows_of: dict[tuple[str, str, str], dict[Area, int]] = {}
    for i, (measure, *area, group, value) in enumerate(counts[MEASURE_KEY].itertuples(index=False, name=None)):
        groups_of.setdefault((measure, *area), {}).setdefault(group, []).append(i)
        rows_of.setdefault((measure, group, value), {})[tuple(area)] = i
    for groups in groups_of.values():
        whole = groups.pop("all", [])
        for parts in groups.values():
            denominators = [size + i for i in parts]
            if whole:
                relations += [(whole[0], parts), (size + whole[0], denominators)]
            else:  # shares: every group has the whole area's people as its denominator
                relations += [(denominators[0], parts), *((d, denominators[:1]) for d in denominators[1:])]
    for row_of in rows_of.values():
        for area, parts in nesting:
            if area in row_of and all(part in row_of for part in parts):
                children = [row_of[part] for part in parts]
                relations += [(row_of[area], children), (size + row_of[area], [size + i for i in children])]
    return relations


def _tied_cells(counts: pd.DataFrame, ties: Sequence[Tie]) -> list[tuple[int, list[int], bool]]:
    """Ties between counts that are there, as cells."""
    keys = counts[["measure_id", "area_type", "area_code", "group_value"]].itertuples(index=False, name=None)
    row_of = {key: i for i, key in enumerate(keys)}
    offset = {"numerator": 0, "denominator": len(counts)}
    return [
        (offset[whole[0]] + row_of[whole[1:]], [offset[part] + row_of[tuple(row)] for part, *row in parts], is_all)
        for whole, parts, is_all in ties
        if all(figure[1:] in row_of for figure in (whole, *parts))
    ]


def _attrition_relations(counts: pd.DataFrame) -> list[Relation]:
    """What a reader can add up: a step and what is left make what was there; the PCNs of a step make the ICB."""
    size = len(counts)
    relations: list[Relation] = []
    for _, rows in counts.groupby(["cohort_id", "area_type", "area_code"]):
        steps = rows.index.tolist()
        for before, here in zip([None, *steps], steps, strict=False):
            is_start = before is None or counts["kind"][here] == "population"
            relations.append((here, [size + here]) if is_start else (size + before, [here, size + here]))
    for _, rows in counts.groupby(["cohort_id", "step_order"]):
        parts = rows.index[rows["area_type"] == "pcn"].tolist()
        for total in rows.index[rows["area_type"] == "icb"]:
            relations += [(total, parts), (size + total, [size + i for i in parts])]
    return relations

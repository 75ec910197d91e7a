"""Deprivation of people's home areas: who has a score and who has not, and the scores of the areas care is planned for.

An area's score is that of its people: the mean of the scores of the LSOAs they live in. Not here: which boundaries a
register and an index are on, and how one gets onto the other (`vintages`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import ibis
from ibis.expr.types import IntegerValue, Table

from phm.core.homes import ENGLAND, OUTSIDE_ENGLAND, PLACEHOLDER, UNKNOWN, home_kind, summed
from phm.core.vintages import MAPPINGS, mean_score
from phm.errors import CheckFailed

WARNING_PERCENT = 0.5
ERROR_PERCENT = 5.0
"""Shares of people a join has lost, above which a delivery is suspicious, and above which it is refused."""

CORE20_DECILES = (1, 2)
"""National deciles that make the *20* of Core20PLUS5 (NHS England): the most deprived fifth of areas."""


def quintile(decile: IntegerValue, /) -> IntegerValue:
    """National quintile of a national decile (1 is most deprived): deciles 1 and 2 are quintile 1."""
    return ((decile + 1) // 2).cast("int64")


@dataclass(frozen=True, slots=True)
class DeprivationMatch:
    """How many people of the register have an area score, and why others have none.

    `mapped` says of the matched how their areas got it (`vintages.MAPPINGS`); empty says all of them directly.
    """

    people: int
    matched: int
    placeholder: int
    outside_england: int
    unknown: int
    mapped: Mapping[str, int] = field(default_factory=dict)

    @property
    def unmatched_percent(self) -> float:
        """Per cent of people without an area score."""
        return _percent(self.people - self.matched, self.people)

    def summary(self) -> str:
        """One sentence with every count, for logs and metadata."""
        return (
            f"{self.matched:,} of {self.people:,} registrations matched to deprivation.lsoa_code; unmatched: "
            f"{self.placeholder:,} blank or placeholder, {self.outside_england:,} outside England, "
            f"{self.unknown:,} unknown code ({self.unmatched_percent:.2f}%)"
        )

    def mapping(self) -> str:
        """Shares of the matched people by how their areas got their scores: "98.76% direct, 1.24% split"."""
        shares = (f"{_percent(count, self.matched):.2f}% {kind}" for kind, count in self.mapped.items())
        return ", ".join(shares) or f"100.00% {MAPPINGS['U']}"

    def record(self) -> dict[str, int]:
        """Every count, by name, as a manifest keeps them."""
        mapped = {f"matched_by_{kind}_mapping": count for kind, count in self.mapped.items() if kind != MAPPINGS["U"]}
        unmatched = {kind: getattr(self, kind) for kind in (PLACEHOLDER, OUTSIDE_ENGLAND, UNKNOWN)}
        return {"people": self.people, "matched": self.matched, **mapped, **unmatched}


def match_people(homes: Table, areas: Table, /) -> DeprivationMatch:
    """People with and without an area score. Refuses nothing: see `check_match`.

    `homes` are `homes.homes` or `practice_lsoa_count`, `areas` those of a `vintages.FittedIndex`.
    """
    joined = _scored(homes, areas)
    counted = joined.group_by(joined.kind, joined.mapping).agg(people=joined.patient_count.sum())
    rows = counted.order_by("kind", "mapping").to_pyarrow().to_pylist()
    mapped = {row["mapping"]: int(row["people"]) for row in rows if row["mapping"]}
    others = {kind: 0 for kind in (PLACEHOLDER, OUTSIDE_ENGLAND, UNKNOWN)}
    others |= {row["kind"]: int(row["people"]) for row in rows if not row["mapping"]}
    matched = sum(mapped.values())
    return DeprivationMatch(people=matched + sum(others.values()), matched=matched, mapped=mapped, **others)


def check_match(match: DeprivationMatch, /) -> list[str]:
    """Warnings about people without an area score (none, or one sentence).

    Raises
    ------
    CheckFailed
        More than `ERROR_PERCENT` have none.
    """
    if match.unmatched_percent > ERROR_PERCENT:
        raise CheckFailed(
            f"More than {ERROR_PERCENT:g}% of people have no area score: {match.summary()}",
            name="gp_register.lsoa_code",
            hint="Check that the deprivation index covers the area and is on the same LSOA boundaries.",
        )
    return _warned(match.unmatched_percent, "have no area score")


def check_placed(homes: Table, membership: Table, /) -> list[str]:
    """Warnings about people of practices that `membership` does not know, who are in no area (none, or one sentence).

    Raises
    ------
    CheckFailed
        More than `ERROR_PERCENT` are: the map is of another month or of somewhere else.
    """
    lost = homes.anti_join(membership, "practice_code")
    people, unplaced = (int(t.patient_count.sum().to_pyarrow().as_py() or 0) for t in (homes, lost))
    percent = _percent(unplaced, people)
    if percent > ERROR_PERCENT:
        raise CheckFailed(
            f"More than {ERROR_PERCENT:g}% of people are with practices the map does not know: "
            f"{unplaced:,} of {people:,} ({percent:.2f}%)",
            name="practice_membership.practice_code",
            hint="Take the map of the same month as the register, and of all its practices.",
        )
    return _warned(percent, "are with practices the map does not know")


def _warned(percent: float, what: str) -> list[str]:
    return [f"{percent:.2f}% of people {what}; more than {WARNING_PERCENT:g}% is a warning."] * (
        percent > WARNING_PERCENT
    )


def area_deprivation(homes: Table, areas: Table, membership: Table, /, *, area: str) -> Table:
    """How deprived the people of each area are: one row is one area, most people of all of them counted in one row.

    Columns are `area_code` (null: practices that `membership` does not know), `patient_count`, `matched_count`, the
    unmatched by reason (`placeholder_count`, `outside_england_count`, `unknown_count`), the mean of each score the
    index has over the people whose LSOA has one, `core20_count` and `core20_pct` of the matched, and the people of
    each national decile and quintile.

    Parameters
    ----------
    homes
        People by `practice_code` and `lsoa_code`, in `patient_count`.
    areas
        Those of a `vintages.FittedIndex`, on the boundaries of `homes`.
    membership
        `practice_code` with the columns of the areas it belongs to, such as `core_geography`.
    area
        Column of `membership`: practice_code, pcn_code, place_code or icb_code.
    """
    members = membership.select(member_code="practice_code", area_code=area)
    scored = _scored(homes, areas)
    joined = scored.left_join(members, scored.practice_code == members.member_code)
    people, decile = joined.patient_count, joined.imd_decile
    unmatched = {
        f"{kind}_count": summed(people, where=(joined.kind == kind) & joined.mapping.isnull())
        for kind in (PLACEHOLDER, OUTSIDE_ENGLAND, UNKNOWN)
    }
    scores = [name for name in areas.columns if name.endswith("_score")]
    counts = {
        "matched_count": summed(people, where=joined.mapping.notnull()),
        **unmatched,
        "core20_count": summed(people, where=decile.isin(CORE20_DECILES)),
        **{f"quintile_{n}_count": summed(people, where=quintile(decile) == n) for n in range(1, 6)},
        **{f"decile_{n}_count": summed(people, where=decile == n) for n in range(1, 11)},
    }
    by_area = joined.group_by("area_code").agg(
        patient_count=summed(people),
        **counts,
        **{name: mean_score(joined[name], people) for name in scores},
    )
    matched = by_area.matched_count.nullif(0)
    return by_area.mutate(core20_pct=100 * by_area.core20_count.cast("float64") / matched).order_by("area_code")


def _scored(homes: Table, areas: Table) -> Table:
    """`homes` with what the index says of the LSOA, and `kind`: England, or why there is nothing.

    An English code the index lacks is unknown.
    """
    index = areas.drop(*(name for name in areas.columns if name.startswith("lad_"))).rename(area_lsoa_code="lsoa_code")
    joined = homes.left_join(index, homes.lsoa_code == index.area_lsoa_code)
    kind = home_kind(joined.lsoa_code)
    is_lacking = (kind == ENGLAND) & joined.mapping.isnull()
    return joined.mutate(kind=ibis.ifelse(is_lacking, UNKNOWN, kind))


def _percent(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 0.0

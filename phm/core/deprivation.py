"""Deprivation of people's home areas, and proof that register and index speak of the same areas.

IMD 2019 is on LSOA 2011, IMD 2025 on LSOA 2021; about 3,700 of the 33,000 areas differ. Joining the wrong pair drops
people without a word, so both vintages are detected (`check_vintages`) and every unmatched person is counted
(`match_people`).
"""

from dataclasses import dataclass

import ibis
from ibis.expr.types import IntegerValue, Table

from phm.errors import CheckFailed

PLACEHOLDER_LSOAS = ("EMPTY", "CLOSED", "NO2011", "L99999999", "M99999999", "E99999999")
"""Values national extracts carry in place of an LSOA: no address, closed practice, not found, Channel Islands, Man."""

WARNING_PERCENT = 0.5
ERROR_PERCENT = 5.0
"""Shares of people without an area score above which a delivery is suspicious, and above which it is refused."""


def quintile(decile: IntegerValue, /) -> IntegerValue:
    """National quintile of a national decile (1 is most deprived): deciles 1 and 2 are quintile 1."""
    return ((decile + 1) // 2).cast("int64")


def vintage(areas: Table, lookup: Table, /) -> str | None:
    """`2011` or `2021`: the LSOA boundaries most of `areas` are on; None where no code tells.

    Only codes that exist in one vintage tell. `areas` has `lsoa_code` and `people` (weights; 1 for an index).
    """
    codes_2011 = lookup.select(lsoa_code="lsoa11_code").distinct()
    codes_2021 = lookup.select(lsoa_code="lsoa21_code").distinct()
    only_2011 = codes_2011.anti_join(codes_2021, "lsoa_code")
    only_2021 = codes_2021.anti_join(codes_2011, "lsoa_code")
    people_2011 = _people(areas.semi_join(only_2011, "lsoa_code"))
    people_2021 = _people(areas.semi_join(only_2021, "lsoa_code"))
    if people_2011 == people_2021:
        return None
    return "2011" if people_2011 > people_2021 else "2021"


def check_vintages(register: Table, deprivation: Table, lookup: Table, /) -> tuple[str | None, str | None]:
    """LSOA vintages of the register and of the deprivation index (see `vintage`).

    Raises
    ------
    CheckFailed
        They are known and differ: naming both vintages, both columns and what to deliver.
    """
    of_register = vintage(_register_areas(register), lookup)
    of_index = vintage(deprivation.select("lsoa_code", people=ibis.literal(1)), lookup)
    if of_register and of_index and of_register != of_index:
        index = {"2011": "IMD 2019", "2021": "IMD 2025"}[of_register]
        raise CheckFailed(
            f"gp_register.lsoa_code is on {of_register} boundaries but deprivation.lsoa_code is on {of_index}",
            name="gp_register.lsoa_code, deprivation.lsoa_code",
            hint=f"Deliver {index}, which is on LSOA {of_register}, or registers with LSOA {of_index} codes.",
        )
    return of_register, of_index


@dataclass(frozen=True, slots=True)
class DeprivationMatch:
    """How many people of the register have an area score, and why others have none."""

    people: int
    matched: int
    placeholder: int
    outside_england: int
    unknown: int

    @property
    def unmatched_percent(self) -> float:
        """Per cent of people without an area score."""
        return 100 * (self.people - self.matched) / self.people if self.people else 0.0

    def summary(self) -> str:
        """One sentence with every count, for logs and metadata."""
        return (
            f"{self.matched:,} of {self.people:,} registrations matched to deprivation.lsoa_code; unmatched: "
            f"{self.placeholder:,} blank or placeholder, {self.outside_england:,} outside England, "
            f"{self.unknown:,} unknown code ({self.unmatched_percent:.2f}%)"
        )


def match_people(register: Table, deprivation: Table, /) -> DeprivationMatch:
    """Registrations with and without an area score. Refuses nothing: see `check_match`."""
    areas = _register_areas(register)
    scored = deprivation.select(index_lsoa_code="lsoa_code")
    joined = areas.left_join(scored, areas.lsoa_code == scored.index_lsoa_code)
    code = joined.lsoa_code.fill_null("EMPTY")
    kind = ibis.cases(
        (joined.index_lsoa_code.notnull(), "matched"),
        (code.isin([*PLACEHOLDER_LSOAS, ""]), "placeholder"),
        (code.left(1).isin(["W", "S", "N", "9"]), "outside_england"),
        else_="unknown",
    )
    counts = joined.group_by(kind=kind).agg(people=joined.people.sum()).to_pyarrow().to_pylist()
    by_kind = {row["kind"]: int(row["people"]) for row in counts}
    kinds = {name: by_kind.get(name, 0) for name in ("matched", "placeholder", "outside_england", "unknown")}
    return DeprivationMatch(people=sum(kinds.values()), **kinds)


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
    return [f"{match.summary()}."] if match.unmatched_percent > WARNING_PERCENT else []


def _register_areas(register: Table) -> Table:
    return register.group_by("lsoa_code").agg(people=register.count())


def _people(areas: Table) -> int:
    return int(areas.people.sum().to_pyarrow().as_py() or 0)

"""Vintages of LSOA boundaries: which one a table is on, and an index carried from one to the other.

IMD 2019 is on LSOA 2011, IMD 2025 on LSOA 2021; about 3,000 of the 33,000 areas differ. Joining the wrong pair drops
people without a word, so both sides are told apart by their codes and never by a file's name.
"""

from dataclasses import dataclass
from typing import NamedTuple

import ibis
from ibis.expr.types import BooleanColumn, FloatingScalar, IntegerColumn, NumericColumn, StringColumn, Table

from phm.errors import CheckFailed

LAST_2011 = "E01033768"
LAST_2021 = "E01035762"
"""The highest codes of English LSOAs of 2011 and of 2021; those between were first given in 2021 (ONS lookup)."""

INDEX_OF = {"2011": "IMD 2019", "2021": "IMD 2025"}
AREAS_IN_ENGLAND = {"2011": 32_844, "2021": 33_755}

MAPPINGS = {"U": "direct", "S": "split", "M": "merge", "X": "irregular"}
"""How an area of one vintage became one of the other, by the lookup's change indicator."""
UNSTATED = "unstated"
"""Where the lookup has no change indicator (version 2)."""

_THOUSANDTHS = 1000


class Vintages(NamedTuple):
    """Boundaries of both sides, `2011` or `2021`; None where no code tells."""

    register: str | None
    index: str | None


@dataclass(frozen=True)
class FittedIndex:
    """A deprivation index on the boundaries of a register.

    `areas` has the columns of the index and `mapping`: how each area got its values.
    """

    areas: Table
    vintages: Vintages

    @property
    def name(self) -> str:
        """The index with its vintage, to be printed wherever a decile is."""
        index = self.vintages.index
        if index is None:
            return "IMD"
        is_mapped = self.vintages.register not in (None, index)
        return f"{INDEX_OF[index]} on LSOA {index}" + (f", carried to LSOA {self.vintages.register}" * is_mapped)


def vintages(homes: Table, index: Table, lookup: Table | None = None, /) -> Vintages:
    """The boundaries a register and an index are on.

    Only codes that exist in one vintage tell; the side with more people (for the index, more areas) decides. Which
    codes those are says the lookup. Without one, the numbers do: codes between `LAST_2011` and `LAST_2021` are of
    2021, and older ones which a 2021 index lacks are of 2011.

    Parameters
    ----------
    homes
        People by `lsoa_code`, in `patient_count`.
    index
        Has `lsoa_code`.
    lookup
        `lsoa_lookup`, or None.
    """
    areas = index.select("lsoa_code", patient_count=ibis.literal(1))
    if lookup is not None:
        old, new = lookup.select(lsoa_code="lsoa11_code"), lookup.select(lsoa_code="lsoa21_code")
        only_old, only_new = (one.distinct().anti_join(other, "lsoa_code") for one, other in ((old, new), (new, old)))
        of_register, of_index = (
            _majority(side.semi_join(only_old, "lsoa_code"), side.semi_join(only_new, "lsoa_code"))
            for side in (homes, areas)
        )
        return Vintages(of_register, of_index)
    new_areas = areas.filter(_is_new(areas.lsoa_code))
    old_areas = areas.filter(_is_old(areas.lsoa_code))
    of_index = "2021" if _people(new_areas) else _majority(old_areas, new_areas)
    new_homes = homes.filter(_is_new(homes.lsoa_code))
    lacking = homes.filter(_is_old(homes.lsoa_code)).anti_join(areas, "lsoa_code")
    # Only an index of 2021 lacks older areas by design.
    return Vintages(_majority(lacking if of_index == "2021" else new_homes.limit(0), new_homes), of_index)


def fit_index(homes: Table, index: Table, lookup: Table | None = None, /) -> FittedIndex:
    """The index on the boundaries of the register: as it is, or carried over by the lookup where they differ.

    Raises
    ------
    CheckFailed
        They differ and there is no lookup: naming both vintages, both columns and what to deliver.
    """
    found = vintages(homes, index, lookup)
    if None in found or found.register == found.index:
        return FittedIndex(index.mutate(mapping=ibis.literal(MAPPINGS["U"])), found)
    if lookup is None:
        raise CheckFailed(
            f"The register is on LSOA {found.register} but the index is on LSOA {found.index}, and there is no lookup",
            name="lsoa_code of the register, deprivation.lsoa_code",
            hint=f"Add the ONS lookup of LSOA 2011 to LSOA 2021, or take {INDEX_OF[found.register]}, which is on "
            f"LSOA {found.register}.",
        )
    return FittedIndex(_carried(index, lookup, found), found)


def _carried(index: Table, lookup: Table, found: Vintages) -> Table:
    """One row is one area of the register's vintage, with values from the areas of the index it shares land with.

    An area split out of one takes its values. One that several went into takes their mean, weighted by their own
    people (`population_count` of the index; equally without it, since nobody's register counts areas it is not on).
    Its decile is that of the mean rank.
    """
    to, of = (f"lsoa{vintage[2:]}_code" for vintage in found)
    pairs = lookup.select(lsoa_code=lookup[to], source_code=lookup[of], change="change")
    joined = pairs.join(index.rename(source_code="lsoa_code"), "source_code")
    people = joined.population_count.fill_null(1) if "population_count" in index.columns else ibis.literal(1)
    joined = joined.mutate(weight=people.cast("int64"))
    scores = [name for name in index.columns if name.endswith("_score")]
    rank = (joined.imd_rank * joined.weight).sum().cast("float64") / joined.weight.sum()
    carried = joined.group_by("lsoa_code").agg(
        **{name: mean_score(joined[name], joined.weight) for name in scores},
        **{name: joined[name].min() for name in index.columns if name.startswith("lad_")},
        imd_rank=rank.round().cast("int64"),
        lowest=joined.imd_decile.min(),
        highest=joined.imd_decile.max(),
        change=joined.change.min(),
    )
    decile_of_rank = (10 * carried.imd_rank.cast("float64") / AREAS_IN_ENGLAND[found.index]).ceil().cast("int64")
    mapping = carried.change.cases(*MAPPINGS.items(), else_=UNSTATED)
    return carried.mutate(
        imd_decile=ibis.ifelse(carried.lowest == carried.highest, carried.lowest, decile_of_rank), mapping=mapping
    ).drop("lowest", "highest", "change")


def mean_score(score: NumericColumn, people: IntegerColumn, /) -> FloatingScalar:
    """Mean of a published score, weighted by people, over the rows that have one.

    Added up in whole thousandths, the decimals scores are published with, so that the sum is the same however many
    threads share the work.
    """
    thousandths = (score * _THOUSANDTHS).round().cast("int64")
    weights = people.sum(where=score.notnull()).nullif(0)
    return (thousandths * people).sum().cast("float64") / weights / _THOUSANDTHS


def _is_old(code: StringColumn) -> BooleanColumn:
    return code.re_search("^E01[0-9]{6}$") & (code <= LAST_2011)


def _is_new(code: StringColumn) -> BooleanColumn:
    return (code > LAST_2011) & (code <= LAST_2021)


def _majority(old: Table, new: Table) -> str | None:
    of_old, of_new = _people(old), _people(new)
    if of_old == of_new:
        return None
    return "2011" if of_old > of_new else "2021"


def _people(homes: Table) -> int:
    return int(homes.patient_count.sum().to_pyarrow().as_py() or 0)

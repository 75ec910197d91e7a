"""Published registers, practice maps and deprivation indices brought together, outside any delivery.

Belongs here: reading the files and fitting them to each other. What is computed from them is the business of
`deprivation` and `boundary`, as in a run.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import ibis
from ibis.expr.types import Table

from phm.core.geography import practices
from phm.core.memberships import map_as_at
from phm.core.vintages import FittedIndex, fit_index
from phm.errors import CheckFailed
from phm.feeds.published import read_published


@dataclass(frozen=True)
class AreaFiles:
    """Paths of published files, each under the contract that says what it holds."""

    register: Path
    """`practice_lsoa_count`: patients by practice and LSOA."""
    membership: Path
    """`practice_membership`: the practice map."""
    core_partners: Path | None = None
    """`pcn_core_partner`: dated memberships (ePCN); without them PCNs are those of the map."""
    sub_icbs: Path | None = None
    """`sub_icb_lookup`: where practices lie that only `core_partners` knows."""
    places: Path | None = None
    """`place_membership`: a local map of places."""
    index: Path | None = None
    """`deprivation`: ranks and deciles."""
    scores: Path | None = None
    """`deprivation_score`: scores of the domains and populations, if the file of ranks has none."""
    lookup: Path | None = None
    """`lsoa_lookup`: LSOA 2011 to LSOA 2021."""


@dataclass(frozen=True)
class Areas:
    """What the files say about one day.

    `homes` are people by practice and LSOA (`phm.core.homes`), `practices` has the columns of `core_geography`, `index`
    is on the boundaries of `homes`, None without one.
    """

    homes: Table
    practices: Table
    index: FittedIndex | None


def read_areas(con: ibis.BaseBackend, files: AreaFiles, /, *, as_at: dt.date | None = None) -> Areas:
    """The published files as tables of a DuckDB backend; PCNs are those of `as_at` (default: the map's own day).

    Raises
    ------
    UnreadableFeed, CheckFailed
        A file is not as its contract says; register and index are on different boundaries and there is no lookup;
        ranks and scores are of different indices.
    """

    def read(path: Path | None, contract: str) -> Table | None:
        return read_published(con, path, contract) if path else None

    membership = read_published(con, files.membership, "practice_membership")
    partners, sub_icbs = read(files.core_partners, "pcn_core_partner"), read(files.sub_icbs, "sub_icb_lookup")
    day = as_at or membership.extract_date.max().to_pyarrow().as_py()
    of_practices = practices(
        map_as_at(membership, partners, sub_icbs, as_at=day), read(files.places, "place_membership")
    ).cache()
    homes = read_published(con, files.register, "practice_lsoa_count")
    index = None
    if files.index:
        fitted = fit_index(homes, read_index(con, files.index, files.scores), read(files.lookup, "lsoa_lookup"))
        index = FittedIndex(fitted.areas.cache(), fitted.vintages)
    return Areas(homes, of_practices, index)


def read_index(con: ibis.BaseBackend, ranks: Path, scores: Path | None = None, /) -> Table:
    """A published index: one row is one LSOA with rank, decile, district and, where delivered, scores.

    With `scores` they are of that file, all seven domains and the overall one, and so is `population_count`.

    Raises
    ------
    CheckFailed
        The two files are not about the same areas.
    """
    index = read_published(con, ranks, "deprivation")
    if scores is None:
        return index
    scored = read_published(con, scores, "deprivation_score")
    wanted = [name for name in scored.columns if name.endswith("_score")]
    joined = index.drop("imd_score").join(scored.select("lsoa_code", *wanted, "population_count"), "lsoa_code").cache()
    counts = [int(table.count().to_pyarrow().as_py()) for table in (index, scored, joined)]
    if len(set(counts)) > 1:
        raise CheckFailed(
            f"Ranks of {counts[0]:,} areas and scores of {counts[1]:,} have {counts[2]:,} in common",
            name=f"{ranks.name}, {scores.name}",
            hint="Take both of the same index: IMD 2019 is on LSOA 2011, IMD 2025 on LSOA 2021.",
        )
    return joined

"""A place made of published files: real practices, areas and counts, to be filled with made-up people.

What belongs here finds the files in a folder, by month and board, and turns them into a `Place`. How a published
format is read is `feeds.readers`' business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from phm.errors import ConfigurationError, UnreadableFeed
from phm.feeds.contracts import Contract, load_contract
from phm.feeds.readers import open_delivered
from phm.synthetic.geography import Place, Practice, Published

SMALLEST_MATCH = 0.95
"""Least share of people in English areas that the deprivation index must know; less means the other vintage."""


@dataclass(frozen=True)
class _Kind:
    """One published table: its contract, the option that names its file, and how such files are called."""

    contract: str
    option: str
    names: tuple[str, ...]
    needs: tuple[str, ...] = ()
    """Optional columns of the contract that the file must hold; others of its name are other tables."""


_KINDS = {
    "register": _Kind("practice_lsoa_count", "--register", ("gp-reg-pat-prac-lsoa*",)),
    "membership": _Kind("practice_membership", "--membership", ("gp-reg-pat-prac-map*",)),
    "deprivation": _Kind(
        "deprivation", "--deprivation", ("imd*", "*index*deprivation*", "*indices*deprivation*"), ("imd_score",)
    ),
    "lsoa_lookup": _Kind("lsoa_lookup", "--lsoa-lookup", ("lsoa_2011_to_2021*", "lsoa*11*_to_lsoa*21*"), ("change",)),
}


@dataclass(frozen=True)
class ReferenceFiles:
    """The published files a delivery is built on."""

    register: Path
    """Patients registered by practice and LSOA (NHS England, gp-reg-pat-prac-lsoa)."""
    membership: Path
    """Practice to PCN and ICB map (NHS England, gp-reg-pat-prac-map)."""
    deprivation: Path
    """Index of multiple deprivation with scores (MHCLG)."""
    lsoa_lookup: Path
    """LSOA 2011 to LSOA 2021 (ONS)."""


def choose(directory: Path, /, *, month: str, icb_code: str, **named: Path | None) -> ReferenceFiles:
    """The files of `directory`, at any depth, for a month and a board; `named` files are taken as they are.

    Files of another month by their name are passed over, and so are files without the columns of the contract. Of
    what is left, files named after the board come first, then the newest index, then the plainest name.

    Raises
    ------
    ConfigurationError
        None or several files are left for a table; the message names them and the option that decides.
    """
    chosen = {}
    for field, kind in _KINDS.items():
        path = named.get(field)
        chosen[field] = Path(path) if path else _found(directory, field, kind, month, icb_code)
    return ReferenceFiles(**chosen)


def _found(directory: Path, field: str, kind: _Kind, month: str, icb_code: str) -> Path:
    if not directory.is_dir():
        raise ConfigurationError(
            "There is no such folder of published files", name=str(directory), hint="Check its name."
        )
    contract = load_contract(kind.contract)
    called = [
        path
        for path in sorted(directory.rglob("*"))
        if path.is_file()
        and any(re.fullmatch(_as_regex(name), path.name.lower()) for name in kind.names)
        and set(re.findall(r"20[0-9]{2}-[01][0-9]", path.name)) <= {month}
    ]
    ranked: dict[tuple, list[Path]] = {}
    for path in called:
        words = re.split(r"[-_. ]", path.name)
        year = max((int(found) for found in re.findall(r"20[0-9]{2}", path.name)), default=0)
        rank = (icb_code not in words, -year if field == "deprivation" else 0, len(words))
        ranked.setdefault(rank, []).append(path)
    # The best rank that has a file with the right columns; the files of later ranks are not even opened.
    fitting = ([path for path in ranked[rank] if _has_columns(path, contract, kind.needs)] for rank in sorted(ranked))
    best = next(filter(None, fitting), [])
    if len(best) == 1:
        return best[0]
    if not best:
        raise ConfigurationError(
            f"No published file holds {contract.title.lower()} for {icb_code} in {month}",
            name=str(directory),
            hint=f"Add one called like {kind.names[0]}, or name it with {kind.option}.",
        )
    raise ConfigurationError(
        f"Several published files could hold {contract.title.lower()}",
        name=", ".join(path.name for path in best),
        hint=f"Name one with {kind.option}.",
    )


def _has_columns(path: Path, contract: Contract, needs: tuple[str, ...]) -> bool:
    """Whether the file holds every column of the contract, and those optional ones it needs."""
    columns = tuple(
        replace(column, optional=column.optional and column.name not in needs) for column in contract.columns
    )
    try:
        open_delivered(path, replace(contract, columns=columns))
    except UnreadableFeed:
        return False
    return True


def _as_regex(name: str) -> str:
    return ".*".join(re.escape(part) for part in name.split("*"))


def reference_place(files: ReferenceFiles, /, *, icb_code: str, rng: np.random.Generator) -> Place:
    """The practices of one board with their published counts by area, and the published tables around them.

    Ages and ethnicity of areas are not in these files: deprived areas are younger and more mixed, as in England, with
    chance on top.
    """
    membership = _read(files.membership, "practice_membership")
    membership = membership.filter(pc.equal(membership["icb_code"], icb_code))
    members = set(membership["practice_code"].to_pylist())

    register = _read(files.register, "practice_lsoa_count")
    counts: dict[str, dict[str, int]] = {}
    columns = (register[name].to_pylist() for name in ("practice_code", "lsoa_code", "patient_count"))
    for practice_code, lsoa_code, patient_count in zip(*columns, strict=True):
        if practice_code in members:
            counts.setdefault(practice_code, {})[lsoa_code] = int(patient_count.replace(",", ""))
    if not counts:
        raise ConfigurationError(
            f"No practice of {icb_code} is both in the map and in the counts",
            name=f"{files.membership.name}, {files.register.name}",
            hint="Check the board's code and that both files are of the same month.",
        )

    deprivation = _read(files.deprivation, "deprivation")
    deciles = map(int, deprivation["imd_decile"].to_pylist())
    decile = dict(zip(deprivation["lsoa_code"].to_pylist(), deciles, strict=True))
    _check_vintage(counts, decile, files)
    codes = sorted({code for areas in counts.values() for code in areas})
    chance = dict(zip(codes, rng.standard_normal((len(codes), 2)), strict=True))
    regions = set(membership["region_name"].to_pylist()) if "region_name" in membership.column_names else set()
    like_region = -0.6 if regions == {"LONDON"} else 1.6
    practices = []
    for practice_code in sorted(counts):
        areas = [code for code in sorted(counts[practice_code]) if counts[practice_code][code] > 0]
        deciles = np.array([decile.get(code, 0) for code in areas])
        advantage = np.where(deciles > 0, deciles - 5.5, 0)
        noise = np.array([chance[code] for code in areas])
        practices.append(
            Practice(
                practice_code=practice_code,
                lsoa_code=np.array(areas),
                patient_count=np.array([counts[practice_code][code] for code in areas]),
                decile=deciles,
                older=0.06 * advantage + 0.2 * noise[:, 0],
                minority=1 / (1 + np.exp(like_region + 0.12 * advantage - 0.6 * noise[:, 1])),
            )
        )
    return Place(
        icb_code=icb_code,
        practices=tuple(practices),
        membership=_published(membership, "practice_membership"),
        place_membership=None,
        deprivation=_published(deprivation, "deprivation"),
        lsoa_lookup=_published(_read(files.lsoa_lookup, "lsoa_lookup"), "lsoa_lookup"),
    )


def _read(path: Path, contract_name: str) -> pa.Table:
    """The contract's columns of a published file as text, rows that lack the first of them left out."""
    contract = load_contract(contract_name)
    table = pa.Table.from_batches(open_delivered(path, contract).read()).select(list(contract.column_names))
    trimmed = [pc.utf8_trim_whitespace(table[name]) for name in table.column_names]
    return pa.table(trimmed, names=table.column_names).filter(pc.is_valid(table[table.column_names[0]]))


def _published(table: pa.Table, contract_name: str) -> Published:
    """The table under its published headers."""
    header = [load_contract(contract_name).column(name).headers[0] for name in table.column_names]
    return Published(header, [[value or "" for value in row.values()] for row in table.to_pylist()])


def _check_vintage(counts: dict[str, dict[str, int]], decile: dict[str, int], files: ReferenceFiles) -> None:
    english = [(code, count) for areas in counts.values() for code, count in areas.items() if code.startswith("E01")]
    known = sum(count for code, count in english if code in decile)
    if known < SMALLEST_MATCH * sum(count for _, count in english):
        raise ConfigurationError(
            f"The deprivation index knows the areas of only {known:,} of {sum(count for _, count in english):,} people",
            name=f"{files.register.name}, {files.deprivation.name}",
            hint="IMD 2019 goes with LSOA 2011, IMD 2025 with LSOA 2021: name the other with --deprivation.",
        )

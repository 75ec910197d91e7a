"""Practices as at a date with what is needed to judge them, from published months or straight from published files.

Belongs here: reading. What is odd about them is in `oddities`.
"""

import datetime as dt
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import ibis
from ibis.expr.types import Table

from phm.core.memberships import map_as_at
from phm.core.oddities import of_the_same_area, pcn_patients
from phm.errors import StoreError, UnreadableFeed
from phm.feeds.contracts import load_contract
from phm.feeds.published import read_published
from phm.store import Partition, Store

LIST_SIZES = ("practice_list_size", "practice_lsoa_count", "list_size_by_age")
"""Contracts of published files that say how many patients practices or PCNs have."""


@dataclass(frozen=True)
class AsAt:
    """Practices on one day with their areas, how many patients they have, and the practices of a day before.

    `practices` has the areas' columns of `core_geography`. `list_sizes` has a row a practice and `pcn_patients` a row a
    PCN, both with `patient_count`; each is None where it is not known, as are `before` and `succession` (landed
    `practice_successor`).
    """

    day: dt.date
    practices: Table
    list_sizes: Table | None = None
    pcn_patients: Table | None = None
    before: Table | None = None
    succession: Table | None = None


def of_month(con: ibis.BaseBackend, store: Store, /, *, month: str | None, against: str | None) -> AsAt:
    """All ICBs published for a month (default: the newest); list sizes are the published, rounded ones.

    `against` is a published month or the path of a practice map (default: the month published before, if any).

    Raises
    ------
    StoreError
        Nothing is published for the month.
    """
    months = sorted({partition.month for partition in store.partitions()})
    wanted = month or (months[-1] if months else "any month")
    partitions = _partitions(store, wanted)
    practices = _together(con, store, "core_geography", partitions)
    values = _together(con, store, "measure_value", partitions)
    sizes = values.filter(values.measure_id == "list_size", values.group_name == "all")
    of_practices, of_pcns = (sizes.filter(sizes.area_type == kind) for kind in ("practice", "pcn"))
    previous = against or max((other for other in months if other < wanted), default=None)
    return AsAt(
        partitions[0].reference_date,
        practices,
        list_sizes=of_practices.select(practice_code="area_code", patient_count=of_practices.value.cast("int64")),
        pcn_patients=of_pcns.group_by(pcn_code="area_code").agg(patient_count=of_pcns.value.sum().cast("int64")),
        before=of_the_same_area(_before(con, store, previous), practices) if previous else None,
    )


def of_files(
    con: ibis.BaseBackend,
    map_file: Path,
    /,
    *,
    day: dt.date | None = None,
    pcn_file: Path | None = None,
    list_size_file: Path | None = None,
    sub_icb_file: Path | None = None,
    against: str | None = None,
    store: Store,
) -> AsAt:
    """Published files on `day` (default: that of the map): map, ePCN, list sizes, sub-ICB locations.

    Raises
    ------
    UnreadableFeed
        A file cannot be read as its contract says, or its name does not say which list sizes it holds.
    """
    membership = read_published(con, map_file, "practice_membership")
    partners = read_published(con, pcn_file, "pcn_core_partner") if pcn_file else None
    lookup = read_published(con, sub_icb_file, "sub_icb_lookup") if sub_icb_file else None
    day = day or membership.extract_date.max().to_pyarrow().as_py()
    practices = map_as_at(membership, partners, lookup, as_at=day).cache()
    before = _before(con, store, against) if against else None
    if list_size_file is None:
        return AsAt(day, practices, before=before)
    contract, sizes = _list_sizes(con, list_size_file)
    if contract == "list_size_by_age":
        return AsAt(day, practices, pcn_patients=sizes, before=before)
    return AsAt(day, practices, list_sizes=sizes, pcn_patients=pcn_patients(practices, sizes), before=before)


def _list_sizes(con: ibis.BaseBackend, path: Path) -> tuple[str, Table]:
    """Contract of a published file, told by its name, and patients by practice, or by PCN where it has PCNs only."""
    patterns = {name: load_contract(name).file_pattern or "" for name in LIST_SIZES}
    contract = next((name for name, pattern in patterns.items() if fnmatch(path.name, pattern)), None)
    if contract is None:
        raise UnreadableFeed(
            "The name does not say which list sizes these are",
            name=path.name,
            hint=f"Published files are called {', '.join(patterns.values())}.",
        )
    rows = read_published(con, path, contract)
    if contract == "list_size_by_age":
        rows = rows.filter(rows.organisation_type == "PCN", rows.sex != "ALL", rows.age_band != "ALL")
        return contract, rows.group_by(pcn_code="organisation_code").agg(patient_count=rows.patient_count.sum())
    if contract == "practice_list_size":
        rows = rows.filter(rows.sex == "ALL", rows.age_band == "ALL")
    return contract, rows.group_by("practice_code").agg(patient_count=rows.patient_count.sum()).cache()


def _before(con: ibis.BaseBackend, store: Store, against: str) -> Table:
    """Practices of a published month or of a practice map."""
    if re.fullmatch(r"\d{4}-\d{2}", against):
        return _together(con, store, "core_geography", _partitions(store, against))
    membership = read_published(con, Path(against), "practice_membership")
    return map_as_at(membership, as_at=membership.extract_date.max().to_pyarrow().as_py())


def _partitions(store: Store, month: str) -> list[Partition]:
    found = [partition for partition in store.partitions() if partition.month == month]
    if not found:
        raise StoreError(
            f"Nothing is published for {month}", name=str(store.home), hint="Run `phm run`, or name a practice map."
        )
    return found


def _together(con: ibis.BaseBackend, store: Store, table: str, partitions: list[Partition]) -> Table:
    return con.read_parquet([str(file) for partition in partitions for file in store.files(table, partition)])

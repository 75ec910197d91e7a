"""One month's delivery of one integrated care board, written as files a site would receive.

What belongs here puts the parts together, practice by practice, so that memory is bounded by the largest practice,
and writes. The truth about everybody goes beside the deliveries; the pipeline never reads it.
"""

from __future__ import annotations

import csv
import multiprocessing
import re
import shutil
from calendar import monthrange
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from phm import nhs_numbers
from phm.core.codelists import load_code_lists
from phm.errors import ConfigurationError
from phm.feeds.deliveries import SYNTHETIC_MARKER
from phm.synthetic.assets import community_assets, lsoa_centroids
from phm.synthetic.capacity import capacity
from phm.synthetic.faults import FaultRates
from phm.synthetic.geography import Place, Published, synthetic_place
from phm.synthetic.logs import Codes
from phm.synthetic.practice_files import PracticeTask, WrittenPractice, append_csv, numbers_needed, write_practice
from phm.synthetic.reference import ReferenceFiles, reference_place
from phm.synthetic.truth import TRUTH_SCHEMA

DEMO_PEOPLE = 200_000
ASSETS_STREAM = 0xA55E7
PATIENT_FEEDS = ("gp_register", "gp_event", "gp_medication", "emergency_attendance")


@dataclass(frozen=True)
class Delivery:
    """What was written: where, how many people are currently registered, how many rows each feed has."""

    folder: Path
    truth: Path
    people_count: int
    practice_count: int
    file_count: int
    row_counts: dict[str, int]


def generate(
    out: Path,
    /,
    *,
    month: str,
    seed: int = 1,
    icb_code: str = "QZZ",
    people: int = DEMO_PEOPLE,
    reference: ReferenceFiles | None = None,
    rates: FaultRates | None = None,
    workers: int = 1,
    progress: Callable[[int, int, str], None] | None = None,
) -> Delivery:
    """Write `out/<month>/<icb_code>/`, a month's delivery, and `out/truth/<month>_<icb_code>.parquet`.

    The same arguments give the same bytes, whatever `workers`. Another month of the same window
    (`tenancies.WINDOW_MONTHS`) is the same population, earlier or later: the same people with the same history, but
    for those who came, went, were born or died in between. A delivery that was there is replaced at the end, so
    an interrupted run leaves none or the old one.

    Parameters
    ----------
    month
        Month such as "2026-10"; the reference date is its last day.
    people
        Current registrations of the made-up place (from 1,000); without meaning when there is a `reference`.
    reference
        Published files whose practices, areas and counts the registers equal exactly (`reference.choose`). These
        registers hold current registrations only and keep every person and area; records carry dirt all the same.
    rates
        Dirt; `faults.NO_FAULTS` for none.
    workers
        Processes that write practices side by side; more than one needs an importable main module.
    progress
        Called after each practice with practices done, practices in all, and the practice's code.

    Raises
    ------
    ConfigurationError
        A month that is none, too few or too many people.
    """
    reference_date = _last_day(month)
    rates = rates or FaultRates()
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    if reference is not None:
        place = reference_place(reference, icb_code=icb_code, rng=rng)
    else:
        if people < 1_000:
            raise ConfigurationError(
                "Too few people for a place", name=f"people={people}", hint="Ask for 1,000 or more."
            )
        place = synthetic_place(people, icb_code=icb_code, reference_date=reference_date, rng=rng)

    folder = out / month / icb_code
    partial = out / month / f".{icb_code}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    for feed in PATIENT_FEEDS[:3]:
        (partial / feed).mkdir(parents=True)
    truth = out / "truth" / f"{month}_{icb_code}.parquet"
    partial_truth = truth.with_suffix(".partial")
    truth.parent.mkdir(parents=True, exist_ok=True)

    # Random numbers of its own: with or without an asset map everything else is the same.
    assets_rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(ASSETS_STREAM,)))
    assets = community_assets(place, reference_date=reference_date, rng=assets_rng)
    _write_published(partial, place, assets)
    (partial / SYNTHETIC_MARKER).write_text("Everybody in this delivery is invented.\n", encoding="utf-8")
    tasks = _tasks(place, partial, reference_date, seed, rates, is_published=reference is not None)
    row_counts = dict.fromkeys(PATIENT_FEEDS, 0)
    with (
        pq.ParquetWriter(partial_truth, TRUTH_SCHEMA, compression="zstd") as truth_file,
        (partial / "emergency_attendance.csv").open("wb") as attendance_file,
    ):
        for done, written in enumerate(_written(tasks, workers), start=1):
            truth_file.write_table(written.truth)
            append_csv(_numbered(written.attendances, icb_code, row_counts["emergency_attendance"]), attendance_file)
            for feed, count in written.row_counts.items():
                row_counts[feed] += count
            if progress:
                progress(done, len(tasks), written.practice_code)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
    partial_truth.replace(truth)
    return Delivery(
        folder=folder,
        truth=truth,
        people_count=place.people_count,
        practice_count=len(place.practices),
        file_count=sum(path.is_file() for path in folder.rglob("*")),
        row_counts=row_counts,
    )


def _last_day(month: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", month):
        raise ConfigurationError("A month is written as year and month", name=month, hint="Write it like 2026-10.")
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, monthrange(year, number)[1])


def _code_lists() -> Codes:
    table = load_code_lists()
    codes: dict[str, list[int]] = {}
    for concept, code in zip(table["concept"].to_pylist(), table["code"].to_pylist(), strict=True):
        codes.setdefault(concept, []).append(int(code))
    return {concept: np.array(members, np.int64) for concept, members in codes.items()}


def _tasks(place: Place, folder: Path, reference_date: date, seed: int, rates: FaultRates, *, is_published: bool):
    practices = place.practices
    counts = [numbers_needed(int(practice.patient_count.sum())) for practice in practices]
    starts = nhs_numbers.blocks(counts)
    codes = _code_lists()
    tasks = []
    for index, practice in enumerate(practices):
        other = (index + 1) % len(practices)
        tasks.append(
            PracticeTask(
                folder=folder,
                practice=practice,
                start=starts[index],
                neighbour=practices[other],
                neighbour_start=starts[other],
                index=index,
                neighbour_index=other,
                total_count=sum(counts),
                reference_date=reference_date,
                seed=seed,
                rates=rates,
                is_published=is_published,
                codes=codes,
            )
        )
    return tasks


def _written(tasks: list[PracticeTask], workers: int) -> Iterator[WrittenPractice]:
    """Practices in their order. Processes are spawned, as on every platform, so none inherits another's state."""
    if workers <= 1:
        yield from map(write_practice, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(write_practice, tasks)


def _numbered(attendances: pa.Table, icb_code: str, before: int) -> pa.Table:
    numbers = [f"{icb_code}-{number:08d}" for number in range(before + 1, before + len(attendances) + 1)]
    return attendances.add_column(0, "attendance_id", pa.array(numbers, pa.string()))


def _write_published(folder: Path, place: Place, assets: Published) -> None:
    tables = {
        "capacity.csv": capacity(place),
        "community_asset.csv": assets,
        "gp-reg-pat-prac-map.csv": place.membership,
        "imd_2025_file_7.csv": place.deprivation,
        "lsoa_2011_to_2021.csv": place.lsoa_lookup,
    }
    if place.place_membership is not None:
        tables["place_membership.csv"] = place.place_membership
    if (centroids := lsoa_centroids(place)) is not None:
        tables["lsoa_centroid.csv"] = centroids
    for name, table in tables.items():
        _write_rows(folder / name, table, encoding="utf-8-sig" if name.startswith("lsoa") else "utf-8")


def _write_rows(path: Path, table: Published, *, encoding: str) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.header)
        writer.writerows(table.rows)

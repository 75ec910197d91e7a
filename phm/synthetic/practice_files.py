"""One practice's files: its people drawn, their record written, spoilt and delivered.

What belongs here runs in any process and knows one practice and, for people registered twice, its neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from phm import nhs_numbers
from phm.synthetic import clinical, faults, medicines, readings, records, stories
from phm.synthetic.chance import Chance
from phm.synthetic.faults import FaultRates
from phm.synthetic.geography import Practice
from phm.synthetic.logs import Codes, Log, event_table, medication_table
from phm.synthetic.people import People, days, people, register_table
from phm.synthetic.tenancies import Tenancies, anchor_day, tenancies, with_neighbours
from phm.synthetic.truth import truth_table


@dataclass(frozen=True)
class PracticeTask:
    """All it takes to write the files of one practice, in any process."""

    folder: Path
    practice: Practice
    start: int
    neighbour: Practice
    neighbour_start: int
    index: int
    neighbour_index: int
    total_count: int
    reference_date: date
    seed: int
    rates: FaultRates
    is_published: bool
    codes: Codes


@dataclass(frozen=True)
class WrittenPractice:
    practice_code: str
    attendances: pa.Table
    truth: pa.Table
    row_counts: dict[str, int]


def numbers_needed(people_count: int) -> int:
    """NHS numbers of a practice of `people_count` people: who holds each place, who did, who will."""
    return 3 * people_count


def _rng(task: PracticeTask, stream: int) -> np.random.Generator:
    """Dirt of one file (`stream`) of a practice and month, whatever other files hold and however many there are."""
    month = anchor_day(task.reference_date), task.reference_date.year * 12 + task.reference_date.month
    return np.random.default_rng(np.random.SeedSequence(task.seed, spawn_key=(task.index, stream, *month)))


def _tenancies(task: PracticeTask, practice: Practice, start: int, index: int, chance: Chance) -> Tenancies:
    count = numbers_needed(int(practice.patient_count.sum()))
    numbers = nhs_numbers.nhs_numbers(start, count, total_count=task.total_count)
    return tenancies(practice, numbers, index=index, anchor=anchor_day(task.reference_date), chance=chance)


def _people(task: PracticeTask) -> People:
    chance = Chance(task.seed)
    held = _tenancies(task, task.practice, task.start, task.index, chance)
    if task.neighbour_index != task.index:
        next_door = _tenancies(task, task.neighbour, task.neighbour_start, task.neighbour_index, chance)
        repeated = faults.duplicate_count(int(task.practice.patient_count.sum()), task.rates)
        held = with_neighbours(held, next_door, repeated, anchor=anchor_day(task.reference_date), chance=chance)
    return people(held, reference_date=task.reference_date, with_ended=not task.is_published, chance=chance)


def write_practice(task: PracticeTask) -> WrittenPractice:
    practice, code = task.practice, task.practice.practice_code
    registered = _people(task)
    health = clinical.health(registered)
    parts = stories.cast(registered, health)
    quiet = np.zeros(len(registered), bool)
    quiet[np.concatenate(list(parts.values()))] = True
    events, issues = Log(task.codes, registered), Log(task.codes, registered)
    attended = records.attendances(registered)
    records.write_consultations(events, registered)
    records.write_pregnancies(events, registered, health, ~quiet)
    readings.write_pressures(events, registered, health, attended, quiet)
    records.write_tests(events, registered, health, quiet)
    records.write_conditions(events, registered, health)
    medicines.write_medicines(issues, registered, health, quiet)
    stories.write_stories(events, issues, registered, parts)

    event, last_contact = event_table(events, code, task.rates, _rng(task, 1))
    medication = medication_table(issues, code, task.rates, _rng(task, 2))
    register_rates = (
        task.rates.without("missing_lsoa", "bad_nhs_number", "future_date") if task.is_published else task.rates
    )
    delivered = register_table(registered, practice, last_contact)
    register = _spoilt_register(delivered, registered, register_rates, _rng(task, 3))
    attendance = _attendance_table(registered, attended, task.rates, _rng(task, 4))
    for feed, table in (("gp_register", register), ("gp_event", event), ("gp_medication", medication)):
        with (task.folder / feed / f"{code}.csv").open("wb") as file:
            append_csv(table, file)
    return WrittenPractice(
        practice_code=code,
        attendances=attendance,
        truth=truth_table(registered, health, code, quiet),
        row_counts={
            "gp_register": len(register), "gp_event": len(event), "gp_medication": len(medication),
            "emergency_attendance": len(attendance),
        },
    )  # fmt: skip


def _spoilt_register(register: pa.Table, people: People, rates: FaultRates, rng: np.random.Generator) -> pa.Table:
    homeless = np.zeros(len(people), bool)
    homeless[faults.some(len(people), rates.missing_lsoa, rng)] = True
    columns = {name: register[name] for name in register.column_names}
    lsoa = register["lsoa_code"].combine_chunks()
    columns["lsoa_code"] = pc.if_else(pa.array(homeless), pa.scalar(None, pa.string()), lsoa)
    columns["nhs_number"] = faults.with_bad_numbers(people.nhs_number, rates, rng)
    columns["registration_date"] = days(
        faults.with_future_days(people.registered_day, people.reference_day, rates, rng)
    )
    return pa.table(columns)


def _attendance_table(people: People, attended, rates: FaultRates, rng: np.random.Generator) -> pa.Table:
    """Attendances as delivered (`emergency_attendance` contract), without their identifier."""
    person, day = attended
    last = np.minimum(people.reference_day, people.ended_day)[person]
    first = np.where(people.has_moved_in, people.registered_day, people.birth_day)[person]
    kept = (day >= first) & (day <= last)
    person, day = person[kept], day[kept]
    provider = pa.array(rng.choice(3, len(person), p=[0.55, 0.35, 0.1]), pa.int8())
    department = pa.array(rng.choice(4, len(person), p=[0.78, 0.13, 0.05, 0.04]), pa.int8())
    return pa.table(
        {
            "nhs_number": faults.with_bad_numbers(people.nhs_number[person], rates, rng),
            "arrival_date": days(faults.with_future_days(day, people.reference_day, rates, rng)),
            "provider_code": pa.DictionaryArray.from_arrays(provider, ["RZZ01", "RZZ02", "RZZ03"]),
            "department_type": pa.DictionaryArray.from_arrays(department, ["01", "03", "04", "05"]),
        }
    )


def append_csv(table: pa.Table, file) -> None:
    """Write rows to an open binary file, after a header where it is empty."""
    if file.tell() == 0:
        file.write((",".join(table.column_names) + "\n").encode())
    options = pacsv.WriteOptions(include_header=False, quoting_style="none", batch_size=16_384)
    pacsv.write_csv(table, file, options)

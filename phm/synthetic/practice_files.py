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
from phm.synthetic import clinical, faults, records, stories
from phm.synthetic.faults import FaultRates
from phm.synthetic.geography import Practice
from phm.synthetic.logs import Codes, Log, event_table, medication_table
from phm.synthetic.people import NEVER, People, days, register_table, registered

ENDED_SHARE = 0.04
"""Ended registrations delivered with the current ones, as a share of these; none for a published register."""


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


def ended_count(people_count: int, is_published: bool) -> int:
    """How many ended registrations a practice of `people_count` current ones delivers."""
    return 0 if is_published else round(ENDED_SHARE * people_count)


def _rng(task: PracticeTask, index: int, stream: int) -> np.random.Generator:
    """Chance of one practice for one purpose, independent of how many practices there are or who draws first."""
    return np.random.default_rng(np.random.SeedSequence(task.seed, spawn_key=(index, stream)))


def _people(task: PracticeTask, practice: Practice, start: int, index: int) -> People:
    count = int(practice.patient_count.sum())
    ended = ended_count(count, task.is_published)
    numbers = nhs_numbers.nhs_numbers(start, count + ended, total_count=task.total_count)
    return registered(
        practice, numbers, reference_date=task.reference_date, ended_count=ended, rng=_rng(task, index, 0)
    )


def write_practice(task: PracticeTask) -> WrittenPractice:
    practice, code = task.practice, task.practice.practice_code
    people = _people(task, practice, task.start, task.index)
    repeated = faults.duplicate_count(int(practice.patient_count.sum()), task.rates)
    if repeated and task.neighbour_index != task.index:
        neighbours = _people(task, task.neighbour, task.neighbour_start, task.neighbour_index)
        rng = _rng(task, task.index, 1)
        left = faults.left_behind(neighbours, min(repeated, int(task.neighbour.patient_count.sum()) // 4), rng)
        people = faults.with_duplicates(people, left, rng)

    rng = _rng(task, task.index, 2)
    health = clinical.health(people, rng)
    parts = stories.cast(people, health, rng)
    quiet = np.zeros(len(people), bool)
    quiet[np.concatenate(list(parts.values()))] = True
    events, medicines = Log(task.codes, rng), Log(task.codes, rng)
    attended = records.attendances(people, rng)
    records.write_consultations(events, people, rng)
    records.write_pregnancies(events, people, health, ~quiet, rng)
    records.write_pressures(events, people, health, attended, quiet, rng)
    records.write_tests(events, people, health, quiet, rng)
    records.write_medicines(medicines, people, health, quiet, rng)
    stories.write_stories(events, medicines, people, parts, rng)

    rng = _rng(task, task.index, 3)
    event, last_contact = event_table(events, people, code, task.rates, rng)
    medication = medication_table(medicines, people, code, task.rates, rng)
    register_rates = (
        task.rates.without("missing_lsoa", "bad_nhs_number", "future_date") if task.is_published else task.rates
    )
    register = _spoilt_register(register_table(people, practice, last_contact, rng), people, register_rates, rng)
    attendance = _attendance_table(people, attended, task.rates, rng)
    for feed, table in (("gp_register", register), ("gp_event", event), ("gp_medication", medication)):
        with (task.folder / feed / f"{code}.csv").open("wb") as file:
            append_csv(table, file)
    return WrittenPractice(
        practice_code=code,
        attendances=attendance,
        truth=_truth_table(people, health, code),
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
    kept = (day >= people.birth_day[person]) & (day <= last)
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


TRUTH_SCHEMA = pa.schema(
    [
        ("nhs_number", pa.string()),
        ("practice_code", pa.string()),
        ("has_hypertension", pa.bool_()),
        ("true_systolic", pa.float64()),
        ("true_diastolic", pa.float64()),
        ("is_diagnosed", pa.bool_()),
        ("is_treated", pa.bool_()),
    ]
)


def _truth_table(people: People, health: clinical.Health, practice_code: str) -> pa.Table:
    """One row per registration; somebody registered twice has the same hypertension in both."""
    return pa.table(
        [
            pa.array(people.nhs_number).cast(pa.string()),
            pa.repeat(practice_code, len(people)),
            health.has_hypertension,
            health.true_systolic,
            health.true_diastolic,
            health.is_diagnosed & (health.resolved_day == NEVER),
            health.is_treated,
        ],
        schema=TRUTH_SCHEMA,
    )


def append_csv(table: pa.Table, file) -> None:
    """Write rows to an open binary file, after a header where it is empty."""
    if file.tell() == 0:
        file.write((",".join(table.column_names) + "\n").encode())
    options = pacsv.WriteOptions(include_header=False, quoting_style="none", batch_size=16_384)
    pacsv.write_csv(table, file, options)

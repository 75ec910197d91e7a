"""Where coded entries and issues pile up while a practice's record is written, until they leave as tables.

What belongs here keeps rows together (both halves of a pressure, an entry and its parent) and in the order a
practice system would hold them. What is written is `records.py`'s and `stories.py`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from phm.synthetic import faults
from phm.synthetic.faults import FaultRates
from phm.synthetic.people import People, days
from phm.synthetic.tenancies import NEVER

SOURCES = ("practice", "hospital", "maternity", "pharmacy", "patient")
SETTINGS = {"clinic": "clinic", "home": "home_average", "ambulatory": "ambulatory_average"}
"""How each way of measuring is named in the concepts of the code lists."""

Codes = dict[str, np.ndarray]
"""Codes of each concept."""


@dataclass
class Log:
    """Rows to be written: who (position among the practice's people), when, which code, which value."""

    codes: Codes
    people: People
    person: list[np.ndarray] = field(default_factory=list)
    day: list[np.ndarray] = field(default_factory=list)
    code: list[np.ndarray] = field(default_factory=list)
    value: list[np.ndarray] = field(default_factory=list)
    source: list[np.ndarray] = field(default_factory=list)
    half: list[np.ndarray] = field(default_factory=list)

    def add(self, person, day, concept: str, value=None, source: str = "practice") -> None:
        """One entry each of `concept`, by the code used for this person, the first of its codes more than others."""
        codes = self.codes[concept]
        self.add_codes(person, day, codes[self._which(f"code of {concept}", person, 0.5, len(codes))], value, source)

    def add_codes(self, person, day, code: np.ndarray, value=None, source: str = "practice") -> None:
        """One entry each of the code given."""
        value = np.full(len(person), np.nan) if value is None else value
        self._add(person, day, code, value, source, np.zeros(len(person), np.int8))

    def add_pressures(
        self, person, day, systolic, diastolic, setting: str = "clinic", source: str = "practice"
    ) -> None:
        """One blood pressure each: two entries, systolic and diastolic, that belong together."""
        arms = [self.codes[f"bp_{arm}_{SETTINGS[setting]}"] for arm in ("systolic", "diastolic")]
        which = self._which(f"code of {setting} pressure", person, 0.7, min(map(len, arms)))
        diastolic = np.minimum(diastolic, systolic - 12)
        self._add(
            np.repeat(person, 2),
            np.repeat(day, 2),
            np.column_stack([arm[which] for arm in arms]).ravel(),
            np.round(np.column_stack([systolic, diastolic])).ravel(),
            source,
            np.tile(np.array([1, 2], np.int8), len(person)),
        )

    def _which(self, purpose: str, person, first_share: float, count: int) -> np.ndarray:
        """Which of `count` codes each person's entries have; people stay on what they have."""
        draw = self.people.chance.uniform(purpose, self.people.nhs_number[person])
        rest = (draw - first_share) / (1 - first_share)
        return np.where(draw < first_share, 0, (rest * count).astype(np.int64))

    def _add(self, person, day, code, value, source: str, half) -> None:
        self.person.append(np.asarray(person, np.int32))
        self.day.append(np.asarray(day, np.int64))
        self.code.append(np.asarray(code, np.int64))
        self.value.append(np.asarray(value, np.float64))
        self.source.append(np.full(len(person), SOURCES.index(source), np.int8))
        self.half.append(half)

    def columns(self, *, since: np.ndarray) -> dict[str, np.ndarray]:
        """All rows from each person's day `since` until they leave, by day and then in the order they were added."""
        people = self.people
        names = ("person", "day", "code", "value", "source", "half")
        rows = {name: np.concatenate(getattr(self, name)) for name in names}
        last = np.minimum(people.reference_day, people.ended_day)
        kept = (rows["day"] >= since[rows["person"]]) & (rows["day"] <= last[rows["person"]])
        order = np.flatnonzero(kept)
        order = order[np.argsort(rows["day"][order], kind="stable")]
        return {name: column[order] for name, column in rows.items()}


def event_table(
    log: Log, practice_code: str, rates: FaultRates, rng: np.random.Generator
) -> tuple[pa.Table, np.ndarray]:
    """Coded entries as delivered (`gp_event` contract), and each person's latest day with a practice entry."""
    people = log.people
    rows = log.columns(since=people.birth_day)
    last_contact = np.full(len(people), np.iinfo(np.int64).min)
    in_practice = rows["source"] == SOURCES.index("practice")
    np.maximum.at(last_contact, rows["person"][in_practice], rows["day"][in_practice])
    last_contact = np.where(last_contact < people.birth_day, NEVER, last_contact)

    # A pressure is entered as a parent, which extracts leave out, and its halves: parent, parent + 1, parent + 2.
    half = rows["half"]
    record_id = 100_000 + np.cumsum(1 + (half == 1))
    at = np.flatnonzero(half == 1)
    orphan = np.zeros(len(half), bool)
    without = at[faults.some(len(at), rates.missing_parent, rng)]
    orphan[without] = orphan[without + 1] = True
    parent = pa.array(record_id - half, mask=(half == 0) | orphan)

    value = faults.with_impossible_readings(rows["value"], at, rates, rng)
    lost = at[faults.some(len(at), rates.missing_half, rng)]
    table = pa.table(
        {
            "practice_code": pa.repeat(practice_code, len(half)),
            "nhs_number": faults.with_bad_numbers(people.nhs_number[rows["person"]], rates, rng),
            "record_id": record_id,
            "parent_record_id": parent,
            "event_date": days(faults.with_future_days(rows["day"], people.reference_day, rates, rng)),
            "snomed_code": faults.with_unknown_codes(rows["code"], rates, rng),
            "value": pa.array(value, mask=np.isnan(value)),
            "source": pa.DictionaryArray.from_arrays(rows["source"], list(SOURCES)),
        }
    )
    if len(lost):
        keep = np.ones(len(half), bool)
        keep[lost + rng.integers(0, 2, len(lost))] = False
        table = table.filter(pa.array(keep))
    return table, last_contact


def medication_table(log: Log, practice_code: str, rates: FaultRates, rng: np.random.Generator) -> pa.Table:
    """Issues as delivered (`gp_medication` contract); those of another practice of the board are its own."""
    people = log.people
    rows = log.columns(since=np.where(people.has_moved_in, people.registered_day, people.birth_day))
    count = len(rows["day"])
    return pa.table(
        {
            "practice_code": pa.repeat(practice_code, count),
            "nhs_number": faults.with_bad_numbers(people.nhs_number[rows["person"]], rates, rng),
            "record_id": 500_000 + np.arange(count),
            "issue_date": days(faults.with_future_days(rows["day"], people.reference_day, rates, rng)),
            "dmd_code": faults.with_unknown_codes(rows["code"], rates, rng),
        }
    )

"""Who is registered with a practice: age, sex, ethnicity, home area, registration dates and how to reach them.

What belongs here draws people and writes the register. What ails them is `clinical.py`'s, what the practice wrote
down about it `records.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np
import pyarrow as pa

from phm.synthetic.geography import Practice

# Registered patients of England by five-year band from 0-4 to 95 and over, thousands.
# NHS England, Patients Registered at a GP Practice, August 2026.
_WOMEN = [1399, 1631, 1828, 1872, 1900, 2162, 2289, 2340, 2171, 1964,
          1870, 2005, 1954, 1661, 1389, 1348, 957, 575, 280, 94]  # fmt: skip
_MEN = [1472, 1713, 1921, 1963, 1920, 2197, 2326, 2390, 2234, 2054,
        1943, 2030, 1944, 1607, 1279, 1177, 778, 405, 161, 36]  # fmt: skip
_TILTS = np.linspace(-1.6, 1.6, 17)

ETHNICITIES = np.array(["A", "B", "C", "D", "E", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "Z", "99", ""])
# Shares of England and Wales, Census 2021 (ONS), other than White British (A, 74.4%); Gypsy, Roma and Other White
# are C, Arab and any other are S.
_MINORITY_SHARE = np.array([0.9, 6.5, 0.9, 0.4, 0.8, 0.8, 3.1, 2.7, 1.1, 1.6, 1.0, 2.5, 0.5, 0.7, 2.2])
BLACK = np.isin(ETHNICITIES, ["M", "N", "P"])
SOUTH_ASIAN = np.isin(ETHNICITIES, ["H", "J", "K"])
_LANGUAGES = {
    "C": "Polish", "H": "Gujarati", "J": "Urdu", "K": "Bengali", "L": "Tamil", "N": "Somali", "R": "Cantonese",
    "S": "Arabic",
}  # fmt: skip

NEVER = np.iinfo(np.int32).max
"""Day of something that has not happened."""

_ADJUSTMENTS = (
    "", "Large print letters", "Longer appointment", "British Sign Language interpreter", "Easy read letters",
    "Step-free access", "Carer to be present",
)  # fmt: skip
_PREFERENCES = ("letter", "phone", "text", "email", "app", "")


@dataclass
class People:
    """Registrations of one practice, one element each; days count from 1970-01-01."""

    nhs_number: np.ndarray
    birth_day: np.ndarray
    is_male: np.ndarray
    ethnicity: np.ndarray
    """Position in `ETHNICITIES`, as it truly is; the register may not know it."""
    decile: np.ndarray
    """IMD decile of the home, 1 to 10."""
    pressure_effect: np.ndarray
    """What sets this person's blood pressure apart from their likes, standard normal."""
    diastolic_effect: np.ndarray
    weight_effect: np.ndarray
    area: np.ndarray
    """Position in the practice's `lsoa_code`."""
    contact: np.ndarray
    """How often the person comes, 1 on average."""
    registered_day: np.ndarray
    ended_day: np.ndarray
    died_day: np.ndarray
    reference_day: int

    OF_THE_PERSON = ("nhs_number", "birth_day", "is_male", "ethnicity", "decile", "pressure_effect", "diastolic_effect",
                     "weight_effect")  # fmt: skip
    """What is the same wherever the person is registered."""

    def __len__(self) -> int:
        return len(self.nhs_number)

    @property
    def age(self) -> np.ndarray:
        """Years at the reference date, with fraction."""
        return (self.reference_day - self.birth_day) / 365.25

    def take(self, at: np.ndarray, /) -> People:
        """The registrations at these positions."""
        arrays = {f.name: getattr(self, f.name)[at] for f in fields(self) if f.name != "reference_day"}
        return People(**arrays, reference_day=self.reference_day)


def day_number(day: date) -> int:
    """Days from 1970-01-01."""
    return (day - date(1970, 1, 1)).days


def _age_sex_tables() -> np.ndarray:
    """Cumulative chances per tilt (rows) of age-and-sex (columns: women 0 to 105, men 0 to 105)."""
    ages = np.arange(106)
    columns = []
    for bands in (_WOMEN, _MEN):
        single = np.interp(ages, np.arange(20) * 5 + 2, np.array(bands) / 5)
        single[95:] = bands[19] * 0.28 * 0.72 ** np.arange(11)
        columns.append(single)
    both = np.concatenate(columns)
    weights = both * np.exp(_TILTS[:, None] * (np.concatenate([ages, ages]) - 40) / 40)
    return np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)


_AGE_SEX = _age_sex_tables()


def registered(
    practice: Practice, nhs_numbers: np.ndarray, /, *, reference_date: date, ended_count: int, rng: np.random.Generator
) -> People:
    """A practice's register: exactly `practice.patient_count` current registrations, then `ended_count` ended ones.

    Takes as many `nhs_numbers` as there are rows. Better-off areas are older, deprived ones younger, and people who
    are not White British are younger than those who are.
    """
    today = day_number(reference_date)
    current_count = int(practice.patient_count.sum())
    count = current_count + ended_count
    areas = np.arange(len(practice.patient_count))
    share = practice.patient_count / current_count
    area = np.concatenate([np.repeat(areas, practice.patient_count), rng.choice(areas, ended_count, p=share)])
    is_ended = np.arange(count) >= current_count
    is_dead = is_ended & (rng.random(count) < 0.25)

    minority = rng.random(count) < practice.minority[area]
    ethnicity = np.zeros(count, np.int8)
    ethnicity[minority] = 1 + rng.choice(15, minority.sum(), p=_MINORITY_SHARE / _MINORITY_SHARE.sum())
    tilt = practice.older[area] + np.where(minority, -0.65, 0.12) + np.where(is_dead, 2.5, 0)
    row = np.abs(_TILTS[:, None] - np.clip(tilt, -1.6, 1.6)).argmin(axis=0)
    draw = rng.random(count)
    cell = np.empty(count, np.int64)
    for tilt_row in np.unique(row):
        at = row == tilt_row
        cell[at] = np.searchsorted(_AGE_SEX[tilt_row], draw[at])
    cell = np.minimum(cell, 211)
    birth_day = (today - (cell % 106 + rng.random(count)) * 365.25).astype(np.int32)

    decile = practice.decile[area].astype(np.int8)
    unknown = decile == 0
    known = practice.decile > 0
    if known.any():
        weight = np.where(known, practice.patient_count, 0)
        decile[unknown] = rng.choice(practice.decile, unknown.sum(), p=weight / weight.sum())
    else:
        decile[unknown] = rng.integers(1, 11, unknown.sum())

    # Mean stay of a dozen years, shorter for young adults who move for work.
    age = (today - birth_day) / 365.25
    stay = rng.exponential(np.interp(age, [0, 18, 25, 35, 60, 90], [9, 9, 4, 7, 16, 22])) * 365.25
    ended_day = np.where(is_ended, today - rng.integers(0, 365, count), NEVER).astype(np.int32)
    registered_day = np.maximum(np.minimum(today, ended_day) - stay.astype(np.int64) - 1, birth_day).astype(np.int32)
    ended_day = np.maximum(ended_day, registered_day)
    return People(
        nhs_number=nhs_numbers[:count],
        birth_day=birth_day,
        is_male=cell >= 106,
        ethnicity=ethnicity,
        decile=decile,
        pressure_effect=rng.standard_normal(count),
        diastolic_effect=rng.standard_normal(count),
        weight_effect=rng.standard_normal(count),
        area=area.astype(np.int32),
        contact=rng.lognormal(-0.2, 0.63, count),
        registered_day=registered_day,
        ended_day=ended_day,
        died_day=np.where(is_dead, ended_day, NEVER).astype(np.int32),
        reference_day=today,
    )


def register_table(people: People, practice: Practice, last_contact: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """The practice's register as delivered: columns and order of the `gp_register` contract.

    `last_contact` holds the day of each person's latest consultation, or `NEVER`.
    """
    count, today = len(people), people.reference_day
    age = people.age
    sex = np.where(people.is_male, "M", "F").astype(object)
    sex[rng.random(count) < 0.0003] = "I"
    ethnicity = ETHNICITIES[people.ethnicity].astype(object)
    unsaid = rng.random(count)
    ethnicity[unsaid < 0.12] = ""
    ethnicity[unsaid < 0.08] = "Z"
    ethnicity[unsaid < 0.03] = "99"

    language = np.full(count, "", object)
    for code, name in _LANGUAGES.items():
        language[(ETHNICITIES[people.ethnicity] == code) & (rng.random(count) < 0.12)] = name
    preference = rng.choice(len(_PREFERENCES), count, p=[0.16, 0.14, 0.4, 0.08, 0.12, 0.1])
    needs = rng.random(count) < np.interp(age, [0, 60, 95], [0.008, 0.015, 0.12])
    adjustment = np.where(needs, rng.integers(1, len(_ADJUSTMENTS), count), 0)
    booked = rng.random(count) < np.minimum(0.05 * people.contact, 0.5)
    clinician_count = max(2, count // 1_800)
    is_current = people.ended_day == NEVER
    columns = {
        "extract_date": days(np.full(count, today)),
        "practice_code": pa.repeat(practice.practice_code, count),
        "nhs_number": people.nhs_number,
        "date_of_birth": days(people.birth_day),
        "sex": sex,
        "ethnicity_code": text(ethnicity),
        "lsoa_code": text(practice.lsoa_code.astype(object)[people.area]),
        "registration_date": days(people.registered_day),
        "deregistration_date": days(people.ended_day),
        "death_date": days(people.died_day),
        "contact_preference": text(np.array(_PREFERENCES, object)[preference]),
        "is_safe_to_text": pa.array(rng.random(count) < 0.85, mask=rng.random(count) < 0.1),
        "interpreter_language": text(language),
        "reasonable_adjustment": text(np.array(_ADJUSTMENTS, object)[adjustment]),
        "last_contact_date": days(last_contact),
        "invitation_count": rng.poisson(np.where(is_current & (age > 30), 0.5, 0.15)),
        "next_appointment_date": days(np.where(booked & is_current, today + rng.integers(1, 60, count), NEVER)),
        "usual_clinician": pa.array([f"GP{n + 1:02d}" for n in range(clinician_count)]).take(
            pa.array(rng.integers(0, clinician_count, count))
        ),
        "has_type_1_opt_out": rng.random(count) < 0.025,
        "has_national_data_opt_out": rng.random(count) < 0.054,
    }
    return pa.table(columns)


def days(day: np.ndarray) -> pa.Array:
    """Dates from day numbers; `NEVER` is missing."""
    return pa.array(day.astype(np.int32), mask=day == NEVER).cast(pa.date32())


def text(values: np.ndarray) -> pa.Array:
    """Text, with '' as missing."""
    return pa.array(values, pa.string(), mask=values == "")

"""Who is on a practice's register at the end of a month, and the register as delivered.

What belongs here looks at a practice's tenancies on one day and writes the register. Who comes and goes is
`tenancies.py`'s, what ails people `clinical.py`'s, what the practice wrote down about it `records.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np
import pyarrow as pa

from phm.synthetic.chance import Chance
from phm.synthetic.geography import Practice
from phm.synthetic.tenancies import ENDED_DAYS, NEVER, Tenancies, anchor_day, day_number

ETHNICITIES = np.array(["A", "B", "C", "D", "E", "F", "G", "H", "J", "K", "L", "M", "N", "P", "R", "S", "Z", "99", ""])
BLACK = np.isin(ETHNICITIES, ["M", "N", "P"])
SOUTH_ASIAN = np.isin(ETHNICITIES, ["H", "J", "K"])
_LANGUAGES = {
    "C": "Polish", "H": "Gujarati", "J": "Urdu", "K": "Bengali", "L": "Tamil", "N": "Somali", "R": "Cantonese",
    "S": "Arabic",
}  # fmt: skip

_ADJUSTMENTS = (
    "", "Large print letters", "Longer appointment", "British Sign Language interpreter", "Easy read letters",
    "Step-free access", "Carer to be present",
)  # fmt: skip
_PREFERENCES = ("letter", "phone", "text", "email", "app", "")


@dataclass(frozen=True)
class People(Tenancies):
    """Registrations of one practice as known at the end of a month, one element each.

    `ended_day` is `NEVER` while the registration runs. Current ones come first, in the order of their areas.
    """

    died_day: np.ndarray
    contact: np.ndarray
    """How often the person comes, 1 on average."""
    reference_day: int
    anchor: int
    """Middle of the window; health is described as at this day."""
    chance: Chance

    def __len__(self) -> int:
        return len(self.nhs_number)

    @property
    def deprived(self) -> np.ndarray:
        """How deprived the home is: 1 in the most deprived tenth, -1 in the least."""
        return (5.5 - self.decile) / 4.5

    @property
    def age(self) -> np.ndarray:
        """Years at the reference date, with fraction."""
        return (self.reference_day - self.birth_day) / 365.25

    def age_on(self, person: np.ndarray, day: np.ndarray, /) -> np.ndarray:
        """Years of these people (positions) on these days."""
        return (day - self.birth_day[person]) / 365.25

    @property
    def anchor_age(self) -> np.ndarray:
        """Years at the anchor day, the same in every month; 0 for those born since."""
        return np.maximum((self.anchor - self.birth_day) / 365.25, 0)


def people(tenancies: Tenancies, /, *, reference_date: date, with_ended: bool, chance: Chance) -> People:
    """Those registered at the end of `reference_date`, then, where asked for, those who left in the year before."""
    today = day_number(reference_date)
    began = tenancies.registered_day <= today
    current = np.flatnonzero(began & (tenancies.ended_day > today))
    current = current[np.argsort(tenancies.area[current], kind="stable")]
    ended = np.flatnonzero(began & (tenancies.ended_day <= today) & (tenancies.ended_day > today - ENDED_DAYS))
    at = np.concatenate([current, ended if with_ended else ended[:0]])
    chosen = {field.name: getattr(tenancies, field.name)[at] for field in fields(tenancies)}
    ended_day = np.where(chosen["ended_day"] > today, NEVER, chosen["ended_day"])
    return People(
        **{**chosen, "ended_day": ended_day},
        died_day=np.where(chosen["is_dead"], ended_day, NEVER),
        contact=np.exp(0.63 * chance.normal("contact", chosen["nhs_number"]) - 0.2),
        reference_day=today,
        anchor=anchor_day(reference_date),
        chance=chance,
    )


def register_table(people: People, practice: Practice, last_contact: np.ndarray) -> pa.Table:
    """The practice's register as delivered: columns and order of the `gp_register` contract.

    `last_contact` holds the day of each person's latest consultation, or `NEVER`.
    """
    count, today, age, who = len(people), people.reference_day, people.age, people.nhs_number

    def luck(purpose: str) -> np.ndarray:
        return people.chance.uniform(purpose, who)

    sex = np.where(people.is_male, "M", "F").astype(object)
    sex[luck("sex not said") < 0.0003] = "I"
    ethnicity = ETHNICITIES[people.ethnicity].astype(object)
    unsaid = luck("ethnicity not said")
    for limit, code in ((0.12, ""), (0.08, "Z"), (0.03, "99")):
        ethnicity[unsaid < limit] = code

    language = np.full(count, "", object)
    speaks_another = luck("interpreter") < 0.12
    for code, name in _LANGUAGES.items():
        language[(ETHNICITIES[people.ethnicity] == code) & speaks_another] = name
    preference = np.searchsorted(np.cumsum([0.16, 0.14, 0.4, 0.08, 0.12]), luck("preference"))
    needs = luck("needs adjustment") < np.interp(age, [0, 60, 95], [0.008, 0.015, 0.12])
    adjustment = np.where(needs, people.chance.whole("adjustment", 1, len(_ADJUSTMENTS), who), 0)
    is_current = people.ended_day == NEVER
    booked = is_current & (people.chance.uniform("booked", who, today) < np.minimum(0.05 * people.contact, 0.5))
    clinicians = np.array([f"GP{n + 1:02d}" for n in range(max(2, int(practice.patient_count.sum()) // 1_800))])
    invitations = np.where(is_current & (age > 30), 0.5, 0.15)
    columns = {
        "extract_date": days(np.full(count, today)),
        "practice_code": pa.repeat(practice.practice_code, count),
        "nhs_number": who,
        "date_of_birth": days(people.birth_day),
        "sex": sex,
        "ethnicity_code": text(ethnicity),
        "lsoa_code": text(practice.lsoa_code.astype(object)[people.area]),
        "registration_date": days(people.registered_day),
        "deregistration_date": days(people.ended_day),
        "death_date": days(people.died_day),
        "contact_preference": text(np.array(_PREFERENCES, object)[preference]),
        "is_safe_to_text": pa.array(luck("safe to text") < 0.85, mask=luck("text not asked") < 0.1),
        "interpreter_language": text(language),
        "reasonable_adjustment": text(np.array(_ADJUSTMENTS, object)[adjustment]),
        "last_contact_date": days(last_contact),
        "invitation_count": people.chance.poisson("invitations", invitations, who),
        "next_appointment_date": days(
            np.where(booked, today + people.chance.whole("appointment in", 1, 60, who, today), NEVER)
        ),
        "usual_clinician": pa.array(clinicians[people.chance.whole("clinician", 0, len(clinicians), who)]),
        "has_type_1_opt_out": luck("type 1 opt-out") < 0.025,
        "has_national_data_opt_out": luck("national data opt-out") < 0.054,
    }
    return pa.table(columns)


def days(day: np.ndarray) -> pa.Array:
    """Dates from day numbers; `NEVER` is missing."""
    return pa.array(day.astype(np.int32), mask=day == NEVER).cast(pa.date32())


def text(values: np.ndarray) -> pa.Array:
    """Text, with '' as missing."""
    return pa.array(values, pa.string(), mask=values == "")

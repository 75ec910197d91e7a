"""What is true of each person's health, whether or not anybody has measured it.

What belongs here is the latent state: weight, smoking, sugar, kidneys, treatment, and what `pressure.py` and
`diagnosis.py` say of blood pressure. What a practice recorded of it is `readings.py`'s and `records.py`'s. Figures are
near those published for England (`published_figures.csv`; `phm synth report` compares).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phm.synthetic.conditions import conditions, first_coded, is_present
from phm.synthetic.diagnosis import Diagnosis, chance_of_undiagnosed, diagnosis
from phm.synthetic.people import BLACK, SOUTH_ASIAN, People
from phm.synthetic.pressure import Pressure, pressure
from phm.synthetic.tenancies import NEVER
from phm.synthetic.visits import Visits, visits

_SMOKES = [0.232, 0.202, 0.167, 0.137, 0.118, 0.102, 0.088, 0.078, 0.071, 0.066]
"""Share of adults who smoke by decile of deprivation, near ONS 2021."""


@dataclass(frozen=True)
class Health(Diagnosis, Pressure):
    """What is true of each person of one practice, one element each; days count from 1970-01-01."""

    visits: Visits
    bmi: np.ndarray
    treated_day: np.ndarray
    """Day treatment began; `NEVER` without."""
    usual_systolic: np.ndarray
    """Pressure with the treatment the person takes."""
    usual_diastolic: np.ndarray
    smoking: np.ndarray
    """0 never, 1 ex, 2 current."""
    cigarettes: np.ndarray
    """A day; 0 for those who do not smoke."""
    is_inactive: np.ndarray
    has_true_diabetes: np.ndarray
    """Coded or not."""
    hba1c: np.ndarray
    """Usual, mmol/mol."""
    egfr: np.ndarray
    """Usual, mL/min/1.73 m²."""
    has: dict[str, np.ndarray]
    """Whether each condition is present; diabetes and chronic kidney disease where coded."""
    since: dict[str, np.ndarray]
    """Day each was coded first."""
    undiagnosed_probability: np.ndarray
    """Chance of hypertension among the person's likes of whom none is coded (`diagnosis.chance_of_undiagnosed`)."""

    @property
    def is_reviewed(self) -> np.ndarray:
        """Whose pressure is reviewed each year whatever it is."""
        return is_reviewed(self.has)

    def has_by(self, name: str, day: int, /) -> np.ndarray:
        """Whether each person has the condition coded by this day."""
        return self.since[name] <= day


def health(people: People, /) -> Health:
    """The health of a practice's people as at the middle of the window, the same in each of its months."""
    age, male, who, chance = people.anchor_age, people.is_male, people.nhs_number, people.chance
    adult, deprived = age >= 18, people.deprived

    middle = np.interp(age, [2, 10, 18, 26, 38, 58, 70, 82, 95], [16, 17.5, 22.7, 24.8, 27.4, 28.4, 27.9, 26.9, 25.5])
    spread = np.where(adult, 0.182, 0.10) * np.where(male, 0.92, 1.06)
    middle = middle + np.where(male, 0.2, -0.2) * adult + 1.6 * deprived * adult - 0.8 * SOUTH_ASIAN[people.ethnicity]
    bmi = np.clip(np.round(middle * np.exp(spread * chance.normal("weight", who)), 1), 12, 70)

    of = pressure(people, bmi)
    has, since = conditions(people, of.has_hypertension)
    sugar, kidneys = _diabetes(people, bmi, has, since), _kidneys(people, of.has_hypertension, has, since)
    ill = has["ischaemic_heart_disease"] | has["stroke_tia"] | has["atrial_fibrillation"]
    seen = visits(people, is_reviewed(has), ~is_reviewed(has) & ~ill)
    known = diagnosis(people, of, seen)

    takes = np.interp(age, [25, 45, 70], [0.6, 0.84, 0.93]) * np.exp(0.02 * people.coding)
    treated = known.is_diagnosed & (known.resolved_day == NEVER) & (chance.uniform("treated", who) < takes)
    systolic, diastolic = of.true_systolic, of.true_diastolic
    on_target = 130 + 1.8 * deprived + 0.2 * (systolic - 145) + 6.5 * chance.normal("treated to", who)
    on_target += np.interp(age, [40, 80], [-2, 3])
    undiagnosed = chance_of_undiagnosed(of.likes, of.variability, known.course)
    return Health(
        **vars(of),
        **vars(known),
        visits=seen,
        bmi=bmi,
        treated_day=np.where(treated, known.diagnosed_day + 20, NEVER),
        usual_systolic=np.where(treated, np.minimum(systolic, on_target), systolic),
        usual_diastolic=np.where(treated, np.minimum(diastolic, 76 + 0.3 * (diastolic - 85)), diastolic),
        has=has,
        since=since,
        **_habits(people, deprived),
        **sugar,
        **kidneys,
        undiagnosed_probability=np.where(adult, undiagnosed, 0.0),
    )


def is_reviewed(has: dict[str, np.ndarray], /) -> np.ndarray:
    """Whose pressure is reviewed each year whatever it is, by the conditions they have."""
    return has["diabetes"] | has["ckd"]


def _habits(people: People, deprived: np.ndarray) -> dict[str, np.ndarray]:
    """12% of adults smoke (HSE 2021), 24% in the most deprived tenth and 7% in the least (ONS 2021)."""
    age, who, chance = people.anchor_age, people.nhs_number, people.chance
    current = np.array(_SMOKES)[people.decile - 1]
    current = current * np.interp(age, [18, 30, 55, 70, 85], [0.9, 1.27, 1.12, 0.72, 0.32])
    former = np.interp(age, [18, 40, 70], [0.05, 0.22, 0.4])
    draw = chance.uniform("smoking", who)
    smoking = np.where(draw < current, 2, np.where(draw < current + former, 1, 0)) * (age >= 16)
    # About ten a day, more in middle age and where deprived.
    number = 9 * np.exp(0.6 * chance.normal("cigarettes", who) + 0.12 * deprived) * np.interp(age, [20, 50], [0.7, 1.2])
    inactive = np.interp(age, [18, 40, 65, 85], [0.17, 0.2, 0.25, 0.6]) * np.exp(0.3 * deprived)
    return {
        "smoking": smoking,
        "cigarettes": np.clip(np.round(number), 1, 60) * (smoking == 2),
        "is_inactive": (age >= 16) & (chance.uniform("inactive", who) < inactive),
    }


def _diabetes(people: People, bmi: np.ndarray, has: dict, since: dict) -> dict[str, np.ndarray]:
    """Diabetes, most of it coded; one in twelve of those coded has type 1."""
    age, who, chance = people.anchor_age, people.nhs_number, people.chance
    middle = np.exp(np.interp(age, [18, 40, 60, 80], np.log([0.0065, 0.053, 0.165, 0.225])))
    odds = middle / (1 - middle) * np.exp(-0.105 * (people.decile - 5.5) + 0.07 * (bmi - 28))
    odds *= np.where(SOUTH_ASIAN[people.ethnicity], 2.6, np.where(BLACK[people.ethnicity], 1.7, 1.0))
    odds *= np.where(people.is_male, 1.2, 0.83)
    present = (age >= 18) & is_present("diabetes", odds / (1 + odds), people)
    likely = 1 / (1 + np.exp(-(1.05 + 0.3 * people.coding - 0.4 * people.deprived)))
    coded = present & (chance.uniform("diabetes coded", who) < likely)
    first = chance.uniform("type 1", who) < np.interp(age, [25, 50, 70], [0.6, 0.1, 0.03])
    has["diabetes"], since["diabetes"] = coded, first_coded("diabetes", coded, people)
    for name, kind in (("type_1_diabetes", coded & first), ("type_2_diabetes", coded & ~first)):
        has[name], since[name] = kind, np.where(kind, since["diabetes"], NEVER)
    normal = np.interp(age, [18, 40, 70], [33.5, 36, 38.5]) + 0.12 * (bmi - 27) + 2.6 * chance.normal("sugar", who)
    raised = np.where(coded, 47, 49) - np.log(chance.uniform("sugar", who)) * np.where(coded, 12, 5)
    return {"has_true_diabetes": present, "hba1c": np.where(present, raised, np.minimum(normal, 47))}


def _kidneys(people: People, raised: np.ndarray, has: dict, since: dict) -> dict[str, np.ndarray]:
    """Usual filtration; below 60 is chronic kidney disease, some of it coded."""
    age, who, chance = people.anchor_age, people.nhs_number, people.chance
    middle = np.interp(age, [18, 40, 60, 80, 95], [112, 101, 87, 69.5, 58]) - 2.5 * raised - 3 * has["diabetes"]
    middle = middle - 2.8 * people.deprived
    egfr = np.clip(middle + 12.5 * chance.normal("kidneys", who), 8, 135)
    low = (age >= 18) & (egfr < 60)
    likely = 1 / (1 + np.exp(-(1.0 + 0.35 * people.coding + 0.09 * (58 - egfr))))
    coded = low & (chance.uniform("kidneys coded", who) < likely)
    has["ckd"], since["ckd"] = coded, first_coded("ckd", coded, people)
    return {"egfr": egfr}

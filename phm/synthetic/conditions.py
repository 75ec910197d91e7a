"""How common each long-term condition is, and in whom.

What belongs here are shares by age with their gradients, and what a practice has coded of them. Levels are set so that
registers of all practices together are near those of QOF 2019/20 by deprivation decile (House of Commons Library),
where it has the condition; the others are ours. `phm synth report` compares.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from phm.synthetic.people import People
from phm.synthetic.tenancies import HALF_WINDOW, NEVER


class Condition(NamedTuple):
    """Coded share at ages 20, 40, 60 and 80, and log odds for a decile less deprived and for men."""

    shares: tuple[float, float, float, float]
    per_decile: float = 0.0
    male: float = 0.0


CONDITIONS = {
    "ischaemic_heart_disease": Condition((0.0003, 0.006, 0.055, 0.16), -0.06, 0.75),
    "stroke_tia": Condition((0.0005, 0.004, 0.025, 0.10), -0.04, 0.15),
    "heart_failure": Condition((0.0002, 0.0015, 0.012, 0.055), -0.04, 0.3),
    "peripheral_arterial_disease": Condition((0.0001, 0.001, 0.011, 0.03), -0.08, 0.6),
    "atrial_fibrillation": Condition((0.0004, 0.0033, 0.0242, 0.132), 0.0, 0.4),
    "familial_hypercholesterolaemia": Condition((0.001, 0.002, 0.003, 0.002)),
    "organ_damage": Condition((0.0002, 0.002, 0.008, 0.02), -0.03),
    "albuminuria": Condition((0.001, 0.004, 0.014, 0.03), -0.04),
    "acute_kidney_injury": Condition((0.0005, 0.002, 0.008, 0.04), -0.04, 0.2),
    "ckd_stage_1_2": Condition((0.001, 0.003, 0.008, 0.012), -0.02),
    "migraine": Condition((0.05, 0.07, 0.06, 0.04), 0.0, -0.9),
    "raynauds": Condition((0.003, 0.005, 0.007, 0.006), 0.0, -1.2),
    "aortopathy": Condition((0.0002, 0.0004, 0.0015, 0.006), 0.0, 1.0),
    "learning_disability": Condition((0.0096, 0.0064, 0.0054, 0.0021), -0.06, 0.4),
    "severe_mental_illness": Condition((0.0058, 0.0159, 0.0174, 0.013), -0.07),
    "housebound": Condition((0.0003, 0.001, 0.006, 0.09), -0.03),
    "care_home": Condition((0.0002, 0.0005, 0.003, 0.06)),
    "frailty_moderate_or_severe": Condition((0.0001, 0.0005, 0.012, 0.2), -0.04),
    "family_history_cvd": Condition((0.01, 0.05, 0.07, 0.04)),
    "family_history_premature_chd": Condition((0.01, 0.04, 0.05, 0.02)),
    "palliative_care": Condition((0.0006, 0.002, 0.01, 0.06), -0.02),
    "rheumatoid_arthritis": Condition((0.0009, 0.0045, 0.0124, 0.0192), -0.02, -0.9),
    "systemic_lupus": Condition((0.0003, 0.001, 0.0015, 0.001), 0.0, -2.0),
    "erectile_dysfunction": Condition((0.003, 0.02, 0.09, 0.1), 0.0, 9.0),
    "alcohol_problem": Condition((0.01, 0.025, 0.03, 0.012), -0.08, 0.8),
    "anxiety_or_depression": Condition((0.1017, 0.1469, 0.1356, 0.1017), -0.04, -0.7),
    "asthma": Condition((0.0862, 0.0747, 0.0805, 0.0862), -0.03, -0.2),
    "cancer": Condition((0.0022, 0.0121, 0.055, 0.165), 0.02, -0.1),
    "copd": Condition((0.0004, 0.0041, 0.0483, 0.1173), -0.12, 0.15),
    "dementia": Condition((0.0001, 0.0003, 0.0041, 0.0878), -0.01, -0.2),
    "epilepsy": Condition((0.0065, 0.0086, 0.0097, 0.0097), -0.05),
    "haemoglobinopathy": Condition((0.002, 0.003, 0.003, 0.002)),
    "anaemia": Condition((0.02, 0.035, 0.03, 0.10), -0.03, -0.8),
    "hearing_loss": Condition((0.01, 0.02, 0.07, 0.25)),
    "irritable_bowel": Condition((0.03, 0.05, 0.05, 0.04), 0.0, -0.9),
    "dizziness": Condition((0.01, 0.02, 0.05, 0.14)),
    "dyspnoea": Condition((0.01, 0.02, 0.05, 0.13), -0.04),
    "falls": Condition((0.003, 0.006, 0.03, 0.22), -0.02, -0.3),
    "insomnia": Condition((0.02, 0.05, 0.08, 0.1), -0.03),
    "orthostatic_hypotension": Condition((0.0005, 0.001, 0.005, 0.03)),
    "osteoarthritis": Condition((0.003, 0.02, 0.16, 0.34), -0.03, -0.4),
    "osteoporosis": Condition((0.0003, 0.001, 0.015, 0.07), 0.0, -1.6),
    "parkinsonism": Condition((0.0001, 0.0003, 0.003, 0.018), 0.0, 0.4),
    "peptic_ulcer": Condition((0.002, 0.008, 0.02, 0.04), -0.06, 0.4),
    "pressure_ulcer": Condition((0.0002, 0.0005, 0.003, 0.025)),
    "thyroid_disease": Condition((0.008, 0.03, 0.06, 0.1), 0.0, -1.4),
    "urinary_incontinence": Condition((0.003, 0.015, 0.04, 0.12), -0.02, -1.0),
    "visual_impairment": Condition((0.002, 0.003, 0.01, 0.07)),
    "weight_loss": Condition((0.003, 0.006, 0.015, 0.04)),
    "lives_alone": Condition((0.005, 0.01, 0.025, 0.09), -0.04),
}
"""Coded once and for good; diabetes, kidney disease and hypertension have rules of their own (`clinical.py`)."""

FROM_CHILDHOOD = {"asthma": 0.055, "epilepsy": 0.003, "learning_disability": 0.004, "haemoglobinopathy": 0.002}
"""Conditions of children too, and the share under 18 that has each."""

CLUSTERING = 0.4
"""How far a person's conditions go together: correlation of what makes each likely with one ill-health of all."""


def share(condition: Condition, people: People, /) -> np.ndarray:
    """The share of each person's likes with the condition, 0 to 1."""
    middle = np.exp(np.interp(people.anchor_age, [20, 40, 60, 80], np.log(condition.shares)))
    odds = middle / (1 - middle) * np.exp(condition.per_decile * (people.decile - 5.5))
    odds *= np.exp(condition.male * (people.is_male - 0.5))
    return odds / (1 + odds)


def is_present(name: str, share: np.ndarray, people: People, /) -> np.ndarray:
    """Whether each person has the condition: as many as `share` says, clustered in those who are ill otherwise."""
    ill = people.chance.normal("ill health", people.nhs_number)
    own = people.chance.normal(name, people.nhs_number)
    return CLUSTERING * ill + np.sqrt(1 - CLUSTERING**2) * own > -ndtri(np.clip(share, 1e-9, 1 - 1e-9))


def conditions(people: People, raised: np.ndarray, /) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Whether each person has each condition, coded until the end of the window, and the day each was coded first.

    `raised` says who has raised pressure, which hearts, brains and kidneys suffer from. In a practice of some size
    somebody settled has each condition, so that even a small sample shows every one.
    """
    adult = people.anchor_age >= 18
    anybody = np.flatnonzero(adult & people.is_settled)
    has, since = {}, {}
    for name, condition in CONDITIONS.items():
        likely = share(condition, people)
        if name in {"ischaemic_heart_disease", "stroke_tia", "heart_failure", "atrial_fibrillation"}:
            odds = likely / (1 - likely) * np.where(raised, 1.5, 0.75)
            likely = odds / (1 + odds)
        likely = np.where(adult, likely, FROM_CHILDHOOD.get(name, 0.0))
        if name == "erectile_dysfunction":
            likely = np.where(people.is_male, likely, 0.0)
        present = is_present(name, likely, people)
        if not present[people.is_settled].any() and len(anybody) > 20:
            present[anybody[np.argmin(people.chance.uniform(name, people.nhs_number[anybody]))]] = True
        has[name] = present
        since[name] = first_coded(name, present, people)
    return has, since


def first_coded(name: str, present: np.ndarray, people: People, /) -> np.ndarray:
    """Day a condition was first coded: about ten years before the end of the window, never before the age of two."""
    mean = 3.0 if name in {"palliative_care", "acute_kidney_injury", "weight_loss"} else 12.0
    ago = people.chance.exponential(f"{name} since", people.nhs_number) * mean * 365.25
    earliest = people.birth_day + np.minimum(np.maximum(people.anchor_age - 2, 2), 17) * 365
    return np.where(present, np.maximum(people.anchor + HALF_WINDOW - ago, earliest), NEVER).astype(np.int64)

"""What is true of each person's health, whether or not anybody has measured it.

What belongs here is the latent state: usual blood pressure, weight, smoking, long-term conditions, and whether the
hypertension a person has is known. What a practice recorded of it is `records.py`'s. Figures are roughly those
published for England; their sources stand beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phm.synthetic.people import BLACK, NEVER, SOUTH_ASIAN, People

# Mean and standard deviation of usual systolic pressure by age, untreated, chosen so that the share at 140/90 or
# more is near the Health Survey for England: 7% of men and 4% of women aged 16-24, 9% at 16-44, 60% at 65 and over,
# 66% of men and 71% of women at 75 and over (HSE 2015-19 by ONS, HSE 2021).
_AGES = [2, 12, 20, 35, 50, 60, 70, 80, 100]
_SYSTOLIC_MEN = [95, 110, 121, 125, 130.5, 136, 142, 146.5, 147]
_SYSTOLIC_WOMEN = [95, 109, 113, 117, 126, 133.5, 142, 149.5, 150]
_SYSTOLIC_SPREAD = [7, 9, 11, 11.5, 13, 14.5, 16, 17, 17]
_DIASTOLIC = [58, 65, 71, 77, 80, 79.5, 76.5, 73, 70]

# Share of people with hypertension who do not know, by age: ONS, Risk factors for undiagnosed high blood pressure
# in England 2015-19 gives men 66, 55 and 17% and women 26, 44 and 21% at 16-24, 25-34 and 75 and over, 29% in all;
# between these ages the line is ours.
_UNKNOWN_AGES = [20, 30, 40, 50, 60, 70, 80]
_UNKNOWN_MEN = [0.66, 0.55, 0.49, 0.41, 0.33, 0.24, 0.17]
_UNKNOWN_WOMEN = [0.26, 0.44, 0.41, 0.36, 0.31, 0.25, 0.21]

# Lifetime conditions: share at ages 20, 40, 60, 80, and log odds per decile of deprivation (negative: commoner where
# deprived). Levels follow QOF 2019/20 by deprivation decile (House of Commons Library); the rarest are ours.
CONDITIONS: dict[str, tuple[tuple[float, float, float, float], float]] = {
    "diabetes": ((0.006, 0.035, 0.125, 0.19), -0.06),
    "ckd": ((0.001, 0.006, 0.045, 0.25), -0.03),
    "ischaemic_heart_disease": ((0.0003, 0.006, 0.055, 0.16), -0.05),
    "stroke_tia": ((0.0005, 0.004, 0.025, 0.10), -0.04),
    "heart_failure": ((0.0002, 0.0015, 0.012, 0.055), -0.04),
    "peripheral_arterial_disease": ((0.0001, 0.001, 0.011, 0.03), -0.08),
    "atrial_fibrillation": ((0.0004, 0.003, 0.022, 0.12), 0.0),
    "familial_hypercholesterolaemia": ((0.001, 0.002, 0.003, 0.002), 0.0),
    "organ_damage": ((0.0002, 0.002, 0.008, 0.02), -0.03),
    "albuminuria": ((0.001, 0.004, 0.014, 0.03), -0.04),
    "migraine": ((0.05, 0.07, 0.06, 0.04), 0.0),
    "raynauds": ((0.003, 0.005, 0.007, 0.006), 0.0),
    "aortopathy": ((0.0002, 0.0004, 0.0015, 0.006), 0.0),
    "learning_disability": ((0.009, 0.006, 0.005, 0.002), -0.06),
    "severe_mental_illness": ((0.004, 0.011, 0.012, 0.009), -0.07),
    "housebound": ((0.0003, 0.001, 0.006, 0.09), -0.03),
    "care_home": ((0.0002, 0.0005, 0.003, 0.06), 0.0),
    "family_history_cvd": ((0.01, 0.05, 0.07, 0.04), 0.0),
    "palliative_care": ((0.0003, 0.001, 0.005, 0.03), -0.02),
}
FEWEST_PER_PRACTICE = 1
"""Fewest people of a practice with each condition, so that even a small sample shows every one."""


@dataclass(frozen=True)
class Health:
    """What is true of each person of one practice, one element each; days count from 1970-01-01."""

    bmi: np.ndarray
    true_systolic: np.ndarray
    """Usual pressure in the clinic without treatment, mm Hg."""
    true_diastolic: np.ndarray
    has_hypertension: np.ndarray
    """Usual untreated pressure of 140/90 or more (either arm), adults only."""
    is_diagnosed: np.ndarray
    diagnosed_day: np.ndarray
    resolved_day: np.ndarray
    """Day a diagnosis was coded as resolved; `NEVER` for nearly all."""
    is_treated: np.ndarray
    usual_systolic: np.ndarray
    """Pressure with the treatment the person takes."""
    usual_diastolic: np.ndarray
    white_coat: np.ndarray
    """What a clinic adds to the usual systolic pressure, mm Hg."""
    smoking: np.ndarray
    """0 never, 1 ex, 2 current."""
    has: dict[str, np.ndarray]
    """Whether each of `CONDITIONS` is present."""
    since: dict[str, np.ndarray]
    """Day each began."""


def health(people: People, rng: np.random.Generator, /) -> Health:
    """Draw the health of a practice's people.

    Weight, pressure and so hypertension follow from the person alone, whichever practice holds the registration.
    """
    age, male = people.age, people.is_male
    adult = age >= 18
    south_asian, black = SOUTH_ASIAN[people.ethnicity], BLACK[people.ethnicity]
    deprived = (5.5 - people.decile) / 4.5

    # Mean BMI about 27.3 (HSE 2021), obesity 20% in the best-off fifth and 34% in the most deprived.
    middle = np.interp(age, [2, 10, 18, 30, 50, 65, 80, 95], [16, 17.5, 23, 26, 28, 28.2, 27, 25.5])
    spread = np.where(adult, 0.172, 0.10) * np.where(male, 0.92, 1.05)
    bmi = np.round((middle + 1.1 * deprived * adult - 0.8 * south_asian) * np.exp(spread * people.weight_effect), 1)
    bmi = np.clip(bmi, 12, 70)

    mean = np.where(male, np.interp(age, _AGES, _SYSTOLIC_MEN), np.interp(age, _AGES, _SYSTOLIC_WOMEN))
    spread = np.interp(age, _AGES, _SYSTOLIC_SPREAD)
    raised_by = adult * (0.75 * (bmi - 27) + 4.2 * deprived + 4.5 * black - 0.5 * south_asian)
    systolic = mean + raised_by + spread * people.pressure_effect
    diastolic = np.interp(age, _AGES, _DIASTOLIC) + 1.5 * male + 0.25 * (bmi - 27) * adult
    diastolic = diastolic + 0.42 * (systolic - mean) + 5.0 * people.diastolic_effect
    diastolic = np.minimum(diastolic, systolic - 18)
    has_hypertension = adult & ((systolic >= 140) | (diastolic >= 90))

    unknown = np.where(male, np.interp(age, _UNKNOWN_AGES, _UNKNOWN_MEN), np.interp(age, _UNKNOWN_AGES, _UNKNOWN_WOMEN))
    over = np.maximum(systolic - 140, 2 * (diastolic - 90)) / 10
    odds = (
        np.log((1 - unknown) / unknown)
        + 0.45 * (over - np.interp(age, [20, 80], [0.6, 1.7]))
        + 0.25 * np.log(people.contact)
        - 0.25 * deprived
    )
    known = has_hypertension & (rng.random(len(people)) < 1 / (1 + np.exp(-odds)))
    # Some with a diagnosis would be normal untreated: weight lost, or a label given long ago.
    known |= adult & ~has_hypertension & (rng.random(len(people)) < np.interp(age, [30, 50, 80], [0.001, 0.012, 0.05]))
    duration = np.minimum(rng.exponential(8, len(people)), np.maximum(age - 17, 0.5)) * 365.25
    last = np.minimum(people.reference_day, people.ended_day)
    diagnosed_day = np.where(known, last - duration.astype(np.int64) - 30, NEVER)

    resolved = known & ~has_hypertension & (rng.random(len(people)) < 0.15)
    later = diagnosed_day + rng.integers(0, 900, len(people)) * (rng.random(len(people)) > 0.1)
    resolved_day = np.where(resolved & (later < people.reference_day), later, NEVER)

    # CVDPREVENT 2024: two thirds of people under 80 with hypertension are treated to target.
    treated = known & (resolved_day == NEVER)
    treated &= rng.random(len(people)) < np.interp(age, [25, 45, 70], [0.55, 0.8, 0.9])
    on_target = 130 + 0.25 * (systolic - 145) + rng.normal(0, 6, len(people))
    usual_systolic = np.where(treated, np.minimum(systolic, on_target), systolic)
    usual_diastolic = np.where(treated, np.minimum(diastolic, 77 + 0.35 * (diastolic - 85)), diastolic)

    has, since = {}, {}
    candidates = np.flatnonzero(adult & (people.ended_day == NEVER))
    for name, (shares, per_decile) in CONDITIONS.items():
        share = np.exp(np.interp(age, [20, 40, 60, 80], np.log(shares)))
        odds = share / (1 - share) * np.exp(per_decile * (people.decile - 5.5))
        odds = odds * np.where(south_asian & (name == "diabetes"), 2.6, 1.0)
        if name in {"diabetes", "ckd", "ischaemic_heart_disease", "stroke_tia"}:
            odds = odds * np.where(has_hypertension, 1.7, 0.75)
        present = adult & (rng.random(len(people)) < odds / (1 + odds))
        if present.sum() < FEWEST_PER_PRACTICE and len(candidates) > 20 * FEWEST_PER_PRACTICE:
            present[rng.choice(candidates, FEWEST_PER_PRACTICE, replace=False)] = True
        has[name] = present
        span = 300 if name == "palliative_care" else 3_600
        began = people.reference_day - rng.integers(20, span, len(people))
        since[name] = np.where(present, np.maximum(began, people.birth_day + 17 * 365), NEVER)

    return Health(
        bmi=bmi,
        true_systolic=np.round(systolic, 1),
        true_diastolic=np.round(diastolic, 1),
        has_hypertension=has_hypertension,
        is_diagnosed=known,
        diagnosed_day=diagnosed_day,
        resolved_day=resolved_day,
        is_treated=treated,
        usual_systolic=usual_systolic,
        usual_diastolic=usual_diastolic,
        white_coat=np.where(rng.random(len(people)) < 0.1, rng.normal(13, 5, len(people)), 0),
        smoking=_smoking(people, rng),
        has=has,
        since=since,
    )


def _smoking(people: People, rng: np.random.Generator) -> np.ndarray:
    """12% of adults smoke (HSE 2021), 24% in the most deprived tenth and 7% in the least (ONS 2021)."""
    current = np.exp(np.interp(people.decile, [1, 10], np.log([0.238, 0.068])))
    current = current * np.interp(people.age, [18, 30, 55, 70, 85], [0.9, 1.25, 1.1, 0.65, 0.3])
    draw = rng.random(len(people))
    former = np.interp(people.age, [18, 40, 70], [0.05, 0.22, 0.4])
    return np.where(draw < current, 2, np.where(draw < current + former, 1, 0)) * (people.age >= 16)

"""What is true of each person's health, whether or not anybody has measured it.

What belongs here is the latent state: usual blood pressure, weight, smoking, sugar, kidneys, and whether the person
knows of their hypertension and the practice has coded it. What a practice recorded of it is `readings.py`'s and
`records.py`'s. Figures are near those published for England (`published_figures.csv`; `phm synth report` compares).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from phm.synthetic.conditions import conditions, first_coded, is_present
from phm.synthetic.people import BLACK, SOUTH_ASIAN, People
from phm.synthetic.tenancies import HALF_WINDOW, NEVER

# Mean and standard deviation of usual systolic pressure by age, untreated, and mean diastolic.
_AGES = [2, 12, 20, 35, 50, 60, 70, 80, 100]
_SYSTOLIC_MEN = [95, 111, 124.5, 124.3, 131.2, 136.6, 140.8, 145.8, 146]
_SYSTOLIC_WOMEN = [95, 110, 119.6, 117, 126.5, 133.8, 140.8, 148, 149]
_SYSTOLIC_SPREAD = [7, 9, 12.5, 11.5, 13, 14.5, 16, 17, 17]
_DIASTOLIC = [58, 65, 71, 77, 80, 79.5, 76.5, 73, 70]
DIASTOLIC_SPREAD = 5.0
ON_SYSTOLIC = 0.42
"""Diastolic mm Hg for each mm Hg a person's systolic pressure lies above that of their likes."""
WHITE_COATS, WHITE_COAT = 0.1, (13, 5)
"""Share of people whose pressure rises in a clinic, and by how much: mean and spread, mm Hg systolic."""

# Share of people with hypertension who were never told, by age: ONS, Risk factors for undiagnosed high blood pressure
# in England 2015-19 gives men 66, 55 and 17% and women 26, 44 and 21% at 16-24, 25-34 and 75 and over, 29% in all.
# The line is set so that bands come out near these; between them it is ours.
_UNTOLD_AGES = [20, 30, 40, 50, 60, 70, 80]
_UNTOLD_MEN = [0.66, 0.55, 0.49, 0.41, 0.33, 0.23, 0.145]
_UNTOLD_WOMEN = [0.11, 0.52, 0.43, 0.36, 0.31, 0.25, 0.21]

# Share of those told that the practice has coded. Surveys find 71% of people with hypertension told by somebody,
# registers hold 57% (PHE 2019): one high reading long ago, an abnormal average never coded, a move.
_CODED_AGES = [20, 30, 40, 50, 60, 70, 80]
_CODED = [0.16, 0.22, 0.5, 0.68, 0.79, 0.88, 0.97]

# Share coded of those whose usual pressure would be normal untreated: weight lost, or a label given long ago.
_LABEL_AGES = [30, 50, 80]
_LABELLED = [0.001, 0.012, 0.32]

_SMOKES = [0.232, 0.202, 0.167, 0.137, 0.118, 0.102, 0.088, 0.078, 0.071, 0.066]
"""Share of adults who smoke by decile of deprivation, near ONS 2021."""

_NODES = np.linspace(-4, 4, 33)
_STEP = _NODES[1] - _NODES[0]
_WEIGHTS = np.exp(-(_NODES**2) / 2) / np.exp(-(_NODES**2) / 2).sum()


@dataclass(frozen=True)
class Likes:
    """How usual pressure varies among people of the same age, sex, weight, ethnicity and deprivation, mm Hg.

    Systolic is normal. Diastolic is normal given systolic: its mean rises by `ON_SYSTOLIC` for each mm Hg.
    """

    systolic_mean: np.ndarray
    systolic_spread: np.ndarray
    diastolic_mean: np.ndarray


@dataclass(frozen=True)
class Health:
    """What is true of each person of one practice, one element each; days count from 1970-01-01."""

    bmi: np.ndarray
    likes: Likes
    true_systolic: np.ndarray
    """Usual pressure in the clinic without treatment, mm Hg."""
    true_diastolic: np.ndarray
    variability: np.ndarray
    """Standard deviation of the person's systolic readings in the clinic, mm Hg."""
    has_hypertension: np.ndarray
    """Usual untreated pressure of 140/90 or more (either arm), adults only."""
    is_told: np.ndarray
    """Has been told of it by the end of the window, or carries a label without it."""
    told_day: np.ndarray
    is_diagnosed: np.ndarray
    """Is told, and the practice codes it, by the end of the window."""
    diagnosed_day: np.ndarray
    resolved_day: np.ndarray
    """Day a diagnosis was coded as resolved; `NEVER` for nearly all."""
    treated_day: np.ndarray
    """Day treatment began; `NEVER` without."""
    usual_systolic: np.ndarray
    """Pressure with the treatment the person takes."""
    usual_diastolic: np.ndarray
    white_coat: np.ndarray
    """What a clinic adds to the usual systolic pressure, mm Hg."""
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
    """Chance of hypertension among the person's likes of whom none is coded (`_undiagnosed_probability`)."""

    def has_by(self, name: str, day: int, /) -> np.ndarray:
        """Whether each person has the condition coded by this day."""
        return self.since[name] <= day


def health(people: People, /) -> Health:
    """The health of a practice's people as at the middle of the window, the same in each of its months."""
    age, male, who, chance = people.anchor_age, people.is_male, people.nhs_number, people.chance
    adult = age >= 18
    south_asian, black = SOUTH_ASIAN[people.ethnicity], BLACK[people.ethnicity]
    deprived = (5.5 - people.decile) / 4.5

    middle = np.interp(age, [2, 10, 18, 26, 38, 58, 70, 82, 95], [16, 17.5, 22.7, 24.8, 27.4, 28.4, 27.9, 26.9, 25.5])
    spread = np.where(adult, 0.182, 0.10) * np.where(male, 0.92, 1.06)
    lean = np.where(male, 0.2, -0.2) * adult
    bmi = (middle + lean + 1.6 * deprived * adult - 0.8 * south_asian) * np.exp(spread * chance.normal("weight", who))
    bmi = np.clip(np.round(bmi, 1), 12, 70)

    mean = np.where(male, np.interp(age, _AGES, _SYSTOLIC_MEN), np.interp(age, _AGES, _SYSTOLIC_WOMEN))
    mean = mean + adult * (0.7 * (bmi - 27.3) + 4.4 * deprived + 4.0 * black - 0.5 * south_asian)
    diastolic_mean = np.interp(age, _AGES, _DIASTOLIC) + 1.5 * male + 0.25 * (bmi - 27.3) * adult
    likes = Likes(mean, np.interp(age, _AGES, _SYSTOLIC_SPREAD), diastolic_mean)
    systolic = mean + likes.systolic_spread * chance.normal("systolic", who)
    diastolic = diastolic_mean + ON_SYSTOLIC * (systolic - mean)
    diastolic = np.minimum(diastolic + DIASTOLIC_SPREAD * chance.normal("diastolic", who), systolic - 18)
    has_hypertension = adult & ((systolic >= 140) | (diastolic >= 90))

    known = _Knowledge(people, deprived)
    told = has_hypertension & (chance.uniform("told", who) < known.told(systolic, diastolic))
    coded = told & (chance.uniform("coded", who) < known.coded)
    label = adult & ~has_hypertension & (chance.uniform("label", who) < known.labelled)
    ago = np.minimum(chance.exponential("told since", who) * known.mean_years, np.maximum(age - 17, 0.5)) * 365.25
    told_day = people.anchor + HALF_WINDOW - ago.astype(np.int64)
    told_day = np.where(told | label, told_day, NEVER)
    diagnosed_day = np.where(coded | label, told_day + chance.whole("coded after", 0, 60, who), NEVER)
    later = diagnosed_day + chance.whole("resolved after", 0, 900, who) * (chance.uniform("same day", who) > 0.1)
    resolved_day = np.where(label & (chance.uniform("resolved", who) < 0.15), later, NEVER)

    takes = np.interp(age, [25, 45, 70], [0.6, 0.84, 0.93]) * np.exp(0.02 * people.coding)
    treated = (coded | label) & (resolved_day == NEVER) & (chance.uniform("treated", who) < takes)
    on_target = 129.5 + 1.8 * deprived + 0.2 * (systolic - 145) + 6.5 * chance.normal("treated to", who)
    on_target += np.interp(age, [40, 80], [-2, 3])
    usual_systolic = np.where(treated, np.minimum(systolic, on_target), systolic)
    usual_diastolic = np.where(treated, np.minimum(diastolic, 76 + 0.3 * (diastolic - 85)), diastolic)

    has, since = conditions(people, has_hypertension)
    sugar, kidneys = _diabetes(people, bmi, has, since), _kidneys(people, has_hypertension, has, since)
    return Health(
        bmi=bmi,
        likes=likes,
        true_systolic=np.round(systolic, 1),
        true_diastolic=np.round(diastolic, 1),
        variability=8.9 * np.exp(0.25 * chance.normal("variability", who)) * np.interp(age, [30, 80], [0.92, 1.15]),
        has_hypertension=has_hypertension,
        is_told=told | label,
        told_day=told_day,
        is_diagnosed=coded | label,
        diagnosed_day=diagnosed_day,
        resolved_day=resolved_day,
        treated_day=np.where(treated, diagnosed_day + 20, NEVER),
        usual_systolic=usual_systolic,
        usual_diastolic=usual_diastolic,
        white_coat=np.where(
            chance.uniform("white coat", who) < WHITE_COATS,
            WHITE_COAT[0] + WHITE_COAT[1] * chance.normal("white coat by", who),
            0,
        ),
        has=has,
        since=since,
        **_habits(people, deprived),
        **sugar,
        **kidneys,
        undiagnosed_probability=np.where(adult, _undiagnosed_probability(likes, known), 0.0),
    )


class _Knowledge:
    """Chances that somebody with hypertension has been told, and that it is coded."""

    mean_years = 18.0

    def __init__(self, people: People, deprived: np.ndarray) -> None:
        age = people.anchor_age
        lines = (np.interp(age, _UNTOLD_AGES, line) for line in (_UNTOLD_MEN, _UNTOLD_WOMEN))
        untold = np.where(people.is_male, *lines)
        self._typical = np.interp(age, [20, 80], [0.6, 1.7])
        self._odds = np.log((1 - untold) / untold) + 0.25 * np.log(people.contact) - 0.25 * deprived
        self._odds += 0.3 * np.log(people.measuring) + np.interp(age, [20, 35], [0.25, 0.5])
        coded = np.interp(age, _CODED_AGES, _CODED)
        coded = np.log(coded / (1 - coded)) + 0.35 * people.coding + 0.05 * deprived
        self.coded = 1 / (1 + np.exp(-coded))
        self.labelled = np.interp(age, _LABEL_AGES, _LABELLED)
        self.share_by_anchor = np.exp(-HALF_WINDOW / 365.25 / self.mean_years)

    def told(self, systolic: np.ndarray, diastolic: np.ndarray) -> np.ndarray:
        """Chance of having been told of a usual pressure: higher the further it is raised."""
        over = np.maximum(systolic - 140, 2 * (diastolic - 90)) / 10
        return 1 / (1 + np.exp(-(self._odds + 0.45 * (over - self._typical))))


def _undiagnosed_probability(likes: Likes, known: _Knowledge) -> np.ndarray:
    """Chance that one of a person's likes has hypertension, given that it is not coded at the middle of the window.

    The sum over systolic pressure of the chances as generated; diastolic pressure enters exactly where it decides and
    by its mean where it only makes being told likelier.
    """
    missed, coded = np.zeros(len(likes.systolic_mean)), np.zeros(len(likes.systolic_mean))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        away = node * likes.systolic_spread
        systolic, diastolic = likes.systolic_mean + away, likes.diastolic_mean + ON_SYSTOLIC * away
        width = _STEP * likes.systolic_spread
        by_systolic = np.clip((systolic - 140) / width + 0.5, 0, 1)
        by_diastolic = ndtr((diastolic - 90) / DIASTOLIC_SPREAD)
        has = by_systolic + (1 - by_systolic) * by_diastolic
        told = known.told(np.maximum(systolic, 140 * (by_systolic > 0)), diastolic)
        found = told * known.coded * known.share_by_anchor
        missed += weight * has * (1 - found)
        coded += weight * (has * found + (1 - has) * known.labelled)
    return missed / (1 - coded)


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
    likely = 1 / (1 + np.exp(-(1.05 + 0.3 * people.coding - 0.4 * (5.5 - people.decile) / 4.5)))
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
    middle = middle - 2.8 * (5.5 - people.decile) / 4.5
    egfr = np.clip(middle + 12.5 * chance.normal("kidneys", who), 8, 135)
    low = (age >= 18) & (egfr < 60)
    likely = 1 / (1 + np.exp(-(1.0 + 0.35 * people.coding + 0.09 * (58 - egfr))))
    coded = low & (chance.uniform("kidneys coded", who) < likely)
    has["ckd"], since["ckd"] = coded, first_coded("ckd", coded, people)
    return {"egfr": egfr}

"""What else a practice wrote down: tests, habits, conditions, pregnancies, consultations; and emergency attendances.

What belongs here decides who is tested and coded in the ordinary run of things over six years. Blood pressures are
`readings.py`'s, issues `medicines.py`'s; rare courses that every delivery should show are `stories.py`'s.
"""

from __future__ import annotations

import numpy as np

from phm.synthetic.clinical import Health
from phm.synthetic.logs import Log
from phm.synthetic.medicines import elsewhere
from phm.synthetic.moments import YEARS, Rate, Span, moments, reviews
from phm.synthetic.people import People
from phm.synthetic.readings import clinic_pressure

# SNOMED CT codes that belong to no list of ours: consultations, vaccinations, minor illness.
OTHER_CODES = np.array([
    185349003, 185347001, 185345009, 185317003, 308335008, 86198006, 840534001, 68566005, 54150009,
    24079001, 25064002, 161891005, 162673000,
])  # fmt: skip


def write_tests(log: Log, people: People, health: Health, quiet: np.ndarray) -> None:
    """Weight, habits, blood and urine tests, and NHS Health Checks for those not in `quiet`."""
    has, often, who, chance = health.has, people.contact * people.measuring, people.nhs_number, people.chance
    watched = health.is_reviewed | has["ischaemic_heart_disease"]
    newly = health.is_diagnosed & ~watched
    seen = health.visits
    at = seen.is_check & Span.of_record(people.reference_day).holds(seen.day) & ~quiet[seen.person]
    at &= seen.day < health.diagnosed_day[seen.person]
    checked = seen.person[at], seen.day[at]
    log.add(*checked, "health_check")
    log.add_pressures(*checked, *clinic_pressure(people, health, *checked, "check"))

    def adults(rate: Rate) -> Rate:
        return lambda age: np.where(age >= 18, rate(age), 0)

    def tested(usual: Rate, monitored: float, purpose: str):
        """Tests by chance, of adults who are monitored at another rate: from a diagnosis of hypertension on."""
        person, day = moments(people, lambda age: np.where(watched & (age >= 18), monitored, usual(age)), purpose)
        kept = watched[person] | (day < health.diagnosed_day[person])
        later, on = moments(people, adults(lambda _: monitored * newly), f"{purpose}, known")
        after = on >= health.diagnosed_day[later]
        return np.concatenate([person[kept], later[after]]), np.concatenate([day[kept], on[after]])

    def noise(purpose: str, size: float, person, day) -> np.ndarray:
        return size * chance.normal(purpose, who[person], day)

    def at_check_or(usual: Rate, monitored: float, purpose: str):
        person, day = tested(usual, monitored, purpose)
        return np.concatenate([person, checked[0]]), np.concatenate([day, checked[1]])

    at = at_check_or(lambda age: np.where(age >= 18, 0.12 * often, 0.03), 0.45, "weighed")
    log.add(*at, "bmi", np.clip(np.round(health.bmi[at[0]] + noise("bmi", 0.6, *at), 1), 11, 75))
    person, day = at_check_or(lambda age: np.where(age >= 16, 0.15 * often, 0), 0.45, "asked about smoking")
    _write_smoking(log, people, health, person, day)
    person, day = at_check_or(adults(lambda _: 0.02 * often), 0.12, "asked about activity")
    draw = chance.uniform("activity", who[person])
    inactive = health.is_inactive[person]
    active = np.where(draw < 0.5, 3, np.where(draw < 0.75, 2, 1))
    names = ("activity_inactive", "activity_moderately_inactive", "activity_moderately_active", "activity_active")
    for level, concept in enumerate(names):
        at = np.where(inactive, 0, active) == level
        log.add(person[at], day[at], concept)

    ratio = np.where(people.is_male, 4.25, 3.45) + 0.04 * (health.bmi - 27) + 0.8 * chance.normal("lipids", who)
    at = at_check_or(adults(lambda age: np.interp(age, [18, 40, 60], [0, 0.03, 0.08])), 0.3, "lipids tested")
    log.add(*at, "cholesterol_ratio", np.clip(np.round(ratio[at[0]] + noise("ratio", 0.4, *at), 1), 1.2, 11))
    scored = chance.uniform("risk scored", who[checked[0]]) < 0.7
    person, day = checked[0][scored], checked[1][scored]
    age = people.age_on(person, day)
    # About 2% at 40 and 20% at 70, as QRISK has it.
    risk = np.exp(-5.7 + 0.083 * age + 0.35 * people.is_male[person] + 0.5 * (health.smoking[person] == 2))
    risk = 100 * risk * np.exp(noise("risk", 0.2, person, day))
    log.add(person, day, "cvd_risk_score", np.clip(np.round(risk, 1), 0.1, 70))

    rate = adults(lambda age: np.where(has["diabetes"], 1.3, np.interp(age, [18, 40, 60], [0.01, 0.07, 0.14])))
    at = moments(people, rate, "sugar tested")
    log.add(*at, "hba1c", np.clip(np.round(health.hba1c[at[0]] + noise("hba1c", 1.2, *at)), 20, 150))
    at = tested(adults(lambda age: np.interp(age, [18, 40, 70], [0.02, 0.07, 0.2])), 0.6, "kidneys tested")
    log.add(*at, "egfr", np.clip(np.round(health.egfr[at[0]] + noise("egfr", 4, *at)), 6, 130))
    at = moments(people, lambda _: np.where(has["diabetes"] | has["ckd"], 0.5, 0), "urine tested")
    leak = np.exp(np.where(has["albuminuria"][at[0]], 2.4, -0.2) + noise("acr", 0.6, *at))
    log.add(*at, "acr", np.clip(np.round(leak, 1), 0.2, 300))


def _write_smoking(log: Log, people: People, health: Health, person, day) -> None:
    """Smoking as asked: never, ex, or current, for some with how much, and what was offered."""
    chance, key = people.chance, (people.nhs_number[person], day)
    smokes = health.smoking[person] == 2
    for status, concept in enumerate(("smoking_never", "smoking_ex")):
        at = health.smoking[person] == status
        log.add(person[at], day[at], concept)
    number, how = health.cigarettes[person], chance.uniform("how smoking is coded", *key)
    amounts = {
        "smoking_light": smokes & (number < 10),
        "smoking_moderate": smokes & (number >= 10) & (number < 20),
        "smoking_heavy": smokes & (number >= 20),
    }
    log.add(person[smokes], day[smokes], "smoking_current")
    for concept, at in amounts.items():
        at = at & (how < 0.4)
        log.add(person[at], day[at], concept)
    at = smokes & (how > 0.6)
    log.add(person[at], day[at], "cigarettes_per_day", number[at])
    offered = chance.uniform("support", *key)
    for concept, at in (
        ("smoking_support", smokes & (offered < 0.35)),
        ("smoking_support_declined", smokes & (offered > 0.8)),
    ):
        log.add(person[at], day[at], concept)


def write_conditions(log: Log, people: People, health: Health) -> None:
    """Long-term conditions as coded, what resolved, and the care around them."""
    has, since, chance, who = health.has, health.since, people.chance, people.nhs_number
    for concept, present in has.items():
        at = np.flatnonzero(present)
        log.add(at, since[concept][at], concept)
    for concept, of, share in (
        ("diabetes_resolved", "diabetes", 0.017),
        ("atrial_fibrillation_resolved", "atrial_fibrillation", 0.05),
        ("ckd_resolved", "ckd", 0.03),
    ):
        at = np.flatnonzero(has[of] & (chance.uniform(concept, who) < share))
        log.add(at, since[of][at] + chance.whole(f"{concept} after", 300, 1_500, who[at]), concept)
    heart = has["atrial_fibrillation"]
    clinic = np.flatnonzero(heart & elsewhere(people))
    at = reviews(people, clinic, np.full(len(people), 0.95), "anticoagulation elsewhere")
    log.add(*at, "anticoagulation_elsewhere")
    warfarin = heart & (chance.uniform("warfarin", who) < 0.08)
    at = moments(people, lambda _: np.where(warfarin, 8, 0), "inr", span=Span.of_record(people.reference_day, 2))
    log.add(*at, "inr", np.round(2.5 + 0.5 * chance.normal("inr", who[at[0]], at[1]), 1))

    sweet = health.has_true_diabetes & ~has["diabetes"]
    obese, often = health.bmi >= 30, people.contact
    for concept, rate in {
        "diabetes_symptom": np.where(sweet, 0.05, 0.002) * often,
        "weight_management": np.where(obese, 0.03, 0.001) * often,
        "activity_support": np.where(health.is_inactive, 0.02, 0.002) * often,
        "social_prescribing": np.where(has["lives_alone"] | has["anxiety_or_depression"], 0.03, 0.006) * often,
    }.items():
        log.add(*moments(people, lambda age, rate=rate: np.where(age >= 18, rate, 0), concept), concept)


def write_pregnancies(log: Log, people: People, health: Health, can_be: np.ndarray) -> None:
    """Pregnancies of the last years among `can_be`: booking, readings, end, raised pressure and sugar of pregnancy.

    About 4% of women of 20 to 40 are pregnant at a time; one in 15 has raised pressure, one in 20 raised sugar.
    """
    chance = people.chance

    def begins(age: np.ndarray) -> np.ndarray:
        yearly = np.interp(age, [17, 21, 26, 31, 36, 42, 47], [0.0, 0.04, 0.075, 0.10, 0.07, 0.012, 0.0])
        return np.where(can_be & ~people.is_male, 0.8 * yearly, 0)

    # A year before the record begins, so that those under way then have their end in it.
    person, start = moments(people, begins, "pregnancy", span=Span.of_record(people.reference_day, YEARS + 1))
    # One at a time: whoever began another within a year began only the last.
    order = np.lexsort((start, person))
    person, start = person[order], start[order]
    alone = np.ones(len(person), bool)
    alone[1:] = (person[1:] != person[:-1]) | (np.diff(start) > 400)
    person, start = person[alone], start[alone]
    key = (people.nhs_number[person], start)
    early = chance.uniform("lost early", *key) < 0.12
    length = np.where(early, chance.whole("length", 65, 120, *key), chance.whole("length", 259, 290, *key))
    hypertensive = ~early & (chance.uniform("raised in pregnancy", *key) < 0.07)
    sweet = ~early & (chance.uniform("sugar in pregnancy", *key) < 0.05)
    log.add(person, start + chance.whole("booked", 50, 63, *key), "pregnancy")
    log.add(person, start + length, "delivery")
    log.add(person[hypertensive], (start + 225)[hypertensive], "gestational_hypertension")
    log.add(person[sweet], (start + 190)[sweet], "gestational_diabetes")
    for visit in (62, 112, 175, 220, 245, 258):
        at = np.flatnonzero(length > visit)
        raised = hypertensive[at] * (visit > 140) * 36
        number = key[0][at], start[at], visit
        systolic = 112 + 0.5 * (health.true_systolic[person[at]] - 114) + raised + 8 * chance.normal("visit", *number)
        diastolic = 68 + 0.5 * (health.true_diastolic[person[at]] - 72) + raised * 0.65
        diastolic = diastolic + 5 * chance.normal("visit diastolic", *number)
        log.add_pressures(person[at], start[at] + visit, systolic, diastolic, source="maternity")


def write_consultations(log: Log, people: People) -> None:
    """Consultations, vaccinations and minor illness: entries of no list, as most of a real record is."""
    often = people.contact * np.where(people.is_male, 0.85, 1.15)

    def rate(age: np.ndarray) -> np.ndarray:
        return np.interp(age, [0, 6, 20, 40, 60, 85], [1.9, 0.5, 0.6, 0.85, 1.2, 1.8]) * often

    person, day = moments(people, rate, "consultation", span=Span.of_record(people.reference_day, 4), trend=0.01)
    which = people.chance.whole("consultation for", 0, len(OTHER_CODES), people.nhs_number[person], day)
    log.add_codes(person, day, OTHER_CODES[which])


def attendances(people: People) -> tuple[np.ndarray, np.ndarray]:
    """Person and day of emergency attendances over two years.

    About 390 per 1,000 a year in the most deprived tenth and 210 in the least (NHS Digital, 2020-21), highest among
    small children, young adults and the old; a few people come often.
    """
    level = 0.272 * np.exp(-0.069 * (people.decile - 5.5))
    often = 0.55 * people.chance.exponential("comes to emergency departments", people.nhs_number)
    often = often + 0.075 * people.chance.exponential("comes again and again", people.nhs_number) ** 3

    def rate(age: np.ndarray) -> np.ndarray:
        by_age = np.interp(age, [0, 4, 10, 20, 35, 60, 75, 90], [2.0, 1.3, 0.75, 1.15, 1.0, 0.75, 1.2, 2.1])
        return level * often * by_age

    return moments(people, rate, "attendance", span=Span.of_record(people.reference_day, 2), trend=0.02)

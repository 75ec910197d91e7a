"""What a practice wrote down: readings, tests, diagnoses and issues that follow from people's health and contact.

What belongs here decides who is measured, tested, coded and treated in the ordinary run of things over six years.
Rare courses that every delivery should show are `stories.py`'s.
"""

from __future__ import annotations

import numpy as np

from phm.synthetic.clinical import CONDITIONS, Health
from phm.synthetic.logs import Log
from phm.synthetic.people import BLACK, NEVER, People

YEARS = 6
MEDICINE_DAYS = 400
"""How far back issues are delivered."""

# SNOMED CT and dm+d codes that belong to no list of ours: consultations, vaccinations, minor illness; medicines.
OTHER_CODES = np.array([
    185349003, 185347001, 185345009, 185317003, 308335008, 86198006, 840534001, 68566005, 54150009, 195967001,
    35489007, 396275006, 24079001, 235595009, 25064002, 161891005, 162673000,
])  # fmt: skip
OTHER_MEDICINES = np.array([322236009, 317291008, 321963001, 320176004, 319775004, 324252006, 322280009, 326874009])


def moments(people: People, per_year: np.ndarray, rng: np.random.Generator, *, years: float = YEARS):
    """Person and day of chance events at the yearly rates given, over the last `years`."""
    number = rng.poisson(np.maximum(per_year, 0) * years)
    person = np.repeat(np.arange(len(people)), number)
    return person, people.reference_day - (rng.random(len(person)) * years * 365.25).astype(np.int64)


def yearly(people: People, who: np.ndarray, share: float, rng: np.random.Generator):
    """Person and day of a review in each of the last years, kept with the chance `share`."""
    person = np.repeat(who, YEARS)
    ago = np.tile(np.arange(YEARS) * 365, len(who)) + rng.integers(0, 365, len(person))
    kept = rng.random(len(person)) < share
    return person[kept], (people.reference_day - ago)[kept]


def clinic_pressure(health: Health, person, day, rng: np.random.Generator, *, added: float = 0.0):
    """Systolic and diastolic of single readings: what is usual at the time, the clinic's effect and chance.

    Within-person spread 8 and 6 mm Hg; some observers round to the nearest ten, most to even numbers.
    """
    untreated = day < health.diagnosed_day[person]
    systolic = np.where(untreated, health.true_systolic[person], health.usual_systolic[person])
    diastolic = np.where(untreated, health.true_diastolic[person], health.usual_diastolic[person])
    chance = rng.normal(0, 8, len(person))
    systolic = systolic + health.white_coat[person] + added + chance
    diastolic = diastolic + 0.4 * health.white_coat[person] + added / 2 + 0.35 * chance + rng.normal(0, 5, len(person))
    step = rng.choice([1, 2, 10], len(person), p=[0.3, 0.6, 0.1])
    return np.maximum(np.round(systolic / step) * step, 72), np.maximum(np.round(diastolic / step) * step, 38)


def average_pressure(health: Health, person, rng: np.random.Generator):
    """Home or ambulatory daytime averages: about 5/3 mm Hg below the clinic, without its effect, and steadier."""
    return (
        health.usual_systolic[person] - 5 + rng.normal(0, 4, len(person)),
        health.usual_diastolic[person] - 3 + rng.normal(0, 3, len(person)),
    )


def write_pressures(log: Log, people: People, health: Health, attended, quiet: np.ndarray, rng) -> None:
    """Blood pressures of the last years, and what followed raised ones; nobody in `quiet` has any.

    Women are measured more often than men until middle age (contraception), everybody more with age, people in
    deprived areas a little less, whoever comes often more. 88% of people with a diagnosis are measured in a year
    (CVDPREVENT, March 2024).
    """
    age = people.age
    deprived = (5.5 - people.decile) / 4.5
    ages = [16, 20, 30, 40, 50, 60, 70, 80]
    women = np.interp(age, ages, [0.06, 0.24, 0.25, 0.20, 0.23, 0.30, 0.42, 0.5])
    men = np.interp(age, ages, [0.02, 0.05, 0.09, 0.13, 0.20, 0.29, 0.42, 0.5])
    rate = np.where(people.is_male, men, women) * people.contact * np.exp(-0.15 * deprived)
    rate = np.where(age < 14, 0.004, rate)
    reviewed = (health.is_diagnosed | health.has["diabetes"] | health.has["ckd"]) & ~quiet
    rate = np.where(reviewed, 0.35 * people.contact, rate)
    rate[quiet] = 0
    person, day = moments(people, rate, rng)
    review, review_day = yearly(people, np.flatnonzero(reviewed), 0.83, rng)
    person, day = np.concatenate([person, review]), np.concatenate([day, review_day])
    systolic, diastolic = clinic_pressure(health, person, day, rng)
    pharmacy = (age[person] >= 40) & (rng.random(len(person)) < 0.05)
    for at, source in ((~pharmacy, "practice"), (pharmacy, "pharmacy")):
        log.add_pressures(person[at], day[at], systolic[at], diastolic[at], source=source)

    again = rng.random(len(person)) < np.where(systolic >= 140, 0.4, 0.04)
    repeat = clinic_pressure(health, person[again], day[again], rng, added=-2)
    log.add_pressures(person[again], day[again], *repeat)

    where, when = attended
    seen = (rng.random(len(where)) < 0.22) & (age[where] >= 16) & ~quiet[where]
    in_hospital = clinic_pressure(health, where[seen], when[seen], rng, added=9)
    log.add_pressures(where[seen], when[seen], *in_hospital, source="hospital")

    at_home = health.is_diagnosed & (rng.random(len(people)) < 0.35)
    person_home, day_home = moments(people, np.where(at_home, 0.5, 0), rng, years=3)
    log.add_pressures(person_home, day_home, *average_pressure(health, person_home, rng), "home", "patient")
    _follow_up(log, people, health, person, day, (systolic >= 140) | (diastolic >= 90), rng)
    _write_diagnoses(log, people, health, rng)


def _follow_up(log: Log, people: People, health: Health, person, day, raised, rng) -> None:
    """What was done about the latest raised reading of people without a diagnosis."""
    latest = np.full(len(people), -1)
    np.maximum.at(latest, person, day)
    open_ = raised & (day == latest[person]) & ~health.is_diagnosed[person] & (people.age[person] >= 18)
    person, day = person[open_], day[open_]
    person, first = np.unique(person, return_index=True)
    day, what = day[first], rng.random(len(person))

    at = what < 0.26
    wait, average = rng.integers(6, 45, at.sum()), average_pressure(health, person[at], rng)
    ambulatory = rng.random(at.sum()) < 0.4
    for kind, setting, source in ((ambulatory, "ambulatory", "practice"), (~ambulatory, "home", "patient")):
        log.add_pressures(person[at][kind], (day[at] + wait)[kind], *(arm[kind] for arm in average), setting, source)
    normal = (average[0] < 130) & (rng.random(at.sum()) < 0.2)
    log.add(person[at][normal], (day[at] + wait + 3)[normal], "white_coat_hypertension")
    at = what < 0.40
    log.add(person[at], day[at] + rng.integers(0, 6, at.sum()), "bp_in_progress")
    at = (what > 0.40) & (what < 0.43)
    log.add(person[at], day[at] + rng.integers(0, 60, at.sum()), "bp_declined")
    at = (what > 0.43) & (what < 0.46)
    log.add(person[at], day[at] + rng.integers(0, 30, at.sum()), "bp_assessment")


def _write_diagnoses(log: Log, people: People, health: Health, rng: np.random.Generator) -> None:
    """Diagnoses of hypertension with the readings that led to them, and diagnoses taken back."""
    known = np.flatnonzero(health.is_diagnosed)
    since = health.diagnosed_day[known]
    log.add(known, since, "hypertension")
    recent = known[since > people.reference_day - YEARS * 365]
    since = health.diagnosed_day[recent]
    systolic, diastolic = clinic_pressure(health, recent, since - 40, rng)
    log.add_pressures(recent, since - 40, np.maximum(systolic, rng.integers(141, 160, len(recent))), diastolic)
    log.add(recent, since - 38, "bp_in_progress")
    average = np.maximum(health.true_systolic[recent] - 5, 135) + rng.integers(0, 6, len(recent))
    log.add_pressures(recent, since - 15, average, health.true_diastolic[recent] - 3, "ambulatory")
    resolved = np.flatnonzero(health.resolved_day != NEVER)
    log.add(resolved, health.resolved_day[resolved], "hypertension_resolved")


def write_tests(log: Log, people: People, health: Health, quiet: np.ndarray, rng: np.random.Generator) -> None:
    """Weight, smoking, blood and urine tests, long-term conditions, and NHS Health Checks for those not in `quiet`."""
    age, has, contact = people.age, health.has, people.contact
    adult = age >= 18
    monitored = health.is_diagnosed | has["diabetes"] | has["ckd"] | has["ischaemic_heart_disease"]
    # Share of the eligible who have a check in a year, ages 40 to 74.
    healthy = (age >= 40) & (age < 75) & ~monitored & ~has["stroke_tia"] & ~has["atrial_fibrillation"]
    healthy &= ~quiet
    checked = moments(people, np.where(healthy, 0.08 * np.minimum(contact, 2), 0), rng)
    log.add(*checked, "health_check")
    log.add_pressures(*checked, *clinic_pressure(health, *checked, rng))

    ratio = np.where(people.is_male, 4.3, 3.5) + 0.04 * (health.bmi - 27)
    filtration = np.interp(age, [18, 40, 60, 80, 95], [112, 100, 86, 70, 58])
    glucose = np.interp(age, [18, 40, 70], [33.5, 36, 39]) + 0.12 * (health.bmi - 27)

    def spread(size: float, person: np.ndarray) -> np.ndarray:
        return rng.normal(0, size, len(person))

    def at_check_or(rate: np.ndarray):
        person, day = moments(people, rate, rng)
        return np.concatenate([person, checked[0]]), np.concatenate([day, checked[1]])

    person, day = at_check_or(np.where(adult, np.where(monitored, 0.45, 0.12 * contact), 0.03))
    log.add(person, day, "bmi", np.clip(np.round(health.bmi[person] + spread(0.6, person), 1), 11, 75))
    person, day = at_check_or(np.where(age >= 16, np.where(monitored, 0.45, 0.15 * contact), 0))
    for status, concept in enumerate(("smoking_never", "smoking_ex", "smoking_current")):
        at = health.smoking[person] == status
        log.add(person[at], day[at], concept)
    rate = adult * np.where(monitored, 0.3, np.interp(age, [18, 40, 60], [0, 0.03, 0.08]))
    person, day = at_check_or(rate)
    log.add(person, day, "cholesterol_ratio", np.clip(np.round(ratio[person] + spread(1.0, person), 1), 1.2, 11))

    rate = np.where(has["diabetes"], 1.3, adult * np.interp(age, [18, 40, 60], [0.01, 0.07, 0.14]))
    person, day = moments(people, rate, rng)
    sugar = np.where(has["diabetes"][person], 49 + rng.gamma(2, 5.5, len(person)), glucose[person] + spread(3, person))
    log.add(person, day, "hba1c", np.clip(np.round(sugar), 20, 150))
    rate = np.where(monitored, 0.6, adult * np.interp(age, [18, 40, 70], [0.02, 0.07, 0.2]))
    person, day = moments(people, rate, rng)
    kidneys = np.where(has["ckd"][person], 47 + spread(8, person), filtration[person] + spread(11, person))
    log.add(person, day, "egfr", np.clip(np.round(kidneys), 6, 130))
    person, day = moments(people, np.where(has["diabetes"] | has["ckd"], 0.5, 0), rng)
    leak = np.exp(np.where(has["albuminuria"][person], 2.4, 0.1) + spread(0.7, person))
    log.add(person, day, "acr", np.clip(np.round(leak, 1), 0.2, 300))

    for concept in CONDITIONS:
        at = np.flatnonzero(has[concept])
        log.add(at, health.since[concept][at], concept)
    remission = np.flatnonzero(has["diabetes"])[::60]
    log.add(remission, health.since["diabetes"][remission] + 400, "diabetes_resolved")


def write_pregnancies(log: Log, people: People, health: Health, can_be: np.ndarray, rng: np.random.Generator) -> None:
    """Pregnancies of the last years among `can_be`: booking, readings, end, hypertension of pregnancy.

    About 4% of women of 20 to 40 are pregnant at a time; one in 15 has raised pressure.
    """
    yearly = np.interp(people.age, [17, 21, 26, 31, 36, 42, 47], [0.0, 0.04, 0.075, 0.10, 0.07, 0.012, 0.0])
    had = can_be & ~people.is_male & (rng.random(len(people)) < 0.8 * YEARS * yearly)
    person = np.flatnonzero(had)
    start = people.reference_day - rng.integers(20, YEARS * 365, len(person))
    early = rng.random(len(person)) < 0.12
    length = np.where(early, rng.integers(65, 120, len(person)), rng.integers(259, 290, len(person)))
    hypertensive = ~early & (rng.random(len(person)) < 0.07)
    log.add(person, start + rng.integers(50, 63, len(person)), "pregnancy")
    log.add(person, start + length, "delivery")
    log.add(person[hypertensive], (start + 225)[hypertensive], "gestational_hypertension")
    for visit in (62, 112, 175, 220, 245, 258):
        at = length > visit
        raised = hypertensive[at] * (visit > 140) * 36
        systolic = 112 + 0.5 * (health.true_systolic[person[at]] - 114) + raised + rng.normal(0, 8, at.sum())
        diastolic = 68 + 0.5 * (health.true_diastolic[person[at]] - 72) + raised * 0.65 + rng.normal(0, 5, at.sum())
        log.add_pressures(person[at], (start + visit)[at], systolic, diastolic, source="maternity")


def write_medicines(log: Log, people: People, health: Health, quiet: np.ndarray, rng: np.random.Generator) -> None:
    """Issues: for blood pressure, lipids, contraception, pain, and medicines of no list.

    A few people are treated without a code, and some take the same medicines for another condition.
    """
    age, has, count = people.age, health.has, len(people)
    draw = rng.random((6, count))
    uncoded = health.has_hypertension & ~health.is_diagnosed & ~quiet & (age > 30) & (draw[0] < 0.03)
    heart = (has["heart_failure"] & (draw[0] < 0.8)) | (has["ischaemic_heart_disease"] & (draw[0] < 0.5))
    kidney = (has["albuminuria"] & (draw[0] < 0.6)) | (has["diabetes"] & (draw[0] < 0.15))
    pressure = health.is_treated | uncoded
    blocker_first = (age < 55) & ~BLACK[people.ethnicity]
    ace = (pressure & (blocker_first | (draw[1] < 0.3)) & (draw[2] < 0.75)) | heart | kidney
    arb = pressure & (blocker_first | (draw[1] < 0.3)) & (draw[2] >= 0.75)
    calcium = (pressure & ~blocker_first) | (pressure & (draw[3] < 0.3)) | (has["raynauds"] & (draw[3] < 0.3))
    thiazide = pressure & (draw[4] < 0.28)
    statin = ((has["ischaemic_heart_disease"] | has["stroke_tia"]) & (draw[5] < 0.8)) | (
        (has["diabetes"] | health.is_diagnosed) & (age > 45) & (draw[5] < 0.4)
    )
    contraceptive = ~people.is_male & (age > 16) & (age < 46) & (draw[2] < 0.11) & ~quiet
    on_repeat = {
        "ace_inhibitor": ace,
        "arb": arb,
        "dihydropyridine_ccb": calcium,
        "thiazide_like": thiazide,
        "statin": statin,
    }
    for concept, who in on_repeat.items():
        _issue(log, people, np.flatnonzero(who), concept, 56, rng)
    _issue(log, people, np.flatnonzero(contraceptive), "combined_contraceptive", 91, rng)
    per_year = (age > 16) * np.interp(age, [16, 40, 70], [0.08, 0.2, 0.25]) * people.contact
    log.add(*moments(people, per_year, rng, years=MEDICINE_DAYS / 365), "drug_raising_bp")
    per_year = np.interp(age, [0, 20, 45, 65, 85], [0.25, 0.25, 0.5, 1.0, 1.6]) * people.contact
    person, day = moments(people, per_year, rng, years=MEDICINE_DAYS / 365)
    log.add_codes(person, day, rng.choice(OTHER_MEDICINES, len(person)))


def _issue(log: Log, people: People, person: np.ndarray, concept: str, every: int, rng: np.random.Generator) -> None:
    """Repeat issues every `every` days (half as long for some); some started late or stopped."""
    gap = np.where(rng.random(len(person)) < 0.15, every // 2, every)
    begun = np.where(rng.random(len(person)) < 0.2, rng.integers(30, MEDICINE_DAYS, len(person)), MEDICINE_DAYS)
    stopped = np.where(rng.random(len(person)) < 0.06, rng.integers(60, 400, len(person)), 0)
    number = np.maximum(begun - stopped, 0) // gap
    nth = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    ago = np.repeat(stopped + rng.integers(0, gap), number) + nth * np.repeat(gap, number)
    # One code per person and medicine: people stay on what they take.
    codes = log.codes[concept]
    code = codes[rng.integers(0, len(codes), len(person))]
    log.add_codes(np.repeat(person, number), people.reference_day - ago, np.repeat(code, number))


def write_consultations(log: Log, people: People, rng: np.random.Generator) -> None:
    """Consultations, vaccinations and minor illness: entries of no list, as most of a real record is."""
    per_year = np.interp(people.age, [0, 6, 20, 40, 60, 85], [1.9, 0.5, 0.6, 0.85, 1.2, 1.8]) * people.contact
    person, day = moments(people, per_year * np.where(people.is_male, 0.85, 1.15), rng, years=4)
    log.add_codes(person, day, rng.choice(OTHER_CODES, len(person)))


def attendances(people: People, rng: np.random.Generator):
    """Person and day of emergency attendances over two years.

    About 390 per 1,000 a year in the most deprived tenth and 210 in the least (NHS Digital, 2020-21), highest among
    small children, young adults and the old; a few people come often.
    """
    level = np.interp(people.decile, [1, 10], [0.40, 0.21])
    by_age = np.interp(people.age, [0, 4, 10, 20, 35, 60, 75, 90], [2.0, 1.3, 0.75, 1.15, 1.0, 0.75, 1.2, 2.1])
    return moments(people, level * by_age * rng.gamma(0.5, 2.0, len(people)), rng, years=2)

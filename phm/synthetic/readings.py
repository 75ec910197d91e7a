"""Blood pressures a practice wrote down, and what followed raised ones.

What belongs here decides who is measured, when, how readings vary, and which diagnoses of hypertension are coded. What
pressures truly are is `clinical.py`'s.
"""

from __future__ import annotations

import numpy as np

from phm.synthetic.clinical import Health
from phm.synthetic.logs import Log
from phm.synthetic.moments import YEARS, moments, reviews
from phm.synthetic.people import People
from phm.synthetic.tenancies import NEVER

RISE_A_YEAR = 0.4
"""How much lower systolic pressure was a year earlier, untreated adults, mm Hg."""
COAT_ON_DIASTOLIC, CHANCE_ON_DIASTOLIC, RISE_ON_DIASTOLIC = 0.4, 0.35, 0.3
"""Diastolic mm Hg for each mm Hg of systolic pressure that a clinic adds, chance adds, a year adds."""
DIASTOLIC_CHANCE = 5
"""Spread of single diastolic readings besides, mm Hg."""
AVERAGE_BELOW, AVERAGE_CHANCE = (5, 3), (4, 3)
"""How far averages lie below readings of the clinic, and their spread: systolic and diastolic, mm Hg."""
IN_HOSPITAL = 9
"""What a hospital adds to systolic pressure, and half of it to diastolic, mm Hg."""


def clinic_pressure(people: People, health: Health, person, day, purpose: str, /, *, added: float = 0.0):
    """Systolic and diastolic of single readings: what is usual at the time, the clinic's effect and chance.

    Some observers round to the nearest ten, most to even numbers. `purpose` names the occasion: two occasions of one
    day have two readings.
    """
    key = (people.nhs_number[person], day)
    draw = people.chance
    treated = day >= health.treated_day[person]
    systolic = np.where(treated, health.usual_systolic[person], health.true_systolic[person])
    diastolic = np.where(treated, health.usual_diastolic[person], health.true_diastolic[person])
    earlier = np.where(treated, 0, RISE_A_YEAR * np.clip((people.anchor - day) / 365.25, 0, YEARS))
    chance = health.variability[person] * draw.normal(f"{purpose} systolic", *key)
    systolic = systolic + health.white_coat[person] + added - earlier + chance
    diastolic = diastolic + COAT_ON_DIASTOLIC * health.white_coat[person] + added / 2 - RISE_ON_DIASTOLIC * earlier
    diastolic = diastolic + CHANCE_ON_DIASTOLIC * chance + DIASTOLIC_CHANCE * draw.normal(f"{purpose} diastolic", *key)
    step = np.array([1, 2, 10])[np.searchsorted([0.3, 0.9], draw.uniform(f"{purpose} rounding", *key))]
    return np.maximum(np.round(systolic / step) * step, 72), np.maximum(np.round(diastolic / step) * step, 38)


def average_pressure(people: People, health: Health, person, day, /):
    """Home or ambulatory daytime averages: about 5/3 mm Hg below the clinic, without its effect, and steadier."""
    key = (people.nhs_number[person], day)
    treated = day >= health.treated_day[person]
    systolic = np.where(treated, health.usual_systolic[person], health.true_systolic[person])
    diastolic = np.where(treated, health.usual_diastolic[person], health.true_diastolic[person])
    return (
        systolic - AVERAGE_BELOW[0] + AVERAGE_CHANCE[0] * people.chance.normal("average systolic", *key),
        diastolic - AVERAGE_BELOW[1] + AVERAGE_CHANCE[1] * people.chance.normal("average diastolic", *key),
    )


def write_pressures(log: Log, people: People, health: Health, attended, quiet: np.ndarray) -> None:
    """Blood pressures of the last years, and what followed raised ones; nobody in `quiet` has any.

    Women are measured more often than men until middle age (contraception), everybody more with age, people in
    deprived areas a little less, whoever comes often more, and some practices more than others. 87% of people with a
    diagnosis are measured in a year (CVDPREVENT, September 2024).
    """
    deprived, chance = (5.5 - people.decile) / 4.5, people.chance
    reviewed = (health.is_diagnosed | health.has["diabetes"] | health.has["ckd"]) & ~quiet
    often = people.contact * people.measuring * np.exp(-0.15 * deprived)

    def rate(age: np.ndarray) -> np.ndarray:
        ages = [14, 16, 20, 30, 40, 50, 60, 70, 80]
        women = np.interp(age, ages, [0.01, 0.06, 0.24, 0.25, 0.20, 0.23, 0.30, 0.42, 0.5])
        men = np.interp(age, ages, [0.01, 0.02, 0.05, 0.09, 0.13, 0.20, 0.29, 0.42, 0.5])
        usual = np.where(people.is_male, men, women) * often
        return np.where(quiet, 0, np.where(reviewed, 0.3 * people.contact, np.where(age < 14, 0.004, usual)))

    person, day = moments(people, rate, "pressure", trend=0.02)
    share = np.clip(0.835 + 0.02 * people.coding - 0.02 * deprived, 0, 1)
    review, review_day = reviews(people, np.flatnonzero(reviewed), share, "review")
    due = (review_day >= health.diagnosed_day[review]) | ~health.is_diagnosed[review]
    person, day = np.concatenate([person, review[due]]), np.concatenate([day, review_day[due]])
    systolic, diastolic = clinic_pressure(people, health, person, day, "visit")
    key = (people.nhs_number[person], day)
    pharmacy = (people.age_on(person, day) >= 40) & (chance.uniform("pharmacy", *key) < 0.05)
    for at, source in ((~pharmacy, "practice"), (pharmacy, "pharmacy")):
        log.add_pressures(person[at], day[at], systolic[at], diastolic[at], source=source)

    again = chance.uniform("again", *key) < np.where(systolic >= 140, 0.55, 0.04)
    repeat = clinic_pressure(people, health, person[again], day[again], "repeat", added=-2)
    log.add_pressures(person[again], day[again], *repeat)

    where, when = attended
    seen = chance.uniform("measured in hospital", people.nhs_number[where], when) < 0.22
    seen &= (people.age_on(where, when) >= 16) & ~quiet[where]
    in_hospital = clinic_pressure(people, health, where[seen], when[seen], "hospital", added=IN_HOSPITAL)
    log.add_pressures(where[seen], when[seen], *in_hospital, source="hospital")

    at_home = health.is_diagnosed & (chance.uniform("home monitor", people.nhs_number) < 0.35)
    at_home, home_day = moments(people, lambda _: np.where(at_home, 0.5, 0), "home reading", years=3)
    kept = home_day >= health.diagnosed_day[at_home]
    at_home, home_day = at_home[kept], home_day[kept]
    log.add_pressures(at_home, home_day, *average_pressure(people, health, at_home, home_day), "home", "patient")
    _follow_up(log, people, health, person, day, (systolic >= 140) | (diastolic >= 90))
    _write_diagnoses(log, people, health)


def _follow_up(log: Log, people: People, health: Health, person, day, raised) -> None:
    """What was done about raised readings of people without a diagnosis at the time."""
    open_ = raised & (day < health.diagnosed_day[person] - 60) & (people.age_on(person, day) >= 18)
    person, day = person[open_], day[open_]
    key = (people.nhs_number[person], day)
    chance, what = people.chance, people.chance.uniform("follow-up", *key)

    at = what < 0.24
    later = day[at] + chance.whole("wait for average", 6, 45, key[0][at], day[at])
    average = average_pressure(people, health, person[at], later)
    ambulatory = chance.uniform("ambulatory", key[0][at], day[at]) < 0.4
    for kind, setting, source in ((ambulatory, "ambulatory", "practice"), (~ambulatory, "home", "patient")):
        log.add_pressures(person[at][kind], later[kind], *(arm[kind] for arm in average), setting, source)
    normal = (average[0] < 130) & (chance.uniform("white coat coded", key[0][at], day[at]) < 0.12)
    log.add(person[at][normal], later[normal] + 3, "white_coat_hypertension")
    for low, high, wait, concept in (
        (0.0, 0.38, 6, "bp_in_progress"),
        (0.40, 0.43, 60, "bp_declined"),
        (0.43, 0.47, 30, "bp_assessment"),
    ):
        at = (what >= low) & (what < high)
        log.add(person[at], day[at] + chance.whole(f"wait for {concept}", 0, wait, key[0][at], day[at]), concept)


def _write_diagnoses(log: Log, people: People, health: Health) -> None:
    """Diagnoses of hypertension with the readings that led to them, and what was decided about them since."""
    known, chance = np.flatnonzero(health.is_diagnosed), people.chance
    log.add(known, health.diagnosed_day[known], "hypertension")
    recent = known[health.diagnosed_day[known] > people.reference_day - YEARS * 365]
    since, who = health.diagnosed_day[recent], people.nhs_number[recent]
    systolic, diastolic = clinic_pressure(people, health, recent, since - 40, "first raised")
    log.add_pressures(recent, since - 40, np.maximum(systolic, chance.whole("raised to", 141, 160, who)), diastolic)
    log.add(recent, since - 38, "bp_in_progress")
    average = np.maximum(health.true_systolic[recent] - 5, 135) + chance.whole("average above", 0, 6, who)
    log.add_pressures(recent, since - 15, average, health.true_diastolic[recent] - 3, "ambulatory")
    resolved = np.flatnonzero(health.resolved_day != NEVER)
    log.add(resolved, health.resolved_day[resolved], "hypertension_resolved")
    is_known = health.is_diagnosed & (health.resolved_day == NEVER)
    for concept, yearly in (
        ("bp_therapy_maximal", 0.008),
        ("hypertension_care_declined", 0.012),
        ("hypertension_care_unsuitable", 0.008),
    ):
        person, day = moments(people, lambda _, rate=yearly: np.where(is_known, rate, 0), concept)
        after = day > health.diagnosed_day[person]
        log.add(person[after], day[after], concept)

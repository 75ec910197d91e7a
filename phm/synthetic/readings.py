"""Blood pressures a practice wrote down, and what followed raised ones.

What belongs here decides who is measured, when, how readings vary, and which diagnoses of hypertension are coded. What
pressures truly are is `clinical.py`'s.
"""

from __future__ import annotations

import numpy as np

from phm.synthetic.clinical import Health
from phm.synthetic.logs import Log
from phm.synthetic.moments import YEARS, Span, moments
from phm.synthetic.people import People
from phm.synthetic.pressure import is_raised, single_readings, untreated
from phm.synthetic.tenancies import NEVER
from phm.synthetic.visits import TREND, known_rate, yearly_reviews

AVERAGE_BELOW, AVERAGE_CHANCE = (5, 3), (4, 3)
"""How far averages lie below readings of the clinic, and their spread: systolic and diastolic, mm Hg."""
IN_HOSPITAL = 9
"""What a hospital adds to systolic pressure, and half of it to diastolic, mm Hg."""


def clinic_pressure(people: People, health: Health, person, day, purpose: str, /, *, added: float = 0.0):
    """Systolic and diastolic of single readings of people with the treatment they are on that day."""
    treated = day >= health.treated_day[person]
    systolic, diastolic = untreated(people, health, person, day)
    usual = (
        np.where(treated, health.usual_systolic[person], systolic),
        np.where(treated, health.usual_diastolic[person], diastolic),
    )
    return single_readings(people, health, person, day, usual, purpose, added=added)


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
    """Blood pressures of the last years, and what followed raised ones; nobody in `quiet` has any."""
    chance = people.chance
    person, day = _measured(people, health, quiet)
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
    lately = Span.of_record(people.reference_day, 3)
    at_home, home_day = moments(people, lambda _: np.where(at_home, 0.5, 0), "home reading", span=lately)
    kept = home_day >= health.diagnosed_day[at_home]
    at_home, home_day = at_home[kept], home_day[kept]
    log.add_pressures(at_home, home_day, *average_pressure(people, health, at_home, home_day), "home", "patient")
    _follow_up(log, people, health, person, day, is_raised(systolic, diastolic))
    _write_diagnoses(log, people, health)


def _measured(people: People, health: Health, quiet: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Person and day of the record's readings in the practice but for health checks.

    Visits until a diagnosis, reviews and what comes beside them after it.
    """
    seen, span = health.visits, Span.of_record(people.reference_day)
    until = np.where(health.is_reviewed, NEVER, health.diagnosed_day)
    kept = ~seen.is_check & span.holds(seen.day) & (seen.day < until[seen.person])
    known = health.is_diagnosed & ~health.is_reviewed
    more = moments(people, lambda _: np.where(known, known_rate(people), 0), "pressure, known", trend=TREND)
    reviewed = yearly_reviews(people, np.flatnonzero(known), "review, known", span=span)
    person, day = (np.concatenate(columns) for columns in zip(more, reviewed, strict=True))
    after = day >= health.diagnosed_day[person]
    person = np.concatenate([seen.person[kept], person[after]])
    day = np.concatenate([seen.day[kept], day[after]])
    return person[~quiet[person]], day[~quiet[person]]


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
    since, who, was_revealed = health.diagnosed_day[recent], people.nhs_number[recent], health.was_revealed[recent]
    first = np.where(was_revealed, health.told_day[recent], since - 40)
    elsewhere, day = recent[~was_revealed], first[~was_revealed]
    systolic, diastolic = clinic_pressure(people, health, elsewhere, day, "first raised")
    raised_to = chance.whole("raised to", 141, 160, who[~was_revealed])
    log.add_pressures(elsewhere, day, np.maximum(systolic, raised_to), diastolic)
    log.add(recent, first + 2, "bp_in_progress")
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

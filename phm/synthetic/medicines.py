"""What was issued: for blood pressure, lipids, clots, contraception, inflammation, and medicines of no list."""

from __future__ import annotations

import numpy as np

from phm.synthetic.clinical import Health
from phm.synthetic.logs import Log
from phm.synthetic.moments import Span, moments
from phm.synthetic.people import BLACK, People
from phm.synthetic.tenancies import NEVER

MEDICINE_DAYS = 400
"""How far back issues are delivered."""

OTHER_MEDICINES = np.array([322236009, 317291008, 321963001, 320176004, 319775004, 324252006, 322280009, 326874009])


def write_medicines(log: Log, people: People, health: Health, quiet: np.ndarray) -> None:
    """Issues of the last year and a month.

    A few people are treated without a code, and some take the same medicines for another condition.
    """
    age, has, who = people.anchor_age, health.has, people.nhs_number

    def lucky(purpose: str, share: float | np.ndarray) -> np.ndarray:
        return people.chance.uniform(purpose, who) < share

    uncoded = health.has_hypertension & ~health.is_diagnosed & ~quiet & (age > 30) & lucky("treated, uncoded", 0.03)
    heart = (has["heart_failure"] & lucky("heart", 0.8)) | (has["ischaemic_heart_disease"] & lucky("heart", 0.5))
    kidney = (has["albuminuria"] & lucky("kidney", 0.6)) | (has["diabetes"] & lucky("kidney", 0.15))
    pressure = (health.treated_day != NEVER) | uncoded
    blocker_first = (age < 55) & ~BLACK[people.ethnicity]
    blocked = pressure & (blocker_first | lucky("blocker", 0.3))
    vascular = has["ischaemic_heart_disease"] | has["stroke_tia"] | has["peripheral_arterial_disease"]
    at_risk = (has["diabetes"] | health.is_diagnosed | has["ckd"]) & (age > 45)
    # Nine in ten people with atrial fibrillation and a stroke risk are anticoagulated (QOF).
    fibrillates = has["atrial_fibrillation"] & lucky("anticoagulated", np.interp(age, [45, 65, 75], [0.35, 0.8, 0.91]))
    inflamed = has["rheumatoid_arthritis"] | has["systemic_lupus"]
    on_repeat = {
        "ace_inhibitor": (blocked & lucky("ace inhibitor", 0.75)) | heart | kidney,
        "arb": blocked & ~lucky("ace inhibitor", 0.75),
        "dihydropyridine_ccb": (pressure & ~blocker_first)
        | (pressure & lucky("calcium", 0.3))
        | (has["raynauds"] & lucky("calcium", 0.3)),
        "thiazide_like": pressure & lucky("thiazide", 0.28),
        "statin": (vascular & lucky("statin", 0.8)) | (at_risk & lucky("statin", 0.42)),
        "antiplatelet": vascular & ~fibrillates & lucky("antiplatelet", 0.75),
        "oral_anticoagulant": (fibrillates & ~elsewhere(people)) | ((age > 40) & lucky("clot", 0.004)),
        "oral_steroid": (inflamed & lucky("steroid", 0.15)) | ((age > 50) & lucky("steroid", 0.006)),
        "atypical_antipsychotic": (has["severe_mental_illness"] & lucky("antipsychotic", 0.5))
        | (has["dementia"] & lucky("antipsychotic", 0.06)),
    }
    begins = {concept: np.full(len(people), -NEVER) for concept in on_repeat}
    for concept in ("ace_inhibitor", "arb", "dihydropyridine_ccb", "thiazide_like"):
        begins[concept] = np.where(pressure & ~uncoded & ~heart & ~kidney, health.treated_day, -NEVER)
    for concept, takes in on_repeat.items():
        _issue(log, people, np.flatnonzero(takes), concept, 56, begins[concept])
    contraceptive = ~people.is_male & (age > 16) & (age < 46) & lucky("contraceptive", 0.11) & ~quiet
    _issue(log, people, np.flatnonzero(contraceptive), "combined_contraceptive", 91, np.full(len(people), -NEVER))

    often, span = people.contact, Span.of_record(people.reference_day, MEDICINE_DAYS / 365)
    wheezes = has["asthma"] | has["copd"]
    for concept, rate in {
        "drug_raising_bp": lambda age: (age > 16) * np.interp(age, [16, 40, 70], [0.08, 0.2, 0.25]) * often,
        "oral_steroid": lambda age: np.where(wheezes & (age > 16), 0.25, 0.01) * often,
    }.items():
        log.add(*moments(people, rate, f"issue of {concept}", span=span), concept)
    person, day = moments(
        people,
        lambda age: np.interp(age, [0, 20, 45, 65, 85], [0.25, 0.25, 0.5, 1.0, 1.6]) * often,
        "issue of others",
        span=span,
    )
    log.add_codes(person, day, OTHER_MEDICINES[people.chance.whole("other medicine", 0, 8, who[person], day)])


def elsewhere(people: People, /) -> np.ndarray:
    """Who would get an anticoagulant from a hospital clinic rather than from the practice."""
    return people.chance.uniform("anticoagulated elsewhere", people.nhs_number) < 0.03


def _issue(log: Log, people: People, person: np.ndarray, concept: str, every: int, begins: np.ndarray) -> None:
    """Repeat issues every `every` days (half as long for some), in step with the calendar; some started or stopped."""
    chance, who = people.chance, people.nhs_number[person]
    gap = np.where(chance.uniform(f"{concept} often", who) < 0.15, every // 2, every)
    ends = people.anchor + chance.whole(f"{concept} stopped", -600, 600, who)
    ends = np.where(chance.uniform(f"{concept} stops", who) < 0.1, ends, NEVER)
    late = people.anchor - chance.whole(f"{concept} began", -500, 400, who)
    late = np.where(chance.uniform(f"{concept} late", who) < 0.2, late, -NEVER)
    last = np.minimum(people.reference_day, ends)
    first = np.maximum(np.maximum(people.reference_day - MEDICINE_DAYS, late), begins[person])
    phase = chance.whole(f"{concept} phase", 0, gap, who)
    latest = last - (last - phase) % gap
    number = np.maximum((latest - first) // gap + 1, 0)
    nth = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    log.add(np.repeat(person, number), np.repeat(latest, number) - nth * np.repeat(gap, number), concept)

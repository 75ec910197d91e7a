"""Courses a case-finding list must tell apart, each lived through by somebody in every practice.

What belongs here are rare sequences (a severe reading last week, a request that lapsed) that chance alone would not
put into a small sample. People who live one are 30 to 50, well, and have no other blood pressures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phm.synthetic.clinical import Health
from phm.synthetic.logs import Log
from phm.synthetic.people import People
from phm.synthetic.tenancies import NEVER

COMMON = ("asthma", "anxiety_or_depression", "migraine", "irritable_bowel", "thyroid_disease", "insomnia")
"""Conditions that change no story."""


@dataclass(frozen=True)
class Pressure:
    """A reading between these days ago, within these ranges of systolic and diastolic pressure."""

    days_ago: tuple[int, int]
    systolic: tuple[int, int]
    diastolic: tuple[int, int]
    setting: str = "clinic"
    source: str = "practice"


@dataclass(frozen=True)
class Entry:
    """An entry of one concept between these days ago, with a value in this range where it has one."""

    days_ago: tuple[int, int]
    concept: str
    value: tuple[int, int] | None = None


@dataclass(frozen=True)
class Issues:
    """Issues of one medicine every 56 days, the latest within these days ago."""

    days_ago: tuple[int, int]
    concept: str


SEVERE = {"systolic": (184, 208), "diastolic": (104, 126)}
STAGE_2 = {"systolic": (162, 177), "diastolic": (98, 112)}
STAGE_1 = {"systolic": (142, 157), "diastolic": (86, 97)}
NORMAL = {"systolic": (114, 131), "diastolic": (68, 81)}

STORIES: dict[str, tuple[float, tuple[Pressure | Entry | Issues, ...]]] = {
    "severe last week": (1, (Pressure((0, 6), **SEVERE),)),
    "severe, never followed up": (3, (Pressure((12, 500), **SEVERE),)),
    "severe, assessed": (1, (Pressure((60, 300), **SEVERE), Entry((10, 50), "bp_assessment"))),
    "severe, declined": (0.5, (Pressure((60, 300), **SEVERE), Entry((10, 50), "bp_declined"))),
    "raised, then a raised ambulatory average": (
        3,
        (Pressure((80, 200), **STAGE_2), Pressure((12, 60), (138, 156), (87, 98), "ambulatory")),
    ),
    "raised, then a raised home average": (
        3,
        (Pressure((80, 200), **STAGE_1), Pressure((12, 60), (137, 149), (86, 95), "home", "patient")),
    ),
    "raised, then a normal home average": (
        2,
        (Pressure((80, 200), **STAGE_1), Pressure((12, 60), **NORMAL, setting="home", source="patient")),
    ),
    "raised, then a normal ambulatory average": (
        2,
        (Pressure((80, 200), **STAGE_1), Pressure((12, 60), **NORMAL, setting="ambulatory")),
    ),
    "treated without a code": (3, (Issues((3, 40), "ace_inhibitor"), Pressure((30, 300), **NORMAL))),
    "stage 2": (2, (Pressure((8, 300), **STAGE_2),)),
    "stage 1 and obese": (2, (Pressure((8, 300), **STAGE_1), Entry((100, 700), "bmi", (36, 44)))),
    "stage 1": (1, (Pressure((8, 600), **STAGE_1),)),
    "stage 2 once, normal since": (3, (Pressure((200, 500), **STAGE_2), Pressure((20, 150), **NORMAL))),
    "raised long ago": (3, (Pressure((800, 1_900), **STAGE_1),)),
    "white coat": (2, (Pressure((100, 300), **STAGE_1), Entry((20, 90), "white_coat_hypertension"))),
    "request under way": (2, (Pressure((15, 40), **STAGE_1), Entry((0, 12), "bp_in_progress"))),
    "request lapsed": (2, (Pressure((120, 300), **STAGE_1), Entry((70, 110), "bp_in_progress"))),
    "declined": (2, (Pressure((60, 300), **STAGE_1), Entry((5, 50), "bp_declined"))),
    "raised in hospital only": (2, (Pressure((10, 200), (150, 174), (92, 104), source="hospital"),)),
    "resolved": (1, (Entry((1_200, 2_000), "hypertension"), Entry((100, 900), "hypertension_resolved"))),
    "resolved, raised again": (
        1,
        (
            Entry((1_500, 2_000), "hypertension"),
            Entry((700, 900), "hypertension_resolved"),
            Pressure((8, 300), **STAGE_1),
        ),
    ),
    "diagnosed and resolved in one day": (
        0.5,
        (Entry((400, 400), "hypertension"), Entry((400, 400), "hypertension_resolved")),
    ),
}
"""People per 10,000 registered, and what was written, oldest first."""


def cast(people: People, health: Health, /) -> dict[str, np.ndarray]:
    """Who lives each story: positions among the practice's people, nobody twice, the same in every month.

    Each story has one person at least, as far as there are enough people aged 30 to 50 without a condition.
    """
    age = people.anchor_age
    well = (age >= 31.6) & (age < 49.4) & people.is_settled & ~health.is_told
    for name, present in health.has.items():
        if name not in COMMON:
            well &= ~present
    pool = np.flatnonzero(well)
    pool = pool[np.argsort(people.chance.uniform("story", people.nhs_number[pool]), kind="stable")][: well.sum() // 2]
    size = (people.ended_day == NEVER).sum()
    wanted = {name: max(1, round(per_10_000 * size / 10_000)) for name, (per_10_000, _) in STORIES.items()}
    ends = np.cumsum(list(wanted.values()))
    return {name: pool[end - wanted[name] : end] for name, end in zip(wanted, ends, strict=True)}


def write_stories(events: Log, medicines: Log, people: People, parts: dict[str, np.ndarray], /) -> None:
    """Write every story of `parts` into the records of those who live it, as told at the middle of the window."""
    for name, person in parts.items():
        who = people.nhs_number[person]
        for number, step in enumerate(STORIES[name][1]):

            def between(limits: tuple[int, int], what: str, who=who, number=number) -> np.ndarray:
                return people.chance.whole(f"story {what}", limits[0], limits[1] + 1, who, number)

            day = people.anchor - between(step.days_ago, "day")
            match step:
                case Pressure():
                    systolic, diastolic = between(step.systolic, "systolic"), between(step.diastolic, "diastolic")
                    events.add_pressures(person, day, systolic, diastolic, step.setting, step.source)
                case Entry():
                    value = None if step.value is None else between(step.value, "value")
                    events.add(person, day, step.concept, value)
                case Issues():
                    for nth in range(-10, 7):
                        medicines.add(person, day - 56 * nth, step.concept)

"""Courses a case-finding list must tell apart, each lived through by somebody in every practice.

What belongs here are rare sequences (a severe reading last week, a request that lapsed) that chance alone would not
put into a small sample. People who live one are 30 to 50, well, and have no other blood pressures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from phm.synthetic.clinical import Health
from phm.synthetic.logs import Log
from phm.synthetic.people import NEVER, People


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


def cast(people: People, health: Health, rng: np.random.Generator, /) -> dict[str, np.ndarray]:
    """Who lives each story: positions among the practice's people, nobody twice.

    Each story has one person at least, as far as there are enough people aged 30 to 50 without a condition.
    """
    age = people.age
    well = (age >= 30.1) & (age < 50.9) & (people.ended_day == NEVER) & ~health.is_diagnosed
    for present in health.has.values():
        well &= ~present
    pool = rng.permutation(np.flatnonzero(well))[: well.sum() // 2]
    wanted = {name: max(1, round(per_10_000 * len(people) / 10_000)) for name, (per_10_000, _) in STORIES.items()}
    ends = np.cumsum(list(wanted.values()))
    return {name: pool[end - wanted[name] : end] for name, end in zip(wanted, ends, strict=True)}


def write_stories(
    events: Log, medicines: Log, people: People, parts: dict[str, np.ndarray], rng: np.random.Generator, /
) -> None:
    """Write every story of `parts` into the records of those who live it."""
    for name, person in parts.items():
        for step in STORIES[name][1]:
            day = people.reference_day - _between(step.days_ago, len(person), rng)
            match step:
                case Pressure():
                    systolic, diastolic = (_between(arm, len(person), rng) for arm in (step.systolic, step.diastolic))
                    events.add_pressures(person, day, systolic, diastolic, step.setting, step.source)
                case Entry():
                    value = None if step.value is None else _between(step.value, len(person), rng)
                    events.add(person, day, step.concept, value)
                case Issues():
                    for nth in range(7):
                        medicines.add(person, day - 56 * nth, step.concept)


def _between(limits: tuple[int, int], count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(limits[0], limits[1] + 1, count)

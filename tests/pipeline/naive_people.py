"""People and their records, put together from accepted rows with dictionaries and loops.

Belongs here: which registration counts, which code means what, and which two entries are one blood pressure. Nothing is
imported from phm; the code list is read as data.
"""

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from math import floor
from pathlib import Path

from tests.pipeline import naive_delivery
from tests.pipeline.naive_delivery import Row

CODE_LISTS = Path(__file__).parents[2] / "phm" / "core" / "code_lists.csv"

CLINIC = {"raised": (140, 90), "stage_2": (160, 100), "severe": (180, 120)}
AVERAGE = {"raised": (135, 85), "stage_2": (150, 95), "severe": (170, 115)}
THRESHOLDS = {"ambulatory": AVERAGE, "home": AVERAGE, "clinic": CLINIC, "acute_hospital": CLINIC}
MEASUREMENTS = {"bmi": (10, 100), "egfr": (0, 200), "acr": (0, 5000)}


@dataclass(frozen=True)
class Reading:
    """One blood pressure."""

    day: date
    setting: str
    systolic: int
    diastolic: int

    def reaches(self, stage: str) -> bool:
        systolic, diastolic = THRESHOLDS[self.setting][stage]
        return self.systolic >= systolic or self.diastolic >= diastolic

    @property
    def is_average(self) -> bool:
        return self.setting in ("home", "ambulatory")


@dataclass
class Person:
    """One person: the latest registration, and the days on which each concept was recorded."""

    practice_code: str
    registration: Row
    days: dict[str, list[date]] = field(default_factory=lambda: defaultdict(list))
    values: dict[str, list[tuple[date, float]]] = field(default_factory=lambda: defaultdict(list))
    readings: list[Reading] = field(default_factory=list)
    qrisk3_pct: float | None = None
    """The score is held against its publisher's own elsewhere; here it is given."""

    def has(self, *concepts: str) -> bool:
        return any(self.days[concept] for concept in concepts)

    def latest(self, concept: str) -> date | None:
        return max(self.days[concept], default=None)

    def latest_value(self, concept: str) -> float | None:
        """Value of the latest day, the lowest of several."""
        day = max((day for day, _ in self.values[concept]), default=None)
        return min((value for d, value in self.values[concept] if d == day), default=None)


def people(delivery: Path, reference_date: date) -> dict[str, Person]:
    """Everyone delivered, by NHS number, with their record up to the reference date."""
    everyone: dict[str, Person] = {}
    for row in naive_delivery.registrations(delivery):
        known = everyone.get(row["nhs_number"])
        if known is None or _counts_before(row, known.registration, reference_date):
            everyone[row["nhs_number"]] = Person(row["practice_code"], row)

    concepts = defaultdict(set)
    with CODE_LISTS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            concepts[row["coding_system"], row["code"]].add(row["concept"])

    halves = defaultdict(list)
    for entry in naive_delivery.entries(delivery, reference_date):
        person = everyone.get(entry["nhs_number"])
        if person is None:
            continue
        for concept in concepts["snomed_ct", entry["code"]]:
            if concept.startswith(("bp_systolic", "bp_diastolic")):
                if entry["value"] is not None and 1 <= entry["value"] <= 999:
                    halves[entry["nhs_number"]].append(_half(entry, concept))
            elif concept in MEASUREMENTS:
                lowest, highest = MEASUREMENTS[concept]
                if entry["value"] is not None and lowest <= entry["value"] <= highest:
                    person.values[concept].append((entry["date"], entry["value"]))
            else:
                person.days[concept].append(entry["date"])
    for issue in naive_delivery.issues(delivery, reference_date):
        person = everyone.get(issue["nhs_number"])
        for concept in concepts["dmd", issue["code"]] if person else ():
            person.days[concept].append(issue["date"])
    for nhs_number, own in halves.items():
        everyone[nhs_number].readings = _readings(own)
    return everyone


def _counts_before(row: Row, than: Row, today: date) -> bool:
    """A registration that has not ended before one that has, then the one that started last, then the lower code."""
    has_ended, other_has_ended = (
        r["deregistration_date"] is not None and r["deregistration_date"] <= today for r in (row, than)
    )
    if has_ended != other_has_ended:
        return other_has_ended
    if row["registration_date"] != than["registration_date"]:
        return row["registration_date"] > than["registration_date"]
    return row["practice_code"] < than["practice_code"]


def _half(entry: Row, concept: str) -> Row:
    _, arm, kind = concept.split("_")[:3]
    setting = kind
    if kind == "clinic":
        setting = {"hospital": "acute_hospital", "maternity": "maternity"}.get(entry["source"], "clinic")
    return {**entry, "arm": arm, "setting": setting, "pressure": floor(entry["value"] + 0.5)}


def _readings(halves: list[Row]) -> list[Reading]:
    """Halves paired by parent record, then by nearest record, then as the only two left of a day and setting."""
    pairs: list[tuple[Row, Row]] = []
    left = halves
    for keys in (
        ("practice_code", "date", "setting", "source", "parent_record_id"),
        ("practice_code", "date", "setting", "source"),
        ("practice_code", "date", "setting"),
    ):
        groups = defaultdict(list)
        for half in left:
            groups[tuple(half[key] for key in keys)].append(half)
        left = []
        for key, group in groups.items():
            is_without_parent = "parent_record_id" in keys and key[-1] is None
            found = [] if is_without_parent else _pairs(group, only_ones="source" not in keys)
            used = {half["record_id"] for pair in found for half in pair}
            left += [half for half in group if half["record_id"] not in used]
            pairs += found
    readings = []
    for systolic, diastolic in pairs:
        high, low = systolic["pressure"], diastolic["pressure"]
        if 50 <= high <= 300 and 20 <= low <= 200 and high > low:
            readings.append(Reading(systolic["date"], systolic["setting"], high, low))
    return readings


def _pairs(group: list[Row], *, only_ones: bool) -> list[tuple[Row, Row]]:
    systolics = sorted((h for h in group if h["arm"] == "systolic"), key=lambda half: half["record_id"])
    diastolics = sorted((h for h in group if h["arm"] == "diastolic"), key=lambda half: half["record_id"])
    if only_ones and (len(systolics), len(diastolics)) != (1, 1):
        return []
    if len(systolics) == len(diastolics):
        return list(zip(systolics, diastolics, strict=True))

    def distance(systolic: Row, diastolic: Row) -> tuple[int, bool]:
        step = diastolic["record_id"] - systolic["record_id"]
        return abs(step), step < 0

    found = []
    for systolic in systolics:
        nearest = min(diastolics, key=lambda d: (*distance(systolic, d), d["record_id"]), default=None)
        if nearest and systolic is min(systolics, key=lambda s: (*distance(s, nearest), s["record_id"])):
            found.append((systolic, nearest))
    return found

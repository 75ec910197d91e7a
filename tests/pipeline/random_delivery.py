"""A delivery of made-up records that sit on the edges of the rules: days and pressures just in, just out, and equal.

The synthetic place resembles a population, so rare combinations are rare in it. Here every rule meets its boundary in
many people; nobody resembles anyone.
"""

import csv
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

REFERENCE_DATE = date(2026, 10, 31)
PRACTICES = ("A10001", "A10002")
CODE_LISTS = Path(__file__).parents[2] / "phm" / "core" / "code_lists.csv"

BIRTHDAYS = (date(1996, 10, 31), date(1996, 11, 1), date(1975, 10, 31), date(1975, 11, 1), date(1986, 2, 28))
DAYS_AGO = (0, 1, 6, 7, 8, 20, 55, 56, 57, 100, 279, 280, 281, 336, 337)
EDGE_DATES = tuple(
    date(2026, 10, 31).replace(year=year, month=month, day=day)
    for year, month, day in (
        (2026, 4, 30), (2026, 5, 1), (2025, 10, 31), (2025, 11, 1), (2024, 10, 31), (2024, 11, 1), (2021, 10, 31),
        (2021, 11, 1), (2023, 2, 28), (2019, 6, 15),
    )
)  # fmt: skip
SYSTOLIC = (118, 134, 135, 139, 140, 145, 149, 150, 159, 160, 169, 170, 179, 180, 200, 310)
DIASTOLIC = (70, 84, 85, 89, 90, 94, 95, 99, 100, 109, 110, 114, 115, 119, 120, 15)
VALUES = {"bmi": (34.9, 35, 9), "egfr": (59.9, 60, 90), "acr": (2.9, 3, 70)}
KINDS = (
    ("clinic", "practice"), ("clinic", "practice"), ("clinic", "practice"), ("clinic", "practice"),
    ("clinic", "hospital"), ("clinic", "maternity"), ("home_average", "patient"), ("ambulatory_average", "practice"),
)  # fmt: skip
RARE = ("palliative_care", "pregnancy", "delivery", "white_coat_hypertension", "heart_failure", "migraine", "ckd")
USUAL = (
    "hypertension", "hypertension_resolved", "bp_in_progress", "bp_declined", "bp_assessment", "bp_assessment",
    "diabetes", "diabetes_resolved", "albuminuria", "organ_damage", "stroke_tia", "bmi", "egfr", "acr", "health_check",
)  # fmt: skip
MEDICINES = ("ace_inhibitor", "arb", "dihydropyridine_ccb", "thiazide_like", "statin")


def write(folder: Path, *, people: int, seed: int) -> None:
    """Write gp_register, gp_event, gp_medication and an empty emergency_attendance below `folder`."""
    chance = random.Random(seed)
    codes: dict[str, list[str]] = {}
    with CODE_LISTS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            codes.setdefault(row["concept"], []).append(row["code"])
    numbers = [number for _, number in zip(range(people), _nhs_numbers(), strict=False)]
    registered = [row for number in numbers for row in _registrations(number, chance)]
    record_ids = iter(range(1, 10_000_000))
    events = [row for number in numbers for row in _events(number, codes, record_ids, chance)]
    issues = [row for number in numbers for row in _issues(number, codes, record_ids, chance)]
    chance.shuffle(events)
    for name, header, rows in (
        ("gp_register", REGISTER, registered),
        ("gp_event", EVENT, events),
        ("gp_medication", ISSUE, issues),
    ):
        for practice in PRACTICES:
            _write(folder / name / f"{practice}.csv", header, [row for row in rows if practice in row])
    _write(folder / "emergency_attendance.csv", ATTENDANCE, [])


REGISTER = (
    "extract_date", "practice_code", "nhs_number", "date_of_birth", "sex", "ethnicity_code", "lsoa_code",
    "registration_date", "deregistration_date", "death_date", "contact_preference", "is_safe_to_text",
    "interpreter_language", "reasonable_adjustment", "last_contact_date", "invitation_count", "next_appointment_date",
    "usual_clinician", "has_type_1_opt_out", "has_national_data_opt_out",
)  # fmt: skip
EVENT = (
    "practice_code", "nhs_number", "record_id", "parent_record_id", "event_date", "snomed_code", "value", "source"
)  # fmt: skip
ISSUE = ("practice_code", "nhs_number", "record_id", "issue_date", "dmd_code")
ATTENDANCE = ("attendance_id", "nhs_number", "arrival_date", "provider_code", "department_type")


def _registrations(number: str, chance: random.Random) -> Iterator[tuple]:
    born = chance.choice(BIRTHDAYS)
    ethnicity = chance.choice(["A", "H", "M", "N", "P", "Z", "99", ""])
    for practice in chance.choice([PRACTICES[:1], PRACTICES[1:], PRACTICES[:1], PRACTICES]):
        since = chance.choice([date(2025, 10, 31), date(2025, 11, 1), date(2010, 5, 1), date(2010, 5, 1)])
        ended = chance.choice(["", "", "", "", "", "", "2026-10-31"])
        died = chance.choice([""] * 20 + ["2026-10-30"])
        tail = ("", "", "", "", "", "", "", "", "", "")
        yield ("2026-10-31", practice, number, born, "F", ethnicity, "E01000001", since, ended, died, *tail)


def _events(number: str, codes: dict, record_ids: Iterator[int], chance: random.Random) -> Iterator[tuple]:
    for _ in range(chance.choice([0, 1, 1, 2, 3, 5, 8])):
        yield from _reading(number, codes, record_ids, chance)
    concepts = [c for c in USUAL if chance.random() < 0.12] + [c for c in RARE if chance.random() < 0.06]
    for concept in concepts:
        for _ in range(chance.choice([1, 1, 2])):
            value = chance.choice(VALUES.get(concept, ("",)))
            code = chance.choice(codes[concept])
            yield (chance.choice(PRACTICES), number, next(record_ids), "", _day(chance), code, value, "practice")


def _reading(number: str, codes: dict, record_ids: Iterator[int], chance: random.Random) -> Iterator[tuple]:
    """Both halves of a pressure, sometimes without a parent, with a gap, swapped round or alone."""
    kind, source = chance.choice(KINDS)
    practice, day = chance.choice(PRACTICES), _day(chance)
    parent = next(record_ids) if chance.random() < 0.6 else ""
    for _ in range(chance.choice([1, 1, 1, 2])):
        arms = [("systolic", chance.choice(SYSTOLIC)), ("diastolic", chance.choice(DIASTOLIC))]
        if chance.random() < 0.2:
            arms.reverse()
        for arm, pressure in arms[: 1 if chance.random() < 0.05 else 2]:
            for _ in range(chance.choice([0, 0, 0, 3])):
                next(record_ids)
            code = chance.choice(codes[f"bp_{arm}_{kind}"])
            half = pressure - chance.choice([0, 0, 0, 0.5])
            yield (practice, number, next(record_ids), parent, day, code, half, source)


def _issues(number: str, codes: dict, record_ids: Iterator[int], chance: random.Random) -> Iterator[tuple]:
    if chance.random() < 0.3:
        for _ in range(chance.choice([1, 2, 3])):
            code = chance.choice(codes[chance.choice(MEDICINES)])
            yield (chance.choice(PRACTICES), number, next(record_ids), _day(chance), code)


def _day(chance: random.Random) -> date:
    if chance.random() < 0.5:
        return REFERENCE_DATE - timedelta(days=chance.choice(DAYS_AGO))
    return chance.choice(EDGE_DATES)


def _nhs_numbers() -> Iterator[str]:
    for first in range(999_000_000, 999_999_999):
        digits = f"{first:09}"
        weighted = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), digits, strict=True))
        check = -weighted % 11
        if check < 10:
            yield f"{digits}{check}"


def _write(path: Path, header: tuple[str, ...], rows: list[tuple]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)

"""A delivery read with Python's csv module, and the row rules of the contracts applied by hand.

Belongs here: what makes a delivered row count. Nothing is imported from phm, so that an error there cannot hide here;
what the rows mean for the default cohort is in `naive_attrition`.
"""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]

DATE_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%Y%m%d")
SEXES = {"F", "M", "I", "U"}
ETHNIC_CATEGORIES = set("ABCDEFGHJKLMNPRSZ") | {"99"}
CONTACTS = {"letter", "phone", "text", "email", "app"}
SOURCES = {"practice", "hospital", "maternity", "pharmacy", "patient"}
DEPARTMENTS = {"01", "02", "03", "04", "05"}
BOOLEANS = {"true", "false", "1", "0", "y", "n", "yes", "no", "t", "f"}


class Rejected(Exception):
    """The row breaks a rule of its contract."""


def registrations(delivery: Path) -> Iterator[Row]:
    """Accepted rows of gp_register."""
    return _accepted(sorted((delivery / "gp_register").glob("*.csv")), _registration)


def entries(delivery: Path, reference_date: date) -> Iterator[Row]:
    """Accepted rows of gp_event."""
    files = sorted((delivery / "gp_event").glob("*.csv"))
    return _accepted(files, lambda row: _entry(row, reference_date))


def issues(delivery: Path, reference_date: date) -> Iterator[Row]:
    """Accepted rows of gp_medication."""
    files = sorted((delivery / "gp_medication").glob("*.csv"))
    return _accepted(files, lambda row: _issue(row, reference_date))


def attendances(delivery: Path, reference_date: date) -> Iterator[Row]:
    """Accepted rows of emergency_attendance."""
    return _accepted([delivery / "emergency_attendance.csv"], lambda row: _attendance(row, reference_date))


def _accepted(files: list[Path], read: Callable[[Row], Row]) -> Iterator[Row]:
    for path in files:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                try:
                    yield read(row)
                except Rejected:
                    continue


def _registration(row: Row) -> Row:
    extracted = _required(_date(row["extract_date"]))
    born = _required(_date(row["date_of_birth"]))
    registered = _required(_date(row["registration_date"]))
    deregistered = _date(row["deregistration_date"])
    died = _date(row["death_date"])
    invitations = _whole(row["invitation_count"])
    _must(born <= extracted)
    _must(born >= _years_before(extracted, 120))
    _must(born <= registered <= extracted)
    _must(deregistered is None or deregistered >= registered)
    _must(died is None or born <= died <= extracted)
    _must(row["sex"] in SEXES)
    _must(not row["ethnicity_code"] or row["ethnicity_code"] in ETHNIC_CATEGORIES)
    _must(not row["contact_preference"] or row["contact_preference"] in CONTACTS)
    _must(invitations is None or 0 <= invitations <= 99)
    for name in ("last_contact_date", "next_appointment_date"):
        _date(row[name])
    for name in ("is_safe_to_text", "has_type_1_opt_out", "has_national_data_opt_out"):
        _must(not row[name] or row[name].lower() in BOOLEANS)
    return {
        "practice_code": _practice_code(row),
        "nhs_number": _nhs_number(row),
        "date_of_birth": born,
        "ethnicity_code": row["ethnicity_code"],
        "registration_date": registered,
        "deregistration_date": deregistered,
        "death_date": died,
    }


def _entry(row: Row, reference_date: date) -> Row:
    happened = _required(_date(row["event_date"]))
    _must(date(1900, 1, 1) <= happened <= reference_date)
    _must(row["source"] in SOURCES)
    record_id = _required(_whole(row["record_id"]))
    parent_record_id = _whole(row["parent_record_id"])
    _must(record_id >= 0 and (parent_record_id is None or parent_record_id >= 0))
    return {
        "practice_code": _practice_code(row),
        "nhs_number": _nhs_number(row),
        "record_id": record_id,
        "parent_record_id": parent_record_id,
        "date": happened,
        "code": _matching(row["snomed_code"], "[0-9]{6,18}"),
        "value": _number(row["value"]),
        "source": row["source"],
    }


def _issue(row: Row, reference_date: date) -> Row:
    issued = _required(_date(row["issue_date"]))
    _must(date(1900, 1, 1) <= issued <= reference_date)
    _must(_required(_whole(row["record_id"])) >= 0)
    return {
        "practice_code": _practice_code(row),
        "nhs_number": _nhs_number(row),
        "date": issued,
        "code": _matching(row["dmd_code"], "[0-9]{6,18}"),
    }


def _attendance(row: Row, reference_date: date) -> Row:
    arrived = _required(_date(row["arrival_date"]))
    _must(date(1990, 1, 1) <= arrived <= reference_date)
    _matching(row["attendance_id"], "[A-Za-z0-9-]{1,40}")
    _matching(row["provider_code"], "[A-Z0-9]{3,6}")
    _must(not row["department_type"] or row["department_type"] in DEPARTMENTS)
    return {"nhs_number": _nhs_number(row), "date": arrived}


def _must(holds: bool) -> None:
    if not holds:
        raise Rejected


def _required(value: Any) -> Any:
    _must(value is not None)
    return value


def _matching(text: str, pattern: str) -> str:
    _must(re.fullmatch(pattern, text) is not None)
    return text


def _practice_code(row: Row) -> str:
    return _matching(row["practice_code"], "[A-Z][0-9]{5}")


def _nhs_number(row: Row) -> str:
    """Ten digits whose last is eleven minus the weighted sum (10, 9, … 2) modulo eleven; eleven is written 0."""
    number = _matching(row["nhs_number"], "[0-9]{10}")
    check = 11 - sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), number, strict=False)) % 11
    _must(check % 11 == int(number[9]) and check != 10)
    return number


def _date(text: str) -> date | None:
    if not text:
        return None
    for layout in DATE_FORMATS:
        try:
            return datetime.strptime(text, layout).date()
        except ValueError:
            continue
    raise Rejected


def _whole(text: str) -> int | None:
    return int(_matching(text, "-?[0-9]+")) if text else None


def _number(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise Rejected from None


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)

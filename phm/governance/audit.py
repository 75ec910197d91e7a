"""Who took which list, answered or removed it, or asked about a person: one JSON line each, only appended.

Never an identifier: a person asked about stands there as the pseudonym `person_id`, so that "who looked at my record"
has an answer for whoever holds the site key.
"""

import datetime as dt
import json
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from phm.errors import ConfigurationError

_LOOKS_LIKE_NHS_NUMBER = re.compile(r"\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d")


@dataclass(frozen=True)
class Pull:
    """One list handed over.

    `user` is the operating system's name of whoever ran the command, `pulled_at` an aware time, `reason` their words.
    `is_assigned_only` is set where only what is assigned to the PCN was handed over.
    """

    user: str
    pulled_at: dt.datetime
    practice_code: str
    cohort_id: str
    definition_version: str
    definition_hash: str
    reference_date: dt.date
    entry_count: int
    reason: str
    is_assigned_only: bool = False
    event: str = field(default="pull", init=False)


@dataclass(frozen=True)
class Submission:
    """Outcomes of lists taken in: `answer_count` answers of file `file_sha256` as submission `number` of the ICB."""

    user: str
    submitted_at: dt.datetime
    icb_code: str
    number: int
    file_sha256: str
    lists: tuple[str, ...]
    answer_count: int
    refused_count: int
    event: str = field(default="submission", init=False)


@dataclass(frozen=True)
class Removal:
    """The workbooks of one month of one ICB removed from the vault because they expired on `expiry_date`."""

    user: str
    removed_at: dt.datetime
    month: str
    icb_code: str
    expiry_date: dt.date
    workbook_count: int
    event: str = field(default="removal", init=False)


@dataclass(frozen=True)
class Enquiry:
    """One person looked up by NHS number and their way through a definition shown."""

    user: str
    asked_at: dt.datetime
    person_id: str
    practice_code: str
    cohort_id: str
    definition_version: str
    definition_hash: str
    reference_date: dt.date
    reason: str
    event: str = field(default="enquiry", init=False)


def record_enquiry(path: Path, enquiry: Enquiry, /) -> None:
    """Append one enquiry to the audit, before its answer is shown; ConfigurationError as of a pull."""
    _check_reason("An enquiry", enquiry.reason)
    record(path, enquiry)


def record_pull(path: Path, pull: Pull, /) -> None:
    """Append one pull to the audit.

    Call it before the list is handed over: a pull that cannot be recorded must not happen.

    Raises
    ------
    ConfigurationError
        The reason is empty or holds something like an NHS number, or the time has no time zone.
    """
    _check_reason("A pull", pull.reason)
    if pull.pulled_at.tzinfo is None:
        raise ConfigurationError("The time of a pull has no time zone", name="pulled_at", hint="Pass an aware time.")
    record(path, pull)


def record(path: Path, event: Pull | Submission | Removal | Enquiry, /) -> None:
    """Append one event and wait until it is on disk; the file is readable by its owner only."""
    line = json.dumps(asdict(event), default=lambda value: value.isoformat(), ensure_ascii=True, sort_keys=True) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        # One write of one line: appends of several processes do not interleave.
        os.write(file, line.encode())
        os.fsync(file)
    finally:
        os.close(file)


def _check_reason(event: str, reason: str) -> None:
    if not reason.strip() or _LOOKS_LIKE_NHS_NUMBER.search(reason):
        raise ConfigurationError(
            f"{event} needs a reason in words, without any number of a patient",
            name="reason",
            hint="For example --reason 'monthly blood pressure review'.",
        )

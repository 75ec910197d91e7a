"""Who took which list, when and why: one JSON line per pull, only ever appended to, never an identifier."""

import datetime as dt
import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from phm.errors import ConfigurationError

_LOOKS_LIKE_NHS_NUMBER = re.compile(r"\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d[ -]?\d")


@dataclass(frozen=True)
class Pull:
    """One list handed over.

    `user` is the operating system's name of whoever ran the command, `pulled_at` an aware time, `reason` their words.
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


def record_pull(path: Path, pull: Pull, /) -> None:
    """Append one pull to the audit and wait until it is on disk; the file is readable by its owner only.

    Call it before the list is handed over: a pull that cannot be recorded must not happen.

    Raises
    ------
    ConfigurationError
        The reason is empty or holds something like an NHS number, or the time has no time zone.
    """
    if not pull.reason.strip() or _LOOKS_LIKE_NHS_NUMBER.search(pull.reason):
        raise ConfigurationError(
            "A pull needs a reason in words, without any number of a patient",
            name="reason",
            hint="For example --reason 'monthly blood pressure review'.",
        )
    if pull.pulled_at.tzinfo is None:
        raise ConfigurationError("The time of a pull has no time zone", name="pulled_at", hint="Pass an aware time.")
    line = json.dumps(asdict(pull), default=lambda value: value.isoformat(), ensure_ascii=True, sort_keys=True) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        # One write of one line: appends of several processes do not interleave.
        os.write(file, line.encode())
        os.fsync(file)
    finally:
        os.close(file)

"""Whether a delivery has arrived: all its files are there, and none is still being written.

Belongs here: what can be told from names, sizes and times of files alone, so that it can be asked every minute. What
is in the files is for `landing`.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from phm.feeds.contracts import load_contracts
from phm.feeds.readers import files_of

UNFINISHED = (".part", ".partial", ".filepart", ".tmp", ".crdownload")
"""How programs that copy files name one they have not finished; or with a dot in front."""


@dataclass(frozen=True)
class Arrival:
    """One delivery's folder: `fingerprint` tells two states of it apart, `missing` says what is not there yet."""

    fingerprint: str
    missing: tuple[str, ...]


def arrival(folder: Path, /) -> Arrival:
    """What has arrived in the folder of one delivery; two states a while apart that are equal are at rest."""
    digest = hashlib.sha256()
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    for file in files:
        status = file.stat()
        digest.update(f"{file.relative_to(folder).as_posix()}|{status.st_size}|{status.st_mtime_ns}\n".encode())
    missing = [f"{file.name} is still being written" for file in files if _is_unfinished(file)]
    return Arrival(digest.hexdigest(), (*missing, *_missing(folder)))


def _is_unfinished(file: Path) -> bool:
    return file.name.startswith(".") or file.name.lower().endswith(UNFINISHED)


def _missing(folder: Path) -> Iterator[str]:
    feeds = [contract for contract in load_contracts().values() if contract.layer == "feed"]
    of_practice: dict[str, set[str]] = {}
    for contract in feeds:
        found = files_of(folder, contract)
        if not found and not contract.optional:
            yield f"{contract.name} is missing"
        if contract.one_practice_per_file:
            of_practice[contract.name] = {file.name.split(".")[0] for file in found}
    practices = set().union(*of_practice.values())
    for name, codes in of_practice.items():
        for code in sorted(practices - codes if codes else ()):
            yield f"{name} of {code} is missing"

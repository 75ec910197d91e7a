"""How long one command took and how much memory it and its children held at most."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measurement:
    """One run: wall seconds, peak resident bytes (None where the system does not tell), and what it printed."""

    seconds: float
    peak_bytes: int | None
    output: str


def measure(command: Sequence[str], environment: Mapping[str, str]) -> Measurement:
    """Run a command to its end; one that fails raises CalledProcessError.

    Peak memory is the kernel's own maximum for the process (`ru_maxrss`), so short peaks are not missed. Windows
    has none.
    """
    started = time.perf_counter()
    peak_bytes = None
    with subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True) as process:
        output = process.stdout.read()
        if hasattr(os, "wait4"):
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            # Linux counts kilobytes, macOS bytes.
            peak_bytes = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, output)
    return Measurement(seconds, peak_bytes, output)


def rows_of(delivery: Path) -> int:
    """Delivered rows of registers, events, issues and attendances: lines less one header a file."""
    files = [
        f for name in ("gp_register", "gp_event", "gp_medication") for f in sorted((delivery / name).glob("*.csv"))
    ]
    return sum(_lines(path) - 1 for path in [*files, delivery / "emergency_attendance.csv"])


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))

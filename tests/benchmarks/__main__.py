"""`make bench`: `phm run` against the floor and `phm validate` against parsing, on the demonstration place and on one
built from published files; and `phm validate` of one file of 30 million rows, the demonstration's attendances repeated.

`phm run` is measured with the cohort whose tiers the floor works out, and with all that are shipped.

Run as

    python -m tests.benchmarks [--repeat 3] [--reference DIR] [--icb QNC] [--month 2025-10] [--work DIR] [--threads N]

Without `--reference` only the demonstration place (about 200,000 people) is measured. The places are made once and kept
in `--work`, by default in the user's cache folder. A program and the least it can take run in turn, each in a process
of its own; the page cache is warm after the first. Nothing is asserted: the table is for people to read.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from phm.config import load_settings
from phm.errors import ConfigurationError
from phm.governance.pseudonyms import create_key
from phm.store import Partition
from tests.benchmarks.measure import Measurement, measure, rows_of

DEMO = Partition("2026-10", "QZZ")
LARGE_ROWS = 30_000_000
FLOOR_COHORT = "possible_undiagnosed_hypertension"
"""The cohort whose tiers `floor` works out."""


@dataclass(frozen=True)
class Place:
    """One delivery to measure: its name in the table, its feeds folder and its partition."""

    name: str
    feeds: Path
    partition: Partition

    @property
    def delivery(self) -> Path:
        return self.feeds / self.partition.path


@dataclass(frozen=True)
class Result:
    """All runs of one program on one place; its time is told as a multiple of that of the program `against`."""

    place: Place
    program: str
    against: str
    runs: Sequence[Measurement]
    rows: int

    @property
    def median(self) -> float:
        return statistics.median(run.seconds for run in self.runs)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=3, help="runs of each program on each place")
    parser.add_argument("--reference", type=Path, help="folder of published files to build a place from")
    parser.add_argument("--icb", default="QNC", help="ICB to build from the published files")
    parser.add_argument("--month", default="2025-10", help="month of the published files, YYYY-MM")
    parser.add_argument("--work", type=Path, default=_cache(), help="folder for the places and their tables")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads both programs may use")
    given = parser.parse_args()

    places = [_demo(given.work)]
    if given.reference:
        places.append(_published(given.work, given.reference.absolute(), Partition(given.month, given.icb)))
    results = [result for place in places for result in _compare(place, given.work, given.repeat, given.threads)]
    results += _validate(_large(places[0], given.work), "emergency_attendance", given.work, given.repeat, given.threads)
    print(markdown(results))


def markdown(results: Sequence[Result]) -> str:
    """One row for each place and program; the ratio is that of medians on the same place."""
    medians = {(result.place.name, result.program): result.median for result in results}
    lines = [
        "| place | delivered rows | program | seconds, min | median | ratio | rows/s | peak memory |",
        "|---|---:|---|---:|---:|---:|---:|---:|",
    ]
    for result in results:
        fastest = min(run.seconds for run in result.runs)
        peaks = [run.peak_bytes for run in result.runs if run.peak_bytes is not None]
        peak = f"{max(peaks) / 1e9:.2f} GB" if peaks else "not measured"
        lines.append(
            f"| {result.place.name} | {result.rows:,} | {result.program} | {fastest:.1f} "
            f"| {result.median:.1f} | {result.median / medians[result.place.name, result.against]:.2f} "
            f"| {result.rows / result.median:,.0f} | {peak} |"
        )
    return "\n".join(lines)


def _compare(place: Place, work: Path, repeat: int, threads: int) -> list[Result]:
    home, tiers = work / f"home-{place.partition.key}", work / f"tiers-{place.partition.key}.parquet"
    partition = place.partition
    environment = _environment(home, threads)
    pipeline = _phm(
        "run", "--force", "--feeds", str(place.feeds), "--month", partition.month, "--icb", partition.icb_code
    )
    of_cohort = {**environment, "PHM_COHORTS": json.dumps([FLOOR_COHORT])}
    floor = [sys.executable, "-m", "tests.benchmarks.floor", str(place.delivery), partition.reference_date.isoformat()]
    floor += [str(tiers), "--threads", str(threads)]
    programs = {
        "floor": (floor, environment),
        "phm run, one cohort": (pipeline, of_cohort),
        "phm run, all cohorts": (pipeline, environment),
    }
    runs = _runs(place.name, programs, repeat)
    rows = rows_of(place.delivery)
    run_results = [Result(place, program, "floor", runs[program], rows) for program in runs]
    events = Place(place.name, place.delivery / "gp_event", partition)
    return run_results + _validate(events, "gp_event", work, repeat, threads)


def _validate(place: Place, contract: str, work: Path, repeat: int, threads: int) -> list[Result]:
    """`phm validate` of the files in the place's folder beside parsing them."""
    environment = _environment(work / f"home-{place.partition.key}", threads)
    parse = [sys.executable, "-m", "tests.benchmarks.parse", str(place.feeds), contract, "--threads", str(threads)]
    validate = _phm("validate", str(place.feeds), "--contract", contract, "--month", place.partition.month)
    base, checked = f"parse {contract}", f"phm validate {contract}"
    runs = _runs(place.name, {base: (parse, environment), checked: (validate, environment)}, repeat)
    rows = int(runs[base][0].output)
    return [Result(place, program, base, runs[program], rows) for program in runs]


def _runs(
    name: str, programs: Mapping[str, tuple[Sequence[str], Mapping[str, str]]], repeat: int
) -> dict[str, list[Measurement]]:
    """Each program's runs, one after the other in turn; a program is a command and its environment."""
    runs: dict[str, list[Measurement]] = {program: [] for program in programs}
    for turn in range(repeat):
        for program, (command, environment) in programs.items():
            run = measure(command, environment)
            runs[program].append(run)
            print(f"{name}, {program}, {turn + 1} of {repeat}: {run.seconds:.1f} s", file=sys.stderr)
    return runs


def _large(place: Place, work: Path) -> Place:
    """One file of `LARGE_ROWS`: the attendances of a place as often as it takes, each with a number of its own."""
    folder = work / "large"
    if not folder.is_dir():
        draft = folder.with_name("large.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        source = f"read_csv('{(place.delivery / 'emergency_attendance.csv').as_posix()}', all_varchar = true)"
        number = f"'{place.partition.icb_code}-' || lpad((row_number() OVER ())::VARCHAR, 9, '0')"
        with duckdb.connect(config={"threads": 1}) as con:
            (rows,) = con.execute(f"SELECT count(*) FROM {source}").fetchone()
            con.execute(
                f"""
                COPY (SELECT {number} AS attendance_id, * EXCLUDE (attendance_id, turn)
                      FROM {source}, range({-(-LARGE_ROWS // rows)}) t(turn) LIMIT {LARGE_ROWS})
                TO '{(draft / "emergency_attendance.csv").as_posix()}' (FORMAT csv, HEADER)
                """
            )
        draft.rename(folder)
    return Place("one file", folder, place.partition)


def _demo(work: Path) -> Place:
    place = Place("demonstration", work / "feeds", DEMO)
    _synthesise(place, "--month", DEMO.month)
    return place


def _published(work: Path, reference: Path, partition: Partition) -> Place:
    place = Place(f"{partition.icb_code} {partition.month}", work / "feeds-published", partition)
    _synthesise(place, "--month", partition.month, "--icb", partition.icb_code, "--reference", str(reference))
    return place


def _synthesise(place: Place, *options: str) -> None:
    """Make the place unless an earlier benchmark made it; a half-made one is never used."""
    if place.delivery.is_dir():
        return
    print(f"Making {place.delivery}", file=sys.stderr)
    draft = place.feeds.with_name(f"{place.feeds.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    subprocess.run(_phm("synth", "--out", str(draft), *options), check=True)
    place.delivery.parent.mkdir(parents=True, exist_ok=True)
    (draft / place.partition.path).rename(place.delivery)
    shutil.rmtree(draft)


def _environment(home: Path, threads: int) -> Mapping[str, str]:
    settings = load_settings(home=home)
    if not settings.key_path.exists():
        create_key(settings.key_path)
    return {"PHM_HOME": str(home), "PHM_THREADS": str(threads)}


def _phm(*arguments: str) -> list[str]:
    """The installed command of this environment: the benchmark measures what a user runs."""
    command = shutil.which("phm", path=str(Path(sys.executable).parent))
    if command is None:
        raise ConfigurationError("phm is not installed here", name=sys.executable, hint="Run `make bench`.")
    return [command, *arguments]


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache"
    return Path(root) / "phm-benchmarks"


if __name__ == "__main__":
    main()

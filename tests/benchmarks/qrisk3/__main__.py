"""`python -m tests.benchmarks.qrisk3`: people scored a second in DuckDB on two threads, and in C on one.

Both score the same invented people, and keep every score in memory they ask for anew; the C has its coefficients from
the package. It is timed twice:

- from table to table, as the expression works: the columns are read out of DuckDB (one thread), scored, and put back;
- alone: its columns lie ready in memory as it wants them, and it keeps scores without the people's numbers. That is the
  formula and nothing else.

What Ibis needs to make the query is not counted: it is the same for any number of people. Prints the rates, their
ratios and the largest relative difference of a score.
"""

import ctypes
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pyarrow as pa

from phm.risk.qrisk3 import BMI_POWERS, CONDITIONS, CONTINUOUS, INPUTS, LEVELS, model, qrisk3

PEOPLE = 2_000_000
REPEATS = 9
TERMS = (
    *((name, "") for name in ("age_1", "age_2", *BMI_POWERS, *CONTINUOUS[1:], *CONDITIONS)),
    *((name, str(level)) for name, levels in LEVELS.items() for level in levels),
)


def people(number: int) -> dict[str, np.ndarray]:
    """Inputs of invented people, one element each."""
    rng = np.random.default_rng(1)
    of = {name: rng.random(number) < 0.05 for name in CONDITIONS}
    of |= {"age": rng.integers(25, 85, number), "ethnicity": rng.integers(1, 10, number)}
    of |= {"smoking": rng.integers(0, 5, number), "bmi": rng.uniform(20, 40, number)}
    of |= {"cholesterol_ratio": rng.uniform(2, 7, number), "systolic": rng.uniform(100, 180, number)}
    of |= {"systolic_sd": rng.uniform(0, 20, number), "townsend": rng.uniform(-5, 8, number)}
    return {"number": np.arange(number), "is_female": rng.random(number) < 0.5} | of


def table_of(of: dict[str, np.ndarray]) -> pa.Table:
    return pa.table({**of, "sex": np.where(of["is_female"], "F", "M")}).drop_columns("is_female")


def in_duckdb(of: dict[str, np.ndarray]) -> tuple[float, np.ndarray]:
    """Seconds and scores of the Ibis expression."""
    con = ibis.duckdb.connect(threads=2)
    con.create_view("scores", qrisk3(con.create_table("people", table_of(of))).select("number", "qrisk3"))
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        con.raw_sql("CREATE OR REPLACE TEMP TABLE scored AS FROM scores")
        seconds.append(time.perf_counter() - begun)
    return min(seconds), np.asarray(con.raw_sql("SELECT qrisk3 FROM scored ORDER BY number").fetchnumpy()["qrisk3"])


class CompiledC:
    """The C program, compiled into a folder."""

    def __init__(self, folder: Path) -> None:
        library = folder / "qrisk3.so"
        source = Path(__file__).with_name("qrisk3.c")
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, source, "-lm"], check=True)
        self._scores = ctypes.CDLL(str(library)).scores
        self._models = []
        for sex in "FM":
            formula = model(sex)
            terms = [formula.terms.get(term) for term in TERMS]
            rows = [[t.coefficient, t.times_age_1, t.times_age_2, t.centre] if t else [0.0] * 4 for t in terms]
            self._models.append(np.array([formula.survival, *np.ravel(rows)]))

    def scores(self, of: Mapping[str, np.ndarray]) -> np.ndarray:
        """Scores of people whose columns are `INPUTS` and `is_female`."""
        columns = [np.ascontiguousarray(of[name]) for name in ("is_female", *INPUTS)]
        out = np.empty(len(columns[0]))
        female, male = (array.ctypes.data_as(ctypes.c_void_p) for array in self._models)
        given = (ctypes.c_void_p * len(columns))(*(column.ctypes.data for column in columns))
        self._scores(female, male, ctypes.c_long(len(out)), given, out.ctypes.data_as(ctypes.c_void_p))
        return out


def in_c(of: dict[str, np.ndarray], program: CompiledC) -> tuple[float, np.ndarray]:
    """Seconds and scores of the C program from columns that lie ready."""
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        scores = program.scores(of)
        seconds.append(time.perf_counter() - begun)
    return min(seconds), scores


def in_c_between_tables(of: dict[str, np.ndarray], program: CompiledC) -> float:
    """Seconds of the C program from a table in DuckDB to a table in DuckDB."""
    con = duckdb.connect(config={"threads": 1})
    con.from_arrow(table_of(of)).create("people")
    wanted = ", ".join(("number", "sex = 'F' AS is_female", *INPUTS))
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        given = con.sql(f"SELECT {wanted} FROM people").fetchnumpy()
        con.register("answers", pa.table({"number": given["number"], "qrisk3": program.scores(given)}))
        con.execute("CREATE OR REPLACE TEMP TABLE scored AS FROM answers")
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def main() -> int:
    if shutil.which("gcc") is None:
        print("There is no gcc on this machine: nothing to compare with.")
        return 0
    of = people(PEOPLE)
    expression, scored = in_duckdb(of)
    with tempfile.TemporaryDirectory() as folder:
        program = CompiledC(Path(folder))
        alone, expected = in_c(of, program)
        between_tables = in_c_between_tables(of, program)
    print(f"DuckDB, 2 threads:               {PEOPLE / expression:,.0f} people a second")
    print(f"C, 1 thread, table to table:     {PEOPLE / between_tables:,.0f} people a second")
    print(f"C, 1 thread, alone:              {PEOPLE / alone:,.0f} people a second")
    print(f"DuckDB over C, table to table:   {between_tables / expression:.2f}")
    print(f"DuckDB over C alone:             {alone / expression:.2f}")
    print(f"Largest relative difference of a score: {np.max(np.abs(scored / expected - 1)):.1e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

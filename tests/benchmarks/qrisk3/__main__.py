"""`python -m tests.benchmarks.qrisk3`: people scored a second in DuckDB on two threads, and in C on one.

Both read the same columns of the same invented people from memory and keep every score in memory they ask for anew;
DuckDB, which keeps no order, keeps the person's number with it. The C has its coefficients from the package. What Ibis
needs to make the query is not counted: it is the same for any number of people. Prints both rates, their ratio and the
largest relative difference of a score.
"""

import ctypes
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa

from phm.risk.qrisk3 import BMI_POWERS, CONDITIONS, CONTINUOUS, INPUTS, LEVELS, model, qrisk3

PEOPLE = 2_000_000
REPEATS = 5
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


def in_duckdb(of: dict[str, np.ndarray]) -> tuple[float, np.ndarray]:
    """Seconds and scores of the Ibis expression."""
    con = ibis.duckdb.connect(threads=2)
    sex = np.where(of["is_female"], "F", "M")
    given = con.create_table("people", pa.table({**of, "sex": sex}))
    con.create_view("scores", qrisk3(given).select("number", "qrisk3"))
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        con.raw_sql("CREATE OR REPLACE TEMP TABLE scored AS FROM scores")
        seconds.append(time.perf_counter() - begun)
    return min(seconds), np.asarray(con.raw_sql("SELECT qrisk3 FROM scored ORDER BY number").fetchnumpy()["qrisk3"])


def in_c(of: dict[str, np.ndarray]) -> tuple[float, np.ndarray]:
    """Seconds and scores of the C program."""
    models = []
    for sex in "FM":
        formula = model(sex)
        terms = [formula.terms.get(term) for term in TERMS]
        rows = [[t.coefficient, t.times_age_1, t.times_age_2, t.centre] if t else [0.0] * 4 for t in terms]
        models.append(np.array([formula.survival, *np.ravel(rows)]))
    columns = [of[name] for name in ("is_female", *INPUTS)]
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "qrisk3.so"
        source = Path(__file__).with_name("qrisk3.c")
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, source, "-lm"], check=True)
        scores = ctypes.CDLL(str(library)).scores
        female, male = (array.ctypes.data_as(ctypes.c_void_p) for array in models)
        given = (ctypes.c_void_p * len(columns))(*(column.ctypes.data for column in columns))
        seconds = []
        for _ in range(REPEATS):
            begun = time.perf_counter()
            out = np.empty(len(columns[0]))
            scores(female, male, ctypes.c_long(len(out)), given, out.ctypes.data_as(ctypes.c_void_p))
            seconds.append(time.perf_counter() - begun)
    return min(seconds), out


def main() -> int:
    if shutil.which("gcc") is None:
        print("There is no gcc on this machine: nothing to compare with.")
        return 0
    of = people(PEOPLE)
    (duckdb, scored), (c, expected) = in_duckdb(of), in_c(of)
    print(f"DuckDB, 2 threads: {PEOPLE / duckdb:,.0f} people a second")
    print(f"C, 1 thread:       {PEOPLE / c:,.0f} people a second")
    print(f"DuckDB over C:     {c / duckdb:.2f}")
    print(f"Largest relative difference of a score: {np.max(np.abs(scored / expected - 1)):.1e}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

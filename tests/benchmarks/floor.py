"""The floor: the same delivered files, features and tiers in hand-tuned DuckDB SQL and nothing else.

What a good analyst would write who trusts the files: no checks, no quarantine, no pseudonyms, no lists, no report. The
distance between this and `phm run` is what all of those cost together. Run as

    python -m tests.benchmarks.floor DELIVERY REFERENCE_DATE OUT.parquet [--threads N]

where DELIVERY is a folder `<feeds>/<YYYY-MM>/<ICB code>`. Prints people, tiers and seconds as one line of JSON.
"""

import argparse
import json
import time
from datetime import date
from pathlib import Path
from string import Template

import duckdb

SQL = Path(__file__).with_name("floor.sql")
CODE_LISTS = Path(__file__).parents[2] / "phm" / "core" / "code_lists.csv"

MEASURED = {"bmi": (10, 100), "egfr": (0, 200), "hba1c": (10, 250), "cholesterol_ratio": (1, 20), "acr": (0, 5000)}
DATED = (
    "hypertension", "hypertension_resolved", "white_coat_hypertension", "bp_declined", "bp_in_progress",
    "bp_assessment", "palliative_care", "pregnancy", "delivery", "gestational_hypertension", "diabetes",
    "diabetes_resolved", "ckd", "ischaemic_heart_disease", "stroke_tia", "heart_failure",
    "peripheral_arterial_disease", "atrial_fibrillation", "familial_hypercholesterolaemia", "organ_damage",
    "albuminuria", "migraine", "raynauds", "aortopathy", "learning_disability", "severe_mental_illness", "housebound",
    "care_home", "family_history_cvd", "health_check",
)  # fmt: skip


def run(delivery: Path, reference_date: date, out: Path, *, threads: int | None = None) -> dict[str, float | int]:
    """People (`people`), tiers written (`listed`) and `seconds`; `out` gets the tier per person."""
    started = time.perf_counter()
    con = duckdb.connect(config={"preserve_insertion_order": False, **({"threads": threads} if threads else {})})
    values = {
        "delivery": delivery.as_posix(),
        "places": _places(delivery / "place_membership.csv"),
        "code_lists": CODE_LISTS.as_posix(),
        "out": out.as_posix(),
        "reference_date": reference_date.isoformat(),
        "latest_dates": ", ".join(f"max(event_date) filter (concept = '{name}') as {name}" for name in DATED),
        "latest_values": ", ".join(
            f"max_by({{'day': event_date, 'value': value}}, (event_date - date '1900-01-01') * 1e7 - value)"
            f" filter (concept = '{name}' and value between {low} and {high}) as {name}"
            for name, (low, high) in MEASURED.items()
        ),
        **{f"months_{months}": _months_before(con, reference_date, months) for months in (3, 6, 12, 24, 60)},
    }
    con.execute(Template(SQL.read_text(encoding="utf-8")).substitute(values))
    return {
        "people": con.table("person_feature").shape[0],
        "listed": con.read_parquet(out.as_posix()).shape[0],
        "seconds": round(time.perf_counter() - started, 2),
    }


def _places(path: Path) -> str:
    """Query for the practices' places; none where no map of places was delivered."""
    if not path.exists():
        return "select null as Practice_Code, null as Locality_Code where false"
    return f"from read_csv('{path.as_posix()}', header = true, all_varchar = true) where Type = 'Main'"


def _months_before(con: duckdb.DuckDBPyConnection, reference_date: date, months: int) -> date:
    return con.execute("select (?::date - to_months(?))::date", [reference_date, months]).fetchone()[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("delivery", type=Path)
    parser.add_argument("reference_date", type=date.fromisoformat)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    print(json.dumps(run(given.delivery, given.reference_date, given.out, threads=given.threads)))


if __name__ == "__main__":
    main()

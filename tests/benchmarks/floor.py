"""The floor: the same delivered files, features and tiers in hand-tuned DuckDB SQL and nothing else.

What a good analyst would write who trusts the files: every variable of `person_feature` and the tiers of the default
cohort, but no checks, no quarantine, no pseudonyms, no scores, no other cohorts, no lists, no measures, no report. The
distance between this and `phm run` is what all of those cost together. Who is at high risk by QRISK3 alone is
`stage_1` here. Run as

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
    "bp_assessment", "bp_therapy_maximal", "hypertension_care_declined", "hypertension_care_unsuitable",
    "palliative_care", "pregnancy", "delivery", "gestational_hypertension", "gestational_diabetes", "diabetes",
    "diabetes_resolved", "diabetes_symptom", "type_1_diabetes", "type_2_diabetes", "anaemia", "haemoglobinopathy",
    "ckd", "ckd_resolved", "ckd_stage_1_2", "acute_kidney_injury", "ischaemic_heart_disease", "stroke_tia",
    "heart_failure", "peripheral_arterial_disease", "atrial_fibrillation", "atrial_fibrillation_resolved",
    "anticoagulation_elsewhere", "anticoagulant_declined", "anticoagulant_contraindicated",
    "familial_hypercholesterolaemia", "organ_damage", "albuminuria", "migraine", "raynauds", "aortopathy",
    "learning_disability", "severe_mental_illness", "frailty_moderate_or_severe", "housebound", "care_home",
    "family_history_cvd", "health_check", "smoking_support", "smoking_support_declined", "weight_management",
    "activity_support", "social_prescribing", "rheumatoid_arthritis", "systemic_lupus", "erectile_dysfunction",
    "family_history_premature_chd", "alcohol_problem", "anxiety_or_depression", "asthma", "copd", "dementia",
    "epilepsy", "hearing_loss", "irritable_bowel", "dizziness", "dyspnoea", "falls", "insomnia",
    "orthostatic_hypotension", "osteoarthritis", "osteoporosis", "parkinsonism", "peptic_ulcer", "pressure_ulcer",
    "thyroid_disease", "urinary_incontinence", "visual_impairment", "weight_loss", "lives_alone",
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

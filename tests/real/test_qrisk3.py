"""QRISK3 against the scores of its authors' own program and the published vectors."""

import csv

import ibis
import pyarrow as pa
import pytest

from phm.risk.qrisk3 import CONDITIONS, INPUTS, qrisk3
from tests.conftest import SHARED

FOLDER = SHARED / "oracles" / "qrisk3"
COLUMN = {
    "has_atrial_fibrillation": "b_AF",
    "has_atypical_antipsychotic": "b_atypicalantipsy",
    "has_corticosteroid": "b_corticosteroids",
    "has_erectile_dysfunction": "b_impotence2",
    "has_migraine": "b_migraine",
    "has_rheumatoid_arthritis": "b_ra",
    "has_ckd": "b_renal",
    "has_severe_mental_illness": "b_semi",
    "has_systemic_lupus": "b_sle",
    "has_treated_hypertension": "b_treatedhyp",
    "has_type_1_diabetes": "b_type1",
    "has_type_2_diabetes": "b_type2",
    "has_family_history_premature_chd": "fh_cvd",
    "cholesterol_ratio": "rati",
    "systolic": "sbp",
    "systolic_sd": "sbps5",
    "townsend": "town",
    "ethnicity": "ethrisk",
}
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"published QRISK3 answers are not in {FOLDER}"),
]


def answers(name: str, expected: str, *, female: str, smoking: str, from_one: bool, bmi) -> pa.Table:
    """Inputs with the expected score, one row a vector."""
    rows = []
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        for vector in csv.DictReader(file):
            row = {column: float(vector[COLUMN.get(column, column)]) for column in INPUTS if column in COLUMN}
            row |= {column: bool(row[column]) for column in CONDITIONS}
            row["ethnicity"] = int(row["ethnicity"])
            row["smoking"] = int(vector[smoking]) - from_one
            row |= {"age": int(vector["age"]), "bmi": bmi(vector), "sex": "F" if vector[female] == "1" else "M"}
            rows.append({**row, "expected": float(vector[expected])})
    return pa.Table.from_pylist(rows)


def scored(vectors: pa.Table) -> list[dict]:
    con = ibis.duckdb.connect(threads=1)
    return qrisk3(con.create_table("vectors", vectors)).to_pyarrow().to_pylist()


def test_full_precision_scores_of_the_original_program():
    vectors = answers(
        "qrisk3_c_battery_part.csv",
        "qrisk3_c_score",
        female="sex_female",
        smoking="smoke_cat0",
        from_one=False,
        bmi=lambda vector: float(vector["bmi"]),
    )
    found = scored(vectors)
    assert len(found) == 902
    assert max(abs(row["qrisk3"] / row["expected"] - 1) for row in found) < 1e-9


def test_published_vectors():
    vectors = answers(
        "QRISK3_2019_test.csv",
        "QRISK_C_algorithm_score",
        female="gender",
        smoking="smoke_cat",
        from_one=True,
        # The column bmi of the file is stale.
        bmi=lambda vector: float(vector["weight"]) / (float(vector["height"]) / 100) ** 2,
    )
    found = scored(vectors)
    assert len(found) == 49
    assert [round(row["qrisk3"], 1) for row in found] == [row["expected"] for row in found]

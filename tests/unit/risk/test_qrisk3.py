"""The QRISK3 formula against figures its authors published."""

import ibis
import pyarrow as pa
import pytest

from phm.risk.explanations import HEALTHY
from phm.risk.qrisk3 import qrisk3

# Scores of a healthy person by age, sex and ethnic group: reference values 2018 of ClinRisk's own software.
REFERENCE = [
    ("F", 25, 1, 0.111006), ("M", 25, 1, 0.080972), ("F", 40, 1, 0.789754), ("M", 40, 1, 1.351771),
    ("F", 64, 1, 7.153463), ("M", 64, 1, 11.170877), ("F", 84, 1, 33.339485), ("M", 84, 1, 39.932272),
    ("F", 84, 3, 50.939904), ("M", 84, 4, 57.920527), ("F", 25, 9, 0.093541), ("M", 25, 7, 0.054254),
]  # fmt: skip


def scores(rows: list[dict]) -> list[float]:
    con = ibis.duckdb.connect(threads=1)
    numbered = [{"number": number, **HEALTHY, **row} for number, row in enumerate(rows)]
    found = qrisk3(con.create_table("people", pa.Table.from_pylist(numbered))).to_pyarrow().to_pylist()
    return [row["qrisk3"] for row in sorted(found, key=lambda row: row["number"])]


def test_reference_scores_of_healthy_people():
    people = [{"sex": sex, "age": age, "ethnicity": ethnicity} for sex, age, ethnicity, _ in REFERENCE]
    assert scores(people) == pytest.approx([expected for *_, expected in REFERENCE], abs=6e-7)


def test_first_published_vector():
    # 64-year-old Indian woman of 80 kg and 178 cm with 180 mm Hg (SD 20) and a ratio of 4: 17.2% (QRISK3, 2019).
    person = {"sex": "F", "age": 64, "ethnicity": 2, "bmi": 80 / 1.78**2, "systolic": 180.0, "systolic_sd": 20.0}
    assert round(scores([person])[0], 1) == 17.2


def test_people_of_neither_sex_have_no_row():
    assert scores([{"sex": "I", "age": 50, "ethnicity": 1}]) == []

"""What else `phm` computes beside the answers of others: scores, weights, identifiers and published counts.

Each function reads one file of the collection, as `tests.real.agreement` does for statistics.
"""

import csv
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from phm.feeds import row_sql
from phm.governance.labels import first_labels, shown
from phm.risk.multimorbidity import CAMBRIDGE, CATEGORIES
from phm.risk.qrisk3_inputs import ETHNICITIES
from phm.synthetic.calibration import published_figures
from tests.real.agreement import Agreement, furthest
from tests.real.test_qrisk3 import answers, scored

_COMBINED = [1.87, 7.08]
"""Two published denominators that the project's table holds as one share."""


def qrisk3_program(folder: Path) -> Agreement:
    name = "qrisk3_c_battery_part.csv"
    kinds = {"female": "sex_female", "smoking": "smoke_cat0", "from_one": False}
    found = scored(answers(folder / "qrisk3" / name, "qrisk3_c_score", **kinds, bmi=lambda v: float(v["bmi"])))
    pairs = [([row["qrisk3"] for row in found], [row["expected"] for row in found])]
    note = "Scores of its authors' own program in full precision."
    return Agreement(f"qrisk3/{name}", "QRISK3", len(found), *furthest(pairs), 1e-9, note=note)


def qrisk3_vectors(folder: Path) -> Agreement:
    name = "QRISK3_2019_test.csv"

    def bmi(vector: dict) -> float:
        return float(vector["weight"]) / (float(vector["height"]) / 100) ** 2

    kinds = {"female": "gender", "smoking": "smoke_cat", "from_one": True}
    found = scored(answers(folder / "qrisk3" / name, "QRISK_C_algorithm_score", **kinds, bmi=bmi))
    pairs = [([round(row["qrisk3"], 1) for row in found], [row["expected"] for row in found])]
    note = "Published to one decimal; body mass index from height and weight, as its column in the file is stale."
    return Agreement(f"qrisk3/{name}", "QRISK3", len(found), *furthest(pairs), 0.0, note=note)


def redaction(folder: Path) -> Agreement:
    name = "opensafely_redact7_round5_expected.csv"
    table = pd.read_csv(folder / "disclosure" / name)
    truth = table["true_count"].to_numpy(dtype=np.int64)
    ours = shown(truth, first_labels(truth, np.zeros(len(truth), dtype=bool))).astype("Float64").to_numpy(dtype=float)
    pairs = [(ours, pd.to_numeric(table["published"], errors="coerce"))]
    return Agreement(f"disclosure/{name}", "counts as the rule alone shows them", len(table), *furthest(pairs), 0.0)


def nhs_numbers(folder: Path) -> Agreement:
    name = "nhs_number_vectors.csv"
    with (folder / "identifiers" / name).open(newline="", encoding="utf-8") as file:
        rows = [(row["nhs_number"].replace(" ", "").replace("-", ""), row) for row in csv.DictReader(file)]
    with duckdb.connect() as con:
        con.execute(row_sql.IS_NHS_NUMBER)
        ours = [con.execute("SELECT is_nhs_number(?::VARCHAR)", [text]).fetchone()[0] for text, _ in rows]
    pairs = [(ours, [row["source_says_valid"] == "1" for _, row in rows])]
    return Agreement(f"identifiers/{name}", "check digits of NHS numbers", len(rows), *furthest(pairs), 0.0)


def ethnic_groups(folder: Path) -> Agreement:
    name = "ethnicity_2001_to_qrisk3.csv"
    table = pd.read_csv(folder / "identifiers" / name, dtype={"nhs_2001_code": "string"})
    ours = [next((g for g, codes in ETHNICITIES.items() if code in codes), 1) for code in table["nhs_2001_code"]]
    pairs = [(ours, table["qrisk3_ethrisk_1to9"])]
    return Agreement(f"identifiers/{name}", "QRISK3's ethnic groups", len(table), *furthest(pairs), 0.0)


def multimorbidity_weights(folder: Path) -> Agreement:
    name = "cms_20_general_outcome.csv"
    table = pd.read_csv(folder / "comorbidity" / name)
    pairs = [([weight for weight, _ in CAMBRIDGE.values()], table["weight"])]
    note = "In the order of the file. Read in published code, unverified against the paper."
    return Agreement(f"comorbidity/{name}", "Cambridge score", len(table), *furthest(pairs), 0.0, note=note)


def frailty_categories(folder: Path) -> Agreement:
    name = "efi_categories.csv"
    table = pd.read_csv(folder / "comorbidity" / name).set_index("category")["efi_from_exclusive"].dropna()
    pairs = [([CATEGORIES[category] for category in table.index], table)]
    what = "where categories of the frailty index begin"
    skipped = {"fit begins at 0": 1}
    return Agreement(f"comorbidity/{name}", what, len(table) + 1, *furthest(pairs), 0.0, skipped)


def calibration(folder: Path) -> Agreement:
    name = "published_figures.csv"
    published = pd.read_csv(folder / "calibration" / name)["value"].astype(float)
    ours = [f.value for f in published_figures() if not f.source.startswith("QOF") and f.confidence != "derived"]
    pairs = [(sorted([*ours, *_COMBINED]), sorted(published))]
    note = "That the figures the synthetic population is held against are those published; how near it comes is what "
    note += "`phm synth report` prints."
    return Agreement(
        f"calibration/{name}", "figures to calibrate by", len(published), *furthest(pairs), 1e-9, note=note
    )


CHECKS = (
    qrisk3_program,
    qrisk3_vectors,
    redaction,
    nhs_numbers,
    ethnic_groups,
    multimorbidity_weights,
    frailty_categories,
    calibration,
)
"""Every file that `phm` implements besides statistics, with its comparison."""

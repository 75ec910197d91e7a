"""The modelled columns of `person_risk`: the probability, its range, and what raised it most, in words.

Belongs here: what is said to a clinician about one person's probability. It is for people nobody has measured for a
year (`landmarks.is_unmeasured`) and empty for everybody else, and for everybody while no model is switched on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table

from phm.risk.landmarks import PREDICTORS, is_unmeasured

if TYPE_CHECKING:  # scikit-learn is loaded where a model is switched on
    from phm.risk.artefact import Artefact
    from phm.risk.undiagnosed import Fitted

REASONS = 3
RAISED_FROM = 0.1
"""Smallest addition to the log odds worth naming: odds 10% higher (local)."""

BATCH = 100_000
SCHEMA = pa.schema(
    [
        ("person_id", pa.string()),
        ("modelled_probability", pa.float64()),
        ("modelled_probability_lower", pa.float64()),
        ("modelled_probability_upper", pa.float64()),
        *((f"modelled_raised_by_{number}", pa.string()) for number in range(1, REASONS + 1)),
    ]
)

UNNAMED = "a factor not named on lists"


def _whole(values: pd.Series, /, *, decimals: int = 0) -> pd.Series:
    return values.round(decimals).map(f"{{:.{decimals}f}}".format, na_action="ignore").astype("str")


FACTS: dict[str, tuple[tuple[str, ...], Callable[[pd.DataFrame], pd.Series | str]]] = {
    "age": (("age",), lambda t: "age " + _whole(t["age"])),
    "bmi": (("bmi",), lambda t: "BMI " + _whole(t["bmi"], decimals=1)),
    "reading": (
        ("latest_bp_systolic", "latest_bp_diastolic", "latest_bp_days", "systolic_day_count_5y"),
        lambda t: "last reading " + _whole(t["latest_bp_systolic"]) + "/" + _whole(t["latest_bp_diastolic"]),
    ),
    "raised": (("latest_clinic_raised_days",), lambda t: "a raised reading before"),
    "smoking": (("smoking_status",), lambda t: t["smoking_status"].map({"current": "smokes", "ex": "ex-smoker"})),
    "deprivation": (("imd_decile",), lambda t: UNNAMED),
    "diabetes": (("has_diabetes",), lambda t: "diabetes"),
    "hba1c": (("hba1c",), lambda t: "HbA1c " + _whole(t["hba1c"])),
    "kidney": (("has_ckd",), lambda t: "chronic kidney disease"),
    "heart": (("has_ischaemic_heart_disease",), lambda t: "ischaemic heart disease"),
    "stroke": (("has_stroke_tia",), lambda t: "stroke or TIA"),
    "family": (("has_family_history_cvd",), lambda t: "family history of cardiovascular disease"),
    "pregnancy": (("has_gestational_hypertension",), lambda t: "raised blood pressure in an earlier pregnancy"),
    "medicine": (("has_drug_raising_bp",), lambda t: "a medicine that can raise blood pressure"),
    "cholesterol": (
        ("cholesterol_ratio",), lambda t: "cholesterol ratio " + _whole(t["cholesterol_ratio"], decimals=1)
    ),
    "care": (("emergency_attendance_count_12m", "registered_months"), lambda t: UNNAMED),
}  # fmt: skip
"""Predictors that are named together, and what lists call them. A fact that is not recorded of a person is no reason.

Sex and ethnic group are no reasons: a person is compared with somebody of the same. Deprivation and how care was used
are never named on lists.
"""

REFERENCE = {
    "age": 40, "bmi": 25.0, "latest_bp_systolic": np.nan, "latest_bp_diastolic": np.nan, "latest_bp_days": np.nan,
    "systolic_day_count_5y": 0, "latest_clinic_raised_days": np.nan, "smoking_status": "never", "imd_decile": 6,
    "has_diabetes": False, "hba1c": np.nan, "has_ckd": False, "has_ischaemic_heart_disease": False,
    "has_stroke_tia": False, "has_family_history_cvd": False, "has_gestational_hypertension": False,
    "has_drug_raising_bp": False, "cholesterol_ratio": np.nan, "emergency_attendance_count_12m": 0,
    "registered_months": 60,
}  # fmt: skip
"""Who a person is compared with, fact by fact: 40, BMI 25, never smoked, never measured, nothing recorded (local)."""


def with_modelled(risk: Table, person_feature: Table, artefact: Artefact | None, /) -> Table:
    """`risk` with the modelled columns; all empty without an artefact."""
    if artefact is None:
        kinds = ibis.Schema.from_pyarrow(SCHEMA)
        return risk.mutate(**{name: ibis.null(kinds[name]) for name in SCHEMA.names[1:]})
    eligible = person_feature.filter(is_unmeasured(person_feature)).select("person_id", *PREDICTORS)
    batches = pa.Table.from_batches(_batches(eligible, artefact), SCHEMA)
    return risk.left_join(ibis.memtable(batches), "person_id").drop("person_id_right")


def _batches(eligible: Table, artefact: Artefact) -> Iterator[pa.RecordBatch]:
    for batch in eligible.to_pyarrow_batches(chunk_size=BATCH):
        if batch.num_rows:
            columns = described(batch.to_pandas(), artefact)
            yield from pa.Table.from_pandas(columns, schema=SCHEMA, preserve_index=False).to_batches()


def described(people: pd.DataFrame, artefact: Artefact, /) -> pd.DataFrame:
    """The columns of `SCHEMA` of people with the predictors, one row each, in the same order.

    The range is that of people with about the same probability: the share of them in whom routine care found raised
    usual pressures, with its 95% interval, in the year the model was tested on. It is no interval of one person's.
    """
    p = artefact.fitted.predict(people)
    bins = artefact.record["bins"]
    at = np.minimum(np.searchsorted([one["highest"] for one in bins], p), len(bins) - 1)
    lower, upper = (np.array([one[end] for one in bins])[at] for end in ("lower", "upper"))
    reasons = raised_by(people, artefact.fitted)
    return pd.DataFrame(
        {
            "person_id": people["person_id"],
            "modelled_probability": p.round(3),
            "modelled_probability_lower": np.minimum(lower, p).round(3),
            "modelled_probability_upper": np.maximum(upper, p).round(3),
            **{f"modelled_raised_by_{n}": reasons[n - 1] for n in range(1, REASONS + 1)},
        }
    )


def raised_by(people: pd.DataFrame, fitted: Fitted, /) -> list[np.ndarray]:
    """What raised each person's probability most, second and third most, in words; None where nothing did.

    A fact's part is how much lower the log odds were with the reference value in its place and all else as it is.
    """
    from phm.risk.undiagnosed import numbers

    own = fitted.log_odds(numbers(people))
    names = list(FACTS)
    parts = np.column_stack(
        [own - fitted.log_odds(numbers(people.assign(**{c: REFERENCE[c] for c in FACTS[n][0]}))) for n in names]
    )
    words = np.column_stack([_words(people, name) for name in names])
    parts[words == ""] = -np.inf
    order = np.argsort(-parts, axis=1, kind="stable")[:, :REASONS]
    rows = np.arange(len(people))[:, None]
    said = np.where(parts[rows, order] >= RAISED_FROM, words[rows, order], None)
    return list(said.T)


def _words(people: pd.DataFrame, name: str) -> np.ndarray:
    """What lists say of a fact; '' where it is not recorded of a person."""
    (column, *_), said = FACTS[name]
    value = people[column]
    is_there = value.notna() & (value.astype(bool) if value.dtype == bool else True)
    words = pd.Series(said(people), index=people.index)
    return np.where(is_there & words.notna(), words, "")

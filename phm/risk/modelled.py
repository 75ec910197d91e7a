"""The modelled columns of `person_risk`: the probability, its range, and what raised it most, in words.

Belongs here: what is said to a clinician about one person's probability. It is for adults without a hypertension code
(`landmarks.speaks_of`) and empty for everybody else, and for everybody while no model is switched on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr.types import Table

from phm.risk.landmarks import LATEST, PREDICTORS, SUMS, known

if TYPE_CHECKING:  # scikit-learn is loaded where a model is switched on
    from phm.risk.artefact import Artefact
    from phm.risk.undiagnosed import Fitted

REASONS = 3
RAISED_FROM = 0.1
"""Smallest addition to the log odds worth naming: odds 10% higher (local)."""

DECIMALS = 3
"""Of probabilities on record: more would promise what nobody knows."""

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
    "readings": (
        (*LATEST, *SUMS),
        lambda t: "readings, the last " + _whole(t["latest_bp_systolic"]) + "/" + _whole(t["latest_bp_diastolic"]),
    ),
    "treated": (("bp_drug_issue_count_12m",), lambda t: "a blood pressure medicine issued"),
    "smoking": (("smoking_status",), lambda t: t["smoking_status"].map({"current": "smokes", "ex": "ex-smoker"})),
    "deprivation": (("imd_decile",), lambda t: UNNAMED),
    "diabetes": (("has_diabetes",), lambda t: "diabetes"),
    "kidney": (("has_ckd",), lambda t: "chronic kidney disease"),
    "heart": (("has_ischaemic_heart_disease",), lambda t: "ischaemic heart disease"),
    "stroke": (("has_stroke_tia",), lambda t: "stroke or TIA"),
    "family": (("has_family_history_cvd",), lambda t: "family history of cardiovascular disease"),
    "pregnancy": (("has_gestational_hypertension",), lambda t: "raised blood pressure in an earlier pregnancy"),
    "medicine": (("has_drug_raising_bp",), lambda t: "a medicine that can raise blood pressure"),
}  # fmt: skip
"""Predictors that are named together, and what lists call them. A fact that is not recorded of a person is no reason.

Sex and ethnic group are no reasons: a person is compared with somebody of the same. Deprivation is never named on
lists.
"""

REFERENCE = {
    **dict.fromkeys(LATEST, np.nan), **dict.fromkeys(SUMS, 0),
    "age": 40, "bmi": 25.0, "smoking_status": "never", "imd_decile": 6, "has_diabetes": False, "has_ckd": False,
    "has_ischaemic_heart_disease": False, "has_stroke_tia": False, "has_family_history_cvd": False,
    "has_gestational_hypertension": False, "has_drug_raising_bp": False, "bp_drug_issue_count_12m": 0,
}  # fmt: skip
"""Who a person is compared with, fact by fact: 40, BMI 25, never smoked, never measured, nothing recorded (local)."""


def with_modelled(
    risk: Table, event: Table, person_feature: Table, artefact: Artefact | None, /, *, until: date
) -> Table:
    """`risk` with the modelled columns, of `core_event` up to the reference date; all empty without an artefact."""
    if artefact is None:
        kinds = ibis.Schema.from_pyarrow(SCHEMA)
        return risk.mutate(**{name: ibis.null(kinds[name]) for name in SCHEMA.names[1:]})
    eligible = known(event, person_feature, until=until).select("person_id", *PREDICTORS, *LATEST, *SUMS)
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
            "modelled_probability": p.round(DECIMALS),
            "modelled_probability_lower": np.minimum(lower, p).round(DECIMALS),
            "modelled_probability_upper": np.maximum(upper, p).round(DECIMALS),
            **{f"modelled_raised_by_{n}": reasons[n - 1] for n in range(1, REASONS + 1)},
        }
    )


def raised_by(people: pd.DataFrame, fitted: Fitted, /) -> list[np.ndarray]:
    """What raised each person's probability most, second and third most, in words; None where nothing did.

    A fact's part is how much lower the log odds were with the reference value in its place and all else as it is.
    """
    own = fitted.log_odds(people)
    names = list(FACTS)
    parts = np.column_stack(
        [own - fitted.log_odds(people.assign(**{c: REFERENCE[c] for c in FACTS[n][0]})) for n in names]
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
    is_there = value.notna() & (value != 0)
    words = pd.Series(said(people), index=people.index)
    return np.where(is_there & words.notna(), words, "")

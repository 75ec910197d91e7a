"""The model of unmeasured hypertension: how likely somebody nobody has measured has usual pressures of 140/90 or more.

Belongs here: what is fitted, how it is chosen and calibrated, and how it predicts. It learns from people as known on an
earlier day (`landmarks`), of whom routine care measured some; they are weighted up to stand for all (inverse
probability of measurement), and chance is taken out of what was found (`usual_pressure`). A simple and a flexible model
are compared by cross-validation over practices, and the simple one is kept unless the other is clearly better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

from phm.errors import ConfigurationError
from phm.risk.performance import calibration
from phm.risk.usual_pressure import chance_of_hypertension

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

CONTINUOUS = (
    "age", "age_of_men", "bmi", "latest_bp_systolic", "latest_bp_diastolic", "latest_bp_days", "systolic_day_count_5y",
    "latest_clinic_raised_days", "imd_decile", "cholesterol_ratio", "hba1c", "emergency_attendance_count_12m",
    "registered_months",
)  # fmt: skip
GROUPS = {
    "sex": ("M",),
    "ethnicity_group": ("mixed", "asian", "black", "other", "unknown"),
    "smoking_status": ("current", "ex", "unknown"),
}
"""Levels that have a column of their own; a level not named is the one compared with."""
FLAGS = (
    "has_diabetes", "has_ckd", "has_ischaemic_heart_disease", "has_stroke_tia", "has_family_history_cvd",
    "has_gestational_hypertension", "has_drug_raising_bp",
)  # fmt: skip
KNOTS = {
    "age": (25, 45, 65, 80),
    "age_of_men": (25, 45, 65, 80),
    "bmi": (20, 24, 28, 32),
    "latest_bp_systolic": (105, 120, 135, 150),
    "latest_bp_diastolic": (60, 70, 80, 90),
}
"""Where lines may bend. The last bends have many people beyond them: a few must not turn a high risk low."""

FEWEST_MEASURED, FEWEST_PRACTICES = 300, 3
FOLDS = 5
LARGEST_WEIGHT = 10.0
"""Nobody stands for more than this many times the usual number of people."""


@dataclass(frozen=True)
class Fitted:
    """A calibrated model: `predict` gives probabilities."""

    name: str
    pipeline: Pipeline
    intercept: float
    slope: float

    def predict(self, people: pd.DataFrame, /) -> np.ndarray:
        """The modelled probability of each row; `people` has the predictors (`landmarks.PREDICTORS`)."""
        return expit(self.log_odds(numbers(people)))

    def log_odds(self, described: pd.DataFrame, /) -> np.ndarray:
        """The same as calibrated log odds, of rows that `numbers` made."""
        raw = np.clip(self.pipeline.predict_proba(described)[:, 1], 1e-6, 1 - 1e-6)
        return self.intercept + self.slope * logit(raw)


@dataclass(frozen=True)
class Comparison:
    """How one candidate did on practices it had not seen."""

    name: str
    loss: float
    """Mean log loss, weighted."""
    worse_by: float
    """More loss than the best."""
    standard_error: float
    """Of `worse_by`."""


def numbers(people: pd.DataFrame, /) -> pd.DataFrame:
    """The predictors as numbers, not known as NaN: one row is one person."""
    is_male = (people["sex"] == "M").to_numpy()
    age = people["age"].to_numpy(float)
    columns = {name: people[name].to_numpy(float) for name in CONTINUOUS if name != "age_of_men"}
    columns |= {"age_of_men": np.where(is_male, age, 50.0)}
    for name, levels in GROUPS.items():
        columns |= {f"{name}_{level}": (people[name] == level).to_numpy(float) for level in levels}
    columns |= {name: people[name].to_numpy(float) for name in FLAGS}
    return pd.DataFrame({name: columns[name] for name in sorted(columns)})


def candidates() -> dict[str, Pipeline]:
    """What is compared, the simplest first."""
    known = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    knots = np.array(list(KNOTS.values()), float).T
    curve = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        SplineTransformer(knots=knots, degree=1, extrapolation="linear"),
    )
    columns = ColumnTransformer(
        [("curves", curve, list(KNOTS)), ("straight", known, list(CONTINUOUS))],
        remainder="passthrough",
    )
    boosted = HistGradientBoostingClassifier(
        learning_rate=0.04, max_iter=150, max_leaf_nodes=8, min_samples_leaf=60, l2_regularization=5.0, random_state=1
    )
    # To a tree -1, below every value there is, is as good a missing value as any; empty columns are not refused.
    filled = SimpleImputer(strategy="constant", fill_value=-1.0, keep_empty_features=True)
    return {
        "logistic regression with splines": make_pipeline(
            columns, StandardScaler(), LogisticRegression(C=0.3, max_iter=2000)
        ),
        "histogram gradient boosting": make_pipeline(filled, boosted),
    }


def measured(people: pd.DataFrame, /) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Those of a landmark who were measured, how many people each stands for, and their chance of hypertension.

    The weight is the inverse of the chance of being measured, by a logistic model of the predictors over everybody,
    as multiples of the mean.
    """
    described = numbers(people)
    was_measured = people["is_diagnosed"].notna().to_numpy()
    if was_measured.sum() < FEWEST_MEASURED or people["practice_code"].nunique() < FEWEST_PRACTICES:
        raise ConfigurationError(
            f"A model needs {FEWEST_MEASURED} people measured in a year, in {FEWEST_PRACTICES} practices or more",
            name=f"{was_measured.sum()} people of {people['practice_code'].nunique()} practices",
            hint="Train it on a larger area, or on one whose practices deliver more years of readings.",
        )
    simple = candidates()["logistic regression with splines"].fit(described, was_measured)
    chance = simple.predict_proba(described)[was_measured, 1]
    weight = np.minimum(was_measured.mean() / chance, LARGEST_WEIGHT)
    found = people[was_measured].reset_index(drop=True)
    design = simple[:-1].transform(described[was_measured])
    return found, weight / weight.mean(), chance_of_hypertension(found, design, weight)


def train(people: pd.DataFrame, /) -> tuple[Fitted, list[Comparison]]:
    """The model to keep and how the candidates compared; `people` are the rows of one or more landmarks.

    Kept is the simplest whose loss on practices not seen is within one standard error of the best. Its calibration is
    fitted to the predictions for those practices.
    """
    found, weight, chance = measured(people)
    described = numbers(found)
    practices = found["practice_code"].to_numpy()
    folds = list(GroupKFold(min(FOLDS, len(np.unique(practices)))).split(described, groups=practices))
    unseen = {}
    for name, candidate in candidates().items():
        raw = np.empty(len(found))
        for learn, judge in folds:
            fitted = fit(candidate, described.iloc[learn], chance[learn], weight[learn])
            raw[judge] = fitted.predict_proba(described.iloc[judge])[:, 1]
        unseen[name] = np.clip(raw, 1e-6, 1 - 1e-6)
    losses = {name: -(chance * np.log(p) + (1 - chance) * np.log(1 - p)) for name, p in unseen.items()}
    compared = compare(losses, weight)
    kept = next(c.name for c in compared if c.worse_by <= c.standard_error)
    line = calibration(unseen[kept], chance, weight)
    return Fitted(kept, fit(candidates()[kept], described, chance, weight), line.intercept, line.slope), compared


def compare(losses: dict[str, np.ndarray], weight: np.ndarray, /) -> list[Comparison]:
    """Each candidate's loss against the best, in the order given."""
    share = weight / weight.sum()
    best = min(losses, key=lambda name: share @ losses[name])
    compared = []
    for name, loss in losses.items():
        excess = loss - losses[best]
        worse_by = float(share @ excess)
        error = float(np.sqrt((share**2) @ (excess - worse_by) ** 2))
        compared.append(Comparison(name, float(share @ loss), worse_by, error))
    return compared


def fit(candidate: Pipeline, described: pd.DataFrame, chance: np.ndarray, weight: np.ndarray, /) -> Pipeline:
    """The candidate fitted to chances: each person counts with it as hypertensive, with the rest as not."""
    both = pd.concat([described, described], ignore_index=True)
    outcome = np.repeat([1, 0], len(described))
    share = np.concatenate([weight * chance, weight * (1 - chance)])
    model: ClassifierMixin = candidate.steps[-1][1]
    return candidate.fit(both, outcome, **{f"{type(model).__name__.lower()}__sample_weight": share})

"""The model of undiagnosed hypertension: how likely an adult without a code has usual pressures of 140/90 or more.

Belongs here: what is fitted, how it is chosen and calibrated, and how it predicts. What a person's own readings say
(`usual_pressure`) is one predictor of several. It learns from people as known on earlier days (`landmarks`), of whom
routine care measured some in the year after; they are weighted up to stand for all (inverse probability of
measurement), and chance is taken out of what was found. A simple and a flexible model are compared by cross-validation
over practices, and the simple one is kept unless the other is clearly better.
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
from phm.risk.performance import calibration, level
from phm.risk.usual_pressure import UsualPressure

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

CONTINUOUS = ("age", "bmi", "imd_decile")
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
OTHER_REASONS = ("has_diabetes", "has_ckd", "has_ischaemic_heart_disease", "has_stroke_tia")
"""Conditions for which blood pressure medicines are issued without hypertension."""
KNOTS = {
    "readings_say": (-6, -4, -2, -1, 0, 1, 2),
    "age": (25, 45, 65, 80),
    "age_of_men": (25, 45, 65, 80),
    "bmi": (20, 24, 28, 32),
}
"""Where lines may bend. The last bends have many people beyond them: a few must not turn a high risk low."""
MOST_DAYS = 8
"""Days with a reading that are told apart."""

FEWEST_MEASURED, FEWEST_PRACTICES = 300, 3
FOLDS = 5
LARGEST_WEIGHT = 10.0
"""Nobody stands for more than this many times the usual number of people."""


@dataclass(frozen=True)
class Fitted:
    """A calibrated model: `predict` gives probabilities."""

    name: str
    usual: UsualPressure
    pipeline: Pipeline
    intercept: float
    slope: float

    def predict(self, people: pd.DataFrame, /) -> np.ndarray:
        """The modelled probability of each row; `people` has the columns of `landmarks.known`."""
        return expit(self.log_odds(people))

    def log_odds(self, people: pd.DataFrame, /) -> np.ndarray:
        """The same as calibrated log odds."""
        raw = np.clip(self.pipeline.predict_proba(numbers(people, self.usual))[:, 1], 1e-6, 1 - 1e-6)
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


def numbers(people: pd.DataFrame, usual: UsualPressure, /) -> pd.DataFrame:
    """The predictors as numbers, not known as NaN: one row is one person."""
    is_male = (people["sex"] == "M").to_numpy()
    says = logit(np.clip(usual.known(people).chance(), 1e-5, 1 - 1e-5))
    days = {kind: people[f"{kind}_days"].to_numpy(float) for kind in ("clinic", "average")}
    is_unread = days["clinic"] + days["average"] == 0
    is_treated = people["bp_drug_issue_count_12m"].to_numpy(float) > 0
    columns = {name: people[name].to_numpy(float) for name in CONTINUOUS}
    columns |= {
        "readings_say": says,
        "likes_say": np.where(is_unread, says, 0.0),
        "is_unread": is_unread.astype(float),
        **{f"{kind}_days": np.minimum(of, MOST_DAYS) for kind, of in days.items()},
        "age_of_men": np.where(is_male, columns["age"], 50.0),
        "is_treated": is_treated.astype(float),
        "is_treated_otherwise": (is_treated & people[list(OTHER_REASONS)].any(axis=1).to_numpy()).astype(float),
    }
    for name, levels in GROUPS.items():
        columns |= {f"{name}_{level}": (people[name] == level).to_numpy(float) for level in levels}
    columns |= {name: people[name].to_numpy(float) for name in FLAGS}
    return pd.DataFrame({name: columns[name] for name in sorted(columns)})


def candidates() -> dict[str, Pipeline]:
    """What is compared, the simplest first."""
    curves = [
        (
            name,
            make_pipeline(
                SimpleImputer(strategy="median", keep_empty_features=True),
                SplineTransformer(knots=np.array(knots, float)[:, None], degree=1, extrapolation="linear"),
            ),
            [name],
        )
        for name, knots in KNOTS.items()
    ]
    known = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    columns = ColumnTransformer([*curves, ("straight", known, ["bmi", "imd_decile"])], remainder="passthrough")
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


@dataclass(frozen=True)
class Measured:
    """Those of one or more landmarks whom routine care measured in the year after, one row each."""

    people: pd.DataFrame
    weight: np.ndarray
    """How many people each stands for, as multiples of the mean."""
    chance: np.ndarray
    """Of hypertension, given what was known and what was found."""


def measured(people: pd.DataFrame, usual: UsualPressure, /) -> Measured:
    """Those of a landmark who were measured.

    The weight is the inverse of the chance of being measured, by a logistic model of the predictors over everybody.
    """
    described = numbers(people, usual)
    was_measured = people["is_diagnosed"].notna().to_numpy()
    if was_measured.sum() < FEWEST_MEASURED or people["practice_code"].nunique() < FEWEST_PRACTICES:
        raise ConfigurationError(
            f"A model needs {FEWEST_MEASURED} people measured in a year, in {FEWEST_PRACTICES} practices or more",
            name=f"{was_measured.sum()} people of {people['practice_code'].nunique()} practices",
            hint="Train it on a larger area, or on one whose practices deliver more years of readings.",
        )
    simple = candidates()["logistic regression with splines"].fit(described, was_measured)
    likely = simple.predict_proba(described)[was_measured, 1]
    weight = np.minimum(was_measured.mean() / likely, LARGEST_WEIGHT)
    weight = weight / weight.mean()
    found = people[was_measured].reset_index(drop=True)
    return Measured(found, weight, usual.found(found))


def train(landmarks: list[pd.DataFrame], /) -> tuple[Fitted, list[Comparison]]:
    """The model to keep and how the candidates compared, from the rows of one or more landmarks.

    Kept is the simplest whose loss on practices not seen is within one standard error of the best. Its calibration is
    fitted to the predictions for those practices. It may make predictions less bold and not bolder: the chances it is
    fitted to began with what a person's readings said, and to follow them further would be to believe that twice.
    """
    usual = UsualPressure.learned(pd.concat(landmarks, ignore_index=True))
    parts = [measured(people, usual) for people in landmarks]
    found = pd.concat([part.people for part in parts], ignore_index=True)
    weight = np.concatenate([part.weight for part in parts])
    chance = np.concatenate([part.chance for part in parts])
    described = numbers(found, usual)
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
    lines = (line.intercept, line.slope) if line.slope < 1 else (level(unseen[kept], chance, weight), 1.0)
    return Fitted(kept, usual, fit(candidates()[kept], described, chance, weight), *lines), compared


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

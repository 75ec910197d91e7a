"""How good probabilities are: discrimination, calibration, net benefit and drift, of weighted people.

Belongs here: the statistics that a model card, the monthly check and an evaluation share. Outcomes are chances from 0
to 1, as nobody's usual pressure is known for sure; a truth of 0 or 1 is a chance too.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

Z = 1.959964


@dataclass(frozen=True)
class Line:
    """Calibration on the scale of log odds: 0 and 1 where probabilities are right."""

    intercept: float
    slope: float
    slope_error: float
    """Standard error of the slope, robust to weights."""

    @property
    def slope_interval(self) -> tuple[float, float]:
        """95% interval of the slope."""
        return self.slope - Z * self.slope_error, self.slope + Z * self.slope_error


def calibration(p: np.ndarray, outcome: np.ndarray, weight: np.ndarray | None = None, /) -> Line:
    """The logistic line of the outcome on the log odds of `p` (Cox 1958), by Newton's method."""
    weight = np.ones(len(p)) if weight is None else weight
    x = np.column_stack([np.ones(len(p)), logit(np.clip(p, 1e-6, 1 - 1e-6))])
    beta = np.array([0.0, 1.0])
    for _ in range(50):
        fitted = expit(x @ beta)
        # The least of ridges: it changes no result, and where outcomes leave no doubt there still is a step.
        information = (x.T * (weight * fitted * (1 - fitted))) @ x + 1e-9 * weight.sum() * np.eye(2)
        step = np.linalg.solve(information, x.T @ (weight * (outcome - fitted)))
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            break
    score = x * (weight * (outcome - expit(x @ beta)))[:, None]
    inverse = np.linalg.inv(information)
    return Line(float(beta[0]), float(beta[1]), float(np.sqrt((inverse @ (score.T @ score) @ inverse)[1, 1])))


def level(p: np.ndarray, outcome: np.ndarray, weight: np.ndarray, /) -> float:
    """What to add to the log odds of `p` so that as many are predicted as are found."""
    x = logit(np.clip(p, 1e-6, 1 - 1e-6))
    added = 0.0
    for _ in range(50):
        fitted = expit(x + added)
        step = (weight @ (outcome - fitted)) / (weight @ (fitted * (1 - fitted)))
        added += float(np.clip(step, -2, 2))
        if abs(step) < 1e-10:
            break
    return added


def discrimination(p: np.ndarray, outcome: np.ndarray, weight: np.ndarray, /, *, draws: int = 200) -> tuple[float, ...]:
    """Area under the ROC curve, and its 95% interval by drawing people again (a fixed seed: the same every time)."""
    rng = np.random.default_rng(1)
    samples = [np.arange(len(p)), *(rng.integers(0, len(p), len(p)) for _ in range(draws))]
    areas = [_area(p[at], outcome[at], weight[at]) for at in samples]
    return areas[0], float(np.quantile(areas[1:], 0.025)), float(np.quantile(areas[1:], 0.975))


def _area(p: np.ndarray, outcome: np.ndarray, weight: np.ndarray) -> float:
    twice = np.concatenate([p, p])
    share = np.concatenate([weight * outcome, weight * (1 - outcome)])
    return float(roc_auc_score(np.repeat([1, 0], len(p)), twice, sample_weight=share))


def net_benefit(p: np.ndarray, outcome: np.ndarray, weight: np.ndarray, threshold: float, /) -> float:
    """Net true positives per person if everybody from this probability were measured (Vickers and Elkin 2006)."""
    chosen = weight * (p >= threshold)
    harm = threshold / (1 - threshold)
    return float((chosen @ outcome - harm * (chosen @ (1 - outcome))) / weight.sum())


@dataclass(frozen=True)
class Bin:
    """People of about the same probability: the mean predicted, the share found and its 95% interval (Wilson)."""

    highest: float
    predicted: float
    found: float
    lower: float
    upper: float


def bins(p: np.ndarray, outcome: np.ndarray, weight: np.ndarray, /, *, count: int = 10) -> list[Bin]:
    """Bins of equally many people in order of probability, fewer where there are under 50 a bin."""
    count = max(1, min(count, len(p) // 50))
    order = np.argsort(p, kind="stable")
    made = []
    for at in np.array_split(order, count):
        share = weight[at] / weight[at].sum()
        found = float(share @ outcome[at])
        # People who stand for many tell less: the number that counts is Kish's effective sample size.
        n = 1 / (share @ share)
        middle = (found + Z**2 / (2 * n)) / (1 + Z**2 / n)
        reach = Z * np.sqrt(found * (1 - found) / n + Z**2 / (4 * n * n)) / (1 + Z**2 / n)
        made.append(Bin(float(p[at].max()), float(share @ p[at]), found, float(middle - reach), float(middle + reach)))
    return made


def population_stability(then: np.ndarray, now: np.ndarray, /) -> float:
    """Population stability index of two distributions over the same classes: 0 alike, above 0.25 another population."""
    then, now = np.maximum(then, 1e-4), np.maximum(now, 1e-4)
    return float(((now - then) * np.log(now / then)).sum())

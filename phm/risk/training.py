"""From published tables to a model judged on a later year: the run behind `phm model train` and the monthly check.

Belongs here: which years teach, which year judges, and what is kept of the judgement (the record of the artefact).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table

from phm.risk.landmarks import landmark
from phm.risk.performance import bins, calibration, discrimination, net_benefit, population_stability
from phm.risk.undiagnosed import Comparison, Fitted, measured, numbers, train
from phm.risk.usual_pressure import UsualPressure

TRAINED_YEARS_BEFORE, TESTED_YEARS_BEFORE = (3, 2), 1
"""The model learns from people as known three and two years before the month, and is tested on one year before."""

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
CLASSES = 10
FEWEST_SHOWN = 50
"""Smallest group of measured people a card or a check says anything about."""

SLOPE_LIMITS = (0.8, 1.25)
RATIO_LIMITS = (0.8, 1.25)
STABILITY_LIMIT = 0.25
"""Beyond these the monthly check asks for a new model (local; 0.25 is the usual limit of the stability index)."""

AGE_BANDS = [18, 30, 40, 50, 60, 70, 80, 121]


@dataclass(frozen=True)
class Trained:
    """A model with how its candidates compared and what the test year says of it."""

    fitted: Fitted
    compared: list[Comparison]
    record: Mapping[str, Any]


def train_and_test(event: Table, person: Table, /, *, reference_date: date) -> Trained:
    """A model of the people of `core_event` and `core_person`, with the record kept beside it."""
    *earlier, later = (
        people_of(event, person, reference_date=reference_date, years_before=years)
        for years in (*TRAINED_YEARS_BEFORE, TESTED_YEARS_BEFORE)
    )
    fitted, compared = train(earlier)
    record = {
        "candidates": [asdict(one) for one in compared],
        "trained": _counts(pd.concat(earlier)),
        "distribution": distribution(pd.concat(earlier), fitted.usual),
        **judged_on(fitted, later),
    }
    return Trained(fitted, compared, record)


def people_of(event: Table, person: Table, /, *, reference_date: date, years_before: int) -> pd.DataFrame:
    """The rows of a landmark, in an order of their own so that the same rows give the same model."""
    rows = landmark(event, person, reference_date=reference_date, years_before=years_before)
    return rows.order_by("person_id").drop("person_id").to_pyarrow().to_pandas()


def judged_on(fitted: Fitted, people: pd.DataFrame, /) -> dict[str, Any]:
    """What a year of routine care says of the model: calibration, discrimination, net benefit, groups."""
    of = measured(people, fitted.usual)
    found, weight, chance = of.people, of.weight, of.chance
    p = fitted.predict(found)
    line = calibration(p, chance, weight)
    area, lower, upper = discrimination(p, chance, weight)
    return {
        "tested": _counts(people),
        "auc": {"value": area, "lower": lower, "upper": upper},
        "slope": {"value": line.slope, "lower": line.slope_interval[0], "upper": line.slope_interval[1]},
        "predicted": float(np.average(p, weights=weight)),
        "found": float(np.average(chance, weights=weight)),
        "bins": [asdict(one) for one in bins(p, chance, weight)],
        "net_benefit": [
            {
                "threshold": threshold,
                "model": net_benefit(p, chance, weight, threshold),
                "everybody": net_benefit(np.ones(len(p)), chance, weight, threshold),
            }
            for threshold in THRESHOLDS
        ],
        "groups": _groups(found, p, chance, weight),
    }


Spread = dict[str, dict[str, list[float]]]


def distribution(people: pd.DataFrame, usual: UsualPressure, /, *, edges: Mapping[str, Any] | None = None) -> Spread:
    """How each predictor is spread: `edges` of ten classes (those given, or its own tenths) and the share in each.

    The last share is of people of whom it is not known.
    """
    spread = {}
    for name, values in numbers(people, usual).items():
        known = values.dropna()
        at = edges[name]["edges"] if edges else np.unique(known.quantile(np.linspace(0, 1, CLASSES + 1)[1:-1])).tolist()
        classes = np.bincount(np.searchsorted(at, known, side="right"), minlength=len(at) + 1)
        shares = np.append(classes, len(values) - len(known)) / max(len(values), 1)
        spread[name] = {"edges": list(at), "shares": shares.tolist()}
    return spread


@dataclass(frozen=True)
class Watched:
    """What the monthly check found: figures, and each limit that is passed, in words. `problems` empty: all is well."""

    figures: Mapping[str, float]
    problems: list[str]


def watch(fitted: Fitted, record: Mapping[str, Any], people: pd.DataFrame, /) -> Watched:
    """The model held against the year before this month: is it still calibrated, and are people still alike?

    `people` are the rows of the landmark a year before. A problem asks for a new model; nothing is recalibrated in
    silence.
    """
    judged = judged_on(fitted, people)
    then = record["distribution"]
    now = distribution(people, fitted.usual, edges=then)
    drift = {n: population_stability(np.array(then[n]["shares"]), np.array(now[n]["shares"])) for n in now}
    furthest = max(drift, key=drift.__getitem__)
    slope, ratio = judged["slope"], judged["found"] / judged["predicted"]
    problems = []
    if slope["upper"] < SLOPE_LIMITS[0] or slope["lower"] > SLOPE_LIMITS[1]:
        problems.append(f"calibration slope {slope['value']:.2f}, wanted {SLOPE_LIMITS[0]} to {SLOPE_LIMITS[1]}")
    if not RATIO_LIMITS[0] <= ratio <= RATIO_LIMITS[1]:
        problems.append(f"found {ratio:.2f} times what was predicted, wanted {RATIO_LIMITS[0]} to {RATIO_LIMITS[1]}")
    if drift[furthest] > STABILITY_LIMIT:
        problems.append(f"{furthest} is spread otherwise than in training (stability index {drift[furthest]:.2f})")
    figures = {
        "slope": slope["value"],
        "found_over_predicted": ratio,
        "auc": judged["auc"]["value"],
        "largest_stability_index": drift[furthest],
    }
    return Watched(figures, problems)


def _counts(people: pd.DataFrame) -> dict[str, int]:
    """How many people, to the nearest 5."""
    was_measured = people["is_diagnosed"].notna()
    return {
        "people": _rounded(len(people)),
        "measured": _rounded(was_measured.sum()),
        "practices": people["practice_code"].nunique(),
    }


def _groups(found: pd.DataFrame, p: np.ndarray, chance: np.ndarray, weight: np.ndarray) -> list[dict[str, Any]]:
    """Predicted and found in each group of at least `FEWEST_SHOWN` measured people."""
    by = {
        "last reading": found["is_unmeasured"].map({True: "over a year before, or none", False: "in the year before"}),
        "sex": found["sex"],
        "age": pd.cut(found["age"], AGE_BANDS, right=False).map(lambda b: f"{b.left}-{b.right - 1}").astype("str"),
        "ethnicity": found["ethnicity_group"],
        "deprivation quintile": found["imd_quintile"].astype("Int64").astype("str"),
    }
    rows = []
    for kind, values in by.items():
        for value, at in sorted(values.groupby(values).indices.items()):
            if len(at) >= FEWEST_SHOWN:
                line = calibration(p[at], chance[at], weight[at])
                rows.append(
                    {
                        "group": f"{kind} {value}",
                        "measured": _rounded(len(at)),
                        "predicted": float(np.average(p[at], weights=weight[at])),
                        "found": float(np.average(chance[at], weights=weight[at])),
                        "slope": line.slope,
                        "slope_lower": line.slope_interval[0],
                        "slope_upper": line.slope_interval[1],
                    }
                )
    return rows


def _rounded(count: int) -> int:
    return int(5 * round(count / 5))

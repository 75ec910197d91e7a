"""What the generator's own probabilities say of each person given the readings on record: the best there is to know.

Belongs here: Bayes' rule with the numbers people were made with, for `phm evaluate` to hold rankings against. Chances
are summed over usual systolic pressure, how much a person's readings vary and a white coat; diastolic pressure is exact
given those. What is true of people alike (`truth.py`: their mean, spread, and how their hypertension comes to be known)
is known; what is true of the person is not. That nothing is coded says something too: a raised reading might have led
to a diagnosis. Left out, because it changes no ranking by more than chance: rounding, and what conditions and
medicines say beyond readings. No model that a site could use may read any of this.
"""

from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from phm.core.blood_pressure import outside_maternity
from phm.synthetic.diagnosis import Course
from phm.synthetic.moments import YEARS, Span
from phm.synthetic.pressure import (
    CHANCE_ON_DIASTOLIC,
    COAT_ON_DIASTOLIC,
    DIASTOLIC_CHANCE,
    DIASTOLIC_SPREAD,
    ON_SYSTOLIC,
    RISE_A_YEAR,
    RISE_ON_DIASTOLIC,
    WHITE_COAT,
    WHITE_COATS,
    chance_of_hypertension,
    chance_of_raised,
    is_raised,
)
from phm.synthetic.readings import AVERAGE_BELOW, AVERAGE_CHANCE, IN_HOSPITAL
from phm.synthetic.tenancies import anchor_day, day_number

_FALL_A_YEAR = (RISE_A_YEAR, RISE_ON_DIASTOLIC * RISE_A_YEAR)
_ROUNDING = 1.06
"""Variance that rounding to 1, 2 or 10 mm Hg adds."""

_SYSTOLIC = np.linspace(-4.2, 4.2, 61)
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(3)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_BATCH = 5_000

_SUMS = ("n", "s", "d", "ss", "sd", "dd")


def recorded(event: ir.Table, /, *, reference_date: date) -> pd.DataFrame:
    """Readings of each person as sums, in terms of untreated clinic pressure today: indexed by `person_id`.

    `clinic_*` are of the clinic and hospitals, `average_*` of home and ambulatory averages: number, sums of both arms,
    of their squares and products. `raised_days` counts days with a raised reading of the clinic. Readings of a
    pregnancy and the 8 weeks after it are left out.
    """
    known = event.filter(event.event_date <= reference_date)
    reading = known.filter(known.concept == "blood_pressure", known.setting != "maternity")
    reading = reading.select("person_id", "event_date", "setting", "systolic", "diastolic")
    reading = outside_maternity(reading, known)
    rows = reading.order_by(reading.columns).to_pyarrow().to_pandas()
    days = (pd.Timestamp(reference_date) - pd.to_datetime(rows["event_date"])).dt.days
    years = np.clip(days.to_numpy() / 365.25, 0, YEARS)
    is_average = rows["setting"].isin(["home", "ambulatory"]).to_numpy()
    added = np.where(rows["setting"] == "acute_hospital", IN_HOSPITAL, 0)
    arms = {
        "s": np.where(is_average, AVERAGE_BELOW[0], _FALL_A_YEAR[0] * years - added) + rows["systolic"],
        "d": np.where(is_average, AVERAGE_BELOW[1], _FALL_A_YEAR[1] * years - added / 2) + rows["diastolic"],
    }
    s, d = arms["s"].astype(float), arms["d"].astype(float)
    each = pd.DataFrame(dict(zip(_SUMS, (1.0, s, d, s * s, s * d, d * d), strict=True)), index=rows.index)
    each["kind"], each["person_id"] = np.where(is_average, "average", "clinic"), rows["person_id"]
    sums = each.groupby(["person_id", "kind"]).sum().unstack("kind", fill_value=0.0)
    sums.columns = [f"{kind}_{name}" for name, kind in sums.columns]
    wanted = [f"{kind}_{name}" for kind in ("clinic", "average") for name in _SUMS]
    of_clinic = rows[(rows["setting"] == "clinic") & is_raised(rows["systolic"], rows["diastolic"])]
    raised_days = of_clinic.groupby("person_id")["event_date"].nunique()
    return sums.reindex(columns=wanted, fill_value=0.0).assign(raised_days=raised_days).fillna({"raised_days": 0})


def best_known(event: ir.Table, truth: pd.DataFrame, /, *, reference_date: date) -> np.ndarray:
    """`posterior` of the people of `truth`, from their `core_event`."""
    return posterior(truth, recorded(event, reference_date=reference_date), reference_date=reference_date)


def posterior(truth: pd.DataFrame, readings: pd.DataFrame, /, *, reference_date: date) -> np.ndarray:
    """Chance that each person has hypertension nobody has coded, given their readings, in the order of `truth`.

    Parameters
    ----------
    truth
        The truth of people without a code (`TRUTH_SCHEMA`), indexed by `person_id`. What is true of a person and not
        of people alike is not used, but for how `systolic_variability` is spread over all.
    readings
        What `recorded` made of their events.
    """
    sums = readings.reindex(truth.index).fillna(0.0)
    age, log_variability = truth["age"].to_numpy(float), np.log(truth["systolic_variability"].to_numpy(float))
    curve = np.vander(age / 50, 4)
    expected = curve @ np.linalg.lstsq(curve, log_variability)[0]
    typical, varies = np.exp(expected), float((log_variability - expected).std())
    anchor, began = anchor_day(reference_date), Span.of_record(day_number(reference_date)).after
    first = Span.of_window(anchor).after
    unseen_share = (began - first) / (anchor - first)
    parts = []
    for at in range(0, len(truth), _BATCH):
        batch = slice(at, at + _BATCH)
        parts.append(_chances(truth.iloc[batch], sums.iloc[batch], typical[batch], varies, unseen_share))
    return np.concatenate(parts)


def _chances(
    truth: pd.DataFrame, sums: pd.DataFrame, typical: np.ndarray, varies: float, unseen_share: float
) -> np.ndarray:
    """`posterior` of some people: one row a person, one column a node of systolic pressure."""

    def true(name: str) -> np.ndarray:
        return truth[name].to_numpy(float)[:, None]

    mean, spread, below = true("expected_systolic"), true("systolic_spread"), true("expected_diastolic")
    course = Course(
        told_log_odds=true("told_log_odds"),
        coded=true("coded_chance"),
        labelled=true("labelled_chance"),
        leads=true("raised_leads_chance"),
        visits=true("expected_visits"),
    )
    n, s, d, ss, sd, dd = (sums[f"clinic_{name}"].to_numpy()[:, None] for name in _SUMS)
    average_n, average_s, average_d, average_ss, _, _ = (sums[f"average_{name}"].to_numpy()[:, None] for name in _SUMS)
    seen = sums["raised_days"].to_numpy()[:, None]
    usual = mean + spread * _SYSTOLIC
    diastolic = below + ON_SYSTOLIC * (usual - mean)
    width = spread * (_SYSTOLIC[1] - _SYSTOLIC[0])
    by_average = -(average_ss - 2 * usual * average_s + average_n * usual**2) / (2 * AVERAGE_CHANCE[0] ** 2)
    before = -(_SYSTOLIC**2) / 2 + by_average

    noise = DIASTOLIC_CHANCE**2 + _ROUNDING
    precision = 1 / DIASTOLIC_SPREAD**2 + n / noise + average_n / AVERAGE_CHANCE[1] ** 2
    coats = [(0.0, 1 - WHITE_COATS)]
    coats += [
        (WHITE_COAT[0] + WHITE_COAT[1] * node, WHITE_COATS * share)
        for node, share in zip(_NODES, _WEIGHTS, strict=True)
    ]
    logs, undiagnosed, others = [], [], []
    for coat, coat_share in coats:
        middle = usual + coat
        squares = ss - 2 * middle * s + n * middle**2
        # Diastolic readings less what moves with systolic ones lie around usual diastolic pressure.
        shift = COAT_ON_DIASTOLIC * coat - CHANCE_ON_DIASTOLIC * middle
        left = d - CHANCE_ON_DIASTOLIC * s - n * shift
        left_squares = dd - 2 * CHANCE_ON_DIASTOLIC * sd + CHANCE_ON_DIASTOLIC**2 * ss
        left_squares = left_squares - 2 * shift * (d - CHANCE_ON_DIASTOLIC * s) + n * shift**2
        given = (diastolic / DIASTOLIC_SPREAD**2 + left / noise + average_d / AVERAGE_CHANCE[1] ** 2) / precision
        fits = given**2 * precision / 2 - diastolic**2 / (2 * DIASTOLIC_SPREAD**2) - left_squares / (2 * noise)
        by_systolic, has = chance_of_hypertension(usual, given, width, 1 / np.sqrt(precision))
        raised = chance_of_raised(usual, given, typical[:, None], coat)
        at = np.maximum(usual, 140 * (by_systolic > 0)), given
        missed = has * course.uncoded(*at, raised, seen=seen, unseen_share=unseen_share)
        other = (1 - has) * (1 - course.labelled)
        for node, share in zip(_NODES, _WEIGHTS, strict=True):
            variance = (typical[:, None] * np.exp(varies * node)) ** 2 + _ROUNDING
            log = before + fits + np.log(coat_share * share) - n / 2 * np.log(variance) - squares / (2 * variance)
            logs.append(log)
            undiagnosed.append(missed)
            others.append(other)
    highest = np.max([log.max(axis=1) for log in logs], axis=0)[:, None]
    weights = [np.exp(log - highest) for log in logs]
    missed, other = (
        sum((weight * part).sum(axis=1) for weight, part in zip(weights, parts, strict=True))
        for parts in (undiagnosed, others)
    )
    return missed / (missed + other)

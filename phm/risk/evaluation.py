"""Does it find people? Rankings judged on the truth of a synthetic place, at equal numbers of appointments.

Belongs here: who may be invited, the four ways to choose whom, and what each finds. The truth is read in `truth_of` and
nowhere else; nothing learned here reaches a model that a site could use.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from ibis.expr.types import Table
from scipy.special import logit
from sklearn.model_selection import GroupKFold

from phm.core.blood_pressure import SETTINGS
from phm.errors import UnreadableFeed
from phm.governance.pseudonyms import Pseudonymiser
from phm.risk.landmarks import PREDICTORS, YOUNGEST, is_unmeasured
from phm.risk.performance import calibration
from phm.risk.undiagnosed import Fitted, candidates, fit, numbers

CONTACTS_PER_40_000 = (500, 1_000, 2_000)
RANDOM_FROM = 40
MODEL_ORDERS = ("recheck", "stale_raised", "not_measured")
"""Tiers without a recent raised reading: the model orders these, with everybody it has a probability for."""

READINGS = (
    "raised_day_count_24m", "latest_average_systolic", "latest_average_diastolic", "latest_average_days",
    "latest_clinic_raised_systolic", "latest_clinic_raised_diastolic", "latest_stage_2_days",
    "latest_stage_2_systolic", "bp_drug_issue_count_12m",
)  # fmt: skip
WAYS = {
    "random": "random invitation from 40",
    "usual": "usual search: last reading raised, no code",
    "pipeline": "this pipeline: tiers, then model",
    "best": "best any ranking could do",
}
TRUTH_COLUMNS = ("nhs_number", "has_hypertension", "is_diagnosed", "undiagnosed_probability")
GROUPS = {
    "sex": "sex",
    "age_band": "age",
    "ethnicity_group": "ethnicity",
    "imd_quintile": "quintile",
    "pcn_code": "PCN",
}


@dataclass(frozen=True)
class Yield:
    """What one way finds with a number of contacts: people, the contacts made, and the share of all there are."""

    way: str
    contacts: int
    found: float
    share: float

    @property
    def needed(self) -> float:
        """Contacts for one person found."""
        return self.contacts / self.found if self.found else float("inf")


def truth_of(path: Path, pseudonymiser: Pseudonymiser, /) -> pd.DataFrame:
    """The truth about each person of a synthetic place: `person_id, is_undiagnosed, generator_probability`.

    Raises
    ------
    UnreadableFeed
        The file is none of this project's truth files.
    """
    try:
        truth = pq.read_table(path, columns=list(TRUTH_COLUMNS)).to_pandas()
    except (OSError, ValueError) as error:
        raise UnreadableFeed(
            "The truth cannot be read", name=str(path), hint="`phm synth` writes it beside the deliveries, in truth/."
        ) from error
    truth = truth.drop_duplicates("nhs_number")
    return pd.DataFrame(
        {
            "person_id": pseudonymiser.person_ids(truth["nhs_number"].tolist()).to_pandas(),
            "is_undiagnosed": (truth["has_hypertension"] & ~truth["is_diagnosed"]).to_numpy(),
            "generator_probability": truth["undiagnosed_probability"].to_numpy(),
        }
    )


def invitable(person_feature: Table, member: Table, /, *, cohort_id: str) -> Table:
    """One row is one adult who may be invited: no hypertension code, and nothing that speaks against it.

    Left out for every way alike are pregnancy, palliative care, a white-coat code, a normal home or ambulatory average
    in 12 months, follow-up under way in 56 days: nobody finds these by an invitation. The list of the cohort
    in `member` gives `tier` and `tier_order`, empty for who is not on it.
    """
    f = person_feature
    normal_average = (
        (f.latest_average_systolic < 135) & (f.latest_average_diastolic < 85) & (f.latest_average_days <= 365)
    )
    barred = (
        (f.latest_bp_in_progress_days <= 56).fill_null(False)
        | normal_average.fill_null(False)
        | f.latest_white_coat_date.notnull()
    )
    set_apart = f.has_hypertension | f.is_pregnant | f.is_postpartum | f.has_palliative_care
    people = f.filter(f.is_registered & f.is_alive & (f.age >= YOUNGEST) & ~set_apart & ~barred)
    limits = {end: {name: t.raised[arm] for name, t in SETTINGS.items()} for arm, end in enumerate(("sys", "dia"))}
    raised = (people.latest_bp_systolic >= _limit(people, limits["sys"])) | (
        people.latest_bp_diastolic >= _limit(people, limits["dia"])
    )
    listed = member.filter(member.cohort_id == cohort_id, member.output == "list")
    columns = dict.fromkeys(("person_id", "practice_code", "pcn_code", "imd_quintile", *PREDICTORS, *READINGS))
    kept = people.select(*columns, is_raised=raised.fill_null(False), is_unmeasured=is_unmeasured(people))
    return kept.left_join(listed.select("person_id", "tier", "tier_order"), "person_id").drop("person_id_right")


def _limit(people: Table, limits: Mapping[str, int]) -> ibis.expr.types.IntegerValue:
    return people.latest_bp_setting.cases(*limits.items(), else_=140)


def pipeline_order(people: pd.DataFrame, p: np.ndarray, /) -> np.ndarray:
    """Positions of `people` as the pipeline ranks them; `p` is the modelled probability, NaN where there is none.

    First the tiers with a recent raised reading, by tier and pressure; then everybody else by the model, and last who
    has neither.
    """
    is_tiered = people["tier"].notna() & ~people["tier"].isin(MODEL_ORDERS)
    tier = np.where(is_tiered, people["tier_order"].fillna(0), 1_000)
    by_pressure = -people["latest_bp_systolic"].fillna(0).to_numpy(float)
    within = np.where(is_tiered, by_pressure, -np.nan_to_num(p, nan=-1.0))
    return np.lexsort((people["person_id"].to_numpy(str), within, tier))


def best_orders(people: pd.DataFrame, is_true: np.ndarray, generator: np.ndarray, /) -> list[np.ndarray]:
    """The best rankings of what is recorded that could be found: taught the truth itself, and what the generator knew.

    They use every reading and the generator's own probability for people alike, and are fitted on other practices only.
    The generator knows true weight and ethnic group, not the recorded ones, so no honest ranking can do better.
    """
    described = numbers(people)
    described[list(READINGS)] = people[list(READINGS)].fillna(0).to_numpy(float)
    described["generator"] = logit(np.clip(generator, 1e-6, 1 - 1e-6))
    ones = np.ones(len(people))
    practices = people["practice_code"].to_numpy()
    folds = GroupKFold(min(5, len(np.unique(practices)))).split(described, groups=practices)
    scores = {name: np.empty(len(people)) for name in candidates()}
    for learn, judge in folds:
        for name, candidate in candidates().items():
            fitted = fit(candidate, described.iloc[learn], is_true[learn].astype(float), ones[learn])
            scores[name][judge] = fitted.predict_proba(described.iloc[judge])[:, 1]
    return [np.argsort(-score, kind="stable") for score in scores.values()]


def yields(people: pd.DataFrame, is_true: np.ndarray, p: np.ndarray, generator: np.ndarray, contacts: list[int], /):
    """What each way finds at each number of contacts, and whom the pipeline contacts at each."""
    total = is_true.sum()
    eligible = people["age"].to_numpy() >= RANDOM_FROM
    raised = people["is_raised"].to_numpy(bool)
    order = pipeline_order(people, p)
    best = best_orders(people, is_true, generator)
    made = []
    for n in contacts:
        found = {
            "random": min(n, eligible.sum()) * is_true[eligible].mean(),
            "usual": min(n, raised.sum()) * is_true[raised].mean(),
            "pipeline": is_true[order[:n]].sum(),
            "best": max(is_true[one[:n]].sum() for one in best),
        }
        made += [Yield(way, n, float(count), float(count / total)) for way, count in found.items()]
    return made, order


def group_table(people: pd.DataFrame, is_true: np.ndarray, order: np.ndarray, contacts: list[int], /) -> pd.DataFrame:
    """One row is one group at one number of contacts: how many the pipeline contacts and finds there, of how many."""
    bands = pd.cut(people["age"], [18, 40, 60, 80, 121], right=False, labels=["18-39", "40-59", "60-79", "80+"])
    grouped = people.assign(age_band=bands.astype("str"), is_true=is_true)
    rows = []
    for n in contacts:
        grouped["is_contacted"] = np.isin(np.arange(len(people)), order[:n])
        for column, kind in GROUPS.items():
            for value, group in grouped.groupby(column):
                found = int((group["is_contacted"] & group["is_true"]).sum())
                count = int(group["is_contacted"].sum())
                rows.append((n, kind, str(value), count, found, int(group["is_true"].sum())))
    return pd.DataFrame(rows, columns=["contacts", "kind", "group", "contacted", "found", "there"])


def calibration_on_truth(people: pd.DataFrame, is_true: np.ndarray, fitted: Fitted, /) -> pd.DataFrame:
    """One row is one person the model speaks of: group columns, `p` and `is_true`, to pool over places."""
    at = people["is_unmeasured"].to_numpy(bool)
    of = people.loc[at, ["sex", "imd_quintile"]]
    return of.assign(p=fitted.predict(people[at]), is_true=is_true[at].astype(float))


def slopes(judged: pd.DataFrame, /) -> pd.DataFrame:
    """Calibration slope on the truth in all, by sex and by quintile, with predicted and true means."""
    rows = []
    groups = {"all": judged}
    groups |= {f"sex {value}": g for value, g in judged.groupby("sex") if value in ("F", "M")}
    groups |= {f"quintile {value:.0f}": g for value, g in judged.groupby("imd_quintile")}
    for name, group in groups.items():
        line = calibration(group["p"].to_numpy(), group["is_true"].to_numpy())
        rows.append((name, len(group), group["p"].mean(), group["is_true"].mean(), line.slope, *line.slope_interval))
    return pd.DataFrame(rows, columns=["group", "people", "predicted", "true", "slope", "lower", "upper"])

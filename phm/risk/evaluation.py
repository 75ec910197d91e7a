"""Does it find people? Rankings judged on the truth of a synthetic place, at equal numbers of appointments.

Belongs here: the ways to choose whom to invite, and what each finds. The truth is read in `truth_of` and nowhere else;
nothing learned here reaches a model that a site could use. Who may be invited, and the pipeline's own order, are in
`ranking`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from phm.errors import UnreadableFeed
from phm.governance.pseudonyms import Pseudonymiser
from phm.risk.performance import calibration
from phm.risk.ranking import pipeline_order

CONTACTS_PER_40_000 = (500, 1_000, 2_000)
RANDOM_FROM = 40
WAYS = {
    "random": "random invitation from 40",
    "usual": "usual search: last reading raised, no code",
    "list": "the lists from the top: by tier",
    "pipeline": "this pipeline: urgent tiers, then the modelled probability",
    "best": "best any ranking could do",
}
TRUTH_COLUMNS = ("nhs_number", "has_hypertension", "is_diagnosed", "lives_a_story")
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


def truth_of(path: Path, pseudonymiser: Pseudonymiser, /) -> pd.DataFrame:
    """The truth about each person of a synthetic place, indexed by `person_id`, with `is_undiagnosed`.

    Raises
    ------
    UnreadableFeed
        The file is none of this project's truth files.
    """
    try:
        truth = pq.read_table(path).to_pandas()
    except (OSError, ValueError) as error:
        raise _unreadable(path) from error
    if not set(TRUTH_COLUMNS) <= set(truth.columns):
        raise _unreadable(path)
    truth = truth.drop_duplicates("nhs_number", ignore_index=True)
    truth["person_id"] = pseudonymiser.person_ids(truth["nhs_number"].tolist()).to_pandas()
    truth["is_undiagnosed"] = truth["has_hypertension"] & ~truth["is_diagnosed"]
    return truth.drop(columns="nhs_number").set_index("person_id")


def _unreadable(path: Path) -> UnreadableFeed:
    return UnreadableFeed(
        "The truth cannot be read", name=str(path), hint="`phm synth` writes it beside the deliveries, in truth/."
    )


def list_order(people: pd.DataFrame, /) -> np.ndarray:
    """Positions of `people` who are on a list, all lists from the top together: by tier, then by place on the list."""
    listed = np.flatnonzero(people["tier_order"].notna())
    on = people.iloc[listed]
    return listed[np.lexsort((on["person_id"].to_numpy(str), on["rank"], on["tier_order"]))]


def orders(people: pd.DataFrame, p: np.ndarray, best: np.ndarray, /) -> dict[str, np.ndarray]:
    """Positions of `people` in the order each way contacts them; `best` is the chance the generator would give."""
    return {
        "list": list_order(people),
        "pipeline": pipeline_order(people, p),
        "best": np.argsort(-best, kind="stable"),
    }


def yields(
    people: pd.DataFrame, is_true: np.ndarray, ordered: dict[str, np.ndarray], contacts: list[int], /
) -> list[Yield]:
    """What each way finds at each number of contacts; chance decides the order of the ways not in `ordered`."""
    total = is_true.sum()
    eligible = people["age"].to_numpy() >= RANDOM_FROM
    raised = people["is_raised"].to_numpy(bool)
    made = []
    for n in contacts:
        found = {
            "random": min(n, eligible.sum()) * is_true[eligible].mean(),
            "usual": min(n, raised.sum()) * is_true[raised].mean(),
            **{way: is_true[order[:n]].sum() for way, order in ordered.items()},
        }
        made += [Yield(way, n, float(count), float(count / total)) for way, count in found.items()]
    return made


def group_table(
    people: pd.DataFrame, is_true: np.ndarray, ordered: dict[str, np.ndarray], contacts: list[int], /
) -> pd.DataFrame:
    """One row is one group, one way and one number of contacts: how many are contacted and found, of how many there."""
    bands = pd.cut(people["age"], [18, 40, 60, 80, 121], right=False, labels=["18-39", "40-59", "60-79", "80+"])
    grouped = people.assign(age_band=bands.astype("str"), is_true=is_true)
    rows = []
    for way, order in ordered.items():
        for n in contacts:
            grouped["is_contacted"] = np.isin(np.arange(len(people)), order[:n])
            for column, kind in GROUPS.items():
                for value, group in grouped.groupby(column):
                    found = int((group["is_contacted"] & group["is_true"]).sum())
                    count = int(group["is_contacted"].sum())
                    rows.append((way, n, kind, str(value), count, found, int(group["is_true"].sum())))
    return pd.DataFrame(rows, columns=["way", "contacts", "kind", "group", "contacted", "found", "there"])


def slopes(judged: pd.DataFrame, /) -> pd.DataFrame:
    """Calibration slope on the truth in all, by sex and by quintile, with predicted and true means.

    `judged` has one row for each person: `sex`, `imd_quintile`, the modelled probability `p`, and `is_true`.
    """
    rows = []
    groups = {"all": judged}
    groups |= {f"sex {value}": g for value, g in judged.groupby("sex") if value in ("F", "M")}
    groups |= {f"quintile {value:.0f}": g for value, g in judged.groupby("imd_quintile")}
    for name, group in groups.items():
        line = calibration(group["p"].to_numpy(), group["is_true"].to_numpy(float))
        rows.append((name, len(group), group["p"].mean(), group["is_true"].mean(), line.slope, *line.slope_interval))
    return pd.DataFrame(rows, columns=["group", "people", "predicted", "true", "slope", "lower", "upper"])

"""Needs that are measured and what answers them: where the one is high and the other is not there.

Which kind of support answers which need is local practice, for review by those who know the place: `asset_needs.csv`
beside this file is what is shipped, and a site puts its own in its place (setting `asset_needs`). One row says that one
category of community asset answers one need; a need is a published measure, and the group of it that counts. Only
published values are compared.
"""

import csv
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from phm.errors import DefinitionError
from phm.feeds.contracts import load_contract
from phm.governance.disclosure import Published, require_published

SHIPPED_NEEDS = Path(__file__).with_name("asset_needs.csv")
COLUMNS = ("need", "measure_id", "group_value", "category")


@dataclass(frozen=True)
class Need:
    """A published percentage that is a need where it is high, and the categories of assets that answer it."""

    title: str
    measure_id: str
    group_value: str
    categories: tuple[str, ...]


def load_needs(path: Path | None = None, /, *, measures: Collection[str]) -> tuple[Need, ...]:
    """The needs of a file, in its order: of the site's own, or those that are shipped.

    Parameters
    ----------
    measures
        Ids of the measures there are.

    Raises
    ------
    DefinitionError
        The file cannot be read, has other columns, names a measure or a category that does not exist, or says
        something twice.
    """
    path = path or SHIPPED_NEEDS
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError(
            f"The needs that community assets answer cannot be read: {error}",
            name=str(path),
            hint="Set asset_needs to a CSV file in UTF-8.",
        ) from None
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise DefinitionError("The columns are others", name=path.name, hint=f"They are {', '.join(COLUMNS)}.")
    categories = load_contract("community_asset").column("category").valid_values
    found: dict[tuple[str, str, str], list[str]] = {}
    for line, row in enumerate(rows, start=2):
        _check_known(row["measure_id"], measures, f"{path.name}, line {line}, measure_id")
        _check_known(row["category"], categories, f"{path.name}, line {line}, category")
        answers = found.setdefault((row["need"], row["measure_id"], row["group_value"]), [])
        if row["category"] in answers:
            raise DefinitionError(
                "A need is answered by a category twice", name=f"{path.name}, line {line}", hint="Remove the line."
            )
        answers.append(row["category"])
    return tuple(Need(*need, tuple(answers)) for need, answers in found.items())


def _check_known(name: str, known: Collection[str], where: str) -> None:
    if name not in known:
        raise DefinitionError(f"There is no {name!r}", name=where, hint=f"Choose from: {', '.join(sorted(known))}.")


def asset_gaps(published: Published, pcn_asset: pd.DataFrame, /, *, needs: Sequence[Need]) -> pd.DataFrame:
    """One row per PCN, need and category that answers it.

    Columns are `pcn_code, need, category`; `is_higher`, whether the 95% interval of the PCN's value lies above the
    ICB's value; `asset_count`, suitable assets of the category inside its boundary; and `is_gap`, whether the need is
    higher and there is none.
    """
    values = require_published(published)
    suitable = pcn_asset[pcn_asset["is_suitable"].astype(bool)]
    counts = suitable.groupby(["pcn_code", "category"]).size().rename("asset_count").reset_index()
    found = []
    for need in needs:
        rows = values[(values["measure_id"] == need.measure_id) & (values["group_value"] == need.group_value)]
        overall = rows.loc[rows["area_type"] == "icb", "value"]
        pcns = rows[rows["area_type"] == "pcn"]
        is_higher = (pcns["lower"] > overall.iloc[0]).fillna(False) if len(overall) else False
        found += [
            pd.DataFrame({"pcn_code": pcns["area_code"], "is_higher": is_higher}).assign(
                need=need.title, category=category
            )
            for category in need.categories
        ]
    empty = pd.DataFrame(columns=["pcn_code", "is_higher", "need", "category"])
    gaps = pd.concat(found or [empty], ignore_index=True).merge(counts, how="left", on=["pcn_code", "category"])
    gaps["asset_count"] = gaps["asset_count"].fillna(0).astype("int64")
    gaps["is_gap"] = gaps["is_higher"].astype(bool) & gaps["asset_count"].eq(0)
    return gaps[["pcn_code", "need", "category", "is_higher", "asset_count", "is_gap"]]

"""Shares of a fund, or of a number of appointments, by people, by deprivation and by measured gap, side by side.

Everything comes from published `measure_value`, practices too: counts rounded to 5, fewer than 8 withheld. So a share
tells no more than was published already. Where an area's own figure is withheld, the ICB's rate times its people stands
in for it, and the area is marked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import pandas as pd

from phm.errors import ConfigurationError
from phm.governance.disclosure import Published, require_published
from phm.measures.definition import Measure

Level = Literal["practice", "pcn", "place"]
Deprivation = Literal["score", "core20"]

PEOPLE, SCORE, QUINTILES, CORE20 = "list_size", "imd_mean_score", "imd_quintile_share", "1"
FORMULAS = {
    "score": "people registered, times the mean deprivation score of their home areas over that of the ICB",
    "core20": "people registered who live in the fifth of England's areas that are most deprived (Core20)",
}
ROUNDING = (
    "An area's share is the amount times its number over the sum of all areas' numbers, rounded down to whole pounds "
    "or appointments; what is left over goes to the largest remainders."
)
Figures = dict[str, Fraction]
"""One number per area code."""


@dataclass(frozen=True)
class Allocation:
    """Shares of one amount among areas.

    `table` has one row per area: `area_code, area_name`; what shares are in proportion to, `people, deprivation, gap`;
    the shares, `by_people, by_deprivation, by_gap`, whole numbers that add up to the amount exactly; and
    `is_estimated`, whether a withheld figure was estimated. `formulas` says in words what each is in proportion to.
    """

    table: pd.DataFrame
    formulas: dict[str, str]


def allocate(
    published: Published,
    /,
    *,
    amount: int,
    level: Level,
    gaps: Sequence[Measure],
    deprivation: Deprivation = "score",
) -> Allocation:
    """Divide `amount` whole pounds or appointments among the areas of one level of an ICB.

    Parameters
    ----------
    published
        Published `measure_value` of one month and ICB.
    gaps
        Measures whose numerators are people in need of something; they are added up, so somebody counted by two
        measures counts twice.
    deprivation
        `score`: people times the area's mean score over the ICB's. `core20`: people in national quintile 1.

    Raises
    ------
    ConfigurationError
        The amount is below 1, or nobody is in need by one of the formulas.
    """
    if amount < 1:
        raise ConfigurationError("There is nothing to divide", name=str(amount), hint="Give a whole number above 0.")
    values = require_published(published)
    areas = values[(values["area_type"] == level) & (values["measure_id"] == PEOPLE) & (values["group_value"] == "all")]
    areas = areas.sort_values("area_code", ignore_index=True)
    people = dict(zip(areas["area_code"], areas["numerator"].fillna(0).map(int).map(Fraction), strict=True))
    estimated = set(areas.loc[areas["numerator"].isna(), "area_code"])
    if deprivation == "score":
        need = _by_score(values, level, people, estimated)
    else:
        need = _in_need(values, QUINTILES, CORE20, level, people, estimated)
    found = [_in_need(values, measure.id, "all", level, people, estimated) for measure in gaps]
    gap = {code: sum((of[code] for of in found), Fraction()) for code in people}
    bases = {"people": people, "deprivation": need, "gap": gap}
    formulas = {
        "people": "people registered",
        "deprivation": FORMULAS[deprivation],
        "gap": f"people counted by {' + '.join(measure.title for measure in gaps)}",
    }
    table = areas[["area_code", "area_name"]].assign(
        **{name: [float(round(of[code], 1)) for code in areas["area_code"]] for name, of in bases.items()},
        **{f"by_{name}": _shared_out(amount, of, formulas[name]) for name, of in bases.items()},
        is_estimated=areas["area_code"].isin(estimated),
    )
    return Allocation(table, formulas)


def _by_score(values: pd.DataFrame, level: str, people: Figures, estimated: set[str]) -> Figures:
    """People of each area times its score over the ICB's, the ICB's own where the area's is withheld."""
    scores, overall = _published(values, SCORE, "all", level, "value")
    estimated |= people.keys() - scores.keys()
    return {code: n * scores.get(code, overall) / overall for code, n in people.items()}


def _in_need(
    values: pd.DataFrame, measure_id: str, group: str, level: str, people: Figures, estimated: set[str]
) -> Figures:
    """People of each area that a measure counts; where withheld, as many as the ICB has among so many people."""
    counted, overall = _published(values, measure_id, group, level, "numerator")
    _, everybody = _published(values, PEOPLE, "all", level, "numerator")
    estimated |= people.keys() - counted.keys()
    return {code: counted.get(code, n * overall / everybody) for code, n in people.items()}


def _published(values: pd.DataFrame, measure_id: str, group: str, level: str, column: str) -> tuple[Figures, Fraction]:
    """What is shown of the areas, and of the ICB."""
    rows = values[(values["measure_id"] == measure_id) & (values["group_value"] == group)].dropna(subset=[column])
    overall = rows.loc[rows["area_type"] == "icb", column]
    if overall.empty or overall.iloc[0] <= 0:
        raise ConfigurationError(
            "Nothing can be divided by a figure that is not published for the ICB",
            name=measure_id,
            hint="Choose another measure; `phm sql` on measure_value shows what is published.",
        )
    of_level = rows[rows["area_type"] == level]
    figures = {code: Fraction(str(value)) for code, value in of_level[["area_code", column]].itertuples(index=False)}
    return figures, Fraction(str(overall.iloc[0]))


def _shared_out(amount: int, need: Figures, formula: str) -> list[int]:
    """Whole numbers in proportion to `need` that add up to `amount`: the largest remainders get what is left.

    Of equal remainders the first in the order of `need` comes first.

    >>> _shared_out(100, {"a": Fraction(1), "b": Fraction(1), "c": Fraction(1)}, "people")
    [34, 33, 33]
    """
    total = sum(need.values())
    if not total:
        raise ConfigurationError("Nobody is in need", name=formula, hint="Choose another formula.")
    exact = [amount * of / total for of in need.values()]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (shares[i] - exact[i], i))
    for i in by_remainder[: amount - sum(shares)]:
        shares[i] += 1
    return shares

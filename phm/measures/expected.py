"""How many people with hypertension an area's people lead one to expect, from published rates and published counts.

Rates by age and sex are those of surveys that measured everybody (`expected_hypertension.csv`: England, Faculty of
Public Health, Hypertension Ready Reckoner, as reprinted by Devon's joint strategic needs assessment). Deprivation moves
them: people in the most deprived areas are 30% more likely to have high blood pressure than people in the least
deprived (Public Health England, Health Matters: combating high blood pressure, 2017); between the fifths the line is
straight, and all fifths together leave the rate as it is. Only the ratio was published, so it is the same at every age.

Surveys measure on one day, and these are some years old: later ones find less (30% of adults, Health Survey for
England 2021). So what is expected compares areas; it does not count anybody who has hypertension.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from phm.measures.groups import AGE_BANDS, QUINTILES, SEXES
from phm.measures.published_counts import Counts

LIST_SIZE, QUINTILE_SHARE = "list_size", "imd_quintile_share"
MOST_OVER_LEAST_DEPRIVED = 1.3
METHOD = "expected from survey rates by age and sex, moved by deprivation"


def expected_hypertension(shown: Counts, /) -> pd.Series:
    """People expected to have hypertension, by type and code of area; missing where a count it needs is withheld.

    Needs the published counts of `list_size` by sex and five-year band, and of `imd_quintile_share`; people whose sex
    is registered as neither are left out.
    """
    rates = _rates()
    people, _ = shown.table(LIST_SIZE, list(rates.index))
    by_quintile, _ = shown.table(QUINTILE_SHARE, [str(q) for q in QUINTILES])
    shares = by_quintile.div(by_quintile.sum(axis=1, skipna=False), axis=0)
    factor = shares.mul(deprivation_factors(), axis=1).sum(axis=1, skipna=False)
    return people.mul(rates, axis=1).sum(axis=1, skipna=False).mul(factor)


def deprivation_factors() -> pd.Series:
    """What a rate is multiplied by in each fifth of areas, from the most deprived.

    >>> deprivation_factors().round(3).to_dict()
    {'1': 1.13, '2': 1.065, '3': 1.0, '4': 0.935, '5': 0.87}
    """
    line = np.linspace(MOST_OVER_LEAST_DEPRIVED, 1, len(QUINTILES))
    return pd.Series(line / line.mean(), index=[str(q) for q in QUINTILES])


@cache
def _rates() -> pd.Series:
    """Share of people expected to have hypertension by sex and five-year band, of those ages the rates are for."""
    table = pd.read_csv(Path(__file__).with_name("expected_hypertension.csv"))
    starts = np.array([int(band.rstrip("+").partition("-")[0]) for band in AGE_BANDS])
    found = {}
    for row in table.itertuples():
        at = np.flatnonzero((starts >= row.age_from) & (starts <= row.age_to))
        for sex in SEXES.values():
            found |= {f"{sex} {AGE_BANDS[i]}": getattr(row, f"{sex}_pct") / 100 for i in at}
    return pd.Series(found)

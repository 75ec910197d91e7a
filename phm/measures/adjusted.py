"""Values as they would be if areas had people of the same ages, from released counts by age band.

Nothing but published cells goes in, so a reader could compute the same. Where a count is shown as 1 to 7 or 0 to 7 the
value takes the middle and its limits allow for every count it could be; where one is withheld there is no value.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from phm.measures.definition import Measure
from phm.measures.estimates import PER
from phm.measures.groups import AGE_BANDS, QUINTILES, band_name, bands
from phm.measures.published_counts import Counts
from phm.measures.standardised import (
    ESP_2013,
    directly_standardised,
    expected_events,
    indirectly_standardised_rate,
)

DIRECT = "directly standardised for age (ESP 2013), Dobson 95%"
INDIRECT = "indirectly standardised for age to the ICB, Byar's 95%"
ADJUSTED = ["standardised_value", "standardised_lower", "standardised_upper", "standardised_method"]


def standard_people(age_bands: Sequence[tuple[int, int]], /) -> list[float]:
    """People of the European Standard Population 2013 in bands of ages, both ends included.

    Within its five-year bands they are spread evenly.

    >>> standard_people([(18, 29), (85, 120)])
    [14200.0, 2500.0]
    """
    starts = [int(band.rstrip("+").partition("-")[0]) for band in AGE_BANDS]
    by_start = dict(zip(starts, ESP_2013.values(), strict=True))
    by_year = {start + year: people / 5 for start, people in by_start.items() for year in range(5)}
    return [round(sum(people for age, people in by_year.items() if low <= age <= high), 6) for low, high in age_bands]


def directly(shown: Counts, measure: Measure, /) -> pd.DataFrame:
    """Standardised percentage of every area that is shown by age, and of the ICB's fifths by deprivation.

    One row per area and group (`all`, a quintile) with `ADJUSTED`.
    """
    ages = bands(measure.age_from, measure.age_to)
    names, weights = [band_name(*band) for band in ages], standard_people(ages)
    found = [_directly(shown, measure, names, names, weights).assign(group_value="all")]
    for quintile in map(str, QUINTILES):
        of_quintile = [f"{quintile} {name}" for name in names]
        found.append(_directly(shown, measure, of_quintile, names, weights).assign(group_value=quintile))
    return pd.concat(found, ignore_index=True)


def _directly(
    shown: Counts, measure: Measure, groups: list[str], names: list[str], weights: list[float]
) -> pd.DataFrame:
    middle, reach = (table.set_axis(names, axis=1) for table in shown.table(measure.id, groups))
    people = shown.denominators(measure.id, groups).set_axis(names, axis=1)
    value, lowest, highest = (
        directly_standardised(counts, people, weights, multiplier=100)
        for counts in (middle, (middle - reach), (middle + reach).clip(upper=people))
    )
    table = pd.DataFrame(
        {
            "standardised_value": value.value,
            "standardised_lower": np.clip(lowest.lower, 0, None),
            "standardised_upper": np.clip(highest.upper, None, 100),
            "events": value.numerator,
        },
        index=middle.index,
    )
    table = table.where(table.notna().all(axis=1), other=np.nan)
    return table.assign(standardised_method=DIRECT).reset_index()


def indirectly(shown: Counts, measure: Measure, /) -> pd.DataFrame:
    """Standardised rate per 1,000 of every area that is shown by age, with `expected`, the events expected there.

    The ICB's rates of each band, and its rate of all, are what areas are held against.
    """
    names = [band_name(*band) for band in bands(measure.age_from, measure.age_to)]
    events, _ = shown.table(measure.id, names)
    people = shown.denominators(measure.id, names)
    is_icb = people.index.get_level_values("area_type") == "icb"
    of_icb, people_of_icb = events[is_icb].to_numpy()[0], people[is_icb].to_numpy()[0]
    there = np.where(people_of_icb == 0, 1, people_of_icb)  # of a band without people nothing is expected
    expected = pd.Series(expected_events(people, of_icb, there), index=people.index)
    of_all, _ = shown.table(measure.id, ["all"])
    observed = of_all["all"].reindex(people.index)
    crude = observed[is_icb] / shown.denominators(measure.id, ["all"])["all"].reindex(people.index)[is_icb]
    rate = indirectly_standardised_rate(observed, expected, reference_rate=crude.iloc[0], multiplier=PER)
    table = pd.DataFrame(
        {
            "standardised_value": rate.value,
            "standardised_lower": rate.lower,
            "standardised_upper": rate.upper,
            "expected": expected,
            "events": observed,
        },
        index=people.index,
    )
    return table.assign(standardised_method=INDIRECT, group_value="all").reset_index()

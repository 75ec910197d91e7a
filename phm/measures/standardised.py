"""Rates as they would be if areas had people of the same ages. Arrays of areas by age bands in, `Estimates` out.

A band that is missing makes the area's value missing: where a count was withheld, zero would be a lie.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from phm.measures.estimates import Estimates, ratio
from phm.measures.groups import AGE_BANDS
from phm.measures.rates import byars

ESP_2013 = dict(
    zip(
        AGE_BANDS,
        (
            5000,
            5500,
            5500,
            5500,
            6000,
            6000,
            6500,
            7000,
            7000,
            7000,
            7000,
            6500,
            6000,
            5500,
            5000,
            4000,
            2500,
            1500,
            1000,
        ),
        strict=True,
    )
)
"""European Standard Population 2013: people of 100,000 in each five-year age band, both sexes alike.

Source: Eurostat, Revision of the European Standard Population (2013), ages under 1 and 1 to 4 together, 90 to 94 and
95 and over together, as the Office for National Statistics uses it.
"""
FEWEST_EVENTS = 10
"""Below this an area has no directly standardised rate (OHID, as in PHEindicatormethods `calculate_dsr`)."""


def directly_standardised(
    events: ArrayLike,
    populations: ArrayLike,
    weights: ArrayLike,
    /,
    *,
    multiplier: float = 100_000,
    confidence: float = 0.95,
) -> Estimates:
    """Rates areas would have with the standard population's ages, with Dobson's interval.

    Parameters
    ----------
    events, populations
        One row per area, one column per age band.
    weights
        People of the standard population in each band: values of `ESP_2013`, all of them or those of the ages asked
        about. Only their proportions matter.

    The numerator and denominator are the sums over all bands. An area with fewer than 10 events, or a band without
    people, has no value. Source: Dobson, Kuulasmaa, Eberle and Scherer (1991), as in PHEindicatormethods
    `calculate_dsr`; events are taken to be independent.
    """
    counts, people = np.asarray(events, dtype=np.float64), np.asarray(populations, dtype=np.float64)
    counts, people = np.where(counts >= 0, counts, np.nan), np.where(people > 0, people, np.nan)
    share = np.asarray(weights, dtype=np.float64)
    share = share / share.sum()
    total, denominator = counts.sum(axis=-1), people.sum(axis=-1)
    enough = total >= FEWEST_EVENTS
    value = np.where(enough, (share * counts / people).sum(axis=-1), np.nan)
    # Dobson: the crude count's interval, stretched by how much more the weighted sum varies than the count.
    stretch = np.sqrt((share**2 * counts / people**2).sum(axis=-1) / np.where(enough, total, np.nan))
    lower, upper = (value + stretch * (limit - total) for limit in byars(total, confidence=confidence))
    why_not = np.where(total < FEWEST_EVENTS, "fewer than 10 events", "a part is missing or impossible")
    return Estimates(
        total,
        denominator,
        multiplier * value,
        multiplier * lower,
        multiplier * upper,
        f"directly standardised rate per {multiplier:,g}",
        np.where(np.isnan(value), why_not, "Dobson"),
        confidence,
    )


def expected_events(
    populations: ArrayLike, reference_events: ArrayLike, reference_populations: ArrayLike, /
) -> NDArray[np.float64]:
    """Events each area would have had if its people of each age had them as often as the reference's.

    `populations` has one row per area, one column per age band; the reference one number per band.
    """
    rates = np.asarray(reference_events, dtype=np.float64) / np.asarray(reference_populations, dtype=np.float64)
    return (np.asarray(populations, dtype=np.float64) * rates).sum(axis=-1)


def indirectly_standardised_ratio(
    observed: ArrayLike, expected: ArrayLike, /, *, multiplier: float = 100, confidence: float = 0.95
) -> Estimates:
    """Observed over expected events, 100 where they are equal, with Byar's interval, exact below 10 events.

    Two areas' ratios stand on different ages: compare each with the reference, not with each other. Source:
    PHEindicatormethods `calculate_ISRatio`.
    """
    found = ratio(observed, expected, multiplier=multiplier, confidence=confidence)
    return replace(found, statistic=f"indirectly standardised ratio x {multiplier:,g}")


def indirectly_standardised_rate(
    observed: ArrayLike,
    expected: ArrayLike,
    /,
    *,
    reference_rate: float,
    multiplier: float = 100_000,
    confidence: float = 0.95,
) -> Estimates:
    """The reference's crude rate times observed over expected; `reference_rate` is events per person.

    Source: PHEindicatormethods `calculate_ISRate`.
    """
    found = ratio(observed, expected, multiplier=multiplier * reference_rate, confidence=confidence)
    return replace(found, statistic=f"indirectly standardised rate per {multiplier:,g}")

"""Whom measures count and which of their counts a reader can subtract from each other, for the disclosure gate.

Everybody registered is counted once as a total, once by sex and age, and again by measures of some ages, which hold
whole age bands.
"""

from collections.abc import Sequence

import pandas as pd

from phm.expressions.conjuncts import conjuncts
from phm.governance.raw import Tie
from phm.governance.subsets import Group
from phm.measures.definition import Measure
from phm.measures.groups import SEX_AGE_BAND, SEXES, bands_within
from phm.measures.residence import residence_ties


def counted_groups(definitions: Sequence[Measure], /) -> dict[tuple[str, str], Group]:
    """Whom each measure counts, by `numerator` or `denominator` and measure, as `raw.RawCounts` takes it."""
    found: dict[tuple[str, str], Group] = {}
    for measure in definitions:
        ages = (measure.age_from, measure.age_to)
        everybody = conjuncts(measure.denominator.text)
        part = "numerator" if measure.unit == "people" else "denominator"
        found[part, measure.id] = Group(*ages, everybody)
        if measure.numerator is not None:
            found["numerator", measure.id] = Group(*ages, everybody | conjuncts(measure.numerator.text))
    return found


def ties(counts: pd.DataFrame, definitions: Sequence[Measure], /) -> list[Tie]:
    """Ties between the rows of `counts` (see `raw.RawCounts`) that whom they count does not show."""
    areas = list(counts[["area_type", "area_code"]].drop_duplicates().itertuples(index=False, name=None))
    pcn_codes = [code for kind, code in areas if kind == "pcn"]
    found: list[Tie] = []
    for whole in (measure for measure in definitions if measure.count_by == SEX_AGE_BAND):
        found += residence_ties(pcn_codes, whole.id)
        for measure in definitions:
            bands = bands_within(measure.age_from, measure.age_to)
            is_part = (measure.age_from, measure.age_to) != (whole.age_from, whole.age_to)
            if measure.unit != "people" and is_part and bands and measure.denominator.text == whole.denominator.text:
                found += [_bands_inside(whole, measure, bands, area) for area in areas]
    return found


def _bands_inside(whole: Measure, measure: Measure, bands: Sequence[str], area: tuple[str, str]) -> Tie:
    """Whole age bands among the ages a measure counts, in one area."""
    parts = [("numerator", whole.id, *area, f"{sex} {band}") for sex in SEXES.values() for band in bands]
    return ("denominator", measure.id, *area, "1" if measure.share_by else "all"), parts, False

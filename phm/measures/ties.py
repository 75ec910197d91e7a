"""Whom measures count and which of their counts a reader can subtract from each other, for the disclosure gate.

Everybody registered is counted once as a total, once by sex and age, and again by measures of some ages, which hold
whole age bands, in all and by sex or age.
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from phm.expressions.conjuncts import conjuncts
from phm.governance.raw import Tie
from phm.governance.subsets import Group
from phm.measures.definition import Measure
from phm.measures.groups import AGE_BAND, SEX, SEX_AGE_BAND, SEXES, band_name, bands, bands_within, shares
from phm.measures.residence import residence_ties


def counted_groups(definitions: Sequence[Measure], /) -> dict[tuple[str, str], Group]:
    """Whom each measure counts, by `numerator` or `denominator` and measure, as `raw.RawCounts` takes it."""
    found: dict[tuple[str, str], Group] = {}
    for measure in definitions:
        if measure.cascade_of:  # counts the people of earlier lists, whom no condition of this month names
            continue
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
            if measure.unit != "people" and measure.denominator.text == whole.denominator.text:
                groups = [(group, parts) for group, parts in _groups_of_bands(measure, whole) if parts]
                found += [_bands_inside(whole, measure, *group, area) for area in areas for group in groups]
    return found


def _groups_of_bands(measure: Measure, whole: Measure) -> Iterator[tuple[str, list[str]]]:
    """Groups of a measure and the groups by sex and five-year band that lie inside each."""
    ages = (measure.age_from, measure.age_to)
    if ages != (whole.age_from, whole.age_to):  # of the same ages the totals are known to be the same
        everybody = shares(measure.share_by)[0] if measure.share_by else "all"
        yield everybody, [f"{s} {b}" for s in SEXES.values() for b in bands_within(*ages)]
    if SEX in measure.groups:
        for sex in SEXES.values():
            yield sex, [f"{sex} {band}" for band in bands_within(*ages)]
    if AGE_BAND in measure.groups:
        for band in bands(*ages):
            yield band_name(*band), [f"{s} {b}" for s in SEXES.values() for b in bands_within(*band)]


def _bands_inside(whole: Measure, measure: Measure, group: str, parts: Sequence[str], area: tuple[str, str]) -> Tie:
    """Fine groups among the people of one group a measure counts, in one area."""
    figures = [("numerator", whole.id, *area, part) for part in parts]
    return ("denominator", measure.id, *area, group), figures, False

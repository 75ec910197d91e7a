"""Which published counts of different measures a reader can subtract from each other, for the disclosure gate.

Everybody registered is counted once as a total, once by sex and age, and again as the denominator of measures: those of
all ages leave out whom the measure does not ask about, those of some ages hold whole age bands.
"""

from collections.abc import Sequence

import pandas as pd

from phm.governance.disclosure import Figure, Tie
from phm.measures.definition import Measure
from phm.measures.groups import SEX_AGE_BAND, SEXES, bands_within
from phm.measures.residence import residence_ties


def ties(counts: pd.DataFrame, definitions: Sequence[Measure], /) -> list[Tie]:
    """The ties between the rows of `counts` (see `disclosure.RawCounts`), measure by measure and area by area."""
    areas = list(counts[["area_type", "area_code"]].drop_duplicates().itertuples(index=False, name=None))
    pcn_codes = [code for kind, code in areas if kind == "pcn"]
    found: list[Tie] = []
    for whole in (measure for measure in definitions if measure.count_by == SEX_AGE_BAND):
        found += residence_ties(pcn_codes, whole.id)
        for measure in (other for other in definitions if other.unit != "people"):
            group = "1" if measure.share_by else "all"  # of shares every group has the same denominator
            found += [_tie(whole, measure, group, area) for area in areas]
    return found


def _tie(whole: Measure, measure: Measure, group: str, area: tuple[str, str]) -> Tie:
    """How a measure's denominator hangs together with everybody registered, in one area."""
    everybody: Figure = ("numerator", whole.id, *area, "all")
    counted: Figure = ("denominator", measure.id, *area, group)
    has_same_condition = measure.denominator.text == whole.denominator.text
    if has_same_condition and (measure.age_from, measure.age_to) != (whole.age_from, whole.age_to):
        bands = bands_within(measure.age_from, measure.age_to)
        return counted, [("numerator", whole.id, *area, f"{sex} {b}") for sex in SEXES.values() for b in bands], False
    return everybody, [counted], has_same_condition

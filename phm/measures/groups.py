"""Groups that people are counted in: what they are called, in their order, and how a person falls into one."""

import ibis
import ibis.expr.types as ir
import pandas as pd

_YEARS, _TOP = 5, 90
SEXES = {"F": "female", "M": "male"}
AGE_BANDS = (*(f"{age}-{age + _YEARS - 1}" for age in range(0, _TOP, _YEARS)), f"{_TOP}+")
"""Five-year age bands: wide enough for a PCN's counts to be shown."""
OTHER_SEX = "other or unknown"
"""Sex as registered is indeterminate or unknown; so few that all ages are one group."""
SEX_AGE_BAND = "sex_age_band"
GROUPINGS = {SEX_AGE_BAND: (*(f"{sex} {band}" for sex in SEXES.values() for band in AGE_BANDS), OTHER_SEX)}
"""Name of a grouping and its groups; everybody is in exactly one."""


def count_by_sex_and_age(people: ir.Table, /) -> pd.DataFrame:
    """One row per practice and group of `sex_age_band` with people in it: `practice_code, group_value, numerator`.

    `people` are rows of `person_feature`.
    """
    position = ibis.least(people.age // _YEARS, len(AGE_BANDS) - 1)
    counted = people.group_by("practice_code", "sex", position=position.cast("int64")).aggregate(
        numerator=people.count()
    )
    rows = counted.to_pyarrow().to_pandas()
    sex = rows["sex"].map(SEXES)
    band = rows["position"].map(dict(enumerate(AGE_BANDS)))
    rows["group_value"] = (sex + " " + band).fillna(OTHER_SEX)
    return rows.groupby(["practice_code", "group_value"], as_index=False)["numerator"].sum()


def bands_within(age_from: int, age_to: int, /) -> list[str]:
    """Age bands of which every age lies between two ages, both included.

    >>> bands_within(30, 50)
    ['30-34', '35-39', '40-44', '45-49']
    """
    starts = [(band, _YEARS * i) for i, band in enumerate(AGE_BANDS)]
    return [band for band, start in starts if age_from <= start and start + _YEARS - 1 <= age_to and start < _TOP]

"""Groups that people are counted in: what they are called, in their order, and how a person falls into one.

Every grouping is a partition: whoever is counted is in exactly one of its groups, those of whom it is not known in one
of their own. No two groups of one measure have the same name, whatever their grouping.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import ibis
import ibis.expr.types as ir

from phm.feeds.contracts import load_contract

_YEARS, _TOP = 5, 90
SEXES = {"F": "female", "M": "male"}
AGE_BANDS = (*(f"{age}-{age + _YEARS - 1}" for age in range(0, _TOP, _YEARS)), f"{_TOP}+")
"""Five-year age bands: narrow enough to say how many are expected, wide enough for a PCN's counts to be shown."""
OTHER_SEX = "other or unknown"
"""Sex as registered is indeterminate or unknown; so few that all ages are one group."""
NO_QUINTILE = "no quintile"
EVERYBODY = "all"
"""Grouping and group of all whom a measure counts."""
SEX_AGE_BAND, SEX, AGE_BAND, QUINTILE = "sex_age_band", "sex", "age_band", "imd_quintile"
ETHNICITY, QUINTILE_AGE_BAND, FURTHEST_STEP = "ethnicity_group", "imd_quintile_age_band", "furthest_step"
STARTS = (0, 18, 30, 40, 50, 60, 70, 80)
"""First ages of the bands measures are shown and standardised in: wide enough for a PCN's counts of a condition."""
QUINTILES = range(1, 6)
ICB_ONLY = (QUINTILE_AGE_BAND,)
"""Groupings too fine for anything smaller; what a deprivation gradient is standardised from."""
_OLDEST = 120


@dataclass(frozen=True)
class Grouping:
    """`key` is the text a person falls under; `names` has the group of each key for a measure of some ages, in order.

    Several keys can make up one group.
    """

    key: Callable[[ir.Table], ir.StringColumn]
    names: Callable[[int, int], dict[str, str]]


def bands(age_from: int, age_to: int, /) -> list[tuple[int, int]]:
    """First and last age of the bands from one age to another, both included.

    >>> bands(45, 74)
    [(45, 49), (50, 59), (60, 69), (70, 74)]
    """
    ends = [start - 1 for start in STARTS[1:]] + [_OLDEST]
    clipped = [(max(start, age_from), min(end, age_to)) for start, end in zip(STARTS, ends, strict=True)]
    return [(low, high) for low, high in clipped if low <= high]


def band_name(low: int, high: int, /) -> str:
    """What a band is called: `50-59`, `80+`."""
    return f"{low}+" if high == _OLDEST else f"{low}-{high}"


def bands_within(age_from: int, age_to: int, /) -> list[str]:
    """Five-year bands of which every age lies between two ages, both included.

    >>> bands_within(30, 50)
    ['30-34', '35-39', '40-44', '45-49']
    """
    starts = [(band, _YEARS * i) for i, band in enumerate(AGE_BANDS)]
    ends = [(band, start, _OLDEST if start == _TOP else start + _YEARS - 1) for band, start in starts]
    return [band for band, start, end in ends if age_from <= start and end <= age_to]


def _sex(people: ir.Table) -> ir.StringColumn:
    return ibis.cases(*((people.sex == code, name) for code, name in SEXES.items()), else_=OTHER_SEX)


def _position(age: ir.IntegerColumn) -> ir.StringColumn:
    """Number of the band of `STARTS` an age is in."""
    return sum((age >= start).cast("int64") for start in STARTS[1:]).cast("string")


def _quintile(people: ir.Table) -> ir.StringColumn:
    return people.imd_quintile.fill_null(0).cast("string")


def _sex_age(people: ir.Table) -> ir.StringColumn:
    band = ibis.least(people.age // _YEARS, len(AGE_BANDS) - 1).cast("int64").cast("string")
    return _sex(people) + " " + band


def _sex_age_names(*_: int) -> dict[str, str]:
    numbered = list(enumerate(AGE_BANDS))
    names = {f"{sex} {i}": f"{sex} {band}" for sex in SEXES.values() for i, band in numbered}
    return names | {f"{OTHER_SEX} {i}": OTHER_SEX for i, _ in numbered}


def _band_names(age_from: int, age_to: int) -> dict[str, str]:
    of_start = {max(start for start in STARTS if start <= low): (low, high) for low, high in bands(age_from, age_to)}
    return {str(STARTS.index(start)): band_name(*band) for start, band in of_start.items()}


def _quintile_names(*_: int) -> dict[str, str]:
    return {str(q): str(q) for q in QUINTILES} | {"0": NO_QUINTILE}


def _quintile_age_names(*ages: int) -> dict[str, str]:
    pairs = product(_quintile_names().items(), _band_names(*ages).items())
    return {
        f"{q} {b}": f"{quintile}, any age" if quintile == NO_QUINTILE else f"{quintile} {band}"
        for (q, quintile), (b, band) in pairs
    }


def _ethnic_groups(*_: int) -> dict[str, str]:
    return {group: group for group in load_contract("person_feature").column(ETHNICITY).valid_values}


def shares(column: str, /) -> tuple[str, ...]:
    """What a column shares people out into, in order: its listed values, or every whole number it can be.

    >>> shares("imd_quintile"), shares("segment")[:2]
    (('1', '2', '3', '4', '5'), ('end_of_life', 'frailty'))
    """
    contracts = (load_contract("person_feature"), load_contract("person_risk"))
    found = next(contract.column(column) for contract in contracts if column in contract.column_names)
    return found.valid_values or tuple(map(str, range(int(found.minimum), int(found.maximum) + 1)))


GROUPINGS = {
    SEX_AGE_BAND: Grouping(_sex_age, _sex_age_names),
    SEX: Grouping(_sex, lambda *_: {name: name for name in (*SEXES.values(), OTHER_SEX)}),
    AGE_BAND: Grouping(lambda people: _position(people.age), _band_names),
    QUINTILE: Grouping(_quintile, _quintile_names),
    ETHNICITY: Grouping(lambda people: people[ETHNICITY].fill_null("unknown"), _ethnic_groups),
    QUINTILE_AGE_BAND: Grouping(
        lambda people: _quintile(people) + " " + _position(people.age),
        _quintile_age_names,
    ),
}
"""Groupings of people by name."""


def group_names(grouping: str, age_from: int = 0, age_to: int = _OLDEST) -> list[str]:
    """The groups of a grouping for a measure of some ages, in their order, each once."""
    return list(dict.fromkeys(GROUPINGS[grouping].names(age_from, age_to).values()))

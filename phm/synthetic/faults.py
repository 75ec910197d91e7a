"""The dirt real extracts carry, at rates that can be set.

What belongs here spoils what `people.py` and `records.py` made, and nothing else does. Each fault is one a pipeline
must survive: found and counted, set aside, or passed over without harm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FaultRates:
    """Share of rows (0 to 1) that carry each fault."""

    duplicate_registration: float = 0.003
    """Registrations of people who are still on the register of the practice they left."""
    missing_lsoa: float = 0.004
    """Register rows without a home area."""
    bad_nhs_number: float = 0.0003
    """Rows of any feed whose NHS number fails its check digit: set aside at landing."""
    future_date: float = 0.0005
    """Registrations, events, issues and attendances dated after the month: set aside at landing."""
    unknown_code: float = 0.002
    """Events and issues with a code of the practice system that no list holds."""
    impossible_reading: float = 0.002
    """Blood pressures such as 700/80, or with the halves swapped."""
    missing_parent: float = 0.05
    """Blood pressures whose halves name no parent record."""
    missing_half: float = 0.003
    """Blood pressures of which one half was not delivered."""

    def without(self, *names: str) -> FaultRates:
        """The same rates with these faults off."""
        return FaultRates(**{**self.__dict__, **dict.fromkeys(names, 0.0)})


NO_FAULTS = FaultRates(**dict.fromkeys(FaultRates.__dataclass_fields__, 0.0))


def duplicate_count(people_count: int, rates: FaultRates) -> int:
    """How many of a practice's registrations repeat somebody of the next practice."""
    return min(round(rates.duplicate_registration * people_count), people_count // 20)


def some(count: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Positions of about the share `rate` of `count` rows, ascending."""
    return np.sort(rng.choice(count, rng.binomial(count, rate), replace=False))


def with_bad_numbers(nhs_number: np.ndarray, rates: FaultRates, rng: np.random.Generator) -> np.ndarray:
    """NHS numbers, some with a wrong last digit."""
    at = some(len(nhs_number), rates.bad_nhs_number, rng)
    spoilt = nhs_number.copy()
    spoilt[at] += np.where(spoilt[at] % 10 == 9, -1, 1)
    return spoilt


def with_future_days(day: np.ndarray, reference_day: int, rates: FaultRates, rng: np.random.Generator) -> np.ndarray:
    """Days, some mistyped into the years after the reference day."""
    at = some(len(day), rates.future_date, rng)
    spoilt = day.copy()
    spoilt[at] = reference_day + rng.integers(20, 3_000, len(at))
    return spoilt


def with_unknown_codes(code: np.ndarray, rates: FaultRates, rng: np.random.Generator) -> np.ndarray:
    """Codes, some replaced by codes a practice system made up for itself."""
    at = some(len(code), rates.unknown_code, rng)
    spoilt = code.copy()
    spoilt[at] = 999_000_000_100_000 + rng.integers(0, 40, len(at)) * 10
    return spoilt


def with_impossible_readings(
    value: np.ndarray, systolic_at: np.ndarray, rates: FaultRates, rng: np.random.Generator
) -> np.ndarray:
    """Values, in which some pressures (systolic at `systolic_at`, diastolic next) are mistyped or swapped."""
    at = systolic_at[some(len(systolic_at), rates.impossible_reading, rng)]
    spoilt = value.copy()
    kind = rng.integers(0, 4, len(at))
    swapped, tenfold, typed, nought = (at[kind == k] for k in range(4))
    spoilt[swapped], spoilt[swapped + 1] = value[swapped + 1], value[swapped]
    spoilt[tenfold] = value[tenfold] * 10
    spoilt[typed] = 700
    spoilt[nought + 1] = 0
    return spoilt

"""What may be said of one area: against its ICB, and about its size."""

import pandas as pd

PCN_BAND = (30_000, 50_000)
"""People a PCN was meant to serve."""
_SMALL_PCN, _LARGE_PCN = 20_000, 100_000


def against_icb(value: float | None, lower: float | None, upper: float | None, overall: float | None, /) -> str:
    """`higher` or `lower` only where a 95% interval leaves out the ICB's value; `withheld` without a value.

    >>> against_icb(12.0, 10.1, 14.0, 10.0), against_icb(12.0, 10.0, 14.0, 10.0), against_icb(None, None, None, 10.0)
    ('higher', 'not different', 'withheld')
    """
    if pd.isna(value):
        return "withheld"
    if pd.isna(overall) or lower <= overall <= upper:
        return "not different"
    return "higher" if lower > overall else "lower"


def size_note(people: float | None, /) -> str:
    """A PCN's size against the usual band; nothing of one inside it or of unknown size.

    >>> size_note(12_000), size_note(40_000)
    ('small: read with care', '')
    """
    lowest, highest = PCN_BAND
    if pd.isna(people) or lowest <= people <= highest:
        return ""
    if people < lowest:
        return "small: read with care" if people < _SMALL_PCN else "below the usual size"
    return "very large: hides differences within" if people > _LARGE_PCN else "above the usual size"

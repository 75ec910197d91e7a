"""NHS numbers that are valid (modulus 11) and were never issued.

What belongs here turns a running index into such a number; who holds which number is decided where people are made
up (`synthetic.people`) or taken from an extract that has none (`feeds.adapters`).
"""

from __future__ import annotations

import numpy as np

from phm.errors import ConfigurationError

SMALL_RUN = 800_000
"""People up to whom the 999 prefix, which holds about 909,000 valid numbers, is wide enough."""
_MULTIPLIER = 61_803_399
"""Prime to 10 and to both ranges: walking by it visits every number of a range once, in no apparent order."""


def check_digit(first_nine: np.ndarray) -> np.ndarray:
    """Modulus 11 check digit of the first nine digits (weights 10 to 2); 10 means there is no valid number."""
    weighted = np.zeros_like(first_nine)
    rest = first_nine
    for weight in range(2, 11):
        weighted = weighted + rest % 10 * weight
        rest = rest // 10
    return (11 - weighted % 11) % 11


def is_valid(nhs_number: np.ndarray) -> np.ndarray:
    """Whether each ten-digit number's last digit agrees with modulus 11."""
    return check_digit(nhs_number // 10) == nhs_number % 10


def blocks(people_counts: list[int]) -> list[int]:
    """First index of each practice's own block of indices, wide enough for its people.

    One prefix in eleven has no valid check digit, so a block is an eighth wider than its people.
    """
    widths = [count + count // 8 + 256 for count in people_counts]
    return [0, *np.cumsum(widths)[:-1].tolist()]


def nhs_numbers(start: int, count: int, /, *, total_count: int) -> np.ndarray:
    """`count` distinct valid NHS numbers of the block that begins at `start`, in a fixed, scattered order.

    Runs of up to `SMALL_RUN` people (`total_count`) use the never-issued 999 range, larger ones 900 to 999.
    """
    first, width = (999_000_000, 1_000_000) if total_count <= SMALL_RUN else (900_000_000, 100_000_000)
    index = np.arange(start, start + count + count // 8 + 256, dtype=np.int64)
    if index[-1] >= width:
        raise ConfigurationError(
            "Too many people for the NHS numbers set aside for synthetic people",
            name=f"{total_count:,} people",
            hint="Ask for fewer people per delivery.",
        )
    prefix = first + index * _MULTIPLIER % width
    digit = check_digit(prefix)
    numbers = (prefix * 10 + digit)[digit < 10]
    if len(numbers) < count:
        raise AssertionError("a block of NHS numbers is too narrow")
    return numbers[:count]

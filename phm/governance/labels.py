"""What a published count says of the true one, and how it can say less.

A label is one whole number: the multiple a shown count is rounded to, or one of three ways of showing none. The rule
is NHS England's for sub-national tables since 2018, OpenSAFELY's too: 1 to 7 is not shown, any other count is rounded
to the nearest 5. Where that is not enough a label becomes coarser, one step of a ladder at a time.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Counts = NDArray[np.int64]

SMALL = 7
ROUNDING = 5
LADDER = (ROUNDING, 10, 20, 50)
WITHHELD, ONE_TO_SEVEN, ZERO_TO_SEVEN = 0, -1, -2
TEXTS = {p: f"nearest {p}" for p in LADDER} | {
    ONE_TO_SEVEN: "1 to 7",
    ZERO_TO_SEVEN: "0 to 7",
    WITHHELD: "withheld",
}
"""Labels as the published tables name them."""
UNBOUNDED = 10**12
"""More people than there are: how high a withheld count could be before anything is added up."""


def round_counts(truth: Counts, precision: Counts | int = ROUNDING, /) -> Counts:
    """Counts to the nearest multiple; half way goes up, which cannot happen with 5.

    >>> round_counts(np.array([8, 16, 23, 18, 31, 45])).tolist()
    [10, 15, 25, 20, 30, 45]
    >>> round_counts(np.array([14, 15]), 10).tolist()
    [10, 20]
    """
    return (truth + precision // 2) // precision * precision


def first_labels(truth: Counts, hides_zero: NDArray[np.bool_], /) -> Counts:
    """The label each count has by the rule alone; `hides_zero` says where zero is published as "0 to 7"."""
    small = np.where(hides_zero, ZERO_TO_SEVEN, np.where(truth > 0, ONE_TO_SEVEN, ROUNDING))
    return np.where(truth <= SMALL, small, ROUNDING).astype(np.int64)


def label_bounds(truth: Counts, labels: Counts, /) -> tuple[Counts, Counts]:
    """Lowest and highest count each label alone allows."""
    precision = np.maximum(labels, 1)
    rounded = round_counts(truth, precision)
    lower = np.where(truth == 0, 0, np.maximum(rounded - precision // 2, SMALL + 1))
    upper = np.where(truth == 0, 0, rounded + precision - 1 - precision // 2)
    lower = np.where(labels > 0, lower, np.where(labels == ONE_TO_SEVEN, 1, 0))
    upper = np.where(labels > 0, upper, np.where(labels == WITHHELD, UNBOUNDED, SMALL))
    return lower.astype(np.int64), upper.astype(np.int64)


def published_bounds(counts: pd.Series, texts: pd.Series, /) -> tuple[Counts, Counts]:
    """Lowest and highest count that published numbers and the words beside them allow.

    >>> published_bounds(pd.Series([15, None, None], dtype="Int64"), pd.Series(["nearest 5", "0 to 7", "1 to 7"]))
    (array([13,  0,  1]), array([17,  7,  7]))
    """
    labels = texts.map({text: label for label, text in TEXTS.items()}).to_numpy(dtype=np.int64)
    return label_bounds(counts.fillna(SMALL).to_numpy(dtype=np.int64), labels)


def coarser(count: int, label: int, /) -> int | None:
    """The next label that says less of a count; None of one that is withheld.

    A multiple that the count would be rounded below is passed over: 18 goes from 20 to withheld, not to 0.

    >>> [coarser(n, label) for n, label in ((45, 5), (18, 20), (3, -1), (0, 5), (3, 0))]
    [10, 0, -2, -2, None]
    """
    if label == WITHHELD:
        return None
    if count <= SMALL:
        return WITHHELD if label == ZERO_TO_SEVEN else ZERO_TO_SEVEN
    return next((p for p in LADDER if p > label and count + p // 2 >= p), WITHHELD)


def shown(truth: Counts, labels: Counts, /) -> pd.Series:
    """The published numbers: rounded as their labels say, missing where the label shows none."""
    rounded = round_counts(truth, np.maximum(labels, 1))
    return pd.Series(rounded, dtype="Int64").where(pd.Series(labels > 0))


def label_texts(labels: Counts, /) -> pd.Series:
    """Labels in words, as in `TEXTS`."""
    return pd.Series(labels).map(TEXTS).astype(object)

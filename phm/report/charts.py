"""Charts that several pages share, as static SVG: one function per chart, rows in, markup out.

Nothing is computed here that the table beside the chart does not show. Charts of one measure stand in
`phm.report.comparison_charts`.
"""

import pandas as pd

from phm.report.drawing import BLUE, INK, KEY_HEIGHT, WIDTH, Axis, Style, across, bar, fitted, key, picture, words
from phm.report.drawing import width_of as room

QUINTILES = ("#003087", "#005EB8", "#5B9BD5", "#A9CCEC", "#DCEAF7")
"""Most deprived darkest; neighbours stay apart in grey print too."""
ROW = 20
_STEP = 36


def quintile_mix(shares: pd.DataFrame, /) -> str:
    """Areas as bars of people by national deprivation quintile, the most deprived on the left.

    `shares` has `area_name, quintile, value` (percent), areas in the order they are to stand. A bar shorter than 100%
    has withheld shares; rounded shares of a very small area can add up to more.
    """
    names = shares["area_name"].drop_duplicates().tolist()
    left = max([room(fitted(name)) for name in names], default=0) + 10
    bottom = KEY_HEIGHT + ROW * max(len(names), 1)
    axis = Axis(0, 100, 20, left, WIDTH - 24)
    pieces = [across(axis, KEY_HEIGHT, bottom, "Percent of registered people")]
    for n, name in enumerate(names):
        y, reached = KEY_HEIGHT + n * ROW, 0.0
        pieces.append(words(left - 8, y + 14, fitted(name), anchor="end"))
        of_area = shares[shares["area_name"] == name].dropna(subset=["value"]).sort_values("quintile")
        for r in of_area.itertuples(index=False):
            start, reached = reached, min(reached + float(r.value), 100.0)
            said = f"{name}, quintile {r.quintile}: {r.value:.1f}%"
            width = axis.at(reached) - axis.at(start)
            pieces.append(bar(axis.at(start), y + 2, width, ROW - 4, colour=QUINTILES[int(r.quintile) - 1], said=said))
    meaning = ("1 (most deprived)", "2", "3", "4", "5 (least)")
    styles = {words_of: Style("square", colour) for words_of, colour in zip(meaning, QUINTILES, strict=True)}
    return picture(bottom + 40, key(styles, title="Quintile"), *pieces)


def steps_left(steps: pd.DataFrame, /) -> str:
    """How many people are left after each step, from the population down.

    `steps` has `label` and `remaining_count` in order; steps whose count is withheld are left out.
    """
    shown = steps.dropna(subset=["remaining_count"])
    most = max(int(shown["remaining_count"].max()) if len(shown) else 1, 1)
    widest = WIDTH - room(f"{most:,}") - 12
    pieces = []
    for n, r in enumerate(shown.itertuples(index=False)):
        y, left = n * _STEP, int(r.remaining_count)
        width = left / most * widest
        pieces.append(words(0, y + 12, r.label))
        pieces.append(bar(0, y + 16, width, 15, colour=BLUE) + words(width + 6, y + 28, f"{left:,}", colour=INK))
    return picture(_STEP * max(len(shown), 1), *pieces)

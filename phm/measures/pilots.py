"""Whether a measure moved more in pilot PCNs than in PCNs like them: difference in differences, with what it can tell.

One number for each PCN, its mean after the start less its mean before, is all that is compared: months of one PCN are
not independent, PCNs are nearly so. The pilots' mean change less the comparators' is the effect; its interval is a
t-interval from how much changes differ between PCNs, the comparators' alone where there is one pilot. With one or two
pilots nothing stronger is honest. Only published values are read.

Sources: Bertrand, Duflo and Mullainathan (2004) for one change a unit; Donald and Lang (2007) for the t-interval with
few units.
"""

from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from phm.errors import ConfigurationError
from phm.governance.disclosure import Published, require_published
from phm.measures.comparators import CHARACTERISTICS, characteristics, month_numbers, nearest, slopes
from phm.measures.definition import Measure
from phm.measures.run_charts import RunChart, run_chart

FEWEST_BEFORE, FEWEST_AFTER, FEWEST_COMPARATORS, FEWEST_PEOPLE = 6, 3, 4, 50
"""Months before and after the start, comparators, and people counted a month in a pilot, below which nothing is said.

Local choices: with fewer months a trend cannot be seen, with fewer comparators the interval is of no use, and below 50
people rounding to 5 alone moves a value by up to a twentieth.
"""
POWER = 0.8


@dataclass(frozen=True)
class Difference:
    """How much more one number moved in pilots than in comparators, with its 95% interval.

    `value` is the mean of `pilots` less that of `comparators`, lower and upper its limits. `detectable` is the true
    difference that would have been found four times in five.
    """

    pilots: float
    comparators: float
    lower: float
    upper: float
    detectable: float

    @property
    def value(self) -> float:
        return self.pilots - self.comparators

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out no difference at all."""
        return self.lower > 0 or self.upper < 0


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What published months say about a pilot and one measure.

    `effect` is in percentage points and missing where nothing can be told; `reasons` then says why, and otherwise what
    weakens it. `trend_before` is the same comparison of the change a month before the start. `as_far` counts the
    comparators whose own change lies as far from the comparators' mean as the pilots' does. `areas` has one row per
    pilot and comparator, `monthly` one per month and PCN; `run_charts` are the pilots' series in the order of `pilots`,
    over `months` without gaps, with limits from the months before.
    """

    measure: Measure
    pilots: tuple[str, ...]
    start: str
    months_before: int
    months_after: int
    effect: Difference | None
    trend_before: Difference | None
    as_far: int
    areas: pd.DataFrame
    monthly: pd.DataFrame
    months: tuple[str, ...]
    run_charts: RunChart
    reasons: tuple[str, ...]
    sentence: str


def evaluate(
    published: Published, /, *, measure: Measure, pilots: list[str], start: str, comparators_each: int = 5
) -> Evaluation:
    """Compare pilots with matched comparators before and after `start` (the first month, YYYY-MM, of the pilot).

    Parameters
    ----------
    published
        Published `measure_value` of all months of one ICB, with `month`.
    measure
        One that is a percentage of people.
    pilots
        PCN codes.
    comparators_each
        How many of the most similar PCNs each pilot is compared with.

    Raises
    ------
    ConfigurationError
        The measure is no percentage or never published, a PCN is unknown, or there is no month on one side.
    """
    pilots = list(dict.fromkeys(pilots))
    values = require_published(published)
    rows = values[values["measure_id"].eq(measure.id) & values["area_type"].eq("pcn") & values["group_value"].eq("all")]
    if measure.numerator is None or rows.empty:
        raise ConfigurationError(
            "There is no such percentage among the published measures of PCNs",
            name=measure.id,
            hint="`phm sql` on measure_value shows what is published.",
        )
    panel = rows.pivot(index="area_code", columns="month", values="value").astype(float).sort_index(axis=1)
    _check_pilots(panel, pilots)
    is_before = panel.columns < start
    if is_before.all() or not is_before.any():
        raise ConfigurationError(
            f"No month is published {'after' if is_before.all() else 'before'} the start",
            name=start,
            hint=f"Months from {panel.columns[0]} to {panel.columns[-1]} are published.",
        )
    reasons = _withheld(panel, rows, pilots, is_before)
    complete = panel[panel.notna().all(axis=1) | panel.index.isin(pilots)]
    before, after = complete.loc[:, is_before], complete.loc[:, ~is_before]
    described = characteristics(values, before)
    distance = nearest(described, pilots=pilots, each=comparators_each)
    comparators = distance.index.tolist()
    if len(comparators) < FEWEST_COMPARATORS:
        reasons.append(f"{len(comparators)} comparators, at least {FEWEST_COMPARATORS} are needed")
    change = after.mean(axis=1) - before.mean(axis=1)
    names = rows.drop_duplicates("area_code", keep="last").set_index("area_code")["area_name"]
    used = [*pilots, *comparators]
    areas = described.loc[used].assign(
        area_name=names, is_pilot=[code in pilots for code in used], distance=distance, change=change
    )
    effect = None if reasons else _difference(change[pilots], change[comparators])
    trend = None if reasons else _difference(slopes(before.loc[pilots]), slopes(before.loc[comparators]))
    as_far = 0
    if effect is not None:
        apart = (change[comparators] - change[comparators].mean()).abs()
        as_far = int((apart >= abs(effect.value)).sum())
        if trend is not None and trend.is_clear:
            reasons.append("the measure already moved differently in the pilots before the start")
        unmatched = [words for name, words in CHARACTERISTICS.items() if described[name].isna().any()]
        reasons += [f"PCNs are not matched on {words}, which is not published for all" for words in unmatched]
    months = _every_month(panel.columns)
    series = complete.loc[pilots].reindex(columns=months)
    return Evaluation(
        measure=measure,
        pilots=tuple(pilots),
        start=start,
        months_before=int(is_before.sum()),
        months_after=int((~is_before).sum()),
        effect=effect,
        trend_before=trend,
        as_far=as_far,
        areas=areas.rename_axis("area_code").reset_index(),
        monthly=complete.loc[used].rename_axis("area_code").reset_index().melt("area_code", var_name="month"),
        months=tuple(months),
        run_charts=run_chart(series.to_numpy(), baseline=int((np.array(months) < start).sum())),
        reasons=tuple(reasons),
        sentence=_sentence(measure, effect, reasons, len(comparators), as_far),
    )


def _check_pilots(panel: pd.DataFrame, pilots: list[str]) -> None:
    unknown = [code for code in pilots if code not in panel.index]
    if unknown or not pilots:
        close = get_close_matches(unknown[0], panel.index, n=3, cutoff=0.5) if unknown else []
        raise ConfigurationError(
            "No such PCN is published" if unknown else "No pilot is named",
            name=", ".join(unknown) or "--pcn",
            hint=f"Did you mean {', '.join(close)}?" if close else "Give PCN codes that measure_value has.",
        )


def _withheld(panel: pd.DataFrame, rows: pd.DataFrame, pilots: list[str], is_before: NDArray[np.bool_]) -> list[str]:
    """Why nothing can be told: months and people that are too few."""
    reasons = []
    for count, fewest, where in (
        (int(is_before.sum()), FEWEST_BEFORE, "before"),
        (int((~is_before).sum()), FEWEST_AFTER, "after"),
    ):
        if count < fewest:
            reasons.append(f"{count} months {where} the start, at least {fewest} are needed")
    people = rows[rows["area_code"].isin(pilots)].groupby("area_code")["numerator"].mean()
    for code in pilots:
        if panel.loc[code].isna().any():
            reasons.append(f"{code} has months that are withheld or missing")
        elif people[code] < FEWEST_PEOPLE:
            reasons.append(f"{code} counts fewer than {FEWEST_PEOPLE} people a month, too few for rounded figures")
    return reasons


def _difference(pilots: pd.Series, comparators: pd.Series) -> Difference:
    """Mean of pilots less that of comparators, with a t-interval from the scatter within either."""
    means = float(pilots.mean()), float(comparators.mean())
    value = means[0] - means[1]
    squares = float(((pilots - pilots.mean()) ** 2).sum() + ((comparators - comparators.mean()) ** 2).sum())
    freedom = len(pilots) + len(comparators) - 2
    error = np.sqrt(squares / freedom * (1 / len(pilots) + 1 / len(comparators)))
    reach = float(error * stdtrit(freedom, 0.975))
    return Difference(*means, value - reach, value + reach, reach + float(error * stdtrit(freedom, POWER)))


def _every_month(months: pd.Index) -> list[str]:
    first, *_, last = (int(number) for number in month_numbers(months[[0, -1]]))
    return [f"{number // 12}-{number % 12 + 1:02}" for number in range(first, last + 1)]


def _sentence(measure: Measure, effect: Difference | None, reasons: list[str], comparators: int, as_far: int) -> str:
    """What can be said in plain words, never more than the interval allows."""
    if effect is None:
        return f"It cannot be told whether the pilot changed “{measure.title}”: {'; '.join(reasons)}."
    said = (
        f"From the start “{measure.title}” moved by {effect.pilots:+.1f} percentage points in the pilot and by "
        f"{effect.comparators:+.1f} in {comparators} comparators: "
    )
    figures = f"{effect.value:+.1f}, 95% interval {effect.lower:+.1f} to {effect.upper:+.1f}"
    if effect.is_clear:
        good = {"high": effect.value > 0, "low": effect.value < 0}.get(measure.polarity)
        verdict = "" if good is None else " for the better" if good else " for the worse"
        said += f"a difference{verdict} ({figures}). {as_far} of the comparators moved as far by themselves."
    else:
        said += (
            f"no difference that chance does not explain ({figures}). A true difference below about "
            f"{effect.detectable:.1f} points would often have been missed."
        )
    caveat = f" Read with care: {'; '.join(reasons)}." if reasons else ""
    return said + caveat

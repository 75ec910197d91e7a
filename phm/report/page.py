"""The report: one HTML page that opens offline, made from published tables only.

Says how the areas compare, how the population becomes a list, how good the data were and how all of it was computed.
A sentence is written only where the interval behind it allows it. How the page looks stands in `templates/`.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from phm.cohorts.definition import Definition
from phm.governance.disclosure import Published, require_published
from phm.measures.definition import Measure
from phm.measures.groups import SEX_AGE_BAND
from phm.report import charts
from phm.report.quality import LEFT_OUT_SECTION
from phm.report.rendering import count, number, render
from phm.report.wording import PCN_BAND, against_icb, size_note

_COMPARISONS = ("higher", "not different", "lower")
_LANDED = ("delivered", "accepted", "quarantined")
_NAMED = 4
"""At most this many areas are named in a sentence; the table names all."""


@dataclass(frozen=True)
class Comparison:
    """One measure over the PCNs: `rows` in order of value with `comparison`, the ICB's row, what it says, its chart."""

    measure: Measure
    overall: pd.Series
    rows: pd.DataFrame
    sentence: str
    svg: str


def build_report(
    measures: Published,
    attrition: Published,
    quality: Published,
    /,
    *,
    cohorts: Sequence[Definition],
    measure_definitions: Sequence[Measure],
    reference_date: dt.date,
    icb_name: str,
    pcn_pages: Mapping[str, str],
    is_synthetic: bool,
) -> str:
    """The whole page as HTML, the same bytes for the same input.

    Parameters
    ----------
    measures
        Published `measure_value`.
    attrition
        Published `area_attrition`; the ICB's rows become the funnel.
    quality
        Published `data_quality`.
    cohorts, measure_definitions
        The definitions the tables were made with.
    pcn_pages
        Where the page of each PCN stands beside this one, by PCN code.
    is_synthetic
        Whether the people are invented: the page then says so first.

    Raises
    ------
    DisclosureError
        A table has not passed the gate.
    """
    values = require_published(measures)
    values = values[values["group_name"].ne(SEX_AGE_BAND)]  # the pages of the PCNs show those
    steps = require_published(attrition)
    checks = require_published(quality)
    by_id = {measure.id: measure for measure in measure_definitions}
    compared = [
        compare(values[values["measure_id"] == key], measure)
        for key, measure in by_id.items()
        if measure.numerator is not None
    ]
    funnels = {cohort.id: _funnel(steps, cohort) for cohort in cohorts}
    return render(
        "page.html.j2",
        icb_name=icb_name,
        reference_date=reference_date,
        headlines=_headlines(values, compared, funnels, cohorts),
        compared=compared,
        profile=_profile(values),
        mix=_mix(values),
        cohorts=cohorts,
        funnels=funnels,
        funnel_svgs={
            key: charts.funnel(rows[rows["kind"].isin(["population", "exclusion"])]) for key, rows in funnels.items()
        },
        places=_places(values, compared),
        feeds=_feeds(checks),
        checks=checks[~checks["section"].isin(checks.loc[checks["item"] == "quarantined", "section"])],
        measure_definitions=measure_definitions,
        left_out=checks.loc[checks["section"] == LEFT_OUT_SECTION, "item"].tolist(),
        pcn_band=PCN_BAND,
        pcn_pages=pcn_pages,
        is_synthetic=is_synthetic,
    )


def compare(values: pd.DataFrame, measure: Measure, /) -> Comparison:
    """One measure's PCNs against the ICB: an area differs only where its 95% interval leaves out the ICB's value."""
    overall = values[values["area_type"] == "icb"].iloc[0]
    rows = values[values["area_type"] == "pcn"].sort_values(
        ["value", "area_name"], ascending=[False, True], na_position="last", ignore_index=True
    )
    limits = rows[["value", "lower", "upper"]].itertuples(index=False, name=None)
    rows["comparison"] = [against_icb(*row, overall["value"]) for row in limits]
    svg = charts.caterpillar(rows, overall["value"])
    return Comparison(measure, overall, rows, _sentence(rows, overall, measure), svg)


def _sentence(rows: pd.DataFrame, overall: pd.Series, measure: Measure) -> str:
    """What the intervals allow to be said of the PCNs."""
    if pd.isna(overall["value"]):
        return f"{measure.title}: withheld for the ICB as a whole, so nothing can be compared."
    of = {word: rows.loc[rows["comparison"] == word, "area_name"].tolist() for word in _COMPARISONS}
    compared = sum(map(len, of.values()))
    parts = [f"{number(overall['value'])}% across the ICB."]
    for word in ("higher", "lower"):
        names = of[word] if word == "higher" else of[word][::-1]
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            named = ", ".join(names[:_NAMED]) + more
            parts.append(f"{word.capitalize()} than the ICB: {len(names)} of {compared} PCNs ({named}).")
    same, withheld = len(of["not different"]), len(rows) - compared
    if same:
        parts.append(f"Not different beyond chance: {same} of {compared}.")
    if withheld:
        parts.append(f"Withheld because numbers are small: {withheld}.")
    return " ".join(parts)


def _headlines(
    values: pd.DataFrame, compared: list[Comparison], funnels: dict[str, pd.DataFrame], cohorts: Sequence[Definition]
) -> list[str]:
    icb = values[values["area_type"] == "icb"].set_index("measure_id")
    lines = []
    if "list_size" in icb.index:
        pcns = values.loc[(values["measure_id"] == "list_size") & (values["area_type"] == "pcn"), "area_code"].nunique()
        lines.append(f"About {count(icb.at['list_size', 'numerator'])} people are registered, in {pcns} PCNs.")
    for cohort in cohorts:
        rows = funnels[cohort.id]
        tiers = rows[rows["kind"] == "tier"]
        if len(tiers):
            least = "at least " if tiers["is_suppressed"].any() else "about "
            lines.append(
                f"{cohort.title}: {least}{count(tiers['person_count'].sum())} people are on practices' lists. "
                "Being on a list is a prompt to look, not a diagnosis."
            )
    return lines + [_in_short(comparison) for comparison in compared]


def _in_short(comparison: Comparison) -> str:
    """The comparison without names of areas."""
    measure, overall, found = comparison.measure, comparison.overall["value"], comparison.rows["comparison"]
    if pd.isna(overall):
        return comparison.sentence
    counts = {word: int((found == word).sum()) for word in _COMPARISONS}
    return (
        f"{measure.title}: {number(overall)}% of {measure.of}. "
        f"Of {sum(counts.values())} PCNs, higher than the ICB: {counts['higher']}, lower: {counts['lower']}, "
        f"not different beyond chance: {counts['not different']}."
    )


def _funnel(steps: pd.DataFrame, cohort: Definition) -> pd.DataFrame:
    return steps[(steps["cohort_id"] == cohort.id) & (steps["area_type"] == "icb")].sort_values("step_order")


def _profile(values: pd.DataFrame) -> pd.DataFrame:
    """One row per PCN: list size with its note against the usual band, and mean deprivation score."""
    pcns = values[values["area_type"] == "pcn"]
    size = pcns[pcns["measure_id"] == "list_size"].set_index("area_code")[["area_name", "numerator"]]
    score = pcns[pcns["measure_id"] == "imd_mean_score"].set_index("area_code")["value"]
    profile = size.join(score.rename("imd_score")).sort_values(["imd_score", "area_name"], ascending=[False, True])
    profile["note"] = profile["numerator"].astype(object).map(size_note)
    return profile.reset_index()


def _mix(values: pd.DataFrame) -> dict[str, object]:
    """Shares by deprivation quintile: a table with one row per PCN, most deprived first, and its chart."""
    shares = values[(values["group_name"] == "imd_quintile") & values["area_type"].isin(["pcn", "icb"])]
    wide = shares.pivot(index=["area_type", "area_name"], columns="group_value", values="value").sort_index(axis=1)
    wide = wide.sort_values(list(wide.columns), ascending=False, na_position="last").reset_index()
    long = wide.assign(order=range(len(wide))).melt(["area_type", "area_name", "order"], var_name="quintile")
    return {
        "table": wide,
        "quintiles": list("12345"),
        "svg": charts.quintile_mix(long.sort_values(["order", "quintile"])),
    }


def _places(values: pd.DataFrame, compared: list[Comparison]) -> pd.DataFrame:
    """One row per place and the ICB, one column per compared measure."""
    areas = values[values["area_type"].isin(["place", "icb"]) & (values["group_name"] == "all")]
    table = areas.pivot(index=["area_type", "area_name"], columns="measure_id", values="value")
    return table.reindex(columns=[c.measure.id for c in compared]).sort_index(ascending=[False, True]).reset_index()


def _feeds(checks: pd.DataFrame) -> pd.DataFrame:
    """One row per feed: rows delivered, accepted and quarantined, and the rules rows broke with their counts."""
    feeds = checks[checks["section"].isin(checks.loc[checks["item"] == "quarantined", "section"])]
    wide = feeds[feeds["item"].isin(_LANDED)].pivot(index="section", columns="item", values="count").reset_index()
    broken = feeds[~feeds["item"].isin(_LANDED)]
    counts = broken["count"].astype(object).map(count).astype(str)
    said = (broken["item"].str.replace("_", " ") + ": " + counts).groupby(broken["section"])
    wide["rules"] = wide["section"].map(said.agg("; ".join)).fillna("none")
    wide["section"] = wide["section"].str.removeprefix("feed_").str.replace("_", " ")
    return wide

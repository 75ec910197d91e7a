"""The page of the measures: what each counts, of whom, how it is compared and where the rule comes from."""

from collections.abc import Iterable, Iterator

from phm.measures.definition import GOALS, Measure

_UNITS = {
    "people": "a number of people",
    "percent": "a percentage with its Wilson interval",
    "rate": "a rate per 1,000 people with Byar's interval",
    "ratio": "what is recorded per 100 expected, with Byar's interval of the count",
    "score": "a mean of the whole population, without an interval",
}
_STANDARDISED = {
    "direct": "directly standardised for age to the European Standard Population 2013, beside the crude value",
    "indirect": "indirectly standardised for age to the ICB's rates, beside the crude value",
}
_GOOD = {"low": "low values are good", "high": "high values are good", "none": "neither high nor low is good by itself"}


def page(measures: Iterable[Measure], /) -> str:
    """The page in Markdown: what `docs/measures.md` holds."""
    return "\n\n".join(_sections(list(measures))) + "\n"


def _sections(measures: list[Measure]) -> Iterator[str]:
    yield "<!-- Made by `phm measures --markdown`: change the definitions, not this page. -->"
    yield "# Measures"
    yield (
        "Each measure is one file of `phm/measures/library`. A site's own go into a folder named by `measures` in "
        "`phm.toml`. Values are computed from counts that have passed [disclosure control](disclosure.md), with the "
        "formulas of [statistics](statistics.md)."
    )
    for goal, title in GOALS.items():
        yield f"## {title}"
        yield from (_section(measure) for measure in measures if measure.goal == goal)


def _section(measure: Measure) -> str:
    lines = [
        f"### {measure.title}",
        "",
        f"`{measure.id}`, version {measure.version}; {measure.scope}; owner: {measure.owner}.",
        "",
        f"- Of: {measure.of}",
        f"- Ages: {measure.age_from} to {measure.age_to}" if (measure.age_from, measure.age_to) != (0, 120) else "",
        f"- Is: {_UNITS[measure.unit]}; {_GOOD[measure.polarity]}",
        "- Over: the 12 months up to the reference date" if measure.period == "year" else "",
        "- Compared with: the month published before; without one it is not published" if measure.compared_with else "",
        f"- Adjusted: {_STANDARDISED[measure.standardisation]}" if measure.standardisation != "none" else "",
        f"- Shown by: {', '.join(measure.groups)}" if measure.groups else "",
        f"- To reach: {measure.benchmark.value:g} ({measure.benchmark.source})" if measure.benchmark else "",
        "- Sources and limits:",
        *(f"  - {source}" for source in measure.sources),
    ]
    text = "\n".join(line for line in lines[4:] if line)
    return "\n".join([*lines[:4], text, "", "```sql", *_conditions(measure), "```"])


def _conditions(measure: Measure) -> Iterator[str]:
    yield f"-- denominator\n{measure.denominator.text}"
    if measure.numerator is not None:
        yield f"-- numerator\n{measure.numerator.text}"
    parts = {"share_by": measure.share_by, "mean_of": measure.mean_of, "sum_of": measure.sum_of}
    parts |= {"cascade_of": measure.cascade_of, "entries_of": ", ".join(measure.entries_of)}
    yield from (f"-- {name}: {value}" for name, value in parts.items() if value)

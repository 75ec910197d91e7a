"""`phm compare` and `phm measures`: PCNs side by side by one measure, and what the measures are."""

from typing import TYPE_CHECKING, Annotated

import typer

from phm.commands.terminal import print_table, say

if TYPE_CHECKING:
    from phm.measures.comparison import Comparison
    from phm.measures.definition import Measure

app = typer.Typer()


@app.command()
def compare(
    measure: Annotated[str, typer.Option(help="Measure; `phm measures` lists them.")],
    by: Annotated[
        str, typer.Option(help="Groups: sex, age_band, imd_quintile, ethnicity_group.", show_default="everybody")
    ] = "all",
    month: Annotated[str | None, typer.Option(help="Month, YYYY-MM.", show_default="the newest")] = None,
    icb: Annotated[str | None, typer.Option(help="ICB code, where several are published.")] = None,
) -> None:
    """Compare the PCNs of an ICB by one measure: value, interval, and whether they differ from the ICB.

    Only published, disclosure-controlled figures are used.
    """
    from phm.commands.published import published_partition
    from phm.config import load_settings
    from phm.governance.disclosure import recognise
    from phm.measures.comparison import compare_pcns
    from phm.measures.definition import load_measures
    from phm.measures.trends import months_of, published_months, trends
    from phm.site import store_of

    settings = load_settings()
    store = store_of(settings)
    definition = _named(measure, load_measures(settings.measures))
    partition = published_partition(store, month=month, icb_code=icb)
    months = published_months(store, partition.icb_code)
    found = compare_pcns(recognise(months_of(months, partition.month)), definition, by=by)
    _tell(found, by)
    moved = trends(months)
    moved = moved[moved["measure_id"].eq(measure) & moved["area_type"].eq("pcn") & moved["month"].eq(partition.month)]
    marked = moved.loc[moved["is_special_cause"], "area_code"]
    if len(marked):
        say(f"More than the usual ups and downs this month: {', '.join(marked)}.")


@app.command("measures")
def list_measures(
    markdown: Annotated[bool, typer.Option("--markdown", help="The page that stands in docs/measures.md.")] = False,
) -> None:
    """List the measures there are, shipped and your own."""
    from phm.config import load_settings
    from phm.measures.definition import load_measures
    from phm.measures.page import page

    measures = load_measures(load_settings().measures)
    if markdown:
        typer.echo(page(measures), nl=False)
        return
    print_table(
        ("measure", "title", "unit", "goal", "scope"), [(m.id, m.title, m.unit, m.goal, m.scope) for m in measures]
    )


def _named(name: str, measures: "tuple[Measure, ...]") -> "Measure":
    from phm.errors import ConfigurationError
    from phm.expressions.document import nearest

    known = {measure.id: measure for measure in measures}
    if name not in known:
        raise ConfigurationError("There is no such measure", name=name, hint=nearest(name, known))
    return known[name]


def _tell(found: "Comparison", by: str) -> None:
    overall, measure = found.overall, found.measure
    say(f"{measure.title}: {measure.of}.")
    for row in overall.itertuples():
        group = f" ({row.group_value})" if by != "all" else ""
        say(f"{row.area_name}{group}: {_value(row.value, row.lower, row.upper)} {_UNITS[measure.unit]}, {row.period}.")
    headings = ["PCN"] + (["group"] if by != "all" else []) + ["value", "95% interval", "against the ICB", "of"]
    adjusted = ["age-standardised", "95% interval", "against the ICB"] if found.is_standardised else []
    rows = []
    for row in found.rows.itertuples():
        cells = [f"{row.area_name} ({row.area_code})"] + ([row.group_value] if by != "all" else [])
        cells += [*_cells(row.value, row.lower, row.upper, row.significance)]
        cells.append(f"{_count(row.numerator)} of {_count(row.denominator)}")
        if adjusted:
            cells += _cells(
                row.standardised_value,
                row.standardised_lower,
                row.standardised_upper,
                row.standardised_significance,
            )
        rows.append(tuple(cells))
    print_table(tuple(headings + adjusted), rows)
    for sentence in found.sentences:
        say(sentence)
    methods = ("method", "standardised_method") if found.is_standardised else ("method",)
    for name in methods:
        say(f"Method: {found.rows[name].dropna().iloc[0]}.")


_UNITS = {
    "percent": "percent",
    "rate": "per 1,000 people",
    "ratio": "per 100 expected",
    "people": "people",
    "score": "mean score",
}


def _cells(value: float, lower: float, upper: float, significance: str | None) -> list[str]:
    from pandas import isna

    if isna(value):
        return ["withheld", "", ""]
    return [f"{value:,.1f}", _limits(lower, upper), significance if isinstance(significance, str) else ""]


def _value(value: float, lower: float, upper: float) -> str:
    from pandas import isna

    if isna(value):
        return "withheld"
    limits = _limits(lower, upper)
    return f"{value:,.1f}" + (f" ({limits})" if limits else "")


def _limits(lower: float, upper: float) -> str:
    from pandas import isna

    return "" if isna(lower) or isna(upper) else f"{lower:,.1f} to {upper:,.1f}"


def _count(count: float) -> str:
    from pandas import isna

    return "withheld" if isna(count) else f"{count:,.0f}"

"""`phm pilots`: whether pilot PCNs moved more than PCNs like them, from published months."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phm.commands.terminal import print_table, say

if TYPE_CHECKING:
    from phm.measures.definition import Measure
    from phm.measures.pilots import Evaluation
    from phm.store import Store

app = typer.Typer(no_args_is_help=True, help="Pilots: what changed in them, against PCNs like them.")


@app.command()
def evaluate(
    pcn: Annotated[list[str], typer.Option(help="PCN code of a pilot; can be repeated.")],
    start: Annotated[str, typer.Option(help="First month of the pilot, YYYY-MM.")],
    measure: Annotated[
        list[str] | None,
        typer.Option(help="Measure to look at; can be repeated.", show_default="all percentages of people"),
    ] = None,
    comparators: Annotated[int, typer.Option(min=1, help="How many similar PCNs each pilot is compared with.")] = 5,
    icb: Annotated[str | None, typer.Option(help="ICB code, where several are published.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the charts and tables into this folder as well.")] = None,
) -> None:
    """Compare pilot PCNs with matched PCNs, before and after a start: difference in differences, and run charts.

    Only published, disclosure-controlled figures are used. It says so where months or people are too few to tell.
    """
    from phm.config import load_settings
    from phm.measures.definition import load_measures
    from phm.measures.pilots import evaluate as compare
    from phm.measures.trends import published_months
    from phm.site import store_of
    from phm.store import Partition

    settings = load_settings()
    store = store_of(settings)
    icb_code = _icb(store, icb)
    Partition(start, icb_code)  # a start that is no month is refused as any month is
    published = published_months(store, icb_code)
    shown = set(published.table["measure_id"])
    known = [m for m in load_measures(settings.measures) if m.id in shown]
    definitions = _measures(measure, known)
    for definition in definitions:
        found = compare(published, measure=definition, pilots=pcn, start=start, comparators_each=comparators)
        _tell(found)
        if out:
            _write(found, out)
    if len(definitions) > 1:
        say(
            f"{len(definitions)} measures were looked at: of those that did not change one in 20 looks clear by chance."
        )


def _icb(store: "Store", icb_code: str | None) -> str:
    """The ICB asked for, or the only one that is published."""
    from phm.errors import ConfigurationError, StoreError

    known = sorted({p.icb_code for p in store.partitions() if icb_code in (None, p.icb_code)})
    if not known:
        raise StoreError("Nothing is published for it", name=str(store.home), hint="Run `phm run` first.")
    if len(known) > 1:
        raise ConfigurationError("Several ICBs are published", name=", ".join(known), hint="Name one with --icb.")
    return known[0]


def _measures(ids: list[str] | None, measures: "list[Measure]") -> "list[Measure]":
    from phm.errors import ConfigurationError

    percentages = {measure.id: measure for measure in measures if measure.unit == "percent" and measure.numerator}
    unknown = [name for name in ids or () if name not in percentages]
    if unknown:
        raise ConfigurationError(
            "There is no such percentage of people",
            name=", ".join(unknown),
            hint=f"Choose from: {', '.join(percentages)}.",
        )
    return [m for m in percentages.values() if not ids or m.id in ids]


def _tell(found: "Evaluation") -> None:
    say(f"{found.measure.title}: {found.months_before} months before {found.start}, {found.months_after} from then on.")
    say(found.sentence)
    rows = [
        (
            f"{row.area_name} ({row.area_code})",
            "pilot" if row.is_pilot else "comparator",
            *(
                _figure(number, digits)
                for number, digits in (
                    (row.list_size, 0),
                    (row.deprivation, 1),
                    (row.mean_age, 1),
                    (row.level, 1),
                    (row.trend, 2),
                    (row.change, 1),
                )
            ),
        )
        for row in found.areas.itertuples()
    ]
    print_table(
        ("PCN", "role", "people", "deprivation", "mean age", "% before", "change a month before", "change since"), rows
    )
    for position, code in enumerate(found.pilots):
        marked = [m for m, mark in zip(found.months, found.run_charts.is_special_cause[position], strict=True) if mark]
        provisional = " (limits provisional: few months)" if found.run_charts.is_provisional[position] else ""
        say(f"Run chart of {code}: special cause in {', '.join(marked) or 'no month'}{provisional}.")


def _figure(value: float, digits: int) -> str:
    return "" if value != value else f"{value:,.{digits}f}"


def _write(found: "Evaluation", folder: Path) -> None:
    """Charts as SVG and as Vega-Lite, and the tables behind them as CSV."""
    from phm.report.drawing import to_svg
    from phm.report.pilots import parallel_trends, run_chart

    folder.mkdir(parents=True, exist_ok=True)
    charts = {"parallel_trends": parallel_trends(found)}
    charts |= {f"run_chart_{code}": run_chart(found, code) for code in found.pilots}
    for name, chart in charts.items():
        stem = f"{found.measure.id}_{name}"
        (folder / f"{stem}.svg").write_text(to_svg(chart), encoding="utf-8")
        (folder / f"{stem}.vl.json").write_text(json.dumps(chart.to_dict(), indent=1), encoding="utf-8")
    for name, table in (("areas", found.areas), ("months", found.monthly)):
        table.to_csv(folder / f"{found.measure.id}_{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
    say(f"Charts and tables are in {folder}.")

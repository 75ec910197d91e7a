"""`phm adapt`: an extract in another form becomes a delivery, with a report of what was mapped and what was not."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from phm.commands.terminal import console

if TYPE_CHECKING:
    from rich.table import Table

    from phm.feeds.adapters.mapping_report import MappingReport

app = typer.Typer()


@app.command()
def adapt(
    form: Annotated[Literal["omop", "ehrql", "synthea"], typer.Argument(help="Form of the extract.")],
    extract: Annotated[Path, typer.Argument(metavar="DIR", help="Folder or zip file of its CSV tables.")],
    out: Annotated[Path, typer.Argument(help="Folder of deliveries to write to: <out>/<month>/<icb>/.")],
    month: Annotated[str, typer.Option(help="Month the extract was made in, YYYY-MM; what is later is left out.")],
    icb: Annotated[str, typer.Option(help="ICB the delivery is for.")] = "QZZ",
    practice: Annotated[str, typer.Option(help="Practice that everybody is registered with.")] = "Y99001",
    lsoa: Annotated[
        str | None, typer.Option(help="Small area that everybody lives in.", show_default="areas stay empty")
    ] = None,
) -> None:
    """Turn an OMOP CDM 5.4, ehrQL or Synthea extract into a delivery, and say what was mapped and what was not.

    The defaults are a practice of the made-up place, so that the public files of `phm synth` fit.
    """
    from rich.markup import escape

    from phm.feeds.adapters.adaptation import adapt as write
    from phm.store import Partition

    report = write(
        extract, out, form_name=form, partition=Partition(month, icb), practice_code=practice, lsoa_code=lsoa
    )
    screen = console()
    screen.print(_totals(report), _becomings(report))
    for assumption in report.assumptions:
        screen.print(f"- {escape(assumption)}")
    for feed, count in report.delivered.items():
        screen.print(f"{feed}: {count:,} rows")
    if report.still_needed:
        needed = ", ".join(report.still_needed)
        screen.print(f"[yellow]Still needed[/yellow] in {escape(str(out / month / icb))}: {escape(needed)}")
    screen.print(f"Every code: {escape(str(out / 'mapping_report.json'))}")


def _totals(report: "MappingReport") -> "Table":
    from rich.table import Table

    from phm.feeds.adapters.mapping_report import OUTCOMES

    table = Table("source table")
    for heading in ("read", *OUTCOMES):
        table.add_column(heading.replace("_", " "), justify="right")
    for name, counts in report.totals.items():
        table.add_row(name, f"{report.read[name]:,}", *(f"{counts[outcome]:,}" for outcome in OUTCOMES))
    return table


def _becomings(report: "MappingReport") -> "Table":
    """What the rows became, or why they were left out: one row for all codes that fared alike."""
    from rich.markup import escape
    from rich.table import Table

    table = Table("source table", "outcome", "became", "why", "codes", "rows")
    for (source_table, outcome, became, note), (codes, rows) in report.summary().items():
        table.add_row(source_table, outcome.replace("_", " "), became, escape(note), f"{codes:,}", f"{rows:,}")
    return table

"""`phm allocate`: what each area would get of a fund or of appointments, by people, by deprivation and by gap."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phm.commands.terminal import console, say

if TYPE_CHECKING:
    from rich.table import Table

    from phm.measures.allocation import Allocation
    from phm.measures.definition import Measure

app = typer.Typer()


class Unit(StrEnum):
    """What is divided."""

    GBP = "GBP"
    APPOINTMENTS = "appointments"


class Level(StrEnum):
    """Among whom it is divided."""

    PRACTICE = "practice"
    PCN = "pcn"
    PLACE = "place"


class Deprivation(StrEnum):
    """How deprivation counts."""

    SCORE = "score"
    CORE20 = "core20"


@app.command()
def allocate(
    amount: Annotated[int, typer.Option(help="How much there is: whole pounds, or a number of appointments.")],
    unit: Annotated[Unit, typer.Option(help="What it is.")] = Unit.GBP,
    level: Annotated[Level, typer.Option(help="Among whom it is divided.")] = Level.PCN,
    deprivation: Annotated[
        Deprivation, typer.Option(help="By mean score against the ICB's, or by people in Core20 areas.")
    ] = Deprivation.SCORE,
    gap: Annotated[
        list[str] | None,
        typer.Option(help="Measure whose people are in need; can be repeated.", show_default="all that should be low"),
    ] = None,
    month: Annotated[str | None, typer.Option(help="Month, YYYY-MM.", show_default="the newest")] = None,
    icb: Annotated[str | None, typer.Option(help="ICB code, where several are published.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the table to this CSV file as well.")] = None,
) -> None:
    """Divide a fund or appointments among practices, PCNs or places: by people, by deprivation, by measured gap.

    The three stand side by side; each adds up to the amount. Only published figures are used.
    """
    import pandas as pd

    from phm.commands.published import published_partition
    from phm.config import load_settings
    from phm.governance.disclosure import recognise
    from phm.measures.allocation import ROUNDING
    from phm.measures.allocation import allocate as divide
    from phm.measures.definition import load_measures
    from phm.site import store_of

    settings = load_settings()
    store = store_of(settings)
    partition = published_partition(store, month=month, icb_code=icb)
    (file,) = store.files("measure_value", partition)
    measures = recognise(pd.read_parquet(file, dtype_backend="numpy_nullable"))
    gaps = _gaps(gap, load_measures(settings.measures))
    found = divide(measures, amount=amount, level=level.value, gaps=gaps, deprivation=deprivation.value)
    say(f"{amount:,} {unit.value} in {partition.icb_code}, {partition.month}, in proportion to:")
    for name, formula in found.formulas.items():
        say(f"  by {name}: {formula}")
    index = store.version("core_person", partition).record.get("deprivation_index")
    if index:
        say(f"Deprivation is by {index}.")
    say(ROUNDING)
    console().print(_table(found))
    if found.table["is_estimated"].any():
        say("* A figure of it is withheld; the ICB's rate among as many people stands in for it.")
    if out:
        found.table.to_csv(out, index=False, lineterminator="\n", encoding="utf-8")
        say(f"The table is in {out}.")


def _gaps(ids: list[str] | None, measures: "tuple[Measure, ...]") -> "list[Measure]":
    """The measures named, or all that count people who should be few."""
    from phm.errors import ConfigurationError

    counting = {measure.id: measure for measure in measures if measure.unit == "percent" and measure.numerator}
    unknown = [name for name in ids or () if name not in counting]
    if unknown:
        raise ConfigurationError(
            "There is no such measure of people in need",
            name=", ".join(unknown),
            hint=f"Choose from: {', '.join(counting)}.",
        )
    return [m for m in counting.values() if (m.id in ids if ids else m.polarity == "low")]


def _table(found: "Allocation") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    table.add_column("area")
    headings = ("people", "weighted by deprivation", "measured gap", "by people", "by deprivation", "by gap")
    for heading in headings:
        table.add_column(heading, justify="right")
    for row in found.table.itertuples():
        name = escape(f"{row.area_name} ({row.area_code}){' *' if row.is_estimated else ''}")
        figures = (row.people, row.deprivation, row.gap, row.by_people, row.by_deprivation, row.by_gap)
        table.add_row(name, *(f"{figure:,.0f}" for figure in figures))
    totals = found.table[["by_people", "by_deprivation", "by_gap"]].sum()
    table.add_section()
    table.add_row("all", "", "", "", *(f"{total:,}" for total in totals))
    return table

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
    from phm.store import Partition, Store

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

    from phm.config import load_settings
    from phm.governance.disclosure import recognise
    from phm.measures.allocation import ROUNDING
    from phm.measures.allocation import allocate as divide
    from phm.store import Store

    settings = load_settings()
    store = Store(settings.home, settings.vault)
    partition = _partition(store, month, icb)
    (file,) = store.files("measure_value", partition)
    measures = recognise(pd.read_parquet(file, dtype_backend="numpy_nullable"))
    found = divide(measures, amount=amount, level=level.value, gaps=_gaps(gap), deprivation=deprivation.value)
    say(f"{amount:,} {unit.value} in {partition.icb_code}, {partition.month}, in proportion to:")
    for name, formula in found.formulas.items():
        say(f"  by {name}: {formula}")
    say(ROUNDING)
    console().print(_table(found))
    if found.table["is_estimated"].any():
        say("* A figure of it is withheld; the ICB's rate among as many people stands in for it.")
    if out:
        found.table.to_csv(out, index=False, lineterminator="\n", encoding="utf-8")
        say(f"The table is in {out}.")


def _partition(store: "Store", month: str | None, icb_code: str | None) -> "Partition":
    """The partition asked for: of the newest month unless one is named, and of the only ICB unless one is named."""
    from phm.errors import ConfigurationError, StoreError

    published = [p for p in store.partitions() if icb_code in (None, p.icb_code) and month in (None, p.month)]
    if not published:
        raise StoreError("Nothing is published for it", name=str(store.home), hint="Run `phm run` first.")
    newest = [p for p in published if p.month == published[-1].month]
    if len(newest) > 1:
        names = ", ".join(p.icb_code for p in newest)
        raise ConfigurationError("Several ICBs are published", name=names, hint="Name one with --icb.")
    return newest[0]


def _gaps(ids: list[str] | None) -> "list[Measure]":
    """The measures named, or all that count people who should be few."""
    from phm.errors import ConfigurationError
    from phm.measures.definition import load_measures

    counting = {measure.id: measure for measure in load_measures() if measure.numerator is not None}
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

"""`phm validate`: delivered files against their contract, before they are part of a delivery."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phm.commands.terminal import console, say

if TYPE_CHECKING:
    from rich.table import Table

    from phm.feeds.validation import Validation

app = typer.Typer()

_COLOURS = {"passed": "green", "failed": "red", "could_not_evaluate": "yellow"}


@app.command()
def validate(
    path: Annotated[Path, typer.Argument(help="A delivered file, or a folder of practice files.")],
    contract: Annotated[str, typer.Option(help="Name of the contract, for example gp_event.")],
    month: Annotated[
        str | None, typer.Option(help="Month the file is for, YYYY-MM.", show_default="last month")
    ] = None,
    previous: Annotated[Path | None, typer.Option(help="The delivery before, file or folder, to compare with.")] = None,
    list_sizes: Annotated[
        Path | None, typer.Option(help="Published list sizes (gp-reg-pat-prac-all) to hold registers against.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write the findings as a page to send to the supplier.")] = None,
    show_rows: Annotated[
        bool, typer.Option("--show-rows", help="Write the rejected rows, values and all, to a file in the vault.")
    ] = False,
) -> None:
    """Check delivered files against their contract: rules and counts, no values.

    Exit code 0: every rule that must hold does. 1: one does not. 2: a file could not be read.
    """
    from phm.config import load_settings
    from phm.errors import CheckFailed
    from phm.feeds.contracts import load_contract
    from phm.feeds.validation import validate as check
    from phm.store import Partition, write_atomically

    settings = load_settings()
    wanted = load_contract(contract)
    rejected_to = settings.vault_dir / "rejected" / f"{contract}_{path.stem}.csv" if show_rows else None
    with console(stderr=True).status(f"Checking {path.name} against {contract}"):
        found = check(
            path,
            wanted,
            reference_date=Partition(month or _last_month(), "ANY").reference_date,
            previous=previous,
            list_sizes=list_sizes,
            rejected_to=rejected_to,
            memory_limit=settings.memory_limit,
        )
    screen = console()
    screen.print(_rules(found))
    for sentence in found.sentences:
        say(sentence)
    if rejected_to:
        say(f"{found.rejected_rows} rejected rows, with their values, are in {rejected_to}: not to leave the vault.")
    if html:
        from phm.report.validation import build_validation_page

        write_atomically(html, build_validation_page(found))
        say(f"The page for the supplier is {html}; it holds no values.")
    if found.broken:
        raise CheckFailed(
            f"{len(found.broken)} of {len(found.results)} rules do not hold",
            name=str(path),
            hint="Send the supplier this table, or with --html a page of it; it holds no values.",
        )


def _rules(found: "Validation") -> "Table":
    from rich.markup import escape
    from rich.table import Table

    table = Table()
    for heading in ("rule", "status", "severity", "observed", "must be"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what it asks")
    for r in found.results:
        status = f"[{_COLOURS[r.status]}]{r.status.replace('_', ' ')}[/]"
        observed = "" if r.observed is None else f"{r.observed:,.10g} {r.unit}"
        table.add_row(r.rule_id, status, r.severity, observed, r.threshold, escape(r.description))
    return table


def _last_month() -> str:
    return (dt.date.today().replace(day=1) - dt.timedelta(days=1)).strftime("%Y-%m")

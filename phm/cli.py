"""The `phm` command. Each command reads its arguments, calls the library and says what happened.

Heavy imports stay inside the commands, so that `phm --help` answers at once.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phm.collector import collect_seldom
from phm.commands import (
    adapt,
    allocation,
    cohorts,
    compare,
    contracts,
    deprivation,
    evaluate,
    geography,
    lists,
    model,
    outcomes,
    pilots,
    report,
    synth,
    validate,
)
from phm.commands.terminal import console, progress, say
from phm.errors import ConfigurationError, PhmError

if TYPE_CHECKING:
    from phm.store import Store

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Population health management: practice registers in, case-finding lists and PCN comparisons out.",
)
key = typer.Typer(no_args_is_help=True, help="The site key NHS numbers are pseudonymised with.")
app.add_typer(key, name="key")
app.add_typer(adapt.app)
app.add_typer(allocation.app)
app.add_typer(compare.app)
app.add_typer(validate.app)
app.add_typer(cohorts.app, name="cohorts")
app.add_typer(contracts.app, name="contracts")
app.add_typer(deprivation.app, name="deprivation")
app.add_typer(evaluate.app)
app.add_typer(geography.app, name="geography")
app.add_typer(lists.app, name="lists")
app.add_typer(model.app, name="model")
app.add_typer(outcomes.app, name="outcomes")
app.add_typer(pilots.app, name="pilots")
app.add_typer(report.app)
app.add_typer(synth.app, name="synth")

Month = Annotated[str | None, typer.Option(help="Month, YYYY-MM.", show_default="the newest")]
Feeds = Annotated[Path | None, typer.Option(help="Folder of deliveries: <feeds>/<YYYY-MM>/<ICB code>/.")]


def main() -> None:
    """Run the command; what a user can put right becomes one message and its exit code, without a traceback."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    try:
        app(arguments, prog_name="phm")
    except Exception as error:
        to_put_right = None if debug else _to_put_right(error)
        if to_put_right is None:
            raise
        from rich.markup import escape

        name = f" [bold]{escape(to_put_right.name)}[/bold]" if to_put_right.name else ""
        what = f"[red]{escape(to_put_right.what)}[/red]{':' if name else '.'}{name}"
        console(stderr=True).print(f"{what}\n{escape(to_put_right.hint)}")
        sys.exit(to_put_right.exit_code)


def _to_put_right(error: Exception) -> PhmError | None:
    """What to tell a user, where it is something for a user to put right."""
    if isinstance(error, PhmError):
        return error
    import duckdb

    if isinstance(error, duckdb.OutOfMemoryException):
        return ConfigurationError(
            "The engine ran out of memory",
            name="memory_limit",
            hint="Allow it more in phm.toml or as PHM_MEMORY_LIMIT, or set fewer threads: each takes its share.",
        )
    return None


@app.command()
def run(
    month: Month = None,
    feeds: Feeds = None,
    icb: Annotated[str | None, typer.Option(help="Only this ICB.", show_default="all delivered")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Make a synthetic place first and run that.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Run even if nothing changed since it was published.")] = False,
) -> None:
    """Run a month end to end: land and check the feeds, make lists and the comparison of PCNs, publish."""
    from phm.config import load_settings
    from phm.feeds.deliveries import choose_partitions

    settings = load_settings(feeds=feeds)
    if demo:
        month, icb = month or synth.DEMO_MONTH, synth.DEMO_ICB
        settings = load_settings(feeds=settings.home / "demo" / "feeds")
        if not (settings.feeds / month / icb).is_dir():
            synth.synthesise(settings.feeds, month=month)
    collect_seldom()
    from phm.publication import expose
    from pipelines.run import Site, run_partition

    site = Site(home=str(settings.home), feeds=str(settings.feeds), demo=demo)
    for partition in choose_partitions(settings.feeds, month=month, icb_code=icb):
        if not force and site.already_published(partition):
            say(f"{partition.month} {partition.icb_code} is published and nothing has changed since.")
        else:
            with progress(f"{partition.month} {partition.icb_code}") as listener:
                run_partition(partition, site=site, listener=listener)
        outputs = expose(site.store, partition)
        say(f"Report: {outputs.report}\nLists:  {outputs.lists}")


@app.command()
def sql(
    question: Annotated[str, typer.Argument(help="A SELECT over published tables; SHOW TABLES lists them.")],
) -> None:
    """Ask the published tables of all months a question in SQL. Read-only; the vault cannot be reached."""
    from phm.query import ask

    answer = ask(_store(), question)
    if sys.stdout.isatty():
        answer.show(max_width=console().width)
    else:
        answer.df().to_csv(sys.stdout, index=False)


@app.command()
def doctor() -> None:
    """Say what is configured, what is missing and what to do about it."""
    from phm.config import load_settings
    from phm.doctor import examine

    colours = {"ok": "green", "missing": "yellow", "wrong": "red"}
    findings = examine(load_settings())
    for finding in findings:
        console().print(f"[{colours[finding.state]}]{finding.state:8}[/] {finding.what}: {finding.found}")
        if finding.advice:
            console().print(f"         {finding.advice}")
    if any(finding.state == "wrong" for finding in findings):
        sys.exit(3)


@key.command()
def create() -> None:
    """Make a new random site key where the settings say; it is readable by its owner only."""
    from phm.config import load_settings
    from phm.governance.pseudonyms import create_key

    path = load_settings().key_path
    create_key(path)
    say(f"A new key is in {path}. Keep a copy in a safe place: without it no list can be matched to an earlier one.")


def _store() -> "Store":
    from phm.config import load_settings
    from phm.site import store_of

    settings = load_settings()
    return store_of(settings)

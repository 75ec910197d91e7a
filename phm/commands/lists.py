"""`phm lists`: lists with NHS numbers for practices, and the removal of those that have expired."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from phm.commands.terminal import say

app = typer.Typer(no_args_is_help=True, help="Case-finding lists.")


@app.command()
def pull(
    practice: Annotated[str | None, typer.Option(help="Practice code.")] = None,
    pcn: Annotated[str | None, typer.Option(help="PCN code: one file for each of its practices.")] = None,
    cohort: Annotated[str, typer.Option(help="Cohort definition.")] = "possible_undiagnosed_hypertension",
    month: Annotated[str | None, typer.Option(help="Month, YYYY-MM.", show_default="the newest")] = None,
    format: Annotated[Literal["xlsx", "csv"], typer.Option(help="Workbook, or text for other systems.")] = "xlsx",
    out: Annotated[Path, typer.Option(help="Folder to write to; keep it where only the practice can read.")] = Path(),
    assigned: Annotated[
        bool, typer.Option("--assigned", help="With --pcn: only people with its shared appointments, for its staff.")
    ] = False,
    reason: Annotated[
        str | None,
        typer.Option(
            help="Why the list is pulled; goes into the audit. An expired list needs one.", show_default="case finding"
        ),
    ] = None,
) -> None:
    """Write a practice's list with NHS numbers, or one for each practice of a PCN. Every pull is audited.

    What is for a practice is its whole list; staff of its PCN may see what is assigned to them: `--assigned`.
    """
    import datetime as dt

    from phm.cohorts.definition import load_definition
    from phm.config import load_settings
    from phm.errors import ConfigurationError
    from phm.lists.pull import find_practices
    from phm.lists.pull import pull as write
    from phm.site import engine_of, store_of

    if (practice is None) == (pcn is None):
        raise ConfigurationError("Name one practice or one PCN", name="--practice, --pcn", hint="Give exactly one.")
    if assigned and not pcn:
        raise ConfigurationError("Only a PCN is assigned entries", name="--assigned", hint="Name the PCN with --pcn.")
    settings = load_settings()
    store, con = store_of(settings), engine_of(settings)
    partition, codes = find_practices(con, store, month=month, practice_code=practice, pcn_code=pcn)
    for pulled in write(
        con,
        store,
        partition,
        load_definition(cohort, settings.definitions),
        practice_codes=codes,
        folder=out,
        format=format,
        reason=reason,
        as_at=dt.date.today(),
        definitions=settings.definitions,
        handed_over=settings.workbooks,
        assigned_only=assigned,
    ):
        say(f"{pulled.practice.practice_code} {pulled.practice.practice_name}: {pulled.entry_count} entries")
        for file in pulled.files:
            say(f"  {file}")


@app.command()
def expire() -> None:
    """Remove the workbooks of expired lists from the vault. The entries stay, and outcomes are still taken in."""
    import datetime as dt

    from phm.config import load_settings
    from phm.lists.expiry import remove_expired
    from phm.site import store_of

    settings = load_settings()
    removed = remove_expired(store_of(settings), as_at=dt.date.today())
    for partition, count in removed:
        say(f"{partition.month} {partition.icb_code}: {count} workbooks removed")
    if not removed:
        say("No list has expired.")


@app.command()
def plan(
    month: Annotated[str | None, typer.Option(help="Month, YYYY-MM.", show_default="the newest")] = None,
    icb: Annotated[str | None, typer.Option(help="ICB code.", show_default="every one published")] = None,
) -> None:
    """Say what the lists of a month ask of each practice and PCN, and what they are expected to find.

    People are counted once for all lists of one use that the same role works. Counts are not rounded: they are for
    the practices and their PCN.
    """
    from phm.commands.terminal import print_table
    from phm.config import load_settings
    from phm.errors import StoreError
    from phm.lists.workload import NOT_PLANNED, by_area
    from phm.site import engine_of, store_of

    settings = load_settings()
    store, con = store_of(settings), engine_of(settings)
    published = [p for p in store.partitions() if icb in (None, p.icb_code) and store.has("list_wave", p)]
    wanted = month or max((p.month for p in published), default="")
    chosen = [p for p in published if p.month == wanted]
    if not chosen:
        raise StoreError("No plan is published for it", name=month or icb or "", hint="Run the month: `phm run`.")
    for partition in chosen:
        tables = (store.read(con, name, partition) for name in ("list_wave", "feed_capacity", "core_geography"))
        header, rows = by_area(*tables)
        say(f"{partition.month} {partition.icb_code}")
        if rows:
            print_table(header, rows)
        else:
            say(NOT_PLANNED)


@app.command()
def weeks(
    cohort: Annotated[str, typer.Argument(metavar="ID", help="Id of a definition.")],
    practice: Annotated[str | None, typer.Option(help="Practice code.")] = None,
    pcn: Annotated[str | None, typer.Option(help="PCN code.", show_default="the whole ICB")] = None,
    month: Annotated[str | None, typer.Option(help="Month, YYYY-MM.", show_default="the newest")] = None,
    icb: Annotated[str | None, typer.Option(help="ICB code, where several are published.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a table for a page.")] = False,
) -> None:
    """Say in which week how many people of each tier have their turn.

    Counts are not rounded: they are for the practices and their PCNs, and not to be passed on.
    """
    from phm.cohorts.definition import load_definition
    from phm.commands.published import published_partition
    from phm.commands.terminal import markdown_table, print_table
    from phm.config import load_settings
    from phm.lists.weeks import as_table
    from phm.lists.weeks import weeks as weeks_of
    from phm.lists.workload import NOT_PLANNED
    from phm.site import engine_of, store_of

    settings = load_settings()
    definition = load_definition(cohort, settings.definitions)
    store, con = store_of(settings), engine_of(settings)
    partition = published_partition(store, month=month, icb_code=icb)
    entry, wave = (store.read(con, name, partition) for name in ("case_finding_list", "list_wave"))
    for column, code in (("practice_code", practice), ("pcn_code", pcn)):
        wave = wave.filter(wave[column] == code) if code else wave
    found = weeks_of(entry, wave, definition, reference_date=partition.reference_date)
    area = practice or pcn or partition.icb_code
    say(f"{definition.title}; {area}, {partition.month}. Exact counts: not to be passed on.")
    if not found.by_tier.to_numpy().any():
        say(NOT_PLANNED)
        return
    header, rows = as_table(found, definition)
    (markdown_table if markdown else print_table)(header, rows)

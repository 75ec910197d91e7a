"""`phm outcomes`: filled-in lists come back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phm.commands.terminal import print_table, say

if TYPE_CHECKING:
    from phm.config import Settings
    from phm.governance.pseudonyms import Pseudonymiser
    from phm.lists.outcomes import Understood
    from phm.store import Store

app = typer.Typer(no_args_is_help=True, help="What became of the entries of lists.")


@app.callback()
def outcomes() -> None:
    """Keeps `submit` a command of its own while it is the only one."""


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(help="The list's own workbook, filled in, or its list as CSV.")],
) -> None:
    """Take in a filled-in list and say row by row what was understood. The same file twice is taken in once.

    Rows are named by sheet, row and entry, never by NHS number, and no value is repeated. The exit code is 1 where a
    row was refused; the others are kept.
    """
    import datetime as dt

    from phm.config import load_settings
    from phm.lists.outcomes import answers_of, conflicts, list_outcome
    from phm.lists.outcomes import submit as take_in
    from phm.site import engine_of, store_of

    settings, today = load_settings(), dt.date.today()
    store = store_of(settings)
    understood = take_in(file, store, engine_of(settings), _pseudonymiser(settings, store), today=today)
    known = list_outcome(answers_of(store, understood.partition.icb_code), reference_date=today)
    _print(understood, conflicts(understood, known))
    if understood.refused_count:
        sys.exit(1)


def _pseudonymiser(settings: "Settings", store: "Store") -> "Pseudonymiser":
    """The site's pseudonymiser; the public one where everything here was published by a demonstration."""
    from phm.governance.pseudonyms import Pseudonymiser

    demo = Pseudonymiser.demo()
    published = {store.manifest(partition).get("key_id") for partition in store.partitions()}
    return demo if published == {demo.key_id} else Pseudonymiser.from_key(settings.site_key, settings.key_path)


def _print(understood: "Understood", disputed: set[str]) -> None:
    rows = []
    for row in understood.rows.itertuples():
        verdict = f"refused: {row.refused}" if row.refused else "kept"
        if not row.refused and row.entry_id in disputed:
            verdict = "kept, beside an answer that says otherwise; the later date counts"
        rows.append((row.sheet, str(row.row), (row.entry_id or "")[:8], row.said, verdict))
    print_table(("sheet", "row", "entry", "understood", "verdict"), rows)
    lists = "; ".join(map(str, understood.lists))
    count = len(understood.rows) - understood.refused_count
    state = "was taken in before" if understood.is_repeated else f"submission {understood.number}"
    say(f"{lists}: {count} rows kept, {understood.refused_count} refused ({state}).")

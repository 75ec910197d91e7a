"""`phm report`: the pages of a published month, put where people open them."""

from pathlib import Path
from typing import Annotated

import typer

from phm.commands.terminal import say

app = typer.Typer()


@app.command()
def report(
    month: Annotated[str | None, typer.Option(help="Month, YYYY-MM.", show_default="the newest")] = None,
    icb: Annotated[str | None, typer.Option(help="ICB code, where several are published.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to copy the site into, as a file share.", show_default="nowhere else")
    ] = None,
) -> None:
    """Say where the report of a published month is, and copy it to a file share."""
    import shutil

    from phm.commands.published import published_partition
    from phm.config import load_settings
    from phm.errors import ConfigurationError
    from phm.publication import expose
    from phm.site import store_of

    settings = load_settings()
    store = store_of(settings)
    partition = published_partition(store, month=month, icb_code=icb)
    index = expose(store, partition).report
    if out is not None:
        folder = out / index.parent.name
        if folder.exists() and not (folder / index.name).is_file():
            raise ConfigurationError(
                "There is a folder of this name that holds no report", name=str(folder), hint="Choose another --out."
            )
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(index.parent, folder)
        index = folder / index.name
    say(f"Report: {index}")

"""`phm contracts`: what the contracts say, and what changed in them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phm.commands.terminal import console, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from phm.feeds.contract_changes import Comparison

app = typer.Typer(no_args_is_help=True, help="Data contracts: what every feed and table must look like.")


@app.command("list")
def list_contracts() -> None:
    """List the contracts: every feed and every published table."""
    from phm.feeds.contracts import load_contracts

    rows = [
        (c.name, c.version, c.layer, str(len(c.columns)), c.description.rstrip("."))
        for c in load_contracts().values()
    ]  # fmt: skip
    print_table(("contract", "version", "layer", "columns", "one row is"), rows)


@app.command()
def show(name: Annotated[str, typer.Argument(help="Name of the contract, for example gp_event.")]) -> None:
    """Show one contract in words: what a row is, its columns and its rules."""
    from phm.feeds.contracts import load_contract
    from phm.feeds.dictionary import section

    text = section(load_contract(name))
    if sys.stdout.isatty():
        from rich.markdown import Markdown

        console().print(Markdown(text))
    else:
        typer.echo(text, nl=False)


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="The released contracts: a file or a folder.")],
    new: Annotated[Path, typer.Argument(help="The contracts to release.")],
) -> None:
    """Say what changed, whom it breaks, and whether versions say so. Exit code 1 when a version does not."""
    from phm.errors import CheckFailed
    from phm.feeds.contract_changes import compare_releases, contracts_at

    released, proposed = contracts_at(old), contracts_at(new)
    if old.is_file() or new.is_file():  # a file speaks of its contract only
        named = proposed if new.is_file() else released
        released, proposed = ({n: c for n, c in side.items() if n in named} for side in (released, proposed))
    comparisons = compare_releases(released, proposed)
    if not comparisons:
        typer.echo("Nothing changed.")
    else:
        print_table(("contract", "version", "where", "change", "breaks", "needs"), _differences(comparisons))
    wrong = [f"{c.contract} {c.problem}" for c in comparisons if c.problem]
    if wrong:
        raise CheckFailed(
            "Versions do not say what changed",
            name="; ".join(wrong),
            hint="What breaks consumers or suppliers needs a new major version, additions a minor one, words a patch.",
        )


@app.command()
def dictionary(
    out: Annotated[Path | None, typer.Option(help="File to write.", show_default="standard output")] = None,
) -> None:
    """Write the data dictionary: every contract in words, as Markdown."""
    from phm.feeds.contracts import load_contracts
    from phm.feeds.dictionary import data_dictionary

    text = data_dictionary(load_contracts().values())
    if out:
        out.write_text(text, encoding="utf-8", newline="\n")
    else:
        typer.echo(text, nl=False)


def _differences(comparisons: "Sequence[Comparison]") -> list[tuple[str, ...]]:
    return [
        (
            comparison.contract,
            f"{comparison.old_version or '-'} → {comparison.new_version or '-'}",
            change.where,
            change.what,
            change.effect.breaks,
            change.effect.part,
        )
        for comparison in comparisons
        for change in comparison.changes
    ]

"""What commands print to: plain lines of text where nobody watches, colours and progress bars on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDTH_OF_A_FILE = 160
BAR = 40
"""Characters of the longest bar."""


def console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    width = None if (sys.stderr if stderr else sys.stdout).isatty() else WIDTH_OF_A_FILE
    return Console(stderr=stderr, soft_wrap=True, highlight=False, width=width)


def say(text: str) -> None:
    console().print(text, markup=False)


def print_table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table on a terminal; elsewhere lines with tabs between, for other programs."""
    if not sys.stdout.isatty():
        for row in (headings, *rows):
            print("\t".join(row))
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table(*headings)
    for row in rows:
        table.add_row(*map(escape, row))
    console().print(table)


def bar(count: int, most: int) -> str:
    """A count as a bar of characters; the longest is that of `most`.

    >>> bar(5, 40), bar(0, 40)
    ('█████', '')
    """
    return "█" * (max(1, round(count / most * BAR)) if count else 0)


def markdown_table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table for a page in Markdown; columns of numbers end right."""
    rules = ["---:" if any(map(_is_number, column)) else "---" for column in zip(*rows, strict=True)]
    print()
    for row in (headings, rules, *rows):
        print(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |")


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").isdigit()


@contextmanager
def progress(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on a terminal, nothing elsewhere; called with a step's name, its number and how many there are."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    screen = console(stderr=True)
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as bar:
        task = bar.add_task(title, total=None)

        def listener(step: str, number: int, steps: int) -> None:
            bar.update(task, description=f"{title}: {step}", completed=number, total=steps)

        yield listener
        bar.update(task, description=f"{title}: done", completed=bar.tasks[0].total)

"""The tables of `docs/statistics.md`: how far our figures are from published and computed answers of others.

python -m tests.real.statistics_table FOLDER
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from tests.conftest import ROOT
from tests.real import other_agreement
from tests.real.agreement import CHECKS, Agreement

PAGE = ROOT / "docs" / "statistics.md"
MARK = "<!-- agreement -->\n"
"""Everything of the page behind this line is written by the command."""

_HEAD = """
| file | what | rows | compared | figures | largest relative difference | allowed |
|---|---|---:|---:|---:|---:|---:|
"""


_OTHER = """
Scores, identifiers and published counts beside the answers of their own sources:
"""


def compared(folder: Path, /) -> tuple[list[Agreement], list[Agreement]]:
    """Statistics, and all else, beside the answers in the folder of them all."""
    return [check(folder / "rates") for check in CHECKS], [check(folder) for check in other_agreement.CHECKS]


def page(text: str, statistics: Iterable[Agreement], others: Iterable[Agreement], /) -> str:
    """The page: `text`, the mark, and two tables of one line for each file, each with its notes below."""
    return text + MARK + _table(list(statistics)) + _OTHER + _table(list(others))


def _table(agreements: list[Agreement]) -> str:
    return _HEAD + "".join(map(_line, agreements)) + "\n" + "".join(map(_notes, agreements))


def _line(found: Agreement) -> str:
    furthest = "none" if found.furthest < 1e-12 else f"{found.furthest:.1g}"
    allowed = f"{found.tolerance:g}" if found.tolerance else "none"
    counts = f"{found.rows:,} | {found.compared:,} | {found.figures:,}"
    return f"| `{found.file}` | {found.what} | {counts} | {furthest} | {allowed} |\n"


def _notes(found: Agreement) -> str:
    skipped = found.skipped.items()
    notes = [f"{count} row{'s' if count > 1 else ''} not compared: {reason}." for reason, count in skipped]
    notes += [found.note] if found.note else []
    return f"- `{found.file}`: {' '.join(notes)}\n" if notes else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of all expected figures, with its folder `rates`")
    folder = parser.parse_args().folder
    text = PAGE.read_text(encoding="utf-8").split(MARK)[0]
    PAGE.write_text(page(text, *compared(folder)), encoding="utf-8")


if __name__ == "__main__":
    main()

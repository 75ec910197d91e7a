"""The page `docs/published-files.md`: what is read of each published file.

python -m tests.real.table FOLDER > docs/published-files.md
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from phm.feeds.landing import Landing
from tests.real.published import PUBLISHED, Published, read

NAMING = " was read from "
"""In the note of a column that stands in a file under a previous name, what follows the column."""

_HEAD = """# Published files, as published

Each file below was read as its publisher made it, against the contract named. Every record is either accepted or
quarantined with its reasons. The files do not travel with the project. With them in FOLDER,

    python -m tests.real.table FOLDER > docs/published-files.md

makes this page, and `python -m pytest tests/real` compares every number with what publishers and collectors state.

| file | contract | rows read | accepted | quarantined | why, and what was put right |
|---|---|---:|---:|---:|---|
"""


def page(landings: Iterable[tuple[Published, Landing]]) -> str:
    """The page, one line of the table for each published file and its landing."""
    return _HEAD + "".join(_line(entry, landing) for entry, landing in landings)


def _line(entry: Published, landing: Landing) -> str:
    reasons = [f"{rule_id} {count:,}" for rule_id, count in landing.rejections.items() if count]
    warnings = [f"warning {rule_id} {count:,}" for rule_id, count in landing.warnings.items() if count]
    notes = sorted({note for file in landing.files for note in file.notes if NAMING not in note})
    renamed = sorted({note.split(NAMING)[0] for file in landing.files for note in file.notes if NAMING in note})
    if renamed:
        notes.append(f"under a previous name: {', '.join(renamed)}")
    counts = " | ".join(f"{count:,}" for count in (landing.delivered, landing.accepted, landing.quarantined))
    return f"| {entry.title} | `{entry.contract}` | {counts} | {'; '.join([*reasons, *warnings, *notes])} |\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of published files")
    folder = parser.parse_args().folder
    print(page((entry, read(entry, folder).landing) for entry in PUBLISHED), end="")


if __name__ == "__main__":
    main()

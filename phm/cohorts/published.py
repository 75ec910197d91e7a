"""Versions of definitions that were published: an id and a version never change their meaning.

`published.csv` beside the definitions holds a line for each version ever published: id, version and the hash of all it
says. Lines are only ever added.
"""

import csv
from collections.abc import Iterable
from pathlib import Path

from phm.cohorts.parts import Definition
from phm.errors import DefinitionError

FILE = "published.csv"
_HEADER = ("id", "version", "sha256")

Versions = dict[tuple[str, str], str]
"""Hash of each published version, by id and version."""


def published_versions(folder: Path, /) -> Versions:
    """What `published.csv` of a folder of definitions holds; nothing where there is none."""
    path = folder / FILE
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if not rows or tuple(rows[0]) != _HEADER or any(len(row) != len(_HEADER) for row in rows):
        raise DefinitionError(
            "The published versions cannot be read", name=str(path), hint=f"Its columns are {', '.join(_HEADER)}."
        )
    return {(name, version): sha256 for name, version, sha256 in rows[1:]}


def check_unchanged(definition: Definition, versions: Versions, /) -> None:
    """Refuse a definition that says something else than its published version did."""
    key = (definition.id, definition.version)
    if versions.get(key, definition.meaning_sha256) != definition.meaning_sha256:
        raise DefinitionError(
            f"Version {definition.version} is published and said something else",
            name=definition.id,
            hint="Give the change a version of its own, or take it back.",
        )


def check_published(definition: Definition, versions: Versions, /) -> None:
    """Refuse a definition that changed since its version was published, or whose version has no line yet."""
    check_unchanged(definition, versions)
    if (definition.id, definition.version) not in versions:
        raise DefinitionError(
            f"Version {definition.version} is not among the published versions",
            name=definition.id,
            hint="When its wording is final, run `phm cohorts freeze` and commit the file it writes.",
        )


def freeze(folder: Path, definitions: Iterable[Definition], /) -> tuple[Definition, ...]:
    """Add a line for every version of `definitions` that has none; those added. A changed one stops it all."""
    versions, definitions = published_versions(folder), tuple(definitions)
    for definition in definitions:
        check_unchanged(definition, versions)
    added = tuple(d for d in definitions if (d.id, d.version) not in versions)
    versions |= {(d.id, d.version): d.meaning_sha256 for d in added}
    if added:
        with (folder / FILE).open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(_HEADER)
            lines.writerows(sorted((*key, sha256) for key, sha256 in versions.items()))
    return added

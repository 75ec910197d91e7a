"""Which definitions there are, shipped and a site's own, and how to get one by its name.

What a definition consists of is in `parts`, how a file becomes one in `reading`.
"""

from functools import cache
from pathlib import Path

from phm.cohorts.parts import LIST, USES, Definition
from phm.cohorts.reading import read
from phm.errors import DefinitionError
from phm.expressions.document import nearest
from phm.resources import library_dir

__all__ = ["LIST", "USES", "Definition", "library", "load_definition", "load_definitions"]


def library(folder: Path | None = None, /) -> dict[str, Path]:
    """File of every shipped definition and of those in a site's own `folder`, by id.

    Raises
    ------
    DefinitionError
        The folder is not there, or has a definition with the id of a shipped one. That is refused whatever its version:
        lists, holds and audit of a cohort are kept by its id, and two rules under one id could not be told apart.
    """
    shipped, own = _files(library_dir("cohorts")), {}
    if folder is not None:
        if not folder.is_dir():
            raise DefinitionError(
                "The folder of a site's own definitions is not there",
                name=str(folder),
                hint="Make it, or take `definitions` out of phm.toml.",
            )
        own = _files(folder)
    for name in sorted(shipped.keys() & own.keys()):
        raise DefinitionError(
            f"{name} is the id of a definition that comes with phm",
            name=str(own[name]),
            hint=f"Give yours its own id and file name, for example {name}_local.",
        )
    return dict(sorted({**shipped, **own}.items()))


def load_definition(source: str | Path, folder: Path | None = None, /) -> Definition:
    """The definition in a YAML file, or the one called `source`, shipped or in a site's own `folder`.

    DefinitionError names file and line of the first thing that is wrong.
    """
    if isinstance(source, Path) or source.endswith((".yaml", ".yml")):
        return _sound(Path(source))
    known = library(folder)
    if source not in known:
        raise DefinitionError("There is no definition of this name", name=source, hint=nearest(source, known))
    definition = _sound(known[source])
    if definition.id != source:
        raise DefinitionError(
            f"The definition calls itself {definition.id}", name=str(known[source]), hint="Name the file after its id."
        )
    return definition


def load_definitions(folder: Path | None = None, /) -> tuple[Definition, ...]:
    """Every definition, shipped or in a site's own `folder`, in order of id."""
    return tuple(load_definition(name, folder) for name in library(folder))


def _files(folder: Path) -> dict[str, Path]:
    """Definitions of one folder by id: `<id>.yaml`; a file with another dot in its name belongs to one."""
    return {path.stem: path for path in sorted(folder.glob("*.yaml")) if "." not in path.stem}


def _sound(path: Path) -> Definition:
    return _unchanged(path, path.stat().st_mtime_ns if path.is_file() else 0)


@cache
def _unchanged(path: Path, changed: int) -> Definition:
    """Read once as long as the file does not change: a run asks for every definition at every step."""
    definition, problems = read(path)
    if definition is None:
        raise problems[0]
    return definition

"""A YAML file whose every value knows its line, checked against a JSON Schema.

Belongs here: reading, checking the shape, and saying on which line something is wrong. What the values mean does
not.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml
from jsonschema import Draft202012Validator

from phm.errors import DefinitionError

Key = str | int
Place = tuple[Key, ...]


@dataclass(frozen=True)
class Document:
    """One definition file: its content as dicts, lists and scalars, and the line of every value.

    A place in it is a tuple of keys and list positions, as in `("tiers", 0, "when")`.
    """

    name: str
    content: Mapping[str, Any]
    lines: Mapping[Place, int]
    texts: Mapping[Place, tuple[str, int]]

    def text(self, *place: Key) -> tuple[str, int]:
        """The text at `place` as it stands in the file, line breaks kept, and the line it starts on."""
        return self.texts[place]

    def where(self, *place: Key) -> str:
        """`file, line n` of a place, or of the nearest thing around it."""
        while place not in self.lines:
            place = place[:-1]
        return f"{self.name}, line {self.lines[place]}"

    def fail(self, what: str, *place: Key, hint: str) -> NoReturn:
        """Raise the DefinitionError of a place."""
        raise DefinitionError(what, name=self.where(*place), hint=hint)

    def check_unique(self, place: Place, names: Iterable[str], kind: str) -> None:
        """Refuse a name that stands twice in the list at `place`."""
        seen: set[str] = set()
        for position, name in enumerate(names):
            if name in seen:
                self.fail(f"Two {kind} are called {name}", *place, position, hint="Give each its own id.")
            seen.add(name)


def nearest(name: str, known: Iterable[str]) -> str:
    """What to try instead of an unknown `name`."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Known: {', '.join(known[:12]) or 'none'}{', …' if len(known) > 12 else ''}."


def read_document(path: Path, schema: Mapping[str, Any]) -> Document:
    """The document in file `path`; DefinitionError with file and line if it does not fit `schema`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError(
            f"A definition cannot be read: {type(error).__name__}", name=str(path), hint="Give a YAML file in UTF-8."
        ) from error
    document = _compose(path.name, text)
    errors = sorted(
        Draft202012Validator(schema).iter_errors(document.content), key=lambda e: document.lines[tuple(e.absolute_path)]
    )
    if errors:
        what, hint, place = _explanation(errors[0])
        document.fail(what, *place, hint=hint)
    return document


def _compose(name: str, text: str) -> Document:
    lines: dict[Place, int] = {}
    texts: dict[Place, tuple[str, int]] = {}
    loader = yaml.SafeLoader(text)

    def value(node: yaml.Node, place: Place) -> Any:
        line = node.start_mark.line + 1
        lines.setdefault(place, line)
        if isinstance(node, yaml.MappingNode):
            content: dict[str, Any] = {}
            for key_node, value_node in node.value:
                key = key_node.value
                if key in content:
                    raise DefinitionError(
                        f"{key} stands twice", name=f"{name}, line {key_node.start_mark.line + 1}", hint="Keep one."
                    )
                lines[*place, key] = key_node.start_mark.line + 1
                content[key] = value(value_node, (*place, key))
            return content
        if isinstance(node, yaml.SequenceNode):
            return [value(item, (*place, position)) for position, item in enumerate(node.value)]
        raw = text[node.start_mark.index : node.end_mark.index]
        if node.style in ("|", ">"):  # the text starts on the line after the mark
            texts[place] = (raw.partition("\n")[2], line + 1)
        else:
            texts[place] = (node.value if node.style else raw, line)
        return loader.construct_object(node)

    try:
        root = loader.get_single_node()
        content = value(root, ()) if root is not None else {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DefinitionError(
            f"This is not YAML: {error.problem}", name=f"{name}, line {line}", hint="Mend it and try again."
        ) from error
    lines.setdefault((), 1)
    return Document(name, content, lines, texts)


def _explanation(error: Any) -> tuple[str, str, Place]:
    """What is wrong, what to try and where, of one schema error."""
    place = tuple(error.absolute_path)
    title = str(place[-1]) if place and isinstance(place[-1], str) else "This entry" if place else "The file"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        extra = next(key for key in error.instance if key not in known)
        return f"{extra} is not known here", nearest(extra, known), (*place, extra)
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"{missing} is missing", error.schema["properties"][missing].get("description", "Add it."), place
    if error.validator == "minItems":
        return f"{title} is empty", "Give at least one.", place
    return f"{title} does not fit: {error.message}", error.schema.get("description", "See the JSON Schema."), place

"""A YAML file whose every value knows its line, checked against a JSON Schema.

Belongs here: reading, checking the shape, and saying on which line something is wrong. What the values mean does
not.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml
from jsonschema import Draft202012Validator

from phm.errors import DefinitionError

Key = str | int
Place = tuple[Key, ...]
_PROPERTIES = re.compile(r"([&!]\S*\s+)+")
"""Anchor and tag before a scalar: PyYAML counts them to it."""


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

    def line(self, *place: Key) -> int:
        """Line of a place, or of the nearest thing around it."""
        while place not in self.lines:
            place = place[:-1]
        return self.lines[place]

    def where(self, *place: Key) -> str:
        """`file, line n` of a place, or of the nearest thing around it."""
        return f"{self.name}, line {self.line(*place)}"

    def fail(self, what: str, *place: Key, hint: str) -> NoReturn:
        """Raise the DefinitionError of a place."""
        raise DefinitionError(what, name=self.where(*place), hint=hint)

    def over(self, base: "Document", key: str) -> "Document":
        """This document laid over `base`: mappings of the first level entry by entry, everything else whole.

        What only `base` says stands on the line of `key`, where this document names it.
        """
        line = self.lines[key,]
        content = {**base.content, **self.content}
        for name, entries in self.content.items():
            if isinstance(entries, dict) and name in base.content:
                content[name] = {**base.content[name], **entries}
        texts = {place: (text, line) for place, (text, _) in base.texts.items()}
        return Document(self.name, content, {**dict.fromkeys(base.lines, line), **self.lines}, {**texts, **self.texts})

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
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Known: {', '.join(known[:12]) or 'none'}{', …' if len(known) > 12 else ''}."


def read_document(path: Path, schema: Mapping[str, Any]) -> Document:
    """The document in file `path`; DefinitionError with file and line if it does not fit `schema`."""
    document = compose(path)
    for problem in shape_problems(document, schema):
        raise problem
    return document


def compose(path: Path) -> Document:
    """The document in file `path`, whatever its shape; DefinitionError if it is no YAML."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DefinitionError(
            f"A definition cannot be read: {type(error).__name__}", name=str(path), hint="Give a YAML file in UTF-8."
        ) from error
    return _compose(path.name, text)


def shape_problems(document: Document, schema: Mapping[str, Any]) -> tuple[DefinitionError, ...]:
    """Everything in which `document` does not fit the JSON Schema `schema`, in order of lines."""
    errors = Draft202012Validator(schema).iter_errors(document.content)
    found = {
        explained for error in errors for explained in _explanations(error)
    }  # of two missing keys each is told twice
    ordered = sorted(found, key=lambda explained: (document.line(*explained[2]), explained[0]))
    return tuple(DefinitionError(what, name=document.where(*place), hint=hint) for what, hint, place in ordered)


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
        texts[place] = _as_written(text[node.start_mark.index : node.end_mark.index], node, line)
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


def _as_written(raw: str, node: yaml.ScalarNode, line: int) -> tuple[str, int]:
    """The text of a scalar with the line breaks it has in the file, and the line it starts on."""
    properties = _PROPERTIES.match(raw)
    if properties:
        line += properties.group().count("\n")
        raw = raw[properties.end() :]
    if node.style in ("|", ">"):  # the text starts on the line after the mark
        return raw.partition("\n")[2], line + 1
    if node.style is None:
        return raw, line
    is_plain = "\n" in raw and not (node.style == '"' and "\\" in raw)  # an escape can stand for anything
    return (raw[1:-1].replace("''", "'") if node.style == "'" else raw[1:-1]) if is_plain else node.value, line


def _explanations(error: Any) -> Iterator[tuple[str, str, Place]]:
    """What is wrong, what to try and where, for everything one schema error is about."""
    place = tuple(error.absolute_path)
    title = str(place[-1]) if place and isinstance(place[-1], str) else "This entry" if place else "The file"
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        for extra in error.instance.keys() - known.keys():
            yield f"{extra} is not known here", nearest(extra, known), (*place, extra)
    elif error.validator == "required":
        for missing in error.validator_value:
            if missing not in error.instance:
                known = error.schema.get("properties", {})  # none where only a condition of the schema asks for it
                yield f"{missing} is missing", known.get(missing, {}).get("description", "Add it."), place
    elif error.validator == "minItems":
        yield f"{title} is empty", "Give at least one.", place
    else:
        hint = error.schema.get("description", "See the JSON Schema.")
        yield f"{title} does not fit: {error.message}", hint, place

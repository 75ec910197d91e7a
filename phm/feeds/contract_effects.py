"""Whom a difference between two releases of a contract breaks, field by field.

A contract promises something to those who use the data (consumers) and asks something of those who deliver them
(suppliers). Asking more breaks suppliers, promising less breaks consumers; a condition or type that became another may
do both.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from phm.feeds.schema import DatasetRule, Limits, Relationship, RowRule


class Effect(Enum):
    """Whom a change breaks, and the part of the version it asks for."""

    TIGHTENED = ("suppliers", "major")
    LOOSENED = ("consumers", "major")
    ALTERED = ("consumers and suppliers", "major")
    HARMLESS = ("neither", "minor")
    REWORDED = ("neither", "patch")

    @property
    def breaks(self) -> str:
        return self.value[0]

    @property
    def part(self) -> str:
        return self.value[1]


Judge = Callable[[Any, Any], Effect]


def _always(effect: Effect) -> Judge:
    return lambda old, new: effect


def demand(old: object, new: object) -> Effect:
    """Of a yes, or a text that restricts: new it asks more, gone it promises less."""
    if old and new:
        return Effect.ALTERED
    return Effect.TIGHTENED if new else Effect.LOOSENED


def _optional(old: bool, new: bool) -> Effect:
    return Effect.LOOSENED if new else Effect.TIGHTENED


def _severity(old: str, new: str) -> Effect:
    return Effect.TIGHTENED if new == "error" else Effect.LOOSENED


def _limits(old: Limits, new: Limits) -> Effect:
    if old.cover(new):
        return Effect.TIGHTENED
    return Effect.LOOSENED if new.cover(old) else Effect.ALTERED


def _low(old: float | None, new: float | None) -> Effect:
    return _limits(Limits(low=old), Limits(low=new))


def _high(old: float | None, new: float | None) -> Effect:
    return _limits(Limits(high=old), Limits(high=new))


def _choice(old: tuple[str, ...], new: tuple[str, ...]) -> Effect:
    """Of the values allowed, none meaning any."""
    if set(old) == set(new):
        return Effect.REWORDED
    if not old or (new and set(new) < set(old)):
        return Effect.TIGHTENED
    return Effect.LOOSENED if not new or set(old) < set(new) else Effect.ALTERED


def _readable(old: tuple[str, ...], new: tuple[str, ...]) -> Effect:
    """Of what is read, tried in order: more at the end does no harm, in front it can change what is found."""
    if set(old) - set(new):
        return Effect.TIGHTENED
    return Effect.HARMLESS if new[: len(old)] == old else Effect.ALTERED


def _header(old: tuple[str, ...], new: tuple[str, ...]) -> Effect:
    """Of the names a column may have in a file."""
    return Effect.TIGHTENED if set(old) - set(new) else Effect.HARMLESS


_ALTERED, _REWORDED = _always(Effect.ALTERED), _always(Effect.REWORDED)
_TIGHTENED, _HARMLESS = _always(Effect.TIGHTENED), _always(Effect.HARMLESS)

CONTRACT_EFFECTS: Mapping[str, Judge] = {
    "title": _REWORDED,
    "description": _REWORDED,
    "purpose": _REWORDED,
    "sources": _REWORDED,
    "status": _REWORDED,
    "layer": _ALTERED,
    "key": _ALTERED,
    "file_pattern": _TIGHTENED,
    "one_practice_per_file": _TIGHTENED,
    "header": _ALTERED,
    "optional": _optional,
    "max_rejected_percent": _high,
    "max_failed_files_percent": _high,
    "drift": _HARMLESS,
}
COLUMN_EFFECTS: Mapping[str, Judge] = {
    "headers": _header,
    "type": _ALTERED,
    "description": _REWORDED,
    "classification": _always(Effect.LOOSENED),
    "unit": _ALTERED,
    "required": demand,
    "unique": demand,
    "pattern": demand,
    "minimum": _low,
    "maximum": _high,
    "valid_values": _choice,
    "missing": _ALTERED,
    "date_formats": _readable,
    "optional": _optional,
}
FRESHNESS_EFFECTS: Mapping[str, Judge] = {"column": _ALTERED, "days": _high, "description": _REWORDED}
RULE_EFFECTS: Mapping[type, Mapping[str, Judge]] = {
    RowRule: {
        "kind": _ALTERED,
        "condition": _ALTERED,
        "severity": _severity,
        "dimension": _REWORDED,
        "description": _REWORDED,
        "column": _ALTERED,
    },
    DatasetRule: {
        "metric": _ALTERED,
        "columns": _ALTERED,
        "limits": _limits,
        "unit": _ALTERED,
        "severity": _severity,
        "dimension": _REWORDED,
        "description": _REWORDED,
        "condition": _ALTERED,
        "aggregate": _ALTERED,
    },
    Relationship: {
        "column": _ALTERED,
        "to_contract": _ALTERED,
        "to_column": _ALTERED,
        "severity": _severity,
        "max_percent": _high,
        "description": _REWORDED,
        "guaranteed_by": _HARMLESS,
    },
}

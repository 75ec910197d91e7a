"""What changed between two releases of the contracts, and whether their versions say so.

Belongs here: finding the differences, and the version they ask for. Whom a difference breaks is in
`contract_effects`. Versions are semantic: what breaks somebody needs a new major version, what only adds a minor one,
words a patch.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from phm.errors import DefinitionError
from phm.feeds.contract_effects import (
    COLUMN_EFFECTS,
    CONTRACT_EFFECTS,
    FRESHNESS_EFFECTS,
    RULE_EFFECTS,
    Effect,
    Judge,
    demand,
)
from phm.feeds.contracts import Contract, load_contracts, read_contract
from phm.feeds.schema import Column, DatasetRule, Relationship, RowRule

WRITTEN = ("custom", "values")
"""Kinds of rules on rows that stand in a contract as such; the others follow from what it says about a column."""
MAY_GO = ("deprecated", "retired")
"""Status in the last release that lets a contract disappear: nobody can be told in the version of what is gone."""


@dataclass(frozen=True)
class Change:
    """One difference between two releases of a contract: at which column or rule, what it is, and its effect."""

    where: str
    what: str
    effect: Effect


@dataclass(frozen=True)
class Comparison:
    """One contract in two releases; a version is None where the contract is not in that release.

    `problem` says what is wrong with the new version, or with the contract having gone; None if nothing is.
    """

    contract: str
    old_version: str | None
    new_version: str | None
    changes: tuple[Change, ...]
    problem: str | None


def contracts_at(path: Path) -> dict[str, Contract]:
    """The contracts of a file or folder, by name."""
    if not path.exists():
        raise DefinitionError("There is nothing here", name=str(path), hint="Name a contract file, or their folder.")
    if path.is_dir():
        return load_contracts(path)
    contract = read_contract(path)
    return {contract.name: contract}


def compare_releases(old: Mapping[str, Contract], new: Mapping[str, Contract], /) -> list[Comparison]:
    """A comparison for each contract that differs, in order of name."""
    found = (_compared(old.get(name), new.get(name)) for name in sorted({*old, *new}))
    return [comparison for comparison in found if comparison.changes]


def changes(old: Contract, new: Contract, /) -> tuple[Change, ...]:
    """What is different in `new`; nothing only where the two files are the same."""
    found = (
        *_differing(CONTRACT_EFFECTS, old, new, "contract"),
        *_column_changes(old, new),
        *_rule_changes(old, new),
        *_freshness_changes(old, new),
    )
    if found or old.sha256 == new.sha256:
        return found
    return (Change("contract", "examples, comments, layout of the file or only its version", Effect.REWORDED),)


def _compared(old: Contract | None, new: Contract | None) -> Comparison:
    if old is None:
        change = Change("contract", "is new", Effect.HARMLESS)
        return Comparison(new.name, None, new.version, (change,), None)
    if new is None:
        change = Change("contract", "has gone", Effect.LOOSENED)
        allowed = old.status in MAY_GO
        problem = None if allowed else f"a contract goes after a release in which its status is {' or '.join(MAY_GO)}"
        return Comparison(old.name, old.version, None, (change,), problem)
    found = changes(old, new)
    return Comparison(new.name, old.version, new.version, found, _version_problem(old, new, found))


def _version_problem(old: Contract, new: Contract, found: tuple[Change, ...]) -> str | None:
    parts = {change.effect.part for change in found}
    part = next((part for part in ("major", "minor", "patch") if part in parts), None)
    if part is None:
        return None
    major, minor, patch = _numbers(old)
    needed = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0), "patch": (major, minor, patch + 1)}[part]
    if _numbers(new) >= needed:
        return None
    return f"needs version {'.'.join(map(str, needed))} or above, has {new.version}"


def _numbers(contract: Contract) -> tuple[int, int, int]:
    try:
        major, minor, patch = map(int, contract.version.split("."))
    except ValueError:
        raise DefinitionError(
            "A version is not three numbers", name=f"{contract.name}: {contract.version}", hint="For example 1.0.0."
        ) from None
    return major, minor, patch


def _differing(effects: Mapping[str, Judge], old: object, new: object, where: str) -> Iterator[Change]:
    for field, judge in effects.items():
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield Change(where, f"{field.replace('_', ' ')}: {_difference(before, after)}", judge(before, after))


def _difference(before: object, after: object) -> str:
    if isinstance(before, tuple) and isinstance(after, tuple):
        gone = [f"without {_text(value)}" for value in before if value not in after]
        come = [f"with {_text(value)}" for value in after if value not in before]
        return ", ".join([*gone, *come]) or "in another order"
    return f"{_text(before)} → {_text(after)}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _column_changes(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = ({column.name: column for column in contract.columns} for contract in (old, new))
    added = {name: column for name, column in after.items() if name not in before}
    for name, column in before.items():
        successor = after.get(name) or next((c for c in added.values() if {*c.headers} & {*column.headers}), None)
        if successor is None:
            yield Change(name, "is gone", Effect.LOOSENED)
            continue
        if successor.name != name:
            del added[successor.name]
            yield Change(name, f"is called {successor.name}", Effect.LOOSENED)
        yield from _differing(COLUMN_EFFECTS, column, successor, name)
    for column in added.values():
        yield _added_column(column, new)
    common = [name for name in before if name in after]
    if common != [name for name in after if name in before]:
        yield Change("contract", "the columns stand in another order", Effect.HARMLESS)


def _added_column(column: Column, contract: Contract) -> Change:
    """A file without a column of its contract is refused, even if the column may be empty, unless it is optional."""
    must_be_delivered = contract.file_pattern is not None and not column.optional
    return Change(column.name, "is new", Effect.TIGHTENED if must_be_delivered else Effect.HARMLESS)


def _rule_changes(old: Contract, new: Contract) -> Iterator[Change]:
    """Differences in the rules that are written down; those a column implies differ with it."""
    before, after = _written_rules(old), _written_rules(new)
    for key, rule in before.items():
        if key not in after:
            yield Change(rule.id, "is gone", Effect.LOOSENED if rule.severity == "error" else Effect.HARMLESS)
        else:
            yield from _differing(RULE_EFFECTS[type(rule)], rule, after[key], rule.id)
    for key, rule in after.items():
        if key not in before:
            yield Change(rule.id, "is new", Effect.TIGHTENED if rule.severity == "error" else Effect.HARMLESS)


def _written_rules(contract: Contract) -> dict[tuple[type, str], RowRule | DatasetRule | Relationship]:
    # What a list of values asks is compared as the column's values.
    of_rows = [replace(r, condition="") if r.kind == "values" else r for r in contract.row_rules if r.kind in WRITTEN]
    return {(type(rule), rule.id): rule for rule in (*of_rows, *contract.dataset_rules, *contract.relationships)}


def _freshness_changes(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = old.freshness, new.freshness
    if before and after:
        yield from _differing(FRESHNESS_EFFECTS, before, after, "freshness")
    elif before or after:
        yield Change("freshness", "is new" if after else "is gone", demand(before, after))

"""The data dictionary: every contract in words, as Markdown.

Belongs here: how a contract reads. What it says is in the contract alone.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from phm.feeds.contracts import Contract
from phm.feeds.observations import COLUMNS_RULE, bounds_of
from phm.feeds.schema import Column

OPENING = """\
# Data dictionary

Every feed and every published table, from its contract in `contracts/`. Written by `phm contracts dictionary`: edit the
contract and write it again. A feed is described as delivered; column names are those of the tables, with the name in
the file where it differs.
"""


def data_dictionary(contracts: Iterable[Contract], /) -> str:
    """The page: a list of the tables, then one section for each."""
    contracts = list(contracts)
    links = "\n".join(f"- [{c.name}](#{c.name}): {_sentence(c.description)}" for c in contracts)
    return "\n".join([OPENING, links, "", *map(section, contracts)])


def section(contract: Contract, /) -> str:
    """One table: what a row is, where that is defined, its columns and its rules."""
    parts = [f"## {contract.name}", _introduction(contract), _columns(contract), _rules(contract)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _introduction(contract: Contract) -> str:
    facts = [
        ("Table", _table_of(contract)),
        ("Contract", f"version {contract.version}, {contract.status}"),
        ("Key", ", ".join(contract.key)),
        ("Delivered as", f"`{contract.file_pattern}`{_circumstances(contract)}" if contract.file_pattern else ""),
        ("At landing", _replacements(contract)),
        ("Beside the last delivery", _drift(contract)),
        *(("Defined by", f"{source.description} ({source.url})") for source in contract.sources),
    ]
    lines = [f"- {name}: {_inline(text)}" for name, text in facts if text]
    return f"**{contract.title}.** {_inline(f'{contract.description} {contract.purpose}')}\n\n" + "\n".join(lines)


def _table_of(contract: Contract) -> str:
    if contract.layer == "reference":
        return "none of its own, it is a file others are made or checked with"
    return f"`{contract.table}`, of the {contract.layer} layer"


def _circumstances(contract: Contract) -> str:
    unreadable = contract.max_failed_files_percent
    phrases = [
        "one file for each practice" if contract.one_practice_per_file else "",
        "optional" if contract.optional else "",
        f"at most {unreadable:g}% of the files left out because they cannot be read" if unreadable else "",
    ]
    return "".join(f", {phrase}" for phrase in phrases if phrase)


def _drift(contract: Contract) -> str:
    """What is worth a look beside the last delivery."""
    limits = contract.drift
    if limits is None:
        return ""
    return (
        f"worth a look where rows differ by more than {limits.volume_percent:g}%, filled-in values by more than "
        f"{limits.completeness_points:g} percentage points, or a population stability index is above "
        f"{limits.stability_index:g}"
    )


def _replacements(contract: Contract) -> str:
    pairs = zip(contract.column_names, contract.landed().column_names, strict=True)
    return ", ".join(f"{name} becomes {landed}" for name, landed in pairs if name != landed)


def _columns(contract: Contract) -> str:
    rows = [
        (f"`{c.name}`", c.type, _meaning(c), c.unit or "", c.classification, _constraints(c), _in_files(c))
        for c in contract.columns
    ]
    headings = ("column", "type", "meaning", "unit", "classification", "must be", "in the file")
    return _table(headings, rows)


def _meaning(column: Column) -> str:
    missing = [text for text in column.missing if text]
    return column.description + (f" No value: {', '.join(missing)}." if missing else "")


def _constraints(column: Column) -> str:
    phrases = "; ".join(column.constraints)
    return phrases.replace(column.pattern, f"`{column.pattern}`") if column.pattern else phrases


def _in_files(column: Column) -> str:
    current, *previous = column.headers
    names = [current] if current != column.name or previous else []
    return "; ".join([*names, *(f"before: {name}" for name in previous)])


def _rules(contract: Contract) -> str:
    """Rules that do not follow from a column, and relationships no step can break."""
    implied = {rule.id for rule in contract.row_rules if rule.kind != "custom"} | {COLUMNS_RULE}
    rows = [
        (f"`{bound.rule_id}`", bound.severity, bound.description, f"{bound.limits} {bound.unit}")
        for bound in bounds_of(contract)
        if bound.rule_id not in implied
    ]
    rows += [
        (f"`{r.id}`", "holds", r.description, f"kept by {r.guaranteed_by}")
        for r in contract.relationships
        if r.guaranteed_by
    ]
    return _table(("rule", "severity", "what it asks", "must be"), rows) if rows else ""


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rows = list(rows)
    kept = [i for i in range(len(headings)) if any(row[i] for row in rows)]
    return "\n".join(_lines([headings, ["---"] * len(headings), *rows], kept))


def _lines(rows: Iterable[Sequence[str]], kept: Sequence[int]) -> Iterator[str]:
    for row in rows:
        yield f"| {' | '.join(_inline(row[i]) for i in kept)} |"


def _inline(text: str) -> str:
    """`text` so that Markdown shows it as it is, in a table too; what stands between backticks is code."""
    parts = " ".join(text.split()).replace("|", r"\|").split("`")
    parts[::2] = [re.sub(r"(\*|<(?=[A-Za-z/!]))", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def _sentence(text: str) -> str:
    return _inline(text).rstrip(".")

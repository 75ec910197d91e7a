"""Tables of the pages that are made from published files."""

from collections.abc import Iterable

NUMBERS = ("practices", "patients", "PCNs", "people of July 2022", "people", "matched", "IMD score", "Core20")
"""Headings of columns that are set to the right."""


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """The rows as a Markdown table, each line ended."""
    headings = tuple(headings)
    rule = ["---:" if heading in NUMBERS else "---" for heading in headings]
    lines = [headings, rule, *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)

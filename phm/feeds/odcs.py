"""Checks, relationships and properties as the Open Data Contract Standard writes them, and the rules they mean."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from phm.errors import DefinitionError
from phm.feeds.schema import DatasetRule, Limits, Relationship, RowRule, literal, quoted, suggestion

# How ODCS writes a threshold, and the limits it means.
LIMITS: Mapping[str, Callable[[Any], Limits]] = {
    "mustBe": lambda value: Limits(value, value),
    "mustBeGreaterThan": lambda value: Limits(low=value, is_low_open=True),
    "mustBeGreaterOrEqualTo": lambda value: Limits(low=value),
    "mustBeLessThan": lambda value: Limits(high=value, is_high_open=True),
    "mustBeLessOrEqualTo": lambda value: Limits(high=value),
    "mustBeBetween": lambda values: Limits(*values),
}


def rule_of_check(check: Mapping[str, Any], column: str | None) -> RowRule | DatasetRule:
    """The rule one `quality` entry states, about `column` or (None) about the table."""
    common = {key: check[key] for key in ("id", "severity", "dimension", "description")}
    if check["type"] == "custom" and check.get("engine") == "phm":
        return RowRule(kind="custom", condition=check["implementation"], column=column or "", **common)
    if check["type"] not in ("library", "sql"):
        raise DefinitionError(
            "A check is of a kind that is not known here",
            name=f"{check['id']}: {check['type']}",
            hint="Use type library, type sql, or type custom with engine phm.",
        )
    limits = next((limits(check[key]) for key, limits in LIMITS.items() if key in check), None)
    if limits is None:
        raise DefinitionError("A check has no threshold", name=check["id"], hint=f"Use one of {', '.join(LIMITS)}.")
    common["limits"], common["unit"] = limits, check.get("unit", "rows")
    if check["type"] == "sql":
        return DatasetRule(metric="aggregate", columns=(), aggregate=_aggregate(check), **common)
    metric = check["metric"]
    arguments = check.get("arguments", {})
    columns = (column,) if column else tuple(arguments.get("properties", ()))
    condition = None
    if metric == "invalidValues":
        values = ", ".join(literal(str(value)) for value in arguments["validValues"])
        condition = f"{quoted(columns[0])} IN ({values})"
        if limits == Limits(0, 0):
            del common["limits"], common["unit"]
            return RowRule(kind="values", condition=condition, column=columns[0], **common)
    elif metric == "nullValues":
        condition = f"{quoted(columns[0])} IS NOT NULL"
    elif metric not in ("rowCount", "duplicateValues"):
        raise DefinitionError(
            "A check uses a metric that is not known here",
            name=f"{check['id']}: {metric}",
            hint=suggestion(metric, ("rowCount", "nullValues", "invalidValues", "duplicateValues")),
        )
    return DatasetRule(metric=metric, columns=columns, condition=condition, **common)


def _aggregate(check: Mapping[str, Any]) -> str:
    """The expression of an sql check: several of them are one scan of the table, so the query has one form only."""
    found = re.fullmatch(r"SELECT (.+) FROM \{object\}", check["query"].strip(), re.DOTALL)
    if not found:
        raise DefinitionError(
            "An sql check has another form than the one known here",
            name=check["id"],
            hint="Write SELECT <aggregate> FROM {object}; FILTER (WHERE ...) chooses rows.",
        )
    return found[1]


def relationship_of(entry: Mapping[str, Any], column: str) -> Relationship:
    """What one `relationships` entry of `column` states; a severity or a tolerated share stand in its properties."""
    settings = custom(entry)
    to_contract, to_column = entry["to"].split(".")
    return Relationship(
        id=f"{column}_in_{to_contract}",
        column=column,
        to_contract=to_contract,
        to_column=to_column,
        severity=settings.get("severity", "error"),
        max_percent=settings.get("maxUnmatchedPercent", 0),
        description=f"Every {column} is a {to_column} of {to_contract}.",
        guaranteed_by=settings.get("guaranteedBy"),
    )


def custom(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The `customProperties` of a contract, column or relationship, by name."""
    return {item["property"]: item["value"] for item in entry.get("customProperties", [])}

"""DuckDB expressions that turn delivered text into values, and rules into the bits of a mask.

Belongs here: SQL over one row of a feed. Column names are the contract's; the text a value was read from stands
beside it as `delivered <name>`.

Nearly every text is written the way the engine itself would write the value: then the engine's own cast, once, is the
value, and the exact but slow patterns are for the others.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from phm.feeds.contracts import Contract
from phm.feeds.schema import Column, DatasetRule, RowRule, literal, mentions, quoted

_THOUSANDS = "[+-]?[0-9]{1,3}(,[0-9]{3})+([.]0+)?"
_TRIED = ("BIGINT", "DATE", "DOUBLE")
_TRUE, _FALSE = "('true', 't', 'yes', 'y', '1')", "('false', 'f', 'no', 'n', '0')"

# Modulus 11: weights 10 to 2 on the first nine digits and 1 on the check digit sum to a multiple of 11. (A remainder of
# 10 has no check digit, so nothing valid can have it.) With q[j] the number without its last j digits, digit j from the
# right is q[j] - 10 q[j+1], and the weighted sum becomes the sum of (1 - 9j) q[j]: nine divisions a number. There is no
# CASE or AND, within which the engine would cast the text ten times. No number at all is not a wrong one.
_WEIGHTED = " ".join(f"- {9 * j - 1} * (number // {10**j})" for j in range(1, 10))
IS_NHS_NUMBER = f"""
CREATE OR REPLACE TEMP MACRO remainder_of_11(number) AS (number {_WEIGHTED}) % 11;
CREATE OR REPLACE TEMP MACRO is_nhs_number(nhs_number) AS
    (remainder_of_11(TRY_CAST(nhs_number AS BIGINT))
     + 11 * CAST(NOT nhs_number GLOB '{"[0-9]" * 10}' AS INTEGER) IS NOT DISTINCT FROM 0)
    = (nhs_number IS NOT NULL);
"""


def delivered(column: Column) -> str:
    """Name of the column that holds the text `column` was read from; a text column is its own."""
    return quoted(column.name) if column.type == "VARCHAR" else quoted(f"delivered {column.name}")


def values_sql(columns: Sequence[Column], source: str, others: Sequence[str]) -> str:
    """Common table expressions that end in `"values"`: `others` of `source`, and of each column its text and value.

    `source` has the columns as they were delivered, as text.
    """
    tried = "".join(f", TRY_CAST({quoted(c.name)} AS {c.type}) AS {_tried(c)}" for c in columns if c.type in _TRIED)
    texts = ", ".join(f"{_text_sql(c)} AS {delivered(c)}" for c in columns)
    kept = ", ".join([*others, *(_tried(c) for c in columns if c.type in _TRIED)])
    values = "".join(f", {_value_sql(c)} AS {quoted(c.name)}" for c in columns if delivered(c) != quoted(c.name))
    return f"""
        tried AS (SELECT *{tried} FROM {source}),
        texts AS (SELECT {kept}, {texts} FROM tried),
        "values" AS (SELECT *{values} FROM texts)"""


def _tried(column: Column) -> str:
    """Name of the column that holds what the engine casts the text to, which is more than we accept."""
    return quoted(f"tried {column.name}")


def _text_sql(column: Column) -> str:
    """The delivered text of `column`, null where it says that there is no value."""
    name = quoted(column.name)
    missing = [text for text in column.missing if text]
    if missing:
        return f"CASE WHEN {name} NOT IN ({', '.join(map(literal, missing))}) THEN {name} END"
    if column.type == "DOUBLE":  # not a number is no value: it would compare as the largest of all
        return f"CASE WHEN isnan({_tried(column)}) IS NOT TRUE THEN {name} END"
    return name


def _value_sql(column: Column) -> str:
    """The value of `column` read from its delivered text, null where it cannot be read."""
    text, tried = delivered(column), _tried(column)
    is_as_written = f"CAST({tried} AS VARCHAR) = {text}"
    if column.type == "DATE":
        # `%Y` takes 26 for the year 26, and `%Y%m%d` seven digits: which date was meant is not for us to guess.
        is_whole = f"strlen({text}) > 8 OR (strlen({text}) = 8 AND substr({text}, 3, 1) NOT IN ('/', '-'))"
        is_known = f"({is_whole}) AND {text} NOT ILIKE '%infinity'"  # which the engine reads in every format
        formats = ", ".join(map(literal, column.date_formats))
        read = f"WHEN {is_known} THEN CAST(try_strptime({text}, [{formats}]) AS DATE)"
        if column.date_formats[:1] == ("%Y-%m-%d",):  # which has four digits for a year, the engine has more
            read = f"WHEN strlen({text}) = 10 AND {is_as_written} THEN {tried} {read}"
        return f"CASE {read} END"
    if column.type == "BOOLEAN":
        return f"CASE WHEN lower({text}) IN {_TRUE} THEN true WHEN lower({text}) IN {_FALSE} THEN false END"
    without_commas = f"replace(regexp_replace({text}, '[.]0+$', ''), ',', '')"
    if column.type == "BIGINT":  # a plain cast would round 1.5
        return (
            f"CASE WHEN {is_as_written} THEN {tried} WHEN regexp_full_match({text}, '[+-]?[0-9]+') THEN {tried} "
            f"WHEN regexp_full_match({text}, '{_THOUSANDS}|[+-]?[0-9]+[.]0+') "
            f"THEN TRY_CAST({without_commas} AS BIGINT) END"
        )
    return (
        f"CASE WHEN isfinite({tried}) AND NOT contains({text}, '_') THEN {tried} "  # 120_80 would be 12080
        f"WHEN regexp_full_match({text}, '{_THOUSANDS.replace('0+', '[0-9]+')}') "
        f"THEN TRY_CAST(replace({text}, ',', '') AS DOUBLE) END"
    )


def holds_sql(rule: RowRule, contract: Contract, *, reference_date: dt.date) -> str:
    """The condition of `rule` on a row with values and delivered texts."""
    if rule.kind == "readable":
        return f"({quoted(rule.column)} IS NOT NULL OR {delivered(contract.column(rule.column))} IS NULL)"
    if rule.kind == "present":
        return f"{delivered(contract.column(rule.column))} IS NOT NULL"
    return at_reference_date(rule.condition, reference_date)


def at_reference_date(condition: str, reference_date: dt.date | None) -> str:
    """`condition` with `:reference_date` filled in."""
    day = f"DATE '{reference_date.isoformat()}'" if reference_date else "CAST(NULL AS DATE)"
    return condition.replace(":reference_date", day)


BESIDE = ("source_file", "row_number", "is_malformed")
"""What records have beside the contract's columns."""

RECORD_SHAPE = RowRule(
    "record_shape", "shape", "true", "error", "conformity", "A record has as many fields as the header.", ""
)


def uniqueness_rules(contract: Contract) -> tuple[DatasetRule, ...]:
    """The rules that quarantine repeated rows at landing."""
    return tuple(rule for rule in contract.dataset_rules if rule.rejects_rows)


def landing_rules(contract: Contract) -> tuple[RowRule | DatasetRule, ...]:
    """Every rule evaluated at landing; the place of a rule is its bit in the mask."""
    return (RECORD_SHAPE, *contract.row_rules, *uniqueness_rules(contract))


def listed(contract: Contract, names: Collection[str]) -> str:
    """Columns of the contract that are called `names`, as they follow others in a list of columns."""
    return "".join(f", {quoted(name)}" for name in contract.column_names if name in names)


def rules_about(contract: Contract, names: Collection[str]) -> list[RowRule]:
    """Rules on rows that ask of no columns but those called `names`."""
    others = [name for name in contract.column_names if name not in names]
    return [r for r in contract.row_rules if not any(mentions(f"{r.column} {r.condition}", other) for other in others)]


def judged_sql(
    contract: Contract,
    source: str,
    others: Sequence[str],
    *,
    reference_date: dt.date,
    columns: Sequence[Column] | None = None,
    rules: Collection[RowRule] | None = None,
) -> str:
    """Common table expressions that end in `judged`: the records of `source` with values, and rules in `broken`.

    The bits are the first of `landing_rules`. A record of another shape (`is_malformed`, one of `others`) has no
    columns to judge: this is its only reason. Where `source` has not all `columns`, or not all `rules` are asked for,
    these are the ones; all other rules hold.
    """
    columns = contract.columns if columns is None else columns
    asked = contract.row_rules if rules is None else rules
    # Each rule is a column of its own before they are put together: within a conjunction or a CASE the engine would
    # work the same subexpression out again wherever it stands.
    places = {bit: rule for bit, rule in enumerate(landing_rules(contract)) if rule in asked}
    verdicts = {bit: f'"rule {bit}"' for bit in places}
    verdict = "".join(
        f", {holds_sql(rule, contract, reference_date=reference_date)} AS {verdicts[bit]}"
        for bit, rule in places.items()
    )
    broken = f"CASE WHEN is_malformed THEN 1 ELSE {mask_sql(verdicts)} END"
    return f"""
        WITH {values_sql(columns, source, others)},
        verdicts AS (SELECT *{verdict} FROM "values"),
        judged AS (SELECT *, {broken} AS broken FROM verdicts)"""


def mask_sql(conditions: Mapping[int, str]) -> str:
    """An integer with a bit set where its condition is false; a condition that is unknown (null) holds.

    Nearly every row breaks none, which one conjunction settles; only for the others are the bits put together. Pass
    columns, not expressions: they stand here twice.
    """
    kind = "BIGINT" if max(conditions, default=0) < 63 else "HUGEINT"
    holds = " AND ".join(f"{c} IS NOT FALSE" for c in conditions.values())
    bits = " + ".join(f"CASE WHEN {c} IS FALSE THEN {1 << bit}::{kind} ELSE 0 END" for bit, c in conditions.items())
    return f"CASE WHEN {holds} THEN 0::{kind} ELSE {bits} END" if conditions else "0::BIGINT"


def age_sql(date_of_birth: str, reference_date: dt.date) -> str:
    """Completed years at `reference_date`; someone born on 29 February completes one on 1 March of other years."""
    day_of_year = reference_date.month * 100 + reference_date.day
    return (
        f"CAST({reference_date.year} - year({date_of_birth}) - "
        f"CAST(month({date_of_birth}) * 100 + day({date_of_birth}) > {day_of_year} AS INTEGER) AS BIGINT)"
    )

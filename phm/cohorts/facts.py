"""What a condition may read about a person: the one place that says which tables it comes from.

Belongs here: the names a definition may use and the table in which they stand side by side. What a column means is
written in its contract.
"""

from collections.abc import Collection
from functools import cache

import ibis
import ibis.expr.types as ir

from phm.expressions import Variable
from phm.expressions.language import CONTRACT_TYPES, IBIS_TYPES
from phm.feeds.contracts import load_contract
from phm.store import Partition, Store

FEATURES = "person_feature"
RISK = "person_risk"
HOLD = "list_hold"
KEYS = ("person_id", "cohort_id")
"""Say whose row it is; no condition is about them."""


@cache
def columns_of(contract: str) -> dict[str, Variable]:
    """The columns of one of the tables that a condition may use."""
    columns = load_contract(contract).columns
    return {c.name: Variable(CONTRACT_TYPES[c.type], c.valid_values) for c in columns if c.name not in KEYS}


@cache
def feature_columns() -> dict[str, Variable]:
    """Every column a condition may use. Of a name that stands in several tables the first is meant."""
    return {**columns_of(HOLD), **columns_of(RISK), **columns_of(FEATURES)}


def person_facts(
    cohort_id: str,
    person_feature: ir.Table,
    /,
    *,
    person_risk: ir.Table | None = None,
    list_hold: ir.Table | None = None,
    columns: Collection[str] | None = None,
) -> ir.Table:
    """One row per row of `person_feature`: `person_id` and `feature_columns`, or of these only `columns`.

    Of `list_hold` the rows of this cohort count. Whoever has no row in a table, or where the table itself is not
    there, has unknown values, and `false` where the column is true or false: nobody is held back by a hold that is
    not there.
    """
    own_hold = None if list_hold is None else list_hold.filter(list_hold.cohort_id == cohort_id)
    facts = person_feature
    if columns is not None:
        facts = facts.select("person_id", *(name for name in facts.columns if name in columns))
    for contract, table in ((RISK, person_risk), (HOLD, own_hold)):
        asked = ((n, kind.type) for n, kind in columns_of(contract).items() if columns is None or n in columns)
        if wanted := {name: kind for name, kind in asked if name not in facts.columns}:
            facts = _beside(facts, table, wanted)
    return facts


def published_facts(con: ibis.BaseBackend, store: Store, partition: Partition, cohort_id: str, /) -> ir.Table:
    """`person_facts` of a published month; a month from before there were risks or holds has none."""
    feature = store.read(con, FEATURES, partition)
    risk, hold = (store.read(con, table, partition) if store.has(table, partition) else None for table in (RISK, HOLD))
    return person_facts(cohort_id, feature, person_risk=risk, list_hold=hold)


def _beside(facts: ir.Table, table: ir.Table | None, wanted: dict[str, str]) -> ir.Table:
    if table is None:
        return facts.mutate(**{name: _value(None, kind) for name, kind in wanted.items()})
    joined = facts.left_join(table.select("person_id", *wanted), "person_id")
    return joined.select(*facts.columns, **{name: _value(joined[name], kind) for name, kind in wanted.items()})


def _value(column: ir.Value | None, kind: str) -> ir.Value:
    """The column, or nothing of its type; what is true or false is never unknown."""
    value = ibis.null(IBIS_TYPES[kind]) if column is None else column
    return ibis.coalesce(value, ibis.literal(False)) if kind == "boolean" else value

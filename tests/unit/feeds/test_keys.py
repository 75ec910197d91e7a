"""Keys that stand in a feed twice: found in rows of any order, by their hashes or by looking at neighbours."""

import datetime as dt

import numpy as np
import pytest

from phm.feeds import keys, row_sql
from phm.feeds.contracts import load_contract
from phm.feeds.schema import literal
from tests.unit.feeds.delivered import GOOD_EVENT


def test_rows_rise_by_their_columns_in_order(con):
    rises = keys.rises(("a", "b"))
    rows = "(VALUES ('x', 1), ('x', 2), ('y', 1), ('y', 1), ('x', 3), (NULL, 4), ('z', 5))"
    found = con.execute(f"SELECT {rises} FROM {rows} t(a, b)").fetchall()
    assert [row[0] for row in found] == [None, True, True, False, False, None, None]


@pytest.mark.parametrize(
    ("records", "may_repeat"),
    [
        (("3", "1", "2"), False),
        (("3", "1", "3"), True),
        (("3", "1", "03"), True),  # the same number
        (("", "1", ""), False),  # rejected, as they have none
    ],
)
def test_a_key_may_repeat_where_its_value_does(con, records, may_repeat):
    contract = load_contract("gp_event")
    con.execute(row_sql.IS_NHS_NUMBER)
    rows = " UNION ALL ".join(
        "SELECT "
        + ", ".join(
            f"nullif({literal(text)}, '') AS {name}" for name, text in (GOOD_EVENT | {"record_id": record}).items()
        )
        for record in records
    )
    source = f"(SELECT 0 AS source_file, 1 AS row_number, false AS is_malformed, * FROM ({rows}))"
    others = ("source_file", "row_number", "is_malformed")
    judged = row_sql.judged_sql(contract, source, others, reference_date=dt.date(2026, 10, 31))
    (rule,) = row_sql.uniqueness_rules(contract)
    number = keys.hashed(rule.columns, required={"practice_code", "record_id"})
    numbers = con.execute(f"{judged} SELECT {number} AS number FROM judged").fetchnumpy()["number"]
    assert keys.may_repeat(np.ma.compressed(numbers)) is may_repeat

"""Areas of practices as at a date, and what is odd about them, are the same on Spark as on DuckDB."""

import ibis
import pytest

from phm.core.geography import practices
from phm.core.memberships import map_as_at
from phm.core.oddities import changes, inconsistencies, orphans, pcn_patients, pcn_sizes, spanning_pcns
from tests.unit.core.test_memberships import AS_AT, LOOKUP, MAP, PARTNERS, table
from tests.unit.core.test_oddities import SIZES

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

PLACES = """
practice_code | site_type | place_code | place_name
A81001        | Main      | P1         | Coast
A81003        | Branch    | P2         | Hills
"""


def found(engine):
    """Every table of this layer, in a fixed order of rows."""
    now = map_as_at(table(MAP), table(PARTNERS + TWO), table(LOOKUP), as_at=AS_AT)
    before = map_as_at(table(MAP), as_at=AS_AT)
    tables = (
        practices(now, table(PLACES)),
        spanning_pcns(before),
        orphans(now, SIZES),
        pcn_sizes(now, pcn_patients(now, SIZES)),
        changes(now, before),
        inconsistencies(now),
    )
    return [sorted(engine.to_pyarrow(expression).to_pylist(), key=str) for expression in tables]


TWO = "A81001 | HIGH STREET | 00P | U33333 | Other | 2022-07-01 | 2022-07-01\n"
"""A second membership in force, which ended on the day the other began."""


def test_areas_as_at_a_date(spark):
    on_duckdb = found(ibis.duckdb.connect(threads=1))
    assert [len(rows) for rows in on_duckdb] == [6, 2, 2, 2, 3, 0]
    assert found(spark) == on_duckdb

"""Areas on DuckDB and Spark: the same boundaries, the same deprivation."""

import ibis
import pyarrow as pa
import pytest

from phm.core.boundary import pcn_boundary, pcn_facts, practice_facts
from phm.core.deprivation import area_deprivation
from phm.core.vintages import fit_index
from tests.spec.people import fetched, rows, table
from tests.unit.core import test_boundary, test_vintages

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def computed(engine):
    texts = (test_boundary.HOMES, test_boundary.MEMBERSHIP, test_boundary.DISTRICTS)
    homes, membership, districts = (table(pa.Table.from_pylist(rows(text)), engine) for text in texts)
    homes = homes.cast({"patient_count": "int64"})
    index = table(test_vintages.index(test_vintages.IMD_2019).to_pyarrow(), engine)
    lookup = table(pa.Table.from_pylist(rows(test_vintages.LOOKUP)), engine)
    moved = homes.mutate(lsoa_code=homes.lsoa_code.replace("E0100000", "E0103380"))
    fitted = fit_index(moved, index, lookup)
    boundary = pcn_boundary(homes, membership)
    return [
        fetched(boundary, engine, "lsoa_code", "pcn_code"),
        fetched(pcn_facts(homes, membership, boundary, districts=districts), engine, "pcn_code"),
        fetched(practice_facts(homes, membership, districts=districts), engine, "practice_code"),
        fetched(fitted.areas, engine, "lsoa_code"),
        fetched(area_deprivation(moved, fitted.areas, membership, area="pcn_code"), engine, "area_code"),
    ]


def test_boundaries_and_deprivation(spark):
    on_duckdb = computed(ibis.duckdb.connect(threads=1))
    assert all(on_duckdb)
    assert computed(spark) == on_duckdb

"""Every entry has the same turn on Spark."""

import random

import ibis
import pytest

from phm.lists.waves import list_wave
from phm.lists.workload import workload
from tests.unit.lists.test_waves import DEFINITIONS, REFERENCE_DATE, Made, own, shared

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def test_the_same_turns_on_spark(spark):
    chance, made = random.Random(1), Made()
    for _ in range(60):
        tier = chance.choice(["severe_recent", "stage_2", "stage_1", "not_measured", "treated_not_coded"])
        made.add(tier, practice=chance.choice(["P1", "P2"]), core20=chance.random() < 0.3)
    tables = made.tables([own("P1", 2), own("P1", 1, "clinician"), shared(2)])
    on_both = []
    for engine in (ibis.duckdb.connect(threads=1), spark):
        entry, person, capacity = (
            engine.create_table(name, table.to_pyarrow(), overwrite=True)
            for name, table in zip(("wave_entry", "wave_person", "wave_capacity"), tables, strict=True)
        )
        plan = list_wave(entry, person, capacity, DEFINITIONS.values(), reference_date=REFERENCE_DATE)
        turns = sorted(plan.to_pyarrow().to_pylist(), key=lambda row: row["entry_id"])
        on_both.append((turns, workload(plan, capacity).to_pyarrow().to_pylist()))
    assert {row["seen_by"] for row in on_both[0][0]} == {"practice", "pcn", None}
    assert on_both[1] == on_both[0]

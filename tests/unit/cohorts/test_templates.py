"""Facts as a reader would write them."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from phm.cohorts.templates import Template, in_words, render, written

WORDS = {"acute_hospital": "hospital", "home": "home average"}
NUMBERS = [number / 100 for number in range(-120, 12000)] + [
    0.03125,
    0.35,
    2.675,
    99999.95,
    1234567.25,
    1e-9,
    0.1 + 0.2,
]
FACTS = pa.table(
    {
        "number": pa.array([*NUMBERS, None], pa.float64()),
        "count": pa.array([*range(-1, len(NUMBERS) - 1), None], pa.int64()),
        "day": pa.array([*(dt.date(1923, 1, 1) + dt.timedelta(days=3 * n) for n in range(len(NUMBERS))), None]),
        "text": pa.array([*(("acute_hospital", "home", "clinic", "")[n % 4] for n in range(len(NUMBERS))), None]),
    }
)
"""What can stand in a sentence: halves of tenths, every month, words and others, and nothing."""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (164, "164"),
        (164.0, "164"),
        (36.14, "36.1"),
        (36.04, "36"),
        (np.float64(59.95), "60"),
        (dt.date(2026, 3, 3), "3 Mar 2026"),
        (pd.Timestamp("2026-12-31"), "31 Dec 2026"),
        ("acute_hospital", "hospital"),
        ("clinic", "clinic"),
        (("black", "asian"), "black, asian"),
        (None, "not recorded"),
        (float("nan"), "not recorded"),
        (pd.NaT, "not recorded"),
    ],
)
def test_a_value_is_written_plainly(value, text):
    assert written(value, {"acute_hospital": "hospital"}) == text


def written_by(engine_table):
    said = engine_table.select(
        "number", **{f"said_{name}": in_words(engine_table[name], WORDS) for name in FACTS.schema.names}
    )
    return said.order_by("number").drop("number").to_pyarrow().to_pylist()


def test_an_engine_writes_every_value_as_it_is_written_here():
    facts = FACTS.sort_by("number").to_pylist()
    expected = [{f"said_{name}": written(value, WORDS) for name, value in row.items()} for row in facts]
    assert written_by(ibis.memtable(FACTS)) == expected


def test_every_row_gets_its_own_sentence():
    rows = ibis.memtable({"a": [1, None, 3], "b": ["x", "y", None]})
    facts = {name: in_words(rows[name], {"x": "ex"}) for name in rows.columns}
    said = render(Template.read("{a}/{b} of {:most}"), facts, settings={"most": 7}, words={"x": "ex"})
    assert list(said.to_pandas()) == ["1/ex of 7", "not recorded/y of 7", "3/not recorded of 7"]


@pytest.mark.parametrize("text", ["{", "}", "{a!r}", "{a.b}", "{0}", "{a:>9}", "{}", "{{a}}", "{A}"])
def test_a_stray_brace_is_refused(text):
    with pytest.raises(ValueError):
        Template.read(text)

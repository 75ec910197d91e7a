"""Facts as a reader would write them."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from phm.cohorts.templates import Template, render, written


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


def test_every_row_gets_its_own_sentence():
    rows = pd.DataFrame({"a": [1, None, 3], "b": ["x", "y", None]}, index=[5, 9, 2])
    said = render(Template.read("{a}/{b} of {:most}"), rows, settings={"most": 7}, words={"x": "ex"})
    assert said.to_dict() == {5: "1/ex of 7", 9: "not recorded/y of 7", 2: "3/not recorded of 7"}


def test_no_rows_no_sentences():
    rows = pd.DataFrame({"a": pd.Series([], dtype="float64")})
    assert len(render(Template.read("{a}"), rows, settings={}, words={})) == 0


@pytest.mark.parametrize("text", ["{", "}", "{a!r}", "{a.b}", "{0}", "{a:>9}", "{}", "{{a}}", "{A}"])
def test_a_stray_brace_is_refused(text):
    with pytest.raises(ValueError):
        Template.read(text)

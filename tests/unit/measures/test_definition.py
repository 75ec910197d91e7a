"""Measure definitions: what is shipped loads, what is wrong says where."""

import pytest

from phm.errors import DefinitionError
from phm.measures.definition import load_measure, load_measures
from phm.resources import library_dir

SHIPPED = (library_dir("measures") / "raised_bp_not_on_register.yaml").read_text()


def test_shipped_measures_are_complete():
    measures = load_measures()
    assert [m.id for m in measures] == [
        "raised_bp_not_on_register",
        "recorded_hypertension_prevalence",
        "bp_not_measured_5y",
        "list_size",
        "imd_mean_score",
        "imd_quintile_share",
    ]
    assert all(len(m.sha256) == 64 and m.sources and m.title for m in measures)
    assert (measures[0].age_from, measures[0].age_to) == (30, 50)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("latest_bp_systolic >= 140", "latest_bp_sistolic >= 140", r"latest_bp_sistolic.*line 11.*latest_bp_systolic"),
        ("unit: percent", "unit: people", "A measure in people has neither numerator nor column.*line 5"),
        ("unit: percent", "unit: score", "A measure in score has mean_of"),
        ("polarity: low", "polarity: bad", "line 1"),
        ("position: 1\n", "", "position is missing"),
        ("from: 30", "from: 60", "lowest age is above the highest"),
        ("'clinic'", "'surgery'", "surgery"),
    ],
)
def test_a_wrong_definition_says_where(tmp_path, old, new, message):
    assert old in SHIPPED
    path = tmp_path / "wrong.yaml"
    path.write_text(SHIPPED.replace(old, new))
    with pytest.raises(DefinitionError, match=message):
        load_measure(path)


def test_a_mean_needs_a_column_of_numbers(tmp_path):
    path = tmp_path / "wrong.yaml"
    text = (library_dir("measures") / "imd_mean_score.yaml").read_text()
    path.write_text(text.replace("mean_of: imd_score", "mean_of: sex"))
    with pytest.raises(DefinitionError, match="sex is no column of type number or integer"):
        load_measure(path)


def test_two_measures_cannot_share_an_id(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(SHIPPED)
    with pytest.raises(DefinitionError, match="same id"):
        load_measures(tmp_path)
    with pytest.raises(DefinitionError, match="no measures"):
        load_measures(tmp_path / "none")

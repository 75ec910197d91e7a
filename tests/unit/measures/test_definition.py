"""Measure definitions: what is shipped loads, what is wrong says where."""

import pytest

from phm.errors import DefinitionError
from phm.measures.definition import GOALS, load_measure, load_measures
from phm.resources import library_dir

SHIPPED = (library_dir("measures") / "raised_bp_not_on_register.yaml").read_text()


def test_shipped_measures_are_complete():
    measures = load_measures()
    assert [m.id for m in measures] == [
        "raised_bp_not_on_register",
        "recorded_hypertension_prevalence",
        "hypertension_recorded_of_expected",
        "bp_not_measured_5y",
        "bp_recorded_5y_45_plus",
        "raised_bp_followed_up",
        "hypertension_treated_to_target",
        "af_anticoagulated",
        "diabetes_detection_gap",
        "ckd_detection_gap",
        "current_smoking",
        "obesity",
        "nhs_health_check_uptake",
        "emergency_attendance_rate",
        "registered_12_months",
        "hypertension_list_cascade",
        "list_entries_rate",
        "list_size",
        "imd_mean_score",
        "imd_quintile_share",
        "people_by_segment",
        "segment_change",
    ]
    assert all(len(m.sha256) == 64 and m.sources and m.title and m.owner for m in measures)
    assert {m.goal for m in measures} == set(GOALS)
    assert (measures[0].age_from, measures[0].age_to) == (30, 50)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("latest_bp_systolic >= 140", "latest_bp_sistolic >= 140", r"latest_bp_sistolic.*line 11.*latest_bp_systolic"),
        ("unit: percent", "unit: people", "A measure in people has neither numerator nor column.*line 5"),
        ("unit: percent", "unit: score", "A measure in score has mean_of"),
        ("unit: percent", "unit: rate", "A measure in rate has sum_of or entries_of"),
        ("unit: percent", "unit: ratio", "A measure in ratio has expected_from and numerator"),
        (
            "standardisation: none",
            "standardisation: direct",
            "direct only of a percent with numerator that is shown by age",
        ),
        ("standardisation: none", "standardisation: indirect", "indirect only of a rate with sum_of"),
        ("groups: [sex,", "groups: [shoe_size,", "groups|line"),
        ("goal: integration_and_equity", "goal: savings", "goal|line"),
        ("owner: ICB population health team", "", "owner is missing"),
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


def test_a_site_adds_its_own_measures(tmp_path):
    (tmp_path / "ours.yaml").write_text(SHIPPED.replace("id: raised_bp_not_on_register", "id: ours", 1))
    shipped = load_measures()
    assert [m.id for m in load_measures(tmp_path) if m not in shipped] == ["ours"]


def test_a_measure_that_is_shipped_keeps_its_id(tmp_path):
    (tmp_path / "a.yaml").write_text(SHIPPED)
    with pytest.raises(DefinitionError, match=r"same id.*raised_bp_not_on_register"):
        load_measures(tmp_path)


def test_a_folder_of_measures_has_to_be_there(tmp_path):
    with pytest.raises(DefinitionError, match=r"own measures is not there.*none"):
        load_measures(tmp_path / "none")

"""A site's own folder of definitions, and everything that is wrong with a file at once."""

import pytest

from phm.cohorts.definition import library, load_definition, load_definitions
from phm.cohorts.reading import read
from phm.errors import DefinitionError
from tests.unit.cohorts.test_definition import SMALL, written


def test_a_sites_own_definition_stands_beside_the_shipped_ones(tmp_path):
    path = written(tmp_path, SMALL)
    (tmp_path / "small.assurance.yaml").write_text("not a definition")
    assert library(tmp_path)["small"] == path
    assert library(tmp_path).keys() - library().keys() == {"small"}
    assert load_definition("small", tmp_path).title == "Small"
    assert "small" in [definition.id for definition in load_definitions(tmp_path)]


def test_a_shipped_id_cannot_be_taken_whatever_the_version(tmp_path):
    (tmp_path / "possible_undiagnosed_hypertension.yaml").write_text(SMALL.replace("1.0.0", "99.0.0"))
    with pytest.raises(DefinitionError, match="comes with phm") as caught:
        load_definitions(tmp_path)
    assert "possible_undiagnosed_hypertension_local" in caught.value.hint


def test_a_definition_is_called_like_its_file(tmp_path):
    (tmp_path / "tiny.yaml").write_text(SMALL)
    with pytest.raises(DefinitionError, match="calls itself small"):
        load_definition("tiny", tmp_path)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(DefinitionError, match="is not there"):
        library(tmp_path / "absent")


def test_everything_wrong_is_said_at_once_and_nothing_that_only_follows(tmp_path):
    text = (
        SMALL.replace("when: latest_bp_systolic >= :limit", "when: latest_bp_sistolic >= :limit")
        .replace("when: has_palliative_care", "when: age > 'x'")
        .replace("output: separate", "output: seperate")
        .replace("of {:limit}", "of {:limt}")
        .replace("when: age < 40", "when: case when true then true end")
    )
    definition, problems = read(written(tmp_path, text))
    assert definition is None
    assert [problem.what for problem in problems] == [
        "There is no column or term latest_bp_sistolic",
        "The left side age is of type integer, the right side 'x' of type string",
        "There is no setting :limt",
        "CASE is not part of the language",
        "There is no output seperate",
        "No exclusion leads to output separate",
    ]
    lines = [int(problem.name.rpartition(" ")[2]) for problem in problems]
    wrong = ["sistolic", "'x'", "{:limt}", "case when", "seperate", "- id: separate"]
    assert lines == [text[: text.index(piece)].count("\n") + 1 for piece in wrong]


def test_everything_wrong_with_the_shape_is_said_at_once(tmp_path):
    text = SMALL.replace("title: Small\n", "").replace("advice: Stay well.\n", "").replace("due_days: 7", "due_dys: 7")
    _, problems = read(written(tmp_path, text))
    assert [problem.what for problem in problems] == [
        "advice is missing",
        "title is missing",
        "due_days is missing",
        "due_dys is not known here",
    ]

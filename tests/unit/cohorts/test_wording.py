"""Conditions in the words of a reader."""

import pytest

from phm.cohorts.definition import USES, load_definition
from phm.cohorts.facts import feature_columns
from phm.cohorts.wording import condition_words
from phm.expressions import Scope, Variable, parse
from tests.unit.cohorts.test_definition import SMALL, written


@pytest.fixture
def definition(tmp_path):
    return load_definition(written(tmp_path, SMALL))


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("age between 30 and 50", "age between 30 and 50"),
        ("latest_bp_systolic >= :limit", "latest BP systolic 140 (`limit`) or more"),
        ("egfr < 60", "eGFR below 60"),
        ("egfr <= 60", "eGFR 60 or less"),
        ("egfr > 60", "eGFR more than 60"),
        ("bmi = -1", "BMI is -1"),
        ("has_ckd", "CKD recorded"),
        ("not has_ckd", "no CKD recorded"),
        ("is_pregnant", "pregnant"),
        ("not is_pregnant", "not pregnant"),
        ("raised", "“raised”"),
        ("not raised", "not “raised”"),
        ("latest_bp_date is null", "latest BP not recorded"),
        ("latest_bp_date is not null", "latest BP recorded"),
        ("within_months(latest_bp_date, 12)", "latest BP within the last 12 months"),
        ("not within_months(latest_bp_date, 12)", "latest BP not within the last 12 months (or never)"),
        ("latest_bp_days <= 7", "latest BP at most 7 days ago"),
        ("latest_bp_days > 7", "latest BP more than 7 days ago"),
        ("latest_bp_date >= latest_average_date", "latest BP date on or after latest average date"),
        ("latest_bp_date < latest_average_date", "latest BP date before latest average date"),
        ("latest_bp_setting in ('home', 'ambulatory')", "latest BP setting is home or ambulatory"),
        ("ethnicity_group in (:groups)", "ethnicity group is black (`groups`)"),
        ("has_ckd and (bmi >= 35 or raised)", "CKD recorded and (BMI 35 or more or “raised”)"),
        ("not (has_ckd or has_migraine)", "not (CKD recorded or migraine recorded)"),
        (":use <> 'practice'", "the use is not practice"),
        ("coalesce(bmi, 0) >= 35", "`COALESCE(bmi, 0)` 35 or more"),
        ("true", "everyone"),
    ],
)
def test_a_condition_is_said_in_words(definition, condition, words):
    settings = {name: setting.variable for name, setting in definition.settings.items()}
    terms = {name: term.when for name, term in definition.terms.items()}
    scope = Scope(feature_columns(), {**settings, "use": Variable("string", USES)}, terms)
    assert condition_words(parse(condition, scope), definition) == words

"""Who gets a QRISK3, what stands in for what is not known, what is said about it; frailty and segments."""

import ibis
import pytest

from phm.core.features import person_features
from phm.risk.person_risk import person_risk
from phm.risk.segments import SEGMENTS, segment_movement, with_change
from tests.spec.people import REFERENCE_DATE, core_event, core_person, person_id

PEOPLE = """
person | age | sex | ethnicity_code | imd_decile | is_registered
1      | 60  | M   | A              | 5          | yes
2      | 60  | M   | A              | 5          | yes
3      | 24  | F   | A              | 5          | yes
4      | 85  | F   | A              | 5          | yes
5      | 50  | U   | A              | 5          | yes
6      | 50  | F   | A              | 5          | yes
7      | 50  | F   | A              | 5          | yes
8      | 50  | F   | A              | 5          | yes
9      | 50  | M   |                |            | yes
10     | 50  | M   | N              | 1          | yes
11     | 80  | F   | A              | 5          | yes
12     | 30  | F   | A              | 5          | yes
13     | 50  | M   | A              | 5          | no
14     | 60  | M   | A              | 5          | yes
"""
EVENTS = """
person | date       | what                          | value   | setting | source
1      | 2026-03-03 | blood_pressure                | 162/90
1      | 2026-01-03 | blood_pressure                | 160/90
1      | 2026-03-03 | bmi                           | 34.06
1      | 2026-03-03 | cholesterol_ratio             | 5
1      | 2026-03-03 | smoking_current
1      | 2026-03-03 | cigarettes_per_day            | 20
2      | 2020-03-03 | stroke_tia
2      | 2026-10-03 | statin
6      | 2026-10-03 | statin
7      | 2020-10-03 | diabetes
7      | 2020-10-03 | type_1_diabetes
8      | 2026-10-03 | egfr                          | 59
10     | 2026-03-03 | smoking_current
10     | 2020-03-03 | severe_mental_illness
10     | 2020-03-03 | erectile_dysfunction
10     | 2020-03-03 | rheumatoid_arthritis
11     | 2020-03-03 | falls
11     | 2020-03-03 | dementia
11     | 2020-03-03 | osteoporosis
11     | 2020-03-03 | lives_alone
11     | 2020-03-03 | anaemia
11     | 2020-03-03 | insomnia
11     | 2020-03-03 | urinary_incontinence
11     | 2020-03-03 | visual_impairment
11     | 2020-03-03 | weight_loss
11     | 2020-03-03 | reduced_mobility
12     | 2026-10-03 | pregnancy
14     | 2021-10-31 | bmi                           | 34
14     | 2026-10-03 | palliative_care
"""


@pytest.fixture(scope="module")
def risk():
    con = ibis.duckdb.connect(threads=1)
    event, person = con.create_table("event", core_event(EVENTS)), con.create_table("person", core_person(PEOPLE))
    feature = person_features(event, person, reference_date=REFERENCE_DATE)
    feature = con.create_table("feature", feature.to_pyarrow())
    found = person_risk(feature, reference_date=REFERENCE_DATE)
    return con.create_table("risk", found.to_pyarrow())


@pytest.fixture(scope="module")
def of(risk):
    return {row["person_id"]: row for row in risk.to_pyarrow().to_pylist()}


def test_everyone_registered_and_alive_has_a_row(of):
    assert set(of) == {person_id(number) for number in (*range(1, 13), 14)}


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (1, None),
        (2, "existing_cvd"),
        (3, "age_outside_25_84"),
        (4, "age_outside_25_84"),
        (5, "sex_not_known"),
        (6, "statin"),
        (7, "type_1_diabetes"),
        (8, "kidney_disease"),
        (9, None),
    ],
)
def test_who_gets_a_score(of, person, reason):
    row = of[person_id(person)]
    assert row["qrisk3_not_computed_reason"] == reason
    assert (row["qrisk3_pct"] is None) == (reason is not None)


def test_everything_known(of):
    row = of[person_id(1)]
    assert (row["is_qrisk3_imputed"], row["qrisk3_imputed"]) == (False, None)
    assert row["qrisk3_lower_pct"] == row["qrisk3_pct"] == row["qrisk3_upper_pct"]
    assert row["qrisk3_comparison_pct"] == 8.4  # 8.417954 in the reference values 2018
    assert [row[f"qrisk3_raised_by_{number}"] for number in (1, 2, 3)] == [
        "smokes 20 or more a day",
        "systolic blood pressure 162",
        "cholesterol ratio 5.0",
    ]
    assert row["qrisk3_heart_age"] > 60
    assert row["qrisk3_explained"] == (
        "nothing imputed; raised most by smokes 20 or more a day, systolic blood pressure 162, cholesterol ratio 5.0"
    )


def test_nothing_known_is_named_and_gives_a_range(of):
    row = of[person_id(9)]
    assert row["qrisk3_imputed"] == (
        "systolic blood pressure, variation of blood pressure, cholesterol ratio, BMI, smoking status, ethnicity, "
        "deprivation"
    )
    assert row["qrisk3_lower_pct"] < row["qrisk3_pct"] < row["qrisk3_upper_pct"]
    assert row["qrisk3_raised_by_1"] is None
    assert row["qrisk3_explained"] == (
        f"range {row['qrisk3_lower_pct']} to {row['qrisk3_upper_pct']}%, imputed: {row['qrisk3_imputed']}; "
        "raised by nothing recorded"
    )


def test_a_value_older_than_five_years_is_not_known(of):
    assert "BMI" in of[person_id(14)]["qrisk3_imputed"]


def test_lists_do_not_name_mental_or_sexual_health_or_deprivation(of):
    row = of[person_id(10)]
    said = [row[f"qrisk3_raised_by_{number}"] for number in (1, 2, 3)]
    assert said[0] == "smokes"
    assert set(said[1:]) <= {"a factor not named on lists", "rheumatoid arthritis"}
    assert "a factor not named on lists" in said


def test_frailty_counts_deficits_at_65_and_over(of):
    assert (of[person_id(11)]["efi_deficit_count"], of[person_id(11)]["efi"]) == (10, 0.278)
    assert of[person_id(11)]["frailty_category"] == "moderate"
    assert of[person_id(1)]["frailty_category"] is None


def test_multimorbidity(of):
    assert (of[person_id(11)]["condition_count"], of[person_id(11)]["multimorbidity_score"]) == (1, 2.5)
    assert (of[person_id(2)]["condition_count"], of[person_id(2)]["multimorbidity_score"]) == (1, 0.8)


def test_segments(of):
    found = {person: of[person_id(person)]["segment"] for person in (14, 11, 10, 2, 12, 1, 3)}
    assert found == {
        14: "end_of_life",
        11: "frailty",
        10: "several_conditions",
        2: "one_condition",
        12: "maternity",
        1: "at_risk",
        3: "healthy",
    }
    assert set(found.values()) == set(SEGMENTS)


def test_movement_between_months(risk):
    person = risk.select("person_id", practice_code=ibis.literal("A81001"))
    before = risk.filter(risk.person_id != person_id(3)).mutate(
        segment=(risk.person_id == person_id(14)).ifelse("end_of_life", "one_condition")
    )
    changed = with_change(risk.select("person_id", "segment"), before)
    change = {row["person_id"]: row["segment_change"] for row in changed.to_pyarrow().to_pylist()}
    found = [change[person_id(number)] for number in (14, 11, 2, 1, 3)]
    assert found == ["same", "more_need", "same", "less_need", "new"]
    moved = segment_movement(changed, person).to_pyarrow().to_pylist()
    ways = {(row["segment_before"], row["segment"]): row["person_count"] for row in moved}
    assert sum(ways.values()) == 13
    assert ways["new", "healthy"] == ways["end_of_life", "end_of_life"] == 1


def test_without_a_month_before_no_change_is_known(risk):
    changed = with_change(risk.select("person_id", "segment"), None).to_pyarrow().to_pylist()
    assert {(row["segment_before"], row["segment_change"]) for row in changed} == {("unknown", None)}

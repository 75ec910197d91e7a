# ruff: noqa: E501
"""Possible undiagnosed hypertension, person by person: what the record says → the list, the tier and the reason.

Each row changes one ordinary person (see `rows.ORDINARY`): `bp` is the latest reading day as value, setting and days
ago; `also` names further columns. A date column takes days ago. Expected is the tier of the list, `output: tier`, the
exclusion, `none` or `outside`.
"""

import datetime as dt
from dataclasses import replace

import ibis
import pytest

from phm.cohorts.definition import load_definition
from phm.cohorts.evaluate import evaluate
from phm.cohorts.reasons import texts
from tests.spec.cohorts.rows import COLUMNS, REFERENCE_DATE, days_ago, feature_row, feature_table, person_id

DEFINITION = load_definition("possible_undiagnosed_hypertension")
EIGHTEEN_UP = DEFINITION.with_settings({"min_age": 18, "max_age": 120})
YEARS_2 = (REFERENCE_DATE - dt.date(2024, 10, 31)).days
YEAR = (REFERENCE_DATE - dt.date(2025, 10, 31)).days
YEARS_5 = (REFERENCE_DATE - dt.date(2021, 10, 31)).days

POPULATION = """
bp                     | also                          | expected      | what it shows
150/80 clinic 30       | age=29                        | outside       | the day before the 30th birthday
150/80 clinic 30       | age=30                        | stage_1       | the 30th birthday
150/80 clinic 30       | age=50                        | stage_1       | the day before the 51st birthday
150/80 clinic 30       | age=51                        | outside       | the 51st birthday
150/80 clinic 30       | is_registered=no              | outside       | left the practice
150/80 clinic 30       | is_alive=no                   | outside       | died
"""

TIERS = """
bp                     | also                          | expected      | what it shows
139/89 clinic 30       |                               | none          | just below stage 1, both arms
140/89 clinic 30       |                               | stage_1       | systolic alone
139/90 clinic 30       |                               | stage_1       | diastolic alone
134/84 home 30         |                               | none          | average just below
135/84 home 30         |                               | stage_1       | home average, systolic alone
134/85 ambulatory 30   |                               | stage_1       | ambulatory average, diastolic alone
139/89 acute_hospital 30 |                             | none          | a hospital reading has clinic limits
140/89 acute_hospital 30 |                             | stage_1       | a hospital reading has clinic limits
159/99 clinic 30       |                               | stage_1       | just below stage 2
160/99 clinic 30       |                               | stage_2       | systolic alone
159/100 clinic 30      |                               | stage_2       | diastolic alone
149/94 home 30         |                               | stage_1       | average just below stage 2
150/94 home 30         |                               | stage_2       | average, systolic alone
149/95 home 30         |                               | stage_2       | average, diastolic alone
179/119 clinic 3       |                               | stage_2       | just below severe
180/70 clinic 3        |                               | severe_recent | systolic alone
150/120 clinic 3       |                               | severe_recent | diastolic alone
169/114 home 3         |                               | stage_2       | average just below severe
170/80 home 3          |                               | severe_recent | average, systolic alone
150/115 ambulatory 3   |                               | severe_recent | average, diastolic alone
180/70 clinic 0        |                               | severe_recent | today
180/70 clinic 7        |                               | severe_recent | 7 days
180/70 clinic 8        |                               | severe_unresolved | 8 days
180/70 clinic 3000     |                               | severe_unresolved | however old
180/70 clinic 8        | latest_bp_assessment_date=8   | severe_unresolved | an assessment of the same day is not later
180/70 clinic 8        | latest_bp_assessment_date=7   | stage_2       | assessed the day after: no longer severe, still to confirm
180/70 clinic 800      | latest_bp_assessment_date=7   | stale_raised  | assessed, but nothing repeated for two years
125/75 clinic 2        | latest_stage_2_date=9         | recheck       | severe and then normal, never followed up
{y2-1}                 |                               | stage_1       | last day of the look-back
{y2}                   |                               | stale_raised  | first day after it
"""

FURTHER_TIERS = """
bp                     | also                                                   | expected          | what it shows
150/80 clinic 30       | has_diabetes=yes                                       | stage_1_high_risk | diabetes
150/80 clinic 30       | has_ckd=yes                                            | stage_1_high_risk | CKD
150/80 clinic 30       | egfr=60                                                | stage_1           | eGFR 60
150/80 clinic 30       | egfr=59.9                                              | stage_1_high_risk | eGFR below 60
150/80 clinic 30       | has_ischaemic_heart_disease=yes                        | stage_1_high_risk | CVD
150/80 clinic 30       | has_stroke_tia=yes                                     | stage_1_high_risk | CVD
150/80 clinic 30       | has_peripheral_arterial_disease=yes                    | stage_1_high_risk | CVD
150/80 clinic 30       | has_heart_failure=yes                                  | stage_1_high_risk | CVD
150/80 clinic 30       | has_organ_damage=yes                                   | stage_1_high_risk | organ damage
150/80 clinic 30       | has_albuminuria=yes                                    | stage_1_high_risk | albuminuria is organ damage
150/80 clinic 30       | ethnicity_group=black                                  | stage_1_high_risk | default of the setting
150/80 clinic 30       | ethnicity_group=asian                                  | stage_1           | not by default
150/80 clinic 30       | bmi=34.9                                               | stage_1           | BMI below 35
150/80 clinic 30       | bmi=35                                                 | stage_1_high_risk | BMI 35
150/80 clinic 30       | smoking_status=current                                 | stage_1           | no rule uses smoking
136/80 home 20         | latest_average_date=20 latest_average_systolic=136 latest_average_diastolic=80 first_clinic_raised_date=20 | confirmed_not_coded | average on the day of the clinic reading
134/85 home 20         | latest_average_date=20 latest_average_systolic=134 latest_average_diastolic=85 first_clinic_raised_date=40 | confirmed_not_coded | diastolic alone
136/80 home 20         | latest_average_date=20 latest_average_systolic=136 latest_average_diastolic=80 first_clinic_raised_date=19 | stage_1 | average before the only clinic reading
135/80 clinic 2        | latest_average_date=20 latest_average_systolic=136 latest_average_diastolic=80 first_clinic_raised_date=40 | none | the latest day is normal
150/95 clinic 2        | latest_average_date={y2-1} latest_average_systolic=136 latest_average_diastolic=80 first_clinic_raised_date=900 | confirmed_not_coded | last day of the look-back
150/95 clinic 2        | latest_average_date={y2} latest_average_systolic=136 latest_average_diastolic=80 first_clinic_raised_date=900 | stage_1 | average too old
120/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=2     | treated_not_coded | whatever the blood pressure
120/70 clinic 30       | bp_drug_issue_count_6m=0 bp_drug_issue_count_12m=2     | none              | none in 6 months
120/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=1     | none              | only one in 12 months
170/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=2     | treated_not_coded | before stage 2
120/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=2 has_ischaemic_heart_disease=yes | none | other indication
120/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=2 has_heart_failure=yes | none | other indication
120/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=2 has_atrial_fibrillation=yes | none | other indication
120/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=2 has_ckd=yes | none | other indication
120/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=2 has_stroke_tia=yes | none | other indication
120/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=2 has_migraine=yes | none | other indication
120/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=2 has_raynauds=yes | none | other indication
120/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=2 has_aortopathy=yes | none | other indication
120/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=2 has_diabetes=yes | treated_not_coded | diabetes alone is none
120/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=2 has_diabetes=yes has_albuminuria=yes | none | diabetes with albuminuria
120/70 clinic 30       | bp_drug_issue_count_6m=1 bp_drug_issue_count_12m=2 has_albuminuria=yes | treated_not_coded | albuminuria alone is none
120/70 clinic 30       | latest_stage_2_date={y2-1}                             | recheck           | last day of the look-back
120/70 clinic 30       | latest_stage_2_date={y2}                               | none              | too old
120/70 clinic 30       | latest_stage_2_date=90 latest_bp_assessment_date=90    | recheck           | assessed on the same day only
120/70 clinic 30       | latest_stage_2_date=90 latest_bp_assessment_date=89    | none              | assessed later
120/70 clinic 30       | latest_stage_2_date=90 latest_average_date=90 latest_average_systolic=134 latest_average_diastolic=84 | none | normal average of the same day
120/70 clinic 30       | latest_stage_2_date=90 latest_average_date=91 latest_average_systolic=134 latest_average_diastolic=84 | recheck | the normal average was before
120/70 clinic 30       | latest_stage_2_date=90 latest_average_date=60 latest_average_systolic=135 latest_average_diastolic=84 | recheck | a raised average does not settle it
150/80 clinic 30       | latest_stage_2_date=90                                 | stage_1           | the latest day decides
none                   | registered_months=12                                   | not_measured      | never a reading, registered 12 months
none                   | registered_months=11                                   | none              | registered too briefly
{y5-1}                 |                                                        | none              | last day of five years
{y5}                   |                                                        | not_measured      | first day after it
"""

EXCLUSIONS = """
bp                     | also                                                   | expected          | what it shows
150/80 clinic 30       | latest_hypertension_date=900                           | on_hypertension_register | coded
190/120 clinic 3       | latest_hypertension_date=900                           | on_hypertension_register | coded, however high
150/80 clinic 30       | latest_hypertension_date=900 latest_hypertension_resolved_date=901 | on_hypertension_register | resolved before it was coded again
150/80 clinic 30       | latest_hypertension_date=900 latest_hypertension_resolved_date=900 | coding_review: coding_review | same day: on the register, and reviewed
150/80 clinic 30       | latest_hypertension_date=900 latest_hypertension_resolved_date=899 | stage_1 | resolved later
150/80 clinic 30       | latest_hypertension_resolved_date=899                  | stage_1           | resolved without a diagnosis
190/120 clinic 3       | has_palliative_care=yes                                | palliative_care   | palliative, even if severe
150/80 clinic 30       | is_pregnant=yes                                        | pregnant_or_postpartum | pregnant
150/80 clinic 30       | is_postpartum=yes                                      | pregnant_or_postpartum | postpartum
120/70 clinic 90       | is_pregnant=yes latest_maternity_bp_date=3 latest_maternity_bp_systolic=139 latest_maternity_bp_diastolic=89 | pregnant_or_postpartum | normal
120/70 clinic 90       | is_pregnant=yes latest_maternity_bp_date=3 latest_maternity_bp_systolic=140 latest_maternity_bp_diastolic=80 | maternity_raised_bp: maternity_same_day | 140
120/70 clinic 90       | is_pregnant=yes latest_maternity_bp_date=3 latest_maternity_bp_systolic=130 latest_maternity_bp_diastolic=90 | maternity_raised_bp: maternity_same_day | 90
120/70 clinic 90       | is_pregnant=yes latest_maternity_bp_date=3 latest_maternity_bp_systolic=159 latest_maternity_bp_diastolic=109 | maternity_raised_bp: maternity_same_day | just below
120/70 clinic 90       | is_postpartum=yes latest_maternity_bp_date=3 latest_maternity_bp_systolic=160 latest_maternity_bp_diastolic=80 | maternity_raised_bp: maternity_immediate | 160
120/70 clinic 90       | is_pregnant=yes latest_maternity_bp_date=56 latest_maternity_bp_systolic=130 latest_maternity_bp_diastolic=110 | maternity_raised_bp: maternity_immediate | 110, last recent day
120/70 clinic 90       | is_pregnant=yes latest_maternity_bp_date=56 latest_maternity_bp_systolic=145 latest_maternity_bp_diastolic=80 | maternity_raised_bp: maternity_same_day | last recent day
120/70 clinic 90       | is_pregnant=yes latest_maternity_bp_date=57 latest_maternity_bp_systolic=145 latest_maternity_bp_diastolic=80 | pregnant_or_postpartum | not recent
120/70 clinic 90       | is_pregnant=yes latest_maternity_bp_date=57 latest_maternity_bp_systolic=165 latest_maternity_bp_diastolic=110 | pregnant_or_postpartum | not recent
120/70 clinic 90       | latest_maternity_bp_date=3 latest_maternity_bp_systolic=165 latest_maternity_bp_diastolic=110 | none | neither pregnant nor postpartum
185/90 clinic 90       | is_pregnant=yes                                        | maternity_raised_bp: severe_before_pregnancy | severe before and never repeated
185/90 clinic 90       | is_pregnant=yes latest_maternity_bp_date=90 latest_maternity_bp_systolic=120 latest_maternity_bp_diastolic=70 | maternity_raised_bp: severe_before_pregnancy | repeated on the same day only
185/90 clinic 90       | is_pregnant=yes latest_maternity_bp_date=89 latest_maternity_bp_systolic=120 latest_maternity_bp_diastolic=70 | pregnant_or_postpartum | repeated later
134/84 home 20         | latest_average_date=20 latest_average_systolic=134 latest_average_diastolic=84 first_clinic_raised_date=20 | followed_up_normal | average on the day of the clinic reading
150/95 clinic 5        | latest_average_date=20 latest_average_systolic=134 latest_average_diastolic=84 first_clinic_raised_date=40 | followed_up_normal | a later clinic reading below 160/100
150/95 clinic 5        | latest_average_date=20 latest_average_systolic=134 latest_average_diastolic=84 first_clinic_raised_date=19 | stage_1 | average before the first raised clinic reading
160/95 clinic 5        | latest_average_date=20 latest_average_systolic=134 latest_average_diastolic=84 first_clinic_raised_date=40 latest_clinic_stage_2_date=19 | stage_2 | a later clinic reading of 160
150/95 clinic 5        | latest_average_date=20 latest_average_systolic=134 latest_average_diastolic=84 first_clinic_raised_date=40 latest_clinic_stage_2_date=20 | followed_up_normal | stage 2 in clinic on the same day
150/95 clinic 5        | latest_average_date=20 latest_average_systolic=135 latest_average_diastolic=84 first_clinic_raised_date=40 | confirmed_not_coded | average 135
150/95 clinic 5        | latest_average_date=20 latest_average_systolic=134 latest_average_diastolic=85 first_clinic_raised_date=40 | confirmed_not_coded | average 85
150/95 clinic 5        | latest_average_date={y1-1} latest_average_systolic=134 latest_average_diastolic=84 first_clinic_raised_date=400 | followed_up_normal | last day it holds
150/95 clinic 5        | latest_average_date={y1} latest_average_systolic=134 latest_average_diastolic=84 first_clinic_raised_date=400 | stage_1 | first day after
185/95 clinic 9        | latest_average_date=9 latest_average_systolic=134 latest_average_diastolic=84 first_clinic_raised_date=9 latest_clinic_stage_2_date=9 | followed_up_normal | a normal average removes even a severe reading
160/95 clinic 5        | latest_white_coat_date=900                             | white_coat_annual_check: white_coat_annual_check | annual check
120/70 clinic 5        | latest_white_coat_date=900 latest_average_date={y1-1} latest_average_systolic=134 latest_average_diastolic=84 | white_coat | checked within 12 months
120/70 clinic 5        | latest_white_coat_date=900 latest_average_date={y1} latest_average_systolic=134 latest_average_diastolic=84 | white_coat_annual_check: white_coat_annual_check | check due again
120/70 clinic 5        | latest_white_coat_date=900 latest_average_date=899 latest_average_systolic=135 latest_average_diastolic=84 | white_coat_annual_check: white_coat_average_raised | the code no longer fits
120/70 clinic 5        | latest_white_coat_date=900 latest_average_date=900 latest_average_systolic=135 latest_average_diastolic=84 | white_coat_annual_check: white_coat_annual_check | the average the code rests on
180/95 clinic 5        | latest_white_coat_date=900                             | severe_recent     | never removes a severe reading
150/95 clinic 30       | latest_bp_in_progress_date=56                          | in_progress       | last day it holds
150/95 clinic 30       | latest_bp_in_progress_date=57                          | stage_1           | returns by itself
180/95 clinic 30       | latest_bp_in_progress_date=5                           | severe_unresolved | never removes a severe reading
180/95 clinic 30       | latest_bp_in_progress_date=5 latest_bp_assessment_date=20 | in_progress    | an assessment does
150/95 clinic 30       | latest_bp_declined_date={y1-1}                         | declined          | last day it holds
150/95 clinic 30       | latest_bp_declined_date={y1}                           | stage_1           | first day after
180/95 clinic 30       | latest_bp_declined_date=5                              | severe_unresolved | never removes a severe reading
150/95 clinic 30       | has_type_1_opt_out=yes has_national_data_opt_out=yes   | stage_1           | a practice's own list: opt-outs do not apply
"""

FROM_80 = """
bp                     | also                          | expected          | what it shows
149/89 clinic 30       | age=79                        | stage_1           | 140/90 until 79
149/89 clinic 30       | age=80                        | none              | 150/90 from 80
150/89 clinic 30       | age=80                        | stage_1           | systolic alone
149/90 clinic 30       | age=80                        | stage_1           | diastolic alone
144/84 home 30         | age=80                        | none              | average 145/85 from 80
145/84 home 30         | age=80                        | stage_1           | average, systolic alone
144/85 home 30         | age=80                        | stage_1           | average, diastolic alone
140/89 clinic 30       | age=80 has_diabetes=yes       | stage_1_high_risk | with a risk factor 140/90 stays
145/80 clinic 800      | age=80                        | none              | not raised for 80 and over
150/80 clinic 800      | age=80                        | stale_raised      | raised, old
145/80 clinic 30       | age=80 latest_stage_2_date=90 | recheck           | earlier stage 2, now below 150/90
"""


def people(text: str) -> list[tuple[dict, str]]:
    """(feature row, expected) of every line of an ASCII table."""
    marks = {
        "{y1-1}": str(YEAR - 1),
        "{y1}": str(YEAR),
        "{y2-1}": str(YEARS_2 - 1),
        "{y2}": str(YEARS_2),
    }
    found = []
    for line in text.strip().splitlines()[1:]:
        pressure, also, expected, _ = (cell.strip() for cell in line.split("|"))
        changes = dict(item.split("=") for item in also.split())
        changes = {name: typed(name, marks.get(value, value)) for name, value in changes.items()}
        changes |= reading(pressure)
        found.append((feature_row(len(found), **changes), expected))
    return found


def reading(text: str) -> dict:
    """The latest reading day of `164/102 clinic 3`, of a look-back mark, or of `none`."""
    text = {
        "{y2-1}": f"150/80 clinic {YEARS_2 - 1}",
        "{y2}": f"150/80 clinic {YEARS_2}",
        "{y5-1}": f"120/70 clinic {YEARS_5 - 1}",
        "{y5}": f"120/70 clinic {YEARS_5}",
    }.get(text, text)
    names = ("date", "systolic", "diastolic", "setting", "source")
    if text == "none":
        return {f"latest_bp_{name}": None for name in names}
    pressure, setting, days = text.split()
    systolic, diastolic = pressure.split("/")
    values = (days_ago(int(days)), int(systolic), int(diastolic), setting, "practice")
    return {f"latest_bp_{name}": value for name, value in zip(names, values, strict=True)}


def typed(name: str, text: str) -> object:
    kind = COLUMNS[name].type
    return {
        "DATE": lambda: days_ago(int(text)),
        "BIGINT": lambda: int(text),
        "DOUBLE": lambda: float(text),
        "BOOLEAN": lambda: text == "yes",
        "VARCHAR": lambda: text,
    }[kind]()


def places(definition, rows: list[dict]) -> dict[str, str]:
    """Where each person ends, by pseudonym: as the `expected` column writes it. Each has a practice of their own."""
    rows = [{**row, "practice_code": row["person_id"]} for row in rows]
    table = ibis.duckdb.connect().create_table("person_feature", feature_table(rows))
    result = evaluate(definition, table, reference_date=REFERENCE_DATE)
    found = dict.fromkeys((row["person_id"] for row in rows), "outside")
    for step in result.attrition.to_pyarrow().to_pylist():
        if step["person_count"] and step["kind"] != "population":
            found[step["practice_code"]] = "none" if step["kind"] == "no_tier" else step["step"]
    for member in result.member.to_pyarrow().to_pylist():
        if member["output"] != "list":
            found[member["person_id"]] = f"{member['output']}: {member['tier']}"
    return found


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        (DEFINITION, POPULATION),
        (DEFINITION, TIERS),
        (DEFINITION, FURTHER_TIERS),
        (DEFINITION, EXCLUSIONS),
        (EIGHTEEN_UP, FROM_80),
    ],
    ids=["population", "tiers", "further tiers", "exclusions", "from 80"],
)
def test_people(definition, text):
    cases = people(text)
    found = places(definition, [row for row, _ in cases])
    lines = text.strip().splitlines()[1:]
    wrong = [
        f"{line}  → {found[row['person_id']]}"
        for line, (row, expected) in zip(lines, cases, strict=True)
        if found[row["person_id"]] != expected
    ]
    assert not wrong, "\n".join(wrong)


def test_settings_change_who_is_listed():
    row = feature_row(
        1,
        **reading("150/80 clinic 30"),
        latest_hypertension_date=days_ago(9),
        latest_hypertension_resolved_date=days_ago(9),
    )
    assert places(DEFINITION.with_settings({"same_day_resolved": "resolved"}), [row]) == {person_id(1): "stage_1"}
    asian = feature_row(2, **reading("150/80 clinic 30"), ethnicity_group="asian")
    wider = DEFINITION.with_settings({"high_risk_ethnic_groups": ["black", "asian"]})
    assert places(wider, [asian]) == {person_id(2): "stage_1_high_risk"}
    unmeasured = feature_row(3, **reading("none"), age=44)
    assert places(DEFINITION.with_settings({"not_measured_from_age": 45}), [unmeasured]) == {person_id(3): "none"}
    assert places(DEFINITION.with_settings({"not_measured_from_age": 44}), [unmeasured]) == {
        person_id(3): "not_measured"
    }


WHITE_COAT = "white-coat hypertension coded 4 May 2020; no normal home or ambulatory average in the last 12 months"

CONFIRMED = {
    "latest_average_date": days_ago(20),
    "latest_average_systolic": 136,
    "latest_average_diastolic": 80,
    "latest_average_setting": "home",
    "first_clinic_raised_date": dt.date(2026, 9, 1),
}

REASONS = [
    (
        {**reading("160/99 clinic 30"), "latest_white_coat_date": dt.date(2020, 5, 4)},
        f"{WHITE_COAT}; latest 160/99 clinic (practice), 1 Oct 2026",
        None,
        None,
    ),
    ({**reading("none"), "latest_white_coat_date": dt.date(2020, 5, 4)}, WHITE_COAT, None, None),
    (
        {**reading("136/80 home 20"), **CONFIRMED},
        "136/80 home average, 11 Oct 2026, 135/85 or more; clinic or hospital 140/90 or more, first on 1 Sep 2026; "
        "no hypertension code",
        None,
        None,
    ),
    (
        {**reading("150/80 clinic 19"), **CONFIRMED},
        "136/80 home average, 11 Oct 2026, 135/85 or more; clinic or hospital 140/90 or more, first on 1 Sep 2026; "
        "latest 150/80 clinic (practice), 12 Oct 2026; no hypertension code",
        None,
        None,
    ),
    (
        {**reading("150/80 clinic 30"), "has_ckd": True, "egfr": 60.0, "bmi": 34.9, "age": 40},
        "150/80 clinic (practice), 1 Oct 2026; stage 1 (140/90 or more); CKD recorded; no hypertension code",
        None,
        "Check at the existing long-term condition or annual review.",
    ),
    (
        {
            **reading("150/80 clinic 30"),
            "egfr": 59.9,
            "egfr_date": dt.date(2026, 1, 5),
            "bmi": 35.0,
            "bmi_date": dt.date(2026, 1, 6),
            "ethnicity_group": "black",
            "raised_day_count_24m": 2,
        },
        "150/80 clinic (practice), 1 Oct 2026; stage 1 (140/90 or more); eGFR 59.9 (5 Jan 2026); ethnic group black; "
        "BMI 35 (6 Jan 2026); no hypertension code",
        None,
        "Community pharmacy blood pressure check.",
    ),
    (
        {**reading("160/99 clinic 30"), "has_combined_contraceptive": True, "has_drug_raising_bp": True},
        "160/99 clinic (practice), 1 Oct 2026; stage 2 (160/100 or more); no hypertension code",
        "Combined contraception with 160/100 or more (UKMEC 4): contraception review. "
        "Takes a medicine that can raise blood pressure.",
        "Community pharmacy blood pressure check.",
    ),
    (
        {**reading("150/100 clinic 30"), "has_combined_contraceptive": True, "has_gestational_hypertension": True},
        "150/100 clinic (practice), 1 Oct 2026; stage 2 (160/100 or more); no hypertension code",
        "Combined contraception with 160/100 or more (UKMEC 4): contraception review. "
        "Previous gestational hypertension or pre-eclampsia.",
        "Community pharmacy blood pressure check.",
    ),
    (
        {**reading("140/80 clinic 800"), "has_combined_contraceptive": True},
        "140/80 clinic (practice), 22 Aug 2024; raised, no reading in the last 24 months; no hypertension code",
        "Combined contraception with 140/90 or more (UKMEC 3): contraception review.",
        "NHS Health Check. Community pharmacy blood pressure check.",
    ),
    (
        {**reading("139/90 clinic 30"), "has_combined_contraceptive": True},
        "139/90 clinic (practice), 1 Oct 2026; stage 1 (140/90 or more); no hypertension code",
        "Combined contraception with 140/90 or more (UKMEC 3): contraception review.",
        "Community pharmacy blood pressure check.",
    ),
    (
        {
            **reading("130/70 acute_hospital 30"),
            "latest_stage_2_date": dt.date(2026, 9, 9),
            "latest_stage_2_systolic": 162,
            "latest_stage_2_diastolic": 88,
            "latest_stage_2_setting": "clinic",
            "age": 39,
            "raised_day_count_24m": 1,
            "has_combined_contraceptive": True,
        },
        "162/88 clinic, 9 Sep 2026, never followed up; latest 130/70 hospital (practice), 1 Oct 2026; "
        "no hypertension code",
        None,
        None,
    ),
    (
        {**reading("182/121 clinic 5")},
        "182/121 clinic (practice), 26 Oct 2026; 180/120 or more; no later reading or assessment; no hypertension code",
        None,
        None,
    ),
    (
        {
            **reading("151/92 acute_hospital 30"),
            "has_diabetes": True,
            "bmi": 36.14,
            "bmi_date": dt.date(2026, 3, 3),
            "smoking_status": "current",
            "ethnicity_group": "white",
            "age": 38,
            "raised_day_count_24m": 1,
        },
        "151/92 hospital (practice), 1 Oct 2026; stage 1 (140/90 or more); diabetes recorded; BMI 36.1 (3 Mar 2026); "
        "no hypertension code",
        "Under 40: consider specialist evaluation of secondary causes once confirmed. "
        "Hospital reading: repeat in clinic first (43% persist). "
        "Single raised reading: possible hypertension, never code from a list.",
        "Check at the existing long-term condition or annual review.",
    ),
    (
        {**reading("152/84 home 30"), "has_combined_contraceptive": True, "raised_day_count_24m": 2},
        "152/84 home average (practice), 1 Oct 2026; stage 2 (average 150/95 or more); no hypertension code",
        "Combined contraception with 140/90 or more (UKMEC 3): contraception review.",
        "Community pharmacy blood pressure check.",
    ),
    (
        {
            **reading("none"),
            "latest_hypertension_date": dt.date(2010, 1, 1),
            "latest_hypertension_resolved_date": dt.date(2012, 12, 9),
        },
        "no reading in the last 60 months; hypertension coded resolved 9 Dec 2012",
        None,
        "NHS Health Check. Community pharmacy blood pressure check.",
    ),
    (
        {**reading("none"), "age": 39, "has_atrial_fibrillation": False},
        "no reading in the last 60 months; no hypertension code",
        None,
        None,
    ),
    (
        {**reading("none"), "age": 39, "has_family_history_cvd": True},
        "no reading in the last 60 months; no hypertension code",
        None,
        "Community pharmacy blood pressure check.",
    ),
    (
        {**reading("none"), "latest_health_check_date": days_ago(400), "has_statin": True, "is_housebound": True},
        "no reading in the last 60 months; no hypertension code",
        None,
        None,
    ),
]


FROM_80_REASONS = [
    ("149/89 clinic 30", 79, "149/89 clinic (practice), 1 Oct 2026; stage 1 (140/90 or more); no hypertension code"),
    (
        "144/86 home 30",
        79,
        "144/86 home average (practice), 1 Oct 2026; stage 1 (average 135/85 or more); no hypertension code",
    ),
    (
        "150/89 clinic 30",
        80,
        "150/89 clinic (practice), 1 Oct 2026; stage 1 from age 80 (150/90 or more); no hypertension code",
    ),
    (
        "144/86 home 30",
        80,
        "144/86 home average (practice), 1 Oct 2026; stage 1 from age 80 (average 145/85 or more); no hypertension code",
    ),
]

RECALLED = [
    "has_diabetes",
    "has_ckd",
    "has_ischaemic_heart_disease",
    "has_stroke_tia",
    "has_peripheral_arterial_disease",
    "has_heart_failure",
    "has_atrial_fibrillation",
    "has_learning_disability",
    "has_severe_mental_illness",
]

HEALTH_CHECK = [
    ({"age": 39}, False),
    ({"age": 40}, True),
    ({"age": 74}, True),
    ({"age": 75}, False),
    ({"latest_health_check_date": days_ago(YEARS_5 - 1)}, False),
    ({"latest_health_check_date": days_ago(YEARS_5)}, True),
    ({"has_statin": True}, False),
    ({"has_familial_hypercholesterolaemia": True}, False),
    ({"is_housebound": True}, False),
]


def said(definition, people: list[dict]) -> list[dict]:
    """What the list says of each of `people`, given as changes of the ordinary person."""
    rows = [feature_row(number, **changes) for number, changes in enumerate(people)]
    table = ibis.duckdb.connect().create_table("person_feature", feature_table(rows))
    member = evaluate(definition, table, reference_date=REFERENCE_DATE).member
    found = texts(definition, member, table, reference_date=REFERENCE_DATE).sort_values("person_id")
    assert len(found) == len(people)
    return found.astype(object).where(found.notna(), None).to_dict("records")


def test_what_the_list_says():
    found = said(DEFINITION, [changes for changes, *_ in REASONS])
    assert [(e["reasons"], e["flags"], e["routes"]) for e in found] == [tuple(expected) for _, *expected in REASONS]
    assert all(entry["action"].endswith(DEFINITION.advice) for entry in found)


def test_what_the_list_says_from_80():
    found = said(EIGHTEEN_UP, [{**reading(bp), "age": age} for bp, age, _ in FROM_80_REASONS])
    assert [entry["reasons"] for entry in found] == [reasons for *_, reasons in FROM_80_REASONS]


def test_people_on_a_recall_are_checked_there_and_nowhere_else():
    found = said(DEFINITION, [{**reading("none"), condition: True} for condition in RECALLED])
    assert {entry["routes"] for entry in found} == {"Check at the existing long-term condition or annual review."}
    flags = {condition: entry["flags"] for condition, entry in zip(RECALLED, found, strict=True)}
    assert flags.pop("has_atrial_fibrillation") == "Atrial fibrillation: take blood pressure manually."
    assert set(flags.values()) == {None}


def test_who_is_sent_to_a_health_check():
    found = said(EIGHTEEN_UP, [{**reading("none"), **changes} for changes, _ in HEALTH_CHECK])
    assert ["NHS Health Check" in (entry["routes"] or "") for entry in found] == [sent for _, sent in HEALTH_CHECK]


def test_who_is_sent_to_a_pharmacy():
    cases = [({"age": 39}, False), ({"age": 40}, True), ({"age": 39, "has_family_history_cvd": True}, True)]
    cases += [({"is_housebound": True}, False), ({"has_diabetes": True}, False)]
    people = [{**reading("none"), **changes} for changes, _ in cases]
    found = ["pharmacy" in (entry["routes"] or "") for entry in said(DEFINITION, people)]
    assert found == [sent for _, sent in cases]
    agreed = said(DEFINITION.with_settings({"pharmacy_under_40_by_agreement": True}), people)
    assert "pharmacy" in agreed[0]["routes"]


@pytest.mark.parametrize("opt_out", ["has_type_1_opt_out", "has_national_data_opt_out"])
def test_opt_outs_apply_where_the_use_is_not_the_practice_s_own(opt_out):
    row = feature_row(1, **reading("150/80 clinic 30"), **{opt_out: True})
    assert places(replace(DEFINITION, use="linked"), [row]) == {person_id(1): "opted_out"}
    assert places(DEFINITION, [row]) == {person_id(1): "stage_1"}

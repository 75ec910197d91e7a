# ruff: noqa: E501
"""Possible undiagnosed hypertension from the events up: what happened to a person → list, tier and first reason.

Everyone is 44 and at the practice since 2015 unless PEOPLE says otherwise; the reference date is 31 October 2026.
"""

import ibis
import pytest

from phm.cohorts.definition import load_definition
from phm.cohorts.evaluate import evaluate
from phm.cohorts.reasons import texts
from phm.core.features import person_features
from tests.spec.people import REFERENCE_DATE, core_event, core_person, person_id, rows, table

PEOPLE = """
person | age | practice_code
1      | 30  | P01
2      | 50  | P02
3      | 44  | P03
4      | 44  | P04
5      | 44  | P05
6      | 44  | P06
7      | 44  | P07
8      | 44  | P08
9      | 44  | P09
10     | 44  | P10
11     | 31  | P11
12     | 31  | P12
13     | 31  | P13
14     | 31  | P14
15     | 44  | P15
16     | 44  | P16
17     | 44  | P17
18     | 44  | P18
19     | 44  | P19
20     | 44  | P20
"""

EVENTS = """
person | date       | what                       | value   | setting        | source
# several readings of one day: the lowest pair counts
1      | 2026-03-03 | blood_pressure             | 164/102 | clinic         | practice
1      | 2026-03-03 | blood_pressure             | 150/94  | clinic         | practice
# severe a week ago
2      | 2026-10-24 | blood_pressure             | 186/110 | clinic         | practice
# severe eight days ago, declined since: still listed
3      | 2026-10-23 | blood_pressure             | 186/110 | clinic         | practice
3      | 2026-10-25 | bp_declined                |         |                |
# severe, then normal in clinic: never followed up
4      | 2026-09-01 | blood_pressure             | 186/110 | clinic         | practice
4      | 2026-09-20 | blood_pressure             | 128/80  | clinic         | pharmacy
# raised in clinic, ambulatory average 135/84: confirmed
5      | 2026-05-01 | blood_pressure             | 152/90  | clinic         | practice
5      | 2026-05-20 | blood_pressure             | 135/84  | ambulatory     | practice
# raised in clinic, ambulatory average 134/84: followed up and normal
6      | 2026-05-01 | blood_pressure             | 152/90  | clinic         | practice
6      | 2026-05-20 | blood_pressure             | 134/84  | ambulatory     | practice
# diagnosed and resolved on one day
7      | 2026-05-01 | blood_pressure             | 152/90  | clinic         | practice
7      | 2018-05-01 | hypertension               |         |                |
7      | 2018-05-01 | hypertension_resolved      |         |                |
# resolved later
8      | 2026-05-01 | blood_pressure             | 152/90  | clinic         | practice
8      | 2018-05-01 | hypertension               |         |                |
8      | 2018-05-02 | hypertension_resolved      |         |                |
# treated for a year without a diagnosis
9      | 2026-05-01 | blood_pressure             | 124/72  | clinic         | practice
9      | 2026-02-01 | ace_inhibitor              |         |                |
9      | 2026-06-01 | ace_inhibitor              |         |                |
# end-of-life care
10     | 2026-10-30 | blood_pressure             | 190/120 | clinic         | practice
10     | 2026-08-01 | palliative_care            |         |                |
# pregnant, 152/94 at the midwife
11     | 2026-08-01 | pregnancy                  |         |                |
11     | 2026-10-20 | blood_pressure             | 152/94  | maternity      | maternity
# delivered 56 days ago
12     | 2026-01-15 | pregnancy                  |         |                |
12     | 2026-09-05 | delivery                   |         |                |
12     | 2026-10-20 | blood_pressure             | 162/94  | clinic         | practice
# delivered 57 days ago: the reading falls in the eight weeks after and does not count
13     | 2026-01-15 | pregnancy                  |         |                |
13     | 2026-09-04 | delivery                   |         |                |
13     | 2026-10-20 | blood_pressure             | 162/94  | clinic         | practice
13     | 2025-01-20 | blood_pressure             | 118/70  | clinic         | practice
# nothing recorded
# 14
# only a hospital reading, BMI 36.1
15     | 2026-03-03 | blood_pressure             | 148/88  | acute_hospital | hospital
15     | 2026-03-03 | bmi                        | 36.14   |                |
# white-coat hypertension coded
16     | 2026-03-03 | blood_pressure             | 168/88  | clinic         | practice
16     | 2020-03-03 | white_coat_hypertension    |         |                |
# ABPM requested 57 days ago, nothing came of it
17     | 2026-09-01 | blood_pressure             | 168/88  | clinic         | practice
17     | 2026-09-04 | bp_in_progress             |         |                |
# and 56 days ago
18     | 2026-09-01 | blood_pressure             | 168/88  | clinic         | practice
18     | 2026-09-05 | bp_in_progress             |         |                |
# severe, then assessed by a clinician and declined
19     | 2026-09-01 | blood_pressure             | 188/88  | clinic         | practice
19     | 2026-09-02 | bp_assessment              |         |                |
19     | 2026-09-05 | bp_declined                |         |                |
# raised eleven years ago
20     | 2015-09-01 | blood_pressure             | 144/88  | clinic         | practice
"""

EXPECTED = """
person | place                                      | first reason
1      | stage_1                                    | 150/94 clinic (practice), 3 Mar 2026
2      | severe_recent                              | 186/110 clinic (practice), 24 Oct 2026
3      | severe_unresolved                          | 186/110 clinic (practice), 23 Oct 2026
4      | recheck                                    | 186/110 clinic, 1 Sep 2026, never followed up
5      | confirmed_not_coded                        | 135/84 ambulatory average, 20 May 2026, 135/85 or more
6      | followed_up_normal                         |
7      | coding_review: coding_review               | hypertension coded and coded resolved on 1 May 2018
8      | stage_1                                    | 152/90 clinic (practice), 1 May 2026
9      | treated_not_coded                          | blood pressure medicine issued 2 times in 12 months, last 1 Jun 2026
10     | palliative_care                            |
11     | maternity_raised_bp: maternity_same_day    | 152/94, 20 Oct 2026
12     | maternity_raised_bp: maternity_immediate   | 162/94, 20 Oct 2026
13     | none                                       |
14     | not_measured                               | no reading in the last 60 months
15     | stage_1_high_risk                          | 148/88 hospital (hospital), 3 Mar 2026
16     | white_coat_annual_check: white_coat_annual_check | white-coat hypertension coded 3 Mar 2020
17     | stage_2                                    | 168/88 clinic (practice), 1 Sep 2026
18     | in_progress                                |
19     | declined                                   |
20     | stale_raised                               | 144/88 clinic (practice), 1 Sep 2015
"""


@pytest.fixture(scope="module")
def found():
    """Place and first reason of every person, as EXPECTED writes them."""
    engine = ibis.duckdb.connect()
    definition = load_definition("possible_undiagnosed_hypertension")
    features = person_features(
        table(core_event(EVENTS), engine), table(core_person(PEOPLE), engine), reference_date=REFERENCE_DATE
    )
    features = engine.create_table("person_feature", features)
    result = evaluate(definition, features, reference_date=REFERENCE_DATE)
    practice = {f"P{int(row['person']):02}": row["person"] for row in rows(PEOPLE)}
    steps = [step for step in result.attrition.to_pyarrow().to_pylist() if step["person_count"] and step["step_order"]]
    names = {"no_tier": "none"}
    places = {practice[step["practice_code"]]: (names.get(step["step"], step["step"]), None) for step in steps}
    said = texts(definition, result.member, features, reference_date=REFERENCE_DATE).set_index("person_id")["reasons"]
    for member in result.member.to_pyarrow().to_pylist():
        output = "" if member["output"] == "list" else f"{member['output']}: "
        reason = said[member["person_id"]].split("; ")[0]
        places[practice[member["practice_code"]]] = (f"{output}{member['tier']}", reason)
    assert person_id(1) in said.index
    return places


@pytest.mark.parametrize("expected", rows(EXPECTED), ids=lambda row: row["person"])
def test_person(expected, found):
    assert found[expected["person"]] == (expected["place"], expected["first reason"])

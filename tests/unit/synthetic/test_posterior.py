"""The best there is to know: chances given recorded readings, true to the people they are about."""

import datetime as dt

import ibis
import numpy as np
import pandas as pd

from phm.synthetic.posterior import posterior, recorded

REFERENCE_DATE = dt.date(2026, 10, 31)
READINGS = """
SELECT person_id, event_date, setting, 'blood_pressure' AS concept,
    min(value) FILTER (concept LIKE '%_systolic_%') AS systolic,
    min(value) FILTER (concept LIKE '%_diastolic_%') AS diastolic
FROM (
    SELECT nhs_number::VARCHAR AS person_id, event_date::DATE AS event_date, parent_record_id, concept, value,
        CASE WHEN source = 'hospital' THEN 'acute_hospital' WHEN concept LIKE '%clinic' THEN 'clinic' ELSE 'home' END
            AS setting
    FROM gp_event JOIN code_list ON code = snomed_code::VARCHAR
    WHERE concept LIKE 'bp%stolic%' AND value BETWEEN 30 AND 290 AND source <> 'maternity'
        AND parent_record_id IS NOT NULL
)
GROUP BY person_id, event_date, setting, parent_record_id
HAVING systolic > diastolic
"""


def test_chances_given_readings_are_true(look):
    """In each tenth as many have hypertension as the chances say, and the readings tell people apart."""
    con = ibis.duckdb.connect()
    event = con.create_table("event", look.con.sql(READINGS).to_arrow_table())
    truth = look.con.sql("FROM truth WHERE is_registered AND age >= 18 AND NOT is_diagnosed AND NOT lives_a_story").df()
    truth = truth.drop_duplicates("nhs_number").set_index("nhs_number")
    chance = posterior(truth, recorded(event, reference_date=REFERENCE_DATE), reference_date=REFERENCE_DATE)
    is_true = truth["has_hypertension"].to_numpy(float)
    for at in np.array_split(np.argsort(chance), 10):
        noise = np.sqrt(chance[at].mean() * (1 - chance[at].mean()) / len(at))
        assert abs(is_true[at].mean() - chance[at].mean()) < 4 * noise + 0.08 * chance[at].mean()
    first = np.argsort(-chance)[: len(chance) // 50]
    by_likes = np.argsort(-truth["undiagnosed_probability"].to_numpy())[: len(chance) // 50]
    assert is_true[first].mean() > 0.9 > 0.6 > is_true[by_likes].mean()


TRUTH = pd.DataFrame(
    {
        "age": 50.0,
        "expected_systolic": 128.0,
        "systolic_spread": 13.0,
        "expected_diastolic": 80.0,
        "systolic_variability": [8.5, 9.0, 8.8, 9.2],
        "undiagnosed_probability": 0.15,
        "told_log_odds": 0.3,
        "coded_chance": 0.7,
        "labelled_chance": 0.01,
        "raised_leads_chance": 0.25,
        "expected_visits": 2.5,
    },
    index=["none", "raised", "normal", "average"],
)


def test_readings_move_the_chance_and_nothing_else_does():
    def events(person: str, setting: str, *pairs: tuple[int, int]) -> list[dict]:
        return [
            {"person_id": person, "event_date": dt.date(2026, 10, 1) - dt.timedelta(days=90 * n), "setting": setting,
             "systolic": systolic, "diastolic": diastolic, "concept": "blood_pressure"}
            for n, (systolic, diastolic) in enumerate(pairs)
        ]  # fmt: skip

    rows = [
        *events("raised", "clinic", (158, 96), (154, 94)),
        *events("normal", "clinic", (118, 72), (121, 70)),
        *events("average", "ambulatory", (150, 92)),
    ]
    event = ibis.memtable(pd.DataFrame(rows))
    readings = recorded(event, reference_date=REFERENCE_DATE)
    chance = dict(zip(TRUTH.index, posterior(TRUTH, readings, reference_date=REFERENCE_DATE), strict=True))
    assert chance["normal"] < 0.01 < 0.1 < chance["none"] < 0.25 < 0.7 < chance["raised"] < chance["average"]


def test_that_raised_readings_led_to_no_diagnosis_speaks_against_hypertension():
    rows = [
        {"person_id": "raised", "event_date": dt.date(2026, 10, 1) - dt.timedelta(days=90 * n), "setting": "clinic",
         "systolic": 146, "diastolic": 86, "concept": "blood_pressure"}
        for n in range(4)
    ]  # fmt: skip
    readings = recorded(ibis.memtable(pd.DataFrame(rows)), reference_date=REFERENCE_DATE)
    truth = TRUTH.loc[["raised"]]

    def chance(leads: float) -> float:
        (found,) = posterior(truth.assign(raised_leads_chance=leads), readings, reference_date=REFERENCE_DATE)
        return found

    assert readings["raised_days"].tolist() == [4]
    assert chance(0.4) < chance(0.1) < chance(0.0)

"""Hypertension comes to be known as in a real record: at raised readings, and in as many as surveys find."""

import numpy as np
import pytest

from phm.synthetic.diagnosis import Course
from phm.synthetic.pressure import chance_of_raised

READINGS = """
    reading as (
        select nhs_number, event_date from gp_event join code_list on code = snomed_code::varchar
        where source in ('practice', 'pharmacy') and ((concept = 'bp_systolic_clinic' and value >= 140)
            or (concept = 'bp_diastolic_clinic' and value >= 90))
    ), diagnosis as (
        select nhs_number, min(event_date) as diagnosed from gp_event join code_list on code = snomed_code::varchar
        where concept = 'hypertension' group by 1
    )
"""


def test_a_diagnosis_follows_a_raised_reading(look):
    """Of diagnoses of the last five years, but for those young people brought from elsewhere."""
    followed, count = look(
        f"""
        with {READINGS}, new as (
            select d.nhs_number, bool_or(event_date between diagnosed - 60 and diagnosed - 20) as is_followed
            from diagnosis d join truth t on t.nhs_number = d.nhs_number::varchar
            left join reading r on r.nhs_number = d.nhs_number
            where diagnosed between date '2021-10-31' and date '2026-10-31' and t.age >= 35 and not t.lives_a_story
            group by 1
        ) select avg(coalesce(is_followed, false)::int), count(*) from new
        """
    )[0]
    assert count > 500 and followed > 0.97  # wrong NHS numbers and lost halves of readings are dirt


def course_of(person) -> Course:
    names = ("told_log_odds", "coded_chance", "labelled_chance", "raised_leads_chance", "expected_visits")
    return Course(*(person[name].to_numpy(float) for name in names))


def test_a_first_raised_reading_leads_to_a_diagnosis_as_often_as_the_course_says(look):
    """In people who were not told before the record began, a year and a half after the window's records do."""
    person = look.con.sql(
        f"""
        with {READINGS}, first as (select nhs_number, min(event_date) as day from reading group by 1)
        select t.*, coalesce(diagnosed between day + 20 and day + 60, false) as is_followed
        from first join truth t on t.nhs_number = first.nhs_number::varchar
        left join diagnosis d on d.nhs_number = first.nhs_number
        where has_hypertension and not lives_a_story and age between 45 and 75
            and day between date '2021-01-01' and date '2026-06-30'
            and day + 20 <= coalesce(diagnosed, date '2100-01-01')
        """
    ).df()
    assert len(person) > 1_000
    usual = person["true_systolic"].to_numpy(), person["true_diastolic"].to_numpy()
    raised = chance_of_raised(*usual, person["systolic_variability"].to_numpy(), np.zeros(len(person)))
    before, after = (course_of(person).uncoded(*usual, raised, seen=seen, unseen_share=0.2) for seen in (0, 1))
    assert person["is_followed"].mean() == pytest.approx((1 - after / before).mean(), rel=0.15)


@pytest.mark.parametrize(("low", "high"), [(18, 35), (35, 50), (50, 65), (65, 80), (80, 110)])
def test_as_many_are_told_as_the_course_says(look, low, high):
    """The last day of October 2026 is the middle of its window."""
    person = look.con.sql(f"from truth where has_hypertension and age >= {low} and age < {high}").df()
    expected = course_of(person).told(person["true_systolic"].to_numpy(), person["true_diastolic"].to_numpy())
    noise = np.sqrt((expected * (1 - expected)).sum()) / len(person)
    assert abs(person["is_told"].mean() - expected.mean()) < 4 * noise + 0.02


def test_raised_readings_on_record_speak_against_hypertension_that_is_not_coded():
    course = Course(*(np.array([value]) for value in (0.3, 0.8, 0.01, 0.25, 3.0)))
    chances = [course.uncoded(150.0, 88.0, 0.9, seen=seen, unseen_share=0.2).item() for seen in (0, 1, 4)]
    assert 1 > chances[0] > chances[1] > chances[2] > 1 - 0.8
    never = Course(*(np.array([value]) for value in (0.3, 0.8, 0.01, 0.0, 3.0)))
    assert never.uncoded(150.0, 88.0, 0.9, seen=4) == never.uncoded(150.0, 88.0, 0.9)

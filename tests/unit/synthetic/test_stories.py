"""Every course a list must tell apart is lived by somebody in every practice, by people aged 30 to 50."""

import numpy as np
import pytest

from phm.synthetic.stories import STORIES, Entry, Issues, Pressure

READINGS = """
    with reading as (
        select s.practice_code, s.nhs_number, s.event_date, s.source, s.value as systolic
        from gp_event s join gp_event d
        on d.practice_code = s.practice_code and d.parent_record_id = s.parent_record_id and d.record_id > s.record_id
        join code_list c on c.code = s.snomed_code::varchar and concept = 'bp_systolic_clinic'
    ), person as (
        select nhs_number, practice_code, date_diff('day', date_of_birth, date '2026-10-31') / 365.25 as age
        from gp_register
    )
"""


def test_stories_use_known_concepts(look):
    concepts = {concept for (concept,) in look("select distinct concept from code_list")}
    for _, steps in STORIES.values():
        for step in steps:
            if isinstance(step, Entry | Issues):
                assert step.concept in concepts
            assert step.days_ago[0] <= step.days_ago[1]
            if isinstance(step, Pressure):
                assert np.greater(step.systolic, step.diastolic).all()


@pytest.mark.parametrize(
    ("course", "since"),
    [("systolic >= 180 and source = 'practice'", "2026-10-24"), ("source = 'hospital'", "2026-01-01")],
)
def test_every_practice_has_somebody_of_30_to_50(look, delivery, course, since):
    practices = look.one(
        f"{READINGS} select count(distinct practice_code) from reading join person using (practice_code, nhs_number) "
        f"where {course} and event_date >= date '{since}' and age between 30 and 51"
    )
    assert practices == delivery.practice_count


def test_the_truth_says_whose_readings_are_a_story(look):
    told, youngest, oldest = look("select count(*), min(age), max(age) from truth where lives_a_story")[0]
    assert told >= len(STORIES)
    assert 30 <= youngest <= oldest <= 51

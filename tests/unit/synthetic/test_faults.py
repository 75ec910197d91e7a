"""Dirt occurs at the rates asked for, and not at all when asked for none."""

import pytest

from phm.synthetic.delivery import generate
from phm.synthetic.faults import NO_FAULTS, FaultRates

RATES = FaultRates(
    duplicate_registration=0.02,
    missing_lsoa=0.05,
    bad_nhs_number=0.01,
    future_date=0.015,
    unknown_code=0.03,
    impossible_reading=0.04,
    missing_parent=0.2,
    missing_half=0.05,
)

BAD_NUMBERS = """
    select avg(((11 - list_sum(list_transform(range(1, 10), i -> substr(n, i, 1)::int * (11 - i))) % 11) % 11
        <> substr(n, 10, 1)::int)::int) from (select nhs_number::varchar as n from {})
"""


@pytest.fixture(scope="module")
def dirty(tmp_path_factory, look_into):
    return look_into(generate(tmp_path_factory.mktemp("dirty"), month="2026-10", people=12_000, rates=RATES))


@pytest.fixture(scope="module")
def clean(tmp_path_factory, look_into):
    return look_into(generate(tmp_path_factory.mktemp("clean"), month="2026-10", people=5_000, rates=NO_FAULTS))


FAULTS = [
    ("select avg((lsoa_code is null)::int) from gp_register", 0.05),
    (BAD_NUMBERS.format("gp_register"), 0.01),
    (BAD_NUMBERS.format("gp_event"), 0.01),
    (BAD_NUMBERS.format("emergency_attendance"), 0.01),
    ("select avg((event_date > date '2026-10-31')::int) from gp_event", 0.015),
    ("select avg((issue_date > date '2026-10-31')::int) from gp_medication", 0.015),
    ("select avg((registration_date > date '2026-10-31')::int) from gp_register", 0.015),
    ("select avg((snomed_code::varchar like '999000000%')::int) from gp_event", 0.03),
    (
        "select 1 - count(distinct nhs_number) / count(*) from gp_register where deregistration_date is null",
        0.02,
    ),
]


@pytest.mark.parametrize(("query", "rate"), FAULTS)
def test_dirt_is_there_at_the_rate_asked_for(dirty, query, rate):
    assert dirty.one(query) == pytest.approx(rate, rel=0.35)


@pytest.mark.parametrize(("query", "rate"), FAULTS)
def test_no_dirt_when_none_is_asked_for(clean, query, rate):
    assert clean.one(query) == 0


def test_readings_are_spoilt_at_the_rate_asked_for(dirty, clean):
    impossible = """
        select avg((s.value not between 50 and 300 or d.value not between 20 and 200 or s.value <= d.value)::int)
        from gp_event s join gp_event d on d.practice_code = s.practice_code and d.record_id = s.record_id + 1
        where s.snomed_code::varchar in (select code from code_list where concept = 'bp_systolic_clinic')
        and d.snomed_code::varchar in (select code from code_list where concept = 'bp_diastolic_clinic')
    """
    assert dirty.one(impossible) == pytest.approx(0.04, rel=0.35)
    assert clean.one(impossible) == 0


def test_by_default_far_less_than_two_in_a_hundred_rows_will_be_set_aside(look):
    for feed, day in (
        ("gp_register", "registration_date"),
        ("gp_event", "event_date"),
        ("gp_medication", "issue_date"),
    ):
        bad = look.one(BAD_NUMBERS.format(feed))
        future = look.one(f"select avg(({day} > date '2026-10-31')::int) from {feed}")
        assert 0 < bad + future < 0.005

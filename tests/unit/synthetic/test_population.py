"""The made-up people resemble England roughly: places, ages, blood pressure, measurement, diagnosis, attendances."""

import pytest

PEOPLE = """
    with person as (
        select r.*, t.* exclude (nhs_number, practice_code),
            date_diff('day', date_of_birth, date '2026-10-31') / 365.25 as age,
            d.{decile}::int as decile
        from gp_register r
        join truth t on t.nhs_number = r.nhs_number::varchar and t.practice_code = r.practice_code
        join deprivation d on d."LSOA code (2021)" = r.lsoa_code
        where deregistration_date is null
    )
""".format(decile='"Index of Multiple Deprivation (IMD) Decile (where 1 is most deprived 10% of LSOAs)"')


def share(look, condition: str, among: str = "true") -> float:
    return 100 * look.one(f"{PEOPLE} select avg(({condition})::int) from person where {among}")


def test_two_places_one_deprived_one_older(look):
    rows = look(
        PEOPLE + 'select "Locality", avg(decile), avg(age) from person'
        " join place using (practice_code) group by 1 order by 2"
    )
    (first, first_decile, first_age), (_, second_decile, second_age) = rows
    assert first == "Harbourside"
    assert first_decile < 4.8 and second_decile > 6.2
    assert second_age > first_age + 3


def test_streets_of_one_network_differ(look):
    spread = look(
        PEOPLE + 'select "PCN_CODE", stddev(decile) from person join membership using (practice_code) group by 1'
    )
    assert min(deviation for _, deviation in spread) > 1.5


def test_one_practice_draws_its_list_from_far_away(look):
    rows = look(
        """
        select practice_code, avg((name like 'Elsewhere%')::int) from gp_register
        join (select "LSOA code (2021)" as lsoa_code, "LSOA name (2021)" as name from deprivation) using (lsoa_code)
        group by 1
        """
    )
    away = sorted(value for _, value in rows)
    assert away[-1] > 0.6 and away[-2] == 0


def test_published_tables_know_every_area(look):
    unknown = """
        select count(*) from gp_register where lsoa_code is not null and lsoa_code not in (select {column} from {table})
    """
    assert look.one(unknown.format(column='"LSOA code (2021)"', table="deprivation")) == 0
    assert look.one(unknown.format(column='"LSOA21CD"', table="lookup")) == 0
    changes = dict(look('select "CHGIND", count(*) from lookup group by 1'))
    assert set(changes) == {"U", "S", "M", "X"}
    assert look.one('select count(*) from lookup where "F_LSOA11CD" not in (select "LSOA21CD" from lookup)') > 0
    assert look.one("select count(*) from gp_register where not regexp_matches(lsoa_code, '^E01[0-9]{6}$')") == 0


@pytest.mark.parametrize(
    ("condition", "among", "published", "tolerance"),
    [
        # HSE 2021, ONS 2015-19, CVDPREVENT 2024; people of this place, not weighted to England's ages and deprivation.
        ("has_hypertension or is_treated", "age >= 16", 30, 4),
        ("has_hypertension", "age between 16 and 45", 9, 2),
        ("has_hypertension or is_treated", "age >= 65", 60, 6),
        ("not is_told", "age >= 16 and has_hypertension", 29, 4),
        ("not is_told", "age >= 75 and sex = 'M' and has_hypertension", 17, 5),
        ("not is_told", "age between 25 and 35 and sex = 'M' and has_hypertension", 55, 9),
        ("is_diagnosed", "age >= 18", 17.7, 3),
    ],
)
def test_hypertension_is_near_published_figures(look, condition, among, published, tolerance):
    assert share(look, condition, among) == pytest.approx(published, abs=tolerance)


def test_who_is_coded_has_been_told_and_treatment_needs_a_code(look):
    assert look.one("select count(*) from truth where is_diagnosed and not is_told") == 0
    assert look.one("select count(*) from truth where is_treated and not is_diagnosed") == 0


def test_chance_of_undiagnosed_hypertension_is_calibrated(look):
    """In each tenth of people without a code, as many have hypertension as the truth file gives them chance of."""
    tenths = look(
        """
        select avg(undiagnosed_probability), avg(has_hypertension::int), count(*) from (
            select *, ntile(10) over (order by undiagnosed_probability, nhs_number) as tenth
            from truth where is_registered and age >= 20 and not is_diagnosed
        ) group by tenth order by 1
        """
    )
    assert tenths[0][0] < 0.03 and tenths[-1][0] > 0.4
    for expected, observed, count in tenths:
        noise = (expected * (1 - expected) / count) ** 0.5
        assert abs(observed - expected) < 4 * noise + 0.08 * expected


def test_deprivation_raises_pressure_more_than_diagnosis(look):
    # The same age mix on both sides, so that the older, better-off place does not hide the difference.
    truth, known = [], []
    for low, high in ((30, 45), (45, 60), (60, 75)):
        band = f"age >= {low} and age < {high}"
        truth.append(
            share(look, "has_hypertension", f"{band} and decile <= 2")
            / share(look, "has_hypertension", f"{band} and decile >= 9")
        )
        known.append(
            share(look, "is_diagnosed", f"{band} and decile <= 2")
            / share(look, "is_diagnosed", f"{band} and decile >= 9")
        )
    assert all(ratio > 1.2 for ratio in truth)
    assert sum(known) < sum(truth)


def test_who_is_measured_depends_on_sex_age_and_diagnosis(look):
    measured = (
        PEOPLE
        + """
        , reading as (
            select nhs_number, max(event_date) as latest from gp_event
            where snomed_code::varchar in (select code from code_list where concept = 'bp_systolic_clinic')
            and event_date <= date '2026-10-31' group by 1
        )
        select avg(coalesce(latest >= date '{since}', false)::int)
        from person left join reading using (nhs_number) where {among}
    """
    )
    men, women, old, known = (
        look.one(measured.format(since=since, among=among))
        for since, among in (
            ("2021-10-31", "sex = 'M' and age between 30 and 40"),
            ("2021-10-31", "sex = 'F' and age between 30 and 40"),
            ("2021-10-31", "age > 70"),
            ("2025-10-31", "is_diagnosed"),
        )
    )
    assert 0.4 < men < 0.65 < women < 0.85 < old
    assert known == pytest.approx(0.88, abs=0.04)  # CVDPREVENT, March 2024


def test_deprived_people_attend_emergency_departments_more(look):
    rate = (
        PEOPLE
        + """
        select count(arrival_date) / count(distinct person.nhs_number) from person left join emergency_attendance e
        on e.nhs_number = person.nhs_number::varchar and e.arrival_date > '2025-10-31' where decile {}
    """
    )
    most, least = look.one(rate.format("= 1")), look.one(rate.format("= 10"))
    assert 1.4 < most / least < 2.6  # 390 and 210 per 1,000, NHS Digital 2020-21


def test_pregnancies_have_maternity_readings_and_an_end(look):
    count = "select count(*) from gp_event join code_list on code = snomed_code::varchar where concept = '{}'"
    pregnant, delivered = look.one(count.format("pregnancy")), look.one(count.format("delivery"))
    assert 0.8 * pregnant < delivered < pregnant
    assert look.one("select count(*) from gp_event where source = 'maternity'") > 2 * pregnant
    assert look.one("select count(distinct source) from gp_event") == 5

"""Two months of one seed are one population: the same people, but for who came, went, was born or died."""

import pytest

from phm.errors import ConfigurationError
from phm.synthetic.delivery import generate
from phm.synthetic.faults import NO_FAULTS


@pytest.fixture(scope="module")
def months(tmp_path_factory, look_into):
    """October 2026 and the January after, without dirt; the second as `later`."""
    feeds = tmp_path_factory.mktemp("months")
    october, january = (generate(feeds, month=month, people=8_000, rates=NO_FAULTS) for month in ("2026-10", "2027-01"))
    look = look_into(october)
    for table in ("gp_register", "gp_event", "gp_medication"):
        look.con.sql(f"create table later_{table} as from read_csv('{january.folder}/{table}/*.csv', sample_size=-1)")
    look.con.sql(f"create table later_truth as from read_parquet('{january.truth}')")
    look.con.sql(
        "create table later_emergency_attendance as "
        f"from read_csv('{january.folder}/emergency_attendance.csv', all_varchar=true)"
    )
    return look


CURRENT = "select * from {} where deregistration_date is null"


def test_who_stays_is_the_same_person(months):
    stayed, changed = months(
        f"""
        select count(*), sum((o.date_of_birth <> n.date_of_birth or o.sex <> n.sex or o.lsoa_code <> n.lsoa_code
            or o.registration_date <> n.registration_date or o.ethnicity_code <> n.ethnicity_code)::int)
        from ({CURRENT.format("gp_register")}) o
        join ({CURRENT.format("later_gp_register")}) n using (nhs_number, practice_code)
        """
    )[0]
    assert changed == 0
    assert 0.96 * 8_000 < stayed < 0.99 * 8_000  # about 9% a year leave a list


def test_lists_keep_their_size_and_areas(months):
    sizes = "select practice_code, lsoa_code, count(*) from ({}) group by all order by all"
    before, after = (months(sizes.format(CURRENT.format(name))) for name in ("gp_register", "later_gp_register"))
    assert before == after


def test_people_die_are_born_and_change_practice(months):
    since = "between '2026-11-01' and '2027-01-31'"
    dead = months.one(f"select count(*) from later_gp_register where death_date {since}")
    born = months.one(f"select count(*) from later_gp_register where date_of_birth {since}")
    moved = months.one(
        f"""
        select count(*) from later_gp_register o join later_gp_register n using (nhs_number)
        where o.practice_code <> n.practice_code and o.deregistration_date {since}
        and n.registration_date >= o.deregistration_date and n.date_of_birth = o.date_of_birth
        """
    )
    assert 5 < dead < 45  # 1% a year is 20 of 8,000
    assert 5 < born < 60
    assert moved > 3


STAYED = f"""
    nhs_number::varchar in (
        select nhs_number::varchar from ({CURRENT.format("gp_register")})
        intersect select nhs_number::varchar from ({CURRENT.format("later_gp_register")})
        except select nhs_number::varchar from (
            select nhs_number, practice_code from gp_register
            union select nhs_number, practice_code from later_gp_register
        ) group by all having count(*) > 1
    )
"""
"""Who is registered in both months and with one practice only: of others, the practice they left stops delivering."""


@pytest.mark.parametrize(
    ("table", "day", "columns", "least"),
    [
        ("gp_event", "event_date", "nhs_number, event_date, snomed_code, value, source", 20_000),
        ("gp_medication", "issue_date", "nhs_number, issue_date, dmd_code", 8_000),
        ("emergency_attendance", "arrival_date::date", "nhs_number, arrival_date::date", 2_000),
    ],
)
def test_history_does_not_change(months, table, day, columns, least):
    """What October knew, January knows, and nothing else of that time, as far back as both look."""
    since = "2026-01-01" if table == "gp_medication" else "2025-02-01"
    query = f"select {columns} from {{}} where {STAYED} and {day} between date '{since}' and date '2026-10-31'"
    before, after = query.format(table), query.format(f"later_{table}")
    assert months.one(f"select count(*) from ({before})") > least
    assert months.one(f"select count(*) from ({before} except all {after})") == 0
    assert months.one(f"select count(*) from ({after} except all {before})") == 0
    assert months.one(f"select count(*) from later_{table} where {day} > date '2026-10-31'") > 200


def test_truth_stays_and_knowledge_grows(months):
    both = "truth o join later_truth n using (nhs_number, practice_code)"
    assert months.one(f"select count(*) from {both} where o.true_systolic <> n.true_systolic") == 0
    assert months.one(f"select count(*) from {both} where o.is_told and not n.is_told") == 0
    assert months.one(f"select count(*) from {both} where n.is_diagnosed and not o.is_diagnosed") > 5


def test_another_seed_is_another_population(tmp_path, look_into, months):
    look = look_into(generate(tmp_path, month="2026-10", people=8_000, seed=2, rates=NO_FAULTS))
    births = "select count(distinct date_of_birth) from gp_register"
    assert look("select nhs_number, date_of_birth from gp_register order by all limit 50") != months(
        "select nhs_number, date_of_birth from gp_register order by all limit 50"
    )
    assert look.one(births) > 1_000


def test_a_report_on_nothing_is_refused(tmp_path):
    from phm.synthetic.calibration import compare

    with pytest.raises(ConfigurationError, match="no synthetic delivery"):
        compare(tmp_path, tmp_path / "truth.parquet", month="2026-10")

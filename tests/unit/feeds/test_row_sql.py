"""SQL over one row: the check digit, completed years, masks."""

import datetime as dt

import pytest

from phm.feeds import row_sql

VALID = ["9990000018", "9990000026", "9990000034", "9990000042", "9990000050", "9990000093", "9876543210", "0607230002"]


def is_nhs_number(con, text):
    con.execute(row_sql.IS_NHS_NUMBER)
    return con.execute("SELECT is_nhs_number(?::VARCHAR)", [text]).fetchone()[0]


@pytest.mark.parametrize("text", VALID)
def test_a_right_check_digit_is_accepted(con, text):
    assert is_nhs_number(con, text) is True


@pytest.mark.parametrize(
    "text",
    [
        "9990000019",
        "999000001",
        "99900000180",
        "999000001X",
        "999 000 0018",
        "",
        "-999000001",
        "+990000018",
        "٩٩٩٠٠٠٠٠١٨",
    ],
)
def test_anything_else_is_not(con, text):
    assert is_nhs_number(con, text) is False


def test_no_number_is_not_a_wrong_one(con):
    assert is_nhs_number(con, None) is True


def test_the_check_digit_is_that_of_modulus_11(con):
    """Weights 10 to 2, 11 minus the remainder, 11 is 0, and 10 makes a number that is never given out."""

    def check_digit(nine: int) -> int | None:
        remainder = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), str(nine), strict=True)) % 11
        return {11: 0, 10: None}.get(11 - remainder, 11 - remainder)

    con.execute(row_sql.IS_NHS_NUMBER)
    found = con.execute(
        """
        SELECT n, list(d ORDER BY d) FILTER (WHERE is_nhs_number(n::VARCHAR || d::VARCHAR))
        FROM range(999000000, 999001100) a(n), range(10) b(d) GROUP BY n ORDER BY n
        """
    ).fetchall()
    expected = [(n, None if check_digit(n) is None else [check_digit(n)]) for n in range(999000000, 999001100)]
    assert found == expected
    assert any(digits is None for _, digits in found), "some number without a check digit is among them"


def test_ages_are_those_of_the_calendar(con):
    """Against counting birthdays one by one; 29 February is had on 1 March in other years."""

    def birthdays(born: dt.date, day: dt.date) -> int:
        def in_year(year: int) -> dt.date:
            try:
                return born.replace(year=year)
            except ValueError:
                return dt.date(year, 3, 1)

        return sum(in_year(year) <= day for year in range(born.year + 1, day.year + 1))

    for reference_date in (dt.date(2026, 2, 28), dt.date(2026, 3, 1), dt.date(2028, 2, 29), dt.date(2026, 12, 31)):
        age = row_sql.age_sql("born", reference_date)
        rows = con.execute(
            f"SELECT born::DATE, {age} FROM range(DATE '1999-01-01', DATE '2002-01-01', INTERVAL 1 DAY) t(born)"
        ).fetchall()
        assert len(rows) == 1096
        assert all(birthdays(born, reference_date) == years for born, years in rows)


def test_a_mask_has_a_bit_for_each_condition_that_is_false(con):
    query = f"SELECT {row_sql.mask_sql(['true', 'false', 'NULL', '1 = 2'])}"
    assert con.execute(query).fetchone()[0] == 0b1010


def test_a_mask_holds_more_conditions_than_a_machine_word(con):
    query = f"SELECT {row_sql.mask_sql(['true'] * 99 + ['false'])}"
    assert con.execute(query).fetchone()[0] == 1 << 99

"""SQL over one row: the check digit, completed years, masks."""

import datetime as dt

import pytest

from phm.feeds import row_sql
from phm.feeds.contracts import load_contract, load_contracts
from phm.feeds.schema import Column, literal

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
    query = f"SELECT {row_sql.mask_sql({0: 'true', 1: 'false', 2: 'NULL', 3: '1 = 2'})}"
    assert con.execute(query).fetchone()[0] == 0b1010


def test_a_mask_holds_more_conditions_than_a_machine_word(con):
    query = f"SELECT {row_sql.mask_sql({2: 'true', 99: 'false'})}"
    assert con.execute(query).fetchone()[0] == 1 << 99


NUMBERS = {
    "12": 12, "-5": -5, "+7": 7, "007": 7, "1,234": 1234, "12.0": 12, "0": 0,
    "9223372036854775807": 9223372036854775807, "9223372036854775808": None, "1.5": None, "1e3": None, "0x1F": None,
    "0b11": None, "1_000": None, "1.": None, "-": None,
}  # fmt: skip
DATES = {
    "2026-10-01": dt.date(2026, 10, 1), "0026-01-01": dt.date(26, 1, 1), "01/10/2026": dt.date(2026, 10, 1),
    "20261001": dt.date(2026, 10, 1), "2026-10-1": dt.date(2026, 10, 1), "12345-01-01": None, "infinity": None,
    "-Infinity": None, "epoch": None, "2026-02-30": None, "26-10-01": None, "2026/10/01": None, "0044-03-15 (BC)": None,
}  # fmt: skip
MEASURES = {
    "1.5": 1.5,
    "1e3": 1000.0,
    "1,234.5": 1234.5,
    "120_80": None,
    "nan": None,
    "inf": None,
    "x": None,
    "-0": -0.0,
}


@pytest.mark.parametrize(
    ("kind", "texts", "formats"),
    [
        ("BIGINT", NUMBERS, ()),
        ("DATE", DATES, ("%Y-%m-%d", "%d/%m/%Y", "%Y%m%d")),
        ("DATE", DATES, ("%d/%m/%Y", "%Y-%m-%d", "%Y%m%d")),
        ("DOUBLE", MEASURES, ()),
    ],
)
def test_a_text_is_the_value_it_was_meant_as_or_none(con, kind, texts, formats):
    """However the engine itself would take it: it reads more than anybody means."""
    column = Column("a", ("a",), kind, "", "public", date_formats=formats)
    values = ", ".join(f"({literal(text)})" for text in texts)
    found = con.execute(
        f"""
        WITH delivered(a) AS (VALUES {values}), {row_sql.values_sql([column], "delivered", ['a AS "text"'])}
        SELECT "text", a FROM "values"
        """
    ).fetchall()
    assert dict(found) == texts


def test_a_glob_matches_what_its_pattern_does(con):
    """Every pattern of a contract, on texts near to what it asks for."""
    texts = {
        "",
        "E92000001",
        "e92000001",
        "M85001",
        "M850011",
        "Y9900",
        "9990000018",
        "99900000180",
        "E01000001\n",
        "M8500 ",
    }
    texts |= {"A[0-9]", "[A-Z]00001", "٤" * 10, "QZZ", "U12345", "E38000001", "W01000001", "*", "?" * 10}
    texts |= {*("AB12345"[:length] for length in range(8)), *("1" * length for length in (5, 6, 18, 19))}
    texts |= {"0123456789abcdef" * 2, "0123456789ABCDEF" * 2, "0123456789abcdeg" * 2}
    globs = 0
    for contract in load_contracts().values():
        for rule in contract.row_rules:
            if rule.kind == "pattern":
                globs += " GLOB " in rule.condition
                examples = ", ".join(f"({literal(text)})" for text in sorted(texts))
                matches = f'regexp_matches("{rule.column}", {literal(contract.column(rule.column).pattern)})'
                differing = f"({rule.condition}) IS DISTINCT FROM {matches}"
                differing = f'FROM (VALUES {examples}, (NULL)) t("{rule.column}") WHERE {differing}'
                assert con.execute(differing).fetchall() == [], f"{contract.name}: {rule.id}"
    assert globs > 10


def test_rules_about_columns_ask_of_no_others():
    contract = load_contract("gp_register")
    found = {rule.id for rule in row_sql.rules_about(contract, {"registration_date", "sex"})}
    assert {"sex_present", "registration_date_readable"} <= found
    others = [r.id for r in contract.row_rules if "date_of_birth" in r.condition or "extract_date" in r.condition]
    assert others and not found & set(others)

"""What a condition may say, and what its author is told when it says something else."""

from datetime import date

import pytest

from phm.errors import DefinitionError
from phm.expressions import Scope, Variable, months_before, parse

SCOPE = Scope(
    {
        "age": Variable("integer"),
        "bmi": Variable("number"),
        "bmi_date": Variable("date"),
        "latest_bp_systolic": Variable("integer"),
        "latest_bp_setting": Variable("string", ("clinic", "home")),
        "has_diabetes": Variable("boolean"),
    },
    {
        "min_age": Variable("integer"),
        "groups": Variable("string", is_list=True),
        "mode": Variable("string", ("strict", "loose")),
    },
)


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        (
            "latest_bp_sistolic >= 140",
            "There is no column or term latest_bp_sistolic",
            "Did you mean latest_bp_systolic?",
        ),
        ("age >= :minage", "There is no setting :minage", "Did you mean min_age?"),
        ("age >= 'x'", "left side age is of type integer, the right side 'x' of type string", "Compare values"),
        ("bmi_date > '2026-01-01'", "right side '2026-01-01' of type string", "DATE '2026-10-31'"),
        ("has_diabetes and age", "The right side of and must be a condition, but age is of type integer", ""),
        ("age or has_diabetes", "The left side of or must be a condition", ""),
        ("not age", "What follows not must be a condition", ""),
        ("age + has_diabetes > 1", "The right side of + must be a number, but has_diabetes is of type boolean", ""),
        ("bmi_date - 30 > bmi_date", "The left side of - must be a number", "within_months"),
        ("age", "A condition must be true or false, but age is of type integer", ""),
        ("age = null", "Nothing equals null", "is null"),
        ("null <> age", "Nothing equals null", "is null"),
        ("age in (30, null)", "A list cannot hold null", "is null"),
        ("latest_bp_setting = 'clinc'", "latest_bp_setting is never 'clinc'", "Did you mean clinic?"),
        ("latest_bp_setting in ('home', 'hom')", "latest_bp_setting is never 'hom'", "Did you mean home?"),
        (":mode = 'lose'", ":mode is never 'lose'", "Did you mean loose?"),
        ("latest_bp_setting < 'home'", "has no order", "Use =, <> or in."),
        ("has_diabetes > false", "has no order", ""),
        ("latest_bp_setting = :groups", ":groups holds several values", "in (:groups)"),
        ("age in (:min_age)", ":min_age is a single value", "= :min_age"),
        ("age in (select 1)", "A query is not part of the language", ""),
        ("age in (age)", "age is not a constant", ""),
        ("has_diabetes is true", "`is TRUE` is not part of the language", "Write the condition itself"),
        ("latest_bp_setting like 'c%'", "LIKE is not part of the language", ""),
        ("case when has_diabetes then true end", "CASE is not part of the language", ""),
        ("count(age) > 1", "COUNT() is not part of the language", ""),
        ("current_date > bmi_date", "CURRENT_DATE() is not part of the language", ""),
        ("within_month(bmi_date, 3)", "within_month() is not part of the language", "Did you mean within_months?"),
        ("within_months(bmi_date)", "within_months needs a date and a number of months", ""),
        ("within_months(age, 3)", "first argument of within_months must be a date", ""),
        ("within_months(bmi_date, age)", "second argument of within_months must be a whole number", ""),
        ("t.age > 1", "t.age is not a plain column name", ""),
        ('"age" > 1', "is not a plain column name", ""),
        ("age::text = '1'", "CAST is not part of the language", "DATE"),
        ("bmi_date > DATE '2026-02-30'", "'2026-02-30' is not a date", ""),
        ("age % 2 = 0", "MOD is not part of the language", ""),
        ("age = 99999999999999999999", "is too large", ""),
        ("age is distinct from 3", "is not part of the language", ""),
        ("exists(select 1)", "is not part of the language", ""),
        ("*", "STAR is not part of the language", ""),
        ("age foo", "Nothing can follow age, but foo does", "Join them with and, or, ="),
        ("age >= 30; true", "exactly one expression", ""),
        ("", "exactly one expression", ""),
        ("age >= 30 and", "This is not an expression", ""),
        ("(age >= 30", "This is not an expression", ""),
        ("age = 'x", "not closed", ""),
        ("AGE >= 30", "There is no column or term AGE", "Did you mean age?"),
        ("age >= 30 -- adults\nand has_diabetes", "A comment is not part of the language", "YAML"),
        ("age >= /* adults */ 30", "A comment is not part of the language", "YAML"),
        ("age >= 30 and", "something is missing at 'and'", ""),
        ("age between 30", "something is missing at '30'", ""),
        ("age > 0x10", "Nothing can follow age > 0, but x10 does", ""),
        ("age > @min_age", "PARAMETER is not part of the language", ""),
        ("age > ?", "There is no setting :?", ""),
        ("30 <= age <= 50", "left side 30 <= age is of type boolean, the right side 50 of type integer", ""),
        ("age between 30 and 'x'", "left side age is of type integer, the right side 'x' of type string", ""),
        ("latest_bp_setting in ('home', 3)", "the right side 3 of type integer", ""),
        ("coalesce(age, 'x') = 1", "the right side 'x' of type string", ""),
        ("latest_bp_setting || 'x' = 'y'", "DPIPE is not part of the language", ""),
        ("age = any(select 1)", "ANY is not part of the language", ""),
        ("bmi_date + interval '1' month > bmi_date", "The left side of + must be a number", "within_months"),
        ("age[1] = 1", "BRACKET is not part of the language", ""),
        ("lag(age) over () = 1", "WINDOW is not part of the language", ""),
        ("select age from person", "SELECT is not part of the language", ""),
        ("(" * 3000 + "has_diabetes" + ")" * 3000, "nested too deeply", "terms"),
        ("not " * 3000 + "has_diabetes", "nested too deeply", "terms"),
    ],
    ids=lambda value: value[:40],
)
def test_what_is_refused_is_named(text, what, hint):
    with pytest.raises(DefinitionError) as caught:
        parse(text, SCOPE)
    assert what in caught.value.what
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("age >= 30\nand bmi >= 'x'", 12),
        ("age >= 30\n\nand nothing_here", 13),
        ("age >= 30\nand (bmi between 1\n and 'x')", 12),
        ("age >= 30\nand bmi is null\nor or age > 3", 13),
        ("age >= :mn_age", 11),
    ],
)
def test_the_line_is_the_one_at_fault(text, line):
    with pytest.raises(DefinitionError) as caught:
        parse(text, SCOPE, source="site.yaml", line=11)
    assert caught.value.name == f"site.yaml, line {line}"


def test_what_stands_between_ands_is_known_part_by_part():
    scope = Scope(SCOPE.columns, SCOPE.settings, {"heavy": parse("bmi >= 35 and age > :min_age", SCOPE)})
    parts = parse("heavy and (age > 3 or has_diabetes)\n and bmi_date is null", scope).parts
    assert [(part.text, sorted(part.columns)) for part in parts] == [
        ("heavy", ["age", "bmi"]),
        ("age > 3 OR has_diabetes", ["age", "has_diabetes"]),
        ("bmi_date IS NULL", ["bmi_date"]),
    ]
    assert parse("(age > 3 and has_diabetes)", scope).parts != ()
    assert parse("age > 3 or has_diabetes", scope).parts == ()


def test_an_expression_knows_its_type_and_what_it_reads():
    scope = Scope(SCOPE.columns, SCOPE.settings, {"heavy": parse("bmi >= 35 and age > :min_age", SCOPE)})
    expression = parse("heavy\n  or has_diabetes", scope)
    assert expression.text == "heavy or has_diabetes"
    assert expression.columns == {"bmi", "age", "has_diabetes"}
    assert expression.settings == {"min_age"}
    assert parse("age / 2", SCOPE, condition=False).type == "number"
    assert parse("age * 2 - 1", SCOPE, condition=False).type == "integer"
    assert parse("coalesce(bmi, 0)", SCOPE, condition=False).type == "number"


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (0, date(2026, 10, 31)),
        (1, date(2026, 9, 30)),
        (8, date(2026, 2, 28)),
        (32, date(2024, 2, 29)),
        (99999, date(1, 1, 31)),
    ],
)
def test_months_before_cuts_to_the_end_of_the_month(months, expected):
    assert months_before(date(2026, 10, 31), months) == expected

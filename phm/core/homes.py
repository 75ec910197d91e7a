"""Where registered people live: counts of people by practice and LSOA, which everything about areas starts from.

They come from the register of a run, or are published (`practice_lsoa_count`): the columns are the same.
"""

import ibis
from ibis.expr.types import BooleanColumn, IntegerColumn, IntegerScalar, StringColumn, StringValue, Table

PLACEHOLDERS = ("EMPTY", "CLOSED", "NO2011", "NO2021", "L99999999", "M99999999", "E99999999", "")
"""Values national extracts carry in place of an LSOA: no address, closed practice, not found, Channel Islands, Man."""

ENGLAND, OUTSIDE_ENGLAND, PLACEHOLDER, UNKNOWN = "england", "outside_england", "placeholder", "unknown"


def homes(register: Table, /) -> Table:
    """One row is the number of people of one practice living in one LSOA: practice_code, lsoa_code, patient_count.

    `register` has one row for each person (`core_person`, kept to those registered and alive) or registration.
    """
    return register.group_by("practice_code", "lsoa_code").agg(patient_count=register.count())


def summed(people: IntegerColumn, /, *, where: BooleanColumn | None = None) -> IntegerScalar:
    """Sum of counts, 0 of none, as the 64-bit integer contracts promise.

    DuckDB adds 64-bit integers up to 128 bits, of which Ibis knows nothing: it would leave a plain cast out.
    """
    return people.sum(where=where).fill_null(0).cast("float64").cast("int64")


def home_kind(lsoa_code: StringColumn, /) -> StringValue:
    """What an LSOA code of a register is: an area of England or outside, a placeholder, or nothing known."""
    code = lsoa_code.fill_null("")
    return ibis.cases(
        (code.isin(PLACEHOLDERS), PLACEHOLDER),
        (code.re_search("^E01[0-9]{6}$"), ENGLAND),
        (code.left(1).isin(["W", "S", "N", "9"]), OUTSIDE_ENGLAND),
        else_=UNKNOWN,
    )

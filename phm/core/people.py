"""People: everyone delivered, once, with where they belong and how deprived their home area is.

Belongs here: `core_person`. Not here: anything from a person's clinical record (see `features`).
"""

from datetime import date

import ibis
from ibis.expr.types import StringColumn, Table

from phm.core.deprivation import quintile

ETHNIC_GROUPS = {
    "white": ("A", "B", "C"),
    "mixed": ("D", "E", "F", "G"),
    "asian": ("H", "J", "K", "L"),
    "black": ("M", "N", "P"),
    "other": ("R", "S"),
}
"""Ethnic groups of the NHS ethnic category codes 2001 (16+1). Chinese (R) is in *other*, as that standard has it;
Z (not stated), 99 (not known) and blank are `unknown`. Source: NHS Data Dictionary, ETHNIC CATEGORY CODE 2001."""


def people(register: Table, geography: Table, deprivation: Table, /, *, reference_date: date) -> Table:
    """`core_person`: one row is one person.

    Where several practices claim a person, a registration that has not ended comes before one that has, then the one
    that started last (of two on one day, that of the practice with the lowest code); `registration_count` says how
    many there were.

    Parameters
    ----------
    register
        Landed `gp_register`: with `person_id` and `age`.
    geography
        `core_geography` of the ICB.
    deprivation
        The areas of the index on the LSOA boundaries of the register (`vintages.FittedIndex`).
    reference_date
        A registration that ends, or a death, on or before this day counts.
    """
    has_ended = (register.deregistration_date <= reference_date).fill_null(False)
    latest_first = ibis.window(
        group_by=register.person_id,
        order_by=[has_ended.asc(), register.registration_date.desc(), register.practice_code.asc()],
    )
    latest = (
        register.mutate(
            registration_rank=ibis.row_number().over(latest_first),
            registration_count=register.count().over(group_by=register.person_id),
        )
        .filter(lambda t: t.registration_rank == 0)
        .drop("registration_rank")
    )
    areas = deprivation.select("lsoa_code", "imd_score", "imd_decile")
    practices = geography.select("practice_code", "pcn_code", "place_code", "icb_code")
    joined = latest.left_join(practices, "practice_code").left_join(areas, "lsoa_code")
    return joined.select(
        "person_id",
        "practice_code",
        "pcn_code",
        "place_code",
        "icb_code",
        "age",
        "sex",
        ethnicity_group=_ethnicity_group(joined.ethnicity_code),
        ethnicity_code=joined.ethnicity_code,
        lsoa_code=joined.lsoa_code,
        imd_score=joined.imd_score,
        imd_decile=joined.imd_decile,
        imd_quintile=quintile(joined.imd_decile),
        registration_date=joined.registration_date,
        is_registered=joined.deregistration_date.isnull() | (joined.deregistration_date > reference_date),
        is_alive=joined.death_date.isnull() | (joined.death_date > reference_date),
        contact_preference=joined.contact_preference,
        is_safe_to_text=joined.is_safe_to_text,
        interpreter_language=joined.interpreter_language,
        reasonable_adjustment=joined.reasonable_adjustment,
        last_contact_date=joined.last_contact_date,
        invitation_count=joined.invitation_count,
        next_appointment_date=joined.next_appointment_date,
        usual_clinician=joined.usual_clinician,
        has_type_1_opt_out=joined.has_type_1_opt_out.fill_null(False),
        has_national_data_opt_out=joined.has_national_data_opt_out.fill_null(False),
        registration_count=joined.registration_count,
    )


def _ethnicity_group(code: StringColumn) -> StringColumn:
    known = [(code.isin(codes), group) for group, codes in ETHNIC_GROUPS.items()]
    return ibis.cases(*known, else_="unknown")

"""The source forms: which tables each has, and what is taken for granted in reading it.

What a form's tables mean is in its SQL files beside this one. They make five tables of the same shape for every form,
which `outcomes.sql` turns into a delivery:

- `people`: person_key, date_of_birth, birth_note (how the date was guessed, else empty), sex, death_date
- `deaths`: person_key, death_date
- `registrations`: person_key, start_date, end_date
- `visits`: person_key, attendance_id, arrival_date, is_emergency
- `entries`: person_key, feed, vocabulary, source_code, qualifier (unit of a number, or text of an answer), value,
  event_date, occasion (what entries made together share), source

Each has one row for each row of a source table, named by source_table, row_number and is_malformed; where source_table
is empty a row is derived and no source row stands for it.
"""

from dataclasses import dataclass

from phm.errors import ConfigurationError
from phm.feeds.adapters.source import SourceTable


@dataclass(frozen=True)
class Form:
    """One source form: its tables, the SQL files that read them, and what these assume.

    `vocabulary` names the tables that describe codes, not people.
    """

    name: str
    tables: tuple[SourceTable, ...]
    sql_files: tuple[str, ...]
    assumptions: tuple[str, ...]
    vocabulary: tuple[str, ...] = ()


_FOR_ALL = (
    "NHS numbers are made up, in a range that is never issued, in the order of the source's person identifiers:"
    " adding a person changes the numbers after it, so months are not linked.",
    "Every registration is put at the one practice named, and every home in the one area (LSOA) named, if any; ethnic"
    " categories, contact details and opt-outs are left empty.",
)
_FROM_VISITS = (
    "A registration begins with the first visit, or at birth where there is none, and has not ended.",
    "Entries of inpatient and emergency visits are the hospital's; all others are taken for the practice's.",
    "A condition is delivered at its start; that it ended is not.",
    "Emergency attendances carry the made-up provider RZZ99 and no department type.",
)

FORMS = {
    form.name: form
    for form in (
        Form(
            name="omop",
            sql_files=("omop.sql", "first_visits.sql"),
            tables=(
                SourceTable(
                    "person",
                    ("person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth"),
                ),
                SourceTable("death", ("person_id", "death_date")),
                SourceTable(
                    "visit_occurrence", ("visit_occurrence_id", "person_id", "visit_concept_id", "visit_start_date")
                ),
                SourceTable(
                    "measurement",
                    ("person_id", "measurement_concept_id", "measurement_source_concept_id", "measurement_date",
                     "measurement_datetime", "value_as_number", "unit_concept_id", "unit_source_value",
                     "visit_occurrence_id"),
                ),
                SourceTable(
                    "observation",
                    ("person_id", "observation_concept_id", "observation_source_concept_id", "observation_date",
                     "value_as_number", "value_as_string", "value_as_concept_id", "unit_concept_id",
                     "unit_source_value", "visit_occurrence_id"),
                    is_optional=True,
                ),
                SourceTable(
                    "condition_occurrence",
                    ("person_id", "condition_concept_id", "condition_source_concept_id", "condition_start_date",
                     "visit_occurrence_id"),
                ),
                SourceTable(
                    "drug_exposure",
                    ("person_id", "drug_concept_id", "drug_source_concept_id", "drug_exposure_start_date",
                     "visit_occurrence_id"),
                ),
                SourceTable("concept", ("concept_id", "vocabulary_id", "concept_code")),
            ),
            assumptions=(*_FOR_ALL, *_FROM_VISITS),
            vocabulary=("concept",),
        ),
        Form(
            name="ehrql",
            sql_files=("ehrql.sql",),
            tables=(
                SourceTable("patients", ("patient_id", "sex", "date_of_birth", "date_of_death")),
                SourceTable("practice_registrations", ("patient_id", "start_date", "end_date")),
                SourceTable("clinical_events", ("patient_id", "date", "snomedct_code", "numeric_value")),
                SourceTable("medications", ("patient_id", "date", "dmd_code")),
                SourceTable("ons_deaths", ("patient_id", "date"), is_optional=True),
                SourceTable("emergency_care_attendances", ("patient_id", "id", "arrival_date"), is_optional=True),
            ),
            assumptions=(
                *_FOR_ALL,
                "All events are taken for the practice's, and values for being in the unit usual for their code.",
                "Dates of birth are as the source rounds them, to the first of the month.",
            ),
        ),
        Form(
            name="synthea",
            sql_files=("synthea.sql", "first_visits.sql"),
            tables=(
                SourceTable("patients", ("Id", "BIRTHDATE", "DEATHDATE", "GENDER")),
                SourceTable("encounters", ("Id", "START", "PATIENT", "ENCOUNTERCLASS", "CODE")),
                SourceTable("observations", ("DATE", "PATIENT", "ENCOUNTER", "CODE", "VALUE", "UNITS")),
                SourceTable("conditions", ("START", "PATIENT", "ENCOUNTER", "CODE")),
                SourceTable("medications", ("START", "PATIENT", "ENCOUNTER", "CODE")),
            ),
            assumptions=(
                *_FOR_ALL,
                *_FROM_VISITS,
                "Entries of antenatal and postnatal visits are maternity's.",
                "A medication is one issue at its start: the number of dispenses is not spread over time.",
            ),
        ),
    )
}  # fmt: skip


def form_named(name: str, /) -> Form:
    """The source form of this name; a ConfigurationError names those there are."""
    if name not in FORMS:
        raise ConfigurationError("There is no such form of extract", name=name, hint=f"Use one of {', '.join(FORMS)}.")
    return FORMS[name]

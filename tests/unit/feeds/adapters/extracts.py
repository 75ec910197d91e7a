"""Tiny extracts in each source form, written by hand; nobody in them lives."""

from collections.abc import Mapping
from pathlib import Path

OMOP = {
    "PERSON": """\
person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth
10,8507,1980,3,5
9,8532,1975,6,
11,8532,,,
""",
    "DEATH": "person_id,death_date\n10,2024-05-02\n77,2024-05-02\n",
    "VISIT_OCCURRENCE": """\
visit_occurrence_id,person_id,visit_concept_id,visit_start_date
1,9,9202,2020-01-01
2,9,9203,2024-06-01
3,10,9202,2019-02-02
4,9,9203,2024-07-09
""",
    "MEASUREMENT": """\
person_id,measurement_concept_id,measurement_source_concept_id,measurement_date,measurement_datetime,value_as_number,\
unit_concept_id,unit_source_value,visit_occurrence_id
9,3004249,0,2024-06-01,,150,8876,,1
9,3012888,0,2024-06-01,,95,8876,,1
9,3004249,0,2024-06-01,,130,8876,,2
9,3012888,0,2024-06-01,,85,8876,,2
9,3004410,0,2024-05-01,,6.5,8554,,1
9,3004410,0,2024-05-01,,6.5,0,furlong,1
9,3004249,0,2024-05-01,,,8876,,1
9,3004249,0,2024-07-01,,150,8876,,1
9,3027018,0,2024-05-01,,70,8541,,1
77,3027018,0,2024-05-01,,70,8541,,1
9,0,0,2024-05-01,,70,0,,
9,3004249,0,someday,,150,8876,,1
""",
    "CONDITION_OCCURRENCE": """\
person_id,condition_concept_id,condition_source_concept_id,condition_start_date,visit_occurrence_id
9,320128,0,2023-01-01,1
""",
    "DRUG_EXPOSURE": """\
person_id,drug_concept_id,drug_source_concept_id,drug_exposure_start_date,visit_occurrence_id
9,19080128,0,2023-01-01,1
9,19080128,900,2023-02-01,1
9,1539463,0,2023-01-01,1
""",
    "CONCEPT": """\
concept_id,vocabulary_id,concept_code
3004249,LOINC,8480-6
3012888,LOINC,8462-4
3004410,LOINC,4548-4
3027018,LOINC,8867-4
320128,SNOMED,59621000
19080128,RxNorm,314076
1539463,RxNorm,314231
900,dm+d,318906001
8876,UCUM,mm[Hg]
8554,UCUM,%
8541,UCUM,/min
""",
}
"""Person 9 and 10 can be registered, 11 has no date of birth, 77 is not in the extract. Adapted for June 2024."""

EHRQL = {
    "patients": """\
patient_id,sex,date_of_birth,date_of_death
1,female,1980-03-01,
2,intersex,1975-06-01,
3,male,1990-01-01,
""",
    "practice_registrations": """\
patient_id,start_date,end_date,practice_pseudo_id
1,2001-01-01,2010-01-01,5
1,2010-01-01,,6
1,2010-01-01,2012-01-01,7
2,2000-01-01,,5
""",
    "clinical_events": """\
patient_id,date,snomedct_code,numeric_value
1,2024-01-02,271649006,141
1,2024-01-02,271650006,88
2,2024-01-02,999791000000106,48
2,2024-01-02,abc,1
3,2024-01-02,999791000000106,48
""",
    "medications": "patient_id,date,dmd_code\n1,2024-01-02,318859000\n",
    "ons_deaths": "patient_id,date,underlying_cause_of_death\n2,2024-05-05,J10\n2,2024-05-07,J10\n",
    "emergency_care_attendances": "patient_id,id,arrival_date\n1,7,2024-06-03\n1,7,2024-06-03\n1,8,1989-06-03\n",
}
"""Patient 1 moved practice in 2010 and has a spare registration, 2 has died, 3 has no registration."""

SYNTHEA = {
    "patients": "Id,BIRTHDATE,DEATHDATE,GENDER\nb-2,1980-03-05,,F\na-1,1975-06-07,,M\n",
    "encounters": """\
Id,START,PATIENT,ENCOUNTERCLASS,CODE
e1,2024-05-01T10:00:00Z,b-2,ambulatory,424619006
e2,2024-05-02T10:00:00Z,b-2,emergency,50849002
e3,2024-05-03T10:00:00Z,b-2,wellness,162673000
""",
    "observations": """\
DATE,PATIENT,ENCOUNTER,CODE,VALUE,UNITS
2024-05-01T10:00:00Z,b-2,e1,8480-6,120,mm[Hg]
2024-05-01T10:00:00Z,b-2,e1,8462-4,80,mm[Hg]
2024-05-02T10:00:00Z,b-2,e2,8480-6,150,mm[Hg]
2024-05-02T10:00:00Z,b-2,e2,8462-4,90,mm[Hg]
2024-05-03T10:00:00Z,b-2,e3,72166-2,Former smoker,
2024-05-03T10:00:00Z,b-2,e3,72166-2,Canary Lane 5,
2024-05-03T10:00:00Z,b-2,e3,canary lane,1,
2024-05-03T10:00:00Z,b-2,e3,2093-3,Canary Lane 6,
2024-05-03T10:00:00Z,b-2,e3,14959-1,30,mg/g
2024-05-03T10:00:00Z,b-2
""",
    "conditions": "START,PATIENT,ENCOUNTER,CODE\n2024-05-03,b-2,e3,59621000\n",
    "medications": "START,PATIENT,ENCOUNTER,CODE\n2024-05-03T10:00:00Z,b-2,e3,310798\n",
}
"""One person with encounters of maternity, hospital and practice, one with none."""


def write_extract(folder: Path, tables: Mapping[str, str]) -> Path:
    """The tables as CSV files of a new folder."""
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder

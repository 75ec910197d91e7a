-- Synthea CSV: SNOMED CT conditions, LOINC observations, RxNorm medications, each at an encounter.
-- Format: https://github.com/synthetichealth/synthea/wiki/CSV-File-Data-Dictionary

CREATE TABLE people AS
SELECT
    'patients' AS source_table, row_number, is_malformed,
    Id AS person_key,
    try_cast(BIRTHDATE AS DATE) AS date_of_birth,
    NULL::VARCHAR AS birth_note,
    CASE GENDER WHEN 'F' THEN 'F' WHEN 'M' THEN 'M' ELSE 'U' END AS sex,
    try_cast(DEATHDATE AS DATE) AS death_date
FROM source.patients;

-- Deaths stand in `patients`.
CREATE TABLE deaths AS
SELECT source_table, row_number, is_malformed, person_key, death_date FROM people WHERE false;

CREATE TABLE visits AS
SELECT
    'encounters' AS source_table, row_number, is_malformed,
    PATIENT AS person_key,
    Id AS attendance_id,
    try_cast(left(START, 10) AS DATE) AS arrival_date,
    ENCOUNTERCLASS = 'emergency' AS is_emergency
FROM source.encounters;

CREATE TEMP TABLE setting AS
SELECT
    Id AS encounter,
    CASE
        WHEN any_value(ENCOUNTERCLASS) IN ('emergency', 'inpatient') THEN 'hospital'
        -- Prenatal visit, prenatal initial visit, postnatal visit.
        WHEN any_value(CODE) IN ('424619006', '424441002', '169762003') THEN 'maternity'
        ELSE 'practice'
    END AS source
FROM source.encounters WHERE Id IS NOT NULL GROUP BY Id;

CREATE TABLE entries AS
WITH delivered AS (
    SELECT
        'observations' AS source_table, row_number, is_malformed,
        PATIENT AS person_key,
        'gp_event' AS feed,
        'LOINC' AS vocabulary,
        CODE AS source_code,
        CASE WHEN try_cast("VALUE" AS DOUBLE) IS NULL THEN "VALUE" ELSE UNITS END AS qualifier,
        try_cast("VALUE" AS DOUBLE) AS value,
        try_cast(left("DATE", 10) AS DATE) AS event_date,
        ENCOUNTER || ' ' || "DATE" AS occasion,
        ENCOUNTER AS encounter
    FROM source.observations
    UNION ALL
    SELECT
        'conditions', row_number, is_malformed, PATIENT, 'gp_event', 'SNOMED', CODE, NULL, NULL,
        try_cast(left(START, 10) AS DATE), NULL, ENCOUNTER
    FROM source.conditions
    UNION ALL
    SELECT
        'medications', row_number, is_malformed, PATIENT, 'gp_medication', 'RxNorm', CODE, NULL, NULL,
        try_cast(left(START, 10) AS DATE), NULL, ENCOUNTER
    FROM source.medications
)
SELECT delivered.* EXCLUDE (encounter), coalesce(setting.source, 'practice') AS source
FROM delivered LEFT JOIN setting USING (encounter);

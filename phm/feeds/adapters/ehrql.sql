-- ehrQL-style core tables: one row a patient, a registration, a coded event, an issue of a medicine.
-- Format: https://docs.opensafely.org/ehrql/reference/schemas/core/

CREATE TABLE people AS
SELECT
    'patients' AS source_table, row_number, is_malformed,
    patient_id AS person_key,
    try_cast(date_of_birth AS DATE) AS date_of_birth,
    NULL::VARCHAR AS birth_note,
    CASE lower(sex) WHEN 'female' THEN 'F' WHEN 'male' THEN 'M' WHEN 'intersex' THEN 'I' ELSE 'U' END AS sex,
    try_cast(date_of_death AS DATE) AS death_date
FROM source.patients;

CREATE TABLE deaths AS
SELECT
    'ons_deaths' AS source_table, row_number, is_malformed,
    patient_id AS person_key, try_cast(date AS DATE) AS death_date
FROM source.ons_deaths;

CREATE TABLE registrations AS
SELECT
    'practice_registrations' AS source_table, row_number, is_malformed,
    patient_id AS person_key,
    try_cast(start_date AS DATE) AS start_date,
    try_cast(end_date AS DATE) AS end_date
FROM source.practice_registrations;

CREATE TABLE visits AS
SELECT
    'emergency_care_attendances' AS source_table, row_number, is_malformed,
    patient_id AS person_key,
    id AS attendance_id,
    try_cast(arrival_date AS DATE) AS arrival_date,
    true AS is_emergency
FROM source.emergency_care_attendances;

CREATE TABLE entries AS
SELECT
    'clinical_events' AS source_table, row_number, is_malformed,
    patient_id AS person_key,
    'gp_event' AS feed,
    'SNOMED' AS vocabulary,
    snomedct_code AS source_code,
    NULL::VARCHAR AS qualifier,
    try_cast(numeric_value AS DOUBLE) AS value,
    try_cast(date AS DATE) AS event_date,
    NULL::VARCHAR AS occasion,
    'practice' AS source
FROM source.clinical_events
UNION ALL
SELECT
    'medications', row_number, is_malformed, patient_id, 'gp_medication', 'dm+d', dmd_code, NULL, NULL,
    try_cast(date AS DATE), NULL, 'practice'
FROM source.medications;

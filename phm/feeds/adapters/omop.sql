-- OMOP Common Data Model 5.4. What a concept number means is looked up in the extract's own CONCEPT table.
-- Format: https://ohdsi.github.io/CommonDataModel/cdm54.html

CREATE TEMP TABLE concept AS
SELECT concept_id, any_value(vocabulary_id) AS vocabulary, any_value(concept_code) AS code
FROM source.concept WHERE concept_id <> '0' GROUP BY concept_id;

CREATE TABLE people AS
SELECT
    'person' AS source_table, row_number, is_malformed,
    person_id AS person_key,
    try_cast(format(
        '{}-{:0>2}-{:0>2}',
        year_of_birth,
        coalesce(month_of_birth, '7'),
        CASE WHEN month_of_birth IS NULL THEN '1' ELSE coalesce(day_of_birth, '1') END
    ) AS DATE) AS date_of_birth,
    CASE
        WHEN month_of_birth IS NULL THEN 'month of birth not given: 1 July taken'
        WHEN day_of_birth IS NULL THEN 'day of birth not given: first of the month taken'
    END AS birth_note,
    CASE gender_concept_id WHEN '8532' THEN 'F' WHEN '8507' THEN 'M' ELSE 'U' END AS sex,
    NULL::DATE AS death_date
FROM source.person;

CREATE TABLE deaths AS
SELECT
    'death' AS source_table, row_number, is_malformed,
    person_id AS person_key, try_cast(left(death_date, 10) AS DATE) AS death_date
FROM source.death;

CREATE TABLE visits AS
SELECT
    'visit_occurrence' AS source_table, row_number, is_malformed,
    person_id AS person_key,
    visit_occurrence_id AS attendance_id,
    try_cast(left(visit_start_date, 10) AS DATE) AS arrival_date,
    -- Emergency room visit; emergency room and inpatient visit.
    coalesce(visit_concept_id IN ('9203', '262'), false) AS is_emergency
FROM source.visit_occurrence;

-- Inpatient, emergency room, both, intensive care.
CREATE TEMP TABLE setting AS
SELECT
    visit_occurrence_id,
    CASE WHEN any_value(visit_concept_id) IN ('9201', '9203', '262', '32037') THEN 'hospital' ELSE 'practice' END
        AS source
FROM source.visit_occurrence WHERE visit_occurrence_id IS NOT NULL GROUP BY visit_occurrence_id;

CREATE TABLE entries AS
WITH delivered AS (
    SELECT
        'measurement' AS source_table, row_number, is_malformed,
        person_id,
        'gp_event' AS feed,
        measurement_concept_id AS concept_id,
        measurement_source_concept_id AS source_concept_id,
        unit_concept_id,
        NULL AS answer_concept_id,
        unit_source_value AS text,
        try_cast(value_as_number AS DOUBLE) AS value,
        measurement_date AS date,
        visit_occurrence_id || ' ' || coalesce(measurement_datetime, measurement_date) AS occasion,
        visit_occurrence_id
    FROM source.measurement
    UNION ALL
    SELECT
        'observation', row_number, is_malformed, person_id, 'gp_event', observation_concept_id,
        observation_source_concept_id, unit_concept_id, value_as_concept_id,
        CASE WHEN try_cast(value_as_number AS DOUBLE) IS NULL THEN value_as_string ELSE unit_source_value END,
        try_cast(value_as_number AS DOUBLE), observation_date, NULL, visit_occurrence_id
    FROM source.observation
    UNION ALL
    SELECT
        'condition_occurrence', row_number, is_malformed, person_id, 'gp_event', condition_concept_id,
        condition_source_concept_id, NULL, NULL, NULL, NULL, condition_start_date, NULL, visit_occurrence_id
    FROM source.condition_occurrence
    UNION ALL
    SELECT
        'drug_exposure', row_number, is_malformed, person_id, 'gp_medication', drug_concept_id,
        drug_source_concept_id, NULL, NULL, NULL, NULL, drug_exposure_start_date, NULL, visit_occurrence_id
    FROM source.drug_exposure
)
SELECT
    source_table, row_number, is_malformed,
    person_id AS person_key,
    feed,
    -- What was recorded, where it is in a vocabulary of ours; else the standard concept made of it.
    CASE WHEN recorded.vocabulary IN ('SNOMED', 'dm+d') THEN recorded.vocabulary ELSE standard.vocabulary END
        AS vocabulary,
    CASE WHEN recorded.vocabulary IN ('SNOMED', 'dm+d') THEN recorded.code ELSE standard.code END AS source_code,
    coalesce(answer.code, unit.code, text) AS qualifier,
    value,
    try_cast(left(date, 10) AS DATE) AS event_date,
    occasion,
    coalesce(setting.source, 'practice') AS source
FROM delivered
LEFT JOIN concept AS standard USING (concept_id)
LEFT JOIN concept AS recorded ON recorded.concept_id = source_concept_id
LEFT JOIN concept AS unit ON unit.concept_id = unit_concept_id
LEFT JOIN concept AS answer ON answer.concept_id = answer_concept_id
LEFT JOIN setting USING (visit_occurrence_id);

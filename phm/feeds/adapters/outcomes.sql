-- What becomes of every row of the source: an outcome of its own (mapped, guessed or left out, and why), and the rows
-- to deliver. Takes the tables `forms` describes, those of `people.sql`, `code_mapping`, `numbers` (the NHS number of
-- each person_number), and the variables `reference_date`, `practice_code` and `lsoa_code`.

CREATE TABLE registration_outcomes AS
SELECT
    registrations.*,
    CASE
        WHEN is_malformed THEN 'more or fewer fields than the header'
        WHEN person_number IS NULL THEN 'person not in the register'
        WHEN start_date IS NULL THEN 'no usable date'
        WHEN start_date > getvariable('reference_date') THEN 'after the reference date'
        WHEN row_number() OVER (
            PARTITION BY person_key, start_date ORDER BY end_date DESC NULLS FIRST, row_number
        ) > 1 THEN 'begins on the same day as a longer one'
    END AS reason,
    person_number
FROM registrations LEFT JOIN persons USING (person_key);

CREATE TABLE death_outcomes AS
SELECT
    deaths.*,
    CASE
        WHEN is_malformed THEN 'more or fewer fields than the header'
        WHEN person_number IS NULL THEN 'person not in the register'
        WHEN deaths.death_date IS NULL THEN 'no usable date'
        WHEN deaths.death_date > getvariable('reference_date') THEN 'after the reference date'
        WHEN deaths.death_date > persons.death_date THEN 'another date of death is earlier'
    END AS reason
FROM deaths LEFT JOIN persons USING (person_key);

CREATE TABLE visit_outcomes AS
SELECT
    visits.*,
    CASE
        WHEN is_malformed THEN 'more or fewer fields than the header'
        WHEN NOT is_emergency THEN 'no emergency attendance (used for settings and registrations only)'
        WHEN person_number IS NULL THEN 'person not in the register'
        WHEN attendance_id IS NULL THEN 'no identifier'
        WHEN arrival_date IS NULL THEN 'no usable date'
        WHEN arrival_date > getvariable('reference_date') THEN 'after the reference date'
        WHEN arrival_date < DATE '1990-01-01' THEN 'before 1990: the contract takes none'
        WHEN row_number() OVER (PARTITION BY is_emergency, attendance_id ORDER BY row_number) > 1
            THEN 'the same attendance again'
    END AS reason,
    person_number
FROM visits LEFT JOIN persons USING (person_key);

-- Coded entries. Codes of our own vocabularies are delivered as they are, unless the mapping knows better.

CREATE TABLE entry_outcomes AS
SELECT
    entries.*,
    code_mapping.code AS mapped_code,
    code_mapping.concept,
    code_mapping.certainty,
    code_mapping.note,
    -- Only what the mapping knows is reported: other text may be an answer somebody gave.
    code_mapping.qualifier AS known_qualifier,
    (entries.vocabulary, entries.feed) IN (('SNOMED', 'gp_event'), ('dm+d', 'gp_medication')) AS is_ours,
    CASE
        WHEN is_malformed THEN 'more or fewer fields than the header'
        WHEN person_number IS NULL THEN 'person not in the register'
        WHEN entries.source_code IS NULL THEN 'no code'
        WHEN event_date IS NULL THEN 'no usable date'
        WHEN event_date > getvariable('reference_date') THEN 'after the reference date'
        WHEN event_date < DATE '1900-01-01' THEN 'before 1900: the contract takes none'
        WHEN code_mapping.certainty = 'none' THEN code_mapping.note
        WHEN
            code_mapping.code IS NULL AND known.source_code IS NOT NULL
            AND (NOT is_ours OR entries.qualifier IS NOT NULL)
            THEN if(entries.qualifier IS NULL, 'no unit or answer', 'unit or answer not in the mapping')
        WHEN code_mapping.code IS NULL AND NOT coalesce(is_ours, false) THEN 'code not in the mapping'
        WHEN code_mapping.code IS NULL AND NOT regexp_full_match(entries.source_code, '[0-9]{6,18}')
            THEN 'not a code of 6 to 18 digits'
        WHEN code_mapping.factor IS NOT NULL AND (value IS NULL OR NOT isfinite(value)) THEN 'no value'
    END AS reason,
    CASE
        WHEN code_mapping.code IS NULL THEN value
        WHEN decimals IS NULL THEN value * factor + shift
        ELSE round(value * factor + shift, decimals)
    END AS mapped_value,
    person_number
FROM entries
LEFT JOIN persons USING (person_key)
LEFT JOIN code_mapping
    ON code_mapping.feed = entries.feed AND code_mapping.vocabulary = entries.vocabulary
    AND code_mapping.source_code = entries.source_code
    AND (code_mapping.qualifier IS NOT DISTINCT FROM entries.qualifier OR code_mapping.certainty = 'none')
LEFT JOIN (SELECT DISTINCT feed, vocabulary, source_code FROM code_mapping) AS known
    ON known.feed = entries.feed AND known.vocabulary = entries.vocabulary AND known.source_code = entries.source_code;

-- What is delivered, in the columns of the contracts that the source can fill.

CREATE VIEW gp_register AS
SELECT
    getvariable('reference_date') AS extract_date,
    getvariable('practice_code') AS practice_code,
    nhs_number, date_of_birth, sex,
    getvariable('lsoa_code') AS lsoa_code,
    start_date AS registration_date,
    end_date AS deregistration_date,
    death_date
FROM registration_outcomes JOIN persons USING (person_number) JOIN numbers USING (person_number)
WHERE reason IS NULL;

CREATE TABLE kept_entries AS
SELECT
    * EXCLUDE (row_number),
    row_number() OVER (PARTITION BY feed ORDER BY source_table, row_number) AS record_id
FROM entry_outcomes WHERE reason IS NULL;

CREATE VIEW gp_event AS
SELECT
    getvariable('practice_code') AS practice_code,
    nhs_number,
    record_id,
    CASE WHEN occasion IS NOT NULL AND count(*) OVER together > 1 THEN min(record_id) OVER together END
        AS parent_record_id,
    event_date,
    coalesce(mapped_code, source_code) AS snomed_code,
    CASE WHEN isfinite(mapped_value) THEN mapped_value END AS value,
    source
FROM kept_entries JOIN numbers USING (person_number)
WHERE feed = 'gp_event'
WINDOW together AS (PARTITION BY person_number, occasion);

CREATE VIEW gp_medication AS
SELECT
    getvariable('practice_code') AS practice_code,
    nhs_number,
    record_id,
    event_date AS issue_date,
    coalesce(mapped_code, source_code) AS dmd_code
FROM kept_entries JOIN numbers USING (person_number)
WHERE feed = 'gp_medication';

CREATE VIEW emergency_attendance AS
SELECT attendance_id, nhs_number, arrival_date, 'RZZ99' AS provider_code
FROM visit_outcomes JOIN numbers USING (person_number)
WHERE reason IS NULL;

-- The report: every row of the source once, under its code where it has one.

CREATE TABLE report_lines AS
SELECT
    source_table, vocabulary,
    -- A code with spaces or lower case is none, and may be anything.
    CASE WHEN regexp_full_match(source_code, '[A-Z0-9-]{1,18}') THEN source_code END AS source_code,
    known_qualifier AS qualifier,
    CASE
        WHEN reason IS NOT NULL THEN 'left_out'
        WHEN certainty = 'guessed' THEN 'guessed'
        ELSE 'mapped'
    END AS outcome,
    CASE WHEN reason IS NULL THEN feed END AS feed,
    CASE WHEN reason IS NULL THEN coalesce(mapped_code, source_code) END AS code,
    CASE WHEN reason IS NULL THEN concept END AS concept,
    coalesce(reason, note) AS note,
    count(*) AS row_count
FROM entry_outcomes GROUP BY ALL
UNION ALL
SELECT
    source_table, NULL, NULL, NULL,
    CASE WHEN reason IS NOT NULL THEN 'left_out' WHEN note IS NOT NULL THEN 'guessed' ELSE 'mapped' END,
    CASE WHEN reason IS NULL THEN feed END, NULL, NULL, coalesce(reason, note), count(*)
FROM (
    SELECT source_table, 'gp_register' AS feed, birth_note AS note, reason FROM people_outcomes
    UNION ALL SELECT source_table, 'gp_register', NULL, reason FROM registration_outcomes
    UNION ALL SELECT source_table, 'gp_register', NULL, reason FROM death_outcomes
    UNION ALL SELECT source_table, 'emergency_attendance', NULL, reason FROM visit_outcomes
)
WHERE source_table IS NOT NULL GROUP BY ALL;

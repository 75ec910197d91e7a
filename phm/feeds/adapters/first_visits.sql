-- Registrations of a form that has none: from the first visit up to the reference date, or from birth.

CREATE TABLE registrations AS
SELECT
    NULL::VARCHAR AS source_table, NULL::BIGINT AS row_number, false AS is_malformed,
    person_key,
    greatest(date_of_birth, coalesce(first_visit, date_of_birth)) AS start_date,
    NULL::DATE AS end_date
FROM people
LEFT JOIN (
    SELECT person_key, min(arrival_date) AS first_visit FROM visits
    WHERE arrival_date <= getvariable('reference_date') GROUP BY person_key
) USING (person_key);

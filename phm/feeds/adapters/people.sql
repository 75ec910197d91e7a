-- Who is in the register: everybody with an identifier, a date of birth and a registration, once. Takes the tables
-- `forms` describes and the variable `reference_date`.

CREATE TABLE known_deaths AS
SELECT person_key, min(death_date) AS death_date
FROM (FROM people SELECT person_key, death_date UNION ALL FROM deaths SELECT person_key, death_date)
WHERE death_date <= getvariable('reference_date') GROUP BY person_key;

CREATE TABLE people_outcomes AS
SELECT
    *,
    CASE
        WHEN is_malformed THEN 'more or fewer fields than the header'
        WHEN person_key IS NULL THEN 'no person identifier'
        WHEN date_of_birth IS NULL THEN 'no usable date of birth'
        WHEN date_of_birth > getvariable('reference_date') THEN 'after the reference date'
        WHEN row_number() OVER (PARTITION BY person_key ORDER BY row_number) > 1 THEN 'the same person again'
        WHEN NOT EXISTS (
            FROM registrations
            WHERE registrations.person_key = people.person_key AND start_date <= getvariable('reference_date')
        ) THEN 'no registration up to the reference date'
    END AS reason
FROM people;

CREATE TABLE persons AS
SELECT
    person_key, date_of_birth, sex, known_deaths.death_date,
    row_number() OVER (ORDER BY try_cast(person_key AS HUGEINT) NULLS LAST, person_key) - 1 AS person_number
FROM people_outcomes LEFT JOIN known_deaths USING (person_key)
WHERE reason IS NULL;

"""Records on the edges of every rule: core, features and cohort against the independent recomputation."""

from collections import Counter
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from phm.cohorts.definition import load_definition
from phm.cohorts.evaluate import evaluate
from phm.cohorts.facts import person_facts
from phm.core.codelists import load_code_lists
from phm.core.events import events
from phm.core.features import person_features
from phm.core.people import people as core_people
from phm.engine import connect
from tests.pipeline.naive_attrition import attrition
from tests.pipeline.naive_people import people
from tests.pipeline.random_delivery import PRACTICES, REFERENCE_DATE, write

READ = {
    "gp_register": """
        SELECT * EXCLUDE (nhs_number, date_of_birth), nhs_number AS person_id,
               date_sub('year', date_of_birth, DATE '{day}') AS age""",
    "gp_event": "SELECT * RENAME (nhs_number AS person_id)",
    "gp_medication": "SELECT * RENAME (nhs_number AS person_id)",
}
TYPES = {
    "practice_code": "VARCHAR", "nhs_number": "VARCHAR", "ethnicity_code": "VARCHAR", "lsoa_code": "VARCHAR",
    "sex": "VARCHAR",
    "snomed_code": "VARCHAR", "dmd_code": "VARCHAR", "value": "DOUBLE", "parent_record_id": "BIGINT",
    "deregistration_date": "DATE", "death_date": "DATE", "last_contact_date": "DATE", "next_appointment_date": "DATE",
    "invitation_count": "BIGINT", "is_safe_to_text": "BOOLEAN", "has_type_1_opt_out": "BOOLEAN",
    "has_national_data_opt_out": "BOOLEAN",
}  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_everyone_lands_where_the_recomputation_says(tmp_path: Path, seed: int) -> None:
    write(tmp_path, people=1500, seed=seed)
    everyone = people(tmp_path, REFERENCE_DATE)
    expected_counts, expected_outputs = attrition(everyone, REFERENCE_DATE)

    member, steps = _computed(tmp_path)

    tiers = {(row["person_id"], row["output"]): row["tier"] for row in member}
    expected = {(number, output): tier for number, own in expected_outputs.items() for output, tier in own.items()}
    different = {
        number: (tiers.get((number, output)), expected.get((number, output)))
        for number, output in tiers.keys() | expected.keys()
        if tiers.get((number, output)) != expected.get((number, output))
    }
    assert not different
    counts = {(row["practice_code"], row["kind"], row["step"]): row["person_count"] for row in steps}
    assert {step: count for step, count in counts.items() if count} == dict(expected_counts)
    reached = Counter(tier for _, tier in expected.items())
    assert len(reached) >= 15, "the records should reach nearly every tier of every output"


def _computed(delivery: Path) -> tuple[list[dict], list[dict]]:
    """Members and attrition of the default cohort, computed by the library from the files without landing."""
    con = connect(threads=2)
    for feed, select in READ.items():
        names = (delivery / feed / f"{PRACTICES[0]}.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
        types = ", ".join(f"'{name}': '{TYPES[name]}'" for name in names if name in TYPES)
        query = f"{select.format(day=REFERENCE_DATE)} FROM read_csv('{delivery}/{feed}/*.csv', types={{{types}}})"
        con.raw_sql(f"CREATE TABLE {feed} AS {query}")
    register = con.table("gp_register")
    geography = [
        {"practice_code": code, "pcn_code": "U00001", "place_code": "P", "icb_code": "QZZ"} for code in PRACTICES
    ]
    deprivation = [{"lsoa_code": "E01000001", "imd_score": 20.0, "imd_decile": 4}]
    attendance = pa.schema({"attendance_id": pa.string(), "person_id": pa.string(), "arrival_date": pa.date32()})
    people_of_register = core_people(register, _rows(geography), _rows(deprivation), reference_date=REFERENCE_DATE)
    person = con.create_table("person", people_of_register)
    attended = ibis.memtable(attendance.empty_table())
    delivered = con.table("gp_event"), con.table("gp_medication"), attended
    event = con.create_table("event", events(*delivered, person, ibis.memtable(load_code_lists())))
    feature = con.create_table("feature", person_features(event, person, reference_date=REFERENCE_DATE))
    definition = load_definition("possible_undiagnosed_hypertension")
    result = evaluate(definition, person_facts(definition.id, feature), reference_date=REFERENCE_DATE)
    return result.member.to_pyarrow().to_pylist(), result.attrition.to_pyarrow().to_pylist()


def _rows(rows: list[dict]) -> ibis.Table:
    return ibis.memtable(pa.Table.from_pylist(rows))

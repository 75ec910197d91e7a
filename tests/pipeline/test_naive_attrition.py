"""The published list and its attrition against an independent recomputation from the delivered files."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from phm.store import Partition, Store
from tests.benchmarks import floor
from tests.pipeline.naive_attrition import attrition
from tests.pipeline.naive_people import Person, Reading, people

COHORT = "possible_undiagnosed_hypertension"
DATA_SAMPLES = Path(__file__).parents[2] / "data_samples"


@pytest.fixture(scope="module")
def published(published_home: Path) -> dict[str, list[dict]]:
    """Rows of the published tables compared here, and the vault's NHS number of each person."""
    store = Store(published_home)
    (partition,) = store.partitions()
    return {
        table: [row for file in store.files(table, partition) for row in pq.read_table(file).to_pylist()]
        for table in ("cohort_attrition", "cohort_member", "identity", "person_feature", "person_risk")
    } | {"partition": partition}


@pytest.fixture(scope="module")
def everyone(published: dict) -> dict[str, Person]:
    partition: Partition = published["partition"]
    found = people(DATA_SAMPLES / partition.path, partition.reference_date)
    nhs_number = {row["person_id"]: row["nhs_number"] for row in published["identity"]}
    for row in published["person_risk"]:
        found[nhs_number[row["person_id"]]].qrisk3_pct = row["qrisk3_pct"]
    return found


@pytest.fixture(scope="module")
def recomputed(published: dict, everyone: dict[str, Person]) -> tuple[Counter, dict[str, dict[str, str]]]:
    return attrition(everyone, published["partition"].reference_date)


def test_every_person_is_there_once(published: dict, everyone: dict[str, Person]) -> None:
    nhs_numbers = [row["nhs_number"] for row in published["identity"]]
    assert sorted(nhs_numbers) == sorted(everyone)
    assert len(published["person_feature"]) == len(everyone)


def test_every_step_takes_the_same_number_of_people_in_every_practice(published: dict, recomputed: tuple) -> None:
    counts, _ = recomputed
    steps = {
        (row["practice_code"], row["kind"], row["step"]): row["person_count"]
        for row in published["cohort_attrition"]
        if row["cohort_id"] == COHORT
    }
    assert {step: count for step, count in steps.items() if count} == dict(counts)


def test_every_person_has_the_same_tier_in_the_same_output(published: dict, recomputed: tuple) -> None:
    _, outputs = recomputed
    nhs_number = {row["person_id"]: row["nhs_number"] for row in published["identity"]}
    tiers = {
        (nhs_number[row["person_id"]], row["output"]): row["tier"]
        for row in published["cohort_member"]
        if row["cohort_id"] == COHORT
    }
    assert tiers == {(number, output): tier for number, own in outputs.items() for output, tier in own.items()}


def test_the_steps_add_up_to_the_population(published: dict) -> None:
    practices = defaultdict(list)
    for row in sorted(published["cohort_attrition"], key=lambda row: row["step_order"]):
        if row["cohort_id"] == COHORT:
            practices[row["practice_code"]].append(row)
    for population, *rows in practices.values():
        remaining = population["person_count"]
        for row in rows:
            remaining -= row["person_count"]
            assert row["remaining_count"] == remaining
        assert remaining == 0


def test_the_recomputation_reaches_every_common_step(recomputed: tuple) -> None:
    """A sample on which most rules never fire would prove little."""
    counts, _ = recomputed
    reached = {step for _, _, step in counts}
    assert reached >= {
        "on_hypertension_register", "pregnant_or_postpartum", "followed_up_normal", "white_coat",
        "in_progress", "declined", "severe_recent", "severe_unresolved", "confirmed_not_coded", "treated_not_coded",
        "stage_2", "stage_1_high_risk", "stage_1", "recheck", "stale_raised", "not_measured", "no_tier",
    }  # fmt: skip


def test_the_recomputation_can_disagree(everyone: dict[str, Person], published: dict, recomputed: tuple) -> None:
    """One severe reading put into one record moves that person, so agreement is not an accident of the test."""
    counts, outputs = recomputed
    today: date = published["partition"].reference_date
    number = next(number for number, own in sorted(outputs.items()) if own.get("list") == "not_measured")
    person = everyone[number]
    changed = {**everyone, number: Person(person.practice_code, person.registration)}
    changed[number].readings.append(Reading(today, "clinic", 190, 100))
    other_counts, other_outputs = attrition(changed, today)
    assert other_outputs[number] == {"list": "severe_recent"}
    assert other_counts != counts


def test_the_benchmark_floor_lists_the_same_people(
    published: dict, everyone: dict[str, Person], tmp_path: Path
) -> None:
    """A floor that did less would make the pipeline look slow; it may differ only where landing rejects a person.

    It computes no QRISK3.
    """
    _, outputs = attrition(
        {n: replace(p, qrisk3_pct=None) for n, p in everyone.items()}, published["partition"].reference_date
    )
    partition: Partition = published["partition"]
    floor.run(DATA_SAMPLES / partition.path, partition.reference_date, tmp_path / "tiers.parquet", threads=1)
    rows = pq.read_table(tmp_path / "tiers.parquet").to_pylist()
    tiers = {str(row["nhs_number"]): row["tier"] for row in rows if str(row["nhs_number"]) in everyone}
    assert tiers == {number: own["list"] for number, own in outputs.items() if "list" in own}

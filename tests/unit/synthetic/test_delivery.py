"""A delivery: the same bytes for the same seed, the shape of the formats, the right size, nothing left by a failure."""

import hashlib

import pytest

from phm.core.codelists import CONCEPTS, WITHOUT_PUBLISHED_CODES
from phm.errors import ConfigurationError
from phm.feeds.contracts import load_contract
from phm.synthetic import delivery as delivery_module
from phm.synthetic import practice_files
from phm.synthetic.delivery import generate
from phm.synthetic.practice_files import write_practice


def fingerprints(root):
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_same_seed_same_bytes_whatever_the_workers(tmp_path):
    generate(tmp_path / "a", month="2026-10", people=3_000, seed=7)
    generate(tmp_path / "b", month="2026-10", people=3_000, seed=7, workers=2)
    generate(tmp_path / "c", month="2026-10", people=3_000, seed=8)
    first, second, other = (fingerprints(tmp_path / name) for name in "abc")
    assert first == second
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first if name.startswith("2026-10/QZZ/gp_"))


def header(path):
    with path.open(encoding="utf-8-sig") as file:
        return file.readline().strip()


def test_files_have_the_columns_of_their_contracts(delivery):
    for feed in ("gp_register", "gp_event", "gp_medication"):
        files = sorted((delivery.folder / feed).iterdir())
        assert len(files) == delivery.practice_count
        assert {header(file) for file in files} == {",".join(load_contract(feed).column_names)}
    attendance = header(delivery.folder / "emergency_attendance.csv")
    assert attendance == ",".join(load_contract("emergency_attendance").column_names)
    for name, contract in (
        ("gp-reg-pat-prac-map.csv", "practice_membership"),
        ("imd_2025_file_7.csv", "deprivation"),
        ("lsoa_2011_to_2021.csv", "lsoa_lookup"),
        ("place_membership.csv", "place_membership"),
    ):
        columns = header(delivery.folder / name).split(",")
        assert all(column.headers[0] in columns for column in load_contract(contract).columns)
    assert (delivery.folder / "lsoa_2011_to_2021.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_summary_counts_what_was_written(delivery, look):
    for feed, count in delivery.row_counts.items():
        assert look.one(f"select count(*) from {feed}") == count
    assert delivery.file_count == sum(path.is_file() for path in delivery.folder.rglob("*"))
    assert delivery.people_count == 40_000
    assert look.one("select count(*) from gp_register where deregistration_date is null") == 40_000
    assert look.one("select count(*) from truth") == delivery.row_counts["gp_register"]
    rows_per_person = sum(delivery.row_counts.values()) / 40_000
    assert 17 < rows_per_person < 26


def test_numbers_and_truth_values_are_written_plainly(delivery):
    event = next((delivery.folder / "gp_event").iterdir()).read_text()
    assert ".0," not in event and '"' not in event and "nan" not in event.lower()
    register = next((delivery.folder / "gp_register").iterdir()).read_text()
    assert ",true," in register and ",false" in register and '"' not in register


NOBODY_HAS = (
    "activity_limitation", "foot_problem", "fragility_fracture", "heart_valve_disease", "reduced_mobility",
    "urinary_system_disease",
)  # fmt: skip
"""Deficits of the frailty index that docs/synthetic.md says the population is without."""


def test_every_concept_occurs_in_a_small_sample(tmp_path, look_into):
    look = look_into(generate(tmp_path, month="2026-10", people=3_400))
    present = {
        concept
        for (concept,) in look(
            """
            select distinct concept from code_list
            where code in (select snomed_code::varchar from gp_event union select dmd_code::varchar from gp_medication)
            """
        )
    }
    assert present == {*CONCEPTS} - {*WITHOUT_PUBLISHED_CODES, *NOBODY_HAS}


def test_nobody_gets_a_number_twice_but_those_registered_twice(look):
    people, numbers = look("select count(*), count(distinct nhs_number) from gp_register")[0]
    repeated = people - numbers
    assert 300 < repeated < 1_600  # registered twice, or moved next door in the last year
    across = look.one(
        """
        select count(*) from (
            select nhs_number from gp_register group by 1
            having count(*) = 2 and count(distinct practice_code) = 2 and count(distinct date_of_birth) = 1
        )
        """
    )
    assert across == repeated
    # Whoever is registered twice is one person, with one true blood pressure.
    pressures = look("select count(distinct true_systolic) from truth group by nhs_number having count(*) > 1")
    assert 0 <= len(pressures) - repeated < 5 and set(pressures) == {(1,)}  # a wrong number in a register hides a pair


def test_halves_of_a_pressure_share_a_parent_that_is_in_no_extract(look):
    halves = """
        with half as (
            select e.*, concept like 'bp_systolic%' as is_systolic from gp_event e
            join (select distinct code, concept from code_list where concept like 'bp_%stolic%')
            on code = snomed_code::varchar
        ), pair as (
            select practice_code, parent_record_id, count(*) as n, count(distinct is_systolic) as arms
            from half where parent_record_id is not null group by all
        )
    """
    assert look.one(halves + "select max(n) from pair") == 2
    assert look.one(halves + "select avg((n = 2 and arms = 2)::int) from pair") > 0.98
    orphans = look.one(halves + "select avg((parent_record_id is null)::int) from half")
    assert 0.04 < orphans < 0.06
    assert (
        look.one(
            "select count(*) from gp_event p join gp_event c "
            "on p.practice_code = c.practice_code and p.record_id = c.parent_record_id"
        )
        == 0
    )


def test_a_failure_leaves_the_delivery_that_was_there(tmp_path, monkeypatch):
    generate(tmp_path, month="2026-10", people=1_000)
    before = fingerprints(tmp_path)
    monkeypatch.setattr(practice_files.records, "write_tests", None)
    with pytest.raises(TypeError):
        generate(tmp_path, month="2026-10", people=1_000, seed=2)
    assert {name: digest for name, digest in fingerprints(tmp_path).items() if ".partial" not in name} == before
    monkeypatch.undo()
    generate(tmp_path, month="2026-10", people=1_000)
    assert fingerprints(tmp_path) == before


def test_progress_names_each_practice(tmp_path):
    seen = []
    generate(tmp_path, month="2026-02", people=1_500, progress=lambda *step: seen.append(step))
    assert [step[0] for step in seen] == list(range(1, len(seen) + 1))
    assert {step[1] for step in seen} == {len(seen)}
    assert seen[0][2] == "Y99001"


@pytest.mark.parametrize("month", ["2026-13", "October", "2026-1"])
def test_a_month_that_is_none_is_refused(tmp_path, month):
    with pytest.raises(ConfigurationError, match="month"):
        generate(tmp_path, month=month, people=1_500)


def test_too_few_people_are_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="Too few people"):
        generate(tmp_path, month="2026-10", people=50)


def test_a_practice_is_written_on_its_own(tmp_path, monkeypatch):
    """Whichever practice is written first, and alone, its files are the same: one practice bounds the memory."""
    generate(tmp_path / "forward", month="2026-10", people=3_000)
    monkeypatch.setattr(
        delivery_module, "_written", lambda tasks, _: reversed([write_practice(t) for t in tasks[::-1]])
    )
    generate(tmp_path / "backward", month="2026-10", people=3_000)
    assert fingerprints(tmp_path / "forward") == fingerprints(tmp_path / "backward")

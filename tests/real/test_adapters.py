"""Extracts that others made and published, adapted: every row accounted for, blood pressures paired, files accepted.

The files are looked for in `real/patients` of the folder PHM_PUBLISHED_FILES, else of `shared` beside the checkout.
"""

from collections import Counter
from pathlib import Path

import ibis
import pytest

from phm.core.codelists import load_code_lists
from phm.core.events import events, issues
from phm.errors import UnreadableFeed
from phm.feeds.adapters.adaptation import FEEDS, adapt
from phm.feeds.adapters.mapping_report import MappingReport
from phm.feeds.contracts import load_contract
from phm.feeds.landing import land
from phm.feeds.validation import validate
from phm.governance.pseudonyms import Pseudonymiser
from phm.store import Partition
from tests.conftest import SHARED

pytestmark = pytest.mark.real

EXTRACTS = {
    "omop": ("omop_synthea27Nj_5.4.zip", Partition("2022-10", "QZZ")),
    "ehrql": ("ehrql_example", Partition("2024-09", "QZZ")),
    "synthea": ("synthea27_csv", Partition("2024-01", "QZZ")),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """The report of each form, its extract adapted once for the module, and the folder it was written to."""
    made: dict[str, tuple[MappingReport, Path]] = {}

    def adapted(form: str) -> tuple[MappingReport, Path]:
        name, partition = EXTRACTS[form]
        extract = SHARED / "real" / "patients" / name
        if not extract.exists():
            pytest.skip(f"published extract {extract} is not here")
        if form not in made:
            out = tmp_path_factory.mktemp(form)
            report = adapt(extract, out, form_name=form, partition=partition, practice_code="Y99001")
            made[form] = report, out / partition.month / partition.icb_code
        return made[form]

    return adapted


def totals(report: MappingReport) -> dict[str, tuple[int, int, int, int]]:
    """Rows read, mapped, guessed and left out of each table."""
    return {
        table: (report.read[table], counts["mapped"], counts["guessed"], counts["left_out"])
        for table, counts in report.totals.items()
    }


@pytest.fixture
def core(reports, tmp_path):
    """Counts of `core_event` by concept, and of what was left out by reason, from an adapted and landed extract."""

    def run(form: str) -> tuple[Counter, Counter]:
        report, folder = reports(form)
        con = ibis.duckdb.connect()
        key = Pseudonymiser.throwaway()
        tables = {}
        for feed in FEEDS:
            if report.delivered[feed]:
                contract = load_contract(feed)
                landing = land(
                    con.con,
                    contract,
                    sorted(path for path in folder.glob(contract.file_pattern) if path.is_file()),
                    reference_date=EXTRACTS[form][1].reference_date,
                    out=tmp_path,
                    pseudonymiser=key,
                )
                assert (landing.delivered, landing.quarantined) == (report.delivered[feed], 0)
                tables[feed] = con.read_parquet([str(path) for path in landing.accepted_files])
            else:
                tables[feed] = con.create_table(feed, schema={"person_id": "string", "arrival_date": "date"})
        people = tables["gp_register"].select("person_id").distinct()
        codes = con.create_table("codes", load_code_lists())
        sources = (*(tables[feed] for feed in FEEDS[1:]), people, codes)
        found = events(*sources).group_by("concept").agg(n=lambda t: t.count()).to_pyarrow().to_pylist()
        left = issues(*sources).group_by("feed", "reason").agg(n=lambda t: t.event_count.sum()).to_pyarrow().to_pylist()
        return (
            Counter({row["concept"]: row["n"] for row in found}),
            Counter({(row["feed"], row["reason"]): row["n"] for row in left}),
        )

    return run


def test_every_omop_row_is_accounted_for(reports):
    report, _ = reports("omop")
    assert totals(report) == {
        "person": (28, 28, 0, 0),
        "death": (3, 3, 0, 0),
        "visit_occurrence": (1_791, 52, 0, 1_739),
        "measurement": (10_040, 2_775, 220, 7_045),
        "observation": (8_099, 450, 0, 7_649),
        "condition_occurrence": (470, 470, 0, 0),
        "drug_exposure": (883, 150, 159, 574),
    }


def test_726_systolic_and_726_diastolic_omop_measurements_are_726_readings(core):
    found, left = core("omop")
    assert found["blood_pressure"] == 726
    assert set(reason for _, reason in left) == {"code_in_no_list"}
    assert (found["hba1c"], found["bmi"], found["acr"]) == (195, 438, 25)
    assert found["emergency_attendance"] == 52


def test_synthea_rows_and_readings(reports, core):
    report, _ = reports("synthea")
    assert totals(report) == {
        "patients": (27, 27, 0, 0),
        "encounters": (604, 15, 0, 589),
        "observations": (990, 106, 10, 874),
        "conditions": (438, 437, 0, 1),
        "medications": (663, 206, 124, 333),
    }
    found, left = core("synthea")
    assert (found["blood_pressure"], found["smoking_never"], found["smoking_ex"]) == (27, 26, 1)
    assert found["hypertension"] == 6
    assert set(reason for _, reason in left) == {"code_in_no_list"}


def test_ehrql_rows_and_events(reports, core):
    report, _ = reports("ehrql")
    assert totals(report) == {
        "patients": (100, 100, 0, 0),
        "practice_registrations": (511, 511, 0, 0),
        "clinical_events": (293, 293, 0, 0),
        "medications": (14, 14, 0, 0),
        "ons_deaths": (11, 11, 0, 0),
    }
    found, left = core("ehrql")
    assert found["hba1c"] == 87
    assert found["blood_pressure"] == 0  # none of its codes is one
    assert found["frailty_moderate_or_severe"] == 33  # 23 moderate, 10 severe; the 17 of mild frailty are in no list
    assert left["gp_event", "code_in_no_list"] == 132


@pytest.mark.parametrize(
    ("form", "stale"),
    [
        ("omop", {"arrival_date_fresh"}),
        ("ehrql", {"event_date_fresh", "issue_date_fresh"}),
        ("synthea", {"arrival_date_fresh"}),
    ],
)
def test_contracts_accept_what_was_adapted(reports, form, stale):
    """All that is broken is freshness, where so few people have nothing in the last month."""
    report, folder = reports(form)
    broken = set()
    for feed in FEEDS:
        if report.delivered[feed]:
            path = folder / feed if (folder / feed).is_dir() else folder / f"{feed}.csv"
            results = validate(path, load_contract(feed), reference_date=EXTRACTS[form][1].reference_date).results
            broken |= {r.rule_id for r in results if r.status == "failed" and r.severity == "error"}
    assert broken == stale


def test_one_form_given_as_another_is_refused_by_table(tmp_path):
    extract = SHARED / "real" / "patients" / "synthea27_csv"
    if not extract.exists():
        pytest.skip(f"published extract {extract} is not here")
    with pytest.raises(UnreadableFeed, match=r"Table person is missing from the extract \(synthea27_csv\)"):
        adapt(extract, tmp_path, form_name="omop", partition=Partition("2024-01", "QZZ"), practice_code="Y99001")

"""What becomes of the rows of tiny extracts: delivered with the right code and value, or left out for the reason."""

import csv
import json
from pathlib import Path

import pytest

from phm.core.codelists import load_code_lists
from phm.errors import ConfigurationError, UnreadableFeed
from phm.feeds.adapters.adaptation import CODE_MAPPING, MAPPING_COLUMNS, adapt
from phm.feeds.adapters.mapping_report import MappingReport, ReportLine
from phm.nhs_numbers import nhs_numbers
from phm.store import Partition
from tests.unit.feeds.adapters.extracts import EHRQL, OMOP, SYNTHEA, write_extract

JUNE = Partition("2024-06", "QZZ")


@pytest.fixture
def adapted(tmp_path):
    """Adapt an extract written by hand; rows of a feed are then read with `delivered`."""

    def run(form_name: str, tables: dict[str, str]) -> MappingReport:
        extract = write_extract(tmp_path / "extract", tables)
        return adapt(extract, tmp_path / "out", form_name=form_name, partition=JUNE, practice_code="Y99001")

    return run


def delivered(tmp_path: Path, feed: str) -> list[dict[str, str]]:
    with (tmp_path / "out" / "2024-06" / "QZZ" / f"{feed}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def some(rows: list[dict[str, str]], *names: str) -> list[tuple[str, ...]]:
    """These columns of the rows, in order of their values."""
    return sorted(tuple(row[name] for name in names) for row in rows)


def reasons(report: MappingReport, source_table: str) -> dict[str, int]:
    """Rows left out of one table by reason."""
    left = [line for line in report.lines if line.source_table == source_table and line.outcome == "left_out"]
    counts = dict.fromkeys([line.note for line in left], 0)
    for line in left:
        counts[line.note] += line.row_count
    return counts


def line(report: MappingReport, source_code: str, outcome: str) -> ReportLine:
    (found,) = [line for line in report.lines if (line.source_code, line.outcome) == (source_code, outcome)]
    return found


def test_omop_people_are_numbered_in_the_order_of_their_identifiers(adapted, tmp_path):
    report = adapted("omop", OMOP)

    people = delivered(tmp_path, "gp_register/Y99001")
    by_birth = {row["date_of_birth"]: row["nhs_number"] for row in people}
    assert some(people, "sex", "registration_date", "death_date", "extract_date") == [
        ("F", "2020-01-01", "", "2024-06-30"),
        ("M", "2019-02-02", "2024-05-02", "2024-06-30"),
    ]
    # Person 9 comes before person 10.
    first, second = nhs_numbers(0, 2, total_count=2).tolist()
    assert by_birth == {"1975-06-01": str(first), "1980-03-05": str(second)}
    assert str(first).startswith("999")
    assert reasons(report, "person") == {"no usable date of birth": 1}
    assert reasons(report, "death") == {"person not in the register": 1}
    assert "day of birth not given: first of the month taken" in {line.note for line in report.lines}


def test_omop_halves_of_a_pressure_share_a_parent_within_their_visit(adapted, tmp_path):
    adapted("omop", OMOP)

    pressures = [row for row in delivered(tmp_path, "gp_event/Y99001") if row["snomed_code"].startswith("2716")]
    by_parent: dict[str, list[str]] = {}
    for row in pressures:
        by_parent.setdefault(row["parent_record_id"], []).append(row["value"])
    assert sorted(map(sorted, by_parent.values())) == [["130.0", "85.0"], ["150.0", "95.0"]]
    assert {row["source"] for row in pressures if row["value"] in ("130.0", "85.0")} == {"hospital"}
    assert {row["source"] for row in pressures if row["value"] in ("150.0", "95.0")} == {"practice"}


def test_omop_rows_left_out_have_a_reason(adapted, tmp_path):
    report = adapted("omop", OMOP)

    assert reasons(report, "measurement") == {
        "unit or answer not in the mapping": 1,
        "no value": 1,
        "after the reference date": 1,
        "code not in the mapping": 1,
        "person not in the register": 1,
        "no code": 1,
        "no usable date": 1,
    }
    assert reasons(report, "visit_occurrence") == {
        "no emergency attendance (used for settings and registrations only)": 2,
        "after the reference date": 1,
    }
    assert report.totals["measurement"].total() == report.read["measurement"] == 12
    assert some(delivered(tmp_path, "emergency_attendance"), "attendance_id", "arrival_date") == [("2", "2024-06-01")]


def test_omop_codes_of_our_vocabularies_pass_and_others_are_mapped(adapted, tmp_path):
    report = adapted("omop", OMOP)

    issues = delivered(tmp_path, "gp_medication/Y99001")
    assert sorted(row["dmd_code"] for row in issues) == ["318859000", "318906001", "319997009"]
    assert line(report, "318906001", "mapped").vocabulary == "dm+d"
    assert line(report, "314231", "guessed").note == "another strength: only the class is used"
    assert line(report, "59621000", "mapped").code == "59621000"


def test_percent_of_hba1c_becomes_whole_mmol_per_mol(adapted, tmp_path):
    """6.5% is 48 mmol/mol, the threshold of diabetes, in every guideline: not 47.5."""
    adapted("omop", OMOP)

    hba1c = [row for row in delivered(tmp_path, "gp_event/Y99001") if row["snomed_code"] == "999791000000106"]
    assert some(hba1c, "value", "event_date") == [("48.0", "2024-05-01")]


def test_ehrql_tables_pass_as_they_are(adapted, tmp_path):
    report = adapted("ehrql", EHRQL)

    registrations = delivered(tmp_path, "gp_register/Y99001")
    assert some(
        registrations,
        "sex",
        "registration_date",
        "deregistration_date",
        "death_date",
    ) == [
        ("F", "2001-01-01", "2010-01-01", ""),
        ("F", "2010-01-01", "", ""),
        ("I", "2000-01-01", "", "2024-05-05"),
    ]
    assert len({row["nhs_number"] for row in registrations}) == 2
    events = delivered(tmp_path, "gp_event/Y99001")
    assert some(events, "snomed_code", "value", "parent_record_id") == [
        ("271649006", "141.0", ""),
        ("271650006", "88.0", ""),
        ("999791000000106", "48.0", ""),
    ]
    assert reasons(report, "patients") == {"no registration up to the reference date": 1}
    assert reasons(report, "practice_registrations") == {"begins on the same day as a longer one": 1}
    assert reasons(report, "ons_deaths") == {"another date of death is earlier": 1}
    assert reasons(report, "clinical_events") == {"not a code of 6 to 18 digits": 1, "person not in the register": 1}
    assert reasons(report, "emergency_care_attendances") == {
        "the same attendance again": 1,
        "before 1990: the contract takes none": 1,
    }


def test_synthea_settings_answers_and_units(adapted, tmp_path):
    report = adapted("synthea", SYNTHEA)

    events = delivered(tmp_path, "gp_event/Y99001")
    assert some(events, "snomed_code", "value", "source") == [
        ("1023491000000104", "3.4", "practice"),
        ("271649006", "120.0", "maternity"),
        ("271649006", "150.0", "hospital"),
        ("271650006", "80.0", "maternity"),
        ("271650006", "90.0", "hospital"),
        ("59621000", "", "practice"),
        ("8517006", "", "practice"),
    ]
    assert reasons(report, "observations") == {
        "unit or answer not in the mapping": 1,
        "code not in the mapping": 1,
        "only the ratio to HDL is used; it is not calculated here": 1,
        "more or fewer fields than the header": 1,
    }
    assert line(report, "310798", "left_out").note == "no thiazide-like diuretic of the code lists"
    # Without an encounter a registration begins at birth.
    assert "1975-06-07" in {row["registration_date"] for row in delivered(tmp_path, "gp_register/Y99001")}


def test_the_report_holds_totals_and_no_values(adapted, tmp_path):
    adapted("synthea", SYNTHEA)

    text = (tmp_path / "out" / "mapping_report.json").read_text()
    document = json.loads(text)
    observations = next(table for table in document["read"] if table["table"] == "observations")
    assert observations == {"table": "observations", "read": 10, "mapped": 5, "guessed": 1, "left_out": 4}
    assert "anary" not in text
    assert "gp_medication/*" in document["still_needed"]
    assert "gp_event/*" not in document["still_needed"]


def test_files_of_an_earlier_call_are_replaced(adapted, tmp_path):
    adapted("omop", OMOP)
    folder = tmp_path / "out" / "2024-06" / "QZZ"
    (folder / "imd.csv").write_text("public")

    tables = {**OMOP, "DRUG_EXPOSURE": OMOP["DRUG_EXPOSURE"].partition("\n")[0] + "\n"}
    again = write_extract(tmp_path / "again", tables)
    report = adapt(again, tmp_path / "out", form_name="omop", partition=JUNE, practice_code="Y99001")

    assert not (folder / "gp_medication" / "Y99001.csv").exists()
    assert "gp_medication/*" in report.still_needed
    assert (folder / "imd.csv").read_text() == "public"
    assert not list((tmp_path / "out").glob(".adapt-*"))


def test_another_practice_beside_is_refused(adapted, tmp_path):
    adapted("omop", OMOP)
    with pytest.raises(ConfigurationError, match=r"another practice's register.*Y99001\.csv"):
        adapt(tmp_path / "extract", tmp_path / "out", form_name="omop", partition=JUNE, practice_code="Y99002")


@pytest.mark.parametrize(("option", "value"), [("practice_code", "nine"), ("lsoa_code", "LSOA"), ("form_name", "fhir")])
def test_options_that_are_none_are_refused(tmp_path, option, value):
    options = {"form_name": "omop", "practice_code": "Y99001", option: value}
    with pytest.raises(ConfigurationError, match=value):
        adapt(tmp_path, tmp_path / "out", partition=JUNE, **options)


def test_a_month_before_everything_is_refused(tmp_path):
    extract = write_extract(tmp_path / "extract", EHRQL)
    with pytest.raises(UnreadableFeed, match="Nobody is in the register"):
        adapt(
            extract, tmp_path / "out", form_name="ehrql", partition=Partition("1960-01", "QZZ"), practice_code="Y99001"
        )


def test_the_mapping_is_unambiguous_and_ends_in_the_code_lists():
    with CODE_MAPPING.open(newline="") as file:
        rows = list(csv.DictReader(file))
    listed = {(row["concept"], row["code"]) for row in load_code_lists().to_pylist()}
    mapped = [row for row in rows if row["certainty"] in ("mapped", "guessed")]

    assert list(rows[0]) == list(MAPPING_COLUMNS)
    keys = [(row["feed"], row["vocabulary"], row["source_code"], row["qualifier"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert [row for row in mapped if (row["concept"], row["code"]) not in listed] == []
    assert all(row["source"] for row in rows)
    assert all(row["note"] for row in rows if row["certainty"] in ("guessed", "none"))
    left_out = [key[:3] for key, row in zip(keys, rows, strict=True) if row["certainty"] == "none"]
    assert all(sum(key[:3] == other for key in keys) == 1 for other in left_out)

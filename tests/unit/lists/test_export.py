"""The files a practice gets, opened again: fields, text that stays text, order, cover, bytes."""

import csv
import datetime as dt
import io
import os
import stat
import zipfile

import ibis
import openpyxl
import pandas as pd
import pytest
from xlsxwriter.worksheet import Worksheet

from phm.cohorts.definition import load_definition
from phm.errors import CheckFailed, ConfigurationError, DisclosureError
from phm.feeds.contracts import load_contract
from phm.lists.columns import ASKED, RETURN, WHEN_AND_NOTES, all_columns, form
from phm.lists.cover import WARNING
from phm.lists.export import INVENTED, export_practice_list
from phm.lists.rows import RowSheet
from phm.lists.together import other_lists

REFERENCE_DATE = dt.date(2026, 10, 31)
HEADERS = [
    "NHS number",
    "Age",
    "Sex",
    "Priority",
    "What to do",
    "By",
    "Turn",
    "Week of",
    "Why",
    "Bear in mind",
    "Can also be seen by",
    "Also on",
    "Since the last list",
    "Contact by",
    "Safe to text",
    "Interpreter",
    "Support needs",
    "Residence",
    "Last contact",
    "Invited in 12 months",
    "Next appointment",
    "Usual clinician",
    "Contacted",
    "Declined",
    "BP taken: systolic",
    "BP taken: diastolic",
    "ABPM or HBPM average: systolic",
    "ABPM or HBPM average: diastolic",
    "Diagnosed",
    "Ruled out",
    "Moved away",
    "Date",
    "Notes (stay with you)",
    "List",
    "Entry",
]
NEVER = ("imd", "lsoa", "probab", "opt_out", "ethnic", "person_id", "date_of_birth")
INJECTIONS = ["=1+1", "+44 20", "-2", "@SUM(A1)", "\tx", "\r=1", '=HYPERLINK("http://x")', "http://example.org", "＝1"]  # noqa: RUF001


@pytest.fixture
def export(definition, practice, make_identity, attrition, no_change, no_plan, tmp_path):
    def exported(entries, *, format="xlsx", name="list", identity=None, change=no_change, plan=no_plan, **said):
        return export_practice_list(
            entries,
            make_identity(entries) if identity is None else identity,
            attrition,
            change,
            *plan,
            definition,
            practice=practice,
            reference_date=REFERENCE_DATE,
            expiry_date=dt.date(2026, 12, 12),
            path=tmp_path / f"{name}.{format}",
            format=format,
            **{"code_lists": "The site's own\n0123", **said},
        )

    return exported


def _rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_the_fields_are_these_and_no_others(export, make_entries, definition):
    entries = make_entries()
    (path,) = export(entries)
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets[1:]:
        assert [cell.value for cell in sheet[1]] == HEADERS
    assert _rows(export(entries, format="csv")[0])[0] == HEADERS
    assert not [c.field for c in all_columns(definition) if any(word in c.field for word in NEVER)]


def test_what_is_not_for_a_list_cannot_get_in(export, make_entries):
    entries = make_entries().assign(imd_quintile="QUINTILE", lsoa_code="E01000001", ethnicity_group="ETHNIC")
    (path,) = export(entries)
    text = "".join(zipfile.ZipFile(path).read(name).decode() for name in zipfile.ZipFile(path).namelist())
    for canary in ("QUINTILE", "E01000001", "ETHNIC", f">{entries['person_id'].iloc[-1]}<"):
        assert canary not in text


def test_nhs_numbers_are_text_and_dates_are_dates(export, make_entries):
    (path,) = export(make_entries())
    sheet = openpyxl.load_workbook(path)["List"]
    cell, due = sheet["A2"], sheet["F2"]
    assert (cell.value, cell.data_type, cell.number_format) == ("9990000000", "s", "@")
    assert due.is_date and due.value.date() == REFERENCE_DATE
    assert sheet["B2"].data_type == "n"


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_field_becomes_a_formula_or_a_link(export, make_entries, text):
    entries = make_entries(each=1)
    fields = ["tier_title", "action", "reasons", "flags", "routes", "interpreter_language", "usual_clinician"]
    entries[fields] = text
    (path,) = export(entries)
    book = openpyxl.load_workbook(path)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert openpyxl.load_workbook(path)["List"]["D2"].value.replace("_x000D_", "\r") == text
    (first, *_) = export(entries, format="csv")
    values = [value for row in _rows(first)[1:] for value in row]
    assert not [v for v in values if v.startswith(("=", "+", "-", "@", "\t", "\r", "＝"))]  # noqa: RUF001
    expected = text if text.startswith("http") else f"'{text}"
    assert expected.replace("\r", "") in [v.replace("\r", "") for v in values]


def test_the_list_is_in_the_order_of_the_cohort(export, make_entries):
    entries = make_entries().sample(frac=1, random_state=3)
    (path,) = export(entries)
    sheet = openpyxl.load_workbook(path)["List"]
    shown = [row[3].value for row in sheet.iter_rows(min_row=2, max_row=31)]
    wanted = entries[entries["output"] == "list"].sort_values("position")["tier_title"].tolist()
    assert shown == wanted


def test_outcome_columns_are_empty_with_choices(export, make_entries, definition):
    (path,) = export(make_entries())
    sheet = openpyxl.load_workbook(path)["List"]
    last = len(all_columns(definition)) - len(RETURN)
    first = last - len(form(definition)) + 1
    cells = [cell for row in sheet.iter_rows(min_row=2, min_col=first, max_col=last) for cell in row]
    assert all(cell.value is None for cell in cells)
    validations = {str(v.sqref).split(":")[0]: v for v in sheet.data_validations.dataValidation}
    lists = {place for place, v in validations.items() if v.type == "list"}
    assert lists == {"W2", "X2", "AC2", "AD2", "AE2"}
    assert {(v.formula1, v.formula2) for v in validations.values() if v.type == "whole"} == {
        ("50", "300"),
        ("20", "200"),
    }


def test_sheets_can_be_filtered_and_printed(export, make_entries):
    (path,) = export(make_entries())
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Cover", "List", "Coding review", "Maternity raised BP", "White coat annual check"]
    sheet = book["List"]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:AI31"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.print_title_rows == "$1:$1" and sheet.print_title_cols == "$A:$A"


def test_the_cover_says_what_a_practice_must_know(export, make_entries, definition):
    (path,) = export(make_entries())
    cover = openpyxl.load_workbook(path)["Cover"]
    text = "\n".join(str(cell.value) for row in cover.iter_rows() for cell in row if cell.value is not None)
    for part in (
        WARNING,
        definition.title,
        definition.version,
        definition.sha256,
        "The site's own",
        definition.clinical_sign_off,
        definition.advice,
        *definition.sources,
        "31 October 2026",
        "12 December 2026",
        "The Ōld Mill & Sons Surgery (A12345)",
        "North PCN (U00001)",
        "instructed by the practice",
        definition.population_label,
        *(exclusion.label for exclusion in definition.exclusions),
        *(tier.action for output in definition.outputs.values() for tier in output.tiers),
    ):
        assert part in text, part
    tier_rows = [[c.value for c in row] for row in cover.iter_rows() if row[2].value in ("List", "Coding review")]
    assert {row[4] for row in tier_rows} == {3}


def test_a_part_for_the_pcn_says_so_and_tells_nothing_of_the_whole_list(export, make_entries, definition):
    (path,) = export(make_entries(each=1), assigned_only=True)
    cover = "\n".join(str(cell) for row in openpyxl.load_workbook(path)["Cover"].values for cell in row if cell)
    assert "Only people with a shared appointment of the PCN" in cover
    for whole in (
        "How people came to be on it",
        definition.population_label,
        "Since the last list",
        "Registered elsewhere",
    ):
        assert whole not in cover


def test_same_input_same_bytes(export, make_entries, make_identity):
    entries = make_entries()
    identity = make_identity(entries)
    (one,) = export(entries, name="one", identity=identity)
    (two,) = export(entries.sample(frac=1, random_state=1), name="two", identity=identity)
    assert one.read_bytes() == two.read_bytes()


def test_csv_has_the_list_the_outputs_and_the_cover_in_files_of_their_own(export, make_entries):
    paths = export(make_entries(), format="csv")
    assert [p.name for p in paths] == [
        "list.csv",
        "list_coding_review.csv",
        "list_maternity_raised_bp.csv",
        "list_white_coat_annual_check.csv",
        "list_cover.csv",
    ]
    listed = _rows(paths[0])
    assert len(listed) == 31 and listed[1][0] == "9990000000" and listed[1][5] == "2026-10-31"
    assert listed[2][14] in ("Yes", "No", "") and listed[2][19] in ("0", "1", "2", "")
    cover = io.StringIO(paths[-1].read_text(encoding="utf-8-sig"))
    assert WARNING in cover.read()


def test_nobody_on_the_list_is_a_list_too(export, make_entries):
    (path,) = export(make_entries().head(0))
    assert openpyxl.load_workbook(path)["List"]["B2"].value == "Nobody this month."
    assert len(_rows(export(make_entries().head(0), format="csv")[0])) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_files_are_for_their_owner_only(export, make_entries):
    for path in (*export(make_entries(1)), *export(make_entries(1), format="csv")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_another_practices_entry_is_refused(export, make_entries, tmp_path):
    with pytest.raises(DisclosureError, match="A12345"):
        export(make_entries(practice_code="B99999"))
    assert not list(tmp_path.glob("*.xlsx"))


def test_an_entry_without_a_number_is_refused_without_naming_the_person(export, make_entries, make_identity):
    entries = make_entries()
    with pytest.raises(CheckFailed, match="1 entries have no NHS number") as error:
        export(entries, identity=make_identity(entries).iloc[1:])
    assert entries["person_id"].iloc[0] not in str(error.value)


def test_what_comes_back_has_the_columns_of_the_contract():
    read = {column.name: column.headers[0] for column in load_contract("outcome_form").columns}
    asked = [column for columns in ASKED.values() for column in columns]
    filled_in = [column for column in (*asked, *WHEN_AND_NOTES, *RETURN) if column.field != "notes"]
    assert {column.field: column.header for column in filled_in} == {k: v for k, v in read.items() if k != "nhs_number"}
    for column in filled_in:
        limits = load_contract("outcome_form").column(column.field)
        assert column.limits is None or column.limits == (limits.minimum, limits.maximum)


def test_the_list_says_beside_each_person_what_changed(export, make_entries, definition):
    entries = make_entries(each=1)
    ids = entries["entry_id"]
    change = pd.DataFrame(
        {
            "entry_id": [*ids[:3], "f" * 32, "e" * 32],
            "change": ["new", "kept", "tier_changed", "gone", "gone"],
            "previous_tier": [None, "stage_1", "stage_1", "stage_2", "stage_2"],
            "gone_because": [None, None, None, "left_practice", "excluded"],
            "step": [None, None, None, None, definition.exclusions[0].id],
        }
    )
    (path,) = export(entries, change=change)
    book = openpyxl.load_workbook(path)
    stage_1 = next(tier.title for tier in definition.outputs["list"].tiers if tier.id == "stage_1")
    assert [book["List"].cell(row, 13).value for row in (2, 3, 4)] == ["New", "As before", f"Was: {stage_1}"]
    cover = "\n".join(str(cell.value) for row in book["Cover"].iter_rows() for cell in row if cell.value)
    assert "1 new, 1 as before, 1 with another priority, 2 gone" in cover
    assert "left the practice: 1" in cover and f"{definition.exclusions[0].label}: 1" in cover


def test_invented_people_are_said_to_be_on_every_page(export, make_entries):
    (path,) = export(make_entries(), is_synthetic=True)
    book = openpyxl.load_workbook(path)
    assert book["Cover"]["A2"].value.startswith(INVENTED)
    assert all(sheet.oddFooter.left.text.startswith(INVENTED) for sheet in book.worksheets[1:])
    (real,) = export(make_entries(), name="real")
    assert INVENTED not in str(list(openpyxl.load_workbook(real)["Cover"].values))


@pytest.mark.parametrize(
    ("cohort", "asked"),
    [
        ("possible_undiagnosed_diabetes", ["hba1c", "diagnosed", "ruled_out"]),
        ("possible_undiagnosed_ckd", ["egfr", "acr", "diagnosed", "ruled_out"]),
        ("af_not_anticoagulated", ["ruled_out", "treated"]),
        ("nhs_health_check_due", ["done"]),
    ],
)
def test_the_form_asks_for_what_the_definition_is_about(cohort, asked):
    always = (["contacted", "declined"], ["moved_away", "outcome_date", "notes"])
    assert [column.field for column in form(load_definition(cohort))] == [*always[0], *asked, *always[1]]


def test_an_entry_says_which_other_lists_of_the_same_use_the_person_is_on(export, make_entries, definition):
    entries = make_entries(each=1)
    ann, bob = entries["person_id"][:2]
    own = entries.assign(due_date=pd.to_datetime(entries["due_date"]))
    due = {"due_date": pd.Timestamp("2026-11-14"), "output": "list"}
    others = [
        {"person_id": ann, "cohort_id": "possible_undiagnosed_ckd", **due},
        {"person_id": ann, "cohort_id": "possible_undiagnosed_diabetes", **due, "due_date": pd.Timestamp("2026-11-02")},
        {"person_id": ann, "cohort_id": "nhs_health_check_due", **due},  # not handed over at this site
        {"person_id": bob, "cohort_id": "frequent_emergency_attenders", **due},  # linked data
        {"person_id": bob, "cohort_id": "possible_undiagnosed_diabetes", **due, "output": "glucose_instead"},
        {"person_id": "f" * 32, "cohort_id": "possible_undiagnosed_ckd", **due},
    ]
    listed = pd.concat([own, pd.DataFrame(others).assign(practice_code="A12345")])
    listed = listed[["practice_code", "person_id", "cohort_id", "output", "due_date"]]
    handed_over = [
        load_definition(name)
        for name in (
            definition.id,
            "possible_undiagnosed_ckd",
            "possible_undiagnosed_diabetes",
            "frequent_emergency_attenders",
        )
    ]
    found = other_lists(ibis.memtable(listed), definition, handed_over)
    said = "Possible undiagnosed diabetes (by 2 Nov 2026); Possible undiagnosed chronic kidney disease (by 14 Nov 2026)"
    assert found == {"A12345": {ann: said}}
    (path,) = export(entries, other_lists=found["A12345"])
    assert [row[11].value for row in openpyxl.load_workbook(path)["List"].iter_rows(min_row=2, max_row=4)] == [
        said,
        None,
        None,
    ]


def test_a_cell_holds_no_more_than_a_spreadsheet_reads(export, make_entries):
    (path,) = export(make_entries(each=1).assign(usual_clinician="😀" * 20_000))
    sheet = openpyxl.load_workbook(path)["List"]
    texts = {row[HEADERS.index("Usual clinician")].value for row in sheet.iter_rows(min_row=2)}
    assert texts == {"😀" * (32_767 // 2)}


def test_a_workbook_without_its_rows_is_not_handed_over(export, make_entries, monkeypatch):
    monkeypatch.setattr(RowSheet, "_write_rows", Worksheet._write_rows)
    with pytest.raises(ConfigurationError, match="writes no rows of a list"):
        export(make_entries(each=1))

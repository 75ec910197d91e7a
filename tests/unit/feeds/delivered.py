"""Rows of a delivery: good ones, good ones with changes, and the forms they are packed in."""

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterable

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

REFERENCE_DATE = dt.date(2026, 10, 31)

GOOD_EVENT = {
    "practice_code": "M85001",
    "nhs_number": "9990000018",
    "record_id": "1",
    "parent_record_id": "",
    "event_date": "2026-10-01",
    "snomed_code": "44054006",
    "value": "",
    "source": "practice",
}
GOOD_PERSON = {
    "extract_date": "2026-10-31",
    "practice_code": "M85001",
    "nhs_number": "9990000018",
    "date_of_birth": "1980-01-31",
    "sex": "F",
    "ethnicity_code": "A",
    "lsoa_code": "E01000001",
    "registration_date": "2020-05-01",
    "deregistration_date": "",
    "death_date": "",
    "contact_preference": "text",
    "is_safe_to_text": "true",
    "interpreter_language": "",
    "reasonable_adjustment": "",
    "last_contact_date": "",
    "invitation_count": "0",
    "next_appointment_date": "",
    "usual_clinician": "AB",
    "has_type_1_opt_out": "false",
    "has_national_data_opt_out": "false",
}


def as_csv(rows: Iterable[dict[str, str]], *, header: Iterable[str] | None = None) -> str:
    """`rows` as comma-separated text, the first row's names as header unless another is given."""
    rows = list(rows)
    names = list(rows[0])
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names if header is None else header)
    writer.writerows([row[name] for name in names] for row in rows)
    return text.getvalue()


def events(*changes: dict[str, str]) -> list[dict[str, str]]:
    """Good events with these changes, numbered unless the change says otherwise."""
    return [{**GOOD_EVENT, "record_id": str(number), **change} for number, change in enumerate(changes, 1)]


def people(*changes: dict[str, str]) -> list[dict[str, str]]:
    """Good registrations with these changes."""
    return [{**GOOD_PERSON, **change} for change in changes]


def zipped(name: str, content: bytes, *others: str) -> bytes:
    """A zip file that holds `content` as `name`, and as each of `others`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in (name, *others):
            archive.writestr(member, content)
    return packed.getvalue()


def parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def workbook(rows: Iterable[list[object]], *, notes: bool = False) -> bytes:
    """A workbook with `rows` on its only sheet, or behind a sheet of notes."""
    book = openpyxl.Workbook()
    sheet = book.active
    if notes:
        sheet.append(["Notes", "to the reader"])
        sheet = book.create_sheet("Data")
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()

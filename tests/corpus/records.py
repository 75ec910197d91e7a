"""Damage to records: columns missing, renamed, shuffled or repeated, names of other years, rows that are none."""

from collections.abc import Iterator
from dataclasses import replace

from phm.feeds.contracts import load_contract
from tests.corpus.variants import CLEAN, Landed, Refused, Variant, added, unharmed

HEADER_AS_ROW = {
    "gp_register": "extract_date_readable;practice_code_pattern;nhs_number_pattern;nhs_number_check_digit;"
    "date_of_birth_readable;sex_known;ethnicity_code_known;registration_date_readable;deregistration_date_readable;"
    "death_date_readable;contact_preference_known;is_safe_to_text_readable;last_contact_date_readable;"
    "invitation_count_readable;next_appointment_date_readable;has_type_1_opt_out_readable;"
    "has_national_data_opt_out_readable",
    "gp_event": "practice_code_pattern;nhs_number_pattern;nhs_number_check_digit;record_id_readable;"
    "parent_record_id_readable;event_date_readable;snomed_code_pattern;value_readable;source_known",
    "gp_medication": "practice_code_pattern;nhs_number_pattern;nhs_number_check_digit;record_id_readable;"
    "issue_date_readable;dmd_code_pattern",
    "emergency_attendance": "attendance_id_pattern;nhs_number_pattern;nhs_number_check_digit;arrival_date_readable;"
    "provider_code_pattern;department_type_known",
    "practice_membership": "extract_date_readable;practice_code_pattern;pcn_code_pattern;sub_icb_code_pattern;"
    "icb_code_pattern;region_code_pattern",
    "deprivation": "lsoa_code_pattern;imd_score_readable;imd_rank_readable;imd_decile_readable;lad_code_pattern",
    "lsoa_lookup": "lsoa11_code_pattern;lsoa21_code_pattern;change_known",
    "place_membership": "practice_code_pattern;site_type_known",
}
"""The rules a header breaks that stands among the records, by feed."""

EMPTY_ROW = {
    "gp_register": "extract_date_present;practice_code_present;nhs_number_present;date_of_birth_present;sex_present;"
    "registration_date_present",
    "gp_event": "practice_code_present;nhs_number_present;record_id_present;event_date_present;snomed_code_present;"
    "source_present",
    "gp_medication": "practice_code_present;nhs_number_present;record_id_present;issue_date_present;dmd_code_present",
    "emergency_attendance": "attendance_id_present;nhs_number_present;arrival_date_present;provider_code_present",
    "practice_membership": "extract_date_present;practice_code_present;practice_name_present;pcn_code_present;"
    "sub_icb_code_present;icb_code_present;region_code_present",
    "deprivation": "lsoa_code_present;imd_rank_present;imd_decile_present",
    "lsoa_lookup": "lsoa11_code_present;lsoa21_code_present",
    "place_membership": "practice_code_present;place_code_present;place_name_present",
}
"""The rules a record of commas breaks, by feed."""

REPEATED_ROW = {
    "gp_register": "one_row_per_registration",
    "gp_event": "one_row_per_record",
    "gp_medication": "one_row_per_record",
    "emergency_attendance": "one_row_per_attendance",
    "practice_membership": "one_row_per_practice",
    "deprivation": "one_row_per_lsoa",
    "lsoa_lookup": "one_row_per_pair",
    "place_membership": "one_row_per_site",
}
"""The rule a repeated record breaks, by feed."""


def missing_columns() -> Iterator[Variant]:
    for clean in CLEAN.values():
        for column in load_contract(clean.feed).columns:
            (header,) = [name for name in column.headers if name in clean.header]
            outcome = Refused(f"Column {column.name} is missing")
            if column.optional:
                nothing = {(number, column.name): None for number in range(1, len(clean.rows) + 1)}
                outcome = unharmed(clean, f"{column.name} is not in the file", changed=nothing)
            yield Variant(
                "missing column",
                column.name,
                clean,
                lambda clean, header=header: clean.without(header).bytes(),
                outcome,
            )


def columns() -> Iterator[Variant]:
    def variant(name, clean, damage, outcome):
        return Variant("columns", name, clean, damage, outcome)

    for clean in CLEAN.values():
        width = len(clean.header)
        contract = load_contract(clean.feed)
        column = next(column for column in contract.columns if column.required)
        header = column.headers[0]
        for name, places in (
            ("in reverse", range(width - 1, -1, -1)),
            ("the last one first", [width - 1, *range(width - 1)]),
        ):
            yield variant(name, clean, lambda clean, places=places: clean.with_columns(places).bytes(), unharmed(clean))
        for name, places in (
            ("one twice", [*range(width), clean.place(header)]),
            ("all twice", [*range(width), *range(width)]),
        ):
            yield variant(
                name,
                clean,
                lambda clean, places=places: clean.with_columns(places).bytes(),
                Refused(
                    f"Column {(column if name == 'one twice' else contract.columns[0]).name} stands in the file twice"
                ),
            )
        for name, at in (("more at the start", 0), ("more in the middle", 2), ("more at the end", width)):
            yield variant(
                name,
                clean,
                lambda clean, at=at: replace(
                    clean,
                    header=[*clean.header[:at], "Comment", *clean.header[at:]],
                    rows=[[*row[:at], "none", *row[at:]] for row in clean.rows],
                ).bytes(),
                unharmed(clean),
            )
        for name, new in (
            ("in capitals or not", header.swapcase()),
            ("misspelt", f"{header}x"),
            ("in stars", f"*{header}*"),
        ):
            yield variant(
                f"a name {name}",
                clean,
                lambda clean, header=header, new=new: clean.with_header(header, new).bytes(),
                Refused(f"Column {column.name} is missing"),
            )
        for name, new in (("spaces around a name", f"  {header} "), ("a line end after a name", f"{header}\n")):
            yield variant(
                name,
                clean,
                lambda clean, header=header, new=new: clean.with_header(header, new).bytes(),
                unharmed(clean),
            )
        yield variant(
            "a comma after each line",
            clean,
            lambda clean: clean.text().replace("\n", ",\n").encode(),
            unharmed(clean, "1 columns without a name were ignored"),
        )
        yield variant(
            "a comma after each record but not the header",
            clean,
            lambda clean: clean.text().replace("\n", ",\n").replace(",\n", "\n", 1).encode(),
            Landed(["record_shape"] * len(clean.rows)),
        )
        yield variant("none named", clean, lambda clean: clean.bytes().split(b"\n", 1)[1], Refused(" is missing"))
    event = CLEAN["gp_event"]
    yield variant(
        "ten thousand more",
        event,
        lambda clean: replace(
            clean,
            header=[*clean.header, *(f"c{i}" for i in range(10_000))],
            rows=[[*row, *[""] * 10_000] for row in clean.rows],
        ).bytes(),
        unharmed(event),
    )
    yield variant(
        "a name of 200,000 letters",
        event,
        lambda clean: replace(clean, header=["x" * 200_000, *clean.header]).bytes(),
        Refused("begins with an enormous value"),
    )


def vintages() -> Iterator[Variant]:
    """Files in the names of earlier releases, in part or as a whole."""
    for feed in ("practice_membership", "deprivation", "lsoa_lookup"):
        clean = CLEAN[feed]
        for column in load_contract(feed).columns:
            current, *previous = column.headers
            for name in previous:
                yield Variant(
                    "vintage",
                    name,
                    clean,
                    lambda clean, current=current, name=name: clean.with_header(current, name).bytes(),
                    unharmed(clean, f"{column.name} was read from {name}, a previous name of {current}"),
                )
            if previous:
                yield Variant(
                    "vintage",
                    f"{current} and {previous[0]} side by side",
                    clean,
                    lambda clean, current=current, name=previous[0]: replace(
                        clean, header=[name, *clean.header], rows=[["2019", *row] for row in clean.rows]
                    ).bytes(),
                    unharmed(clean),
                )


def rows() -> Iterator[Variant]:
    def variant(name, clean, damage, outcome):
        return Variant("rows", name, clean, damage, outcome)

    for clean in CLEAN.values():
        feed, width, count = clean.feed, len(clean.header), len(clean.rows)
        header_again = ",".join(f'"{name}"' if "," in name else name for name in clean.header) + "\n"
        yield variant(
            "the header twice at the start",
            clean,
            lambda clean, again=header_again: (again + clean.text()).encode(),
            added(clean, HEADER_AS_ROW[feed], at=1),
        )
        yield variant(
            "the header again at the end",
            clean,
            lambda clean, again=header_again: (clean.text() + again).encode(),
            added(clean, HEADER_AS_ROW[feed]),
        )
        yield variant(
            "two files put together, the second with a BOM",
            clean,
            lambda clean: clean.bytes() + clean.text().encode("utf-8-sig"),
            Landed([*range(count), HEADER_AS_ROW[feed], *[REPEATED_ROW[feed]] * count]),
        )
        yield variant(
            "commas at the end",
            clean,
            lambda clean, width=width: (clean.text() + 3 * ("," * (width - 1) + "\n")).encode(),
            added(clean, EMPTY_ROW[feed], count=3),
        )
        yield variant(
            "a total at the end",
            clean,
            lambda clean: f"{clean.text()}Total,{len(clean.rows)}\n".encode(),
            added(clean, "record_shape"),
        )
        yield variant(
            "a remark at the end",
            clean,
            lambda clean: f'{clean.text()}"End of report, {len(clean.rows)} rows"\n'.encode(),
            added(clean, "record_shape"),
        )
        yield variant(
            "a title above the header",
            clean,
            lambda clean: f"Extract for the ICB\n\n{clean.text()}".encode(),
            Refused(" is missing"),
        )
        yield variant(
            "one row twice",
            clean,
            lambda clean: replace(clean, rows=[*clean.rows, clean.rows[0]]).bytes(),
            added(clean, REPEATED_ROW[feed]),
        )
        yield variant(
            "in reverse",
            clean,
            lambda clean: replace(clean, rows=clean.rows[::-1]).bytes(),
            Landed(range(count - 1, -1, -1)),
        )
        yield variant(
            "only a header",
            clean,
            lambda clean: replace(clean, rows=[]).bytes(),
            Refused("has a header and no records"),
        )
    event = CLEAN["gp_event"]
    yield Variant(
        "rows",
        "one of another practice",
        event,
        lambda clean: clean.with_value(5, "practice_code", "Y99002").bytes(),
        Refused("named after another practice than the one inside: Y99002"),
    )
    yield Variant(
        "rows",
        "all of another practice than the file is named after",
        event,
        lambda clean: clean.bytes(),
        Refused("named after another practice than the one inside: Y99001"),
        stem="gp_event/Y99002",
    )


def record_variants() -> Iterator[Variant]:
    for family in (missing_columns, columns, vintages, rows):
        yield from family()

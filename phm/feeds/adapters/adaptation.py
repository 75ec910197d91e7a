"""An extract turned into a delivery of one practice: `<out>/<month>/<ICB code>/`, and a report of the mapping.

Belongs here: the order of the steps and the files. What becomes of which row is decided in the SQL files beside this
one, which run in a DuckDB database on disk: memory is bounded whatever the size of the extract.
"""

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from phm.errors import ConfigurationError, UnreadableFeed
from phm.feeds.adapters.forms import Form, form_named
from phm.feeds.adapters.mapping_report import MappingReport, ReportLine
from phm.feeds.adapters.source import load_tables
from phm.feeds.contracts import Contract, load_contract, load_contracts
from phm.nhs_numbers import nhs_numbers
from phm.store import Partition

FEEDS = ("gp_register", "gp_event", "gp_medication", "emergency_attendance")
CODE_MAPPING = Path(__file__).with_name("code_mapping.csv")
MAPPING_COLUMNS = {
    "feed": "VARCHAR", "vocabulary": "VARCHAR", "source_code": "VARCHAR", "source_term": "VARCHAR",
    "qualifier": "VARCHAR", "certainty": "VARCHAR", "concept": "VARCHAR", "code": "VARCHAR", "factor": "DOUBLE",
    "shift": "DOUBLE", "decimals": "INTEGER", "note": "VARCHAR", "source": "VARCHAR",
}  # fmt: skip
"""Columns of the code mapping: a row says what one code, with one unit or answer, becomes.

`certainty` is mapped, guessed, or none (known, and left out for the reason in `note`). A number becomes
`value * factor + shift`, rounded to `decimals`; without a factor no number is delivered."""


def adapt(
    path: Path,
    out: Path,
    /,
    *,
    form_name: str,
    partition: Partition,
    practice_code: str,
    lsoa_code: str | None = None,
) -> MappingReport:
    """Write the extract at `path` as the delivery of one practice below `out`, and `out/mapping_report.json`.

    Files of an earlier call are replaced when all new ones are written. A feed without rows has no file.

    Parameters
    ----------
    path
        Folder or zip file of CSV tables.
    form_name
        One of `forms.FORMS`.
    partition
        Month and ICB of the delivery; what lies after its reference date is left out.
    practice_code
        Practice that everybody is registered with.
    lsoa_code
        Small area that everybody lives in; without it areas are empty, and a month of such people only is refused
        where deprivation is joined.

    Raises
    ------
    UnreadableFeed
        A table or column is missing or unreadable, or nobody is in the register.
    ConfigurationError
        An unknown form, a practice or area code that is none, or a folder that holds another practice's files: the
        made-up NHS numbers of two extracts are the same.
    """
    form, folder = form_named(form_name), out / partition.month / partition.icb_code
    _check_practice(practice_code, folder)
    if lsoa_code and not re.fullmatch("[EW]01[0-9]{6}", lsoa_code):
        raise ConfigurationError("An LSOA code is E01 or W01 and six digits", name=lsoa_code, hint="Or leave it out.")
    if not path.exists():
        raise UnreadableFeed("There is no such extract", name=str(path), hint="Give a folder or a zip file.")
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".adapt-", dir=out) as scratch:
        with duckdb.connect(f"{scratch}/adapt.duckdb") as con:
            con.execute("SET VARIABLE reference_date = ?::DATE", [partition.reference_date])
            con.execute("SET VARIABLE practice_code = ?", [practice_code])
            con.execute("SET VARIABLE lsoa_code = ?::VARCHAR", [lsoa_code])
            read = _decide(con, path, form)
            counts = {feed: con.table(feed).count("*").fetchone()[0] for feed in FEEDS}
            if not counts["gp_register"]:
                raise UnreadableFeed(
                    "Nobody is in the register of the extract",
                    name=path.name,
                    hint=f"Is {partition.month} the month it was made in? Later rows are left out.",
                )
            report = MappingReport(
                form=form.name,
                month=partition.month,
                icb_code=partition.icb_code,
                practice_code=practice_code,
                read=read,
                delivered=counts,
                assumptions=form.assumptions,
                still_needed=_still_needed(folder, counts),
                lines=tuple(ReportLine(*line) for line in con.execute("FROM report_lines ORDER BY ALL").fetchall()),
            )
            written = {feed: _write(con, load_contract(feed), Path(scratch)) for feed in FEEDS if counts[feed]}
        for feed in FEEDS:
            place = _place(load_contract(feed), folder, practice_code)
            place.unlink(missing_ok=True)
            if feed in written:
                place.parent.mkdir(parents=True, exist_ok=True)
                written[feed].replace(place)
    report.write(out / "mapping_report.json")
    return report


def _decide(con: duckdb.DuckDBPyConnection, path: Path, form: Form) -> dict[str, int]:
    """Run the form's SQL and the common one; rows read of each table that holds people's records."""
    read = load_tables(con, path, form.tables)
    con.read_csv(str(CODE_MAPPING), columns=MAPPING_COLUMNS, header=True).create("code_mapping")
    for name in (*form.sql_files, "people.sql"):
        _run(con, name)
    person_count = con.table("persons").count("*").fetchone()[0]
    numbers = nhs_numbers(0, person_count, total_count=person_count)
    con.register("numbers", pa.table({"person_number": np.arange(person_count), "nhs_number": numbers}))
    _run(con, "outcomes.sql")
    return {table: count for table, count in read.items() if table not in form.vocabulary}


def _run(con: duckdb.DuckDBPyConnection, sql_file: str) -> None:
    con.execute(Path(__file__).with_name(sql_file).read_text(encoding="utf-8"))


def _check_practice(practice_code: str, folder: Path) -> None:
    pattern = load_contract("gp_register").column("practice_code").pattern
    if not re.fullmatch(pattern, practice_code):
        raise ConfigurationError(
            "A practice code is a capital letter and five digits", name=practice_code, hint="For example Y99001."
        )
    others = sorted(p.name for p in folder.glob("gp_register/*") if p.stem != practice_code)
    if others:
        raise ConfigurationError(
            "The folder already holds another practice's register, whose NHS numbers this extract would use again",
            name=str(folder / "gp_register" / others[0]),
            hint="Choose another folder.",
        )


def _write(con: duckdb.DuckDBPyConnection, contract: Contract, scratch: Path) -> Path:
    """A feed's file, with every column of its contract: those the source cannot fill are empty."""
    filled = con.table(contract.name).columns
    columns = ", ".join(name if name in filled else f"NULL AS {name}" for name in contract.column_names)
    path = scratch / f"{contract.name}.csv"
    con.sql(f"SELECT {columns} FROM {contract.name} ORDER BY ALL").write_csv(str(path), header=True)
    return path


def _place(contract: Contract, folder: Path, practice_code: str) -> Path:
    name = f"{contract.name}/{practice_code}" if contract.one_practice_per_file else contract.name
    return folder / f"{name}.csv"


def _still_needed(folder: Path, counts: Mapping[str, int]) -> tuple[str, ...]:
    """File patterns of the feeds that are neither delivered now nor lie in the folder already."""
    feeds = [c for c in load_contracts().values() if c.layer == "feed" and not c.optional]
    is_there = {c.name: counts[c.name] if c.name in counts else any(folder.glob(c.file_pattern)) for c in feeds}
    return tuple(c.file_pattern for c in feeds if not is_there[c.name])

"""A filled-in list as it comes back: every sheet of the workbook, or a CSV file, held against contract `outcome_form`.

Belongs here: what was typed, where it stands, and which rules a row breaks. Whose answers they are is `outcomes`' part.
"""

import datetime as dt
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from phm.errors import UnreadableFeed
from phm.feeds import row_sql
from phm.feeds.contracts import load_contract
from phm.feeds.layout import plain, positions
from phm.feeds.packing import DAMAGE, unpack
from phm.feeds.readers import open_delivered
from phm.feeds.schema import literal, quoted
from phm.feeds.workbooks import cell_texts, read_sheets
from phm.lists.measurements import MEASUREMENTS, YES_OR_NO

FORM = "outcome_form"
_ANSWERS = (*YES_OR_NO, *(column for m in MEASUREMENTS.values() for column in m.kept_as), "outcome_date")


def read_filled_in(path: Path, /, *, today: dt.date) -> pd.DataFrame:
    """The rows of a returned list in which something is filled in, as the columns of `outcome_form`.

    Before them stand `sheet` (empty for CSV) and `row`, the number a spreadsheet shows; behind them `broken`, the
    descriptions of the rules the row breaks: words, never a value.

    Raises
    ------
    UnreadableFeed
        The file is missing, damaged, of another kind, or no sheet of it has the columns of a list.
    """
    texts = _texts(path)
    contract = load_contract(FORM)
    columns = contract.columns
    values = row_sql.values_sql(columns, "delivered", ("sheet", '"row"'))
    names = ", ".join(quoted(name) for name in contract.column_names)
    is_filled = " OR ".join(f"{row_sql.delivered(contract.column(name))} IS NOT NULL" for name in _ANSWERS)
    broken = ", ".join(
        f"CASE WHEN ({row_sql.holds_sql(rule, contract, reference_date=today)}) IS FALSE "
        f"THEN {literal(rule.description)} END"
        for rule in contract.row_rules
    )
    with duckdb.connect() as con:
        con.execute(row_sql.IS_NHS_NUMBER)
        con.register("delivered", texts)
        return con.execute(
            f"""
            WITH {values}
            SELECT sheet, "row", {names}, coalesce(array_to_string([{broken}], ' '), '') AS broken
            FROM "values" WHERE {is_filled} ORDER BY sheet, "row"
            """
        ).df()


def _texts(path: Path) -> pa.Table:
    """Every row of every sheet that is a list: the contract's columns as text, with `sheet` and `row`."""
    contract = load_contract(FORM)
    if not path.name.lower().endswith(".xlsx"):
        rows = pa.Table.from_batches(open_delivered(path, contract).read())
        numbers = [number + 1 for number in rows["row_number"].to_pylist()]  # the header is row 1
        return _placed(rows.select(contract.column_names), "", numbers)
    try:
        sheets, day_0 = read_sheets(unpack(path, path.name))
    except FileNotFoundError:
        raise UnreadableFeed("A filled-in list is missing", name=path.name, hint="Check the path.") from None
    except DAMAGE as error:
        raise UnreadableFeed(
            f"A filled-in list is damaged ({type(error).__name__})", name=path.name, hint="Save the workbook again."
        ) from None
    needed = {plain(contract.column(name).headers[0]) for name in ("list_reference", "entry_id")}
    lists = {name: rows for name, rows in sheets.items() if rows and needed <= set(map(plain, map(str, rows[0])))}
    if not lists:
        raise UnreadableFeed(
            f"No sheet has the columns {' and '.join(sorted(needed))} of a list",
            name=path.name,
            hint="Send the workbook back as it was handed over, with the green columns filled in.",
        )
    return pa.concat_tables(
        _placed(_sheet_texts(rows, path.name, day_0), name, range(2, len(rows) + 1)) for name, rows in lists.items()
    )


def _sheet_texts(rows: list[list[object]], label: str, day_0: dt.date) -> pa.Table:
    contract, (header, *body) = load_contract(FORM), rows
    places = positions(map(str, header), contract, label)
    nothing = pa.nulls(len(body), pa.string())
    return pa.table(
        {
            column.name: nothing if place is None else cell_texts([row[place] for row in body], column, day_0)
            for column, place in zip(contract.columns, places, strict=True)
        }
    )


def _placed(texts: pa.Table, sheet: str, numbers: object) -> pa.Table:
    where = {"sheet": pa.repeat(sheet, len(texts)), "row": pa.array(numbers, pa.int64())}
    return pa.table({**where, **{name: texts[name] for name in texts.column_names}})

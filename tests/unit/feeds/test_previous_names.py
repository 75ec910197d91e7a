"""A file that uses a column's previous name is read, and a note says which name that was."""

import io

import pandas as pd
import pytest

from phm.errors import UnreadableFeed
from phm.feeds.contracts import load_contract
from phm.feeds.readers import open_delivered

CONTRACT = load_contract("practice_membership")
CURRENT = [column.headers[0] for column in CONTRACT.columns]
BEFORE_2022 = [column.headers[-1] for column in CONTRACT.columns]
NOTE = "sub_icb_code was read from CCG_CODE, a previous name of SUB_ICB_LOCATION_CODE"


def as_bytes(header: list[str], suffix: str) -> bytes:
    rows = pd.DataFrame([[f"value {i}" for i in range(len(header))]], columns=header)
    file = io.BytesIO()
    writers = {".csv": rows.to_csv, ".parquet": rows.to_parquet, ".xlsx": rows.to_excel}
    writers[suffix](file, index=False)
    return file.getvalue()


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_a_previous_name_is_read_and_noted(deliver, suffix):
    path = deliver(f"gp-reg-pat-prac-map{suffix}", as_bytes(BEFORE_2022, suffix))
    delivered = open_delivered(path, CONTRACT)
    assert NOTE in delivered.notes
    assert len(delivered.notes) == 4
    (batch,) = delivered.read()
    place = BEFORE_2022.index("CCG_CODE")
    assert batch.column("sub_icb_code").to_pylist() == [f"value {place}"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_the_current_names_need_no_note(deliver, suffix):
    path = deliver(f"gp-reg-pat-prac-map{suffix}", as_bytes(CURRENT, suffix))
    assert open_delivered(path, CONTRACT).notes == ()


def test_the_current_name_is_read_where_both_are_there(deliver):
    path = deliver("gp-reg-pat-prac-map.csv", as_bytes([*CURRENT, "CCG_CODE"], ".csv"))
    delivered = open_delivered(path, CONTRACT)
    assert delivered.notes == ()
    (batch,) = delivered.read()
    assert batch.column("sub_icb_code").to_pylist() == [f"value {CURRENT.index('SUB_ICB_LOCATION_CODE')}"]


def test_a_name_it_never_had_is_refused(deliver):
    path = deliver("gp-reg-pat-prac-map.csv", as_bytes([*CURRENT[:-1], "REGION"], ".csv"))
    with pytest.raises(UnreadableFeed, match="region_name"):
        open_delivered(path, CONTRACT)

"""Rows of `person_feature` for tests: one row is an ordinary healthy person, changed where a test says so."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

import pyarrow as pa

from phm.feeds.contracts import load_contract

REFERENCE_DATE = dt.date(2026, 10, 31)
ARROW = {
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
}
COLUMNS = {column.name: column for column in load_contract("person_feature").columns}
SCHEMA = pa.schema([(name, ARROW[column.type]) for name, column in COLUMNS.items()])

DAYS = {name: f"{name.removesuffix('_days')}_date" for name in COLUMNS if name.endswith("_days")}
RARE = [
    name
    for name, column in COLUMNS.items()
    if name.startswith(("has_", "is_")) and column.type == "BOOLEAN" and name not in ("is_registered", "is_alive")
]
AGES_IN_DAYS = (
    0, 1, 6, 7, 8, 55, 56, 57, 200, 364, 365, 366, 500, 729, 730, 731, 732, 1000, 1825, 1826, 1827, 3000,
)  # fmt: skip
PRESSURE = ("date", "systolic", "diastolic", "setting", "source")

# A woman of 45, registered for ten years, with a normal clinic reading two months ago and nothing else.
ORDINARY: dict[str, Any] = {
    **dict.fromkeys(COLUMNS),
    **{name: False for name, column in COLUMNS.items() if column.type == "BOOLEAN" and column.required},
    **{name: 0 for name in COLUMNS if "_count" in name},
    "practice_code": "Y00001",
    "pcn_code": "U00001",
    "place_code": "PL1",
    "icb_code": "QXX",
    "age": 45,
    "sex": "F",
    "ethnicity_group": "white",
    "is_registered": True,
    "is_alive": True,
    "registered_months": 120,
    "smoking_status": "never",
    "latest_bp_date": dt.date(2026, 8, 31),
    "latest_bp_systolic": 120,
    "latest_bp_diastolic": 70,
    "latest_bp_setting": "clinic",
    "latest_bp_source": "practice",
}


def days_ago(days: int) -> dt.date:
    """The date `days` before the reference date."""
    return REFERENCE_DATE - dt.timedelta(days=days)


def person_id(number: int) -> str:
    """A pseudonym of the right form."""
    return f"{number:032x}"


def feature_row(number: int = 1, /, **changes: Any) -> dict[str, Any]:
    """One ordinary person with `changes`; every `_days` column follows from its date."""
    unknown = changes.keys() - COLUMNS.keys()
    if unknown:
        raise KeyError(f"person_feature has no column {sorted(unknown)}")
    row = {**ORDINARY, "person_id": person_id(number), **changes}
    for name, date_name in DAYS.items():
        if name not in changes:
            day = row.get(date_name)
            row[name] = (REFERENCE_DATE - day).days if day is not None else None
    return row


def feature_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """`rows` as an Arrow table with the columns and types of the contract."""
    return pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMA)


def random_rows(seed: int, count: int) -> list[dict[str, Any]]:
    """`count` people whose values crowd around the boundaries of the rules."""
    random = Random(seed)
    systolic = [119, 134, 135, 139, 140, 144, 145, 149, 150, 159, 160, 169, 170, 179, 180, 195]
    diastolic = [69, 84, 85, 89, 90, 94, 95, 99, 100, 109, 110, 114, 115, 119, 120]
    days = [days_ago(number) for number in AGES_IN_DAYS]

    def choose(values: Sequence[Any], chance: float = 1.0, otherwise: Any = None) -> Any:
        return random.choice(values) if random.random() < chance else otherwise

    def some_day(chance: float) -> dt.date | None:
        return choose(days, chance)

    def pressure(prefix: str, chance: float, settings: Sequence[str] = ()) -> dict[str, Any]:
        day = some_day(chance)
        sources = ["practice", "hospital", "pharmacy", "patient"]
        facts = (day, choose(systolic), choose(diastolic), choose(settings or ["clinic"]), choose(sources))
        names = (f"{prefix}_{part}" for part in PRESSURE)
        return {name: value if day else None for name, value in zip(names, facts, strict=True) if name in COLUMNS}

    def person(number: int) -> dict[str, Any]:
        return feature_row(
            number,
            **{name: random.random() < 0.04 for name in RARE},
            practice_code=choose(["Y00001", "Y00002", "Y00003"]),
            age=choose([17, 18, 29, 30, 39, 40, 44, 45, 50, 51, 79, 80, 85]),
            ethnicity_group=choose(["white", "mixed", "asian", "black", "other", "unknown"]),
            is_registered=random.random() < 0.95,
            is_alive=random.random() < 0.97,
            registered_months=choose([0, 11, 12, 13, 200]),
            raised_day_count_24m=choose([0, 1, 2]),
            bp_drug_issue_count_6m=choose([1, 2], 0.2, 0),
            bp_drug_issue_count_12m=choose([1, 2, 3], 0.3, 0),
            bmi=choose([24.0, 34.9, 35.0, 36.14], 0.7),
            egfr=choose([59.9, 60.0, 90.0], 0.4),
            **pressure("latest_bp", 0.85, ["clinic", "clinic", "home", "ambulatory", "acute_hospital"]),
            **pressure("latest_average", 0.4, ["home", "ambulatory"]),
            **pressure("latest_clinic_raised", 0.5),
            **pressure("latest_stage_2", 0.4, ["clinic", "home"]),
            **pressure("latest_maternity_bp", 0.2),
            first_clinic_raised_date=some_day(0.6),
            latest_clinic_stage_2_date=some_day(0.3),
            latest_bp_assessment_date=some_day(0.15),
            latest_hypertension_date=some_day(0.15),
            latest_hypertension_resolved_date=some_day(0.15),
            latest_white_coat_date=some_day(0.08),
            latest_bp_in_progress_date=some_day(0.12),
            latest_bp_declined_date=some_day(0.1),
            latest_health_check_date=some_day(0.3),
            latest_bp_drug_date=some_day(0.2),
        )

    return [_without_later_stage_2(person(number)) for number in range(count)]


def _without_later_stage_2(row: dict[str, Any]) -> dict[str, Any]:
    """The row, without a stage 2 reading later than the latest reading, which nobody can have."""
    latest, stage_2 = row["latest_bp_date"], row["latest_stage_2_date"]
    if stage_2 is None or (latest is not None and stage_2 <= latest):
        return row
    return {**row, **{name: None for name in row if name.startswith("latest_stage_2_")}}

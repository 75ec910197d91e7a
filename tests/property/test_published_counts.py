"""An attacker who knows the rules, the areas and all published cells, and adds up: no count of 1 to 7 comes out.

Covers what the main report, the pyramids, the boundary percentages and the allocation are made from together. The
attacker's sums are written here from what the tables say, not taken from the code that protects them.
"""

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from phm.feeds.contracts import load_contract
from phm.governance.disclosure import publish
from phm.governance.raw import RawCounts
from phm.measures.definition import load_measures
from phm.measures.groups import AGE_BANDS, SEXES
from phm.measures.residence import PATIENTS_INSIDE, RESIDENTS_HERE
from phm.measures.statistics import statistics
from phm.measures.values import measure_values

REFERENCE_DATE = dt.date(2026, 10, 31)
KNOWN = (
    *("raised_bp_not_on_register", "recorded_hypertension_prevalence", "bp_not_measured_5y"),
    *("list_size", "imd_mean_score", "imd_quintile_share"),
)
MEASURES = [m for m in load_measures() if m.id in KNOWN]
"""Those whose relations the attacker here was told; `tests/attack` finds the relations of any."""
NO_STEPS = pd.DataFrame(columns=["cohort_id", "practice_code", "step_order", "kind", "person_count"])
ARROW = {
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
}
PRACTICES = [
    ("A", "P1", "L1"),
    ("B", "P1", "L1"),
    ("C", "P2", "L1"),
    ("D", "P3", "L2"),
    ("E", "P3", "L1"),
    ("F", "U", "L2"),
]
"""P3 lies across two places; F belongs to no PCN."""
UNBOUNDED = 10**9


def made_up(seed: int, size: int) -> RawCounts:
    """Random people of six practices: some bands, quintiles and sexes hold nobody or hardly anybody."""
    random = np.random.default_rng(seed)
    practice = random.choice(len(PRACTICES), size, p=[0.3, 0.02, 0.25, 0.2, 0.2, 0.03])
    measured = random.random(size) < 0.7
    columns = {
        "practice_code": [PRACTICES[i][0] for i in practice],
        "age": np.clip(random.normal(42, 22, size), 0, 99).astype(int),
        "sex": random.choice(list("FMIU"), size, p=[0.5, 0.495, 0.003, 0.002]),
        "is_registered": np.ones(size, bool),
        "is_alive": np.ones(size, bool),
        "registered_months": random.choice([6, 60], size, p=[0.02, 0.98]),
        "imd_quintile": [
            None if random.random() < 0.01 else int(q)
            for q in random.choice(5, size, p=[0.6, 0.3, 0.07, 0.02, 0.01]) + 1
        ],
        "latest_bp_date": [dt.date(2026, 1, 1) if m else None for m in measured],
        "ethnicity_group": random.choice(["white", "asian", "black", "other"], size, p=[0.8, 0.15, 0.03, 0.02]),
        "has_hypertension": random.random(size) < 0.15,
        "latest_bp_setting": ["clinic" if m else None for m in measured],
        "latest_bp_systolic": random.normal(125, 9, size).astype(int),
        "latest_bp_diastolic": random.normal(75, 6, size).astype(int),
    }
    columns["imd_score"] = [None if q is None else 50.0 - 8 * q for q in columns["imd_quintile"]]
    schema = {c.name: ARROW[c.type] for c in load_contract("person_feature").columns}
    arrays = {n: pa.array(columns[n], kind) if n in columns else pa.nulls(size, kind) for n, kind in schema.items()}
    geography = pd.DataFrame(PRACTICES, columns=["practice_code", "pcn_code", "place_code"]).assign(icb_code="X")
    for level in ("practice", "pcn", "place", "icb"):
        geography[f"{level}_name"] = geography[f"{level}_code"]
    patients = pd.Series(practice).map(lambda i: PRACTICES[i][1]).value_counts()
    facts = pd.DataFrame({"pcn_code": [code for code in patients.index if code != "U"]})
    facts["inside_count"] = [patients[code] - int(random.integers(1, patients[code])) for code in facts["pcn_code"]]
    facts["outside_count"] = [
        patients[code] - inside - (patients[code] > inside)
        for code, inside in facts[["pcn_code", "inside_count"]].itertuples(index=False)
    ]
    facts["resident_count"] = facts["inside_count"] + random.integers(0, 9, len(facts))
    return measure_values(
        ibis.memtable(pa.table(arrays)), ibis.memtable(geography), ibis.memtable(facts), NO_STEPS, NO_STEPS,
        definitions=MEASURES, reference_date=REFERENCE_DATE,
    )  # fmt: skip


def read(shown, precision: str) -> list[int]:
    """Lowest and highest count that a published cell allows."""
    if precision.startswith("nearest"):
        multiple = int(precision.split()[1])
        return [max(8, shown - multiple // 2), shown + multiple - 1 - multiple // 2] if shown else [0, 0]
    return {"1 to 7": [1, 7], "0 to 7": [0, 7], "withheld": [0, UNBOUNDED]}[precision]


def attacked(raw: RawCounts, table: pd.DataFrame):
    """Truth and bounds of every count, and of every difference a reader can name, after adding up as far as it goes."""
    truth, bounds = {}, {}
    key = ["measure_id", "area_type", "area_code", "group_value"]
    counts = raw._counts.set_index(key)
    for row in table.itertuples(index=False):
        at = (row.measure_id, row.area_type, row.area_code, row.group_value)
        parts = {"n": (row.numerator, row.numerator_precision)} if row.unit != "score" else {}
        if row.unit != "people":
            parts["d"] = (row.denominator, row.denominator_precision)
        for part, (shown, precision) in parts.items():
            truth[(part, *at)] = int(counts.at[at, "numerator" if part == "n" else "denominator"])
            bounds[(part, *at)] = read(shown, precision)
    sums = []

    def add_up(total, parts):
        if total in truth and parts and all(part in truth for part in parts):
            assert truth[total] == sum(truth[part] for part in parts), (total, parts)
            sums.append((total, parts))

    def difference(name, total, parts):
        if total in truth and parts and all(part in truth for part in parts):
            truth[name] = truth[total] - sum(truth[part] for part in parts)
            bounds[name] = [0, UNBOUNDED]
            sums.append((total, [*parts, name]))

    areas = {(row.area_type, row.area_code) for row in table.itertuples()}
    bands = [f"{sex} {band}" for sex in SEXES.values() for band in AGE_BANDS]
    middle = [b for b in bands if b.split()[1] in ("30-34", "35-39", "40-44", "45-49")]
    for area in areas:
        for (measure, _), rows in table[table["group_name"].ne("all")].groupby(["measure_id", "group_name"]):
            for part in ("n", "d"):
                groups = [(part, measure, *area, group) for group in rows["group_value"].unique()]
                add_up((part, measure, *area, "all"), groups)
        everybody = ("n", "list_size", *area, "all")
        add_up(everybody, [("n", "list_size", *area, group) for group in (*bands, "other or unknown")])
        quintiles = [("imd_quintile_share", *area, str(q)) for q in range(1, 6)]
        add_up(("d", *quintiles[0]), [("n", *q) for q in quintiles])
        for q in quintiles[1:]:
            add_up(("d", *q), [("d", *quintiles[0])])
        add_up(everybody, [("d", "recorded_hypertension_prevalence", *area, "all")])
        for measure, group in (("imd_quintile_share", "1"), ("imd_mean_score", "all"), (PATIENTS_INSIDE, "all")):
            difference(("left", measure, *area), everybody, [("d", measure, *area, group)])
        difference(
            ("age 50", *area),
            ("d", "raised_bp_not_on_register", *area, "all"),
            [("n", "list_size", *area, b) for b in middle],
        )
        add_up(("n", PATIENTS_INSIDE, *area, "all"), [("n", RESIDENTS_HERE, *area, "all")])
        for _, *at in [t for t in truth if t[0] == "d" and t[2:4] == area]:
            difference(("not", *at), ("d", *at), [("n", *at)])
    levels = {"practice": 0, "pcn": 1, "place": 2}
    for name in list(truth):
        if name[0] in ("n", "d") and name[2] in ("pcn", "place", "icb"):
            part, measure, kind, code, group = name
            for child, column in levels.items():
                codes = {p[column] for p in PRACTICES if code in (p[levels[kind]] if kind != "icb" else "X",)}
                whole = all(p[column] not in codes or kind == "icb" or p[levels[kind]] == code for p in PRACTICES)
                if child != kind and whole:
                    add_up(name, [(part, measure, child, c, group) for c in sorted(codes)])
    _propagate(bounds, sums)
    return truth, bounds


def _propagate(bounds, sums):
    for _ in range(60):
        moved = False
        for total, parts in sums:
            low, high = (sum(bounds[p][end] for p in parts) for end in (0, 1))
            news = [(total, low, high)]
            news += [
                (p, bounds[total][0] - (high - bounds[p][1]), bounds[total][1] - (low - bounds[p][0])) for p in parts
            ]
            for name, lowest, highest in news:
                new = [max(bounds[name][0], lowest), min(bounds[name][1], highest)]
                moved |= new != bounds[name]
                bounds[name] = new
        if not moved:
            break


def narrowed(truth, bounds):
    return [name for name, count in truth.items() if 1 <= count <= 7 and bounds[name][1] - bounds[name][0] + 1 < 3]


@pytest.mark.parametrize(("seed", "size"), [(0, 250), (1, 250), (2, 900), (3, 900), (4, 6000)])
def test_no_small_count_comes_out_by_adding_up(seed, size):
    raw = made_up(seed, size)
    truth, bounds = attacked(raw, publish(raw)["measure_value"].table)
    assert all(bounds[name][0] <= count <= bounds[name][1] for name, count in truth.items())
    assert sum(1 <= count <= 7 for count in truth.values()) > 20
    assert narrowed(truth, bounds) == []


def test_without_its_ties_a_count_would_come_out():
    """37 people of 30 to 50 (shown 35), 18 and 18 of them in bands (shown 20 and 20): one is 50 years old."""
    key = ["measure_id", "area_type", "area_code", "group_name", "group_value", "unit", "numerator", "denominator"]
    rows = [
        ("list_size", "icb", "X", "all", "all", "people", 60, None),
        ("list_size", "icb", "X", "sex_age_band", "female 30-34", "people", 18, None),
        ("list_size", "icb", "X", "sex_age_band", "male 30-34", "people", 18, None),
        ("list_size", "icb", "X", "sex_age_band", "other or unknown", "people", 24, None),
        ("raised", "icb", "X", "all", "all", "percent", 20, 37),
    ]
    counts = pd.DataFrame(rows, columns=key).assign(title="", area_name="").astype({"denominator": "Int64"})
    bands = [("numerator", "list_size", "icb", "X", f"{sex} 30-34") for sex in ("female", "male")]
    tie = (("denominator", "raised", "icb", "X", "all"), bands, False)

    def coarsened(ties):
        table = publish(RawCounts(counts, nesting=[], ties=ties, statistics=_plain))["measure_value"].table
        return (table[["numerator_precision", "denominator_precision"]].stack().dropna() != "nearest 5").sum()

    assert coarsened([]) == 0
    assert coarsened([tie]) > 0


def _plain(released: pd.DataFrame) -> pd.DataFrame:
    return statistics(released, definitions=[], reference_date=REFERENCE_DATE)

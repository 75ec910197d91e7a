"""Delivered rows for `core_event`, and the naive way to make blood pressures of them.

`DELIVERED` is one small delivery that holds everything that can happen to a coded entry. `naive_readings` and
`naive_bp_features` are loops over rows that share nothing with `phm.core`: a second opinion on its expressions.
"""

import random
from datetime import date, timedelta

import pyarrow as pa

from tests.spec.people import PERSON_DEFAULTS, core_person, first_codes, gp_event, person_id

PEOPLE = "person\n1\n2\n3\n4\n5\n6\n7\n8"

GP_EVENTS = """
person | record | parent | date       | what                           | value | source
# one reading under one parent
1      | 11     | 10     | 2026-03-03 | bp_systolic_clinic             | 164   |
1      | 12     | 10     | 2026-03-03 | bp_diastolic_clinic            | 102   |
# two readings under one parent: first with first
2      | 11001  | 11000  | 2026-03-03 | bp_systolic_clinic             | 150   |
2      | 11002  | 11000  | 2026-03-03 | bp_diastolic_clinic            | 90    |
2      | 11003  | 11000  | 2026-03-03 | bp_systolic_clinic             | 140   |
2      | 11004  | 11000  | 2026-03-03 | bp_diastolic_clinic            | 85    |
# no parents, diastolic first, and a lone systolic far off
3      | 12001  |        | 2026-03-03 | bp_diastolic_clinic            | 91    |
3      | 12002  |        | 2026-03-03 | bp_systolic_clinic             | 151   |
3      | 12900  |        | 2026-03-03 | bp_systolic_clinic             | 170   |
# of two equally near: the diastolic that follows a systolic, the systolic before a diastolic
3      | 12101  |        | 2026-03-04 | bp_systolic_clinic             | 140   |
3      | 12102  |        | 2026-03-04 | bp_diastolic_clinic            | 80    |
3      | 12103  |        | 2026-03-04 | bp_systolic_clinic             | 150   |
3      | 12201  |        | 2026-03-05 | bp_diastolic_clinic            | 80    |
3      | 12202  |        | 2026-03-05 | bp_systolic_clinic             | 150   |
3      | 12203  |        | 2026-03-05 | bp_diastolic_clinic            | 90    |
# different parents and sources, but the only values of the day and setting
4      | 13001  | 13000  | 2026-03-03 | bp_systolic_home_average       | 138   | patient
4      | 13501  | 13500  | 2026-03-03 | bp_diastolic_home_average      | 84    | practice
# not across days, settings
5      | 14001  |        | 2026-03-03 | bp_systolic_clinic             | 138   |
5      | 14002  |        | 2026-03-04 | bp_diastolic_clinic            | 84    |
5      | 14003  |        | 2026-03-03 | bp_diastolic_ambulatory_average | 84   |
# settings by source
6      | 15001  | 15000  | 2026-03-03 | bp_systolic_clinic             | 170   | hospital
6      | 15002  | 15000  | 2026-03-03 | bp_diastolic_clinic            | 110   | hospital
6      | 15101  | 15100  | 2026-03-03 | bp_systolic_clinic             | 160   | maternity
6      | 15102  | 15100  | 2026-03-03 | bp_diastolic_clinic            | 105   | maternity
6      | 15201  | 15200  | 2026-03-03 | bp_systolic_ambulatory_average | 150   | hospital
6      | 15202  | 15200  | 2026-03-03 | bp_diastolic_ambulatory_average | 96   | hospital
# implausible: limits, systolic not above diastolic, a half without a value (its partner is then alone)
7      | 16001  | 16000  | 2026-03-01 | bp_systolic_clinic             | 301   |
7      | 16002  | 16000  | 2026-03-01 | bp_diastolic_clinic            | 90    |
7      | 16101  | 16100  | 2026-03-02 | bp_systolic_clinic             | 300   |
7      | 16102  | 16100  | 2026-03-02 | bp_diastolic_clinic            | 200   |
7      | 16201  | 16200  | 2026-03-03 | bp_systolic_clinic             | 80    |
7      | 16202  | 16200  | 2026-03-03 | bp_diastolic_clinic            | 80    |
7      | 16301  | 16300  | 2026-03-04 | bp_systolic_clinic             |       |
7      | 16302  | 16300  | 2026-03-04 | bp_diastolic_clinic            | 80    |
# measurements in and out of range, a value on a diagnosis, an unknown code, not a number
8      | 17001  |        | 2026-03-01 | bmi                            | 100   |
8      | 17002  |        | 2026-03-01 | bmi                            | 100.1 |
8      | 17003  |        | 2026-03-01 | hba1c                          |       |
8      | 17004  |        | 2026-03-01 | egfr                           | nan   |
8      | 17005  |        | 2026-03-01 | diabetes                       | 7     |
8      | 17006  |        | 2026-03-01 | 700000000                      | 7     |
# someone who is not in the register
99     | 18001  | 18000  | 2026-03-01 | bp_systolic_clinic             | 150   |
99     | 18002  | 18000  | 2026-03-01 | bp_diastolic_clinic            | 90    |
"""

READINGS = [
    # person, day of March 2026, setting, systolic, diastolic, source
    (1, 3, "clinic", 164, 102, "practice"),
    (2, 3, "clinic", 140, 85, "practice"),
    (2, 3, "clinic", 150, 90, "practice"),
    (3, 3, "clinic", 151, 91, "practice"),
    (3, 4, "clinic", 140, 80, "practice"),
    (3, 5, "clinic", 150, 90, "practice"),
    (4, 3, "home", 138, 84, "patient"),
    (6, 3, "acute_hospital", 170, 110, "hospital"),
    (6, 3, "ambulatory", 150, 96, "hospital"),
    (6, 3, "maternity", 160, 105, "maternity"),
    (7, 2, "clinic", 300, 200, "practice"),
]

OTHER_EVENTS = [
    (1, "ace_inhibitor", None, "medication"),
    (1, "emergency_attendance", None, "emergency"),
    (8, "bmi", 100.0, "practice"),
    (8, "diabetes", None, "practice"),
    (8, "type_2_diabetes", None, "practice"),  # its code is in both lists
]

ISSUES = {
    ("gp_event", "code_in_no_list"): 1,
    ("gp_event", "person_not_in_register"): 2,
    ("gp_event", "implausible_value"): 8,
    ("gp_event", "unpaired_blood_pressure"): 7,
    ("gp_medication", "code_in_no_list"): 1,
    ("gp_medication", "person_not_in_register"): 1,
    ("emergency_attendance", "person_not_in_register"): 1,
}


def delivered() -> tuple[pa.Table, pa.Table, pa.Table, pa.Table]:
    """`gp_event`, `gp_medication`, `emergency_attendance` and `core_person` of the hand-written delivery."""
    ramipril = first_codes()["ace_inhibitor"]
    issues = [(1, 1, ramipril), (1, 2, "700000000"), (99, 3, ramipril)]
    medication = pa.Table.from_pylist(
        [
            {
                "practice_code": PERSON_DEFAULTS["practice_code"],
                "person_id": person_id(person),
                "record_id": record,
                "issue_date": date(2026, 3, 3),
                "dmd_code": code,
            }
            for person, record, code in issues
        ]
    )
    attendance = pa.Table.from_pylist(
        [
            {"attendance_id": f"E{person}", "person_id": person_id(person), "arrival_date": date(2026, 3, 3)}
            for person in (1, 99)
        ]
    )
    return gp_event(GP_EVENTS), medication, attendance, core_person(PEOPLE)


def random_halves(seed: int, people: int = 60) -> list[dict]:
    """Halves of readings as practice systems might deliver them: close together, and some with a half missing."""
    chance = random.Random(seed)
    rows = []
    for person in range(1, people + 1):
        record = person * 1000
        for _ in range(chance.randint(1, 7)):
            day = date(2026, 10, 1) - timedelta(days=chance.choice([0, 0, 1, 400, 800]))
            kind = chance.choice(["clinic", "clinic", "home_average", "ambulatory_average"])
            source = chance.choice(["practice", "practice", "pharmacy", "hospital", "maternity"])
            parent = chance.choice([None, record, person * 1000])
            arms = [("systolic", chance.randint(110, 190)), ("diastolic", chance.randint(60, 125))]
            chance.shuffle(arms)
            for arm, value in arms:
                record += chance.choice([1, 1, 1, 2, 9])
                if chance.random() < 0.85:
                    rows.append(
                        {
                            "practice_code": chance.choice(["A81001", "A81001", "A81001", "A81002"]),
                            "person_id": person_id(person),
                            "record_id": record,
                            "parent_record_id": parent,
                            "event_date": day,
                            "snomed_code": first_codes()[f"bp_{arm}_{kind}"],
                            "value": float(value),
                            "source": source,
                        }
                    )
    return rows


def naive_readings(rows: list[dict]) -> list[tuple]:
    """Plausible readings as `(person, day, setting, source, systolic, diastolic)`, by the steps `pairing` documents."""
    halves = [_naive_half(row) for row in rows]
    found = []
    for key in (
        lambda h: None if h["parent"] is None else (*_same(h), h["source"], h["parent"]),
        lambda h: (*_same(h), h["source"]),
    ):
        for group in _naive_groups(halves, key):
            for systolic, diastolic in _naive_pairs(group):
                found.append((systolic, diastolic))
                halves.remove(systolic)
                halves.remove(diastolic)
    for group in _naive_groups(halves, _same):
        if sorted(half["arm"] for half in group) == ["diastolic", "systolic"]:
            diastolic, systolic = sorted(group, key=lambda half: half["arm"])
            found.append((systolic, diastolic))
    return [
        (s["person"], s["day"], s["setting"], s["source"], s["value"], d["value"])
        for s, d in found
        if 50 <= s["value"] <= 300 and 20 <= d["value"] <= 200 and s["value"] > d["value"]
    ]


def naive_bp_features(readings: list[tuple], reference_date: date) -> dict[str, dict]:
    """Blood pressure features of people who were never pregnant, from `naive_readings`."""
    limits = dict.fromkeys(("home", "ambulatory"), ((135, 85), (150, 95), (170, 115)))
    limits |= dict.fromkeys(("clinic", "acute_hospital"), ((140, 90), (160, 100), (180, 120)))
    order = ["ambulatory", "home", "clinic", "acute_hospital"]
    digits = ["practice", "hospital", "maternity", "pharmacy", "patient"]
    features: dict[str, dict] = {}
    for person in {reading[0] for reading in readings}:
        lowest: dict[tuple, tuple] = {}
        for _, day, setting, source, systolic, diastolic in (r for r in readings if r[0] == person):
            if setting != "maternity":
                pair = (systolic, diastolic, digits.index(source))
                lowest[day, setting] = min(lowest.get((day, setting), pair), pair)
        graded = []
        for (day, setting), (systolic, diastolic, digit) in lowest.items():
            level = sum(systolic >= s or diastolic >= d for s, d in limits[setting])
            graded.append((day, level, -order.index(setting), systolic, diastolic, digits[digit], setting))
        if not graded:
            continue
        clinic = [g for g in graded if g[6] in ("clinic", "acute_hospital") and g[1] >= 1]
        averages = [g for g in graded if g[6] in ("home", "ambulatory")]
        stage_2 = [g for g in graded if g[1] >= 2]
        two_years = date(reference_date.year - 2, reference_date.month, reference_date.day)
        latest = max(graded)
        features[person] = {
            "latest_bp_date": latest[0],
            "latest_bp_days": (reference_date - latest[0]).days,
            "latest_bp_systolic": latest[3],
            "latest_bp_diastolic": latest[4],
            "latest_bp_source": latest[5],
            "latest_bp_setting": latest[6],
            "latest_average_date": max(averages)[0] if averages else None,
            "latest_average_systolic": max(averages)[3] if averages else None,
            "first_clinic_raised_date": min(clinic)[0] if clinic else None,
            "latest_clinic_raised_date": max(clinic)[0] if clinic else None,
            "latest_clinic_raised_diastolic": max(clinic)[4] if clinic else None,
            "raised_day_count_24m": len({g[0] for g in graded if g[1] >= 1 and g[0] > two_years}),
            "latest_stage_2_date": max(stage_2)[0] if stage_2 else None,
            "latest_stage_2_setting": max(stage_2)[6] if stage_2 else None,
            "latest_clinic_stage_2_date": max((g[0] for g in clinic if g[1] >= 2), default=None),
        }
    return features


def _naive_half(row: dict) -> dict:
    concept = {code: name for name, code in first_codes().items()}[row["snomed_code"]]
    _, arm, kind = concept.split("_", 2)
    setting = {"home_average": "home", "ambulatory_average": "ambulatory"}.get(
        kind, {"hospital": "acute_hospital", "maternity": "maternity"}.get(row["source"], "clinic")
    )
    return {
        "practice": row["practice_code"],
        "person": row["person_id"],
        "record": row["record_id"],
        "parent": row["parent_record_id"],
        "day": row["event_date"],
        "setting": setting,
        "source": row["source"],
        "arm": arm,
        "value": int(row["value"]),
    }


def _same(half: dict) -> tuple:
    return half["practice"], half["person"], half["day"], half["setting"]


def _naive_groups(halves: list[dict], key) -> list[list[dict]]:
    groups: dict[tuple, list[dict]] = {}
    for half in sorted(halves, key=lambda half: half["record"]):
        if key(half) is not None:
            groups.setdefault(key(half), []).append(half)
    return list(groups.values())


def _naive_pairs(group: list[dict]) -> list[tuple[dict, dict]]:
    systolics = [half for half in group if half["arm"] == "systolic"]
    diastolics = [half for half in group if half["arm"] == "diastolic"]
    if len(systolics) == len(diastolics):
        return list(zip(systolics, diastolics, strict=True))
    pairs = []
    if systolics and diastolics:
        for systolic in systolics:
            here = systolic["record"]
            best = min(diastolics, key=lambda d: (abs(d["record"] - here), d["record"] < here, d["record"]))
            there = best["record"]
            back = min(systolics, key=lambda s: (abs(s["record"] - there), there < s["record"], s["record"]))
            if back is systolic:
                pairs.append((systolic, best))
    return pairs

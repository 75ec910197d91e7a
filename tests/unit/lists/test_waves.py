"""Waves: urgent first, then by due date; shared appointments by what they find, with a floor for Core20."""

import datetime as dt
import math
import random

import ibis
import pandas as pd
import pytest

from phm.cohorts.definition import load_definitions
from phm.lists.waves import URGENT_DAYS, WEEKS, list_wave, week_starts
from phm.lists.weeks import NOT_BEFORE_EXPIRY, weeks
from phm.lists.workload import NOT_PLANNED, turns, workload, workload_text

REFERENCE_DATE = dt.date(2026, 10, 31)
COHORT = "possible_undiagnosed_hypertension"
DEFINITIONS = {definition.id: definition for definition in load_definitions()}
TIERS = {
    (definition.id, output.id, tier.id): (definition.use, tier)
    for definition in DEFINITIONS.values()
    for output in definition.outputs.values()
    for tier in output.tiers
}
FOUND = {key: tier.expected_found.percent if tier.expected_found else None for key, (_, tier) in TIERS.items()}
ENTRY = ["entry_id", "cohort_id", "output", "practice_code", "pcn_code", "person_id", "position", "tier"]
CAPACITY = {"practice_code": "string", "pcn_code": "string", "role": "string", "appointments_per_week": "int64"}


def own(practice_code, weekly, role="nurse"):
    return (practice_code, None, role, weekly)


def shared(weekly, role="nurse", pcn_code="U1"):
    return (None, pcn_code, role, weekly)


class Made:
    """Entries, one after another in the order of their list, and what is known of the people."""

    def __init__(self):
        self.entries, self.core20 = [], {}

    def add(self, tier, count=1, *, practice="P1", cohort=COHORT, output="list", person=None, core20=False, pcn="U1"):
        for _ in range(count):
            n = len(self.entries)
            who = person or f"{n:032x}"
            self.core20[who] = core20
            self.entries.append((f"e{n:05d}", cohort, output, practice, pcn, who, n + 1, tier))
        return self

    def tables(self, capacity):
        schema = dict.fromkeys(ENTRY, "string") | {"position": "int64", "due_date": "date"}
        rows = [
            dict(zip(ENTRY, entry, strict=True))
            | {"due_date": REFERENCE_DATE + dt.timedelta(days=TIERS[entry[1], entry[2], entry[7]][1].due_days)}
            for entry in self.entries
        ]
        people = [{"person_id": who, "imd_decile": 2 if is_core20 else 5} for who, is_core20 in self.core20.items()]
        offers = [dict(zip(CAPACITY, row, strict=True)) for row in capacity]
        return (
            ibis.memtable(rows, schema=schema),
            ibis.memtable(people, schema={"person_id": "string", "imd_decile": "int64"}),
            ibis.memtable(offers, schema=CAPACITY),
        )

    def planned(self, *capacity, **settings):
        plan = list_wave(*self.tables(capacity), DEFINITIONS.values(), reference_date=REFERENCE_DATE, **settings)
        table = plan.to_pandas().sort_values("entry_id", ignore_index=True)
        return table.assign(wave=table["wave"].astype("Int64"))

    def work(self, *capacity):
        entry, person, offers = self.tables(capacity)
        plan = list_wave(entry, person, offers, DEFINITIONS.values(), reference_date=REFERENCE_DATE)
        return workload(plan, offers).to_pandas()


def test_urgent_entries_come_first_whatever_the_capacity():
    made = Made().add("stage_2", 3).add("severe_recent", 2).add("severe_unresolved", 2)
    for capacity in ([own("P2", 0, "clinician")], [own("P1", 1, "clinician"), own("P1", 2)]):
        plan = made.planned(*capacity)
        assert plan["wave"].tolist()[3:] == [0] * 4
        assert plan["is_urgent"].tolist() == [False] * 3 + [True] * 4
        assert not plan["is_late"][3:].any() and plan["planned_week"][3:].isna().all()


def test_urgent_entries_use_up_appointments():
    made = Made().add("severe_recent", 5).add("confirmed_not_coded", 2)
    assert made.planned(own("P1", 3, "clinician"))["wave"].tolist()[5:] == [2, 3]


def test_the_rest_follow_by_due_date_then_by_what_is_expected_to_be_found():
    made = Made().add("not_measured").add("stale_raised").add("stage_1").add("stage_1_high_risk").add("stage_2")
    assert made.planned(own("P1", 1))["wave"].tolist() == [5, 4, 3, 2, 1]


def test_weeks_begin_on_their_first_working_day():
    assert list(week_starts(REFERENCE_DATE).values())[:2] == [dt.date(2026, 11, 2), dt.date(2026, 11, 9)]
    assert week_starts(dt.date(2026, 11, 30))[1] == dt.date(2026, 12, 7), "a Monday plans from the next one"
    assert week_starts(dt.date(2026, 11, 30))[4] == dt.date(2026, 12, 29), "28 December 2026 is a bank holiday"
    assert len(week_starts(REFERENCE_DATE)) == WEEKS == 6


def test_what_does_not_fit_has_no_week_and_is_late():
    plan = Made().add("stage_2", 2 * WEEKS + 3).planned(own("P1", 2))
    assert plan["wave"].isna().sum() == 3
    assert plan.loc[plan["wave"].isna(), ["seen_by", "planned_week"]].isna().all(axis=None)
    assert plan["is_late"].tolist() == (plan["wave"].isna() | (plan["wave"] > 2)).tolist(), "due in 14 days"


def test_no_appointments_of_a_role_is_no_week():
    plan = Made().add("stage_2").add("treated_not_coded").planned(own("P1", 5))
    assert plan["wave"].tolist() == [1, pd.NA]
    assert plan["role"].tolist() == ["nurse", "clinician"]


def test_one_appointment_serves_all_lists_of_a_use_and_role():
    both = {"person": "a" * 32}
    made = Made().add("stage_1", **both).add("stage_1", cohort=f"{COHORT}_18_plus", **both).add("stage_1")
    assert made.planned(own("P1", 1))["wave"].tolist() == [1, 1, 2]
    clinician = made.add("treated_not_coded", **both)
    assert clinician.planned(own("P1", 1), own("P1", 1, "clinician"))["wave"].tolist() == [1, 1, 2, 1]


def test_shared_appointments_are_for_whom_their_own_practice_cannot_see_in_time():
    made = Made().add("stage_1", 4, practice="P1").add("stage_1", 4, practice="P2")
    plan = made.planned(own("P1", 4), shared(2))
    assert plan["seen_by"].tolist() == ["practice"] * 4 + ["pcn"] * 4
    assert plan["wave"].tolist() == [1] * 4 + [1, 1, 2, 2]


def test_who_has_a_shared_appointment_makes_room_at_the_practice():
    plan = Made().add("stage_2", 6).planned(own("P1", 1), shared(2))
    assert plan["seen_by"].tolist() == ["practice"] * 2 + ["pcn"] * 4, "due in 14 days: two weeks of the practice"
    assert plan["wave"].tolist() == [1, 2, 1, 1, 2, 2]


def test_nobody_takes_a_shared_appointment_later_than_their_own():
    made = Made().add("stage_2", 20, practice="P2").add("stage_2", 5, practice="P1")
    plan = made.planned(own("P1", 1), shared(2))
    mine = plan[plan["practice_code"] == "P1"]
    assert (mine.loc[mine["seen_by"] == "practice", "wave"] <= 5).all()
    assert (mine["wave"] <= [1, 2, 3, 4, 5]).all()


def test_shared_appointments_go_to_where_most_is_found():
    made = Made().add("not_measured", 5, practice="P1").add("stage_1", 5, practice="P2")
    plan = made.planned(shared(5))
    assert plan.groupby("practice_code")["wave"].unique().map(list).to_dict() == {"P1": [2], "P2": [1]}


@pytest.mark.parametrize("floor_percent", [0, 50, 100, 150])
def test_core20_has_its_share_of_every_wave_of_shared_appointments(floor_percent):
    """The others would find more: without a floor they would all come first."""
    made = Made().add("stage_1", 30).add("not_measured", 10, core20=True)
    plan = made.planned(shared(8), core20_floor_percent=floor_percent)
    is_core20 = plan["person_id"].map(made.core20)
    for week in range(1, 6):
        so_far = plan["wave"] <= week
        assert so_far.sum() == 8 * week
        least = min(10, math.floor(8 * week * 10 / 40 * floor_percent / 100))
        assert is_core20[so_far].sum() == max(least, 8 * week - 30)


def test_core20_may_have_more_than_its_share():
    made = Made().add("stage_1", 8, core20=True).add("not_measured", 24)
    plan = made.planned(shared(8))
    assert plan.loc[plan["wave"] == 1, "person_id"].map(made.core20).all()


def naive_shared_order(pool, floor_percent):
    """One after another: the most promising, unless Core20 would fall under its share."""
    core20, others = ([p for p in pool if p["core20"] == wanted] for wanted in (True, False))
    share = len(core20) * floor_percent, len(pool) * 100
    order = []
    for place in range(1, len(pool) + 1):
        taken = sum(p["core20"] for p in order)
        is_short = taken < place * share[0] // share[1]
        if core20 and (is_short or not others or core20[0]["by_share"] < others[0]["by_share"]):
            order.append(core20.pop(0))
        else:
            order.append((others or core20).pop(0))
    return order


@pytest.mark.parametrize("seed", range(5))
def test_every_turn_is_as_by_hand(seed):
    chance = random.Random(seed)
    made, names = Made(), ["stage_2", "stage_1_high_risk", "stage_1", "recheck", "not_measured"]
    for _ in range(150):
        practice = chance.choice(["P1", "P2", "P3", "P4"])
        pcn = "U2" if practice == "P4" else "U1"
        made.add(chance.choice(names), practice=practice, pcn=pcn, core20=chance.random() < 0.3)
    capacity = {"P1": 2, "P2": 5, "P4": 1}
    floor = chance.choice([0, 80, 100, 130])
    plan = made.planned(*(own(*c) for c in capacity.items()), shared(4), core20_floor_percent=floor)
    starts = week_starts(REFERENCE_DATE)
    people = []
    for entry in made.entries:
        key = (entry[1], entry[2], entry[7])
        due = REFERENCE_DATE + dt.timedelta(days=TIERS[key][1].due_days)
        facts = {"id": entry[0], "practice": entry[3], "pcn": entry[4], "due": due, "found": FOUND[key]}
        people.append(facts | {"position": entry[6], "core20": made.core20[entry[5]], "urgent": False})

    def at_practice(queue):
        for practice in {p["practice"] for p in queue}:
            waiting = [p for p in queue if p["practice"] == practice]
            for n, p in enumerate(sorted(waiting, key=lambda p: (p["due"], -p["found"], p["position"]))):
                week = n // capacity[practice] + 1 if practice in capacity else None
                yield p, week if week in starts else None

    alone = {p["id"]: week for p, week in at_practice(people)}
    pool = [p for p in people if p["pcn"] == "U1" and (alone[p["id"]] is None or starts[alone[p["id"]]] > p["due"])]
    for _ in range(2):
        pool.sort(key=lambda p: (-p["found"], p["due"], p["position"]))
        pool = [p | {"by_share": n} for n, p in enumerate(pool)]
        weeks = {p["id"]: n // 4 + 1 for n, p in enumerate(naive_shared_order(pool, floor))}
        pool = [p for p in pool if weeks[p["id"]] < (alone[p["id"]] or 99)]
    expected = {p["id"]: (weeks[p["id"]], "pcn") for p in pool if weeks[p["id"]] in starts}
    for p, week in at_practice([p for p in people if p["id"] not in expected]):
        expected[p["id"]] = (week, week and "practice")
    found = {r.entry_id: (None, None) if pd.isna(r.wave) else (int(r.wave), r.seen_by) for r in plan.itertuples()}
    assert found == expected
    assert {seen_by for _, seen_by in found.values()} == {"pcn", "practice", None}


def test_every_entry_has_one_turn_and_none_says_where_people_live():
    made = Made().add("stage_2", 30, core20=True).add("coding_review", 3, output="coding_review")
    plan = made.planned(own("P1", 3), shared(1))
    assert plan["entry_id"].tolist() == [entry[0] for entry in made.entries]
    assert not [name for name in plan.columns if "imd" in name or "core20" in name or "lsoa" in name]


def test_urgent_is_what_is_due_within_a_week():
    urgent = {tier.id for _, tier in TIERS.values() if tier.due_days <= URGENT_DAYS}
    assert {"severe_recent", "severe_unresolved", "maternity_immediate", "egfr_below_30"} <= urgent
    assert not {"stage_2", "confirmed_not_coded", "not_measured"} & urgent


def test_the_workload_counts_appointments_not_entries():
    both = {"person": "a" * 32}
    made = Made().add("stage_1", **both).add("stage_1", cohort=f"{COHORT}_18_plus", **both).add("stage_2", 20)
    made.add("severe_recent").add("treated_not_coded", 2)
    work = made.work(own("P1", 2), shared(1)).set_index("role")
    nurse, clinician = work.loc["nurse"], work.loc["clinician"]
    assert (nurse.people, nurse.urgent, nurse.weekly) == (21, 0, 2)
    assert nurse.planned + nurse.not_fitting == 21 and nurse.by_pcn == 6 and nurse.not_fitting == 3
    assert nurse.weeks_outstanding == math.ceil((21 - 6) / 2)
    assert nurse.expected_found == pytest.approx((70 + 20 * 85) / 100, abs=0.05) and nurse.stated == 21
    assert (clinician.people, clinician.urgent, clinician.not_fitting, clinician.stated) == (3, 1, 2, 1)
    assert pd.isna(clinician.weeks_outstanding)


def test_the_workload_is_said_in_words():
    work = Made().add("stage_2", 14).add("treated_not_coded").work(own("P1", 2))
    text = workload_text(work, expiry_date=dt.date(2026, 12, 12))
    clinician, nurse = text.split("\n")
    assert clinician == (
        "Clinician, 1 visit: 0 now, 0 planned, 1 without an appointment before 12 December. "
        "The practice states no appointments of its own for this role."
    )
    assert nurse == (
        "Nurse, 14 visits: 0 now, 12 planned, 8 of them after their due date, "
        "2 without an appointment before 12 December. At 2 appointments a week this is 7 weeks of work. "
        "About 12 of 14 are expected to have it."
    )
    assert workload_text(work.head(0), expiry_date=REFERENCE_DATE) == NOT_PLANNED


def test_the_weeks_of_a_list_count_every_entry_once_by_tier():
    made = (
        Made().add("severe_recent", 2).add("stage_2", 3).add("stage_1", 20).add("coding_review", output="coding_review")
    )
    made.add("stage_1", 4, cohort=f"{COHORT}_18_plus")
    entry, person, offers = made.tables([own("P1", 2), shared(1)])
    plan = list_wave(entry, person, offers, DEFINITIONS.values(), reference_date=REFERENCE_DATE)
    found = weeks(entry, plan, DEFINITIONS[COHORT], reference_date=REFERENCE_DATE)
    own_rows = plan.filter(plan.cohort_id == COHORT).to_pandas()

    assert found.by_tier.sum(axis=1)[lambda people: people > 0].to_dict() == {
        ("list", "severe_recent"): 2,
        ("list", "stage_2"): 3,
        ("list", "stage_1"): 20,
        ("coding_review", "coding_review"): 1,
    }
    assert found.by_tier[0].sum() == 2, "urgent ones are now"
    assert found.by_tier.loc[("list", "stage_2")].tolist()[:3] == [0, 2, 1], "in the order of due dates"
    assert found.by_tier[NOT_BEFORE_EXPIRY].sum() == own_rows["wave"].isna().sum() > 0
    assert found.shared.sum() == (own_rows["seen_by"] == "pcn").sum() > 0
    assert found.expected_found.sum() == pytest.approx(own_rows["found_percent"].sum() / 100)
    assert found.begins == week_starts(REFERENCE_DATE)


def test_a_turn_is_said_in_words():
    plan = Made().add("severe_recent").add("stage_2", 15).planned(own("P1", 2), shared(0))
    said = turns(plan)["turn"].tolist()
    assert said[0] == "Now: does not wait for an appointment"
    assert said[1] == "Week 1" and said[-1] == "No appointment before the list expires"
    plan = Made().add("stage_2").planned(shared(1))
    assert turns(plan)["turn"].tolist() == ["Week 1, shared appointment of the PCN"]

"""The default cohort, written a second time as plain loops over rows, agrees on every person.

`naive` follows the clinical definition and knows nothing of the definition language or of Ibis.
"""

import calendar
from collections import Counter
from collections.abc import Iterable
from datetime import date
from random import Random

import ibis
import pyarrow as pa
import pytest

from phm.cohorts.definition import load_definition
from phm.cohorts.evaluate import evaluate
from phm.cohorts.facts import HOLD, RISK, person_facts
from phm.cohorts.reasons import texts
from phm.feeds.contracts import load_contract
from tests.property.naive_reasons import reasons as naive_reasons
from tests.spec.cohorts.rows import ARROW, REFERENCE_DATE, days_ago, feature_table, person_id, random_rows

AVERAGES = ("home", "ambulatory")


def with_risk_and_holds(rows: list[dict], seed: int) -> list[dict]:
    """The people, most with a QRISK3 near the limit, one in five with an outcome of an earlier list."""
    random = Random(seed)
    for row in rows:
        row["qrisk3_pct"] = random.choice([None, 9.9, 10.0, 12.3])
        row["is_qrisk3_imputed"] = row["qrisk3_pct"] is not None and random.random() < 0.5
        row["qrisk3_explained"] = random.choice(["nothing imputed; raised most by BMI 31.0", "range 9.1 to 14.2%"])
        has_outcome = random.random() < 0.2
        row["latest_outcome_date"] = days_ago(random.choice([1, 7, 57, 366])) if has_outcome else None
        row["is_on_hold"] = has_outcome and random.random() < 0.7
    return rows


def everybody(seeds: Iterable[int], count: int) -> list[dict]:
    """`count` people of each seed, all with a pseudonym of their own."""
    rows = [row for seed in seeds for row in with_risk_and_holds(random_rows(seed, count), seed)]
    for number, row in enumerate(rows):
        row["person_id"] = person_id(number)
    return rows


def facts(definition, rows: list[dict]) -> ibis.Table:
    engine = ibis.duckdb.connect()
    feature = engine.create_table("person_feature", feature_table(rows))
    beside = []
    for name in (RISK, HOLD):
        schema = pa.schema([(column.name, ARROW[column.type]) for column in load_contract(name).columns])
        of_cohort = [{**row, "cohort_id": definition.id} for row in rows]
        beside.append(engine.create_table(name, pa.Table.from_pylist(of_cohort, schema=schema)))
    return person_facts(definition.id, feature, person_risk=beside[0], list_hold=beside[1])


def is_within_months(day: date | None, months: int) -> bool:
    if day is None:
        return False
    year, month0 = divmod(REFERENCE_DATE.year * 12 + REFERENCE_DATE.month - 1 - months, 12)
    last = calendar.monthrange(year, month0 + 1)[1]
    return day > date(year, month0 + 1, min(REFERENCE_DATE.day, last))


def reaches(systolic, diastolic, setting, clinic, average) -> bool:
    if systolic is None:
        return False
    limit = average if setting in AVERAGES else clinic
    return systolic >= limit[0] or diastolic >= limit[1]


def naive(row: dict, ages: tuple[int, int], ethnic_groups: tuple[str, ...]) -> tuple[str | None, str, str]:
    """(step, output, tier) of one person; step None outside the population, output and tier empty if none."""
    if not (row["is_registered"] and row["is_alive"] and ages[0] <= row["age"] <= ages[1]):
        return None, "", ""

    def latest(clinic, average):
        return reaches(row["latest_bp_systolic"], row["latest_bp_diastolic"], row["latest_bp_setting"], clinic, average)

    bp_day, assessed = row["latest_bp_date"], row["latest_bp_assessment_date"]
    severe = latest((180, 120), (170, 115)) and not (assessed is not None and assessed > bp_day)
    stage_1, stage_2 = latest((140, 90), (135, 85)), latest((160, 100), (150, 95))
    average_day = row["latest_average_date"]
    has_average = average_day is not None
    average_raised = has_average and (row["latest_average_systolic"] >= 135 or row["latest_average_diastolic"] >= 85)
    average_normal = has_average and not average_raised

    diagnosed, resolved = row["latest_hypertension_date"], row["latest_hypertension_resolved_date"]
    if diagnosed is not None and (resolved is None or resolved <= diagnosed):
        if resolved == diagnosed:
            return "on_hypertension_register", "coding_review", "coding_review"
        return "on_hypertension_register", "", ""
    if row["has_palliative_care"]:
        return "palliative_care", "", ""
    if row["is_pregnant"] or row["is_postpartum"]:
        step, maternity_day = "pregnant_or_postpartum", row["latest_maternity_bp_date"]
        if maternity_day is not None and (REFERENCE_DATE - maternity_day).days <= 56:
            systolic, diastolic = row["latest_maternity_bp_systolic"], row["latest_maternity_bp_diastolic"]
            if systolic >= 160 or diastolic >= 110:
                return step, "maternity_raised_bp", "maternity_immediate"
            if systolic >= 140 or diastolic >= 90:
                return step, "maternity_raised_bp", "maternity_same_day"
        if severe and (maternity_day is None or maternity_day <= bp_day):
            return step, "maternity_raised_bp", "severe_before_pregnancy"
        return step, "", ""
    raised_day, clinic_stage_2_day = row["first_clinic_raised_date"], row["latest_clinic_stage_2_date"]
    confirms = has_average and raised_day is not None and raised_day <= average_day
    if average_normal and confirms and is_within_months(average_day, 12):  # noqa: SIM102
        if clinic_stage_2_day is None or clinic_stage_2_day <= average_day:
            return "followed_up_normal", "", ""
    if not severe:
        white_coat = row["latest_white_coat_date"]
        if white_coat is not None:
            if average_raised and average_day > white_coat:
                return "white_coat", "white_coat_annual_check", "white_coat_average_raised"
            if average_normal and is_within_months(average_day, 12):
                return "white_coat", "", ""
            return "white_coat", "white_coat_annual_check", "white_coat_annual_check"
        asked = row["latest_bp_in_progress_date"]
        if asked is not None and (REFERENCE_DATE - asked).days <= 56:
            return "in_progress", "", ""
        stage_2_day = row["latest_stage_2_date"] or date.min
        if is_within_months(row["latest_bp_declined_date"], 12) and stage_2_day <= row["latest_bp_declined_date"]:
            return "declined", "", ""
        if row["is_on_hold"] and stage_2_day <= row["latest_outcome_date"]:
            return "on_hold", "", ""
    tier = naive_tier(row, severe, stage_1, stage_2, average_raised and confirms, average_normal, ethnic_groups)
    return (tier, "list", tier) if tier else ("no_tier", "", "")


def naive_tier(row, severe, stage_1, stage_2, confirmed, average_normal, ethnic_groups) -> str | None:
    bp_day, recent = row["latest_bp_date"], is_within_months(row["latest_bp_date"], 24)
    if severe:
        return "severe_recent" if (REFERENCE_DATE - bp_day).days <= 7 else "severe_unresolved"
    if confirmed and is_within_months(row["latest_average_date"], 24):
        return "confirmed_not_coded"
    other = ("ischaemic_heart_disease", "heart_failure", "atrial_fibrillation", "ckd", "stroke_tia", "migraine")
    has_other = any(row[f"has_{name}"] for name in (*other, "raynauds", "aortopathy"))
    has_other = has_other or (row["has_diabetes"] and row["has_albuminuria"])
    if row["bp_drug_issue_count_6m"] >= 1 and row["bp_drug_issue_count_12m"] >= 2 and not has_other:
        return "treated_not_coded"
    if stage_2 and recent:
        return "stage_2"
    risks = ("diabetes", "ckd", "organ_damage", "albuminuria", "heart_failure")
    risks += ("ischaemic_heart_disease", "stroke_tia", "peripheral_arterial_disease")
    high_risk = any(row[f"has_{name}"] for name in risks) or row["ethnicity_group"] in ethnic_groups
    high_risk = high_risk or (row["age"] < 80 and (row["qrisk3_pct"] or 0) >= 10)
    high_risk = high_risk or (row["egfr"] or 999) < 60 or (row["bmi"] or 0) >= 35
    if stage_1 and recent and high_risk:
        return "stage_1_high_risk"
    if stage_1 and not high_risk and row["age"] >= 80:
        values = (row["latest_bp_systolic"], row["latest_bp_diastolic"], row["latest_bp_setting"])
        stage_1 = reaches(*values, (150, 90), (145, 85))
    if stage_1 and recent:
        return "stage_1"
    stage_2_day, assessed = row["latest_stage_2_date"], row["latest_bp_assessment_date"]
    if bp_day is not None and not stage_1 and is_within_months(stage_2_day, 24):
        normal_since = average_normal and row["latest_average_date"] >= stage_2_day
        if not normal_since and not (assessed is not None and assessed > stage_2_day):
            return "recheck"
    if stage_1:
        return "stale_raised"
    if not is_within_months(bp_day, 60) and row["registered_months"] >= 12:
        return "not_measured"
    return None


@pytest.mark.parametrize(
    ("ages", "ethnic_groups"), [((30, 50), ("black",)), ((18, 120), ("black", "asian"))], ids=["30-50", "18+"]
)
def test_every_person_is_placed_as_by_hand(ages, ethnic_groups):
    definition = load_definition("possible_undiagnosed_hypertension").with_settings(
        {"min_age": ages[0], "max_age": ages[1], "high_risk_ethnic_groups": list(ethnic_groups)}
    )
    rows = everybody(range(4), 3000)
    result = evaluate(definition, facts(definition, rows), reference_date=REFERENCE_DATE)
    expected = {row["person_id"]: naive(row, ages, ethnic_groups) for row in rows}

    found = {row["person_id"]: (row["output"], row["tier"]) for row in result.member.to_pyarrow().to_pylist()}
    assert found == {person: (output, tier) for person, (_, output, tier) in expected.items() if output}

    practices = {row["person_id"]: row["practice_code"] for row in rows}
    counts = Counter((practices[person], step) for person, (step, _, _) in expected.items() if step)
    attrition = result.attrition.to_pyarrow().to_pylist()
    steps = {(row["practice_code"], row["step"]): row["person_count"] for row in attrition if row["step_order"]}
    assert {key: count for key, count in steps.items() if count} == counts


@pytest.mark.slow
def test_of_50000_people_every_tier_and_every_reason_is_as_by_hand():
    definition = load_definition("possible_undiagnosed_hypertension").with_settings({"min_age": 18, "max_age": 120})
    rows = everybody(range(100, 120), 2500)
    people = facts(definition, rows)
    member = evaluate(definition, people, reference_date=REFERENCE_DATE).member.cache()
    said = texts(definition, member, people, reference_date=REFERENCE_DATE).select("person_id", "reasons").to_pandas()
    reasons = dict(zip(said["person_id"], said["reasons"], strict=True))
    found = {row["person_id"]: (row["output"], row["tier"]) for row in member.to_pyarrow().to_pylist()}

    tiers = Counter()
    for row in rows:
        _, output, tier = naive(row, (18, 120), ("black",))
        assert found.get(row["person_id"], ("", "")) == (output, tier)
        if output:
            assert reasons[row["person_id"]] == naive_reasons(row, tier, ("black",))
            tiers[tier] += 1
    assert len(tiers) == 16, "every tier of every output"
    print(f"50,000 people, {tiers.total():,} entries: tiers and reasons are equal. {dict(tiers)}")


def test_in_every_practice_no_one_is_lost():
    definition = load_definition("possible_undiagnosed_hypertension")
    people = facts(definition, everybody(range(3), 2000))
    result = evaluate(definition, people, reference_date=REFERENCE_DATE)
    rows = result.attrition.order_by("practice_code", "step_order").to_pyarrow().to_pylist()
    for practice in {row["practice_code"] for row in rows}:
        population, *steps = [row for row in rows if row["practice_code"] == practice]
        assert population["step"] == "population"
        assert population["person_count"] == sum(step["person_count"] for step in steps) > 0
        remaining = population["person_count"]
        for step in steps:
            remaining -= step["person_count"]
            assert step["remaining_count"] == remaining
        assert remaining == 0
    listed = Counter(
        (row["practice_code"], row["tier"]) for row in result.member.to_pyarrow().to_pylist() if row["output"] == "list"
    )
    tiers = {(row["practice_code"], row["step"]): row["person_count"] for row in rows if row["kind"] == "tier"}
    assert listed == Counter({key: count for key, count in tiers.items() if count})

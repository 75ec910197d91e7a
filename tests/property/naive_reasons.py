"""The reasons a list gives, written a second time as plain sentences for one person at a time.

Knows nothing of the definition language: what each tier says follows `docs/definitions.md`.
"""

from datetime import date

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SETTINGS = {"home": "home average", "ambulatory": "ambulatory average", "acute_hospital": "hospital"}
AVERAGES = ("home", "ambulatory")


def day(value: date | None) -> str:
    return "not recorded" if value is None else f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:.1f}"


def reasons(row: dict, tier: str, ethnic_groups: tuple[str, ...]) -> str:
    """All reasons of one entry of any output, as a list prints them."""
    average = row["latest_bp_setting"] in AVERAGES
    said = list(_of_tier(row, tier, average, ethnic_groups))
    if tier not in OTHER_OUTPUTS:
        resolved = row["latest_hypertension_resolved_date"]
        uncoded = row["latest_hypertension_date"] is None
        said.append("no hypertension code" if uncoded else f"hypertension coded resolved {day(resolved)}")
    return "; ".join(said)


OTHER_OUTPUTS = (
    "coding_review", "maternity_immediate", "maternity_same_day", "severe_before_pregnancy",
    "white_coat_average_raised", "white_coat_annual_check",
)  # fmt: skip


def _reading(row: dict, prefix: str) -> str:
    setting = row.get(f"{prefix}_setting")
    return f"{row[f'{prefix}_systolic']}/{row[f'{prefix}_diastolic']} {SETTINGS.get(setting, setting)}"


def _latest(row: dict) -> str:
    return f"{_reading(row, 'latest_bp')} ({row['latest_bp_source']}), {day(row['latest_bp_date'])}"


def _average(row: dict) -> str:
    return f"{_reading(row, 'latest_average')}, {day(row['latest_average_date'])}, 135/85 or more"


def _of_tier(row: dict, tier: str, average: bool, ethnic_groups: tuple[str, ...]):
    if tier in ("severe_recent", "severe_unresolved"):
        yield _latest(row)
        yield "average 170/115 or more" if average else "180/120 or more"
        yield "no later reading or assessment"
    elif tier == "confirmed_not_coded":
        yield _average(row)
        yield f"clinic or hospital 140/90 or more, first on {day(row['first_clinic_raised_date'])}"
        if row["latest_bp_date"] is not None and row["latest_bp_date"] > row["latest_average_date"]:
            yield f"latest {_latest(row)}"
    elif tier == "treated_not_coded":
        times, last = row["bp_drug_issue_count_12m"], day(row["latest_bp_drug_date"])
        yield f"blood pressure medicine issued {times} times in 12 months, last {last}"
        yield "no other indication coded"
    elif tier == "stage_2":
        yield _latest(row)
        yield "stage 2 (average 150/95 or more)" if average else "stage 2 (160/100 or more)"
        limit = (170, 115) if average else (180, 120)
        if row["latest_bp_systolic"] >= limit[0] or row["latest_bp_diastolic"] >= limit[1]:
            yield f"severe, assessed by a clinician on {day(row['latest_bp_assessment_date'])}"
    elif tier == "stage_1_high_risk":
        yield _latest(row)
        yield "stage 1 (average 135/85 or more)" if average else "stage 1 (140/90 or more)"
        yield from _risks(row, ethnic_groups)
    elif tier == "stage_1":
        yield _latest(row)
        of_age = "" if row["age"] < 80 else " from age 80"
        limits = {("", True): "135/85", ("", False): "140/90", (" from age 80", True): "145/85"}
        limit = limits.get((of_age, average), "150/90")
        yield f"stage 1{of_age} ({'average ' if average else ''}{limit} or more)"
    elif tier == "recheck":
        yield f"{_reading(row, 'latest_stage_2')}, {day(row['latest_stage_2_date'])}, never followed up"
        yield f"latest {_latest(row)}"
    elif tier == "stale_raised":
        yield _latest(row)
        yield "raised, no reading in the last 24 months"
    elif tier == "not_measured":
        yield "no reading in the last 60 months"
        if row["latest_bp_date"] is not None:
            yield f"last {_reading(row, 'latest_bp')}, {day(row['latest_bp_date'])}"
    elif tier == "coding_review":
        yield f"hypertension coded and coded resolved on {day(row['latest_hypertension_date'])}"
    elif tier in ("maternity_immediate", "maternity_same_day", "severe_before_pregnancy"):
        if tier == "severe_before_pregnancy":
            yield _latest(row)
            yield "no later reading or assessment"
        else:
            pressure = f"{row['latest_maternity_bp_systolic']}/{row['latest_maternity_bp_diastolic']}"
            yield f"{pressure}, {day(row['latest_maternity_bp_date'])}"
            yield "160/110 or more" if tier == "maternity_immediate" else "140/90 or more"
        if row["is_pregnant"]:
            yield "pregnant"
        if row["is_postpartum"]:
            yield "within 8 weeks after delivery"
    else:
        yield f"white-coat hypertension coded {day(row['latest_white_coat_date'])}"
        if tier == "white_coat_average_raised":
            yield _average(row)
        else:
            yield "no normal home or ambulatory average in the last 12 months"
            if row["latest_bp_date"] is not None:
                yield f"latest {_latest(row)}"


def _risks(row: dict, ethnic_groups: tuple[str, ...]):
    if row["qrisk3_pct"] is not None and row["qrisk3_pct"] >= 10 and row["age"] < 80:
        yield f"QRISK3 {number(row['qrisk3_pct'])}% ({row['qrisk3_explained']})"
    if row["has_diabetes"]:
        yield "diabetes recorded"
    if row["has_ckd"]:
        yield "CKD recorded"
    if row["egfr"] is not None and row["egfr"] < 60:
        yield f"eGFR {number(row['egfr'])} ({day(row['egfr_date'])})"
    for name, words in (
        ("ischaemic_heart_disease", "ischaemic heart disease"),
        ("stroke_tia", "stroke or TIA"),
        ("peripheral_arterial_disease", "peripheral arterial disease"),
        ("heart_failure", "heart failure"),
        ("organ_damage", "organ damage"),
        ("albuminuria", "albuminuria"),
    ):
        if row[f"has_{name}"]:
            yield f"{words} recorded"
    if row["ethnicity_group"] in ethnic_groups:
        yield f"ethnic group {row['ethnicity_group']}"
    if row["bmi"] is not None and row["bmi"] >= 35:
        yield f"BMI {number(row['bmi'])} ({day(row['bmi_date'])})"

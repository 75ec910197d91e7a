"""Who is on the default list, worked out a second time: dictionaries and loops over the delivered files.

Written from the clinical definition (docs/definitions.md) and the meanings in contracts/person_feature.odcs.yaml, not
from the code that the pipeline runs; nothing is imported from phm. Slow and plain on purpose.
"""

import calendar
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from tests.pipeline.naive_people import CLINIC, THRESHOLDS, Person, Reading

AGES = range(30, 51)
BP_DRUGS = {"ace_inhibitor", "arb", "dihydropyridine_ccb", "thiazide_like"}
OTHER_INDICATIONS = (
    "ischaemic_heart_disease", "heart_failure", "atrial_fibrillation", "ckd", "stroke_tia", "migraine", "raynauds",
    "aortopathy",
)  # fmt: skip
CVD = ("ischaemic_heart_disease", "stroke_tia", "heart_failure", "peripheral_arterial_disease")


@dataclass(frozen=True)
class Outcome:
    """Where one person ends: `kind` and `step` of the attrition, and the outputs with their tiers."""

    kind: str
    step: str
    outputs: dict[str, str]


def attrition(everyone: dict[str, Person], reference_date: date) -> tuple[Counter, dict[str, dict[str, str]]]:
    """Counts by (practice, kind, step), and the outputs of each person who has any with their tiers."""
    counts: Counter = Counter()
    outputs: dict[str, dict[str, str]] = {}
    for nhs_number, person in everyone.items():
        if not _is_in_population(person, reference_date):
            continue
        counts[person.practice_code, "population", "population"] += 1
        outcome = _outcome(person, reference_date)
        counts[person.practice_code, outcome.kind, outcome.step] += 1
        if outcome.outputs:
            outputs[nhs_number] = outcome.outputs
    return counts, outputs


def _is_in_population(person: Person, reference_date: date) -> bool:
    row = person.registration
    is_registered = row["deregistration_date"] is None or row["deregistration_date"] > reference_date
    is_alive = row["death_date"] is None or row["death_date"] > reference_date
    return is_registered and is_alive and _months_between(row["date_of_birth"], reference_date) // 12 in AGES


def _outcome(person: Person, today: date) -> Outcome:
    """The exclusion or tier of the definition that takes the person, in the order the definition gives."""
    maternal = [r for r in person.readings if r.setting == "maternity" or _is_maternal(person, r.day)]
    daily = _lowest_of_the_day([r for r in person.readings if r not in maternal])
    last = _deciding(daily)
    average = _deciding([r for r in daily if r.is_average])
    raised_in_clinic = [r.day for r in daily if not r.is_average and r.reaches("raised")]
    assessed = person.latest("bp_assessment")
    is_severe = bool(last) and last.reaches("severe") and not (assessed and assessed > last.day)

    diagnosed, resolved = person.latest("hypertension"), person.latest("hypertension_resolved")
    if diagnosed and not (resolved and resolved > diagnosed):
        output = {"coding_review": "coding_review"} if resolved == diagnosed else {}
        return Outcome("exclusion", "on_hypertension_register", output)
    if person.has("palliative_care"):
        return Outcome("exclusion", "palliative_care", {})
    if _is_pregnant(person, today) or _is_postpartum(person, today):
        output = _maternity_output(maternal, last if is_severe else None, today)
        return Outcome("exclusion", "pregnant_or_postpartum", output)
    if average and not average.reaches("raised") and average.day > _months_before(today, 12):
        answers_raised = bool(raised_in_clinic) and average.day >= min(raised_in_clinic)
        stage_2_after = any(not r.is_average and r.reaches("stage_2") and r.day > average.day for r in daily)
        if answers_raised and not stage_2_after:
            return Outcome("exclusion", "followed_up_normal", {})
    if not is_severe:
        white_coat = person.latest("white_coat_hypertension")
        if white_coat:
            return Outcome("exclusion", "white_coat", _white_coat_output(white_coat, average, today))
        asked = person.latest("bp_in_progress")
        if asked and (today - asked).days <= 56:
            return Outcome("exclusion", "in_progress", {})
        declined = person.latest("bp_declined")
        stage_2 = max((r.day for r in daily if r.reaches("stage_2")), default=date.min)
        if declined and declined > _months_before(today, 12) and stage_2 <= declined:
            return Outcome("exclusion", "declined", {})

    tier = _tier(person, daily, last, average, raised_in_clinic, is_severe, assessed, today)
    return Outcome("tier", tier, {"list": tier}) if tier else Outcome("no_tier", "no_tier", {})


def _tier(
    person: Person,
    daily: list[Reading],
    last: Reading | None,
    average: Reading | None,
    raised_in_clinic: list[date],
    is_severe: bool,
    assessed: date | None,
    today: date,
) -> str | None:
    is_recent = bool(last) and last.day > _months_before(today, 24)
    if is_severe:
        return "severe_recent" if (today - last.day).days <= 7 else "severe_unresolved"
    is_raised = is_recent and last.reaches("raised")
    is_confirmed = average and average.reaches("raised") and average.day > _months_before(today, 24)
    if is_confirmed and raised_in_clinic and min(raised_in_clinic) <= average.day:
        return "confirmed_not_coded"
    if _is_treated(person, today):
        return "treated_not_coded"
    if is_recent and last.reaches("stage_2"):
        return "stage_2"
    if is_raised:
        return "stage_1_high_risk" if _is_high_risk(person) else "stage_1"
    if last and not last.reaches("raised"):
        unanswered = max((r.day for r in daily if r.reaches("stage_2")), default=None)
        if unanswered and unanswered > _months_before(today, 24):
            is_normal_since = average and not average.reaches("raised") and average.day >= unanswered
            if not is_normal_since and not (assessed and assessed > unanswered):
                return "recheck"
    if last and last.reaches("raised"):
        return "stale_raised"
    is_measured = bool(last) and last.day > _months_before(today, 60)
    if not is_measured and _months_between(person.registration["registration_date"], today) >= 12:
        return "not_measured"
    return None


def _is_treated(person: Person, today: date) -> bool:
    issued = [day for drug in BP_DRUGS for day in person.days[drug]]
    in_6 = sum(day > _months_before(today, 6) for day in issued)
    in_12 = sum(day > _months_before(today, 12) for day in issued)
    has_other_indication = person.has(*OTHER_INDICATIONS) or (_has_diabetes(person) and _has_albuminuria(person))
    return in_6 >= 1 and in_12 >= 2 and not has_other_indication


def _is_high_risk(person: Person) -> bool:
    egfr, bmi = person.latest_value("egfr"), person.latest_value("bmi")
    return (
        _has_diabetes(person)
        or _has_albuminuria(person)
        or person.has("ckd", "organ_damage", *CVD)
        or (egfr is not None and egfr < 60)
        or (bmi is not None and bmi >= 35)
        or (person.qrisk3_pct is not None and person.qrisk3_pct >= 10)  # under 80, as everybody in this age band
        or person.registration["ethnicity_code"] in ("M", "N", "P")
    )


def _has_diabetes(person: Person) -> bool:
    diagnosed, resolved = person.latest("diabetes"), person.latest("diabetes_resolved")
    return diagnosed is not None and not (resolved is not None and resolved > diagnosed)


def _has_albuminuria(person: Person) -> bool:
    acr = person.latest_value("acr")
    return person.has("albuminuria") or (acr is not None and acr >= 3)


def _is_pregnant(person: Person, day: date) -> bool:
    """A pregnancy code in the 280 days before, and no delivery since."""
    return any(
        0 <= (day - coded).days <= 280 and not any(coded <= end <= day for end in person.days["delivery"])
        for coded in person.days["pregnancy"]
    )


def _is_postpartum(person: Person, day: date) -> bool:
    return any(0 <= (day - end).days <= 56 for end in person.days["delivery"])


def _is_maternal(person: Person, day: date) -> bool:
    return _is_pregnant(person, day) or _is_postpartum(person, day)


def _maternity_output(maternal: list[Reading], severe_before: Reading | None, today: date) -> dict[str, str]:
    day = max((r.day for r in maternal), default=None)
    if day and (today - day).days <= 56:
        of_day = [r for r in maternal if r.day == day]
        if any(r.systolic >= 160 or r.diastolic >= 110 for r in of_day):
            return {"maternity_raised_bp": "maternity_immediate"}
        if any(r.systolic >= 140 or r.diastolic >= 90 for r in of_day):
            return {"maternity_raised_bp": "maternity_same_day"}
    if severe_before and (day is None or day <= severe_before.day):
        return {"maternity_raised_bp": "severe_before_pregnancy"}
    return {}


def _white_coat_output(coded: date, average: Reading | None, today: date) -> dict[str, str]:
    if average and average.reaches("raised") and average.day > coded:
        return {"white_coat_annual_check": "white_coat_average_raised"}
    if average and not average.reaches("raised") and average.day > _months_before(today, 12):
        return {}
    return {"white_coat_annual_check": "white_coat_annual_check"}


def _lowest_of_the_day(readings: Iterable[Reading]) -> list[Reading]:
    days = defaultdict(list)
    for reading in readings:
        days[reading.day, reading.setting].append(reading)
    return [min(same, key=lambda r: (r.systolic, r.diastolic)) for same in days.values()]


def _deciding(daily: list[Reading]) -> Reading | None:
    """Of the latest day the most raised by its own thresholds; then ambulatory, home, clinic, acute hospital."""
    order = list(THRESHOLDS)
    return max(
        daily,
        key=lambda r: (r.day, sum(r.reaches(stage) for stage in CLINIC), -order.index(r.setting)),
        default=None,
    )


def _months_before(day: date, months: int) -> date:
    year, month0 = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month0 + 1, min(day.day, calendar.monthrange(year, month0 + 1)[1]))


def _months_between(start: date, end: date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)

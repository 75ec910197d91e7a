"""What QRISK3 is given: who gets a score, and what stands in for what a record does not say.

Belongs here: rules that the formula leaves to its users. Sources disagree on them, so each is a setting of `Rules`
with its source; docs/risk.md has them as a table. The formula is in `qrisk3`.
"""

from dataclasses import dataclass, field
from datetime import date

import ibis
import ibis.expr.types as ir

from phm.expressions import months_before
from phm.risk.qrisk3 import AGES, SEXES, model

NOT_STATED = ("Z", "99")
ETHNICITIES = {
    1: ("A", "B", "C", *NOT_STATED),
    2: ("H",),
    3: ("J",),
    4: ("K",),
    5: ("L",),
    6: ("M",),
    7: ("N",),
    8: ("R",),
    9: ("D", "E", "F", "G", "P", "S"),
}
"""QRISK3's nine groups by NHS ethnic category 2001. White or not stated is one group; mixed and other Black are in
'other'. As in ClinRisk's own software and the CPRD programs of Herrett and others (qrisk_cprd_aurum)."""

SMOKES = {"light": 2, "moderate": 3, "heavy": 4}

STEADY = 0.0
"""Standard deviation of systolic pressure where fewer than two readings are known, as in ClinRisk's own software."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Settings of the score. `local` ones have no published source and are for clinical sign-off."""

    measured_within_months: int = 60
    """How old a blood pressure, BMI or cholesterol ratio may be (local; QRISK3's own variation looks 5 years back)."""
    limits: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "bmi": (20.0, 40.0),
            "cholesterol_ratio": (1.0, 12.0),
            "systolic": (70.0, 210.0),
            "townsend": (-8.0, 12.0),
        }
    )
    """Values beyond are taken for the nearer limit: ClinRisk's own software. Others use a BMI of 15 to 50 or none."""
    unknown: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "bmi": (20.0, 36.0),
            "cholesterol_ratio": (2.2, 6.5),
            "systolic": (105.0, 160.0),
            "systolic_sd": (0.0, 18.0),
            "townsend": (-5.0, 8.0),
        }
    )
    """What a value that is not known lies between for most adults: bounds of the range of a score (local)."""
    smoking_intensity: str = "moderate"
    """Taken for a smoker whose number of cigarettes is not known: the middle one (local)."""
    townsend_by_imd_decile: tuple[float, ...] = (4.7, 2.8, 1.8, 1.0, 0.3, -0.3, -1.0, -1.8, -2.8, -4.7)
    """Townsend score by national IMD decile, most deprived first: 2.7 times the mean of each tenth of the standard
    normal distribution (local; no published table was found: a site with Townsend scores by LSOA sets its own)."""
    exclude_high_risk_conditions: bool = True
    """Whether people with type 1 diabetes, eGFR below 60 or albuminuria, or familial hypercholesterolaemia get no
    score: their risk is high whatever it says. NICE NG238; QRISK3 itself takes type 1 diabetes and CKD as inputs."""


def why_not_computed(person: ir.Table, /, *, rules: Rules) -> ir.StringColumn:
    """Why a person of `person_feature` gets no score, the first reason that holds; empty where they get one."""
    existing = [
        person[f"has_{name}"] for name in ("ischaemic_heart_disease", "stroke_tia", "peripheral_arterial_disease")
    ]
    reasons = [
        (existing[0] | existing[1] | existing[2], "existing_cvd"),
        (person.has_statin, "statin"),
        (~person.age.between(*AGES), "age_outside_25_84"),
        (~person.sex.isin(list(SEXES)), "sex_not_known"),
    ]
    if rules.exclude_high_risk_conditions:
        kidney = person.has_ckd | person.has_albuminuria | (person.egfr < 60).fill_null(False)
        reasons += [
            (_type_1(person), "type_1_diabetes"),
            (kidney, "kidney_disease"),
            (person.has_familial_hypercholesterolaemia, "familial_hypercholesterolaemia"),
        ]
    return ibis.cases(*reasons)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Inputs of the score by name, as expressions over people, and which of them were not known."""

    values: dict[str, ir.Value]
    is_imputed: dict[str, ir.BooleanValue]


def inputs(person: ir.Table, /, *, reference_date: date, rules: Rules) -> Inputs:
    """What the score of each person of `person_feature` is computed from, people of the formula's sexes.

    A blood pressure, BMI or cholesterol ratio that is not known is the formula's centre: its mean over the people the
    formula was made from.
    """
    oldest = months_before(reference_date, rules.measured_within_months)

    def recent(value: ir.FloatingColumn | ir.IntegerColumn, day: ir.DateColumn) -> ir.FloatingColumn:
        return ibis.ifelse(day > oldest, value.cast("float64"), ibis.null("float64"))

    def mean(measurement: str) -> ir.FloatingValue:
        return person.sex.cases(*((sex, model(sex).mean(measurement)) for sex in SEXES))

    ratio = recent(person.cholesterol_ratio, person.cholesterol_ratio_date)
    known = {
        "bmi": (recent(person.bmi, person.bmi_date), mean("bmi")),
        "cholesterol_ratio": (ratio, mean("cholesterol_ratio")),
        "systolic": (recent(person.latest_bp_systolic, person.latest_bp_date), mean("systolic")),
        "systolic_sd": (person.systolic_sd_5y, STEADY),
        "townsend": (_townsend(person.imd_decile, rules), 0.0),
    }
    measured = {name: value.fill_null(instead) for name, (value, instead) in known.items()}
    smokes = person.smoking_status == "current"
    intensity = ibis.cases(
        *((person.smoking_intensity == name, level) for name, level in SMOKES.items()),
        else_=SMOKES[rules.smoking_intensity],
    )
    groups = ((person.ethnicity_code.isin(codes), group) for group, codes in ETHNICITIES.items())
    return Inputs(
        values={
            "age": person.age,
            "ethnicity": ibis.cases(*groups, else_=1),
            "smoking": ibis.cases((smokes, intensity), (person.smoking_status == "ex", 1), else_=0),
            **measured,
            **{name: measured[name].clip(*limits) for name, limits in rules.limits.items()},
            **_conditions(person),
        },
        is_imputed={
            **{name: value.isnull() for name, (value, _) in known.items()},
            "ethnicity": person.ethnicity_code.isnull() | person.ethnicity_code.isin(NOT_STATED),
            "smoking": person.smoking_status == "unknown",
            "smoking_intensity": smokes & (person.smoking_intensity == "unknown"),
        },
    )


def _townsend(imd_decile: ir.IntegerColumn, rules: Rules) -> ir.FloatingColumn:
    scores = enumerate(rules.townsend_by_imd_decile, 1)
    return ibis.cases(*((imd_decile == decile, score) for decile, score in scores))


def _conditions(person: ir.Table) -> dict[str, ir.BooleanValue]:
    """Conditions as QRISK3 counts them."""
    type_1 = _type_1(person)
    return {
        "has_atrial_fibrillation": person.has_atrial_fibrillation,
        "has_atypical_antipsychotic": person.has_regular_atypical_antipsychotic,
        "has_corticosteroid": person.has_regular_corticosteroid,
        "has_erectile_dysfunction": person.has_erectile_dysfunction,
        "has_migraine": person.has_migraine,
        "has_rheumatoid_arthritis": person.has_rheumatoid_arthritis,
        "has_ckd": person.has_ckd,
        "has_severe_mental_illness": person.has_severe_mental_illness,
        "has_systemic_lupus": person.has_systemic_lupus,
        # A diagnosis and treatment: QRISK3 counts both together only.
        "has_treated_hypertension": person.has_hypertension & (person.bp_drug_issue_count_6m > 0),
        "has_type_1_diabetes": type_1,
        # Diabetes of a type not said is type 2, as it is in nine of ten people.
        "has_type_2_diabetes": person.has_diabetes & ~type_1,
        "has_family_history_premature_chd": person.has_family_history_premature_chd,
    }


def _type_1(person: ir.Table) -> ir.BooleanValue:
    return person.has_diabetes & person.has_type_1_diabetes

"""QRISK3 in words: compared with a healthy person like them, what raised it, and what was not known.

Belongs here: everything said about a score besides the score. The comparison is that of the calculator at qrisk.org:
relative risk, healthy heart age and the healthy person they refer to are its own.
"""

from collections.abc import Mapping
from functools import cache, reduce
from operator import add, or_

import ibis
from ibis.expr.types import FloatingValue, IntegerValue, StringValue, Table, Value

from phm.risk.qrisk3 import AGES, CONDITIONS, INPUTS, Model, contributions, model, score
from phm.risk.qrisk3_inputs import ETHNICITIES, SMOKES, STEADY, Inputs, Rules

HEALTHY = {
    "smoking": 0,
    "bmi": 25.0,
    "cholesterol_ratio": 4.0,
    "systolic": 125.0,
    "systolic_sd": STEADY,
    "townsend": 0.0,
    **dict.fromkeys(CONDITIONS, False),
}
"""A healthy person: no clinical factor, a cholesterol ratio of 4, a stable systolic pressure of 125, a BMI of 25."""

IMPUTED = {
    "systolic": "systolic blood pressure",
    "systolic_sd": "variation of blood pressure",
    "cholesterol_ratio": "cholesterol ratio",
    "bmi": "BMI",
    "smoking": "smoking status",
    "smoking_intensity": "cigarettes a day",
    "ethnicity": "ethnicity",
    "townsend": "deprivation",
}
"""What lists call an input that was not known, in the order they name them."""

RAISED_FROM = 0.05
"""Smallest addition to the log hazard worth naming: a hazard 5% higher (local)."""

UNNAMED = "a factor not named on lists"
"""What lists say in place of deprivation, mental and sexual health: these stay in the record."""

WORDS = {
    "has_atrial_fibrillation": "atrial fibrillation",
    "has_corticosteroid": "regular oral steroids",
    "has_migraine": "migraine",
    "has_rheumatoid_arthritis": "rheumatoid arthritis",
    "has_ckd": "chronic kidney disease stage 3 to 5",
    "has_systemic_lupus": "systemic lupus erythematosus",
    "has_treated_hypertension": "treated hypertension",
    "has_type_1_diabetes": "type 1 diabetes",
    "has_type_2_diabetes": "diabetes",
    "has_family_history_premature_chd": "family history of premature coronary heart disease",
    "systolic_sd": "blood pressure that varies between visits",
}
SMOKING_WORDS = {1: "ex-smoker", 2: "smokes under 10 a day", 3: "smokes 10 to 19 a day", 4: "smokes 20 or more a day"}

REASONS = 3
"""How many things that raised a score are named."""


def explained(people: Table, formula: Model, /, *, rules: Rules) -> dict[str, Value]:
    """The QRISK3 columns of `person_risk` but the reason for no score, of people all of the formula's sex.

    `people` has what `with_contributions` adds: ages, levels, what each factor adds and what was not known.
    """
    own = {name: people[f"{name}_adds"] for name in INPUTS}
    above = {name: people[f"{name}_above"] for name in INPUTS if name not in ("age", "ethnicity")}
    exact, compared = score(formula, own), people.q_compared
    lower, upper = (score(formula, bound) for bound in _bounds(formula, people, own, rules))
    is_imputed = {name: people[f"{name}_is_imputed"] for name in IMPUTED}
    words = [ibis.ifelse(unknown, IMPUTED[name], ibis.null("string")) for name, unknown in is_imputed.items()]
    return {
        "qrisk3_pct": exact.round(1),
        "qrisk3_lower_pct": lower.round(1),
        "qrisk3_upper_pct": upper.round(1),
        "is_qrisk3_imputed": reduce(or_, is_imputed.values()),
        "qrisk3_imputed": ibis.literal(", ").join(words).nullif(""),
        "qrisk3_comparison_pct": compared.round(1),
        "qrisk3_relative_risk": (exact / compared).round(1),
        "qrisk3_heart_age": _heart_age(formula, reduce(add, own.values()) - own["ethnicity"]),
        **_raised_by(people, above),
    }


def with_contributions(people: Table, formula: Model, given: Inputs, /) -> Table:
    """What `explained` asks of people: one row is one person, all of the formula's sex.

    Their `q_age`, `q_ethnicity` and `q_smoking`, what each factor adds to the log hazard (`<factor>_adds`) and how much
    of it is more than a healthy person's (`<factor>_above`), the healthy person's score (`q_compared`), whether each
    input was not known (`<input>_is_imputed`), and the values lists name.
    """
    own = contributions(formula, given.values)
    healthy = contributions(formula, given.values | _literals(HEALTHY))
    return people.select(
        "person_id",
        "sex",
        "latest_bp_systolic",
        "bmi",
        "cholesterol_ratio",
        **{f"q_{name}": given.values[name] for name in ("age", "ethnicity", "smoking")},
        q_compared=score(formula, healthy),
        **{f"{name}_adds": adds for name, adds in own.items()},
        **{f"{name}_above": adds - healthy[name] for name, adds in own.items()},
        **{f"{name}_is_imputed": unknown for name, unknown in given.is_imputed.items()},
    )


def _bounds(
    formula: Model, people: Table, own: Mapping[str, FloatingValue], rules: Rules
) -> list[dict[str, FloatingValue]]:
    """Contributions where each input that was not known has its most, then its least favourable plausible value."""

    def at(**values: float) -> dict[str, FloatingValue]:
        """What each factor would add at the person's age, those named with these values."""
        return contributions(formula, _literals(HEALTHY | {"ethnicity": 1} | values) | {"age": people.q_age})

    ends = [at(**{name: limits[end] for name, limits in rules.unknown.items()}) for end in (0, 1)]
    plausible = {name: (people[f"{name}_is_imputed"], [end[name] for end in ends]) for name in rules.unknown}
    groups = [at(ethnicity=group)["ethnicity"] for group in ETHNICITIES]
    plausible["ethnicity"] = (people.ethnicity_is_imputed, groups)
    smoking = [at(smoking=level)["smoking"] for level in range(5)]
    bounds = []
    for extreme in (ibis.least, ibis.greatest):
        bound = dict(own)
        for name, (unknown, adds) in plausible.items():
            bound[name] = ibis.ifelse(unknown, extreme(own[name], *adds), own[name])
        bound["smoking"] = ibis.cases(
            (people.smoking_is_imputed, extreme(*smoking)),
            (people.smoking_intensity_is_imputed, extreme(*smoking[SMOKES["light"] :])),
            else_=own["smoking"],
        )
        bounds.append(bound)
    return bounds


def _heart_age(formula: Model, log_hazard: FloatingValue) -> IntegerValue:
    """Youngest age at which a healthy person's log hazard is above this one, both without their ethnic group."""
    above = ((log_hazard < healthy, age) for age, healthy in _healthy_log_hazards(formula.sex).items())
    return ibis.cases(*above, else_=AGES[1] + 1).cast("int64")


@cache
def _healthy_log_hazards(sex: str) -> dict[int, float]:
    """Log hazard of a healthy white person by age."""
    ages = ibis.memtable({"age": range(AGES[0], AGES[1] + 1)}).mutate(**_literals(HEALTHY), ethnicity=1)
    total = reduce(add, contributions(model(sex), ages).values())
    found = ages.select("age", total=total).to_pyarrow()
    return dict(zip(found["age"].to_pylist(), found["total"].to_pylist(), strict=True))


def _raised_by(people: Table, above: Mapping[str, FloatingValue]) -> dict[str, StringValue]:
    """What added most to the log hazard compared with the healthy person, in words; what was not known is left out.

    Additions are ordered as whole numbers that end in the factor's place, so that ties break alike on every engine;
    -1, which names no factor, stands for one that is not named.
    """
    names = list(above)
    keys = []
    for place, name in enumerate(names):
        column = f"{name}_is_imputed"
        is_named = above[name] >= RAISED_FROM
        if column in people.columns:
            is_named &= ~people[column]
        key = (above[name] * 10_000).round().cast("int64") * 100 + place
        keys.append(ibis.ifelse(is_named, key, -1))
    words = _words(people)
    ordered = ibis.array(keys).sort()
    said = {}
    for number in range(1, REASONS + 1):
        place = ordered[len(names) - number] % 100
        named = ((at, words.get(name, ibis.literal(UNNAMED))) for at, name in enumerate(names))
        said[f"qrisk3_raised_by_{number}"] = place.cases(*named)
    return said


def _words(people: Table) -> dict[str, StringValue]:
    """What lists say of each factor they may name, with the value recorded."""
    levels = ibis.cases(*((people.q_smoking == level, words) for level, words in SMOKING_WORDS.items()))
    return {
        **{name: ibis.literal(words) for name, words in WORDS.items()},
        "smoking": ibis.ifelse(people.smoking_intensity_is_imputed, "smokes", levels),
        "systolic": ibis.literal("systolic blood pressure ") + people.latest_bp_systolic.cast("string"),
        "bmi": ibis.literal("BMI ") + people.bmi.round(1).cast("string"),
        "cholesterol_ratio": ibis.literal("cholesterol ratio ") + people.cholesterol_ratio.round(1).cast("string"),
    }


def _literals(values: Mapping[str, float]) -> dict[str, Value]:
    return {name: ibis.literal(value) for name, value in values.items()}

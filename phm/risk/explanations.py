"""QRISK3 in words: compared with a healthy person like them, what raised it, and what was not known.

Belongs here: everything said about a score besides the score. The comparison is that of the calculator at qrisk.org:
relative risk, healthy heart age and the healthy person they refer to are its own.
"""

from collections.abc import Callable
from functools import cache, reduce
from operator import add, or_

import ibis
from ibis.expr.types import FloatingValue, IntegerValue, StringValue, Table, Value

from phm.risk import qrisk3 as formula
from phm.risk.qrisk3 import AGES, CONDITIONS, INPUTS, LEVELS, SEXES, contribution, contributions, score
from phm.risk.qrisk3_inputs import SMOKES, STEADY, Inputs, Rules

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

COMPARED = tuple(name for name in INPUTS if name in HEALTHY)
"""Inputs a person is compared with the healthy one by: who they are (age, ethnic group) is not held against anybody."""
RECORDED = ("latest_bp_systolic", "bmi", "cholesterol_ratio")
"""Columns of `person_feature` whose values lists name."""


def given(person: Table, known: Inputs, /) -> Table:
    """What the score is computed from: one row is one person with a score.

    Each input (`q_<input>`), whether it was not known (`<input>_is_imputed`), and what lists name with its value.
    """
    return person.select(
        "person_id",
        "sex",
        "age",
        *RECORDED,
        **{f"q_{name}": value for name, value in known.values.items()},
        **{f"{name}_is_imputed": unknown for name, unknown in known.is_imputed.items()},
    )


def with_contributions(given_inputs: Table, /, *, rules: Rules) -> Table:
    """Rows of `given` with what `explained` asks for besides.

    What each factor adds to the log hazard (`<factor>_adds`), how much of it is more than a healthy person's
    (`<factor>_above`), the least and the most that an input plausibly adds if it was not known (`<input>_least` and
    `<input>_most`), and the healthy person's score (`q_compared`).
    """
    person = formula.with_slopes(given_inputs, prefix="q_")
    own = contributions(person, {name: person[f"q_{name}"] for name in INPUTS})
    # What a healthy person has none of adds nothing to their hazard.
    healthy = {name: contribution(person, name, ibis.literal(value)) for name, value in HEALTHY.items() if value}
    plausible = _plausible(person, rules)
    return person.mutate(
        q_compared=score(person, [own["age"], own["ethnicity"], *healthy.values()]),
        **{f"{name}_adds": adds for name, adds in own.items()},
        **{f"{name}_above": own[name] - healthy[name] if name in healthy else own[name] for name in COMPARED},
        **{f"{name}_least": ibis.least(*adds) for name, adds in plausible.items()},
        **{f"{name}_most": ibis.greatest(*adds) for name, adds in plausible.items()},
    )


def explained(person: Table, /) -> dict[str, Value]:
    """The QRISK3 columns of `person_risk` but the reason for no score; `person` is made by `with_contributions`."""
    own = {name: person[f"{name}_adds"] for name in INPUTS}
    exact, compared = score(person, own.values()), person.q_compared
    is_imputed = {name: person[f"{name}_is_imputed"] for name in IMPUTED}
    words = [ibis.ifelse(unknown, IMPUTED[name], ibis.null("string")) for name, unknown in is_imputed.items()]
    return {
        "qrisk3_pct": exact.round(1),
        "qrisk3_lower_pct": score(person, _bound(person, ibis.least, "least")).round(1),
        "qrisk3_upper_pct": score(person, _bound(person, ibis.greatest, "most")).round(1),
        "is_qrisk3_imputed": reduce(or_, is_imputed.values()),
        "qrisk3_imputed": ibis.literal(", ").join(words).nullif(""),
        "qrisk3_comparison_pct": compared.round(1),
        "qrisk3_relative_risk": (exact / compared).round(1),
        "qrisk3_heart_age": _heart_age(person, reduce(add, (own[name] for name in INPUTS if name != "ethnicity"))),
        **_raised_by(person),
    }


def in_words(scored: Table, /) -> StringValue:
    """Range and reasons of a score as lists say them beside it; `scored` has the columns of `explained`."""
    ends = (scored[f"qrisk3_{end}_pct"].cast("string") for end in ("lower", "upper"))
    bounds = ibis.literal("range ") + ibis.literal(" to ").join(list(ends)) + "%, imputed: " + scored.qrisk3_imputed
    raised = ibis.literal(", ").join([scored[f"qrisk3_raised_by_{number}"] for number in range(1, REASONS + 1)])
    reasons = ibis.literal("raised most by ") + raised.nullif("")
    return ibis.coalesce(bounds, "nothing imputed") + "; " + ibis.coalesce(reasons, "raised by nothing recorded")


def _plausible(person: Table, rules: Rules) -> dict[str, list[FloatingValue]]:
    """What each input would add at the ends of what it plausibly is where it was not known."""
    ends = {
        name: [contribution(person, name, ibis.literal(limit)) for limit in limits]
        for name, limits in rules.unknown.items()
    }
    levels = {name: [person[f"per_{name}_{level}"] for level in LEVELS[name]] for name in LEVELS}
    return ends | levels | {"smoking_intensity": levels["smoking"][SMOKES["light"] :]}


def _bound(person: Table, extreme: Callable[..., FloatingValue], end: str) -> list[FloatingValue]:
    """Contributions where each input that was not known has its most or its least favourable plausible value."""
    bound = []
    for name in INPUTS:
        own = adds = person[f"{name}_adds"]
        for unknown in (name, "smoking_intensity") if name == "smoking" else (name,):
            if f"{unknown}_{end}" in person.columns:
                reached = extreme(own, person[f"{unknown}_{end}"])
                adds = ibis.ifelse(person[f"{unknown}_is_imputed"], reached, adds)
        bound.append(adds)
    return bound


def _heart_age(person: Table, log_hazard: FloatingValue) -> IntegerValue:
    """Youngest age at which a healthy person's log hazard is above this one, both without their ethnic group."""
    by_sex = {
        sex: ibis.cases(
            *((log_hazard < healthy, age) for age, healthy in _healthy_log_hazards(sex).items()), else_=AGES[1] + 1
        )
        for sex in SEXES
    }
    return ibis.cases(*((person.sex == sex, age) for sex, age in by_sex.items())).cast("int64")


@cache
def _healthy_log_hazards(sex: str) -> dict[int, float]:
    """Log hazard of a healthy white person by age."""
    alike = formula.slopes()
    alike = alike.filter(alike.sex == sex, alike.ethnicity == 1, alike.smoking == HEALTHY["smoking"])
    healthy = {name: ibis.literal(value) for name, value in (HEALTHY | {"ethnicity": 1, "age": 0}).items()}
    found = alike.select("age", total=reduce(add, contributions(alike, healthy).values())).to_pyarrow()
    return dict(zip(found["age"].to_pylist(), found["total"].to_pylist(), strict=True))


def _raised_by(person: Table) -> dict[str, StringValue]:
    """What added most to the log hazard compared with the healthy person, in words; what was not known is left out.

    Additions are ordered as whole numbers that end in the factor's place, so that ties break alike on every engine;
    -1, which names no factor, stands for one that is not named.
    """
    keys = []
    for place, name in enumerate(COMPARED):
        above, column = person[f"{name}_above"], f"{name}_is_imputed"
        is_named = above >= RAISED_FROM
        if column in person.columns:
            is_named &= ~person[column]
        key = (above * 10_000).round().cast("int64") * 100 + place
        keys.append(ibis.ifelse(is_named, key, -1))
    words = _words(person)
    ordered = ibis.array(keys).sort()
    said = {}
    for number in range(1, REASONS + 1):
        place = ordered[len(COMPARED) - number] % 100
        named = ((at, words.get(name, ibis.literal(UNNAMED))) for at, name in enumerate(COMPARED))
        said[f"qrisk3_raised_by_{number}"] = place.cases(*named)
    return said


def _words(person: Table) -> dict[str, StringValue]:
    """What lists say of each factor they may name, with the value recorded."""
    levels = ibis.cases(*((person.q_smoking == level, words) for level, words in SMOKING_WORDS.items()))
    return {
        **{name: ibis.literal(words) for name, words in WORDS.items()},
        "smoking": ibis.ifelse(person.smoking_intensity_is_imputed, "smokes", levels),
        "systolic": ibis.literal("systolic blood pressure ") + person.latest_bp_systolic.cast("string"),
        "bmi": ibis.literal("BMI ") + person.bmi.round(1).cast("string"),
        "cholesterol_ratio": ibis.literal("cholesterol ratio ") + person.cholesterol_ratio.round(1).cast("string"),
    }

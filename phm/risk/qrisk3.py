"""QRISK3-2017: the published formula and nothing else.

Belongs here: the score as a function of its inputs, all known and within their limits. Which inputs a person has, what
stands in for those that are not known and who gets no score is in `qrisk3_inputs`; what a score says in words is in
`explanations`.

Source: Hippisley-Cox, Coupland, Brindle, BMJ 2017;357:j2099, and the C source (c) 2017 ClinRisk Ltd., LGPL-3.0 with
additional terms; `qrisk3_coefficients.csv` beside this file holds its coefficients. NOTICE carries the licence and the
disclaimer, which must stay with every score.

The logarithm of the hazard is a sum over factors. Factors act on each other through age only, so for one person each
factor adds a definite amount; `contributions` has them one by one.
"""

import csv
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from operator import add
from pathlib import Path

import ibis
from ibis.expr.types import FloatingValue, Table, Value

COEFFICIENTS = Path(__file__).with_name("qrisk3_coefficients.csv")

SEXES = {"F": "female", "M": "male"}
AGES = (25, 84)
"""Youngest and oldest age the score was made for, completed years."""

CONTINUOUS = ("bmi", "cholesterol_ratio", "systolic", "systolic_sd", "townsend")
LEVELLED = ("ethnicity", "smoking")
CONDITIONS = (
    "has_atrial_fibrillation", "has_atypical_antipsychotic", "has_corticosteroid", "has_erectile_dysfunction",
    "has_migraine", "has_rheumatoid_arthritis", "has_ckd", "has_severe_mental_illness", "has_systemic_lupus",
    "has_treated_hypertension", "has_type_1_diabetes", "has_type_2_diabetes", "has_family_history_premature_chd",
)  # fmt: skip
INPUTS = ("age", *LEVELLED, *CONTINUOUS, *CONDITIONS)
"""Columns of inputs besides `sex` (F or M).

`age` completed years; `ethnicity` 1 white or not stated, 2 Indian, 3 Pakistani, 4 Bangladeshi, 5 other Asian, 6 Black
Caribbean, 7 Black African, 8 Chinese, 9 other; `smoking` 0 never, 1 ex, 2 light (under 10 a day), 3 moderate (10 to
19), 4 heavy (20 and over); `bmi` kg/m²; `cholesterol_ratio` total over HDL; `systolic` mm Hg; `systolic_sd` standard
deviation of repeated systolic readings, mm Hg; `townsend` score of the area, positive where deprived; the rest
booleans. Erectile dysfunction counts for men only.
"""


@dataclass(frozen=True, slots=True)
class Term:
    """What one unit of a term above its centre adds to the log hazard: an amount that age changes."""

    coefficient: FloatingValue | float
    times_age_1: FloatingValue | float
    times_age_2: FloatingValue | float
    centre: float

    def at(self, age_1: FloatingValue, age_2: FloatingValue, /) -> FloatingValue | float:
        """The amount at an age, given as the formula's two centred powers of it."""
        aged = zip((self.times_age_1, self.times_age_2), (age_1, age_2), strict=True)
        moved = (times * power for times, power in aged if not isinstance(times, float) or times)
        return reduce(add, moved, self.coefficient)


@dataclass(frozen=True, slots=True)
class Model:
    """The formula of one sex: baseline survival over ten years and its terms, by term and level ("" for none)."""

    sex: str
    survival: float
    terms: Mapping[tuple[str, str], Term]

    def centre(self, term: str) -> float:
        """Mean of a term over the people the formula was made from."""
        return self.terms[term, ""].centre


@cache
def model(sex: str, /) -> Model:
    """The formula for `F` or `M`."""
    terms, survival = {}, math.nan
    with COEFFICIENTS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["sex"] != SEXES[sex]:
                continue
            numbers = (float(row[name] or 0) for name in ("coefficient", "times_age_1", "times_age_2", "centre"))
            if row["term"] == "survival":
                survival = next(numbers)
            else:
                terms[row["term"], row["level"]] = Term(*numbers)
    return Model(sex, survival, terms)


def qrisk3(people: Table, /) -> Table:
    """`people` with `qrisk3`: chance of a first heart attack or stroke within ten years, percent, unrounded.

    People of the sexes F and M only: others get no row. Every column of `INPUTS` must be known for all of them.
    """
    return by_sex(
        people, lambda formula, one_sex: one_sex.mutate(qrisk3=score(formula, contributions(formula, one_sex)))
    )


def by_sex(people: Table, rows: Callable[[Model, Table], Table], /) -> Table:
    """`rows` of the people of each sex with its formula, together: an engine then computes with constants."""
    return ibis.union(*(rows(model(sex), people.filter(people.sex == sex)) for sex in SEXES))


def score(formula: Model, contribution: Mapping[str, FloatingValue], /) -> FloatingValue:
    """Percent chance within ten years, from what each factor adds to the log hazard."""
    hazard = reduce(add, contribution.values()).exp()
    return 100 * (1 - (math.log(formula.survival) * hazard).exp())


def contributions(formula: Model, inputs: Table | Mapping[str, Value], /) -> dict[str, FloatingValue]:
    """What each factor adds to the log hazard, by name of input; the centres of the formula add nothing.

    `inputs` has the columns of `INPUTS`, of people all of the formula's sex.
    """
    decades = inputs["age"].cast("float64") / 10
    first, second = (1 / (decades * decades), decades) if formula.sex == "F" else (1 / decades, decades**3)
    age = (first - formula.centre("age_1"), second - formula.centre("age_2"))

    def slope(term: str, level: str = "") -> FloatingValue | float:
        """What one unit of a term adds at this age."""
        return formula.terms[term, level].at(*age)

    bmi = inputs["bmi"] / 10
    inverse_square = 1 / (bmi * bmi)
    powers = {"bmi_1": inverse_square, "bmi_2": inverse_square * bmi.ln()}
    linear = {name: inputs[name] for name in CONTINUOUS if name != "bmi"}
    found = {
        "age": reduce(add, (value * slope(term) for term, value in zip(("age_1", "age_2"), age, strict=True))),
        "bmi": reduce(add, ((value - formula.centre(term)) * slope(term) for term, value in powers.items())),
    }
    found |= {name: (value - formula.centre(name)) * slope(name) for name, value in linear.items()}
    # A level chooses numbers and a condition multiplies: within a CASE the engine would work each power out again.
    found |= {name: _level(formula, name, inputs[name]).at(*age) for name in LEVELLED}
    for name in CONDITIONS:
        is_term = (name, "") in formula.terms
        found[name] = inputs[name].cast("float64") * slope(name) if is_term else ibis.literal(0.0)
    return found


def _level(formula: Model, name: str, value: Value) -> Term:
    """The term of whichever level a value is; that of no level adds nothing."""
    levels = {int(level): term for (of, level), term in formula.terms.items() if of == name}

    def chosen(part: str) -> FloatingValue | float:
        numbers = {level: getattr(term, part) for level, term in levels.items()}
        if not any(numbers.values()):
            return 0.0
        return ibis.cases(*((value == level, number) for level, number in numbers.items()), else_=0.0)

    return Term(chosen("coefficient"), chosen("times_age_1"), chosen("times_age_2"), centre=0.0)

"""QRISK3-2017: the published formula and nothing else.

Belongs here: the score as a function of its inputs, all known and within their limits. Which inputs a person has, what
stands in for those that are not known and who gets no score is in `qrisk3_inputs`; what a score says in words is in
`explanations`.

Source: Hippisley-Cox, Coupland, Brindle, BMJ 2017;357:j2099, and the C source (c) 2017 ClinRisk Ltd., LGPL-3.0 with
additional terms; `qrisk3_coefficients.csv` beside this file holds its coefficients. NOTICE carries the licence and the
disclaimer, which must stay with every score.

The logarithm of the hazard is a sum over factors. Factors act on each other through age only, so for everybody of one
sex and age each factor adds so much per unit: `slopes` has these amounts, and those of each ethnic group and level of
smoking, in 5,400 rows. With them joined to people, what is left is one product for each factor; `contributions` has
them one by one.
"""

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from itertools import product
from operator import add
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
from ibis.expr.types import FloatingValue, Table, Value

COEFFICIENTS = Path(__file__).with_name("qrisk3_coefficients.csv")

SEXES = {"F": "female", "M": "male"}
AGES = (25, 84)
"""Youngest and oldest age the score was made for, completed years."""

CONTINUOUS = ("bmi", "cholesterol_ratio", "systolic", "systolic_sd", "townsend")
LEVELS = {"ethnicity": range(1, 10), "smoking": range(5)}
"""Inputs that are one of several levels; the first adds nothing."""
CONDITIONS = (
    "has_atrial_fibrillation", "has_atypical_antipsychotic", "has_corticosteroid", "has_erectile_dysfunction",
    "has_migraine", "has_rheumatoid_arthritis", "has_ckd", "has_severe_mental_illness", "has_systemic_lupus",
    "has_treated_hypertension", "has_type_1_diabetes", "has_type_2_diabetes", "has_family_history_premature_chd",
)  # fmt: skip
INPUTS = ("age", *LEVELS, *CONTINUOUS, *CONDITIONS)
"""Columns of inputs besides `sex` (F or M).

`age` completed years; `ethnicity` 1 white or not stated, 2 Indian, 3 Pakistani, 4 Bangladeshi, 5 other Asian, 6 Black
Caribbean, 7 Black African, 8 Chinese, 9 other; `smoking` 0 never, 1 ex, 2 light (under 10 a day), 3 moderate (10 to
19), 4 heavy (20 and over); `bmi` kg/m²; `cholesterol_ratio` total over HDL; `systolic` mm Hg; `systolic_sd` standard
deviation of repeated systolic readings, mm Hg; `townsend` score of the area, positive where deprived; the rest
booleans. Erectile dysfunction counts for men only.
"""


BMI_POWERS = ("bmi_1", "bmi_2")
"""The formula's two terms of a BMI: its inverse square in tens, and that times its logarithm."""


@dataclass(frozen=True, slots=True)
class Term:
    """What one unit of a term above its centre adds to the log hazard: an amount that age changes."""

    coefficient: float
    times_age_1: float
    times_age_2: float
    centre: float

    def at(self, age_1: float, age_2: float, /) -> float:
        """The amount at an age, given as the formula's two centred powers of it."""
        return self.coefficient + self.times_age_1 * age_1 + self.times_age_2 * age_2


@dataclass(frozen=True, slots=True)
class Model:
    """The formula of one sex: baseline survival over ten years and its terms, by term and level ("" for none)."""

    sex: str
    survival: float
    terms: Mapping[tuple[str, str], Term]

    def centre(self, term: str) -> float:
        """Mean of a term over the people the formula was made from."""
        return self.terms[term, ""].centre

    def mean(self, measurement: str) -> float:
        """Mean of a measurement over these people, in its own unit."""
        return 10 / self.centre("bmi_1") ** 0.5 if measurement == "bmi" else self.centre(measurement)


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


def slopes() -> Table:
    """What each factor adds: one row is one of `SEXES`, a whole age within `AGES`, and a level of each of `LEVELS`.

    `per_age`, `per_ethnicity` and `per_smoking` are what the row's own add to the log hazard where all else is nought,
    `per_<term>` what one unit of a term adds at that age, `per_<input>_<level>` each level; `log_survival` is of ten
    years without an event. `who` is the number people are joined by (`with_slopes`).
    """
    return ibis.memtable(_slopes())


def with_slopes(people: Table, /, *, prefix: str = "") -> Table:
    """`people` of the sexes and ages the formula was made for, with the columns of `slopes` that are theirs.

    Their ethnic group and smoking are in `<prefix>ethnicity` and `<prefix>smoking`. One whole number is joined by
    sooner than the four things it stands for.
    """
    sex = people.sex.cases(*((name, place) for place, name in enumerate(SEXES)))
    who = _who(sex, people.age, *(people[f"{prefix}{name}"] for name in LEVELS))
    own = slopes().drop("sex", "age", *LEVELS)
    return people.mutate(who=who).inner_join(own, "who").drop("who")


def qrisk3(people: Table, /) -> Table:
    """`people` with `qrisk3`: chance of a first heart attack or stroke within ten years, percent, unrounded.

    People of `SEXES` and `AGES` only: others get no row. Every column of `INPUTS` must be known for all of them.
    """
    person = with_slopes(people)
    return person.select(*people.columns, qrisk3=score(person, contributions(person, person).values()))


def score(slope: Table, additions: Iterable[FloatingValue], /) -> FloatingValue:
    """Percent chance within ten years, from what all factors add to the log hazard."""
    return 100 * (1 - (slope.log_survival * reduce(add, additions).exp()).exp())


def contributions(slope: Table, inputs: Table | Mapping[str, Value], /) -> dict[str, FloatingValue]:
    """What each factor adds to the log hazard, by name of input. `inputs` has the columns of `INPUTS`."""
    return {name: contribution(slope, name, inputs[name]) for name in INPUTS}


def contribution(slope: Table, name: str, value: Value, /) -> FloatingValue:
    """What one input adds to the log hazard of people beside whom the columns of `slopes` stand.

    Age, ethnic group and smoking are those of the row of `slopes`.
    """
    if name in ("age", *LEVELS):
        return slope[f"per_{name}"]
    if name == "bmi":
        tens = value / 10
        return (slope.per_bmi_1 + slope.per_bmi_2 * tens.ln()) / (tens * tens)
    if name in CONTINUOUS:
        return value * slope[f"per_{name}"]
    return value.ifelse(slope[f"per_{name}"], 0.0)


@cache
def _slopes() -> pa.Table:
    rows = []
    for place, sex in enumerate(SEXES):
        for age in range(AGES[0], AGES[1] + 1):
            at = _slopes_at(model(sex), age)
            for levels in product(*LEVELS.values()):
                own = {name: at[f"per_{name}_{level}"] for name, level in zip(LEVELS, levels, strict=True)}
                own = {f"per_{name}": amount for name, amount in own.items()}
                rows.append({"who": _who(place, age, *levels), **dict(zip(LEVELS, levels, strict=True)), **at, **own})
    return pa.Table.from_pylist(rows)


def _who(sex: Any, age: Any, ethnicity: Any, smoking: Any) -> Any:
    """One number for a sex (its place among `SEXES`), an age up to 199 and both levels: whole numbers or columns."""
    return (sex * 200 + age) * 50 + ethnicity * 5 + smoking


def _slopes_at(formula: Model, age: int) -> dict[str, float | int | str]:
    decades = age / 10
    first, second = (1 / decades**2, decades) if formula.sex == "F" else (1 / decades, decades**3)
    powers = {"age_1": first - formula.centre("age_1"), "age_2": second - formula.centre("age_2")}
    absent = Term(0.0, 0.0, 0.0, 0.0)  # erectile dysfunction of women, the first level of ethnicity and smoking

    def slope(term: str, level: str = "") -> float:
        return formula.terms.get((term, level), absent).at(*powers.values())

    measured = {name: slope(name) for name in (*BMI_POWERS, *CONTINUOUS[1:])}
    found = measured | {name: slope(name) for name in CONDITIONS}
    found |= {f"{name}_{level}": slope(name, str(level)) for name, levels in LEVELS.items() for level in levels}
    # The formula takes its centres off measurements; taken off here once, a measurement is only multiplied.
    found["age"] = sum(value * slope(name) for name, value in powers.items())
    found["age"] -= sum(formula.centre(name) * slope_of for name, slope_of in measured.items())
    return {
        "sex": formula.sex,
        "age": age,
        "log_survival": math.log(formula.survival),
        **{f"per_{name}": amount for name, amount in found.items()},
    }

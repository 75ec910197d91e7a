"""Multimorbidity and frailty: the Cambridge multimorbidity score and the electronic frailty index.

Belongs here: their conditions and deficits as columns of `person_feature`, weights and categories. What has no code
list is named with None and counts for nobody: both scores are lowest estimates until it has one.
"""

from functools import reduce
from operator import add, or_

import ibis
from ibis.expr.types import FloatingValue, IntegerValue, StringValue, Table

CAMBRIDGE: dict[str, tuple[float, tuple[str, ...] | None]] = {
    "alcohol problems": (0.65, ("has_alcohol_problem",)),
    "anxiety or depression": (0.50, ("has_anxiety_or_depression",)),
    "atrial fibrillation": (1.34, ("has_atrial_fibrillation",)),
    "cancer in the last 5 years": (1.53, ("has_cancer_5y",)),
    "chronic kidney disease": (0.53, ("has_ckd",)),
    "connective tissue disorder": (0.43, ("has_rheumatoid_arthritis", "has_systemic_lupus")),
    "COPD": (1.46, ("has_copd",)),
    "coronary heart disease": (0.49, ("has_ischaemic_heart_disease",)),
    "dementia": (2.50, ("has_dementia",)),
    "diabetes": (0.75, ("has_diabetes",)),
    "epilepsy": (0.92, ("has_epilepsy",)),
    "hearing loss": (0.09, ("has_hearing_loss",)),
    "heart failure": (1.18, ("has_heart_failure",)),
    "irritable bowel syndrome": (0.21, ("has_irritable_bowel",)),
    "psychosis or bipolar disorder": (0.64, ("has_severe_mental_illness",)),
    "stroke or TIA": (0.80, ("has_stroke_tia",)),
    "asthma": (0.19, ("has_asthma",)),
    "hypertension": (0.08, ("has_hypertension",)),
    "constipation": (1.12, None),
    "painful condition": (0.92, None),
}
"""Conditions of the 20-condition score with general-outcome weights: Payne and others, CMAJ 2020;192:E107. The weights
were read in published code, not in the paper: unverified. Constipation and painful condition are known by medicines
that have no code list here; the others are counted by diagnosis alone, some of which the paper asks treatment for."""

FRAILTY: dict[str, tuple[str, ...] | None] = {
    "activity limitation": ("has_activity_limitation",),
    "anaemia": ("latest_anaemia_date",),
    "arthritis": ("has_osteoarthritis", "has_rheumatoid_arthritis"),
    "atrial fibrillation": ("has_atrial_fibrillation",),
    "cerebrovascular disease": ("has_stroke_tia",),
    "chronic kidney disease": ("has_ckd",),
    "diabetes": ("has_diabetes",),
    "dizziness": ("has_dizziness",),
    "dyspnoea": ("has_dyspnoea",),
    "falls": ("has_falls",),
    "foot problems": ("has_foot_problem",),
    "fragility fracture": ("has_fragility_fracture",),
    "hearing impairment": ("has_hearing_loss",),
    "heart failure": ("has_heart_failure",),
    "heart valve disease": ("has_heart_valve_disease",),
    "housebound": ("is_housebound",),
    "hypertension": ("has_hypertension",),
    "hypotension or syncope": ("has_orthostatic_hypotension",),
    "ischaemic heart disease": ("has_ischaemic_heart_disease",),
    "memory and cognitive problems": ("has_dementia",),
    "mobility and transfer problems": ("has_reduced_mobility",),
    "osteoporosis": ("has_osteoporosis",),
    "parkinsonism and tremor": ("has_parkinsonism",),
    "peptic ulcer": ("has_peptic_ulcer",),
    "peripheral vascular disease": ("has_peripheral_arterial_disease",),
    "polypharmacy": None,
    "requirement for care": ("is_in_care_home",),
    "respiratory disease": ("has_copd", "has_asthma"),
    "skin ulcer": ("has_pressure_ulcer",),
    "sleep disturbance": ("has_insomnia",),
    "social vulnerability": ("lives_alone",),
    "thyroid disease": ("has_thyroid_disease",),
    "urinary incontinence": ("has_urinary_incontinence",),
    "urinary system disease": ("has_urinary_system_disease",),
    "visual impairment": ("has_visual_impairment",),
    "weight loss and anorexia": ("has_weight_loss",),
}
"""The 36 deficits of the electronic frailty index: Clegg and others, Age and Ageing 2016;45:353. Polypharmacy needs
every medicine issued, of which events keep those of code lists only."""

FRAILTY_FROM_AGE = 65
"""The index was made for people of 65 and over."""

CATEGORIES = {"severe": 0.36, "moderate": 0.24, "mild": 0.12}
"""Index above which each category begins. Sources differ by rounding; 13 of 36 deficits, 0.361, is severe."""


def multimorbidity(person: Table, /) -> dict[str, IntegerValue | FloatingValue]:
    """`condition_count` and `multimorbidity_score` of each person of `person_feature`."""
    counted = {name: (weight, columns) for name, (weight, columns) in CAMBRIDGE.items() if columns}
    present = {name: _any(person, columns) for name, (_, columns) in counted.items()}
    # Hundredths add up exactly, so every engine gives the same score.
    hundredths = reduce(add, (present[name] * round(100 * weight) for name, (weight, _) in counted.items()))
    return {
        "condition_count": reduce(add, present.values()),
        "multimorbidity_score": hundredths.cast("float64") / 100,
    }


def frailty(person: Table, /) -> dict[str, IntegerValue | FloatingValue | StringValue]:
    """`efi_deficit_count`, `efi` and `frailty_category` of each person of `person_feature`."""
    count = reduce(add, (_any(person, columns) for columns in FRAILTY.values() if columns))
    index = count.cast("float64") / len(FRAILTY)
    category = ibis.cases(*((index > above, name) for name, above in CATEGORIES.items()), else_="fit")
    return {
        "efi_deficit_count": count,
        "efi": index.round(3),
        "frailty_category": ibis.ifelse(person.age >= FRAILTY_FROM_AGE, category, ibis.null("string")),
    }


def _any(person: Table, columns: tuple[str, ...]) -> IntegerValue:
    """1 where any of the columns is true, or for dates known, else 0."""
    said = (person[name].notnull() if name.endswith("_date") else person[name] for name in columns)
    return reduce(or_, said).cast("int64")

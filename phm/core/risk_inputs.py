"""What scores ask of a record that nothing else does: conditions, how much is smoked, how systolic pressure varies.

Belongs here: columns of `person_feature` that serve QRISK3, the Cambridge multimorbidity score and the electronic
frailty index. The scores themselves are in `phm.risk`.
"""

from datetime import date

import ibis
from ibis.expr.types import BooleanColumn, StringColumn, Table

from phm.core.blood_pressure import outside_maternity
from phm.core.days import day_number
from phm.expressions import months_before

CONDITIONS = {
    "has_rheumatoid_arthritis": "rheumatoid_arthritis",
    "has_systemic_lupus": "systemic_lupus",
    "has_erectile_dysfunction": "erectile_dysfunction",
    "has_family_history_premature_chd": "family_history_premature_chd",
    "has_alcohol_problem": "alcohol_problem",
    "has_anxiety_or_depression": "anxiety_or_depression",
    "has_asthma": "asthma",
    "has_copd": "copd",
    "has_dementia": "dementia",
    "has_epilepsy": "epilepsy",
    "has_hearing_loss": "hearing_loss",
    "has_irritable_bowel": "irritable_bowel",
    "has_dizziness": "dizziness",
    "has_dyspnoea": "dyspnoea",
    "has_falls": "falls",
    "has_insomnia": "insomnia",
    "has_orthostatic_hypotension": "orthostatic_hypotension",
    "has_osteoarthritis": "osteoarthritis",
    "has_osteoporosis": "osteoporosis",
    "has_parkinsonism": "parkinsonism",
    "has_peptic_ulcer": "peptic_ulcer",
    "has_pressure_ulcer": "pressure_ulcer",
    "has_thyroid_disease": "thyroid_disease",
    "has_urinary_incontinence": "urinary_incontinence",
    "has_visual_impairment": "visual_impairment",
    "has_weight_loss": "weight_loss",
    "lives_alone": "lives_alone",
    "has_activity_limitation": "activity_limitation",
    "has_foot_problem": "foot_problem",
    "has_fragility_fracture": "fragility_fracture",
    "has_heart_valve_disease": "heart_valve_disease",
    "has_reduced_mobility": "reduced_mobility",
    "has_urinary_system_disease": "urinary_system_disease",
}
"""Booleans that are true once a code of the concept is recorded."""

REGULAR_MEDICINES = {
    "has_regular_corticosteroid": "oral_steroid",
    "has_regular_atypical_antipsychotic": "atypical_antipsychotic",
}
"""Medicines that count when issued regularly: `REGULAR_ISSUES` in `REGULAR_MONTHS`.

Local, for clinical sign-off: QRISK3 was made with two issues, the later in the last 28 days; issues are often for two
months, so that a monthly look would miss every second person.
"""
REGULAR_ISSUES, REGULAR_MONTHS = 2, 6

CANCER_MONTHS = 60
"""How long a recorded cancer counts: 'cancer in the last five years' of the Cambridge score."""

SYSTOLIC_SD_MONTHS = 60
"""How far back readings vary: QRISK3 was made with those of the last five years."""

CIGARETTES = {"light": 1, "moderate": 10, "heavy": 20}
"""Fewest cigarettes a day of each intensity. QRISK3: light under 10, moderate 10 to 19, heavy 20 and over."""

RISK_FLAGS = (*CONDITIONS, *REGULAR_MEDICINES, "has_cancer_5y", "has_type_1_diabetes")


def risk_features(event: Table, /, *, reference_date: date) -> Table:
    """Columns of `person_feature` for scores: one row is one person with any; `event` is up to the reference date."""
    recorded = _recorded(event, reference_date)
    variation = _systolic_variation(event, months_before(reference_date, SYSTOLIC_SD_MONTHS))
    joined = recorded.outer_join(variation, "person_id")
    return joined.mutate(person_id=ibis.coalesce(joined.person_id, joined.person_id_right)).drop("person_id_right")


def _recorded(event: Table, reference_date: date) -> Table:
    """Conditions, medicines and intensity of smoking: one row is one person with any."""
    intensities = {f"smoking_{name}": name for name in CIGARETTES}
    said = ("cancer", "type_1_diabetes", "type_2_diabetes", "cigarettes_per_day")
    event = event.filter(event.concept.isin([*CONDITIONS.values(), *REGULAR_MEDICINES.values(), *intensities, *said]))
    concept, day = event.concept, event.event_date

    def within(months: int) -> BooleanColumn:
        return day > months_before(reference_date, months)

    rank = ibis.cases(
        *((concept == name, place) for place, name in enumerate(intensities, 1)),
        *((event.value >= least, place) for place, least in reversed([*enumerate(CIGARETTES.values(), 1)])),
        else_=0,
    )
    found = event.group_by("person_id").agg(
        **{name: (concept == of).max() for name, of in CONDITIONS.items()},
        **{
            name: event.count(where=(concept == of) & within(REGULAR_MONTHS)) >= REGULAR_ISSUES
            for name, of in REGULAR_MEDICINES.items()
        },
        has_cancer_5y=((concept == "cancer") & within(CANCER_MONTHS)).max(),
        type_1_date=day.max(where=concept == "type_1_diabetes"),
        type_2_date=day.max(where=concept == "type_2_diabetes"),
        smoked=(day_number(day) * 10 + rank).max(where=concept.isin([*intensities, "cigarettes_per_day"])),
    )
    is_type_2_later = (found.type_2_date > found.type_1_date).fill_null(False)
    return found.mutate(
        has_type_1_diabetes=found.type_1_date.notnull() & ~is_type_2_later,
        smoking_intensity=_intensity(found.smoked % 10),
    ).drop("type_1_date", "type_2_date", "smoked")


def _intensity(rank: ibis.Value) -> StringColumn:
    return ibis.cases(*((rank == place, name) for place, name in enumerate(CIGARETTES, 1)))


def _systolic_variation(event: Table, since: date) -> Table:
    """How systolic pressure varies: one row is one person with a clinic reading after `since`, none from maternity.

    The standard deviation is the sample's, of the lowest systolic of each day, from two days on.
    """
    reading = event.filter(event.concept == "blood_pressure", event.setting == "clinic", event.event_date > since)
    counted = outside_maternity(reading, event)
    day = counted.group_by("person_id", "event_date").agg(systolic=counted.systolic.min())
    # Sums of whole numbers are exact in any order, so the result does not depend on threads.
    sums = day.group_by("person_id").agg(
        days=day.count(), total=day.systolic.sum().cast("float64"), squares=(day.systolic**2).sum().cast("float64")
    )
    variance = (sums.squares - sums.total * sums.total / sums.days) / (sums.days - 1).nullif(0)
    return sums.select("person_id", systolic_day_count_5y=sums.days, systolic_sd_5y=variance.clip(0.0).sqrt().round(2))

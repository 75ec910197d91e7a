"""Stroke risk of people with atrial fibrillation: the CHA2DS2-VASc score from what is recorded.

Lip and others, Chest 2010;137:263; NICE NG196 1.2.1. Points: heart failure 1, hypertension 1, age 75 or over 2, 65 to
74 1, diabetes 1, stroke or TIA 2, vascular disease (ischaemic heart disease or peripheral arterial disease) 1, female
sex 1. Systemic embolism and aortic plaque, which count too, are in no code list. Ischaemic heart disease counts as a
whole, as in CHA2DS2-VA of the European Society of Cardiology; the original counts myocardial infarction.
"""

from ibis.expr.types import IntegerColumn, Table

ONE_POINT = ("has_heart_failure", "has_hypertension", "has_diabetes")
TWO_POINTS = ("has_stroke_tia",)
VASCULAR_DISEASE = ("has_ischaemic_heart_disease", "has_peripheral_arterial_disease")


def stroke_risk_scores(person: Table, /) -> dict[str, IntegerColumn]:
    """`cha2ds2_va_score`, 0 to 8, and `cha2ds2_vasc_score`, which adds a point for female sex, 0 to 9.

    `person` has `age`, `sex` and the conditions above, never empty. The scores mean something only for people with
    atrial fibrillation; they are there for everybody. ESC 2024 leaves sex out of the score, NICE NG196 does not.
    """
    one_point = [person[name] for name in ONE_POINT] + [person.age >= 65, person.age >= 75]
    vascular_disease = person[VASCULAR_DISEASE[0]] | person[VASCULAR_DISEASE[1]]
    points = [condition.cast("int64") for condition in (*one_point, vascular_disease)]
    without_sex = sum(points) + sum(person[name].cast("int64") * 2 for name in TWO_POINTS)
    return {"cha2ds2_va_score": without_sex, "cha2ds2_vasc_score": without_sex + (person.sex == "F").cast("int64")}

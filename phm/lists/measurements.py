"""What a practice can measure for a list: what its form calls it, how it is kept, and from when it has to be acted on.

Belongs here: every outcome that has values, and those that are answered by Yes or No.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from phm.lists.columns import ASKED

SEVERE = (180, 120)
"""Reading from which a person is never held: NICE NG136."""
RAISED_AVERAGE = (135, 85)
"""Home or ambulatory average from which the condition is confirmed: NICE NG136."""
DIABETIC_HBA1C = 48
"""HbA1c from which diabetes is diagnosed, without symptoms when it is repeated: WHO, NICE NG28."""
LOW_EGFR = 60
"""eGFR below which the kidneys need another look: NICE NG203."""
RAISED_ACR = 3
"""ACR from which proteinuria is clinically important: NICE NG203."""


@dataclass(frozen=True)
class Measurement:
    """One thing measured. `kept_as` maps its columns of `outcome_form` to those of `list_outcome`.

    A value at or beyond one of `limits` (from it upwards, of `is_low` below it) has to be acted on; where `confirms`
    is set it confirms what the list looks for.
    """

    kept_as: Mapping[str, str]
    limits: tuple[int, ...]
    is_low: bool = False
    confirms: bool = False

    def needs_acting_on(self, answer: ir.Table, /) -> ir.BooleanValue:
        """Whether the values of an answer to this say so; false where there are none."""
        needs = ibis.literal(False)
        for column, limit in zip(self.kept_as.values(), self.limits, strict=True):
            value = answer[column]
            needs |= (value < limit if self.is_low else value >= limit).fill_null(False)
        return needs


MEASUREMENTS = {
    "bp_taken": Measurement({"systolic": "systolic", "diastolic": "diastolic"}, SEVERE),
    "average_taken": Measurement(
        {"average_systolic": "systolic", "average_diastolic": "diastolic"}, RAISED_AVERAGE, confirms=True
    ),
    "hba1c_taken": Measurement({"hba1c": "value"}, (DIABETIC_HBA1C,), confirms=True),
    "egfr_taken": Measurement({"egfr": "value"}, (LOW_EGFR,), is_low=True),
    "acr_taken": Measurement({"acr": "value"}, (RAISED_ACR,)),
}
YES_OR_NO = tuple(name for name in ASKED if name not in MEASUREMENTS)
VALUES = ("systolic", "diastolic", "value")
"""The columns of `list_outcome` that hold what was measured."""


def needs_acting_on(answer: ir.Table, /) -> ir.BooleanValue:
    """Whether an answer is a value that holds nobody: it has to be acted on."""
    return _any_of(answer, MEASUREMENTS)


def confirms(answer: ir.Table, /) -> ir.BooleanValue:
    """Whether an answer is a value that confirms what the list looks for."""
    return _any_of(answer, {name: measurement for name, measurement in MEASUREMENTS.items() if measurement.confirms})


def _any_of(answer: ir.Table, measurements: Mapping[str, Measurement]) -> ir.BooleanValue:
    found = ibis.literal(False)
    for name, measurement in measurements.items():
        found |= (answer.outcome == name) & measurement.needs_acting_on(answer)
    return found

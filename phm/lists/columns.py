"""The columns of a list as a practice sees them: the fields a list may carry, in order, and no others.

Every field is there because someone needs it to act. Deprivation, area of residence, modelled probabilities, opt-outs
and ethnicity are not here, so no writer can put them in.
"""

from dataclasses import dataclass

from phm.cohorts.parts import Definition


@dataclass(frozen=True)
class Column:
    """One column: its `field` in `case_finding_list`, what its header says and how wide it is.

    `kind` is text, wrapped, number (whole), decimal, date or yes_no; `choices` the drop-down and `limits` the least
    and greatest value of a column the practice fills in.
    """

    field: str
    header: str
    width: float
    kind: str = "text"
    choices: tuple[str, ...] = ()
    limits: tuple[int, int] | None = None


YES_NO = ("Yes", "No")

ACT = (
    Column("nhs_number", "NHS number", 12),
    Column("age", "Age", 5, "number"),
    Column("sex", "Sex", 5),
    Column("tier_title", "Priority", 19, "wrapped"),
    Column("action", "What to do", 36, "wrapped"),
    Column("due_date", "By", 11, "date"),
    Column("turn", "Turn", 13, "wrapped"),
    Column("planned_week", "Week of", 11, "date"),
    Column("reasons", "Why", 46, "wrapped"),
)

KNOW = (
    Column("flags", "Bear in mind", 30, "wrapped"),
    Column("routes", "Can also be seen by", 20, "wrapped"),
    Column("other_lists", "Also on", 24, "wrapped"),
    Column("change", "Since the last list", 12, "wrapped"),
)

CONTACT = (
    Column("contact_preference", "Contact by", 8, "wrapped"),
    Column("is_safe_to_text", "Safe to text", 7, "yes_no"),
    Column("interpreter_language", "Interpreter", 10, "wrapped"),
    Column("support_needs", "Support needs", 14, "wrapped"),
    Column("residence", "Residence", 10.5, "wrapped"),
    Column("last_contact_date", "Last contact", 11, "date"),
    Column("invitation_count", "Invited in 12 months", 8, "number"),
    Column("next_appointment_date", "Next appointment", 12, "date"),
    Column("usual_clinician", "Usual clinician", 12, "wrapped"),
)

SYSTOLIC, DIASTOLIC = (50, 300), (20, 200)

ASKED = {
    "contacted": (Column("contacted", "Contacted", 10, choices=YES_NO),),
    "declined": (Column("declined", "Declined", 9, choices=YES_NO),),
    "bp_taken": (
        Column("systolic", "BP taken: systolic", 8.5, "number", limits=SYSTOLIC),
        Column("diastolic", "BP taken: diastolic", 8.5, "number", limits=DIASTOLIC),
    ),
    "average_taken": (
        Column("average_systolic", "ABPM or HBPM average: systolic", 11, "number", limits=SYSTOLIC),
        Column("average_diastolic", "ABPM or HBPM average: diastolic", 11, "number", limits=DIASTOLIC),
    ),
    "hba1c_taken": (Column("hba1c", "HbA1c, mmol/mol", 10, "decimal", limits=(10, 250)),),
    "egfr_taken": (Column("egfr", "eGFR, mL/min/1.73 m²", 10, "decimal", limits=(1, 200)),),
    "acr_taken": (Column("acr", "ACR, mg/mmol", 10, "decimal", limits=(0, 3000)),),
    "diagnosed": (Column("diagnosed", "Diagnosed", 10, choices=YES_NO),),
    "ruled_out": (Column("ruled_out", "Ruled out", 7, choices=YES_NO),),
    "treated": (Column("treated", "Treatment started or changed", 11, choices=YES_NO),),
    "done": (Column("done", "Done", 7, choices=YES_NO),),
    "moved_away": (Column("moved_away", "Moved away", 8, choices=YES_NO),),
}
"""The columns of every outcome a form can ask for, in order; contract `outcome_form` says what may stand there."""
ALWAYS_ASKED = ("contacted", "declined", "moved_away")
WHEN_AND_NOTES = (
    Column("outcome_date", "Date", 11, "date"),
    Column("notes", "Notes (stay with you)", 16, "wrapped"),
)
"""What follows the outcomes. Notes are never read in."""

RETURN = (
    Column("list_reference", "List", 10),
    Column("entry_id", "Entry", 10),
)
"""What brings an answer back to its entry; nobody has to read it."""

DELIVERED = ACT + KNOW + CONTACT + RETURN
"""What a list comes with; the form stands between `CONTACT` and `RETURN`."""


def form(definition: Definition, /) -> tuple[Column, ...]:
    """The columns that the practice fills in on lists of a definition."""
    asked = {*ALWAYS_ASKED, *definition.asks}
    return (*(column for name, columns in ASKED.items() if name in asked for column in columns), *WHEN_AND_NOTES)


def all_columns(definition: Definition, /) -> tuple[Column, ...]:
    """Every column of a list of a definition, in order."""
    return ACT + KNOW + CONTACT + form(definition) + RETURN

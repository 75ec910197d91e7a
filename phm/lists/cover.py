"""What the first sheet of a list says: where it comes from, what it asks, how people came to be on it.

Belongs here: the words and counts of the cover. How it looks is in `phm.lists.workbook`.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from phm.cohorts.definition import LIST, Definition
from phm.cohorts.parts import Output
from phm.cohorts.wording import column_words

WARNING = "Not an urgent-alert system. A list is a prompt to look at the record."
HOW_TO_USE = (
    "Work from the top: the list is sorted by what to do first. Look at the record before contacting anyone. "
    "Also on names other lists a person is on: one invitation can serve them all. "
    "Fill in the green columns, with a date, and send the workbook back: "
    "whoever is answered is not listed again too soon."
)
USES = {
    "practice": "Practice: its own list of its own patients, instructed by the practice. Not for any other use.",
    "linked": "Linked data: only the practice re-identifies its own patients. Not for any other use.",
    "planning": "Planning: aggregates only.",
}
_OF_THE_WHOLE_LIST = ("Work of the lists planned", "Since the last list", "Registered elsewhere too")


@dataclass(frozen=True)
class Practice:
    """The practice a list is for."""

    practice_code: str
    practice_name: str
    pcn_code: str
    pcn_name: str


@dataclass(frozen=True)
class Cover:
    """What the first sheet says: where the list comes from, what it asks, how people came to be on it.

    `facts` (what to know first) and `about` (where the list comes from) are label and text; `tiers` has one row per
    tier with `Priority, What to do, Sheet, Within days, People`; `funnel` one row per step with `Step, People, Left`.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    about: tuple[tuple[str, str], ...]
    tiers: pd.DataFrame
    funnel: pd.DataFrame


def cover_of(
    sheets: Mapping[str, pd.DataFrame],
    attrition: pd.DataFrame,
    definition: Definition,
    practice: Practice,
    /,
    *,
    work: str,
    changed: str,
    registered_elsewhere: int,
    reference_date: dt.date,
    expiry_date: dt.date,
    assigned_only: bool,
    code_lists: str,
) -> Cover:
    """The cover of one practice's list.

    Parameters
    ----------
    sheets
        The entries of each output.
    attrition
        Rows of `cohort_attrition` of the practice and cohort.
    work, changed
        How much work the lists are, and what is other than last time, in words.
    registered_elsewhere, assigned_only, code_lists
        As for `phm.lists.export.export_practice_list`.
    """
    facts = [
        ("Practice", f"{practice.practice_name} ({practice.practice_code})"),
        ("Primary care network", f"{practice.pcn_name} ({practice.pcn_code})"),
        ("People on the list", str(len(sheets[LIST]))),
        ("Work of the lists planned", work),
        ("Since the last list", changed),
        ("Registered elsewhere too", _elsewhere(registered_elsewhere)),
        ("Data up to", _day(reference_date)),
        ("Do not use after", _day(expiry_date)),
        ("How to use it", HOW_TO_USE),
    ]
    if assigned_only:
        facts = [(label, text) for label, text in facts if label not in _OF_THE_WHOLE_LIST]
        facts.insert(0, ("Part of a list", "Only people with a shared appointment of the PCN, for its staff."))
        attrition = attrition.head(0)
    tiers = pd.concat([_tiers(output, sheets[name]) for name, output in definition.outputs.items()], ignore_index=True)
    steps = attrition.sort_values("step_order")
    funnel = pd.DataFrame(
        {
            "Step": steps["label"],
            "People": steps["person_count"].astype(int),
            "Left": steps["remaining_count"].astype(int),
        }
    )
    about = (
        ("Who is listed", definition.summary),
        ("For everyone", definition.advice),
        ("Use", USES[definition.use]),
        ("Clinical sign-off", definition.clinical_sign_off),
        ("Definition", f"{definition.id}, version {definition.version}\n{definition.sha256}"),
        ("Code lists", code_lists),
        ("Sources", _bullets(definition.sources)),
        ("Notes", _bullets(note for note in definition.notes if note != WARNING)),
    )
    return Cover(definition.title, tuple(facts), about, tiers, funnel)


def _tiers(output: Output, rows: pd.DataFrame) -> pd.DataFrame:
    people = rows["tier"].value_counts()
    return pd.DataFrame(
        {
            "Priority": [tier.title for tier in output.tiers],
            "What to do": [tier.action for tier in output.tiers],
            "Sheet": sheet_name(output.id),
            "Within days": [tier.due_days for tier in output.tiers],
            "People": [int(people.get(tier.id, 0)) for tier in output.tiers],
        }
    )


def _elsewhere(people: int) -> str:
    return f"{people}, on this list only: it is the practice they came to last" if people else "Nobody"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"• {line}" for line in lines)


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"


def sheet_name(output: str, /) -> str:
    """What the sheet of an output is called; a spreadsheet allows 31 characters.

    >>> sheet_name("maternity_raised_bp")
    'Maternity raised BP'
    """
    words = column_words(output)
    return (words[0].upper() + words[1:])[:31]

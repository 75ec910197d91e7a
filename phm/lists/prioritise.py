"""From members of a cohort to the entries of a list: what to do for whom, in which order, and why.

The order and the due date come from the cohort, the sentences from its definition; here they meet the fields a practice
needs to act. Identifiers are not put back here.
"""

import datetime as dt

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from phm.cohorts.definition import Definition
from phm.cohorts.reasons import texts
from phm.feeds.contracts import load_contract
from phm.governance.pseudonyms import Pseudonymiser
from phm.lists.references import ListReference

_PERSON = (
    "age",
    "sex",
    "contact_preference",
    "is_safe_to_text",
    "interpreter_language",
    "last_contact_date",
    "invitation_count",
    "next_appointment_date",
    "usual_clinician",
)
_SUPPORT = (
    ("has_learning_disability", "learning disability"),
    ("has_severe_mental_illness", "severe mental illness"),
)
_RESIDENCE = (("is_in_care_home", "care home"), ("is_housebound", "housebound"))
FACTS = frozenset({*_PERSON, "reasonable_adjustment", *(column for column, _ in (*_SUPPORT, *_RESIDENCE))})
"""The facts about a person that every entry shows, whatever the cohort."""


def entries(
    definition: Definition,
    member: ir.Table,
    person_feature: ir.Table,
    /,
    *,
    reference_date: dt.date,
    pseudonymiser: Pseudonymiser,
    assets: ir.Table | None = None,
) -> ir.Table:
    """One row per entry of a practice's list, or of a separate output: contract `case_finding_list`.

    Of `member` (`cohort_member`) the rows of this definition are used. A person has the same entry id every month they
    are on a list of this cohort, whatever the practice. Routes name the nearest asset of `assets`
    (`phm.lists.routing.route_assets`), if it is given.
    """
    marked = _marked(member.filter(member.cohort_id == definition.id), definition, reference_date, pseudonymiser)
    said = texts(definition, marked, person_feature, reference_date=reference_date, assets=assets)
    listed = said.mutate(
        position="rank",
        support_needs=_joined(said, _SUPPORT, first=said.reasonable_adjustment),
        residence=_joined(said, _RESIDENCE),
    )
    return listed.select(*load_contract("case_finding_list").column_names)


def _marked(
    member: ir.Table, definition: Definition, reference_date: dt.date, pseudonymiser: Pseudonymiser
) -> ir.Table:
    """`member` with what is made under the site key, which the engine never sees: `entry_id` and `list_reference`."""
    rows = member.to_pyarrow()
    practice_codes = rows["practice_code"].to_pylist()
    month = f"{reference_date:%Y-%m}"
    references = {
        code: ListReference(month, code, definition.id, definition.version).sealed(pseudonymiser)
        for code in set(practice_codes)
    }
    entry_ids = pseudonymiser.entry_ids(definition.id, rows["person_id"].to_pylist())
    list_references = pa.array([references[code] for code in practice_codes], pa.string())
    return ibis.memtable(rows.append_column("entry_id", entry_ids).append_column("list_reference", list_references))


def _joined(
    table: ir.Table, marks: tuple[tuple[str, str], ...], *, first: ir.StringValue | None = None
) -> ir.StringValue:
    """`first` and the words of the marks that are set, separated by semicolons; missing where there is nothing."""
    nothing = ibis.literal("")
    text = nothing if first is None else first.fill_null("")
    for column, word in marks:
        before = (text == "").ifelse(nothing, text + "; ")
        text = table[column].ifelse(before + word, text)
    return text.nullif("")

"""Who is on other lists too, said beside an entry, so that one invitation can serve several.

Lists of different uses never meet: what linked data say of a person does not stand on a practice's own list.
"""

from collections.abc import Iterable

import ibis.expr.types as ir
import pandas as pd

from phm.cohorts.definition import LIST, Definition


def other_lists(
    entries: ir.Table, definition: Definition, handed_over: Iterable[Definition], /
) -> dict[str, dict[str, str]]:
    """By practice, then by person, the other lists they are on, with the date by which each asks for something.

    Parameters
    ----------
    entries
        `case_finding_list`.
    handed_over
        Whose lists the site hands over; of these only those of the definition's own use count, and no separate output.
    """
    titles = {d.id: d.title for d in handed_over if d.use == definition.use and d.id != definition.id}
    other = entries.filter(entries.output == LIST, entries.cohort_id.isin(list(titles)))
    found = other.semi_join(entries.filter(entries.cohort_id == definition.id), ["practice_code", "person_id"])
    rows = found.select("practice_code", "person_id", "cohort_id", "due_date").to_pandas()
    rows = rows.sort_values(["practice_code", "person_id", "due_date", "cohort_id"])
    day = pd.to_datetime(rows["due_date"])
    rows["said"] = rows["cohort_id"].map(titles) + " (by " + day.dt.day.astype("str") + day.dt.strftime(" %b %Y)")
    return {
        practice: of_practice.groupby("person_id")["said"].agg("; ".join).to_dict()
        for practice, of_practice in rows.groupby("practice_code")
    }

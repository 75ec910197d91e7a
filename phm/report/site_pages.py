"""What a page of the site is, and what its file is called: all lie in one folder, so it works from a file share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from phm.report.tables import Table

OVERVIEW, COMPARE, AREAS, LISTS, METHODS = "index", "compare", "areas", "lists", "methods"


@dataclass(frozen=True)
class Page:
    """One page: its file's name without ending, the template with its values, and the tables it shows.

    The first table is the one written as CSV; all are in the workbook, behind what they are `about`. Without tables
    there are no such files.
    """

    stem: str
    template: str
    values: Mapping[str, Any]
    tables: Sequence[Table] = ()
    about: Mapping[str, str] = field(default_factory=dict)


def page_of_measure(measure_id: str, /) -> str:
    return f"measure-{measure_id}.html"


def page_of_place(place_code: str, /) -> str:
    return f"place-{place_code}.html"


def page_of_pcn(pcn_code: str, /) -> str:
    return f"pcn-{pcn_code}.html"

"""The reference of a list: what every row of a workbook carries, so that answers find their way back.

It is text that people can read, with a seal at its end: a reference that was changed, or is of another site, is told.
"""

import re
from dataclasses import dataclass

from phm.errors import CheckFailed
from phm.governance.pseudonyms import Pseudonymiser

_WRITTEN = re.compile(r"(?P<list>(\d{4}-\d{2}) ([A-Z0-9]+) ([a-z0-9_]+) (\d+\.\d+\.\d+)) (?P<seal>[0-9a-f]{8})")


@dataclass(frozen=True)
class ListReference:
    """Which list an entry is on: one practice's list of one cohort in one month."""

    month: str
    practice_code: str
    cohort_id: str
    definition_version: str

    def __str__(self) -> str:
        return f"{self.month} {self.practice_code} {self.cohort_id} {self.definition_version}"

    def sealed(self, pseudonymiser: Pseudonymiser, /) -> str:
        """The reference as a workbook has it.

        >>> ListReference("2026-10", "Y99001", "nhs_health_check_due", "1.0.0").sealed(Pseudonymiser.demo())
        '2026-10 Y99001 nhs_health_check_due 1.0.0 11924442'
        """
        return f"{self} {pseudonymiser.seal(str(self))}"

    @classmethod
    def read(cls, text: str, pseudonymiser: Pseudonymiser, /) -> "ListReference":
        """The reference in `text`; CheckFailed where this site did not write it so."""
        written = _WRITTEN.fullmatch(text)
        if not written or pseudonymiser.seal(written["list"]) != written["seal"]:
            raise CheckFailed(
                "The reference of a list was changed, or the list was made by another site",
                name="column List",
                hint="Take the workbook this site handed over, and leave its columns List and Entry as they are.",
            )
        return cls(*written.groups()[1:5])

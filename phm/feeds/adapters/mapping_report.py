"""What became of an extract: what was mapped, what was guessed, what was left out and why. It holds no values.

Belongs here: the report and its form as a file. The outcomes themselves are decided in `outcomes.sql`.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

OUTCOMES = ("mapped", "guessed", "left_out")


@dataclass(frozen=True)
class ReportLine:
    """Rows of one source table that fared alike: one code, one unit or answer, one outcome.

    `qualifier` is the unit of a number or an answer, where the mapping knows it. `feed`, `code` and `concept` say what
    the rows became (`concept` only where the mapping says); `note` says what was guessed or why they were left out.
    """

    source_table: str
    vocabulary: str | None
    source_code: str | None
    qualifier: str | None
    outcome: str
    feed: str | None
    code: str | None
    concept: str | None
    note: str | None
    row_count: int


@dataclass(frozen=True)
class MappingReport:
    """What became of one extract: every row read is in one line, so that read = mapped + guessed + left out.

    `read` has the rows of each table, counted before parsing; `delivered` the rows written for each feed;
    `still_needed` the file patterns of feeds that are not in the folder yet.
    """

    form: str
    month: str
    icb_code: str
    practice_code: str
    read: Mapping[str, int]
    delivered: Mapping[str, int]
    assumptions: tuple[str, ...]
    still_needed: tuple[str, ...]
    lines: tuple[ReportLine, ...]

    def __post_init__(self) -> None:
        for table, counts in self.totals.items():
            if sum(counts.values()) != self.read[table]:
                raise AssertionError(f"rows of {table} are not accounted for")

    @property
    def totals(self) -> dict[str, Counter]:
        """Rows of each table by outcome."""
        totals = {table: Counter() for table in self.read}
        for line in self.lines:
            totals[line.source_table][line.outcome] += line.row_count
        return totals

    def summary(self) -> dict[tuple[str, str, str, str], tuple[int, int]]:
        """Codes and rows by source table, outcome, what they became (concept or feed) and note; most rows first."""
        summary: dict[tuple[str, str, str, str], tuple[int, int]] = {}
        for line in self.lines:
            key = (line.source_table, line.outcome, line.concept or line.feed or "", line.note or "")
            codes, rows = summary.get(key, (0, 0))
            summary[key] = (codes + (line.source_code is not None), rows + line.row_count)
        return dict(sorted(summary.items(), key=lambda item: (item[0][0], OUTCOMES.index(item[0][1]), -item[1][1])))

    def write(self, path: Path, /) -> None:
        """Write the report as JSON: totals of each table, assumptions, and every line."""
        tables = [
            {"table": table, "read": self.read[table], **{outcome: counts[outcome] for outcome in OUTCOMES}}
            for table, counts in self.totals.items()
        ]
        document = {**asdict(self), "read": tables}
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")

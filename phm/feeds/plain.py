"""Comma-separated files so plain that the engine reads them by itself, in half the time of the parser that reads all.

Belongs here: which files these are, and the query that reads one. A plain file is ASCII without quotation marks, white
space around values or a mixture of line ends, so that there is one way only to read it; and it has as many commas as
its records should have. A record with too few fields ends the query in an error, and so too many in another one have no
way to hide: such a file goes to the parser of `delimited`, which knows what to do with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from phm.feeds.schema import literal, quoted
from phm.feeds.survey import Survey

_LONGEST_RECORD = 2 << 20
_PATTERN_SIGNS = set("*?[]{}")
"""What the engine takes for a pattern of several names."""


@dataclass(frozen=True)
class PlainText:
    """A plain file: `width` fields in a record, a contract's columns at `positions` (None: not delivered)."""

    path: Path
    width: int
    positions: tuple[int | None, ...]
    has_header: bool

    def query(self, names: Sequence[str], *, numbered: bool) -> str:
        """The query for its records: `row_number`, `is_malformed`, and the columns called `names` as text.

        Records are `numbered` with one thread only; without, their numbers are empty.
        """
        number = "row_number() OVER ()" if numbered else "NULL::BIGINT"
        columns = ", ".join(
            f"{'NULL::VARCHAR' if place is None else quoted(str(place))} AS {quoted(name)}"
            for name, place in zip(names, self.positions, strict=True)
        )
        fields = ", ".join(f"{literal(str(place))}: 'VARCHAR'" for place in range(self.width))
        return f"""
            SELECT {number} AS row_number, false AS is_malformed, {columns}
            FROM read_csv({literal(self.path.absolute())}, auto_detect = false, columns = {{{fields}}}, header = false,
                          skip = {int(self.has_header)}, delim = ',', quote = '', escape = '', comment = '',
                          compression = 'none', strict_mode = true, max_line_size = {_LONGEST_RECORD})
        """


def plain_text(
    found: Survey, path: Path | None, width: int, positions: tuple[int | None, ...], *, has_header: bool
) -> PlainText | None:
    """How the engine reads the surveyed file at `path` (None: it is packed); None where it cannot."""
    is_whole = found.commas == found.records * (width - 1)
    if path is None or not is_whole or _PATTERN_SIGNS & set(str(path.absolute())):
        return None
    return PlainText(path, width, positions, has_header)

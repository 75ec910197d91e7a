"""The rows of a list in a workbook, taken a column at a time.

Belongs here: how a cell and a row are written. xlsxwriter keeps every cell as an object and writes each on its own, and
a month has millions of them; so its worksheet is extended here at the one place where it writes its rows. All else
about a sheet (widths, formats, drop-downs, printing) stays its own.
"""

from collections.abc import Iterable

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

_LONGEST = 32767
"""Characters a cell can hold; those outside the basic plane count twice."""


class RowSheet(Worksheet):
    """A worksheet with one row of its own, the header, and below it the columns that are added.

    `are_rows_written` says whether the file has got them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.are_rows_written = False
        self._columns: list[tuple[str, Format, list[str]]] = []
        self._heights: list[float] = []

    def add_rows(self, heights: Iterable[float], width: int) -> None:
        """Room for a row of each height, in points, of `width` columns."""
        pixels = (int(height * 4 / 3 + 0.5) for height in heights)
        self._heights = [count * 0.75 for count in pixels]
        self.dim_rowmax, self.dim_colmax = len(self._heights), width - 1

    def add_texts(self, number: int, texts: Iterable[str | None], style: Format) -> None:
        """A column of text cells; None leaves a cell out. Whatever a text begins with, it stays text."""
        index = self.str_table._get_shared_string_index
        cells = ["" if text is None else f' t="s"><v>{index(_cut(text))}</v></c>' for text in texts]
        self._columns.append((xl_col_to_name(number), style, cells))

    def add_numbers(self, number: int, numbers: Iterable[float | None], style: Format) -> None:
        """A column of number cells; None leaves a cell out."""
        cells = ["" if value is None else f"><v>{value:.16G}</v></c>" for value in numbers]
        self._columns.append((xl_col_to_name(number), style, cells))

    def _write_rows(self) -> None:
        super()._write_rows()
        places = [(letter, style._get_xf_index()) for letter, style, _ in self._columns]
        spans = f"1:{self.dim_colmax + 1}"
        rows = zip(self._heights, *(cells for *_, cells in self._columns), strict=True)
        for row, (height, *cells) in enumerate(rows, start=2):
            written = "".join(
                f'<c r="{letter}{row}" s="{style}"{cell}'
                for (letter, style), cell in zip(places, cells, strict=True)
                if cell
            )
            self.fh.write(f'<row r="{row}" spans="{spans}" ht="{height:.16g}" customHeight="1">{written}</row>')
        self.are_rows_written = True


def _cut(text: str) -> str:
    if len(text) <= _LONGEST // 2:
        return text
    return text.encode("utf-16-le")[: 2 * _LONGEST].decode("utf-16-le", errors="ignore")

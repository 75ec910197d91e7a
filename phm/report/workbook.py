"""Workbooks of a site's tables: XLSX with what a table needs and no more, as each page has one beside it.

A library that writes all of Excel's parts makes them half as large again, and takes ten times as long. Text stands in
its cell as text, so nothing can become a formula or a link.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from phm.report.tables import Table

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PLAIN, _BOLD, _WRAPPED, _HEADING, _COUNT, _NUMBER = range(6)
_FORMATS = {"count": _COUNT, "number": _NUMBER}
_FACES = (
    "",
    ' fontId="1" applyFont="1"',
    ' applyAlignment="1"><alignment vertical="top" wrapText="1"/></xf',
    ' fontId="1" applyFont="1" applyAlignment="1"><alignment wrapText="1"/></xf',
    ' numFmtId="3" applyNumberFormat="1"',
    ' numFmtId="164" applyNumberFormat="1"',
)
"""Looks of cells in the order of their numbers."""
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="#,##0.0"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/>'
    '</font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill '
    'patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/>'
    f'</cellStyleXfs><cellXfs count="{len(_FACES)}">'
    + "".join(f"<xf{face}>" if face.endswith("</xf") else f"<xf{face}/>" for face in _FACES)
    + '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_PACKAGED = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>'
)
_CONTENT = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
)
_FROZEN = (
    '<sheetViews><sheetView workbookViewId="0"><pane xSplit="1" ySplit="2" topLeftCell="B3" activePane="bottomRight" '
    'state="frozen"/></sheetView></sheetViews>'
)
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SHEET_NAME = 31
"""Letters a spreadsheet allows in the name of a sheet."""
_COLUMNS = 16_384
"""Columns a sheet has."""
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


def to_workbook(tables: Sequence[Table], about: Mapping[str, str], /) -> bytes:
    """An XLSX file: what the tables are about, then one sheet for each; the same bytes for the same tables."""
    cover = "".join(_row([_cell(label, _BOLD), _cell(text, _WRAPPED)]) for label, text in about.items())
    sheets = {"About": _sheet(cover, widths=(22, 100))}
    for name, table in zip(_sheet_names(tables), tables, strict=True):
        sheets[name] = _sheet(_rows(table), widths=(42, 16), view=_FROZEN)
    parts = {
        "[Content_Types].xml": _CONTENT,
        "_rels/.rels": _PACKAGED,
        "xl/workbook.xml": _book(sheets),
        "xl/_rels/workbook.xml.rels": _related(len(sheets)),
        "xl/styles.xml": _STYLES,
        **{f"xl/worksheets/sheet{place}.xml": sheet for place, sheet in enumerate(sheets.values(), start=1)},
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        for name, text in parts.items():
            package.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED, compresslevel=9)
    return target.getvalue()


def _rows(table: Table) -> str:
    """Caption, headings and values."""
    looks = [_FORMATS.get(kind, _PLAIN) for kind in table.columns.values()]
    return "".join(
        [
            _row([_cell(table.caption, _BOLD)]),
            _row([_cell(title, _HEADING) for title in table.columns]),
            *(_row([_cell(value, look) for value, look in zip(row, looks, strict=True)]) for row in table.values),
        ]
    )


def _row(cells: Iterable[str]) -> str:
    return f"<row>{''.join(cells)}</row>"


def _cell(value: Any, look: int) -> str:
    """A cell; text is never taken for a number, and has no format of numbers."""
    if not isinstance(value, str):
        return f'<c s="{look}"><v>{value}</v></c>'
    style = f' s="{look}"' if _PLAIN < look < _COUNT else ""
    kept = ' xml:space="preserve"' if value != value.strip() else ""
    return f'<c{style} t="inlineStr"><is><t{kept}>{_written(value)}</t></is></c>'


def _written(text: str) -> str:
    return escape(_UNWRITABLE.sub("", text), quote=False)


def _sheet(rows: str, *, widths: tuple[int, int], view: str = "") -> str:
    """A sheet; `widths` are those of the first column and of all others."""
    first, others = widths
    columns = (
        f'<cols><col min="1" max="1" width="{first}" customWidth="1"/>'
        f'<col min="2" max="{_COLUMNS}" width="{others}" customWidth="1"/></cols>'
    )
    return f'{_HEAD}<worksheet xmlns="{_MAIN}">{view}{columns}<sheetData>{rows}</sheetData></worksheet>'


def _book(sheets: Iterable[str]) -> str:
    named = "".join(
        f'<sheet name="{escape(name)}" sheetId="{place}" r:id="rId{place}"/>' for place, name in enumerate(sheets, 1)
    )
    return (
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><bookViews><workbookView/></bookViews>'
        f"<sheets>{named}</sheets></workbook>"
    )


def _related(sheets: int) -> str:
    targets = [("worksheet", f"worksheets/sheet{place}.xml") for place in range(1, sheets + 1)]
    links = "".join(
        f'<Relationship Id="rId{place}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for place, (kind, target) in enumerate([*targets, ("styles", "styles.xml")], start=1)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'


def _sheet_names(tables: Sequence[Table]) -> list[str]:
    """Names of the tables as a spreadsheet allows them, with a number where they would be the same."""
    names: list[str] = []
    for table in tables:
        whole, number = _FORBIDDEN.sub(" ", table.name), 2
        name = whole[:_SHEET_NAME]
        while name.lower() in (known.lower() for known in names):
            name = f"{whole[: _SHEET_NAME - 3]} {number}"
            number += 1
        names.append(name)
    return names

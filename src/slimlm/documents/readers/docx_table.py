"""Word tables: rows and cells with their spans, the header row, and whether the table only places text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slimlm.documents.readers.docx_styles import Styles
from slimlm.documents.readers.ooxml import Element, attr, child, descend, integer, is_on, local
from slimlm.documents.readers.tables import join_headers, linearize, looks_like_header

_MAX_SPAN = 100  # Word allows 63 columns
_PROSE_CHARS = 500
_WRAPPERS = frozenset(("sdt", "sdtContent", "customXml", "ins", "moveTo"))
_PLAIN_STYLES = frozenset(("", "tablegrid", "tablenormal", "table grid", "normal table"))


@dataclass(frozen=True, slots=True)
class Cell:
    element: Element
    span: int  # columns
    is_continued: bool  # belongs to the cell above


@dataclass(frozen=True, slots=True)
class TableRow:
    cells: tuple[Cell, ...]
    is_header: bool
    n_before: int  # grid columns that the row leaves out at its beginning


def read_rows(table: Element) -> list[TableRow]:
    return [_read_row(item) for item in _items(table, "tr") if child(item, "trPr", "del") is None]


def _items(parent: Element, name: str) -> Iterator[Element]:
    for item in parent:
        if local(item) == name:
            yield item
        elif local(item) in _WRAPPERS:
            yield from _items(item, name)


def _read_row(row: Element) -> TableRow:
    properties = child(row, "trPr")
    cells: list[Cell] = []
    for item in _items(row, "tc"):
        look = child(item, "tcPr")
        merge = child(look, "vMerge")
        span = max(1, min(integer(attr(child(look, "gridSpan"), "val"), 1), _MAX_SPAN))
        cells.append(Cell(item, span, merge is not None and attr(merge, "val", "continue") == "continue"))
    n_before = max(0, min(integer(attr(child(properties, "gridBefore"), "val")), _MAX_SPAN))
    return TableRow(tuple(cells), is_on(child(properties, "tblHeader")), n_before)


def is_layout(rows: Sequence[TableRow]) -> bool:
    """One column of boxes, or cells that hold pages of text: read them as ordinary text."""
    if all(len(row.cells) <= 1 for row in rows):
        return True
    for row in rows:
        for cell in row.cells:
            n_paragraphs = sum(1 for item in cell.element if local(item) == "p")
            if n_paragraphs < 2:
                continue
            if sum(len(t.text or "") for t in descend(cell.element, "t")) > _PROSE_CHARS:
                return True
    return False


def is_marked(table: Element, rows: Sequence[TableRow], styles: Styles) -> bool:
    """Is the first row set apart by the table's style, by shading or by bold type?"""
    if not rows:
        return False
    style = attr(child(table, "tblPr", "tblStyle"), "val").lower()
    look = child(table, "tblPr", "tblLook")
    by_style = attr(look, "firstRow") in ("1", "true") or bool(integer_hex(attr(look, "val")) & 0x20)
    if by_style and style not in _PLAIN_STYLES:
        return True
    filled = [cell for cell in rows[0].cells if any((t.text or "").strip() for t in descend(cell.element, "t"))]
    return bool(filled) and all(_is_shaded(cell) or _is_bold(cell, styles) for cell in filled)


def integer_hex(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return 0


def _is_shaded(cell: Cell) -> bool:
    fill = attr(child(cell.element, "tcPr", "shd"), "fill").lower()
    return fill not in ("", "auto", "ffffff")


def _is_bold(cell: Cell, styles: Styles) -> bool:
    runs = [r for r in descend(cell.element, "r") if any((t.text or "").strip() for t in descend(r, "t"))]
    in_style = any(styles.get(attr(p, "val")).bold for p in descend(cell.element, "pStyle"))
    return bool(runs) and (in_style or all(is_on(child(run, "rPr", "b")) for run in runs))


def to_lines(texts: Sequence[Sequence[str]], rows: Sequence[TableRow], marked: bool) -> list[str]:
    """``texts`` holds one text per cell of ``rows``; continued cells take the text from above."""
    grid: list[list[str]] = []
    above: dict[int, str] = {}
    for row, row_texts in zip(rows, texts, strict=True):
        line = [""] * row.n_before
        for cell, text in zip(row.cells, row_texts, strict=True):
            shown = above.get(len(line), "") if cell.is_continued else text
            above[len(line)] = shown
            line.extend([shown] + [""] * (cell.span - 1))
        grid.append(line)
    n_header = 0
    while n_header < len(rows) - 1 and rows[n_header].is_header and n_header < 4:
        n_header += 1
    if n_header == 0 and looks_like_header(grid, marked):
        n_header = 1
    return linearize(grid[n_header:], join_headers(grid[:n_header]))

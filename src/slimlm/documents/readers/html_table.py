"""One HTML table: a grid filled cell by cell, with its spans, and its header found."""

from __future__ import annotations

from collections.abc import Mapping

from selectolax.lexbor import LexborNode

from slimlm.documents.readers.tables import join_headers, linearize, looks_like_header
from slimlm.errors import DocumentTooLargeError

_MAX_SPAN = 1000  # browsers cap column spans at 1,000
_LAYOUT_CONTENT = "h1, h2, h3, h4, ul, ol, pre, blockquote, form"
_PROSE_CHARS = 600  # a cell longer than this is not a value


def is_layout(table: LexborNode, attributes: Mapping[str, str | None]) -> bool:
    """Is the table only there to place things? Then its cells are read as ordinary text, one after the other."""
    if (attributes.get("role") or "").lower() in ("presentation", "none"):
        return True
    if len(table.css("table")) > 1:  # the table itself is one of them
        return True
    if table.css_first("th, caption, thead") is not None:
        return False
    if table.css_first(_LAYOUT_CONTENT) is not None:
        return True
    rows = table.css("tr")
    if all(_n_cells(row) <= 1 for row in rows):
        return True
    return any(len(cell.text(deep=True) or "") > _PROSE_CHARS for cell in table.css("td"))


def _n_cells(row: LexborNode) -> int:
    count = 0
    node = row.first_child
    while node is not None:
        count += node.tag in ("td", "th")
        node = node.next
    return count


class Grid:
    """Rows of cell texts. A cell that spans rows stands in each of them; one that spans columns only in the first."""

    def __init__(self, max_cells: int) -> None:
        self.in_cell = False
        self._max_cells = max_cells
        self._n_cells = 0
        self._rows: list[list[str]] = []
        self._headers: list[bool] = []  # per row: made of header cells only, or inside thead
        self._below: dict[int, tuple[int, str]] = {}  # column -> rows still to fill, text
        self._in_head = False
        self._span = (1, 1)

    def start_head(self) -> None:
        self._in_head = True

    def end_head(self) -> None:
        self._in_head = False

    def start_row(self) -> None:
        self._rows.append([])
        self._headers.append(True)
        self._fill()

    def open_cell(self, *, is_header: bool, colspan: int, rowspan: int) -> None:
        if not self._rows:
            self.start_row()
        self.in_cell = True
        self._span = (max(1, min(colspan, _MAX_SPAN)), max(1, min(rowspan, _MAX_SPAN)))
        self._headers[-1] = self._headers[-1] and (is_header or self._in_head)

    def close_cell(self, text: str) -> None:
        self.in_cell = False
        colspan, rowspan = self._span
        row = self._rows[-1]
        for i in range(colspan):
            if rowspan > 1:
                self._below[len(row)] = (rowspan - 1, text if i == 0 else "")
            self._append(text if i == 0 else "")
        self._fill()

    def lines(self) -> list[str]:
        rows = self._rows
        n_header = 0
        while n_header < len(rows) and self._headers[n_header] and n_header < 4:
            n_header += 1
        if n_header == len(rows):
            n_header = 0
        if n_header == 0 and looks_like_header(rows[:200]):
            n_header = 1
        return linearize(rows[n_header:], join_headers(rows[:n_header]))

    def _fill(self) -> None:
        """Cells that reach down from rows above."""
        row = self._rows[-1]
        while len(row) in self._below:
            left, text = self._below.pop(len(row))
            if left > 1:
                self._below[len(row)] = (left - 1, text)
            self._append(text)

    def _append(self, text: str) -> None:
        self._rows[-1].append(text)
        self._n_cells += 1
        if self._n_cells > self._max_cells:
            raise DocumentTooLargeError(f"A table holds more than {self._max_cells:,} cells.")

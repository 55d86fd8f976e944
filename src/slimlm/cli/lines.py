"""What is shown, before it is shown: lines of styled spans. Pure data; ``output.py`` decides on wrapping and color."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Style = Literal["plain", "title", "heading", "dim", "mark", "quote", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Span:
    text: str
    style: Style = "plain"


@dataclass(frozen=True, slots=True)
class Line:
    """``mark`` (a bullet, a number; never text of a document) stands at ``indent``; wrapped text goes on beside it."""

    spans: tuple[Span, ...] = ()
    indent: int = 0
    mark: str = ""
    keep_spaces: bool = False  # preformatted: neither wrapped nor squeezed


BLANK = Line()


def line(text: str, style: Style = "plain", indent: int = 0, mark: str = "") -> Line:
    return Line((Span(text, style),), indent, mark)


def table(rows: Sequence[tuple[str, ...]], styles: tuple[Style, ...], indent: int = 0) -> list[Line]:
    """Columns side by side, the last one free to run on."""
    if not rows:
        return []
    widths = [max(cell_width(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = []
    for row in rows:
        cells = zip(row, widths, styles, strict=False)
        spans = [Span(pad(text, width) + "  ", style) for text, width, style in cells]
        lines.append(Line((*spans, Span(row[-1], styles[-1])), indent, keep_spaces=True))
    return lines


def cell_width(text: str) -> int:
    """Columns on a terminal: wide East Asian characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    import unicodedata  # noqa: PLC0415  (a large table; most text is ASCII)

    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, width: int) -> str:
    return text + " " * max(width - cell_width(text), 0)

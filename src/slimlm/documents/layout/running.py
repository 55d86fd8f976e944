"""Running headers, footers and page numbers: lines at a page's edge that come back on pages nearby."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

from slimlm.documents.layout.records import Line

_EDGE = 0.13  # share of the page's height at the top and at the bottom where such lines stand
_EDGE_LINES = 3  # and at most this many rows from the outermost text
_NUMBER = re.compile(r"\d+")
_ROMAN = re.compile(r"(?<![a-z])[ivxl]{1,7}(?![a-z])")
_PAGE_NUMBER = re.compile(
    r"[-–—|(\[\s]*(?:(?:page|seite|página|pagina|side|sida|str\.?|p\.?|s\.?|第)\s*)?(?:#|[ivxlc]{1,7})"
    r"(?:\s*(?:of|von|de|/|av|di|sur|out of|页|頁)\s*#?)?[-–—|)\]\s]*",
    re.IGNORECASE,
)


class Edges:
    """One page's candidate lines with what makes them comparable."""

    def __init__(self, lines: Sequence[Line], height: float) -> None:
        self.height = height
        self.lines: list[tuple[Line, str]] = []
        self.all_lines = list(lines)
        self.usual_size = median(line.size for line in lines) if lines else 0.0
        if not lines or height <= 0:
            return
        tops = sorted({round(line.y0) for line in lines})
        upper = tops[min(_EDGE_LINES, len(tops)) - 1] + 2
        lower = tops[-min(_EDGE_LINES, len(tops))] - 2
        for line in lines:
            at_top = line.middle < _EDGE * height and line.y0 <= upper
            at_bottom = line.middle > (1 - _EDGE) * height and line.y0 >= lower
            if (at_top or at_bottom) and len(line.text) <= 160:
                self.lines.append((line, _key(line.text)))

    def outer(self, found: list[Line], top: bool) -> list[Line]:
        """Those of ``found`` that stand outside of everything else, with a gap between them and the text.

        Texts with much repetition have equal lines at equal heights too, but those follow the line above as usual.
        """
        sign = 1 if top else -1
        chosen = {id(line) for line in found}
        rows = sorted(self.all_lines, key=lambda line: sign * line.middle)
        outside: list[Line] = []
        for line in rows:
            if id(line) not in chosen or (line.middle > self.height / 2) == top:
                # Back off from lines that touch the text.
                while outside and _near(outside[-1], line):
                    outside.pop()
                break
            outside.append(line)
        return outside

    def match(self, key: str, line: Line, pages_away: int) -> int:
        """How much this page speaks for ``line`` being no text: 1 for an equal line at the same height, 2 for one whose
        number counts the pages, 0 for none. (Odd and even pages may mirror left and right.)

        A line in large type that counts is a heading ("Chapter 4"), not a footer.
        """
        for other, other_key in self.lines:
            if other_key == key and abs(other.middle - line.middle) < 6:
                if other.text.lower() == line.text.lower():
                    return 1
                if line.size <= 1.1 * self.usual_size and _counts(line.text, other.text, pages_away):
                    return 2
        return 0


def _counts(here: str, there: str, pages_away: int) -> bool:
    """Whether the numbers are equal but for one that rises with the pages (Roman ones are taken on trust)."""
    pairs = list(zip(_NUMBER.findall(here), _NUMBER.findall(there), strict=False))
    steps = {int(b[-9:]) - int(a[-9:]) for a, b in pairs} - {0}
    return steps <= {pages_away}


def _near(a: Line, b: Line) -> bool:
    """Whether two lines follow each other as lines of one text do (or stand on one base line)."""
    gap = max(a.y0, b.y0) - min(a.y1, b.y1)
    return gap < 0.6 * max(a.height, b.height) and abs(a.size - b.size) < 0.1 * b.size


def _key(text: str) -> str:
    plain = " ".join(text.lower().split())
    return _NUMBER.sub("#", _ROMAN.sub("#", plain) if len(plain) <= 12 else plain)


def running_lines(edges: Sequence[Edges], index: int, n_pages: int) -> set[int]:
    """``id`` of each line on page ``index`` that is no part of the text. ``edges`` covers pages around it.

    A line must come back on two of the pages up to three away (on one, in documents of up to three pages); a page
    number on one. A page number of a single page goes too: "Page 1 of 1" is nobody's answer.
    """
    own = edges[index]
    others = [(i - index, edges[i]) for i in range(max(index - 3, 0), min(index + 4, len(edges))) if i != index]
    needed = 1 if n_pages <= 3 else 2
    found: list[Line] = []
    for line, key in own.lines:
        seen = sum(other.match(key, line, away) for away, other in others)
        numbered = _PAGE_NUMBER.fullmatch(key) is not None
        alone = numbered and ("#" in key or key.isalpha()) and len(key) > 1 and n_pages == 1
        # Text that repeats without a number could be a table's head; asked for twice. A number counts at once.
        if seen >= needed or (numbered and (seen >= 1 or alone)):
            found.append(line)
    # "Chapter 2 (wide gap) 17": what shares its base line with a page number is furniture too, even if seen only here.
    numbers = [line for line in found if _PAGE_NUMBER.fullmatch(_key(line.text))]
    for line, _ in own.lines:
        if any(line is not number and abs(line.middle - number.middle) < 3 for number in numbers) and line not in found:
            found.append(line)
    return {id(line) for line in [*own.outer(found, top=True), *own.outer(found, top=False)]}

"""Words -> segments (pieces of a line without a wide gap) -> lines of one column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from slimlm.documents.layout.records import Line, Word, is_rtl, is_wide

# Gaps in units of the font's line height (about 1.2 em). A space is 0.2-0.25; justified text stretches it to 0.6;
# the narrowest gutters between columns are 0.8.
_WORD_GAP = 0.78
_ROW_LOOK_BACK = 40  # segments on one base line; more is no page of text, and quadratic
_MARKER_GAP = 4.0  # between a bullet or number and its text
_MARKER = re.compile(
    r"^(?:[•‣◦▪●○■□–—*·\-✓➢]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]|\d{1,2}(?:\.\d{1,2}){1,3}\.?|§\s?\d+)$"
)


def segments(words: Sequence[Word]) -> list[Line]:
    """Join words that follow each other on one base line. Words come in file order, which nearly always has them so."""
    chains: list[list[Word]] = []
    for word in words:
        if chains and _follows(chains[-1][-1], word):
            chains[-1].append(word)
        else:
            chains.append([word])
    return _merge([Line(chain) for chain in chains])


def _follows(a: Word, b: Word) -> bool:
    """Whether b is the next word after a, to its right or (right-to-left text) to its left."""
    size = a.size if a.size > b.size else b.size
    gap = b.x0 - a.x1
    if gap < -0.3 * size:
        gap = a.x0 - b.x1
    return -0.3 * size <= gap <= _WORD_GAP * size and _same_base(a, b)


def _same_base(a: Word | Line, b: Word | Line) -> bool:
    top, bottom = (a.y0 if a.y0 > b.y0 else b.y0), (a.y1 if a.y1 < b.y1 else b.y1)
    tall, other = a.y1 - a.y0, b.y1 - b.y0
    return bottom - top >= 0.55 * (tall if tall < other else other)


def _merge(pieces: list[Line]) -> list[Line]:
    """Join segments that the file drew apart (each word alone, or a bullet before its text)."""
    pieces.sort(key=lambda line: (line.middle, line.x0))
    merged: list[Line] = []
    for piece in pieces:
        target = next((line for line in _near(merged, piece) if _touches(line, piece)), None)
        if target is None:
            merged.append(piece)
        else:
            target.words = in_order([*target.words, *piece.words])
            target.settle()
    return merged


def _near(lines: list[Line], piece: Line) -> Iterator[Line]:
    """Lines just above in the list (sorted by middle) that share the piece's base line."""
    for line in reversed(lines[-_ROW_LOOK_BACK:]):
        if piece.middle - line.middle > piece.height + line.height:
            return
        if _same_base(line, piece):
            yield line


def _touches(a: Line, b: Line) -> bool:
    left, right = (a, b) if a.x0 <= b.x0 else (b, a)
    gap = right.x0 - left.x1
    size = max(a.size, b.size)
    # A bullet far from its text joins it, a lone number in a table's cell does not: numbers need their dot.
    limit = _MARKER_GAP if _MARKER.match(left.text) else _WORD_GAP
    return -0.5 * size <= gap <= limit * size


def in_order(words: list[Word]) -> list[Word]:
    """Words of one line in logical order: by place, or by the file's own order when the line is right-to-left."""
    if is_rtl("".join(word.text for word in words)):
        return sorted(words, key=lambda word: word.order)
    return sorted(words, key=lambda word: word.x0)


def rows(pieces: Iterable[Line]) -> list[list[Line]]:
    """Group segments that share a base line, top to bottom, each group left to right."""
    grouped: list[list[Line]] = []
    for piece in sorted(pieces, key=lambda line: (line.middle, line.x0)):
        if grouped and any(_same_base(line, piece) for line in grouped[-1][-_ROW_LOOK_BACK:]):
            grouped[-1].append(piece)
        else:
            grouped.append([piece])
    for group in grouped:
        group.sort(key=lambda line: line.x0)
    return grouped


def full_line(group: list[Line]) -> Line:
    """One line from the segments of a row (stretched spaces, tab stops)."""
    if len(group) == 1:
        return group[0]
    words = [word for line in group for word in line.words]
    return Line(in_order(words))


def glue_wide(words: Sequence[Word]) -> None:
    """Chinese and Japanese words that touch have no space between them."""
    for a, b in pairwise(words):
        if is_wide(a.text[-1]) and is_wide(b.text[0]) and b.x0 - a.x1 < 0.3 * b.size:
            b.glued = True

"""What layout works on: words with boxes, rules, lines. Coordinates are points from the page's top left, y downward."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from slimlm.documents.builder import PlacedWord
from slimlm.documents.records import BlockKind


@dataclass(slots=True)
class Word:
    """A token as drawn. ``order`` is its place in the file, which is logical order in right-to-left text."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float  # height of the font's line box in points (about 1.15 to 1.3 times the nominal size)
    bold: bool = False
    order: int = 0
    glued: bool = False  # no space between this word and the one before it on the line
    raised: bool = False  # a superscript

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2


@dataclass(slots=True, frozen=True)
class Rule:
    """A drawn straight line or thin bar; horizontal when it is wider than tall."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def horizontal(self) -> bool:
        return self.x1 - self.x0 >= self.y1 - self.y0


@dataclass(slots=True)
class Line:
    """Words that stand on one base line and belong together, in logical order."""

    words: list[Word]
    x0: float = 0.0
    y0: float = 0.0
    x1: float = 0.0
    y1: float = 0.0
    size: float = 0.0
    bold: bool = False
    text: str = ""

    def __post_init__(self) -> None:
        self.settle()

    def settle(self) -> None:
        """Recompute everything that follows from ``words``."""
        words = self.words
        self.x0, self.x1 = min([w.x0 for w in words]), max([w.x1 for w in words])
        plain = [w for w in words if not w.raised] or words
        self.y0, self.y1 = min([w.y0 for w in plain]), max([w.y1 for w in plain])
        n_chars = n_bold = 0
        size = 0.0
        for word in plain:
            n = len(word.text)
            n_chars += n
            size += word.size * n
            n_bold += n if word.bold else 0
        self.size = size / n_chars
        self.bold = n_bold > 0.8 * n_chars
        self.text = join_words(words)

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2

    @property
    def height(self) -> float:
        return self.y1 - self.y0


@dataclass(slots=True)
class Cell:
    text: str = ""
    words: list[PlacedWord] = field(default_factory=list)


@dataclass(slots=True)
class Table:
    """Cells by row; a placeholder with a box in the flow of lines."""

    rows: list[list[list[Word]]]
    x0: float
    y0: float
    x1: float
    y1: float
    header_marked: bool = False  # the first row looks different (bold) from the others

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2


Item = Line | Table


@dataclass(slots=True)
class Chunk:
    """A block before it has offsets."""

    kind: BlockKind
    text: str
    words: list[PlacedWord]
    level: int = 0
    size: float = 0.0
    open_start: bool = False  # may go on a paragraph of the column or page before
    open_end: bool = False  # its last line is full and no sentence ends with it
    top: float = 0.0
    bold: bool = False


def join_words(words: Sequence[Word]) -> str:
    pieces: list[str] = []
    for word in words:
        if pieces and not word.glued:
            pieces.append(" ")
        pieces.append(word.text)
    return "".join(pieces)


def place_words(words: Iterable[Word], page: int, base: int = 0) -> tuple[str, list[PlacedWord]]:
    """Text of words on one line, and where each stands in it (offsets counted from ``base``)."""
    pieces: list[str] = []
    placed: list[PlacedWord] = []
    at = base
    for word in words:
        if at > base and not word.glued:
            pieces.append(" ")
            at += 1
        end = at + len(word.text)
        placed.append(PlacedWord(at, end, page, word.x0, word.y0, word.x1, word.y1))
        pieces.append(word.text)
        at = end
    return "".join(pieces), placed


def is_rtl(text: str) -> bool:
    """Whether most letters are written from right to left."""
    # Fast way out: everything below Hebrew is written left to right.
    if not text or max(text) < "\u0590":
        return False
    right = sum(unicodedata.bidirectional(c) in ("R", "AL") for c in text)
    left = sum(unicodedata.bidirectional(c) == "L" for c in text)
    return right > left


def is_wide(char: str) -> bool:
    """Chinese, Japanese: written without spaces between words."""
    return "\u2e80" <= char <= "\u9fff" or "\uff00" <= char <= "\uffef" or "\U00020000" <= char <= "\U0003ffff"

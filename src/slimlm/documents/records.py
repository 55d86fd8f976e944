"""What a read document is: text with stable offsets, and where each character stands.

Every other room speaks of a document through these records only. Offsets are indices into ``Document.text`` (Python
``str`` indices), half-open, and never change after reading: ``document.text[start:end]`` is the quote, always.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Literal

PageKind = Literal["page", "slide", "sheet", "part"]
TextSource = Literal["text", "ocr", "none"]
BlockKind = Literal["title", "heading", "paragraph", "list_item", "table_row", "caption", "footnote", "code"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in points (1/72 inch), origin at the top left of the page as it is displayed."""

    page: int  # 1-based
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a PDF or image, a slide, a sheet, or a part (chapter file) of a flowing document.

    Formats without pages (DOCX, HTML, Markdown, text) have one ``part`` page that holds everything.
    """

    number: int  # 1-based
    kind: PageKind
    label: str  # what a person calls it: "iv", "12", "Slide 3", "Budget"
    start: int
    end: int
    width: float = 0.0  # points; 0 where the format has no geometry
    height: float = 0.0
    text_source: TextSource = "text"  # none: no text was found on it (an image that was not recognized)


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text that belongs together. Sentences never cross a block's border.

    Table rows are linearized as ``header: value; header: value``. A paragraph that goes on over a page break is one
    block; ``page`` is where it starts.
    """

    kind: BlockKind
    start: int
    end: int
    page: int
    level: int = 0  # headings: 1 is the highest; list items: nesting depth


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and everything up to the next heading of the same or a higher level."""

    title: str
    level: int
    start: int  # start of the heading itself
    end: int
    page: int


@dataclass(frozen=True, slots=True)
class WordBoxes:
    """Where each word stands: parallel arrays sorted by ``start``; empty where the format has no geometry.

    Compact on purpose: a 1,000-page document has half a million words.
    """

    start: array[int] = field(default_factory=lambda: array("I"))  # character offset of the word
    end: array[int] = field(default_factory=lambda: array("I"))
    page: array[int] = field(default_factory=lambda: array("I"))
    xyxy: array[float] = field(default_factory=lambda: array("f"))  # four per word: x0, y0, x1, y1

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the document that the person should know (pages without text, hidden text left out...)."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document as read. ``id`` is the SHA-256 of the original file's bytes, in hex."""

    id: str
    name: str  # the file's name, for people; never a path
    format: str  # "pdf", "docx", "pptx", "xlsx", "xls", "ods", "html", "epub", "markdown", "text", "image"
    title: str
    text: str
    pages: tuple[Page, ...]
    blocks: tuple[Block, ...]
    sections: tuple[Section, ...]
    words: WordBoxes = field(default_factory=WordBoxes)
    notices: tuple[Notice, ...] = ()
    n_bytes: int = 0

    def page_at(self, offset: int) -> Page:
        """The page that holds the character at ``offset`` (0 <= offset <= len(text))."""
        index = bisect_right(self.pages, offset, key=_start_of) - 1
        return self.pages[max(index, 0)]

    def section_at(self, offset: int) -> Section | None:
        """The innermost section around ``offset``, or None before the first heading."""
        # The last section that began is open until the next heading, so it is the innermost around ``offset``.
        index = bisect_right(self.sections, offset, key=_start_of) - 1
        return self.sections[index] if index >= 0 and offset < self.sections[index].end else None

    def boxes(self, start: int, end: int) -> tuple[Box, ...]:
        """Rectangles that cover ``text[start:end]``: one per line of the span, in reading order.

        A span that begins or ends inside a word takes that part of the word's box (in proportion to its characters).
        Empty for formats without geometry.
        """
        words = self.words
        found: list[Box] = []
        first = bisect_right(words.end, start)
        last = bisect_left(words.start, end)
        for i in range(first, last):
            x0, y0, x1, y1 = words.xyxy[4 * i : 4 * i + 4]
            length = max(words.end[i] - words.start[i], 1)
            left = max(start - words.start[i], 0) / length
            right = min(end - words.start[i], length) / length
            box = Box(words.page[i], x0 + (x1 - x0) * left, y0, x0 + (x1 - x0) * right, y1)
            if found and _same_line(found[-1], box):
                a = found.pop()
                box = Box(box.page, min(a.x0, box.x0), min(a.y0, box.y0), max(a.x1, box.x1), max(a.y1, box.y1))
            found.append(box)
        return tuple(found)


def _start_of(item: Page | Section) -> int:
    return item.start


def _same_line(a: Box, b: Box) -> bool:
    """Boxes on one page whose vertical overlap is at least half of the lower one, with no gap as wide as a column's.

    Works in both directions of writing: in Arabic or Hebrew the next word stands to the left.
    """
    height = min(a.y1 - a.y0, b.y1 - b.y0)
    overlap = min(a.y1, b.y1) - max(a.y0, b.y0)
    gap = max(b.x0 - a.x1, a.x0 - b.x1)
    return a.page == b.page and overlap >= 0.5 * height and gap <= 3 * max(a.y1 - a.y0, b.y1 - b.y0)


@dataclass(frozen=True, slots=True)
class ReadProgress:
    """How far reading has come. ``stage``: "opening", "pages", "ocr"."""

    stage: str
    done: int
    total: int

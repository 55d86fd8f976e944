"""Readers put blocks in, one Document comes out: this file alone joins text and counts offsets.

Readers hand over clean text per block (no running headers, hyphenation already joined); they never see offsets. Blocks
are separated by an empty line, table rows and list items by a line break.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from slimlm.documents.records import Block, BlockKind, Document, Notice, Page, PageKind, Section, TextSource, WordBoxes
from slimlm.errors import DocumentTooLargeError, NoTextError
from slimlm.settings import DocumentSettings

_TIGHT = {"table_row", "list_item"}  # kinds that follow one of their own kind on the next line
# Characters that no reader may let through: controls, lone surrogates, non-characters. Offsets must mean the same in
# every consumer (JSON, SQLite, a browser), so they are replaced one for one by a space.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\ud800-\udfff\ufeff\ufffe\uffff\u2028\u2029]")

_VISIBLE = re.compile("[^\\s\u00ad\u200b-\u200f\u2060-\u2064\u3164\ufe00-\ufe0f]")


class PlacedWord(NamedTuple):
    """A word of a block's text (``text[start:end]``) and its rectangle on ``page``, in points from the top left.

    A named tuple, because half a million are made for a long document and a frozen dataclass costs four times as much.
    """

    start: int
    end: int
    page: int
    x0: float
    y0: float
    x1: float
    y1: float


class DocumentBuilder:
    """Collects pages and blocks in reading order. Raises ``DocumentTooLargeError`` past the limits."""

    def __init__(self, limits: DocumentSettings) -> None:
        self._limits = limits
        self._parts: list[str] = []
        self._length = 0
        self._pages: list[Page] = []
        self._blocks: list[Block] = []
        self._notices: list[Notice] = []
        self._words = WordBoxes()

    @property
    def n_pages(self) -> int:
        return len(self._pages)

    @property
    def n_chars(self) -> int:
        return self._length

    def start_page(
        self, kind: PageKind, label: str, width: float = 0.0, height: float = 0.0, text_source: TextSource = "text"
    ) -> int:
        """Begin the next page; returns its number (1-based)."""
        if len(self._pages) >= self._limits.max_pages:
            raise DocumentTooLargeError(f"The document has more than {self._limits.max_pages:,} pages.")
        self._close_page()
        number = len(self._pages) + 1
        self._pages.append(Page(number, kind, label, self._length, self._length, width, height, text_source))
        return number

    def mark_page(self, text_source: TextSource) -> None:
        """Correct where the current page's text came from."""
        self._pages[-1] = replace(self._pages[-1], text_source=text_source)

    def add(self, kind: BlockKind, text: str, level: int = 0, words: Sequence[PlacedWord] = ()) -> None:
        """Append one block to the current page. Text that is only white space is ignored.

        ``words`` refer to ``text`` as given; leading and trailing white space is cut with their offsets kept right.
        """
        clean, lead = _clean(text)
        if not clean:
            return
        if not self._pages:
            self.start_page("part", "")
        self._separate(kind)
        start = self._length
        self._append(clean)
        self._blocks.append(Block(kind, start, self._length, len(self._pages), level))
        self._place_all(words, start - lead, start)

    def extend(self, text: str, words: Sequence[PlacedWord] = (), joiner: str = " ") -> None:
        """Continue the last block on the current page (a paragraph that runs over a page or column break).

        With ``joiner=""`` and a trailing hyphen already cut by the reader, a broken word is joined; see ``trim_tail``.
        """
        clean, lead = _clean(text)
        if not self._blocks or not clean:
            return
        block = self._blocks[-1]
        assert block.end == self._length, "only the last block can be extended"
        first_on_page = self._pages[-1].start == self._length
        self._append(joiner)
        if first_on_page:  # the joiner belongs to the page before
            self._begin_page_here()
        base = self._length
        self._append(clean)
        self._blocks[-1] = replace(block, end=self._length)
        self._place_all(words, base - lead, base)

    def trim_tail(self, n_chars: int) -> None:
        """Cut the last ``n_chars`` of the last block (a hyphen at a page's end) before ``extend(joiner="")``."""
        block = self._blocks[-1]
        assert 0 <= n_chars < block.end - block.start, "only text of the last block can be cut"
        target = self._length - n_chars
        while self._length > target:
            part = self._parts.pop()
            self._length -= len(part)
            if self._length < target:
                self._parts.append(part[: target - self._length])
                self._length = target
        self._blocks[-1] = replace(block, end=target)
        while len(self._words) and self._words.end[-1] > target:
            if self._words.start[-1] >= target:
                self._drop_last_word()
            else:
                self._words.end[-1] = target
        for i in range(len(self._pages) - 1, -1, -1):
            page = self._pages[i]
            if page.end <= target and page.start <= target:
                break
            self._pages[i] = replace(page, start=min(page.start, target), end=min(page.end, target))

    @property
    def last_block(self) -> tuple[BlockKind, str] | None:
        """Kind and text of the last block, for readers that decide whether a paragraph goes on."""
        if not self._blocks:
            return None
        block = self._blocks[-1]
        length, tail = 0, []
        for part in reversed(self._parts):
            tail.append(part)
            length += len(part)
            if length >= block.end - block.start:
                break
        return block.kind, "".join(reversed(tail))[-(block.end - block.start) :]

    def notice(self, code: str, message: str) -> None:
        """Tell the person something about the document; the same code is reported once."""
        if all(existing.code != code for existing in self._notices):
            self._notices.append(Notice(code, message))

    def settle_levels(self, levels: Mapping[int, int]) -> None:
        """Replace provisional heading levels, for readers that know the final ones only at the end."""
        for i, block in enumerate(self._blocks):
            if block.kind == "heading" and block.level in levels:
                self._blocks[i] = replace(block, level=levels[block.level])

    def finish(self, *, digest: str, name: str, kind: str, title: str, n_bytes: int) -> Document:
        """Raises ``NoTextError`` when there is no text at all."""
        self._close_page()
        text = "".join(self._parts)
        if not _VISIBLE.search(text):
            raise NoTextError(f"{name} holds no text that can be read.")
        headings = [b for b in self._blocks if b.kind in ("title", "heading")]
        sections = tuple(_sections(text, headings))
        fallback = text[headings[0].start : headings[0].end] if headings else ""
        shown = _UNSAFE.sub(" ", title).strip() or fallback or name
        return Document(
            id=digest,
            name=name,
            format=kind,
            title=" ".join(shown.split())[:300],
            text=text,
            pages=tuple(self._pages),
            blocks=tuple(self._blocks),
            sections=sections,
            words=self._words,
            notices=tuple(self._notices),
            n_bytes=n_bytes,
        )

    def _close_page(self) -> None:
        if self._pages:
            self._pages[-1] = replace(self._pages[-1], end=self._length)

    def _separate(self, kind: BlockKind) -> None:
        if not self._blocks:
            return
        tight = kind in _TIGHT and self._blocks[-1].kind == kind
        self._append("\n" if tight else "\n\n")
        if self._blocks[-1].end <= self._pages[-1].start:
            self._begin_page_here()  # the separator belongs to the page before

    def _begin_page_here(self) -> None:
        """Move the current page's start behind what was just appended, and let the page before it reach up to there."""
        self._pages[-1] = replace(self._pages[-1], start=self._length)
        if len(self._pages) > 1:
            self._pages[-2] = replace(self._pages[-2], end=self._length)

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)
        if self._length > self._limits.max_chars:
            raise DocumentTooLargeError(f"The document holds more than {self._limits.max_chars:,} characters of text.")

    def _place_all(self, words: Sequence[PlacedWord], base: int, low: int) -> None:
        """Add words, moved by ``base``, clipped to ``low``..end, in order and without overlap (lookups need both)."""
        starts, ends, pages, xyxy = self._words.start, self._words.end, self._words.page, self._words.xyxy
        # Tuples sort by start first; ties do not matter.
        for start, end, page, x0, y0, x1, y1 in sorted(words):
            start, end = max(start + base, low), min(end + base, self._length)  # noqa: PLW2901
            if start < end:
                low = end
                starts.append(start)
                ends.append(end)
                pages.append(page)
                # A sixteenth of a point is finer than any screen and stores in half the space.
                xyxy.extend((round(x0 * 16) / 16, round(y0 * 16) / 16, round(x1 * 16) / 16, round(y1 * 16) / 16))

    def _drop_last_word(self) -> None:
        self._words.start.pop()
        self._words.end.pop()
        self._words.page.pop()
        del self._words.xyxy[-4:]


def _clean(text: str) -> tuple[str, int]:
    """Text without unsafe characters and outer white space, and how many characters were cut in front."""
    safe = _UNSAFE.sub(" ", text)
    tail = safe.lstrip()
    return tail.rstrip(), len(safe) - len(tail)


def _sections(text: str, headings: Sequence[Block]) -> list[Section]:
    """Every heading up to the next one of its own or a higher level."""
    ends = [len(text)] * len(headings)
    open_headings: list[int] = []  # levels strictly rise
    for i, block in enumerate(headings):
        while open_headings and headings[open_headings[-1]].level >= block.level:
            ends[open_headings.pop()] = block.start
        open_headings.append(i)
    return [
        Section(" ".join(text[block.start : block.end].split()), block.level, block.start, end, block.page)
        for block, end in zip(headings, ends, strict=True)
    ]

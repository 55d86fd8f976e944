"""Plain text in any encoding -> blocks: wrapped lines joined, structure guessed from its look.

Lines belong together between empty lines. Within such a group a line break is kept where somebody made it on purpose
(verse, addresses, lists, labels) and joined where only the margin made it: where the next word would not have fitted.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePath

from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.readers import line_looks as look
from slimlm.documents.readers.encodings import decode
from slimlm.documents.readers.tables import linearize, looks_like_header
from slimlm.documents.readers.text_tables import TableFinder
from slimlm.documents.records import ReadProgress
from slimlm.documents.source import Report, Source
from slimlm.errors import DocumentTooLargeError, UnsupportedDocumentError
from slimlm.settings import DocumentSettings

_INVISIBLE = re.compile("[\u200b\u2060-\u2064\ufeff]")
_LINE_END = re.compile("\r\n|[\r\n\x0b\x85\u2028\u2029]")
_PAGE_NUMBER = re.compile(
    r"\s*(?:[-–—\[(]\s*)?(?:page|seite|p\.)?\s*\d{1,4}(?:\s*(?:of|von|/)\s*\d{1,4})?(?:\s*[-–—\])])?\s*", re.I
)
_NARROW = 40  # nobody wraps below this
_UNWRAPPED = 130  # nobody wraps beyond: every line is a paragraph


def read_text(source: Source, limits: DocumentSettings, builder: DocumentBuilder, report: Report) -> str:
    """Raises ``DocumentTooLargeError``, ``UnsupportedDocumentError`` (the bytes are no text)."""
    if len(source.data) > 4 * limits.max_chars + 4:  # no encoding needs more than four bytes for a character
        raise DocumentTooLargeError(f"The text holds more than {limits.max_chars:,} characters.")
    text = _INVISIBLE.sub("", decode(bytes(source.data)))
    _refuse_binary(text)
    suffix = PurePath(source.name).suffix.lower()
    if suffix in (".csv", ".tsv") and _read_delimited(text, limits, builder):
        return ""
    return add_text(text, builder, report)


def add_text(text: str, builder: DocumentBuilder, report: Report) -> str:
    """Add a whole text's pages and blocks; returns its title. Form feeds begin pages."""
    pages = _LINE_END.sub("\n", text).split("\f")
    while len(pages) > 1 and not pages[-1].strip():
        pages.pop()
    split = [[line.expandtabs(8).rstrip() if len(line) < 2000 else line for line in p.split("\n")] for p in pages]
    if len(split) > 1:
        _drop_running_lines(split)
    composer = _Composer(builder, split)
    for number, lines in enumerate(split, 1):
        if len(split) > 1:
            builder.start_page("page", str(number))
        composer.page(lines, first=number == 1)
        if number % 50 == 0:
            report(ReadProgress("pages", number, len(split)))
    return composer.title


def _refuse_binary(text: str) -> None:
    head = text[:20_000]
    odd = sum((c < " " and c not in "\t\n\r\f\x0b\x1b") or c == "\ufffd" for c in head)
    if odd > 0.3 * len(head):
        raise UnsupportedDocumentError("The file holds no text but binary data.")


def _delimiter(text: str) -> str:
    """The character that parts the first lines into equally many pieces, or "". (csv.Sniffer can take minutes.)"""
    lines = [line for line in text[:20_000].split("\n")[:20] if line.strip()][:-1] or [text[:20_000]]
    best = max("\t;,|", key=lambda c: (min(line.count(c) for line in lines), sum(line.count(c) for line in lines)))
    return best if all(best in line for line in lines) else ""


def _read_delimited(text: str, limits: DocumentSettings, builder: DocumentBuilder) -> bool:
    """Comma-separated values as a table; False when the file only claims to be one."""
    delimiter = _delimiter(text)
    if not delimiter:
        return False
    try:
        rows: list[list[str]] = []
        n_cells = 0
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            n_cells += len(row)
            if n_cells > limits.max_cells:
                raise DocumentTooLargeError(f"The table holds more than {limits.max_cells:,} cells.")
            rows.append(row)
    except csv.Error:
        return False
    has_header = looks_like_header(rows[:500])
    for line in linearize(rows[1:] if has_header else rows, rows[0] if has_header else None):
        builder.add("table_row", line)
    return True


def _drop_running_lines(pages: list[list[str]]) -> None:
    """Cut page numbers and lines that stand at the top or bottom of most pages."""
    edges: Counter[str] = Counter()
    for lines in pages:
        filled = [i for i, line in enumerate(lines) if line.strip()]
        edges.update({re.sub(r"\d+", "#", lines[i][:200].strip()) for i in {*filled[:1], *filled[-1:]}})
    often = {line for line, n in edges.items() if n >= 3 and n >= len(pages) / 2}
    for lines in pages:
        for place in (0, -1, 0, -1):
            filled = [i for i, line in enumerate(lines) if line.strip()]
            if not filled:
                break
            line = lines[filled[place]]
            if re.sub(r"\d+", "#", line[:200].strip()) in often or (len(line) < 80 and _PAGE_NUMBER.fullmatch(line)):
                lines[filled[place]] = ""


class _Composer:
    """Turns lines into blocks. Knows the width at which the whole document was wrapped."""

    def __init__(self, builder: DocumentBuilder, pages: Sequence[Sequence[str]]) -> None:
        self._builder = builder
        self._margin = _margin(pages)
        self._tables = TableFinder(())
        self._is_verse = False
        self._words: frozenset[str] | None = None
        self._pages = pages
        self._open_end = False  # the page before ended in the middle of a sentence
        self.title = ""

    def page(self, lines: Sequence[str], first: bool) -> None:
        groups = list(_groups(lines))
        for i, group in enumerate(groups):
            self._group(group, groups[i + 1] if i + 1 < len(groups) else (), first=first and i == 0)
        last = groups[-1][-1] if groups else ""
        self._open_end = bool(last) and last[-1] not in ".!?:;。！？" and look.width(last) >= 0.75 * self._margin

    def _group(self, lines: Sequence[str], following: Sequence[str], first: bool) -> None:
        self._tables = TableFinder(lines)
        self._is_verse = _verse(lines)
        at = 0
        while at < len(lines):
            table = self._tables.at(at)
            if table is not None:
                for row in table.rows:
                    self._builder.add("table_row", row)
                at = table.end
                continue
            used = self._heading(lines, at, following, first and at == 0)
            at += used or self._flow(lines, at)

    def _heading(self, lines: Sequence[str], at: int, following: Sequence[str], first: bool) -> int:
        """Lines used by a heading at ``at``: 0 when there is none."""
        line = lines[at]
        beneath = lines[at + 1] if at + 1 < len(lines) else ""
        if look.is_rule(line):
            boxed = look.is_rule(lines[at + 2]) if at + 2 < len(lines) else False
            return self._add_heading(beneath, 1, first, used=3) if boxed and not look.is_rule(beneath) else 1
        underlined = beneath and look.is_rule(beneath) and len(line) <= look.MAX_HEADING_CHARS
        if underlined and abs(len(line.strip()) - len(beneath.strip())) <= max(4, 0.3 * len(line)):
            return self._add_heading(line, look.rule_level(beneath), first, used=2)
        alone = len(lines) == 1
        level = look.heading_level(line, alone)
        opens = at + 1 < len(lines) or bool(following)  # a heading heads something
        if level and opens and (alone or at == 0):
            return self._add_heading(line, level, first, used=1)
        heads_prose = bool(following) and len(" ".join(following[:3])) >= 80 and not look.list_marker(following[0])
        plain = alone and look.is_title_like(line) and (first or (heads_prose and len(line.strip()) <= 60))
        if plain and following:
            return self._add_heading(line, 1 if first else 2, first, used=1)
        return 0

    def _add_heading(self, line: str, level: int, first: bool, used: int) -> int:
        if first:
            self.title = line.strip()
        self._builder.add("title" if first else "heading", line, level)
        self._open_end = False
        return used

    def _flow(self, lines: Sequence[str], at: int) -> int:
        """Add one paragraph or list item that begins at ``at``; returns how many lines it took."""
        marker = look.list_marker(lines[at])
        base = look.indent(lines[at])
        pieces = [lines[at].strip()]
        end = at + 1
        while end < len(lines):
            line, before = lines[end], lines[end - 1]
            if self._begins(line, before, marker, base) or self._tables.at(end) is not None:
                break
            if end + 1 < len(lines) and look.is_rule(lines[end + 1]) and len(line) <= 60 and not look.is_rule(line):
                break  # an underlined heading
            if self._wrapped(before, line):
                self._join(pieces, line)
            elif self._separates(pieces, line):
                break
            else:
                pieces.append("\n" + line.strip())
            end += 1
        self._add("list_item" if marker else "paragraph", "".join(pieces), 1 + min(base // 2, 5) if marker else 0)
        return end - at

    def _begins(self, line: str, before: str, marker: str, base: int) -> bool:
        """Does this line begin something new whatever the line before it is?"""
        if look.is_rule(line):
            return True
        new = look.list_marker(line)
        if new and not marker and new[0].isdigit() and before[-1] not in ".:;!?" and self._is_full(before, line):
            return False  # "... see page / 12. The next": a number that the margin put there
        if new and (look.is_bullet(new) or marker or len(new.strip()) > 1):
            return bool(marker) or look.is_bullet(new) or new.strip()[-1] in ".)"
        return bool(marker) and look.indent(line) < base

    def _is_full(self, before: str, line: str) -> bool:
        """The next word would not have fitted on the line before."""
        word = look.width(line.strip().split(" ", 1)[0][:60])
        if look.CJK.match(line.strip()[:1]) and not before.isascii():
            word = 4  # scripts without spaces break anywhere
        return look.width(before) + 1 + word > 0.92 * self._margin

    def _wrapped(self, before: str, line: str) -> bool:
        """Did only the margin break the line?"""
        if self._is_verse or self._margin < _NARROW or look.width(before) > _UNWRAPPED:
            return False
        if look.has_label(line) and (look.width(before) < 0.75 * self._margin or look.has_label(before)):
            return False
        if self._is_full(before, line):
            return True
        hyphen = before.endswith("-") and before[-2:-1].isalpha()
        return line.strip()[:1].islower() and (hyphen or look.width(before) >= 0.5 * self._margin)

    def _separates(self, pieces: Sequence[str], line: str) -> bool:
        """A break that was meant: between short lines (an address) it stays in the block, else it ends the block."""
        n_before = sum(map(len, pieces))
        return n_before > 100 or look.width(line) > max(0.8 * self._margin, 60)

    def _join(self, pieces: list[str], line: str) -> None:
        text = line.strip()
        if pieces[0].startswith(">"):
            text = text.lstrip("> ")  # a mail's mark of quotation stands once, before the paragraph
        tail = pieces[-1]
        if tail.endswith("\u00ad"):
            pieces[-1] = tail[:-1]
            pieces.append(text)
        elif tail.endswith(("-", "\u2010")) and text[:1].islower() and len(tail) > 2 and tail[-2].isalpha():
            whole = re.split(r"\W", tail[-60:-1])[-1] + re.split(r"\W", text[:60])[0]
            pieces[-1] = tail[:-1] if whole.lower() in self._vocabulary() else tail
            pieces.append(text)
        elif look.CJK.match(tail[-1:]) and look.CJK.match(text[:1]):
            pieces.append(text)
        else:
            pieces.append(" " + text)

    def _vocabulary(self) -> frozenset[str]:
        """All words of the document, for deciding whether a hyphen at a line's end belongs to the word."""
        if self._words is None:
            found: set[str] = set()
            for lines in self._pages:
                for line in lines:
                    found.update(re.findall(r"\w+", line.lower()) if len(line) < 2000 else ())
            self._words = frozenset(found)
        return self._words

    def _add(self, kind: str, text: str, level: int) -> None:
        last = self._builder.last_block if self._open_end else None
        if last and last[0] == "paragraph" and kind == "paragraph" and text[:1].islower():
            self._builder.extend(text)
        else:
            self._builder.add("list_item" if kind == "list_item" else "paragraph", text, level)
        self._open_end = False


def _groups(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    start = 0
    for i, line in enumerate(lines):
        if not line or line.isspace():
            if i > start:
                yield lines[start:i]
            start = i + 1
    if start < len(lines):
        yield lines[start:]


def _margin(pages: Sequence[Sequence[str]]) -> int:
    """The width at which the document was wrapped: that of the widest tenth of lines that go on; 0 if it was not."""
    widths = [
        look.width(line)
        for lines in pages
        for line, after in pairwise(lines)
        if line and after and not line.isspace() and not after.isspace()
    ]
    if not widths:
        return 0
    widths.sort()
    typical = widths[int(0.9 * (len(widths) - 1))]
    return typical if typical <= _UNWRAPPED else 0


def _verse(lines: Sequence[str]) -> bool:
    """Ragged lines that all begin with a capital letter."""
    sample = lines[:200]
    if len(sample) < 4:
        return False
    widths = [len(line) for line in sample[:-1]]
    capital = sum(line.strip()[:1].isupper() or not line.strip()[:1].isalpha() for line in sample)
    return capital >= 0.9 * len(sample) and max(widths) <= 65 and min(widths) <= 0.8 * max(widths)

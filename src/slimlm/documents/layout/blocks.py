"""Lines of one column -> paragraphs, headings, list items, captions, footnotes, table rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from slimlm.documents.builder import PlacedWord
from slimlm.documents.layout.hyphens import Vocabulary
from slimlm.documents.layout.records import Chunk, Item, Line, Table, is_rtl, is_wide, place_words
from slimlm.documents.layout.tables import table_chunks
from slimlm.documents.records import BlockKind

_BULLET = re.compile(r"[•‣◦▪●○■□✓➢*–—·-]\s+\S")
_ENUMERATED = re.compile(r"(?:\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})\)|\d{1,3}\.|[a-zA-Z]\.)\s+\S")
NUMBERED = re.compile(
    r"(?:§\s*)?(?:(?:article|section|chapter|part|clause|kapitel|artikel|abschnitt|artículo|chapitre)\s+)?"
    r"((?:\d{1,3}|[IVX]{1,5}|[A-Z])(?:\.\d{1,3})*)[.):]?\s+\S",
    re.IGNORECASE,
)
_DEEP_NUMBER = re.compile(r"\d{1,2}(?:\.\d{1,2}){1,4}\.?\s+[^\W\d_]")
_CAPTION = re.compile(
    r"(?:figure|fig\.|table|exhibit|abbildung|abb\.|tabelle|tab\.|tableau|figura|tabla|图|表|図)\s*\d", re.IGNORECASE
)
_FOOTNOTE = re.compile(r"(?:\d{1,3}|[*†‡§¶]{1,3}|[a-z])[.)]?\s+\S")
_CONTENTS_LINE = re.compile(r"…\s*[\divxlcA-Z.-]{1,7}$")  # "2 Duties … 7": leaders arrive as an ellipsis
_SENTENCE_END = re.compile(r"[.!?:;…。！？：；؟][\"'”’»)\]]*$")


@dataclass(slots=True)
class PageStyle:
    """What the column's lines are compared with."""

    page: int
    height: float
    body_size: float
    vocabulary: Vocabulary
    outline: dict[str, int] = field(default_factory=dict)  # normalized title -> depth, of bookmarks to this page


def region_chunks(items: Sequence[Item], style: PageStyle) -> list[Chunk]:
    """Blocks of one column, top to bottom."""
    lines = [item for item in items if isinstance(item, Line)]
    left = min((line.x0 for line in lines), default=0.0)
    pitch = _pitches(lines)
    rights = dict(zip(map(id, lines), _right_edges(lines), strict=True))
    chunks: list[Chunk] = []
    paragraph: list[Line] = []

    def flush() -> None:
        if paragraph:
            chunks.append(_chunk(paragraph, rights[id(paragraph[-1])], style))
            paragraph.clear()

    for item in items:
        if isinstance(item, Table):
            flush()
            chunks.extend(table_chunks(item, style.page))
            continue
        if paragraph and _breaks(paragraph, item, (left, rights[id(paragraph[-1])]), pitch, style.body_size):
            flush()
        paragraph.append(item)
    flush()
    return chunks


def _pitches(lines: Sequence[Line]) -> dict[int, float]:
    """The usual distance from line to line, for each font size that has enough lines to tell."""
    steps: dict[int, list[float]] = {}
    for a, b in pairwise(lines):
        if 0 < b.y1 - a.y1 < 3 * b.height and round(a.size) == round(b.size):
            steps.setdefault(round(b.size), []).append(b.y1 - a.y1)
    # Two steps tell only of moderate spacing: they may as well part three paragraphs of one line each.
    return {
        size: median(some) if len(some) >= 4 else min(median(some), 1.6 * size)
        for size, some in steps.items()
        if len(some) >= 2
    }


def _right_edges(lines: Sequence[Line]) -> list[float]:
    """For each line, where text is wrapped: the column's edge, or its own paragraph's when that is set narrower."""
    if not lines:
        return []
    ends = sorted(line.x1 for line in lines)
    edge = ends[int(0.9 * (len(ends) - 1))] if len(ends) >= 8 else ends[-1]
    rights: list[float] = []
    start = 0
    for i in range(1, len(lines) + 1):
        if i < len(lines):
            a, b = lines[i - 1], lines[i]
            if b.y1 - a.y1 < 1.5 * b.height and abs(a.x0 - b.x0) < b.size and abs(a.size - b.size) < 0.1 * b.size:
                continue
        group = lines[start:i]
        own = max(line.x1 for line in group)
        even = all(line.x1 > own - 0.15 * (own - line.x0) for line in group[:-1])
        rights += [own if len(group) >= 3 and even else max(edge, own)] * len(group)
        start = i
    return rights


def _breaks(
    paragraph: list[Line], line: Line, edges: tuple[float, float], pitch: dict[int, float], body_size: float
) -> bool:
    """Whether ``line`` begins a new block after ``paragraph``."""
    last = paragraph[-1]
    left, right = edges
    step = line.y1 - last.y1
    # A line box is about 1.17 em high and lines are set 1.2 em apart; half-spaced and double-spaced text tells itself.
    usual = min(pitch.get(round(line.size), 1.15 * line.height), 2.2 * line.height)
    if len(paragraph) > 1 and last.y1 > paragraph[-2].y1:
        usual = min(usual, last.y1 - paragraph[-2].y1)
    if step > 1.22 * usual + 0.5 or step < -0.5 * line.height:
        return True
    if not 0.92 < line.size / last.size < 1.09:
        return True
    if line.bold != last.bold and (last.bold or _starts_block(line.text)):
        return True
    if _CONTENTS_LINE.search(last.text):
        return True
    if NUMBERED.match(line.text) and (line.bold or line.size >= 1.14 * body_size):
        return True  # the next heading, right under a title
    if starts_item(line.text) and (line.x0 <= paragraph[0].x0 + 1.5 * line.size or starts_item(paragraph[0].text)):
        return _is_real_marker(line, last)
    if line.size < 1.14 * body_size and _had_room(last, line, left, right):
        return True
    return _breaks_by_shape(paragraph, line, left, right)


def _had_room(last: Line, line: Line, left: float, right: float) -> bool:
    """Whether the next line's first word would have fitted on this one: then somebody broke the line on purpose.

    Addresses, salutations and signatures are made of such lines. Centered lines say nothing.
    """
    if is_rtl(line.text) or is_wide(line.text[0]) or abs(last.x0 - line.x0) > 0.6 * line.size:
        return False
    if line.text[0].islower() or last.text[-1] in "-\u00ad":  # a sentence goes on, so the break was the margin's
        return False
    first = line.words[0]
    # Three quarters of a line height are more than a space and the raggedness of any line breaker.
    return last.x1 + (first.x1 - first.x0) + 0.75 * line.size < right and last.x0 < left + 0.5 * (right - left)


def _breaks_by_shape(paragraph: list[Line], line: Line, left: float, right: float) -> bool:
    """Indents and short last lines."""
    last, size = paragraph[-1], line.size
    ended = _SENTENCE_END.search(last.text) is not None
    if is_rtl(line.text):
        return ended and last.x0 > left + 0.25 * (right - left)
    in_item = starts_item(paragraph[0].text)
    if line.x0 > last.x0 + 0.6 * size and not in_item and len(paragraph) >= 1:
        # An indented line begins a paragraph, unless the line before was centered or a hanging indent's first.
        return ended or (len(paragraph) > 1 and abs(last.x0 - paragraph[-2].x0) < 0.3 * size)
    if in_item and line.x0 < last.x0 - 0.6 * size and len(paragraph) > 1:
        return True
    if in_item and len(paragraph) == 1 and line.x0 < last.x0 - 0.3 * size:
        return True
    short = last.x1 < left + 0.75 * (right - left)
    return ended and short and not line.text[:1].islower()


def _starts_block(text: str) -> bool:
    return starts_item(text) or NUMBERED.match(text) is not None


def starts_item(text: str) -> bool:
    return _BULLET.match(text) is not None or _ENUMERATED.match(text) is not None


def _is_real_marker(line: Line, last: Line) -> bool:
    """A line may begin with "12." or a dash by chance, in the middle of a sentence."""
    if _BULLET.match(line.text) and line.text[0] not in "–—-*·":
        return True
    after_pause = _SENTENCE_END.search(last.text) is not None or last.text.endswith((",", " and", " or", " und"))
    return after_pause or line.text[0] == "(" or line.x0 > last.x0 + 0.3 * line.size or starts_item(last.text)


def _chunk(lines: list[Line], right: float, style: PageStyle) -> Chunk:
    text, placed = join_lines(lines, style)
    size = median(line.size for line in lines)
    bold = all(line.bold for line in lines)
    kind = _kind(text, lines, size, bold, style)
    full = lines[-1].x1 >= right - 0.12 * max(right - lines[-1].x0, 1.0) or is_rtl(text)
    return Chunk(
        kind,
        text,
        placed,
        size=size,
        bold=bold,
        top=lines[0].y0,
        open_end=kind in ("paragraph", "list_item", "footnote") and full and not _SENTENCE_END.search(text),
    )


def join_lines(lines: Sequence[Line], style: PageStyle) -> tuple[str, list[PlacedWord]]:
    """Text of the lines with broken words joined, and the boxes of every word (of both halves of a broken one)."""
    pieces: list[str] = []
    placed: list[PlacedWord] = []
    length = 0
    for line in lines:
        more = line.text
        if pieces:
            cut, between = _joint(pieces[-1], more, style.vocabulary)
            if cut:
                pieces[-1] = pieces[-1][:-cut]
                length -= cut
                if placed and placed[-1].end > length:
                    word = placed.pop()
                    if word.start < length:
                        placed.append(word._replace(end=length))
            pieces.append(between)
            length += len(between)
        placed += place_words(line.words, style.page, length)[1]
        pieces.append(more)
        length += len(more)
    return "".join(pieces), placed


def _joint(before: str, after: str, vocabulary: Vocabulary) -> tuple[int, str]:
    joined = vocabulary.join(before, after)
    if joined is not None:
        return joined
    return (0, "") if is_wide(before[-1]) and is_wide(after[0]) else (0, " ")


def continues(before: str, after: Chunk, open_end: bool) -> bool:
    """Whether ``after`` goes on the paragraph that ends with ``before`` (in the column or page before)."""
    if after.kind != "paragraph" or not before or _SENTENCE_END.search(before):
        return False
    if before[-1] in "-\u00ad" and before[-2:-1].isalpha() and after.text[0].isalpha():
        return True
    return after.text[0].islower() or open_end


def _kind(text: str, lines: list[Line], size: float, bold: bool, style: PageStyle) -> BlockKind:
    if _CAPTION.match(text) and len(lines) <= 6 and (size < 0.97 * style.body_size or len(text) < 200):
        return "caption"
    if _is_heading(text, lines, size, bold, style):
        return "heading"
    small = size < 0.93 * style.body_size
    if small and lines[0].y0 > 0.6 * style.height and (_FOOTNOTE.match(text) or lines[0].words[0].raised):
        return "footnote"
    return "list_item" if starts_item(text) else "paragraph"


def _is_heading(text: str, lines: list[Line], size: float, bold: bool, style: PageStyle) -> bool:
    if len(text) > 200 or len(lines) > 4 or text[-1] in ",;":
        return False
    letters = sum(map(str.isalpha, text))
    if letters < 2 or _CONTENTS_LINE.search(text):
        return False
    if normal_title(text) in style.outline:
        return True
    ratio = size / style.body_size if style.body_size else 1.0
    if ratio >= 1.14:
        return letters >= 0.4 * len(text.replace(" ", ""))
    if len(text) > 120 or len(lines) > 2 or ratio < 0.9:
        return False
    ends_sentence = text[-1] in ".:" and not _ENUMERATED.match(text)
    if bold:
        return not ends_sentence and not _BULLET.match(text)
    if len(lines) > 1 or text[-1] in ".:!?":
        return False
    shouted = text.isupper() and letters >= 6 and len(text) <= 70 and letters > 0.7 * len(text.replace(" ", ""))
    return shouted or (_DEEP_NUMBER.match(text) is not None and len(text) <= 80 and not text[-1].isdigit())


def normal_title(text: str) -> str:
    """Letters and digits only, lower case: bookmarks and headings differ in spaces and dots."""
    return "".join(c for c in text.lower() if c.isalnum())

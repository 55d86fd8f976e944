"""Pages of chunks -> one stream of blocks: paragraphs go on over columns and pages, heading levels are settled last."""

from __future__ import annotations

from collections.abc import Sequence

from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.layout.blocks import NUMBERED, PageStyle, continues, normal_title, region_chunks
from slimlm.documents.layout.columns import regions
from slimlm.documents.layout.lines import segments
from slimlm.documents.layout.records import Chunk, Item, Line, Rule, is_rtl
from slimlm.documents.layout.tables import aligned_tables, ruled_tables

_ASIDES = ("footnote", "caption")  # moved in front of a paragraph that goes on after them
_MAX_LEVEL = 6


def page_chunks(lines: list[Line], rules: Sequence[Rule], style: PageStyle) -> list[Chunk]:
    """Blocks of one page in reading order. The first chunk of each column is marked as a possible continuation."""
    items: list[Item] = list(lines)
    if rules:
        words = [word for line in lines for word in line.words]
        tables, rest = ruled_tables(words, rules)
        if tables:
            items = [*segments(rest), *tables]
    rtl = is_rtl("".join(line.text for line in lines))
    chunks: list[Chunk] = []
    for region in regions(items, rtl):
        found = region_chunks(aligned_tables(region), style)
        if found:
            found[0].open_start = True
            chunks += found
    return chunks


class Flow:
    """Feeds a builder. Heading levels are only known when every style has been seen, so ``finish`` settles them."""

    def __init__(self, builder: DocumentBuilder) -> None:
        self.title = ""
        self._builder = builder
        self._open: Chunk | None = None  # the last chunk, when it may go on
        self._styles: list[tuple[float, bool, int, int]] = []  # size, bold, depth of numbering, depth of bookmark

    def add_page(self, chunks: list[Chunk], style: PageStyle) -> None:
        self._find_title(chunks, style)
        for chunk in _asides_first(chunks):
            self._add(chunk, style)

    def _add(self, chunk: Chunk, style: PageStyle) -> None:
        last = self._open
        tail = self._builder.last_block if last is not None else None
        if (
            last is not None
            and tail is not None
            and chunk.open_start
            and chunk.bold == last.bold
            and abs(chunk.size - last.size) < 0.06 * last.size
            and continues(tail[1], chunk, last.open_end)
        ):
            cut, joiner = style.vocabulary.join(tail[1], chunk.text) or (0, " ")
            if cut:
                self._builder.trim_tail(cut)
            self._builder.extend(chunk.text, chunk.words, joiner)
        else:
            level = self._level_key(chunk, style) if chunk.kind == "heading" else 1 if chunk.kind == "title" else 0
            self._builder.add(chunk.kind, chunk.text, level, chunk.words)
        self._open = chunk if chunk.kind in ("paragraph", "list_item") else None

    def _find_title(self, chunks: list[Chunk], style: PageStyle) -> None:
        """The largest heading on the first page, before any other text of the same size."""
        if style.page != 1 or self.title:
            return
        headings = [chunk for chunk in chunks if chunk.kind == "heading"]
        largest = max((chunk.size for chunk in headings), default=0.0)
        tops = [chunk for chunk in headings if chunk.size > 0.97 * largest and not NUMBERED.match(chunk.text)]
        if len(tops) == 1 and tops[0] is headings[0] and largest >= 1.25 * style.body_size:
            tops[0].kind = "title"
            self.title = tops[0].text

    def _level_key(self, chunk: Chunk, style: PageStyle) -> int:
        """A provisional level: the index of the heading's style plus 100."""
        number = NUMBERED.match(chunk.text)
        depth = number.group(1).count(".") + 1 if number else 0
        mark = style.outline.get(normal_title(chunk.text), 0)
        key = (round(chunk.size), chunk.bold, depth, mark)
        if key not in self._styles:
            self._styles.append(key)
        return self._styles.index(key) + 100

    def finish(self) -> None:
        """Turn provisional levels into 1 to 6: by bookmark, else by numbering and size."""
        base = 1 if self.title else 0
        looks = sorted({(size, bold) for size, bold, _, mark in self._styles if not mark}, reverse=True)
        rank = {look: i + 1 for i, look in enumerate(looks)}
        numbered = [rank[(size, bold)] for size, bold, depth, mark in self._styles if depth == 1 and not mark]
        first = min(numbered, default=1)
        deepest_mark = max((mark for *_, mark in self._styles), default=0)
        levels: dict[int, int] = {}
        for i, (size, bold, depth, mark) in enumerate(self._styles):
            if mark:
                level = mark
            elif depth > 1:
                level = first + depth - 1
            else:
                level = rank[(size, bold)] + deepest_mark
            levels[i + 100] = min(base + level, _MAX_LEVEL)
        self._builder.settle_levels(levels)


def _asides_first(chunks: list[Chunk]) -> list[Chunk]:
    """Footnotes and captions stand before an unfinished last paragraph, so that no sentence is torn by them."""
    body = [chunk for chunk in chunks if chunk.kind not in _ASIDES]
    if not body or not body[-1].open_end or chunks[-1] is body[-1]:
        return chunks
    last = body[-1]
    return [chunk for chunk in chunks if chunk is not last] + [last]

"""One PDF page -> its words, rules and pictures: what is visible, in display coordinates, with spaces where gaps are.

Hidden text (white on white, smaller than a point, outside the page) is counted and left out: it is a classic carrier
of instructions to language models. Invisible text over a picture is kept: that is how scanners store recognized text.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from operator import sub

from slimlm.documents.layout.records import Rule, Word
from slimlm.documents.pdfium import PdfPage, apply

_TOKEN = re.compile(r"[^\s\x00-\x1f]+")
_HYPHENS = str.maketrans({"\x02": "-", "\ufffe": "-"})  # how pdfium marks a hyphen at a line's end
_FORMS = re.compile("[\ufb00-\ufdff\ufe70-\ufefc]")  # ligatures and Arabic letter forms
_LEADER = re.compile(r"[.·…_]{4,}")
_INVISIBLE = 3  # text render mode
_MOST_OBJECTS = 6000  # a drawing beyond this is no table
_MOST_SEGMENTS = 400
_THIN = 3.0  # points: a filled bar this thin is a drawn line
_MARK = re.compile(r"[\d*†‡§¶,a-c]{1,4}")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
UPRIGHT = 0
DOWNWARD = 3  # quarter turns; Chinese and Japanese columns, set from right to left, read like text turned this way


@dataclass(slots=True)
class PageText:
    """``words`` by quarter turn (counter-clockwise, as displayed), each in its own upright coordinates."""

    width: float
    height: float
    words: dict[int, list[Word]] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    n_chars: int = 0
    n_hidden: int = 0
    n_diagonal: int = 0
    n_vertical: int = 0
    n_unreadable: int = 0
    picture_share: float = 0.0  # of the page's area

    def main_turn(self) -> int:
        weights = {turn: sum(len(word.text) for word in words) for turn, words in self.words.items()}
        return max(weights, key=lambda turn: (weights[turn], -turn), default=UPRIGHT)

    def size(self, turn: int) -> tuple[float, float]:
        return (self.height, self.width) if turn % 2 else (self.width, self.height)


Box = tuple[float, float, float, float]


def turned(box: Box, turn: int, width: float, height: float) -> Box:
    """A display box in the upright coordinates of text that is turned by ``turn`` quarters."""
    x0, y0, x1, y1 = box
    if turn == 1:  # reads upward: the left edge of the page is its top
        return height - y1, x0, height - y0, x1
    if turn == 2:
        return width - x1, height - y1, width - x0, height - y0
    if turn == 3:  # reads downward
        return y0, width - x1, y1, width - x0
    return box


def unturned(box: Box, turn: int, width: float, height: float) -> Box:
    x0, y0, x1, y1 = box
    if turn == 1:
        return y0, height - x1, y1, height - x0
    if turn == 2:
        return width - x1, height - y1, width - x0, height - y0
    if turn == 3:
        return width - y1, x0, width - y0, x1
    return box


@dataclass(slots=True, frozen=True)
class _Style:
    bold: bool
    turn: int  # -1: diagonal
    white: bool
    clear: bool  # drawn with no ink at all
    invisible: bool


_PLAIN = _Style(False, UPRIGHT, False, False, False)


class PageReader:
    """Extracts one page. Only for the duration of one call to ``page_text``."""

    def __init__(self, page: PdfPage) -> None:
        self.page = page
        self.found = PageText(page.width, page.height)
        self._styles: dict[int, _Style] = {}
        self._fills: list[tuple[Box, bool]] = []  # (box, is white) in drawing order
        self._pictures: list[Box] = []
        self._order = 0

    def read(self) -> PageText:
        text, x0, y0, x1, y1 = self.page.characters()
        self._drawings()
        tokens = [(token.group(), *token.span()) for token in _TOKEN.finditer(text.translate(_HYPHENS))]
        things = self.page.text_objects([a for _, a, _ in tokens])
        # Running sums over all characters tell in one step whether a token has a gap or a raised letter inside.
        widths = [0.0, *accumulate(map(sub, x1, x0))]
        bottoms = [0.0, *accumulate(y1)]
        previous_end = -1
        for (token, a, b), thing in zip(tokens, things, strict=True):
            style = self._styles.get(thing) or self._new_style(thing)
            glued, previous_end = previous_end == a, b
            tall = y1[a] - y0[a]
            gaps = x1[b - 1] - x0[a] - (widths[b] - widths[a])
            uneven = abs(bottoms[b] - bottoms[a] - (b - a) * y1[a])
            if style.turn == UPRIGHT and uneven < 0.1 * tall and abs(gaps) < 0.25 * tall:
                self._add(token, (x0[a], y0[a], x1[b - 1], y1[a]), style, glued)
            else:
                self._token(token, (x0[a:b], y0[a:b], x1[a:b], y1[a:b]), style, glued)
        if ". . . ." in text:
            self.found.words = {turn: _close_leaders(words) for turn, words in self.found.words.items()}
        return self.found

    def _new_style(self, thing: int) -> _Style:
        style = self._styles[thing] = self._look_up(thing) if thing else _PLAIN
        return style

    def _look_up(self, thing: int) -> _Style:
        page = self.page
        matrix = page.matrix(thing)
        quarters = math.degrees(math.atan2(matrix.b, matrix.a)) / 90
        turn = round(quarters)
        diagonal = abs(quarters - turn) > 0.12
        red, green, blue, alpha = page.fill_color(thing)
        mode = page.lib.FPDFTextObj_GetTextRenderMode(thing)
        return _Style(
            bold=page.pdf.is_bold(thing),
            turn=-1 if diagonal else (turn - page.turns) & 3,
            white=min(red, green, blue) >= 248 and mode in (0, 4),
            clear=alpha == 0 and mode == 0,
            invisible=mode == _INVISIBLE,
        )

    def _token(self, text: str, boxes: tuple[list[float], ...], style: _Style, glued: bool) -> None:
        """A token that may fall apart, or is turned."""
        found = self.found
        x0, y0, x1, y1 = boxes
        if style.turn < 0:
            found.n_chars += len(text)
            found.n_diagonal += len(text)
            return
        if style.turn == UPRIGHT and _is_vertical(x0, y0, y1):
            style = replace(style, turn=DOWNWARD)
            found.n_vertical += len(text)
        if style.turn:
            rows = [turned(box, style.turn, found.width, found.height) for box in zip(x0, y0, x1, y1, strict=True)]
            x0, y0, x1, y1 = (list(column) for column in zip(*rows, strict=True))
        for start, end, is_glued in _pieces(x0, y0, x1, y1):
            box = min(x0[start:end]), min(y0[start:end]), max(x1[start:end]), max(y1[start:end])
            self._add(text[start:end], box, style, is_glued or (glued and start == 0))

    def _add(self, text: str, box: Box, style: _Style, glued: bool) -> None:
        found = self.found
        found.n_chars += len(text)
        if self._is_hidden(box, style):
            found.n_hidden += len(text)
            return
        clean = self._clean(text)
        if clean:
            word = Word(clean, *box, box[3] - box[1], style.bold, self._order, glued)
            self._order += 1
            _settle_raised(found.words.setdefault(style.turn, []), word)

    def _clean(self, text: str) -> str:
        """Readable text of a token: ligatures opened, controls dropped, unknown glyphs counted."""
        if text.isascii():
            return _LEADER.sub("…", text) if "...." in text or "____" in text else text
        if _FORMS.search(text):
            text = unicodedata.normalize("NFKC", text)
        text = unicodedata.normalize("NFC", text).replace("\u200b", "").replace("\u2011", "-")
        if len(text) > 1:
            text = text[:-1].replace("\u00ad", "") + text[-1]
        if any("\ue000" <= c <= "\uf8ff" or c == "\ufffd" for c in text):
            if len(text) == 1:
                return "•"  # a lone glyph of a symbol font is a bullet
            self.found.n_unreadable += len(text)
            text = re.sub("[\ue000-\uf8ff\ufffd]", "", text)
        return _LEADER.sub("…", text)

    def _is_hidden(self, box: Box, style: _Style) -> bool:
        found = self.found
        width, height = (found.height, found.width) if style.turn & 1 else (found.width, found.height)
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        if box[3] - box[1] < 1 or not (0 <= x <= width and 0 <= y <= height):
            return True
        if not (style.white or style.clear or style.invisible):
            return False
        x0, y0, x1, y1 = unturned(box, style.turn, found.width, found.height)
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        on_picture = any(_holds(area, x, y) for area in self._pictures)
        if style.invisible or style.clear:
            return not on_picture
        under = [white for area, white in self._fills if _holds(area, x, y)]
        return not on_picture and (not under or under[-1])

    def _drawings(self) -> None:
        """Rules, filled areas and pictures."""
        page = self.page
        area = 0.0
        for thing, kind, around in page.objects(_MOST_OBJECTS):
            if kind not in (2, 3, 4):  # FPDF_PAGEOBJ_PATH, IMAGE, SHADING
                continue
            left, bottom, right, top = page.bounds(thing)
            (ax, ay), (bx, by) = apply(around, left, bottom), apply(around, right, top)
            box = page.display_box(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
            if kind == 2:
                self._path(thing, box, around)
            else:
                self._pictures.append(box)
                area += max(min(box[2], page.width) - max(box[0], 0), 0) * max(
                    min(box[3], page.height) - max(box[1], 0), 0
                )
        self.found.picture_share = min(area / max(page.width * page.height, 1.0), 1.0)

    def _path(self, path: int, box: Box, around: object) -> None:
        page = self.page
        filled, stroked = page.draw_modes(path)
        width, height = box[2] - box[0], box[3] - box[1]
        if min(width, height) <= _THIN:
            if max(width, height) >= 8 and (filled or stroked):
                self.found.rules.append(Rule(*box))
            return
        if filled:
            red, green, blue, alpha = page.fill_color(path)
            if alpha > 8:
                self._fills.append((box, min(red, green, blue) >= 248))
        if stroked and len(self.found.rules) < _MOST_OBJECTS:
            self._stroked(path, around)

    def _stroked(self, path: int, around: object) -> None:
        """Straight horizontal and vertical pieces of a drawn outline."""
        from slimlm.documents.pdfium import Matrix, multiply  # noqa: PLC0415

        page = self.page
        matrix = multiply(page.matrix(path), around if isinstance(around, Matrix) else None)
        start = last = (0.0, 0.0)
        for kind, x, y, closes in page.path_points(path, _MOST_SEGMENTS):
            here = apply(matrix, x, y)
            if kind == 2:
                start = here
            elif kind == 0:
                self._straight(last, here)
            if closes:
                self._straight(here, start)
            last = here

    def _straight(self, a: tuple[float, float], b: tuple[float, float]) -> None:
        if min(abs(a[0] - b[0]), abs(a[1] - b[1])) <= 1 and max(abs(a[0] - b[0]), abs(a[1] - b[1])) >= 8:
            box = self.page.display_box(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))
            self.found.rules.append(Rule(*box))


def page_text(page: PdfPage) -> PageText:
    """Everything the layout needs to know about a page."""
    return PageReader(page).read()


def _holds(box: Box, x: float, y: float) -> bool:
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _is_vertical(x0: list[float], y0: list[float], y1: list[float]) -> bool:
    """Whether each character stands below the one before it."""
    if len(x0) < 3:
        return False
    tall = y1[0] - y0[0]
    below = sum(abs(b - a) < 0.3 * tall for a, b in pairwise(x0))
    stepped = sum(0.5 * tall < b - a < 1.8 * tall for a, b in pairwise(y0))
    return min(below, stepped) >= 0.8 * (len(x0) - 1)


def _pieces(x0: list[float], y0: list[float], x1: list[float], y1: list[float]) -> list[tuple[int, int, bool]]:
    """Where a token falls apart: (start, end, glued to the piece before). Nearly always one piece."""
    n = len(x0)
    height = y1[0] - y0[0]
    if n == 1:
        return [(0, 1, False)]
    widest = max(map(sub, x0[1:], x1[:-1]))
    if widest <= 0.3 * height and max(y0) - min(y0) <= 0.12 * height and max(y1) - min(y1) <= 0.12 * height:
        return [(0, n, False)]
    pieces: list[tuple[int, int, bool]] = []
    start, glued = 0, False
    for i in range(1, n):
        tall = min(y1[i] - y0[i], y1[i - 1] - y0[i - 1])
        overlap = min(y1[i], y1[i - 1]) - max(y0[i], y0[i - 1])
        gap = max(x0[i] - x1[i - 1], x0[i - 1] - x1[i])
        apart = overlap < 0.3 * tall or gap > 0.3 * max(y1[i] - y0[i], y1[i - 1] - y0[i - 1])
        resized = abs((y1[i] - y0[i]) - (y1[i - 1] - y0[i - 1])) > 0.12 * height
        if (apart or resized) and tall > 0:
            pieces.append((start, i, glued))
            start, glued = i, not apart
    pieces.append((start, n, glued))
    return pieces


def _close_leaders(words: list[Word]) -> list[Word]:
    """Rows of single dots in tables of contents (". . . . .") become one ellipsis, as rows without spaces do."""
    closed: list[Word] = []
    i = 0
    while i < len(words):
        end = i
        while end < len(words) and words[end].text == "." and abs(words[end].y1 - words[i].y1) < 1:
            end += 1
        if end - i >= 4:
            first, last = words[i], words[end - 1]
            closed.append(replace(first, text="…", x1=max(first.x1, last.x1), glued=False))
            i = end
        else:
            closed.append(words[i])
            i += 1
    return closed


def _settle_raised(words: list[Word], word: Word) -> None:
    """Append a word; a superscript after a word or sentence is a note's mark and goes, other ones become "m²".

    Left in line as plain digits they would turn "the rent.3 The" and "10 m2" into wrong sentences and numbers.
    """
    before = words[-1] if words else None
    if before is not None and _is_raised(before, word):
        if _MARK.fullmatch(word.text):
            stem = before.text.rstrip(".,;:!?)]\"'”’»")
            if len(stem) < len(before.text) or (len(stem) > 3 and stem.isalpha()):
                return
            word.text = word.text.translate(_SUPERSCRIPTS)
        word.raised = word.glued = True
    words.append(word)


def _is_raised(before: Word, word: Word) -> bool:
    if not (word.size < 0.85 * before.size and -0.2 * before.size <= word.x0 - before.x1 <= 0.25 * before.size):
        return False
    overlaps = word.y0 < before.y1 and word.y1 > before.y0
    return overlaps and before.y1 - word.y1 > 0.12 * before.size

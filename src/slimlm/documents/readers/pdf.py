"""PDF -> blocks in reading order. Two steps per page, a few pages apart: words first, then layout.

The distance between the steps is what finds running headers (lines that come back on pages nearby) and the size of
the body text, without holding the whole document.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

from slimlm.documents.builder import DocumentBuilder, PlacedWord
from slimlm.documents.layout.blocks import PageStyle, normal_title
from slimlm.documents.layout.flow import Flow, page_chunks
from slimlm.documents.layout.hyphens import Vocabulary
from slimlm.documents.layout.lines import glue_wide, segments
from slimlm.documents.layout.records import Chunk, Line
from slimlm.documents.layout.running import Edges, running_lines
from slimlm.documents.ocr import Recognizer, open_recognizer
from slimlm.documents.pdf_words import PageText, page_text, unturned
from slimlm.documents.pdfium import Pdf, PdfPage
from slimlm.documents.records import ReadProgress, TextSource
from slimlm.documents.source import Report, Source
from slimlm.errors import CorruptDocumentError, DocumentTooLargeError
from slimlm.settings import DocumentSettings

_AHEAD = 8  # pages of words known before a page is laid out
_UNREADABLE = 0.3  # share of characters without a meaning from which a page's text is no text
_OCR_DPI = 200
_OCR_PIXELS = 12_000_000  # an A3 page at 200 dpi


@dataclass(slots=True)
class _Pending:
    """A page whose words are known and whose layout is not."""

    index: int
    text: PageText
    turn: int
    lines: list[Line]
    edges: Edges
    source: TextSource


def read_pdf(source: Source, limits: DocumentSettings, builder: DocumentBuilder, report: Report) -> str:
    """Raises ``EncryptedDocumentError``, ``CorruptDocumentError``, ``DocumentTooLargeError``."""
    pdf = Pdf(source.data)
    try:
        if pdf.n_pages <= 0:
            raise CorruptDocumentError("The PDF has no pages.")
        if pdf.n_pages > limits.max_pages:
            raise DocumentTooLargeError(f"The PDF has {pdf.n_pages:,} pages (limit {limits.max_pages:,}).")
        return _PdfReading(pdf, limits, builder, report).run()
    finally:
        pdf.close()


class _PdfReading:
    def __init__(self, pdf: Pdf, limits: DocumentSettings, builder: DocumentBuilder, report: Report) -> None:
        self.pdf, self.limits, self.builder, self.report = pdf, limits, builder, report
        self.flow = Flow(builder)
        self.vocabulary = Vocabulary()
        self.sizes: Counter[float] = Counter()
        self.window: deque[_Pending] = deque()  # pages laid out lately, and pages ahead
        self.without_text: list[int] = []
        self.damaged: list[int] = []
        self.n_hidden = self.n_diagonal = self.n_vertical = self.n_recognized = 0
        self.recognizer: Recognizer | None = None
        self.outline: dict[int, dict[str, int]] = {}
        for depth, title, page in pdf.outline():
            self.outline.setdefault(page, {}).setdefault(normal_title(title), depth)

    def run(self) -> str:
        n_pages = self.pdf.n_pages
        done = 0
        for index in range(n_pages):
            self.window.append(self._words(index))
            self.report(ReadProgress("pages", index + 1, n_pages))
            if index - done >= _AHEAD:
                self._lay_out(done)
                done += 1
        for rest in range(done, n_pages):
            self._lay_out(rest)
        self.flow.finish()
        self._notices()
        return self._title()

    def _words(self, index: int) -> _Pending:
        try:
            with PdfPage(self.pdf, index) as page:
                text = page_text(page)
                source: TextSource = "text"
                if text.n_chars and text.n_unreadable > _UNREADABLE * text.n_chars:
                    text.words.clear()  # glyphs without meaning: as good as a picture
                if not any(text.words.values()):
                    source = self._recognize(index, page, text)
        except CorruptDocumentError:
            self.damaged.append(index + 1)
            text, source = PageText(0.0, 0.0), "none"
        turn = text.main_turn()
        words = text.words.get(turn, [])
        self.n_hidden += text.n_hidden
        self.n_diagonal += text.n_diagonal
        self.n_vertical += text.n_vertical
        glue_wide(words)
        lines = segments(words)
        for line in lines:
            self.vocabulary.learn(line.text)
            self.sizes[round(line.size * 2) / 2] += len(line.text)  # font sizes, to half points
        return _Pending(index, text, turn, lines, Edges(lines, text.size(turn)[1]), source)

    def _recognize(self, index: int, page: PdfPage, text: PageText) -> TextSource:
        """Read a page without text by its looks, when the extra is installed and allowed."""
        if self.limits.ocr == "off" or self.n_recognized >= self.limits.ocr_max_pages:
            self.without_text.append(index + 1)
            return "none"
        if self.recognizer is None:
            self.recognizer = open_recognizer(self.limits)
        if self.recognizer is None or (text.picture_share == 0 and not text.rules):
            self.without_text.append(index + 1)
            return "none"
        self.n_recognized += 1
        self.report(ReadProgress("ocr", index + 1, self.pdf.n_pages))
        width, height, pixels = page.render(_OCR_DPI, _OCR_PIXELS)
        found = self.recognizer.words(pixels, width, height, page.width / width)
        if not found:
            self.without_text.append(index + 1)
            return "none"
        text.words = {0: found}
        return "ocr"

    def _lay_out(self, index: int) -> None:
        at = next(i for i, pending in enumerate(self.window) if pending.index == index)
        here = self.window[at]
        text, turn = here.text, here.turn
        body = self.sizes.most_common(1)[0][0] if self.sizes else 10.0
        label = self.pdf.label(index) or str(index + 1)
        number = self.builder.start_page("page", label, text.width, text.height, here.source)
        running = running_lines([pending.edges for pending in self.window], at, self.pdf.n_pages)
        lines = [line for line in here.lines if id(line) not in running]
        style = PageStyle(number, text.size(turn)[1], body, self.vocabulary, self.outline.get(index, {}))
        self.flow.add_page(self._chunks(lines, text, turn, style), style)
        for other in sorted(text.words):
            if other != turn and text.words[other]:
                glue_wide(text.words[other])
                aside = PageStyle(number, text.size(other)[1], body, self.vocabulary)
                chunks = self._chunks(segments(text.words[other]), text, other, aside)
                for chunk in chunks:  # a remark along the margin is nobody's heading
                    chunk.kind = "paragraph" if chunk.kind == "heading" else chunk.kind
                self.flow.add_page(chunks, aside)
        here.lines, here.text = [], PageText(text.width, text.height)  # only its edges are still needed
        while self.window and self.window[0].index < index - 3:
            self.window.popleft()

    def _chunks(self, lines: list[Line], text: PageText, turn: int, style: PageStyle) -> list[Chunk]:
        chunks = page_chunks(lines, text.rules if turn == 0 else [], style)
        if turn:
            for chunk in chunks:
                chunk.words = [_unturned(word, turn, text) for word in chunk.words]
        return chunks

    def _notices(self) -> None:
        notice = self.builder.notice
        if self.without_text:
            advice = ""
            if self.limits.ocr != "off" and self.recognizer is None:
                advice = " Install text recognition (pip install 'slimlm[ocr]') to read them."
            pages = page_list(self.without_text)
            notice("pages_without_text", f"No text was found on page{_s(self.without_text)} {pages}.{advice}")
        if self.damaged:
            notice("damaged_pages", f"Page{_s(self.damaged)} {page_list(self.damaged)} could not be read (damaged).")
        if self.n_hidden:
            notice("hidden_text", f"{self.n_hidden:,} characters of hidden text were left out.")
        if self.n_diagonal:
            notice("diagonal_text", "Text written diagonally (a watermark or stamp) was left out.")
        if self.n_vertical:  # pdfium loses the first column of some pages
            notice("vertical_text", "Text set in vertical columns may be incomplete; compare it with the original.")

    def _title(self) -> str:
        """The title on the first page, else the file's own unless a program made it up."""
        if self.flow.title:
            return self.flow.title
        title = self.pdf.meta(b"Title").strip()
        made_up = title.lower().startswith(("microsoft word -", "untitled", "(anonymous)", "unknown"))
        return "" if made_up or title.lower().endswith((".doc", ".docx", ".pdf", ".indd", ".tex")) else title


def _unturned(word: PlacedWord, turn: int, text: PageText) -> PlacedWord:
    box = unturned((word.x0, word.y0, word.x1, word.y1), turn, text.width, text.height)
    return PlacedWord(word.start, word.end, word.page, *box)


def _s(pages: list[int]) -> str:
    return "s" if len(pages) > 1 else ""


def page_list(pages: list[int]) -> str:
    """[1, 2, 3, 7] -> "1-3, 7"; long lists are cut."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][1] + 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    shown = [str(a) if a == b else f"{a}-{b}" for a, b in runs[:12]]
    return ", ".join(shown) + (" and others" if len(runs) > 12 else "")

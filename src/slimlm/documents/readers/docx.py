"""Word documents (DOCX, DOCM, DOTX) -> blocks in the order of the body.

Revisions are read as accepted, fields as their results. Comments, headers and footers are no part of the text; hidden
text is left out with a notice, because what a person cannot see must not be quoted to them.
"""

from __future__ import annotations

from slimlm.documents.archive import Archive, open_archive
from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.readers.docx_styles import Numbering, Style, Styles, heading_level
from slimlm.documents.readers.docx_table import Cell, is_layout, is_marked, read_rows, to_lines
from slimlm.documents.readers.docx_text import PAGE_BREAK, Paragraph, Seen, TextReader
from slimlm.documents.readers.inline import tidy
from slimlm.documents.readers.ooxml import (
    Element,
    attr,
    child,
    core_title,
    descend,
    integer,
    local,
    main_part,
    optional_part,
    relationships,
)  # fmt: skip
from slimlm.documents.records import BlockKind, ReadProgress
from slimlm.documents.source import Report, Source
from slimlm.documents.xml import parse_xml
from slimlm.errors import CorruptDocumentError, DocumentTooLargeError
from slimlm.settings import DocumentSettings

_MAX_LOOK_CHARS = 90  # a longer bold paragraph is emphasis, not a heading


def read_docx(source: Source, limits: DocumentSettings, builder: DocumentBuilder, report: Report) -> str:
    archive = open_archive(source.data, limits)
    part = main_part(archive, "word/document.xml")
    root = parse_xml(archive.read(part), part)
    body = child(root, "body")
    if body is None:
        raise CorruptDocumentError("The file is no Word document: it has no body.")
    seen = Seen()
    reader = _Body(archive, part, builder, limits, seen, report)
    reader.has_pages = next(descend(body, "lastRenderedPageBreak"), None) is not None
    if reader.has_pages:
        builder.start_page("page", "1")
    reader.has_headings = _has_headings(body, reader.styles)
    reader.blocks(body)
    if not builder.n_chars:
        for name in sorted(r.target for r in relationships(archive, part).values() if r.kind in ("header", "footer")):
            page_part = optional_part(archive, name)
            if page_part is not None:
                reader.blocks(page_part)
    if seen.hidden:
        builder.notice("hidden_text", "Text that is formatted as hidden was left out.")
    if seen.comments:
        builder.notice("comments", "Comments were left out.")
    if seen.revisions:
        builder.notice("tracked_changes", "Tracked changes were read as if they were accepted.")
    return reader.title or core_title(archive)


def _has_headings(body: Element, styles: Styles) -> bool:
    used = {attr(item, "val") for item in descend(body, "pStyle")}
    return any(heading_level(styles.get(name), None) for name in used)


class _Body:
    """Adds paragraphs and tables as they come. Knows the styles, the lists and the notes."""

    def __init__(
        self,
        archive: Archive,
        part: str,
        builder: DocumentBuilder,
        limits: DocumentSettings,
        seen: Seen,
        report: Report,
    ) -> None:
        parts = {item.kind: item.target for item in relationships(archive, part).values()}
        self.styles = Styles(optional_part(archive, parts.get("styles", "")))
        self.title = ""
        self.has_pages = False
        self.has_headings = False
        self._numbering = Numbering(optional_part(archive, parts.get("numbering", "")), self.styles)
        self._notes = {
            kind: _notes(optional_part(archive, parts.get(kind + "s", "")), kind) for kind in ("footnote", "endnote")
        }
        self._builder = builder
        self._max_cells = limits.max_cells
        self._text = TextReader(self.styles, seen)
        self._seen = seen
        self._report = report
        self._n_pages = 1
        self._level = 0  # of the last heading
        self._carried: list[str] = []  # text of a paragraph whose end was deleted: it goes on in the next
        self._pending_notes: list[tuple[str, str]] = []
        self._n_cells = 0

    def blocks(self, container: Element) -> None:
        for item in container:
            name = local(item)
            if name == "p":
                if len(item):  # a file may hold millions of empty ones
                    self._paragraph(item)
            elif name == "tbl":
                self._table(item)
            elif name == "sdt":
                gallery = attr(child(item, "sdtPr", "docPartObj", "docPartGallery"), "val")
                if gallery != "Table of Contents":
                    self.blocks(item)
            elif name in ("sdtContent", "customXml", "smartTag", "ins", "moveTo"):
                self.blocks(item)
            elif name in ("del", "moveFrom"):
                self._seen.revisions = True
            elif name == "AlternateContent":
                for choice in list(item)[:1]:
                    self.blocks(choice)

    def _paragraph(self, element: Element) -> None:
        properties = child(element, "pPr")
        style_id = attr(child(properties, "pStyle"), "val") or self.styles.default_paragraph
        style = self.styles.get(style_id)
        in_contents = self._text.in_contents
        paragraph = self._text.read(element, style_id)
        if in_contents or self._text.in_contents or style.name.startswith("toc "):
            return  # a table of contents repeats the headings
        if self._carried:
            paragraph.parts[:0] = self._carried
            self._carried = []
        if child(properties, "rPr", "del") is not None:
            self._carried = [paragraph.text]
            return
        self._add(paragraph, properties, style)
        self._pending_notes.extend(paragraph.notes)
        self._add_notes()
        for box in paragraph.boxes:
            self.blocks(box)

    def _add(self, paragraph: Paragraph, properties: Element | None, style: Style) -> None:
        text = paragraph.text
        if not text.strip(" \t\n\u00a0"):
            self._turn_pages(text.count(PAGE_BREAK))
            return
        marker, depth = self._marker(properties, style)
        kind, level = self._kind(paragraph, properties, style, marker, depth)
        if kind in ("heading", "title"):
            text = text.replace("\n", " ")
        pieces = text.split(PAGE_BREAK)
        begun = False
        for i, piece in enumerate(pieces):
            if i:
                self._turn_pages(1)
            clean = tidy(piece)
            if not clean:
                continue
            if begun:
                self._builder.extend(clean)
            else:
                self._builder.add(kind, f"{marker} {clean}" if marker else clean, level)
                begun = True

    def _marker(self, properties: Element | None, style: Style) -> tuple[str | None, int]:
        """The number before a paragraph ("" for a bullet, None outside lists) and its depth, 1-based."""
        numbering = child(properties, "numPr")
        number_id = attr(child(numbering, "numId"), "val") or style.number_id
        level = integer(attr(child(numbering, "ilvl"), "val"), style.number_level)
        if not number_id or number_id == "0":
            return None, 0
        return self._numbering.next(number_id, level), level + 1

    def _kind(
        self, paragraph: Paragraph, properties: Element | None, style: Style, marker: str | None, depth: int
    ) -> tuple[BlockKind, int]:
        if style.name in ("title", "titel"):
            self.title = self.title or tidy(paragraph.text.replace(PAGE_BREAK, " ")).replace("\n", " ")
            return "title", 1
        outline = child(properties, "outlineLvl")
        level = heading_level(style, integer(attr(outline, "val"), 9) if outline is not None else None)
        clean = tidy(paragraph.text.replace(PAGE_BREAK, " "))
        if level and len(clean) <= 3 * _MAX_LOOK_CHARS:
            self._level = level
            return "heading", level
        if self._looks_like_heading(paragraph, clean, marker):
            return "heading", min(self._level + 1, 9) if self.has_headings else 1 if not self._builder.n_chars else 2
        if marker is not None:
            return "list_item", min(depth, 9)
        if style.name.startswith("list ") and "paragraph" not in style.name:
            return "list_item", 1
        return ("caption" if style.name == "caption" else "paragraph"), 0

    def _looks_like_heading(self, paragraph: Paragraph, clean: str, marker: str | None) -> bool:
        if not paragraph.is_bold or marker == "" or not 2 <= len(clean) <= _MAX_LOOK_CHARS or "\n" in clean:
            return False
        return clean[-1] not in ".,;!?" and not (clean.endswith(":") and len(clean) < 12) and "\t" not in paragraph.text

    def _turn_pages(self, count: int) -> None:
        for _ in range(count if self.has_pages else 0):
            self._n_pages += 1
            self._builder.start_page("page", str(self._n_pages))
            if self._n_pages % 50 == 0:
                self._report(ReadProgress("pages", self._n_pages, self._n_pages))

    def _add_notes(self) -> None:
        pending, self._pending_notes = self._pending_notes, []
        for kind, note_id in pending:
            element = self._notes[kind].pop(note_id, None)  # a second reference repeats nothing
            if element is not None:
                text = " ".join(filter(None, (self._cell_text(item) for item in element)))
                if text:
                    self._builder.add("footnote", f"{self._text.note_number(kind, note_id)} {text}")

    def _cell_text(self, item: Element) -> str:
        """Text of one paragraph or of a table inside a cell or a note."""
        if local(item) == "tbl":
            rows = read_rows(item)
            return "; ".join(to_lines([[self._cell(c) for c in row.cells] for row in rows], rows, False))
        if local(item) in ("sdt", "sdtContent", "customXml", "ins"):
            return " ".join(filter(None, map(self._cell_text, item)))
        if local(item) != "p":
            return ""
        properties = child(item, "pPr")
        style_id = attr(child(properties, "pStyle"), "val") or self.styles.default_paragraph
        paragraph = self._text.read(item, style_id)
        self._pending_notes.extend(paragraph.notes)
        text = tidy(paragraph.text) if PAGE_BREAK not in paragraph.text else PAGE_BREAK + tidy(paragraph.text)
        marker, _ = self._marker(properties, self.styles.get(style_id)) if text.strip() else (None, 0)
        boxes = [self._cell_text(inner) for box in paragraph.boxes for inner in box]
        return " ".join(filter(None, [marker or "", text, *boxes]))

    def _cell(self, cell: Cell) -> str:
        if cell.is_continued:
            return ""
        return " ".join(filter(None, (self._cell_text(item) for item in cell.element)))

    def _table(self, element: Element) -> None:
        rows = read_rows(element)
        self._n_cells += sum(cell.span for row in rows for cell in row.cells)
        if self._n_cells > self._max_cells:
            raise DocumentTooLargeError(f"The tables hold more than {self._max_cells:,} cells.")
        if is_layout(rows):
            for row in rows:
                for cell in row.cells:
                    if not cell.is_continued:
                        self.blocks(cell.element)
            return
        texts = [[self._cell(cell) for cell in row.cells] for row in rows]
        breaks = [sum(text.count(PAGE_BREAK) > 0 for text in row) > 0 for row in texts]
        texts = [[text.replace(PAGE_BREAK, "") for text in row] for row in texts]
        lines = to_lines(texts, rows, is_marked(element, rows, self.styles))
        # Rows and lines agree one to one only from the end: header rows and empty rows give no line.
        due = breaks[len(breaks) - len(lines) :] if len(lines) <= len(breaks) else [False] * len(lines)
        skipped = sum(breaks) - sum(due)
        self._turn_pages(max(skipped, 0))
        for line, turns in zip(lines, due, strict=True):
            self._turn_pages(int(turns))
            self._builder.add("table_row", line)
        self._add_notes()


def _notes(root: Element | None, kind: str) -> dict[str, Element]:
    """Notes by id, without the separators that are stored among them."""
    found = root if root is not None else ()
    return {attr(e, "id"): e for e in found if local(e) == kind and attr(e, "type") in ("", "normal")}

"""Reads the light text sources of the evaluation corpus and renders each to a real document.

The documents are made from text so that a reviewer can read and change them, and so that the checker can look an
evidence string up in the source. Everything that a writer would stamp with the time of day or a random id is fixed,
so that rendering an unchanged source again leaves the same bytes.
"""

from __future__ import annotations

import datetime
import html
import io
import re
import textwrap
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import docx
import numpy as np
import pptx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt
from PIL import Image, ImageFilter
from pptx.util import Inches
from pptx.util import Pt as SlidePt

# These libraries carry no type information. Imported by name they are plainly untyped, whatever the type checker's
# settings for missing stubs are.
openpyxl: Any = import_module("openpyxl")
pdfium: Any = import_module("pypdfium2")
rl_canvas: Any = import_module("reportlab.pdfgen.canvas")
rl_cidfonts: Any = import_module("reportlab.pdfbase.cidfonts")
rl_colors: Any = import_module("reportlab.lib.colors")
rl_metrics: Any = import_module("reportlab.pdfbase.pdfmetrics")
rl_platypus: Any = import_module("reportlab.platypus")
rl_styles: Any = import_module("reportlab.lib.styles")
rl_utils: Any = import_module("reportlab.lib.utils")

EXTENSIONS = {
    "pdf": "pdf",
    "pdf-2col": "pdf",
    "scan-pdf": "pdf",
    "png": "png",
    "docx": "docx",
    "pptx": "pptx",
    "xlsx": "xlsx",
    "html": "html",
    "epub": "epub",
    "md": "md",
    "txt": "txt",
}
FIXED_TIME = (2024, 1, 15, 9, 0, 0)
A4 = (595.27, 841.89)
MARGIN = 64.0
COLUMN_GAP = 18.0
SCAN_DPI = 200
CJK_LANGUAGES = {"ja", "zh", "ko"}
RTL_LANGUAGES = {"ar", "he", "fa"}
PAGE_WORDS = {"en": "Page", "de": "Seite", "fr": "Page", "es": "Página", "it": "Pagina"}
CID_FONTS = {"ja": "HeiseiMin-W3", "zh": "STSong-Light", "ko": "HYSMyeongJo-Medium"}


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 also starts a slide, a sheet or a chapter where the format has such a thing."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    """Running text; a newline in it is a hard line break (a source line that ends in a backslash)."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list. The marker of a numbered item is kept as text, as typed documents mostly have it."""

    ordered: bool
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A ruled table whose first row is its header."""

    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class NewPage:
    """A forced page break, written as ``<!-- newpage -->``."""


Block = Heading | Paragraph | Items | Table | NewPage


@dataclass(frozen=True)
class Source:
    """One light source: its front matter, its body as written, and its body as blocks."""

    slug: str
    meta: dict[str, str]
    body: str
    blocks: tuple[Block, ...]

    @property
    def format(self) -> str:
        """The kind of document to make; a key of ``EXTENSIONS``."""
        return self.meta["format"]

    @property
    def language(self) -> str:
        """The language of the text, English where the source does not say."""
        return self.meta.get("language", "en")

    @property
    def title(self) -> str:
        """The title that goes into the document's properties."""
        return self.meta.get("title", self.slug)

    @property
    def file_name(self) -> str:
        """The name under which questions speak of the document."""
        return f"{self.slug}.{EXTENSIONS[self.format]}"


# --- reading a source ------------------------------------------------------------------------------------------------

_BULLET = re.compile(r"^[-*]\s+(.*)$")
_NUMBERED = re.compile(r"^(?:\d{1,2}[.)]|\([a-z]\))\s+\S")
_HEADING = re.compile(r"^(#{1,4})\s+(.*)$")
_RULE_CELL = re.compile(r"^:?-{2,}:?$")
_INLINE = re.compile(r"(\*\*.+?\*\*|\*.+?\*)")


def read_source(path: Path) -> Source:
    """Reads a source file; a missing or unknown ``format`` is an error, since nothing could be rendered from it."""
    text = path.read_text(encoding="utf-8")
    match = re.match(r"---\n(.*?)\n---\n(.*)", text, re.S)
    if match is None:
        raise ValueError(f"{path}: no front matter")
    pairs = (line.split(":", 1) for line in match.group(1).splitlines() if line.strip())
    meta = {key.strip(): value.strip() for key, value in pairs}
    if meta.get("format") not in EXTENSIONS:
        raise ValueError(f"{path}: unknown format {meta.get('format')!r}")
    body = match.group(2).strip() + "\n"
    return Source(path.stem, meta, body, tuple(parse_blocks(body)))


def parse_blocks(body: str) -> Iterator[Block]:
    """Splits a body into blocks: those parted by blank lines, and headings, which stand alone."""
    for chunk in re.split(r"\n\s*\n", body):
        lines = [line for line in chunk.splitlines() if line.strip()]
        while lines and (heading := _HEADING.match(lines[0])):
            yield Heading(len(heading.group(1)), heading.group(2).strip())
            lines = lines[1:]
        if lines:
            yield _block(lines)


def _block(lines: list[str]) -> Block:
    first = lines[0].strip()
    if first == "<!-- newpage -->":
        return NewPage()
    if first.startswith("|"):
        return Table(tuple(_table_rows(lines)))
    if _BULLET.match(first):
        return Items(False, tuple(_items(lines, _BULLET)))
    if _NUMBERED.match(first):
        return Items(True, tuple(_items(lines, _NUMBERED)))
    return Paragraph(_join(lines))


def _table_rows(lines: list[str]) -> Iterator[tuple[str, ...]]:
    for line in lines:
        cells = tuple(cell.strip() for cell in line.strip().strip("|").split("|"))
        if not all(_RULE_CELL.match(cell) for cell in cells):
            yield cells


def _items(lines: list[str], marker: re.Pattern[str]) -> Iterator[str]:
    """The items of a list; a line without a marker goes on with the item before it."""
    current: list[str] = []
    for line in lines:
        match = marker.match(line.strip())
        if match and current:
            yield _join(current)
            current = []
        current.append(match.group(1) if match and match.groups() else line.strip())
    yield _join(current)


def _join(lines: list[str]) -> str:
    """Joins source lines to running text; languages written without spaces must have one line per paragraph."""
    text = ""
    for line in lines:
        stripped = line.strip()
        text += stripped[:-1].rstrip() + "\n" if stripped.endswith("\\") else stripped + " "
    return text.strip()


def runs(text: str) -> Iterator[tuple[str, bool, bool]]:
    """The pieces of a text as (text, bold, italic)."""
    for piece in _INLINE.split(text):
        if piece.startswith("**") and len(piece) > 4:
            yield piece[2:-2], True, False
        elif piece.startswith("*") and len(piece) > 2:
            yield piece[1:-1], False, True
        elif piece:
            yield piece, False, False


def plain(text: str) -> str:
    """A text without its inline marks."""
    return "".join(piece for piece, _, _ in runs(text))


def markup(text: str, line_break: str = "<br/>") -> str:
    """A text as the small HTML that both reportlab's paragraphs and web pages understand."""
    parts = []
    for piece, bold, italic in runs(text):
        escaped = html.escape(piece, quote=False).replace("\n", line_break)
        escaped = f"<b>{escaped}</b>" if bold else escaped
        parts.append(f"<i>{escaped}</i>" if italic else escaped)
    return "".join(parts)


# --- PDF -------------------------------------------------------------------------------------------------------------

_LONG_WORD = re.compile(r"[A-Za-zÀ-ÿ]{8,}")
_SYLLABLE_BREAK = re.compile(r"(?<=[aeiouy][b-df-hj-np-tv-z])(?=[b-df-hj-np-tv-z][aeiouy])", re.I)
_KEPT_PAIRS = {"th", "ch", "sh", "ph", "ck", "ng", "gh", "wh", "qu"}


def hyphenate(text: str) -> str:
    """Adds soft hyphens between two consonants of a long word: crude, but it makes honest broken words in columns."""

    def soften(match: re.Match[str]) -> str:
        word = match.group()
        places = [found.start() for found in _SYLLABLE_BREAK.finditer(word)]
        places = [at for at in places if 3 <= at <= len(word) - 3 and word[at - 1 : at + 1].lower() not in _KEPT_PAIRS]
        for at in reversed(places):
            word = word[:at] + "\u00ad" + word[at:]
        return word

    return _LONG_WORD.sub(soften, text)


class PdfStyles:
    """The paragraph styles of one PDF, which depend on its language and on whether it is set in columns."""

    def __init__(self, source: Source, columns: bool) -> None:
        base, bold = self._fonts(source)
        size = 9.2 if columns else float(source.meta.get("size", "10.5"))
        self.columns = columns
        self.bold_font = bold
        self.font = base
        wrap = "CJK" if source.language in CJK_LANGUAGES else None
        common: dict[str, Any] = {"fontName": base, "fontSize": size, "leading": size * 1.32, "wordWrap": wrap}
        style = rl_styles.ParagraphStyle
        justify = 0 if source.meta.get("justify") == "no" else 4
        self.body = style(
            "body", **common, alignment=justify, spaceAfter=size * 0.6, embeddedHyphenation=1 if columns else 0
        )
        self.left = style("left", **common, alignment=0, spaceAfter=size * 0.6)
        self.item = style("item", parent=self.body, leftIndent=16, bulletIndent=4, spaceAfter=size * 0.3)
        self.cell = style("cell", parent=self.left, fontSize=size - 1, leading=(size - 1) * 1.2, spaceAfter=0)
        self.head_cell = style("headcell", parent=self.cell, fontName=bold)
        self.headings = [self._heading(style, level, size) for level in (1, 2, 3, 4)]

    def _heading(self, style: Any, level: int, size: float) -> Any:
        grown = size + (6.5, 2.5, 1.0, 0.0)[level - 1]
        return style(
            f"h{level}",
            fontName=self.bold_font,
            fontSize=grown,
            leading=grown * 1.2,
            spaceBefore=grown * 0.7,
            spaceAfter=grown * 0.4,
            keepWithNext=1,
            alignment=1 if level == 1 and self.columns else 0,
        )

    @staticmethod
    def _fonts(source: Source) -> tuple[str, str]:
        """Built-in fonts only, so that the bytes do not hang on what the machine has installed."""
        if source.language in CID_FONTS:
            name = CID_FONTS[source.language]
            rl_metrics.registerFont(rl_cidfonts.UnicodeCIDFont(name))
            return name, name
        if source.meta.get("font") == "helvetica":
            return "Helvetica", "Helvetica-Bold"
        if source.meta.get("font") == "courier":
            return "Courier", "Courier-Bold"
        return "Times-Roman", "Times-Bold"


def _pdf_flowables(blocks: tuple[Block, ...], styles: PdfStyles, width: float) -> list[Any]:
    flowables: list[Any] = []
    for block in blocks:
        flowables.extend(_pdf_block(block, styles, width))
    return flowables


def _pdf_block(block: Block, styles: PdfStyles, width: float) -> list[Any]:
    paragraph = rl_platypus.Paragraph
    if isinstance(block, NewPage):
        return [rl_platypus.PageBreak()]
    if isinstance(block, Heading):
        return [paragraph(markup(block.text), styles.headings[block.level - 1])]
    if isinstance(block, Paragraph):
        style = styles.left if "\n" in block.text else styles.body
        return [paragraph(_pdf_text(block.text, styles), style)]
    if isinstance(block, Items):
        bullet = None if block.ordered else "\u2022"
        return [paragraph(_pdf_text(text, styles), styles.item, bulletText=bullet) for text in block.texts]
    return [_pdf_table(block, styles, width), rl_platypus.Spacer(1, 9)]


def _pdf_text(text: str, styles: PdfStyles) -> str:
    """Marked-up text; columns do without bold and italic, since reportlab loses spaces at them when it hyphenates."""
    if styles.columns:
        text = plain(text)
    return markup(hyphenate(text) if styles.columns else text)


def _column_widths(table: Table, styles: PdfStyles, width: float) -> list[float]:
    """Room for the longest word of each column, so that none is broken, and the rest by the length of the texts."""
    columns = [[row[at] for row in table.rows if at < len(row)] for at in range(len(table.rows[0]))]
    size = styles.cell.fontSize
    words = [max((word for cell in column for word in cell.split()), key=len, default="") for column in columns]
    needed = [float(rl_metrics.stringWidth(word, styles.bold_font, size)) + 15 for word in words]
    lengths = [max(min(len(cell), 40) for cell in column) for column in columns]
    left = max(0.0, width - sum(needed))
    return [least + left * length / sum(lengths) for least, length in zip(needed, lengths, strict=True)]


def _pdf_table(table: Table, styles: PdfStyles, width: float) -> Any:
    widths = _column_widths(table, styles, width)
    cells = [
        [rl_platypus.Paragraph(markup(cell), styles.head_cell if at == 0 else styles.cell) for cell in row]
        for at, row in enumerate(table.rows)
    ]
    look = [
        ("GRID", (0, 0), (-1, -1), 0.5, rl_colors.black),
        ("BACKGROUND", (0, 0), (-1, 0), rl_colors.Color(0.9, 0.9, 0.9)),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    return rl_platypus.Table(cells, colWidths=widths, repeatRows=1, style=look)


def _page_furniture(source: Source, styles: PdfStyles) -> Callable[[Any, Any], None]:
    """The running header and footer, drawn on each page as a word processor would."""
    header, footer = source.meta.get("header", ""), source.meta.get("footer", "")
    word = PAGE_WORDS.get(source.language, "")
    numbered = source.meta.get("pagenumbers") != "no"

    def draw(canvas: Any, _document: Any) -> None:
        canvas.saveState()
        canvas.setFont(styles.font, 8.5)
        if header:
            canvas.drawString(MARGIN, A4[1] - MARGIN + 22, header)
            canvas.line(MARGIN, A4[1] - MARGIN + 17, A4[0] - MARGIN, A4[1] - MARGIN + 17)
        canvas.drawString(MARGIN, MARGIN - 28, footer)
        if numbered:
            canvas.drawRightString(A4[0] - MARGIN, MARGIN - 28, f"{word} {canvas.getPageNumber()}".strip())
        canvas.restoreState()

    return draw


def _pdf_templates(source: Source, styles: PdfStyles, opening_height: float) -> list[Any]:
    """The page templates; set in two columns, the first page has a wide frame on top for title and authors."""
    frame, template = rl_platypus.Frame, rl_platypus.PageTemplate
    draw = _page_furniture(source, styles)
    width, height = A4[0] - 2 * MARGIN, A4[1] - 2 * MARGIN
    pad = {"leftPadding": 0, "rightPadding": 0, "topPadding": 0, "bottomPadding": 0}
    if not styles.columns:
        return [template("page", [frame(MARGIN, MARGIN, width, height, **pad)], onPage=draw)]
    column, lower = (width - COLUMN_GAP) / 2, height - opening_height
    right = MARGIN + column + COLUMN_GAP
    first = [
        frame(MARGIN, MARGIN + lower, width, opening_height, **pad),
        frame(MARGIN, MARGIN, column, lower, **pad),
        frame(right, MARGIN, column, lower, **pad),
    ]
    later = [frame(MARGIN, MARGIN, column, height, **pad), frame(right, MARGIN, column, height, **pad)]
    return [
        template("first", first, onPage=draw, autoNextPageTemplate="later"),
        template("later", later, onPage=draw),
    ]


def render_pdf(source: Source) -> bytes:
    """A PDF with a text layer, in one column or two."""
    columns = source.format == "pdf-2col"
    styles = PdfStyles(source, columns)
    if source.language not in CID_FONTS:
        # The built-in fonts draw a black box for any other character; better to hear of it here.
        (source.body + "".join(source.meta.values())).encode("cp1252")
    width = A4[0] - 2 * MARGIN
    story: list[Any] = []
    opening_height = 0.0
    rest = source.blocks
    if columns:
        split = next((at for at, block in enumerate(rest) if isinstance(block, Heading) and block.level == 2), 0)
        story = _pdf_flowables(rest[:split], styles, width)
        opening_height = sum(_height(flowable, width) for flowable in story) + 14
        story.append(rl_platypus.FrameBreak())
        rest, width = rest[split:], (width - COLUMN_GAP) / 2
    story += _pdf_flowables(rest, styles, width)
    buffer = io.BytesIO()
    document = rl_platypus.BaseDocTemplate(
        buffer, pagesize=A4, title=source.title, author=source.meta.get("author", ""), invariant=1
    )
    document.addPageTemplates(_pdf_templates(source, styles, opening_height))
    document.build(story)
    return buffer.getvalue()


def _height(flowable: Any, width: float) -> float:
    height: float = flowable.wrap(width, 10_000)[1]
    return height + float(flowable.getSpaceBefore()) + float(flowable.getSpaceAfter())


# --- scans -----------------------------------------------------------------------------------------------------------


def _page_images(source: Source) -> Iterator[Image.Image]:
    """The pages as they come off a flatbed or a telephone: askew, unevenly lit, grainy. Seeded by the slug."""
    generator = np.random.default_rng(zlib.crc32(source.slug.encode()))
    document = pdfium.PdfDocument(render_pdf(source))
    for page in document:
        image: Image.Image = page.render(scale=SCAN_DPI / 72, grayscale=True).to_pil().convert("L")
        angle = float(generator.uniform(0.25, 0.9) * generator.choice([-1, 1]))
        image = image.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=255)
        yield _age(image.filter(ImageFilter.GaussianBlur(0.6)), generator)


def _age(image: Image.Image, generator: np.random.Generator) -> Image.Image:
    values = np.asarray(image, dtype=np.float32)
    height, width = values.shape
    down = np.linspace(0.0, float(generator.uniform(6, 18)), height, dtype=np.float32)[:, None]
    across = np.linspace(float(generator.uniform(0, 12)), 0.0, width, dtype=np.float32)[None, :]
    grain = generator.normal(0.0, 3.0, values.shape).astype(np.float32)
    specks = np.where(generator.random(values.shape) < 0.00006, -110.0, 0.0).astype(np.float32)
    aged = np.clip(values * 0.94 + 8 - down - across + grain + specks, 0, 255)
    return Image.fromarray(aged.astype(np.uint8))


def render_scan(source: Source) -> bytes:
    """A PDF that holds page images only, so that its text can be had by recognition alone."""
    buffer = io.BytesIO()
    canvas = rl_canvas.Canvas(buffer, pagesize=A4, invariant=1)
    for image in _page_images(source):
        jpeg = io.BytesIO()
        image.save(jpeg, "JPEG", quality=38)
        jpeg.seek(0)
        canvas.drawImage(rl_utils.ImageReader(jpeg), 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def render_png(source: Source) -> bytes:
    """The first page as one image, in evenly spaced grey levels to keep the file small."""
    image = next(_page_images(source)).filter(ImageFilter.GaussianBlur(0.5))
    levels = np.clip((np.asarray(image).astype(np.int32) + 14) // 28 * 28, 0, 252).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels).quantize(16).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


# --- office formats --------------------------------------------------------------------------------------------------

_STAMPS = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")


def _settled(package: bytes) -> bytes:
    """An office package with every time stamp fixed, inside its properties and in the archive's own directory."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                data = _STAMPS.sub(rb"\g<1>2024-01-15T09:00:00Z\g<3>", data)
            new.writestr(zipfile.ZipInfo(name, FIXED_TIME), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _add_runs(paragraph: Any, text: str) -> None:
    for piece, bold, italic in runs(text):
        run = paragraph.add_run(piece)
        run.bold = bold or None
        run.italic = italic or None


def render_docx(source: Source) -> bytes:
    """A word processor file with real headings, lists, tables, header and footer."""
    document = docx.Document()
    document.core_properties.title = source.title
    document.core_properties.author = source.meta.get("author", "")
    document.styles["Normal"].font.size = Pt(11)
    section = document.sections[0]
    section.header.paragraphs[0].text = source.meta.get("header", "")
    section.footer.paragraphs[0].text = source.meta.get("footer", "")
    for block in source.blocks:
        _docx_block(document, block)
    buffer = io.BytesIO()
    document.save(buffer)
    return _settled(buffer.getvalue())


def _docx_block(document: Any, block: Block) -> None:
    if isinstance(block, NewPage):
        document.add_page_break()
    elif isinstance(block, Heading):
        document.add_heading(plain(block.text), block.level)
    elif isinstance(block, Paragraph):
        paragraph = document.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT if "\n" in block.text else WD_ALIGN_PARAGRAPH.JUSTIFY
        _add_runs(paragraph, block.text)
    elif isinstance(block, Items):
        for text in block.texts:
            _add_runs(document.add_paragraph(style="List" if block.ordered else "List Bullet"), text)
    else:
        _docx_table(document, block)


def _docx_table(document: Any, table: Table) -> None:
    made = document.add_table(rows=0, cols=len(table.rows[0]))
    made.style = "Table Grid"
    for row in table.rows:
        for cell, text in zip(made.add_row().cells, row, strict=False):
            cell.text = plain(text)
    document.add_paragraph()


def sections(source: Source) -> Iterator[tuple[str, list[Block]]]:
    """The body cut at its level 1 headings, as (heading, blocks): slides, sheets or chapters."""
    title, blocks = "", list[Block]()
    for block in source.blocks:
        if isinstance(block, Heading) and block.level == 1:
            if title or blocks:
                yield title, blocks
            title, blocks = plain(block.text), []
        else:
            blocks.append(block)
    yield title, blocks


def render_pptx(source: Source) -> bytes:
    """A slide deck; a paragraph that begins with ``Notes:`` becomes the slide's speaker notes."""
    deck: Any = pptx.Presentation()
    deck.core_properties.title = source.title
    for title, blocks in sections(source):
        table = next((block for block in blocks if isinstance(block, Table)), None)
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        frame = slide.placeholders[1].text_frame
        for text, level in _slide_lines(blocks):
            paragraph = frame.paragraphs[0] if not frame.text else frame.add_paragraph()
            paragraph.text, paragraph.level, paragraph.font.size = text, level, SlidePt(20)
        if table is not None:
            _slide_table(slide, table, bool(frame.text))
        notes = [block.text[6:].strip() for block in blocks if _is_notes(block) and isinstance(block, Paragraph)]
        if notes:
            slide.notes_slide.notes_text_frame.text = "\n".join(plain(note) for note in notes)
    buffer = io.BytesIO()
    deck.save(buffer)
    return _settled(buffer.getvalue())


def _is_notes(block: Block) -> bool:
    return isinstance(block, Paragraph) and block.text.startswith("Notes:")


def _slide_lines(blocks: list[Block]) -> Iterator[tuple[str, int]]:
    for block in blocks:
        if isinstance(block, Heading | Paragraph) and not _is_notes(block):
            yield plain(block.text), 0
        elif isinstance(block, Items):
            yield from ((plain(text), 1 if block.ordered else 0) for text in block.texts)


def _slide_table(slide: Any, table: Table, beneath_text: bool) -> None:
    body = slide.placeholders[1]
    if beneath_text:
        body.left, body.top, body.width, body.height = Inches(0.5), Inches(1.5), Inches(9), Inches(1.8)
    else:
        body.element.getparent().remove(body.element)
    top = Inches(3.5 if beneath_text else 1.7)
    shape = slide.shapes.add_table(len(table.rows), len(table.rows[0]), Inches(0.5), top, Inches(9), Inches(2.5))
    for at, row in enumerate(table.rows):
        for column, text in enumerate(row[: len(table.rows[0])]):
            cell = shape.table.cell(at, column)
            cell.text = plain(text)
            cell.text_frame.paragraphs[0].font.size = SlidePt(14)


def render_xlsx(source: Source) -> bytes:
    """A workbook: one sheet for each level 1 heading, tables as cells, text in the first column."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    book.properties.title = source.title
    book.properties.creator = source.meta.get("author", "")
    for title, blocks in sections(source):
        sheet = book.create_sheet(title[:31])
        for block in blocks:
            _sheet_block(sheet, block)
    buffer = io.BytesIO()
    book.save(buffer)
    return _settled(buffer.getvalue())


def _sheet_block(sheet: Any, block: Block) -> None:
    if isinstance(block, Table):
        for at, row in enumerate(block.rows):
            sheet.append([_cell_value(plain(cell)) for cell in row])
            for cell in sheet[sheet.max_row] if at == 0 else ():
                cell.font = openpyxl.styles.Font(bold=True)
        sheet.append([])
    elif isinstance(block, Items):
        for text in block.texts:
            sheet.append([plain(text)])
    elif isinstance(block, Heading | Paragraph):
        sheet.append([plain(block.text)])


def _cell_value(text: str) -> str | int | float | datetime.date | None:
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text):
        text = text.replace(",", "")
    if re.fullmatch(r"-?(0|[1-9]\d*)", text):
        return int(text)
    if re.fullmatch(r"-?\d+\.\d+", text):
        return float(text)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return datetime.date.fromisoformat(text)
    return text or None


# --- web and text formats --------------------------------------------------------------------------------------------


def _html_block(block: Block) -> str:
    if isinstance(block, NewPage):
        return "<hr/>"
    if isinstance(block, Heading):
        return f"<h{block.level}>{markup(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        return f"<p>{markup(block.text)}</p>"
    if isinstance(block, Items):
        rows = "".join(f"<li>{markup(text)}</li>" for text in block.texts)
        return f'<ul class="typed">{rows}</ul>' if block.ordered else f"<ul>{rows}</ul>"
    head, *rest = block.rows
    lines = ["<tr>" + "".join(f"<th>{markup(cell)}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{markup(cell)}</td>" for cell in row) + "</tr>" for row in rest]
    return "<table>\n" + "\n".join(lines) + "\n</table>"


_HTML_FRAME = """<!DOCTYPE html>
<html lang="{language}"{direction}>
<head>
<meta charset="utf-8"/>
<title>{title}</title>
<style>body {{ font-family: serif; }} .offscreen {{ display: none; }}</style>
<script>window.dataLayer = window.dataLayer || []; function track(x) {{ dataLayer.push(x); }}</script>
</head>
<body>
{before}<main>
{main}
</main>
{after}</body>
</html>
"""


def render_html(source: Source) -> bytes:
    """A web page. ``nav:`` (parted by commas) adds the usual boilerplate; ``hidden:`` adds text no reader sees."""
    links = [html.escape(name.strip()) for name in source.meta.get("nav", "").split(",") if name.strip()]
    hidden = html.escape(source.meta.get("hidden", ""))
    before = after = ""
    if links:
        menu = "".join(f'<li><a href="/{at}">{name}</a></li>' for at, name in enumerate(links))
        before = f'<header><nav><ul>{menu}</ul></nav><form><input placeholder="Search"/></form></header>\n'
        before += '<div class="cookie-banner">We use cookies. <button>Accept all</button></div>\n'
        after = f"<aside><h4>More</h4><ul>{menu}</ul></aside>\n"
    if hidden:
        before += f'<div class="offscreen" style="display:none" aria-hidden="true">{hidden}</div>\n'
    if "footer" in source.meta:
        after += f"<footer><p>{html.escape(source.meta['footer'])}</p></footer>\n"
    page = _HTML_FRAME.format(
        language=source.language,
        direction=' dir="rtl"' if source.language in RTL_LANGUAGES else "",
        title=html.escape(source.title),
        before=before,
        main="\n".join(_html_block(block) for block in source.blocks),
        after=after,
    )
    return page.encode()


_XHTML = """<?xml version="1.0" encoding="utf-8"?>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="{language}">
<head><title>{title}</title></head>
<body>{body}</body>
</html>
"""
_CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>
"""
_OPF = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">urn:corpus:{slug}</dc:identifier>
<dc:title>{title}</dc:title><dc:language>{language}</dc:language><dc:creator>{author}</dc:creator>
<meta property="dcterms:modified">2024-01-15T09:00:00Z</meta></metadata>
<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>{manifest}</manifest>
<spine>{spine}</spine></package>
"""


def render_epub(source: Source) -> bytes:
    """An electronic book, one file for each level 1 heading."""
    fields = {"slug": source.slug, "title": html.escape(source.title), "language": source.language}
    files: dict[str, str] = {"META-INF/container.xml": _CONTAINER}
    names: list[tuple[str, str]] = []
    for at, (title, blocks) in enumerate(sections(source), start=1):
        body = f"<h1>{html.escape(title)}</h1>\n" + "\n".join(_html_block(block) for block in blocks)
        names.append((f"part{at:02}.xhtml", html.escape(title)))
        files[f"OEBPS/part{at:02}.xhtml"] = _XHTML.format(language=source.language, title=names[-1][1], body=body)
    entries = "".join(f'<li><a href="{name}">{title}</a></li>' for name, title in names)
    contents = f'<nav epub:type="toc"><ol>{entries}</ol></nav>'
    files["OEBPS/nav.xhtml"] = _XHTML.format(language=source.language, title=fields["title"], body=contents)
    manifest = "".join(
        f'<item id="p{at}" href="{n}" media-type="application/xhtml+xml"/>' for at, (n, _) in enumerate(names)
    )
    spine = "".join(f'<itemref idref="p{at}"/>' for at in range(len(names)))
    author = html.escape(source.meta.get("author", ""))
    files["OEBPS/content.opf"] = _OPF.format(**fields, author=author, manifest=manifest, spine=spine)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as book:
        book.writestr(zipfile.ZipInfo("mimetype", FIXED_TIME), "application/epub+zip", zipfile.ZIP_STORED)
        for name, text in files.items():
            book.writestr(zipfile.ZipInfo(name, FIXED_TIME), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def render_md(source: Source) -> bytes:
    """The body as it stands."""
    return source.body.encode()


def render_txt(source: Source) -> bytes:
    """Typewritten text in the encoding that the source names."""
    width = 10_000 if source.language in CJK_LANGUAGES else 76
    parts = [part for block in source.blocks if (part := _text_block(block, width))]
    text = "\n\n".join(parts) + "\n"
    return text.encode(source.meta.get("encoding", "utf-8"))


def _text_block(block: Block, width: int) -> str:
    if isinstance(block, NewPage):
        return "\f"
    if isinstance(block, Heading):
        line = plain(block.text)
        return f"{line}\n{('=' if block.level == 1 else '-') * min(len(line), width)}"
    if isinstance(block, Paragraph):
        return "\n".join(textwrap.fill(line, width) for line in plain(block.text).split("\n"))
    if isinstance(block, Items):
        mark = "" if block.ordered else "- "
        return "\n".join(textwrap.fill(mark + plain(text), width, subsequent_indent="  ") for text in block.texts)
    widths = [max(len(row[at]) for row in block.rows if at < len(row)) for at in range(len(block.rows[0]))]
    rows = ("  ".join(plain(cell).ljust(wide) for cell, wide in zip(row, widths, strict=False)) for row in block.rows)
    return "\n".join(row.rstrip() for row in rows)


RENDERERS: dict[str, Callable[[Source], bytes]] = {
    "pdf": render_pdf,
    "pdf-2col": render_pdf,
    "scan-pdf": render_scan,
    "png": render_png,
    "docx": render_docx,
    "pptx": render_pptx,
    "xlsx": render_xlsx,
    "html": render_html,
    "epub": render_epub,
    "md": render_md,
    "txt": render_txt,
}


def render(source: Source) -> bytes:
    """The bytes of the document that a source describes."""
    return RENDERERS[source.format](source)

"""XLSX and XLSM: the sheets' XML is streamed and only cells that hold something are kept.

The usual library materialises the rectangle around all cells: one stray value in the last corner costs half a terabyte.
It also drops number formats, and with them what a person sees (currency, percent, dates).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date

from lxml import etree

from slimlm.documents.archive import Archive
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
from slimlm.documents.readers.sheet_formats import NumberFormat, builtin_code, show_general
from slimlm.documents.readers.sheet_record import Sheet
from slimlm.documents.xml import parse_xml
from slimlm.errors import CorruptDocumentError, DocumentTooLargeError
from slimlm.settings import DocumentSettings

_FILLED_CELL = re.compile(rb"<(?:\w{1,9}:)?(?:v|is)>")
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_MAX_MERGES = 20_000
_NO_MEMORY = 2  # xmlParserErrors.XML_ERR_NO_MEMORY


class XlsxWorkbook:
    def __init__(self, archive: Archive, limits: DocumentSettings) -> None:
        self._archive = archive
        self._limits = limits
        self._part = main_part(archive, "xl/workbook.xml")
        root = parse_xml(archive.read(self._part), self._part)
        self._links = relationships(archive, self._part)
        by_kind = {link.kind: link.target for link in self._links.values()}
        self._listed = list(descend(root, "sheet"))
        use_1904 = attr(child(root, "workbookPr"), "date1904") in ("1", "true")
        self._epoch = date(1904, 1, 1) if use_1904 else date(1899, 12, 30)
        self._formats, self._is_strong = _read_styles(optional_part(archive, by_kind.get("styles", "")))
        self._count_cells()
        self._strings = _read_strings(archive, by_kind.get("sharedStrings", ""))
        self.title = core_title(archive)

    @property
    def n_sheets(self) -> int:
        return len(self._listed)

    def sheets(self) -> Iterator[Sheet]:
        for item, part in self._parts():
            sheet = Sheet(attr(item, "name"), attr(item, "state", "visible") != "visible")
            self._read(sheet, part)
            links = relationships(self._archive, part).values()
            sheet.has_comments = any("comment" in link.kind.lower() for link in links)
            for link in links:
                table = optional_part(self._archive, link.target) if link.kind == "table" else None
                if table is not None and attr(table, "headerRowCount", "1") != "0":
                    sheet.headers.add(_area(attr(table, "ref"))[0])
            yield sheet

    def _parts(self) -> Iterator[tuple[Element, str]]:
        for item in self._listed:
            key = next((str(v) for k, v in item.attrib.items() if str(k).endswith("}id")), "")
            link = self._links.get(key)
            if link is not None and link.kind == "worksheet" and link.target in self._archive:
                yield item, link.target

    def _count_cells(self) -> None:
        """Fail before any work is done."""
        n_cells = 0
        for _, part in self._parts():
            n_cells += sum(1 for _ in _FILLED_CELL.finditer(self._archive.read(part)))
            if n_cells > self._limits.max_cells:
                raise DocumentTooLargeError(f"The workbook holds more than {self._limits.max_cells:,} filled cells.")

    def _read(self, sheet: Sheet, part: str) -> None:
        row_number = -1
        for element in stream(self._archive.read(part), part, ("row", "mergeCell", "autoFilter")):
            name = local(element)
            if name == "row":
                row_number = integer(attr(element, "r"), row_number + 2) - 1
                self._row(sheet, element, row_number)
            elif name == "autoFilter":
                sheet.headers.add(_area(attr(element, "ref"))[0])
            elif len(sheet.merges) < _MAX_MERGES:
                sheet.merges.append(_area(attr(element, "ref")))

    def _row(self, sheet: Sheet, element: Element, row_number: int) -> None:
        cells: dict[int, str] = {}
        n_strong = 0
        column = -1
        for item in element:
            place = item.get("r")
            column = _column(place) if place else column + 1
            text = self._cell(item)
            if text:
                cells[column] = text
                n_strong += integer(item.get("s") or "0") in self._is_strong
        if cells:
            sheet.rows[row_number] = cells
            if n_strong:
                sheet.strong[row_number] = n_strong

    def _cell(self, item: Element) -> str:
        kind = item.get("t") or "n"
        value = ""
        for part in item:
            name = local(part)
            if name == "v":
                value = part.text or ""
            elif name == "is":
                value = _rich_text(part)
        if not value or kind in ("str", "inlineStr", "e", "d"):
            return value.strip()
        if kind == "s":
            index = integer(value, -1)
            return self._strings[index] if 0 <= index < len(self._strings) else ""
        if kind == "b":
            return "TRUE" if value.strip() == "1" else "FALSE"
        try:
            number = float(value)
        except ValueError:
            return value.strip()
        shown = self._formats.get(integer(item.get("s") or "0"))
        return shown.show(number, self._epoch) if shown is not None else show_general(number)


def stream(data: bytes, part: str, names: tuple[str, ...]) -> Iterator[Element]:
    """Elements of these names as they end; each is emptied after use, so memory stays small."""
    events = etree.iterparse(
        io.BytesIO(data),
        events=("end",),
        tag=["{*}" + name for name in names],
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _, element in events:
            yield element
            element.clear()
            while element.getprevious() is not None:
                parent = element.getparent()
                if parent is None:
                    break
                del parent[0]
    except etree.XMLSyntaxError as error:
        if getattr(error, "code", 0) == _NO_MEMORY or "unknown error" in str(error):
            raise MemoryError from error  # libxml2 stopped for want of memory
        raise CorruptDocumentError(f"{part} is not valid XML: {str(error.msg)[:160]}.") from error


def _read_strings(archive: Archive, part: str) -> list[str]:
    if not part or part not in archive:
        return []
    return [_rich_text(item).strip() for item in stream(archive.read(part), part, ("si",))]


def _rich_text(item: Element) -> str:
    """Text of a string and of its runs, without the phonetic guides."""
    pieces: list[str] = []
    for part in item:
        name = local(part)
        if name == "t":
            pieces.append(part.text or "")
        elif name == "r":
            pieces.extend(t.text or "" for t in part if local(t) == "t")
    return "".join(pieces)


def _read_styles(root: Element | None) -> tuple[dict[int, NumberFormat], set[int]]:
    """Number formats by cell style, and the cell styles that set a cell apart (bold or filled)."""
    if root is None:
        return {}, set()
    codes = {integer(attr(e, "numFmtId")): attr(e, "formatCode") for e in descend(root, "numFmt")}
    fonts, fills, cells = (child(root, name) for name in ("fonts", "fills", "cellXfs"))
    bold = [child(font, "b") is not None for font in (fonts if fonts is not None else ())]
    filled = [
        attr(child(fill, "patternFill"), "patternType") == "solid" for fill in (fills if fills is not None else ())
    ]
    shared: dict[str, NumberFormat] = {}
    formats: dict[int, NumberFormat] = {}
    strong: set[int] = set()
    for index, style in enumerate(cells if cells is not None else ()):
        number = integer(attr(style, "numFmtId"))
        code = codes.get(number) or builtin_code(number)
        if code.lower() != "general":
            formats[index] = shared.setdefault(code, NumberFormat(code))
        font, fill = integer(attr(style, "fontId")), integer(attr(style, "fillId"))
        if (0 <= font < len(bold) and bold[font]) or (0 <= fill < len(filled) and filled[fill]):
            strong.add(index)
    return formats, strong


def _column(reference: str) -> int:
    """ "C7" -> 2."""
    number = 0
    for char in reference[:4]:
        if not "A" <= char <= "Z":
            break
        number = number * 26 + ord(char) - 64
    return max(number - 1, 0)


def _area(reference: str) -> tuple[int, int, int, int]:
    """ "B2:D4" -> (1, 1, 3, 3)."""
    places = _REFERENCE.findall(reference)[:2]
    if not places:
        return (-1, -1, -1, -1)
    (c1, r1), (c2, r2) = places[0], places[-1]
    return (int(r1) - 1, _column(c1), int(r2) - 1, _column(c2))

"""OpenDocument spreadsheets: cells hold the text that the program showed, so it is taken as it stands."""

from __future__ import annotations

from collections.abc import Iterator

from slimlm.documents.archive import Archive
from slimlm.documents.readers.inline import tidy
from slimlm.documents.readers.ooxml import Element, attr, child, descend, integer, local, optional_part
from slimlm.documents.readers.sheet_record import Sheet
from slimlm.documents.readers.sheet_xlsx import stream
from slimlm.errors import DocumentTooLargeError, EncryptedDocumentError
from slimlm.settings import DocumentSettings

_MAX_REPEATED = 1000  # an empty row or column may be "repeated" to the end of the sheet; a filled one rarely is


class OdsWorkbook:
    def __init__(self, archive: Archive, limits: DocumentSettings) -> None:
        manifest = optional_part(archive, "META-INF/manifest.xml")
        if manifest is not None and next(descend(manifest, "encryption-data"), None) is not None:
            raise EncryptedDocumentError("The spreadsheet is protected by a password.")
        self._archive = archive
        self._left = limits.max_cells
        self._limits = limits
        meta = optional_part(archive, "meta.xml")
        title = next(descend(meta, "title"), None) if meta is not None else None
        self.title = tidy(title.text or "") if title is not None else ""

    @property
    def n_sheets(self) -> int:
        return 0  # not known before the end

    def sheets(self) -> Iterator[Sheet]:
        data = self._archive.read("content.xml")
        hidden: set[str] = set()
        sheet = Sheet("")
        row = 0
        # A table ends after its rows: rows are read as they come and belong to the table around them.
        names = ("style", "table-row", "table")
        for element in stream(data, "content.xml", names):
            name = local(element)
            if name == "style":
                if any(attr(p, "display") == "false" for p in descend(element, "table-properties")):
                    hidden.add(attr(element, "name"))
            elif name == "table-row":
                row += self._row(sheet, element, row)
            else:
                sheet.name = attr(element, "name")
                sheet.is_hidden = attr(element, "style-name") in hidden
                yield sheet
                sheet, row = Sheet(""), 0

    def _row(self, sheet: Sheet, element: Element, row: int) -> int:
        """Returns how many rows the element stands for."""
        repeated = max(1, integer(attr(element, "number-rows-repeated"), 1))
        cells: dict[int, str] = {}
        column = 0
        for item in element:
            if local(item) not in ("table-cell", "covered-table-cell"):
                continue
            n_same = max(1, integer(attr(item, "number-columns-repeated"), 1))
            text = self._cell(sheet, item) if len(item) or item.attrib else ""
            if text and local(item) == "table-cell":
                for i in range(min(n_same, _MAX_REPEATED)):
                    cells[column + i] = text
                spans = [integer(attr(item, f"number-{name}-spanned"), 1) for name in ("rows", "columns")]
                if max(spans) > 1:
                    sheet.merges.append((row, column, row + spans[0] - 1, column + spans[1] - 1))
            column += n_same
        for i in range(min(repeated, _MAX_REPEATED) if cells else 0):
            self._left -= len(cells)
            if self._left < 0:
                raise DocumentTooLargeError(f"The workbook holds more than {self._limits.max_cells:,} filled cells.")
            sheet.rows[row + i] = dict(cells)
        return repeated

    def _cell(self, sheet: Sheet, item: Element) -> str:
        if attr(item, "value-type") == "date":
            moment = attr(item, "date-value")[:16].replace("T", " ")
            return moment.removesuffix(" 00:00")
        if child(item, "annotation") is not None:
            sheet.has_comments = True
        shown = " ".join("".join(_texts(part)) for part in item if local(part) == "p").strip()
        return shown or attr(item, "value") or attr(item, "string-value")


def _texts(element: Element) -> Iterator[str]:
    if local(element) in ("s", "tab", "line-break"):
        yield " "
    yield element.text or ""
    for part in element:
        if local(part) not in ("annotation", "ruby-text"):
            yield from _texts(part)
        yield part.tail or ""

"""XLS and XLSB through calamine, with the size of an XLSB checked first: calamine trusts it."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator
from typing import IO, Any

import python_calamine as calamine

from slimlm.documents.archive import Archive
from slimlm.documents.readers.sheet_formats import show_general
from slimlm.documents.readers.sheet_record import Sheet
from slimlm.errors import CorruptDocumentError, DocumentTooLargeError, EncryptedDocumentError
from slimlm.settings import DocumentSettings

_MAX_RECTANGLE = 10_000_000  # cells around the filled ones; calamine holds 32 bytes for each
_WORKBOOK_START = re.compile(rb"\x09\x08[\x08\x10]\x00\x00[\x05\x06]\x05\x00")  # BOF of an Excel 95 or 97 workbook
_FILE_PASSWORD = 0x002F
_SEARCH_BYTES = 64 << 20
_ROW_RECORD = 0
_CELL_RECORDS = range(2, 12)  # 1 is an empty cell with a style


class BinaryWorkbook:
    def __init__(self, file: IO[bytes] | Any, limits: DocumentSettings) -> None:
        self._limits = limits
        self.title = ""
        try:
            self._book = calamine.CalamineWorkbook.from_filelike(file)
        except calamine.PasswordError as error:
            raise EncryptedDocumentError("The workbook is protected by a password.") from error
        except calamine.CalamineError as error:
            if _has_password(file):
                raise EncryptedDocumentError("The workbook is protected by a password.") from error
            raise CorruptDocumentError("The workbook cannot be read: it is damaged or no spreadsheet.") from error

    @property
    def n_sheets(self) -> int:
        return len(self._book.sheet_names)

    def sheets(self) -> Iterator[Sheet]:
        left = self._limits.max_cells
        for meta in self._book.sheets_metadata:
            if meta.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            try:
                found = self._book.get_sheet_by_name(meta.name)
            except calamine.CalamineError as error:
                raise CorruptDocumentError(f"The sheet {meta.name!r} is damaged.") from error
            sheet = Sheet(meta.name, meta.visible != calamine.SheetVisibleEnum.Visible)
            first_row, first_column = found.start or (0, 0)
            if found.start is not None:
                for i, values in enumerate(found.iter_rows()):
                    cells = {first_column + j: text for j, value in enumerate(values) if (text := shown(value))}
                    left -= len(cells)
                    if left < 0:
                        raise DocumentTooLargeError(f"The workbook holds more than {self._limits.max_cells:,} cells.")
                    if cells:
                        # calamine leaves empty rows before the first filled one out
                        sheet.rows[first_row + i] = cells
            sheet.merges = [(a[0], a[1], b[0], b[1]) for a, b in found.merged_cell_ranges or ()]
            yield sheet


def _has_password(file: IO[bytes] | Any) -> bool:
    """Whether an old workbook is encrypted, which calamine's detection of the format takes for no workbook at all.

    The record that says so follows the first one, or the one after it.
    """
    file.seek(0)
    data = file.read(_SEARCH_BYTES)
    for start in _WORKBOOK_START.finditer(data):
        at = start.start()
        for _ in range(3):
            kind, size = (int.from_bytes(data[i : i + 2], "little") for i in (at, at + 2))
            if kind == _FILE_PASSWORD:
                return True
            at += 4 + size
    return False


def check_xlsb(archive: Archive, limits: DocumentSettings) -> None:
    """Raises ``DocumentTooLargeError`` for sheets that calamine would spread out over too much memory."""
    for name in archive.names:
        if name.lower().startswith("xl/worksheets/") and name.lower().endswith(".bin"):
            _check_records(archive.read(name), limits)


def _check_records(data: bytes, limits: DocumentSettings) -> None:
    at = n_cells = row = 0
    rows: list[int] = []
    columns: list[int] = []
    while at < len(data):
        kind, at = _varint(data, at, 2)
        size, at = _varint(data, at, 4)
        if kind == _ROW_RECORD:
            row = int.from_bytes(data[at : at + 4], "little")
        elif kind in _CELL_RECORDS:
            n_cells += 1
            column = int.from_bytes(data[at : at + 4], "little")
            rows = [min(rows[0], row), max(rows[1], row)] if rows else [row, row]
            columns = [min(columns[0], column), max(columns[1], column)] if columns else [column, column]
            rectangle = (rows[1] - rows[0] + 1) * (columns[1] - columns[0] + 1)
            if n_cells > limits.max_cells or rectangle > _MAX_RECTANGLE:
                raise DocumentTooLargeError(f"The workbook holds more than {limits.max_cells:,} cells.")
        at += size


def _varint(data: bytes, at: int, n_bytes: int) -> tuple[int, int]:
    value = 0
    for i in range(n_bytes):
        byte = data[at] if at < len(data) else 0
        at += 1
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            break
    return value, at


def shown(value: object) -> str:
    """A value without its format: integers without ".0", dates in ISO, truth as spreadsheets write it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return show_general(value) if math.isfinite(value) else ""
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "minutes").removesuffix(" 00:00")
    if isinstance(value, datetime.time):
        return value.isoformat("minutes")
    if isinstance(value, datetime.timedelta):
        minutes = round(value.total_seconds() / 60)
        return f"{minutes // 60}:{minutes % 60:02d}"
    return str(value).strip()

"""Spreadsheets (XLSX, XLSM, XLSB, XLS, ODS) -> one page per sheet, one block per row.

A sheet may hold several tables: they are cut apart at empty rows and columns, each finds its own header and titles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slimlm.documents.archive import open_archive
from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.readers.sheet_binary import BinaryWorkbook, check_xlsb
from slimlm.documents.readers.sheet_ods import OdsWorkbook
from slimlm.documents.readers.sheet_record import Sheet, Workbook
from slimlm.documents.readers.sheet_xlsx import XlsxWorkbook
from slimlm.documents.readers.tables import clean_cell, join_headers, linearize, looks_like_header, value_kind
from slimlm.documents.records import ReadProgress
from slimlm.documents.source import Report, Source
from slimlm.errors import DocumentTooLargeError
from slimlm.settings import DocumentSettings

_MAX_TITLE_CHARS = 120
_MAX_MERGED_ROWS = 2000  # a merge over a whole column is decoration


def read_sheet(source: Source, limits: DocumentSettings, builder: DocumentBuilder, report: Report) -> str:
    book = _open(source, limits)
    n_hidden = 0
    has_comments = False
    for number, sheet in enumerate(book.sheets(), 1):
        builder.start_page("sheet", sheet.name)
        n_hidden += sheet.is_hidden and bool(sheet.rows)
        has_comments = has_comments or sheet.has_comments
        previous: _Header | None = None
        for region in _regions(sheet, limits.max_chars):
            previous = _add_region(region, previous, builder)
        report(ReadProgress("pages", number, max(book.n_sheets, number)))
    if n_hidden:
        which = "One sheet is" if n_hidden == 1 else f"{n_hidden} sheets are"
        builder.notice("hidden_sheets", f"{which} hidden in the workbook and was read all the same.")
    if has_comments:
        builder.notice("comments", "Comments were left out.")
    return book.title


def _open(source: Source, limits: DocumentSettings) -> Workbook:
    if source.head(4) != b"PK\x03\x04":
        return BinaryWorkbook(source.open(), limits)
    archive = open_archive(source.data, limits)
    if "xl/workbook.bin" in archive:
        archive.verify()
        check_xlsb(archive, limits)
        return BinaryWorkbook(source.open(), limits)
    if "content.xml" in archive:
        return OdsWorkbook(archive, limits)
    return XlsxWorkbook(archive, limits)


@dataclass(frozen=True, slots=True)
class _Region:
    """A table's rectangle without its empty rows and columns: texts, and what sets rows apart."""

    columns: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: tuple[bool, ...]  # per row: most of its cells are bold or coloured
    headers: tuple[bool, ...]  # per row: the file calls it a header
    spans: tuple[bool, ...]  # per row: it holds a cell over several, but not all, columns


@dataclass(frozen=True, slots=True)
class _Header:
    columns: tuple[int, ...]
    names: tuple[str, ...]


def _regions(sheet: Sheet, max_chars: int) -> Iterator[_Region]:
    spans = _spread_merges(sheet)
    # One long string may stand in every cell for a few bytes each: count before anything is copied.
    if sum(len(text) for row in sheet.rows.values() for text in row.values()) > max_chars:
        raise DocumentTooLargeError(f"The sheet {sheet.name[:80]!r} holds more than {max_chars:,} characters.")
    band: list[int] = []
    for row in sorted(sheet.rows):
        if band and row > band[-1] + 1:
            yield from _cut_columns(sheet, band, spans)
            band = []
        band.append(row)
    if band:
        yield from _cut_columns(sheet, band, spans)


def _spread_merges(sheet: Sheet) -> dict[int, list[tuple[int, int]]]:
    """Repeat a cell merged over rows in each of them; returns the merges over columns, by row."""
    spans: dict[int, list[tuple[int, int]]] = {}
    for first_row, first_column, last_row, last_column in sheet.merges:
        text = sheet.rows.get(first_row, {}).get(first_column)
        if not text:
            continue
        if last_column > first_column:
            spans.setdefault(first_row, []).append((first_column, last_column))
        if 0 < last_row - first_row <= _MAX_MERGED_ROWS:
            for row in range(first_row + 1, last_row + 1):
                if row in sheet.rows:
                    sheet.rows[row].setdefault(first_column, text)
    return spans


def _cut_columns(sheet: Sheet, band: Sequence[int], spans: dict[int, list[tuple[int, int]]]) -> Iterator[_Region]:
    """The tables that stand side by side in consecutive rows."""
    used = sorted({column for row in band for column in sheet.rows[row]})
    groups: list[list[int]] = []
    covered = [span for row in band for span in spans.get(row, ())]
    for column in used:
        near = groups and (column == groups[-1][-1] + 1 or any(a <= groups[-1][-1] < column <= b for a, b in covered))
        if near:
            groups[-1].append(column)
        else:
            groups.append([column])
    for columns in groups:
        rows = [row for row in band if any(column in sheet.rows[row] for column in columns)]
        width = len(columns)
        yield _Region(
            columns=tuple(columns),
            rows=tuple(tuple(clean_cell(sheet.rows[row].get(column, "")) for column in columns) for row in rows),
            strong=tuple(2 * sheet.strong.get(row, 0) > len(sheet.rows[row]) for row in rows),
            headers=tuple(row in sheet.headers for row in rows),
            spans=tuple(any(a in columns and b - a + 1 < width for a, b in spans.get(row, ())) for row in rows),
        )


def _add_region(region: _Region, previous: _Header | None, builder: DocumentBuilder) -> _Header | None:
    """Add one table; returns its header, which holds for a table below that has none of its own."""
    rows = region.rows
    at = 0
    while at < len(rows) and sum(map(bool, rows[at])) == 1 and not region.headers[at]:
        if len(region.columns) > 1 and _is_data(rows, at):
            break
        _add_text(next(filter(None, rows[at])), builder, alone=len(rows) == 1 or len(region.columns) > 1)
        at += 1
    if at == len(rows):
        return previous if len(rows) == 1 else None
    n_header = _n_header(region, at)
    if n_header:
        header = _Header(region.columns, tuple(join_headers(rows[at : at + n_header])))
    elif previous is not None and previous.columns == region.columns and len(region.columns) > 1:
        header = previous  # the table went on after an empty row
    else:
        header = _Header(region.columns, ())
    for line in linearize(rows[at + n_header :], header.names):
        builder.add("table_row", line)
    return header if header.names else None


def _is_data(rows: Sequence[Sequence[str]], at: int) -> bool:
    """A row with one cell that is a value, not a title above the table."""
    return value_kind(next(filter(None, rows[at]))) in ("number", "date")


def _add_text(text: str, builder: DocumentBuilder, alone: bool) -> None:
    is_title = alone and len(text) <= _MAX_TITLE_CHARS and text[-1] not in ".:;," and value_kind(text) == "text"
    builder.add("heading" if is_title else "paragraph", text, 2 if is_title else 0)


def _n_header(region: _Region, at: int) -> int:
    rows = region.rows[at:]
    if len(rows) < 2:
        return 0
    named = next((i for i in range(min(3, len(rows) - 1)) if region.headers[at + i]), None)
    if named is not None:
        return named + 1
    if region.spans[at] and len(rows) > 2 and looks_like_header(rows[1:], marked=True):
        return 2
    marked = region.strong[at] and not all(region.strong[at + 1 : at + 4])
    return int(looks_like_header(rows[:300], marked))

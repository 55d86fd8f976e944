# ruff: noqa: E501  (markup and layouts are clearer unbroken)
from __future__ import annotations

import datetime
import io
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
from odf import opendocument, table, text
from openpyxl.styles import Font

from conftest import Read, Shown
from slimlm.documents.archive import open_archive
from slimlm.documents.readers.sheet_binary import check_xlsb
from slimlm.documents.readers.sheet_formats import NumberFormat, show_general
from slimlm.errors import CorruptDocumentError, DocumentTooLargeError, EncryptedDocumentError
from slimlm.settings import DocumentSettings

EPOCH = date(1899, 12, 30)


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_values_as_people_see_them(read: Read, shown: Shown) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Rents"
    sheet.append(["Rents 2024"])
    sheet.append(["Tenant", "Rent", "Since", "Share", "Paid", "At"])
    sheet.append(["Ada", 900.0, datetime.date(2024, 5, 1), 0.125, True, datetime.time(8, 30)])
    sheet.append(["Bo", 1234.5, datetime.datetime(2024, 6, 1, 9, 15), 1, False, None])
    for row in (3, 4):
        sheet.cell(row, 2).number_format = '"£"#,##0.00'
        sheet.cell(row, 4).number_format = "0.0%"
    sheet["H3"], sheet["H4"] = "beside", "the table"
    sheet.append([])
    sheet.append(["Total", 2134.5])
    hidden = book.create_sheet("Notes")
    hidden.sheet_state = "hidden"
    hidden["A1"] = "kept"
    document = read(saved(book), "xlsx")
    assert [(page.kind, page.label) for page in document.pages] == [("sheet", "Rents"), ("sheet", "Notes")]
    assert [notice.code for notice in document.notices] == ["hidden_sheets"]
    assert shown(document) == [
        "heading2: Rents 2024",
        "table_row: Tenant: Ada; Rent: £900.00; Since: 2024-05-01; Share: 12.5%; Paid: TRUE; At: 08:30",
        "table_row: Tenant: Bo; Rent: £1,234.50; Since: 2024-06-01 09:15; Share: 100.0%; Paid: FALSE",
        "paragraph: beside",
        "paragraph: the table",
        "table_row: Total: 2134.5",
        "heading2: kept",
    ]


def test_headers_by_type_face_and_merges(read: Read, shown: Shown) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Topic", "Rule"])
    sheet.append(["Late", "A quarter of the price is due."])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    other = book.create_sheet("Merged")
    for row in (["Region", "2023", None], [None, "Q1", "Q2"], ["North", 1, 2], [None, 3, 4]):
        other.append(row)
    for area in ("A1:A2", "B1:C1", "A3:A4"):
        other.merge_cells(area)
    pairs = book.create_sheet("Pairs")
    for row in (["Tenant", "Ada"], ["Rent", "£900"], ["Start", "1 May 2024"]):
        pairs.append(row)
    assert shown(read(saved(book), "xlsx")) == [
        "table_row: Topic: Late; Rule: A quarter of the price is due.",
        "table_row: Region: North; 2023 Q1: 1; 2023 Q2: 2",
        "table_row: Region: North; 2023 Q1: 3; 2023 Q2: 4",
        "table_row: Tenant: Ada",
        "table_row: Rent: £900",
        "table_row: Start: 1 May 2024",
    ]


def test_one_stray_cell_in_the_last_corner_costs_nothing(read: Read) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "first", "last"
    assert read(saved(book), "xlsx").text == "first\n\nlast"


def test_a_million_cells_fail_fast(read: Read, package: Callable[[Mapping[str, str]], bytes]) -> None:
    row = "<row>" + "<c><v>1</v></c>" * 100 + "</row>"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    data = package(
        {
            "xl/workbook.xml": f'<workbook xmlns:r="{office}"><sheets><sheet name="a" r:id="s"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<R><Relationship Id="s" Type="{office}/worksheet" Target="s.xml"/></R>',
            "xl/s.xml": f"<worksheet><sheetData>{row * 10_000}</sheetData></worksheet>",
        }
    )
    started = time.process_time()
    with pytest.raises(DocumentTooLargeError):
        read(data, "xlsx")
    assert time.process_time() - started < 5


def test_ods(read: Read, shown: Shown) -> None:
    book = opendocument.OpenDocumentSpreadsheet()
    sheet = table.Table(name="Prices")
    rows = (
        (("Item", {}), ("Price", {}), ("Since", {})),
        (("Van", {}), ("€90.00", {"valuetype": "currency", "value": 90}), ("1.5.24", {"valuetype": "date", "datevalue": "2024-05-01"})),
        (("Box", {}), ("€1.50", {"valuetype": "currency", "value": 1.5}), ("2.5.24", {"valuetype": "date", "datevalue": "2024-05-02"})),
    )  # fmt: skip
    for cells in rows:
        row = table.TableRow()
        for shown_text, attributes in cells:
            item = table.TableCell(**attributes)
            item.addElement(text.P(text=shown_text))
            row.addElement(item)
        row.addElement(table.TableCell(numbercolumnsrepeated=16000))
        sheet.addElement(row)
    sheet.addElement(table.TableRow(numberrowsrepeated=1_000_000))
    book.spreadsheet.addElement(sheet)
    file = io.BytesIO()
    book.write(file)
    document = read(file.getvalue(), "ods")
    assert document.pages[0].label == "Prices"
    assert shown(document) == [
        "table_row: Item: Van; Price: €90.00; Since: 2024-05-01",
        "table_row: Item: Box; Price: €1.50; Since: 2024-05-02",
    ]


def test_encrypted_and_damaged(read: Read, package: Callable[[Mapping[str, str]], bytes]) -> None:
    sealed = {"content.xml": "x", "META-INF/manifest.xml": "<m><file-entry><encryption-data/></file-entry></m>"}
    with pytest.raises(EncryptedDocumentError):
        read(package(sealed), "ods")
    with pytest.raises(CorruptDocumentError):
        read(b"\xd0\xcf\x11\xe0 no workbook", "xls")
    with pytest.raises(CorruptDocumentError):
        read(package({"xl/other.xml": ""}), "xlsx")


def test_max_cells_counts_what_is_filled(read: Read) -> None:
    book = openpyxl.Workbook()
    for _ in range(30):
        book.active.append(list(range(10)))
    with pytest.raises(DocumentTooLargeError):
        read(saved(book), "xlsx", replace(DocumentSettings(), max_cells=299))
    assert read(saved(book), "xlsx", replace(DocumentSettings(), max_cells=300)).text


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("General", 5.0, "5"), ("General", 0.1 + 0.2, "0.3"), ("0.00", 5, "5.00"), ("#,##0", 1234567, "1,234,567"),
        ("#,##0.00;(#,##0.00)", -5, "-5.00"), ('"£"#,##0.00', -5, "-£5.00"), ("[$€-407] #,##0.00", 5, "€ 5.00"),
        ('#,##0.00" €"', 5, "5.00 €"), ("0%", 0.5, "50%"), ("0.0%", 0.125, "12.5%"), ("0.##", 1.5, "1.5"),
        ("0.##", 1, "1"), ("00000", 42, "00042"), ('0" kg"', 5, "5 kg"), ("dd/mm/yyyy", 45413, "2024-05-01"),
        ("d. mmmm yyyy", 45413, "2024-05-01"), ("mmm yy", 45413, "2024-05"), ("h:mm", 0.5, "12:00"),
        ("dd.mm.yyyy hh:mm", 45413.25, "2024-05-01 06:00"), ("[h]:mm", 1.25, "30:00"), ("#,##0,", 12345, "12"),
        ("@", 5, "5"), ("0.00E+00", 12345, "12345"), ("# ?/?", 0.5, "0.5"), ("[Red]0;[Blue]-0", -3, "-3"),
        ("$#,##0_);($#,##0)", -3, "-$3"), ("yyyy", 45413, "2024-05"), ("dd/mm/yyyy", -1, "-1"), ("", 3, "3"),
        ("0" * 300, 5, "5"), ("0", 1e300, "1e+300"), (";;;", 5, "5"),
    ],
)  # fmt: skip
def test_number_formats(code: str, value: float, expected: str) -> None:
    shown_text = NumberFormat(code).show(value, EPOCH)
    assert shown_text.lstrip("0") == expected.lstrip("0") if len(code) > 250 else shown_text == expected


def test_general_numbers() -> None:
    assert [show_general(x) for x in (1e21, 123456789012.0, 0.000012, float("nan"))][1:3] == [
        "123456789012",
        "0.000012",
    ]


def _xlsb(cells: list[tuple[int, int]]) -> dict[str, bytes]:
    """A sheet's records: a row header for each cell, then a number in it."""

    def record(kind: int, body: bytes) -> bytes:
        return bytes([kind, len(body)]) + body

    data = b"".join(
        record(0, row.to_bytes(4, "little") + bytes(13)) + record(5, column.to_bytes(4, "little") + bytes(12))
        for row, column in cells
    )
    return {"xl/workbook.bin": b"", "xl/worksheets/sheet1.bin": data}


def test_binary_sheets_are_measured_before_they_are_spread_out(package: Callable[[Mapping[str, bytes]], bytes]) -> None:
    few = replace(DocumentSettings(), max_cells=10)
    check_xlsb(open_archive(package(_xlsb([(i, i) for i in range(10)])), few), few)
    for cells in ([(0, 0), (1_048_575, 16_383)], [(0, i) for i in range(11)]):
        with pytest.raises(DocumentTooLargeError):
            check_xlsb(open_archive(package(_xlsb(cells)), few), few)

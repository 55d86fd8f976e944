"""Hostile XLSX, XLS and ODS files.

What enters: a folder. What leaves: the path of one file in it. Refuses to know what a reader does with it.
"""

from __future__ import annotations

import random
from pathlib import Path

from hostile import make_files as m
from hostile.make_files import MARK, Maker, patched, read_part, repeated_entry, write

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
OFFICE_KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = "xl/worksheets/sheet1.xml"
S = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def sheet(rows: str, head: str = "", doctype: str = "") -> Maker:
    xml = f"{XML}{doctype}<worksheet {S}>{head}<sheetData>{rows}</sheetData></worksheet>"
    return lambda folder: write(folder, "lease.xlsx", patched(m.good_xlsx(), {SHEET: xml}))


def inline(ref: str, text: str) -> str:
    return f'<c r="{ref}" t="inlineStr"><is><t>{text}</t></is></c>'


def xlsx_bomb(folder: Path) -> Path:
    data = patched(m.good_xlsx(), {SHEET: None}, [repeated_entry(SHEET, b"<row><c><v>1</v></c></row>" * 4096, 8192)])
    return write(folder, "lease.xlsx", data)


def many_cells(n_rows: int, n_columns: int) -> Maker:
    """Numbers; the rows come again after fifty, which is too far apart to compress well."""

    def make(folder: Path) -> Path:
        rng = random.Random(5)
        row = [
            f"<row>{'<c><v>{}</v></c>' * n_columns}</row>".format(*rng.choices(range(10**9), k=n_columns))
            for _ in range(50)
        ]
        return sheet("".join(row * (n_rows // 50)))(folder)

    return make


def far_apart(folder: Path) -> Path:
    rows = f'<row r="1">{inline("A1", MARK)}</row><row r="1048576">{inline("XFD1048576", "The last cell.")}</row>'
    return sheet(rows, '<dimension ref="A1:XFD1048576"/>')(folder)


def lying_dimension(folder: Path) -> Path:
    return sheet(f'<row r="1">{inline("A1", MARK)}</row>', '<dimension ref="A1:XFD1048576"/>')(folder)


def beyond_last_cell(folder: Path) -> Path:
    rows = f'<row r="1">{inline("A1", MARK)}</row><row r="4294967295">{inline("ZZZZZZ4294967295", "x")}</row>'
    return sheet(rows)(folder)


def shared_string_out_of_range(folder: Path) -> Path:
    return sheet(f'<row r="1">{inline("A1", MARK)}<c r="B1" t="s"><v>999999999</v></c></row>')(folder)


def shared_string_bomb(folder: Path) -> Path:
    """One string of 1 MB in 20,000 cells: 20 GB of text out of some kilobytes."""
    rels = read_part(m.good_xlsx(), "xl/_rels/workbook.xml.rels")
    more = f'<Relationship Id="rIdS" Type="{OFFICE_KIND}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    types = read_part(m.good_xlsx(), "[Content_Types].xml")
    rows = "".join('<row><c t="s"><v>0</v></c></row>' for _ in range(20000))
    parts: dict[str, bytes | str | None] = {
        SHEET: f"{XML}<worksheet {S}><sheetData>{rows}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f"{XML}<sst {S}><si><t>{'bomb ' * 200000}</t></si></sst>",
        "xl/_rels/workbook.xml.rels": rels.replace("</Relationships>", more),
        "[Content_Types].xml": types.replace(
            "</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
        ),
    }
    return write(folder, "lease.xlsx", patched(m.good_xlsx(), parts))


def header_bomb(folder: Path) -> Path:
    """A header of 1 MB over 5,000 rows: each row told with its header would be 5 GB."""
    head = f"<row>{inline('A1', 'Name')}{inline('B1', 'bomb ' * 200000)}</row>"
    rows = "".join(f'<row><c t="inlineStr"><is><t>x</t></is></c><c><v>{i}</v></c></row>' for i in range(5000))
    return sheet(head + rows)(folder)


def merge_bomb(folder: Path) -> Path:
    """A cell of 1 MB merged over 2,000 rows, a thousand times."""
    cell = f'<row r="1">{inline("A1", "bomb " * 200000)}</row>'
    rows = "".join(f'<row r="{i}"><c r="B{i}"><v>{i}</v></c></row>' for i in range(2, 2000))
    merges = "<mergeCells>" + '<mergeCell ref="A1:A2000"/>' * 1000 + "</mergeCells>"
    xml = f"{XML}<worksheet {S}><sheetData>{cell}{rows}</sheetData>{merges}</worksheet>"
    return write(folder, "lease.xlsx", patched(m.good_xlsx(), {SHEET: xml}))


def formulas(folder: Path) -> Path:
    """Formulas that would run a program or fetch a page."""
    cells = "".join(
        f'<c r="{ref}" t="str"><f>{f}</f><v>{MARK}</v></c>'
        for ref, f in (("A1", "cmd|'/C touch pwned'!A0"), ("B1", 'WEBSERVICE("http://127.0.0.1:9/")'))
    )
    return sheet(f'<row r="1">{cells}</row>')(folder)


def no_sheets(folder: Path) -> Path:
    xml = f"{XML}<workbook {S}><sheets/></workbook>"
    return write(folder, "lease.xlsx", patched(m.good_xlsx(), {"xl/workbook.xml": xml}))


def xls_missing_stream(folder: Path) -> Path:
    return write(folder, "lease.xls", m.ole2_bytes({"Workbook": m.noise(20000)}))


def xls_fat_loop(folder: Path) -> Path:
    return write(folder, "lease.xls", m.ole2_bytes({"Workbook": m.biff8(MARK)}, loop=True))


def ods_rows(repeat: int, *, blank: bool = False) -> Maker:
    """One row with text, then a row (blank, or the same) that stands for ``repeat`` rows."""
    row = f"<table:table-row>{m.ODS_CELL.format(repeat='', text=MARK)}</table:table-row>"
    cell = "<table:table-cell/>" if blank else m.ODS_CELL.format(repeat="", text="Again.")
    more = f'<table:table-row table:number-rows-repeated="{repeat}">{cell}</table:table-row>'
    return m.saved("lease.ods", m.ods_bytes(row + more))


def ods_columns(repeat: int) -> Maker:
    cell = m.ODS_CELL.format(repeat=f' table:number-columns-repeated="{repeat}"', text=MARK)
    return m.saved("lease.ods", m.ods_bytes(f"<table:table-row>{cell}</table:table-row>"))


ODS_ENCRYPTED = m.ods_bytes("", manifest_extra='<manifest:encryption-data manifest:checksum-type="SHA1/1K"/>')


def xlsx_remote(site: str, folder: Path) -> Path:
    name = "xl/_rels/workbook.xml.rels"
    more = f'<Relationship Id="rIdR" Type="{OFFICE_KIND}/externalLink" Target="{site}/x.xlsx" TargetMode="External"/>'
    rels = read_part(m.good_xlsx(), name).replace("</Relationships>", f"{more}</Relationships>")
    return write(folder, "lease.xlsx", patched(m.good_xlsx(), {name: rels}))

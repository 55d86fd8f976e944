"""Every office and text format through the whole reader: detection, worker process, limits."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pptx
import pytest

from slimlm.documents.read import read_document


def _docx() -> bytes:
    file = io.BytesIO()
    made = docx.Document()
    made.add_heading("Lease", 1)
    made.add_paragraph("The rent is £900.")
    made.save(file)
    return file.getvalue()


def _pptx() -> bytes:
    file = io.BytesIO()
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Lease"
    slide.placeholders[1].text = "The rent is £900."
    deck.save(file)
    return file.getvalue()


def _xlsx() -> bytes:
    file = io.BytesIO()
    book = openpyxl.Workbook()
    for row in (["Lease", "Amount", "Year"], ["The rent is £900.", 900, 2024]):
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def _epub() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml",
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="b.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
        )
        archive.writestr(
            "b.opf",
            '<package><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
            '<spine><itemref idref="a"/></spine></package>',
        )
        archive.writestr("a.xhtml", "<html><body><h1>Lease</h1><p>The rent is £900.</p></body></html>")
    return file.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a.docx": (_docx, "docx"),
    "a.pptx": (_pptx, "pptx"),
    "a.xlsx": (_xlsx, "xlsx"),
    "a.epub": (_epub, "epub"),
    "a.html": ("<!doctype html><h1>Lease</h1><p>The rent is £900.</p>".encode, "html"),
    "a.md": ("# Lease\n\nThe rent is £900.\n".encode, "markdown"),
    "a.txt": (lambda: "LEASE\n\nThe rent is £900.\n".encode("cp1252"), "text"),
}


@pytest.mark.parametrize("name", FILES)
def test_whole_way(name: str, tmp_path: Path) -> None:
    make, kind = FILES[name]
    path = tmp_path / name
    path.write_bytes(make())
    document = read_document(path)
    assert document.format == kind
    assert "The rent is £900." in document.text
    assert document.text.upper().startswith("LEASE")
    assert [page.start for page in document.pages] == sorted(page.start for page in document.pages)
    assert all(document.text[b.start : b.end].strip() for b in document.blocks)

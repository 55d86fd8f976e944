"""Formats are told by content; what is not read is named in a person's words."""

from __future__ import annotations

import io
import zipfile

import pytest

from slimlm.documents.detect import detect_format
from slimlm.errors import (
    CorruptDocumentError,
    EmptyDocumentError,
    EncryptedDocumentError,
    SlimLMError,
    UnsupportedDocumentError,
)
from slimlm.settings import DocumentSettings

LIMITS = DocumentSettings()


def package(**parts: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/"), text)
    return buffer.getvalue()


def ole(*names: str) -> bytes:
    entries = b"".join(
        (name + "\x00").encode("utf-16-le").ljust(64, b"\x00")
        + (2 * len(name) + 2).to_bytes(2, "little")
        + b"\x02".ljust(62, b"\x00")
        for name in names
    )
    return (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").ljust(512, b"\x00") + entries


TYPES = {"[Content_Types].xml": "<Types/>"}


KINDS = [
    (b"%PDF-1.7\n1 0 obj", "a.txt", "pdf"),
    (b"junk\n%PDF-1.4\n1 0 obj\nx 0 obj", "a", "pdf"),
    (package(**TYPES, word__document_xml="<w/>"), "a.pdf", "docx"),
    (package(**TYPES, ppt__presentation_xml="<p/>"), "a.zip", "pptx"),
    (package(**TYPES, xl__workbook_xml="<x/>"), "a", "xlsx"),
    (package(mimetype="application/epub+zip"), "a", "epub"),
    (package(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "a", "ods"),
    (ole("Root Entry", "Workbook"), "a", "xls"),
    (b"\x89PNG\r\n\x1a\n....", "a", "image"),
    (b"\xff\xd8\xff\xe0", "a", "image"),
    (b"II*\x00....", "a", "image"),
    (b"RIFF....WEBPVP8 ", "a", "image"),
    (b"<!DOCTYPE html><p>x", "a", "html"),
    (b"\xef\xbb\xbf  <?xml version='1.0'?><!-- a --><html xmlns='x'>", "a", "html"),
    ("<html><p>x".encode("utf-16"), "a", "html"),
    (b"<div align=center>\n# Title", "README.md", "markdown"),
    (b"# Title\n\ntext", "a.md", "markdown"),
    (b"# Title\n\ntext", "a.txt", "text"),
    ("Grüße".encode("latin-1"), "a", "text"),
    ("Grüße aus Bern".encode("utf-16-le"), "a", "text"),
    (b"BM is how this text begins", "a", "text"),
    (b"MZ is how this text begins", "a", "text"),
    (b"<note><to>x</to></note>", "a.xml", "text"),
    (b"About %PDF-1.4 files and how they begin", "a.txt", "text"),
]


@pytest.mark.parametrize(("data", "name", "kind"), KINDS, ids=[f"{i}-{case[2]}" for i, case in enumerate(KINDS)])
def test_kinds(data: bytes, name: str, kind: str) -> None:
    assert detect_format(data, name, LIMITS) == kind


REFUSALS = [
    (b"{\\rtf1 hello}", UnsupportedDocumentError, "Rich Text"),
    (ole("Root Entry", "WordDocument"), UnsupportedDocumentError, "old Word document"),
    (ole("Root Entry", "PowerPoint Document"), UnsupportedDocumentError, "PowerPoint"),
    (ole("EncryptedPackage"), EncryptedDocumentError, "password"),
    (b"<svg xmlns='x'></svg>", UnsupportedDocumentError, "SVG"),
    (b"ID3\x03rest", UnsupportedDocumentError, "sound"),
    (b"\x00\x00\x00\x18ftypmp42", UnsupportedDocumentError, "video"),
    (b"\x7fELF\x02", UnsupportedDocumentError, "program"),
    (b"MZ\x90\x00\x03", UnsupportedDocumentError, "program"),
    (b"\x1f\x8b\x08", UnsupportedDocumentError, "gzip"),
    (package(a_txt="x"), UnsupportedDocumentError, "ZIP archive"),
    (package(mimetype="application/vnd.oasis.opendocument.text"), UnsupportedDocumentError, "ODT"),
    (package(**TYPES, word__document_xml="<w/>")[:60], CorruptDocumentError, "ZIP"),
    (bytes(range(256)) * 20, UnsupportedDocumentError, "unknown kind"),
    (b"\x00" * 5000, EmptyDocumentError, "blanks or zero"),
    (b"  \n\t ", EmptyDocumentError, "blanks"),
]


@pytest.mark.parametrize(
    ("data", "error", "words"), REFUSALS, ids=[f"{i}-{case[2]}" for i, case in enumerate(REFUSALS)]
)
def test_refusals(data: bytes, error: type[SlimLMError], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        detect_format(data, "a.bin", LIMITS)
    assert caught.value.hint

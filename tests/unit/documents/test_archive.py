"""ZIP packages: bounded, checked, never trusted."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from slimlm.documents.archive import open_archive
from slimlm.documents.xml import parse_xml
from slimlm.errors import CorruptDocumentError, EncryptedDocumentError, SlimLMError, SuspiciousArchiveError
from slimlm.settings import DocumentSettings

LIMITS = DocumentSettings()


def zipped(parts: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_reads_parts_without_case() -> None:
    archive = open_archive(zipped({"word/Document.xml": b"<a/>"}), LIMITS)
    assert "/word/document.xml" in archive
    assert archive.read("word/document.xml") == b"<a/>"
    archive.verify()
    with pytest.raises(CorruptDocumentError, match="missing"):
        archive.read("nothing")


def test_bomb() -> None:
    with pytest.raises(SuspiciousArchiveError, match="expands"):
        open_archive(zipped({"a": b"\x00" * (300 << 20)}), LIMITS)


def test_many_entries() -> None:
    with pytest.raises(SuspiciousArchiveError, match="parts"):
        open_archive(zipped({f"p{i}": b"" for i in range(20_001)}, zipfile.ZIP_STORED), LIMITS)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../b", "C:/x"])
def test_escaping_names(name: str) -> None:
    with pytest.raises(SuspiciousArchiveError, match="leaves the package"):
        open_archive(zipped({name: b"x"}), LIMITS)


def test_overlapping_entries() -> None:
    data = zipped({"a": b"x" * 5000, "b": b"y" * 5000}, zipfile.ZIP_STORED)
    directory = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    forged = data[: directory + 42] + struct.pack("<I", 10) + data[directory + 46 :]
    with pytest.raises(SuspiciousArchiveError, match="overlap"):
        open_archive(forged, LIMITS)


def test_member_longer_than_declared() -> None:
    data = zipped({"a": b"x" * 5000})
    for magic, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(magic) + at
        data = data[:place] + struct.pack("<I", 100) + data[place + 4 :]
    archive = open_archive(data, LIMITS)
    with pytest.raises(SuspiciousArchiveError, match="larger than"):
        archive.verify()
    with pytest.raises(SlimLMError):
        archive.read("a")


def test_encrypted() -> None:
    data = bytearray(zipped({"a": b"x"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(EncryptedDocumentError):
        open_archive(bytes(data), LIMITS)


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04", b"no zip", zipped({"a": b"x" * 1000})[:-30]], ids=["magic", "text", "cut"]
)
def test_damaged(data: bytes) -> None:
    with pytest.raises(CorruptDocumentError):
        open_archive(data, LIMITS)


def test_xml_entities_are_refused() -> None:
    assert parse_xml(b"<a><b>x</b></a>", "part").findtext("b") == "x"
    for bad in (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', b"<a>", b""):
        with pytest.raises(CorruptDocumentError, match="part"):
            parse_xml(bad, "part")

"""Says what a file is by looking inside. The name's ending only tells Markdown from plain text.

What enters: bytes. What leaves: a key of ``readers.registry.FORMATS``, or an error in the words of the person who
tried to open the file: what it is, and how to make a document of it.
"""

from __future__ import annotations

import mmap
import re
from pathlib import PurePath

from slimlm.documents.archive import Archive, open_archive
from slimlm.errors import EmptyDocumentError, EncryptedDocumentError, UnsupportedDocumentError
from slimlm.settings import DocumentSettings

_HEAD = 4096
_MARKDOWN = {".md", ".markdown", ".mdown", ".mkd", ".mkdn", ".mdwn"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_AS_PDF = "Export it as PDF and open that."
_UNPACK = "Unpack it and open the documents inside."
_CONVERT_IMAGE = "Convert the picture to PNG or JPEG and open that."
_NO_MEDIA = "SlimLM reads documents; it does not listen or watch."
_NO_PROGRAM = "SlimLM reads documents, not programs or data files."
# (offset, magic, what it is, what to do). Checked in order, before anything looks at the text.
_UNSUPPORTED: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"{\\rtf", "a Rich Text (RTF) document", "Save it as DOCX and open that."),
    (0, b"%!PS", "a PostScript file", "Convert it to PDF (ps2pdf FILE) and open that."),
    (0, b"AT&TFORM", "a DjVu document", _AS_PDF),
    (60, b"BOOKMOBI", "a Kindle book", "Convert it to EPUB and open that."),
    (0, b"ITSF", "a compiled help file (CHM)", _AS_PDF),
    (0, b"GIF8", "a GIF picture", _CONVERT_IMAGE),
    (0, b"8BPS", "a Photoshop picture", _CONVERT_IMAGE),
    (0, b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture", _CONVERT_IMAGE),
    (4, b"ftypheic", "an HEIC picture", _CONVERT_IMAGE),
    (4, b"ftypheix", "an HEIC picture", _CONVERT_IMAGE),
    (4, b"ftypmif1", "an HEIF picture", _CONVERT_IMAGE),
    (4, b"ftypavif", "an AVIF picture", _CONVERT_IMAGE),
    (0, b"\x00\x00\x01\x00", "an icon", _CONVERT_IMAGE),
    (4, b"ftyp", "a video or sound recording", _NO_MEDIA),
    (0, b"ID3", "a sound recording", _NO_MEDIA),
    (0, b"\xff\xfb", "a sound recording", _NO_MEDIA),
    (0, b"\xff\xf3", "a sound recording", _NO_MEDIA),
    (0, b"OggS", "a sound recording", _NO_MEDIA),
    (0, b"fLaC", "a sound recording", _NO_MEDIA),
    (8, b"WAVE", "a sound recording", _NO_MEDIA),
    (8, b"AVI ", "a video", _NO_MEDIA),
    (0, b"\x1a\x45\xdf\xa3", "a video", _NO_MEDIA),
    (0, b"\x00\x00\x01\xba", "a video", _NO_MEDIA),
    (0, b"\x1f\x8b", "a gzip archive", _UNPACK),
    (0, b"BZh", "a bzip2 archive", _UNPACK),
    (0, b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive", _UNPACK),
    (0, b"MSCF", "a cabinet archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"\x7fELF", "a program", _NO_PROGRAM),
    (0, b"\xca\xfe\xba\xbe", "a program", _NO_PROGRAM),
    (0, b"\xcf\xfa\xed\xfe", "a program", _NO_PROGRAM),
    (0, b"\x00asm", "a program", _NO_PROGRAM),
    (0, b"SQLite format 3\x00", "a database", _NO_PROGRAM),
    (0, b"GGUF", "a language model", "Add it with `slimlm models add NAME FILE`."),
    (0, b"PAR1", "a data table (Parquet)", "Export it as CSV or XLSX and open that."),
    (0, b"wOFF", "a font", _NO_PROGRAM),
    (0, b"wOF2", "a font", _NO_PROGRAM),
    (0, b"OTTO\x00", "a font", _NO_PROGRAM),
    (0, b"\x00\x01\x00\x00\x00", "a font or a database", _NO_PROGRAM),
)
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")
_HTML_START = re.compile(
    r"<(!doctype\s+html|html|head|body|title|meta|link|base|style|script|table|div|span|article|section|main|header|nav"
    r"|p|h[1-6]|ul|ol|font|center|img|br|b|i|a)\b",
    re.IGNORECASE,
)
_XML_ROOT = re.compile(r"<([A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_XML_SKIP = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(\[[^\]]*\])?[^>]*>", re.DOTALL | re.IGNORECASE)


def detect_format(data: bytes | mmap.mmap, name: str, limits: DocumentSettings) -> str:
    """The format's key.

    Raises ``UnsupportedDocumentError``, ``EncryptedDocumentError``, ``EmptyDocumentError``, and for broken ZIP packages
    what ``open_archive`` raises.
    """
    head = bytes(data[:_HEAD])
    if _is_pdf(data, head):
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _package_format(open_archive(data, limits))
    if head.startswith(_OLE):
        return _ole_format(data)
    if head.startswith(_IMAGES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or _is_bmp(head, len(data)):
        return "image"
    if head.startswith(b"MZ") and b"\x00" in head:
        raise _unsupported("a program", _NO_PROGRAM)
    for offset, magic, what, advice in _UNSUPPORTED:
        if head[offset : offset + len(magic)] == magic:
            raise _unsupported(what, advice)
    return _text_format(data, head, name)


def _unsupported(what: str, advice: str) -> UnsupportedDocumentError:
    return UnsupportedDocumentError(f"This is {what}, which SlimLM does not read.", advice)


def _is_pdf(data: bytes | mmap.mmap, head: bytes) -> bool:
    """The header may follow up to 1,024 bytes of junk, as every PDF viewer accepts; then an object must follow."""
    at = head[:1032].find(b"%PDF-")
    return at == 0 or (at > 0 and not head.startswith((b"PK\x03\x04", b"<")) and data.find(b" obj", at, at + 65536) > 0)


def _is_bmp(head: bytes, n_bytes: int) -> bool:
    """``BM`` alone begins many texts: the offset of the pixels and the header's length must make sense too."""
    if not head.startswith(b"BM") or len(head) < 30:
        return False
    offset, header = int.from_bytes(head[10:14], "little"), int.from_bytes(head[14:18], "little")
    return head[6:10] == b"\x00\x00\x00\x00" and 26 <= offset < n_bytes and header in (12, 40, 52, 56, 64, 108, 124)


def _package_format(package: Archive) -> str:
    mimetype = package.read("mimetype", 256).decode("ascii", "replace").strip() if _small(package, "mimetype") else ""
    if mimetype == "application/epub+zip" or "META-INF/container.xml" in package:
        return "epub"
    if "opendocument" in mimetype:
        return _opendocument_format(package, mimetype)
    if "[Content_Types].xml" in package:
        for folder, kind in (("word/", "docx"), ("ppt/", "pptx"), ("xl/", "xlsx")):
            if any(name.lower().startswith(folder) for name in package.names):
                return _binary_workbook(package) or kind
        raise _unsupported("an Office file of an unknown kind", "Save it as DOCX, PPTX, XLSX or PDF and open that.")
    if any(name.endswith((".iwa", "Index.zip")) for name in package.names):
        raise _unsupported("an Apple Pages, Keynote or Numbers file", "Export it as PDF, DOCX, PPTX or XLSX.")
    raise _unsupported("a ZIP archive", _UNPACK)


def _small(package: Archive, name: str) -> bool:
    return 0 < package.size(name) <= 256


def _binary_workbook(package: Archive) -> str | None:
    if "xl/workbook.bin" in package:
        raise _unsupported("a binary workbook (XLSB)", "Save it as XLSX and open that.")
    return None


def _opendocument_format(package: Archive, mimetype: str) -> str:
    manifest = package.read("META-INF/manifest.xml", 8 << 20) if "META-INF/manifest.xml" in package else b""
    if b"encryption-data" in manifest:
        raise EncryptedDocumentError("The document is protected by a password.")
    if "spreadsheet" in mimetype:
        return "ods"
    if "presentation" in mimetype:
        raise _unsupported("an OpenDocument presentation (ODP)", "Save it as PPTX or PDF and open that.")
    raise _unsupported("an OpenDocument text (ODT)", "Save it as DOCX or PDF and open that.")


def _ole_format(data: bytes | mmap.mmap) -> str:
    """Old Office files are told apart by the names of their streams."""
    if _has_stream(data, "EncryptedPackage") or _has_stream(data, "EncryptionInfo"):
        raise EncryptedDocumentError("The document is protected by a password.")
    if _has_stream(data, "Workbook") or _has_stream(data, "Book"):
        return "xls"
    if _has_stream(data, "WordDocument"):
        raise _unsupported("an old Word document (DOC)", "Open it in Word or LibreOffice, save it as DOCX, open that.")
    if _has_stream(data, "PowerPoint Document"):
        raise _unsupported(
            "an old PowerPoint deck (PPT)", "Open it in PowerPoint or LibreOffice, save it as PPTX, open that."
        )
    if _has_stream(data, "__properties_version1.0"):
        raise _unsupported("an Outlook message", "Save the message as PDF or text and open that.")
    raise _unsupported("an old Office file of an unknown kind", _AS_PDF)


def _has_stream(data: bytes | mmap.mmap, name: str) -> bool:
    """Whether a directory entry has this name: 128-byte records with the name first and its length at byte 64.

    Searching for whole records spares following the sector chains, which hostile files tie into knots.
    """
    wanted = name.encode("utf-16-le") + b"\x00\x00"
    at = data.find(wanted, 512)
    while at >= 0:
        if at % 128 == 0 and data[at + 64 : at + 66] == len(wanted).to_bytes(2, "little"):
            return True
        at = data.find(wanted, at + 2)
    return False


def _text_format(data: bytes | mmap.mmap, head: bytes, name: str) -> str:
    text = _decode_head(data, head)
    if text is None:
        raise _unsupported("a file of an unknown kind (it holds no text)", UnsupportedDocumentError.default_hint)
    is_markdown = PurePath(name).suffix.lower() in _MARKDOWN
    start = text.lstrip("\ufeff \t\r\n\x0c")
    if start.startswith("<") and not is_markdown:
        found = _markup_format(start)
        if found:
            return found
    if start[:13].lower() == "mime-version:" and "multipart/related" in text:
        raise _unsupported("a web archive (MHTML)", "Save the page as HTML or PDF and open that.")
    return "markdown" if is_markdown else "text"


def _markup_format(start: str) -> str | None:
    at = 0
    while found := _XML_SKIP.match(start, at):  # declarations and comments before the first element
        if found.group().lower().startswith("<!doctype html"):
            return "html"
        if 'progid="Word.Document"' in found.group():
            raise _unsupported("a Word 2003 XML document", "Open it in Word, save it as DOCX, open that.")
        at = found.end()
    root = _XML_ROOT.match(start, at)
    if root and root.group(2).lower() == "svg":
        raise _unsupported("an SVG drawing", "Export it as PDF or PNG and open that.")
    if root and root.group(2) == "FictionBook":
        raise _unsupported("a FictionBook", "Convert it to EPUB and open that.")
    return "html" if _HTML_START.match(start, at) else None


def _decode_head(data: bytes | mmap.mmap, head: bytes) -> str | None:
    """The head as text for sniffing, or None when the file is binary. The reader itself finds the exact encoding."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return head.decode("utf-32", "replace")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    n_bytes = len(data)
    samples = [head, *(bytes(data[at : at + _HEAD]) for at in (n_bytes // 2, max(n_bytes - _HEAD, 0)))]
    if not any(sample.strip(b"\x00 \t\r\n") for sample in samples):
        raise EmptyDocumentError("The file holds only blanks or zero bytes.")
    zeros = head.count(0)
    if zeros:
        # UTF-16 without a byte order mark: in Western text nearly every second byte is zero, on one side only.
        odd, even = head[1::2].count(0), head[::2].count(0)
        if max(odd, even) > 0.2 * len(head) and min(odd, even) <= 0.02 * len(head):
            return head.decode("utf-16-le" if odd > even else "utf-16-be", "replace")
        return None
    for sample in samples:
        controls = sum(byte < 32 and byte not in (9, 10, 12, 13, 27) for byte in sample)
        if controls > 0.02 * len(sample) or b"\x00" in sample:
            return None
    return head.decode("utf-8", "replace")

"""Building blocks of hostile files, harmless documents to compare with, and files that are no documents at all.

What enters: a folder. What leaves: the path of one file in it, the same bytes on every run. Nothing here knows what a
reader makes of the file; that stands in ``cases.py``. The bombs are kept small by repeating compressed blocks instead
of compressing gigabytes.
"""

from __future__ import annotations

import gzip
import io
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from PIL import Image

# These libraries carry no type information.
docx: Any = import_module("docx")
openpyxl: Any = import_module("openpyxl")
pptx: Any = import_module("pptx")

Maker = Callable[[Path], Path]

MARK = "The tenant pays 850 pounds on the first of each month."
SECRET = "canary-token-7f3a19"  # stands in secret.txt only; must never reach a text or a message
MB = 1 << 20
GB = 1 << 30
FIXED_TIME = (2024, 1, 15, 9, 0, 0)
DOS_DATE = ((2024 - 1980) << 9) | (1 << 5) | 15


def write(folder: Path, name: str, data: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def saved(name: str, data: bytes) -> Maker:
    return lambda folder: write(folder, name, data)


def secret_file(folder: Path) -> Path:
    return write(folder, "secret.txt", SECRET)


# --- compressed data ----------------------------------------------------------------------------------------------


def deflate_repeat(unit: bytes, n: int) -> bytes:
    """Raw deflate stream of ``unit * n``: a fully flushed block can be repeated as bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(unit) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * n + b"\x03\x00"  # an empty final block


@cache
def zlib_repeat(unit: bytes, n: int) -> bytes:
    adler = 1
    for _ in range(n):
        adler = zlib.adler32(unit, adler)
    return b"\x78\x9c" + deflate_repeat(unit, n) + struct.pack(">I", adler)


@cache
def crc_repeat(unit: bytes, n: int, crc: int = 0) -> int:
    for _ in range(n):
        crc = zlib.crc32(unit, crc)
    return crc


# --- ZIP, written by hand so that it can lie ----------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One ZIP member. ``payload`` is what stands in the file; size, crc, method and flags are taken as told."""

    name: str
    payload: bytes
    size: int
    crc: int
    method: int = 8
    flags: int = 0

    def local_header(self) -> bytes:
        name = self.name.encode()
        sizes = (self.crc, len(self.payload), min(self.size, 0xFFFFFFFF))
        return (
            struct.pack("<4s5H3I2H", b"PK\3\4", 20, self.flags, self.method, 0, DOS_DATE, *sizes, len(name), 0) + name
        )

    def central_header(self, offset: int, n_payload: int | None = None) -> bytes:
        name = self.name.encode()
        packed = len(self.payload) if n_payload is None else n_payload
        sizes = (self.crc, packed, min(self.size, 0xFFFFFFFF))
        fields = (20, 20, self.flags, self.method, 0, DOS_DATE, *sizes, len(name), 0, 0, 0, 0, 0, offset)
        return struct.pack("<4s6H3I5H2I", b"PK\1\2", *fields) + name


def entry(name: str, data: bytes | str, **lies: int) -> Entry:
    raw = data.encode() if isinstance(data, str) else data
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    payload = packer.compress(raw) + packer.flush()
    return Entry(name, payload, lies.get("size", len(raw)), lies.get("crc", zlib.crc32(raw)), **_only(lies))


def _only(lies: Mapping[str, int]) -> dict[str, int]:
    return {key: value for key, value in lies.items() if key in {"method", "flags"}}


def repeated_entry(name: str, unit: bytes, n: int, size: int | None = None) -> Entry:
    true_size = len(unit) * n
    return Entry(name, deflate_repeat(unit, n), true_size if size is None else size, crc_repeat(unit, n))


def zip_bytes(entries: Sequence[Entry]) -> bytes:
    body, central = io.BytesIO(), io.BytesIO()
    for item in entries:
        central.write(item.central_header(body.tell()))
        body.write(item.local_header() + item.payload)
    return body.getvalue() + central.getvalue() + zip_end(len(entries), len(central.getvalue()), body.tell())


def zip_end(n: int, n_central: int, offset: int) -> bytes:
    return struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, min(n, 0xFFFF), min(n, 0xFFFF), n_central, offset, 0)


def patched(package: bytes, parts: Mapping[str, bytes | str | None], extra: Sequence[Entry] = ()) -> bytes:
    """A copy of an office package with parts replaced, added, or (None) left out; then ``extra`` as it stands."""
    with zipfile.ZipFile(io.BytesIO(package)) as source:
        old = {name: source.read(name) for name in source.namelist()}
    new: dict[str, bytes | str | None] = {**old, **parts}
    return zip_bytes([*(entry(name, data) for name, data in new.items() if data is not None), *extra])


def read_part(package: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(package)) as source:
        return source.read(name).decode()


# --- OLE2 (compound file), enough for a directory and its streams --------------------------------------------------

FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def ole2_bytes(streams: Mapping[str, bytes], *, loop: bool = False) -> bytes:
    """A compound file of 512-byte sectors; each stream is padded to 4096 bytes, so there is no mini stream."""
    fat, data, starts = [FAT], b"", {}
    n_dir = (len(streams) + 1 + 3) // 4
    fat += [*range(2, n_dir + 1), END]
    for name, content in streams.items():
        padded = content.ljust(max(4096, -(-len(content) // 512) * 512), b"\0")
        starts[name] = (len(fat), len(padded))
        first, count = len(fat), len(padded) // 512
        fat += [*range(first + 1, first + count), first if loop else END]
        data += padded
    if len(fat) > 128:
        raise ValueError("one sector of FAT holds 128 sectors")
    entries = [_ole2_entry("Root Entry", 5, END, 0, 1 if streams else FREE, FREE)]
    for i, (name, (start, size)) in enumerate(starts.items(), 1):
        entries.append(_ole2_entry(name, 2, start, size, FREE, i + 1 if i < len(starts) else FREE))
    directory = b"".join(entries).ljust(n_dir * 512, b"\0")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<5H6x9I", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, END, 0, END, 0)
    head += struct.pack("<109I", 0, *[FREE] * 108)
    table = struct.pack("<128I", *fat, *[FREE] * (128 - len(fat)))
    return head + table + directory + data


def _ole2_entry(name: str, kind: int, start: int, size: int, child: int, right: int) -> bytes:
    raw = (name + "\0").encode("utf-16-le")
    return struct.pack("<64sH2B3I36xIQ", raw, len(raw), kind, 1, FREE, right, child, start, size)


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<2H", kind, len(data)) + data


def biff8(text: str, *, encrypted: bool = False) -> bytes:
    """An Excel 97 workbook stream with ``text`` in A1 of its only sheet."""
    versions = struct.pack("<3H2I", 0x0DBB, 0x07CC, 0, 0, 6)[2:]
    bof = struct.pack("<2H", 0x0600, 0x0005) + versions
    password = _record(0x002F, struct.pack("<H", 1) + bytes(52)) if encrypted else b""
    name = b"Sheet1"
    n_globals = len(_record(0x0809, bof)) + len(password) + 4 + 8 + len(name) + 4
    bound = struct.pack("<I2B2B", n_globals, 0, 0, len(name), 0) + name
    sheet = _record(0x0809, struct.pack("<2H", 0x0600, 0x0010) + versions)
    sheet += _record(0x0200, struct.pack("<2I3H", 0, 1, 0, 1, 0))
    sheet += _record(0x0204, struct.pack("<4HB", 0, 0, 0, len(text), 0) + text.encode("latin-1")) + _record(0x000A, b"")
    return _record(0x0809, bof) + password + _record(0x0085, bound) + _record(0x000A, b"") + sheet


# --- harmless documents, one per format ----------------------------------------------------------------------------


@cache
def good_docx() -> bytes:
    document, buffer = docx.Document(), io.BytesIO()
    document.add_heading("Lease", 1)
    document.add_paragraph(MARK)
    document.save(buffer)
    return buffer.getvalue()


@cache
def good_pptx() -> bytes:
    deck, buffer = pptx.Presentation(), io.BytesIO()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Lease"
    slide.placeholders[1].text = MARK
    deck.save(buffer)
    return buffer.getvalue()


@cache
def good_xlsx() -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["Item", "Terms"])
    book.active.append(["Rent", MARK])
    book.save(buffer)
    return buffer.getvalue()


@cache
def good_xls() -> bytes:
    return ole2_bytes({"Workbook": biff8(MARK)})


ODS_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>{doctype}'
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body>'
    '<office:spreadsheet><table:table table:name="Sheet1">'
)
ODS_TAIL = "</table:table></office:spreadsheet></office:body></office:document-content>"
ODS_CELL = '<table:table-cell{repeat} office:value-type="string"><text:p>{text}</text:p></table:table-cell>'


def ods_bytes(rows: str, doctype: str = "", manifest_extra: str = "", kind: str = "spreadsheet") -> bytes:
    mime = f"application/vnd.oasis.opendocument.{kind}"
    space = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    manifest = (
        f'<manifest:manifest xmlns:manifest="{space}"><manifest:file-entry manifest:full-path="/" '
        f'manifest:media-type="{mime}"/><manifest:file-entry manifest:full-path="content.xml" '
        f'manifest:media-type="text/xml">{manifest_extra}</manifest:file-entry></manifest:manifest>'
    )
    raw = mime.encode()
    first = Entry("mimetype", raw, len(raw), zlib.crc32(raw), method=0)
    content = ODS_HEAD.format(doctype=doctype) + rows + ODS_TAIL
    return zip_bytes([first, entry("META-INF/manifest.xml", manifest), entry("content.xml", content)])


@cache
def good_ods() -> bytes:
    return ods_bytes("<table:table-row>" + ODS_CELL.format(repeat="", text=MARK) + "</table:table-row>")


EPUB_CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles>'
    "</container>"
)
EPUB_OPF = (
    '<?xml version="1.0"?>{doctype}<package version="3.0" unique-identifier="id" xmlns="http://www.idpf.org/2007/opf">'
    '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="id">lease</dc:identifier>'
    "<dc:title>{title}</dc:title><dc:language>en</dc:language></metadata>"
    "<manifest>{items}</manifest>{spine}</package>"
)
EPUB_ITEM = '<item id="{id}" href="{href}" media-type="application/xhtml+xml"/>'
CHAPTER = (
    '<?xml version="1.0"?>{doctype}<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Lease</title></head>'
    "<body><h1>Lease</h1><p>{text}</p></body></html>"
)


@dataclass(frozen=True)
class Epub:
    """The parts of an EPUB; None leaves a part out."""

    container: str | None = EPUB_CONTAINER
    doctype: str = ""
    title: str = "Lease"
    items: str = EPUB_ITEM.format(id="c1", href="c1.xhtml")
    spine: str = '<spine><itemref idref="c1"/></spine>'
    chapter: str | None = CHAPTER.format(doctype="", text=MARK)
    extra: tuple[Entry, ...] = ()

    def to_bytes(self) -> bytes:
        mime = b"application/epub+zip"
        parts = [Entry("mimetype", mime, len(mime), zlib.crc32(mime), method=0)]
        if self.container is not None:
            parts.append(entry("META-INF/container.xml", self.container))
        opf = EPUB_OPF.format(doctype=self.doctype, title=self.title, items=self.items, spine=self.spine)
        parts.append(entry("OEBPS/content.opf", opf))
        if self.chapter is not None:
            parts.append(entry("OEBPS/c1.xhtml", self.chapter))
        return zip_bytes([*parts, *self.extra])


HTML = (
    "<!DOCTYPE html><html><head><title>Lease</title>{head}</head><body><h1>Lease</h1><p>{text}</p>{more}</body></html>"
)


def good_html() -> bytes:
    return HTML.format(head="", text=MARK, more="").encode()


def good_markdown() -> bytes:
    return f"# Lease\n\n{MARK}\n".encode()


def image_bytes(kind: str, size: tuple[int, int] = (40, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "white").save(buffer, kind)
    return buffer.getvalue()


# --- no documents ---------------------------------------------------------------------------------------------------


def noise(n: int, seed: int = 7) -> bytes:
    return random.Random(seed).randbytes(n)


def tar_gz() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("lease.txt")
        member.size = len(MARK)
        archive.addfile(member, io.BytesIO(MARK.encode()))
    return gzip.compress(buffer.getvalue(), mtime=0)


def elf() -> bytes:
    head = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<2HI3QI6H", 2, 62, 1, 0x400000, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + noise(8192)


def pickle_bomb(folder: Path) -> Path:
    """Unpickling it would run a command that leaves a file behind."""
    return write(folder, "lease.pkl", b"cos\nsystem\n(S'touch " + str(folder / "pwned").encode() + b"'\ntR.")


NOT_DOCUMENTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "noise": ("lease.bin", lambda: noise(65536)),
    "noise_named_pdf": ("lease.pdf", lambda: noise(65536)),
    "noise_named_docx": ("lease.docx", lambda: noise(65536)),
    "noise_named_txt": ("lease.txt", lambda: noise(65536)),
    "elf": ("lease", elf),
    "elf_named_pdf": ("lease.pdf", elf),
    "windows_program": ("lease.exe", lambda: b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0" + noise(4096)),
    "sqlite": ("lease.db", lambda: b"SQLite format 3\0" + bytes(84) + noise(4096)),
    "zip_without_document": ("lease.zip", lambda: zip_bytes([entry("a.txt", MARK), entry("b/c.bin", noise(99))])),
    "empty_zip": ("lease.zip", lambda: zip_end(0, 0, 0)),
    "jar": ("lease.jar", lambda: zip_bytes([entry("META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n")])),
    "tar_gz": ("lease.tar.gz", tar_gz),
    "gzip": ("lease.txt.gz", lambda: gzip.compress(MARK.encode(), mtime=0)),
    "seven_zip": ("lease.7z", lambda: b"7z\xbc\xaf\x27\x1c\0\4" + noise(512)),
    "rar": ("lease.rar", lambda: b"Rar!\x1a\7\1\0" + noise(512)),
    "mp3": ("lease.mp3", lambda: b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + b"\xff\xfb\x90\x44" + noise(2048)),
    "mp4": ("lease.mp4", lambda: b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + noise(2048)),
    "rtf": ("lease.rtf", lambda: b"{\\rtf1\\ansi " + MARK.encode() + b"}"),
    "rtf_named_doc": ("lease.doc", lambda: b"{\\rtf1\\ansi " + MARK.encode() + b"}"),
    "gif_animated": ("lease.gif", lambda: animated("GIF")),
    "webp_header": ("lease.webp", lambda: b"RIFF\x24\0\0\0WEBPVP8 " + noise(64)),
    "bmp": ("lease.bmp", partial(image_bytes, "BMP")),
    "psd": ("lease.psd", lambda: b"8BPS\0\1" + noise(512)),
    "heic": ("lease.heic", lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + noise(512)),
    "svg": ("lease.svg", f'<svg xmlns="http://www.w3.org/2000/svg"><text>{MARK}</text></svg>'.encode),
    "iwork_pages": (
        "lease.pages",
        lambda: zip_bytes([entry("Index/Document.iwa", noise(512)), entry("preview.jpg", "")]),
    ),
    "odt": ("lease.odt", lambda: ods_bytes("", kind="text")),
    "ole2_doc": ("lease.doc", lambda: ole2_bytes({"WordDocument": noise(4096), "1Table": noise(4096)})),
    "ole2_ppt": ("lease.ppt", lambda: ole2_bytes({"PowerPoint Document": noise(4096), "Current User": noise(4096)})),
    "ole2_msg": ("lease.msg", lambda: ole2_bytes({"__properties_version1.0": noise(4096)})),
}


def animated(kind: str, n: int = 50) -> bytes:
    frames, buffer = [Image.new("P", (20, 20), i % 256) for i in range(n)], io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def not_a_document(name: str) -> Maker:
    def make(folder: Path) -> Path:
        filename, content = NOT_DOCUMENTS[name]
        return write(folder, filename, content())

    return make

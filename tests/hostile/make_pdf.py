"""Hostile PDF files, written object by object so that every lie is visible.

What enters: a folder. What leaves: the path of one PDF in it. Refuses to know what a reader does with it.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from PIL import Image

from hostile.make_files import GB, MARK, MB, Maker, good_docx, noise, secret_file, write, zlib_repeat

rl_canvas: Any = import_module("reportlab.pdfgen.canvas")
rl_encrypt: Any = import_module("reportlab.lib.pdfencrypt")

Objects = dict[int, bytes]

CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
SHOW_MARK = b"BT /F 11 Tf 72 700 Td (" + MARK.encode() + b") Tj ET"


def stream(data: bytes, fields: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (fields, len(data), data)


def objects(content: bytes = SHOW_MARK) -> Objects:
    """A good one-page document: 1 catalog, 2 pages, 3 page, 4 content, 5 font."""
    pages = b"<</Type/Pages/Count 1/Kids[3 0 R]>>"
    return {1: CATALOG, 2: pages, 3: PAGE, 4: stream(content), 5: FONT}


def pdf_bytes(items: Mapping[int, bytes], trailer: bytes = b"", head: bytes = b"%PDF-1.7\n") -> bytes:
    out, where = io.BytesIO(), {}
    out.write(head)
    for number, body in items.items():
        where[number] = out.tell()
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start, size = out.tell(), max(items) + 1
    rows = [b"0000000000 65535 f \n"]
    rows += [b"%010d 00000 n \n" % where[n] if n in where else b"0000000000 00000 f \n" for n in range(1, size)]
    out.write(b"xref\n0 %d\n%s" % (size, b"".join(rows)))
    out.write(b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start))
    return out.getvalue()


def good_pdf() -> bytes:
    return pdf_bytes(objects())


def changed(parts: Mapping[int, bytes], trailer: bytes = b"") -> Maker:
    """The good document with objects replaced or added."""

    def make(folder: Path) -> Path:
        return write(folder, "lease.pdf", pdf_bytes({**objects(), **parts}, trailer))

    return make


def raw(data: bytes) -> Maker:
    return lambda folder: write(folder, "lease.pdf", data)


def cut(keep: float) -> Maker:
    """The good document with more pages, cut after ``keep`` of its bytes (negative: that many bytes off the end)."""

    def make(folder: Path) -> Path:
        data = many_pages_bytes(20)
        return write(folder, "lease.pdf", data[: int(keep) if keep < 0 else int(len(data) * keep)])

    return make


def with_page(fields: bytes, extra: Mapping[int, bytes] | None = None, catalog: bytes = b"") -> Maker:
    """Entries added to the page's and the catalog's dictionary, and objects they refer to."""
    return changed({1: CATALOG[:-2] + catalog + b">>", 3: PAGE[:-2] + fields + b">>", **(extra or {})})


def with_resources(resources: bytes, content: bytes, extra: Mapping[int, bytes]) -> Maker:
    page = PAGE.replace(b"/Font<</F 5 0 R>>", b"/Font<</F 5 0 R>>" + resources)
    return changed({3: page, 4: stream(SHOW_MARK + b" " + content), **extra})


def mediabox(box: bytes) -> Maker:
    return changed({3: PAGE.replace(b"[0 0 595 842]", box)})


# --- encryption -----------------------------------------------------------------------------------------------------


def encrypted(user: str, owner: str) -> Maker:
    def make(folder: Path) -> Path:
        path = folder / "lease.pdf"
        lock = rl_encrypt.StandardEncryption(user, owner, canPrint=0, canCopy=0, strength=128)
        canvas = rl_canvas.Canvas(str(path), encrypt=lock, invariant=1)
        canvas.drawString(72, 700, MARK)
        canvas.save()
        return path

    return make


UNKNOWN_LOCK = changed({6: b"<</Filter/Adobe.PubSec/V 4/R 4/Length 128>>"}, b"/Encrypt 6 0 R/ID[<00><00>]")

# --- structure ------------------------------------------------------------------------------------------------------


def many_pages_bytes(n: int) -> bytes:
    page = PAGE.replace(b"2 0 R", b"2 0 R", 1)
    kids = b" ".join(b"%d 0 R" % (10 + i) for i in range(n))
    items = {**objects(), 2: b"<</Type/Pages/Count %d/Kids[%s]>>" % (n, kids)}
    del items[3]
    return pdf_bytes({**items, **{10 + i: page for i in range(n)}})


def many_pages(n: int) -> Maker:
    return lambda folder: write(folder, "lease.pdf", many_pages_bytes(n))


def deep_page_tree(depth: int) -> Maker:
    items = {2: b"<</Type/Pages/Count 1/Kids[10 0 R]>>"}
    for i in range(depth):
        kid = 3 if i == depth - 1 else 11 + i
        items[10 + i] = b"<</Type/Pages/Count 1/Parent %d 0 R/Kids[%d 0 R]>>" % (9 + i if i else 2, kid)
    return changed(items)


PAGE_TREE_LOOP = changed(
    {2: b"<</Type/Pages/Count 2/Kids[6 0 R]>>", 6: b"<</Type/Pages/Count 2/Parent 2 0 R/Kids[2 0 R 3 0 R]>>"}
)
NO_PAGES = changed({2: b"<</Type/Pages/Count 0/Kids[]>>"})


def count_lies(count: int) -> Maker:
    return changed({2: b"<</Type/Pages/Count %d/Kids[3 0 R]>>" % count})


def broken_xref(folder: Path) -> Path:
    head, _, _ = good_pdf().rpartition(b"startxref")
    return write(folder, "lease.pdf", head + b"startxref\n999999999\n%%EOF\n")


def wrong_xref_offsets(folder: Path) -> Path:
    data = good_pdf()
    table = data.index(b"xref\n0")
    return write(folder, "lease.pdf", data[:table] + data[table:].replace(b"00000000", b"00000077"))


def xref_loop(folder: Path) -> Path:
    data = good_pdf()
    start = b"/Prev %d>>\nstartxref" % data.index(b"xref\n0")
    return write(folder, "lease.pdf", data.replace(b">>\nstartxref", start))


def xref_stream_bomb(folder: Path) -> Path:
    """A cross-reference stream that claims two thousand million entries and expands to 1 GB."""
    table = zlib_repeat(bytes(MB), 1024)
    body = stream(table, b"/Type/XRef/Size 2147483647/W[1 4 2]/Root 1 0 R/Filter/FlateDecode")
    parts = b"".join(b"%d 0 obj\n%s\nendobj\n" % item for item in objects().items())
    head = b"%PDF-1.7\n" + parts
    tail = b"9 0 obj\n" + body + b"\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)
    return write(folder, "lease.pdf", head + tail)


def object_stream_bomb(folder: Path) -> Path:
    """The page stands in an object stream that expands to 1 GB."""
    body = stream(zlib_repeat(b" " * MB, 1024), b"/Type/ObjStm/N 100000/First 1000000/Filter/FlateDecode")
    items = objects()
    del items[3]
    return write(folder, "lease.pdf", pdf_bytes({**items, 9: body}))


def header_at_offset(folder: Path) -> Path:
    return write(
        folder, "lease.pdf", b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n" + bytes(500) + good_pdf()
    )


def pdf_and_zip(folder: Path) -> Path:
    """A PDF with a whole DOCX behind it: both kinds of program would open it."""
    return write(folder, "lease.pdf", good_pdf() + good_docx())


def deep_array(depth: int) -> Maker:
    return with_page(b"/Hostile " + b"[" * depth + b"]" * depth)


# --- streams --------------------------------------------------------------------------------------------------------


def content_bomb(folder: Path) -> Path:
    """A content stream of some kilobytes that expands to 1 GB (deflated twice)."""
    data = zlib.compress(zlib_repeat(b" " * MB, 1024))
    parts = {4: stream(data, b"/Filter[/FlateDecode/FlateDecode]")}
    return write(folder, "lease.pdf", pdf_bytes({**objects(), **parts}))


def text_bomb(folder: Path) -> Path:
    """30 MB of text operators in some kilobytes: every page shows the same 300 lines, and there are 4000 pages."""
    line = b"(" + MARK.encode() + b") Tj 0 -2 Td "
    content = zlib.compress(b"BT /F 1 Tf 10 800 Td " + line * 300 + b"ET")
    data = many_pages_bytes(4000)
    old = b"4 0 obj\n" + stream(SHOW_MARK)
    new = b"4 0 obj\n" + stream(content, b"/Filter/FlateDecode")
    return write(folder, "lease.pdf", data.replace(old, new))


def one_long_line(folder: Path) -> Path:
    """5 MB of text on a single line of a single page."""
    shows = b"(" + (MARK + " ").encode() + b") Tj "
    content = zlib.compress(b"BT /F 1 Tf 10 700 Td " + shows * (5 * MB // (len(MARK) + 1)) + b"ET")
    return changed({4: stream(content, b"/Filter/FlateDecode")})(folder)


def long_filter_chain(folder: Path) -> Path:
    filters = b"/Filter[" + b"/FlateDecode" * 2000 + b"]"
    return changed({4: stream(zlib.compress(SHOW_MARK), filters)})(folder)


HUGE_IMAGE = with_resources(
    b"/XObject<</I 6 0 R>>",
    b"/I Do",
    {
        6: stream(
            b"\0" * 64,
            b"/Type/XObject/Subtype/Image/Width 100000/Height 100000/ColorSpace/DeviceRGB/BitsPerComponent 8",
        )
    },
)


def image_bomb(folder: Path) -> Path:
    """An image of 30,000 x 30,000 pixels whose 1 GB is really there."""
    fields = (
        b"/Type/XObject/Subtype/Image/Width 30000/Height 30000"
        b"/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/FlateDecode"
    )
    return with_resources(b"/XObject<</I 6 0 R>>", b"/I Do", {6: stream(zlib_repeat(bytes(MB), GB // MB), fields)})(
        folder
    )


def _form(number: int, content: bytes) -> bytes:
    resources = (
        b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F 5 0 R>>/XObject<</X %d 0 R>>>>" % number
    )
    return stream(content, resources)


RECURSIVE_FORM = with_resources(b"/XObject<</X 6 0 R>>", b"/X Do", {6: _form(6, b"/X Do")})
MUTUAL_FORMS = with_resources(b"/XObject<</X 6 0 R>>", b"/X Do", {6: _form(7, b"/X Do"), 7: _form(6, b"/X Do /X Do")})


def form_laughs(depth: int) -> Maker:
    """Each form draws the next one ten times: 10 ** depth drawings in all."""
    forms = {6 + i: _form(7 + i, b"/X Do " * 10) for i in range(depth)}
    forms[6 + depth] = stream(
        b"BT /F 9 Tf (ha) Tj ET", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F 5 0 R>>>>"
    )
    return with_resources(b"/XObject<</X 6 0 R>>", b"/X Do", forms)


def image_only(size: tuple[int, int] = (300, 400), box: bytes = b"[0 0 595 842]") -> Maker:
    """A scanned page without any text."""

    def make(folder: Path) -> Path:
        buffer = io.BytesIO()
        Image.new("L", size, 255).save(buffer, "JPEG")
        fields = (
            b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode"
        ) % size
        page = PAGE.replace(b"/Font<</F 5 0 R>>", b"/XObject<</I 6 0 R>>").replace(b"[0 0 595 842]", box)
        parts = {3: page, 4: stream(b"q 595 0 0 842 0 0 cm /I Do Q"), 6: stream(buffer.getvalue(), fields)}
        return changed(parts)(folder)

    return make


IMAGE_FORMATS = with_resources(
    b"/XObject<</I 6 0 R/J 7 0 R>>",
    b"/I Do /J Do",
    {
        6: stream(noise(2000), b"/Type/XObject/Subtype/Image/Width 500/Height 500/Filter/JBIG2Decode"),
        7: stream(
            b"\0\0\0\x0cjP  \r\n\x87\n" + noise(2000),
            b"/Type/XObject/Subtype/Image/Width 500/Height 500/Filter/JPXDecode",
        ),
    },
)

# --- fonts and text -------------------------------------------------------------------------------------------------

GARBAGE_FONT = changed(
    {
        5: b"<</Type/Font/Subtype/TrueType/BaseFont/Bad/FirstChar 0/LastChar 255/Widths 99 0 R/FontDescriptor 6 0 R>>",
        6: b"<</Type/FontDescriptor/FontName/Broken/Flags 32/FontFile2 7 0 R/Ascent 1e38>>",
        7: stream(noise(3000), b"/Length1 999999999"),
    }
)
FONT_LOOP = changed(
    {5: b"<</Type/Font/Subtype/Type0/BaseFont/Loop/Encoding/Identity-H/DescendantFonts[5 0 R]/ToUnicode 5 0 R>>"}
)
TYPE3_LOOP = changed(
    {
        5: b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/FirstChar 0/LastChar 255"
        b"/Encoding<</Differences[32/a]>>/CharProcs<</a 6 0 R>>/Resources<</Font<</F 5 0 R>>>>>>",
        6: stream(b"1 0 d0 BT /F 9 Tf (   ) Tj ET"),
    }
)


def to_unicode(target: str) -> Maker:
    """Every character of the text claims to mean ``target`` (UTF-16 code units in hex)."""
    pairs = "".join(f"<{code:02X}> <{target}>\n" for code in range(0x21, 0x7F))
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def 1 begincodespacerange\n<00> <FF>"
        f"\nendcodespacerange\n94 beginbfchar\n{pairs}endbfchar\nendcmap\nend\nend"
    )
    font = FONT[:-2] + b"/ToUnicode 6 0 R>>"
    return changed({5: font, 6: stream(cmap.encode())})


NULS = changed({4: stream(SHOW_MARK.replace(b"pounds", b"pounds\\000\\000").replace(b"tenant", b"tenant\0"))})
NUL_TITLE = changed({6: b"<</Title(A\\000B\\033[31m\n" + b"x" * 100000 + b")/Author<FEFFD800>>>"}, b"/Info 6 0 R")

# --- things that must not happen ------------------------------------------------------------------------------------


def actions(folder: Path) -> Path:
    """JavaScript, launch, submit and open actions, and an attached file; each would leave ``pwned`` or be heard."""
    pwned = str(folder / "pwned").encode()
    names = b"/Names<</JavaScript<</Names[(a) 6 0 R]>>/EmbeddedFiles<</Names[(pwned) 8 0 R]>>>>"
    catalog = b"/OpenAction 6 0 R/AA<</WC 7 0 R>>" + names
    script = b"app.launchURL\\('http://127.0.0.1:9/'\\);this.exportDataObject\\({cName:'pwned',nLaunch:2}\\)"
    extra = {
        6: b"<</S/JavaScript/JS(" + script + b")>>",
        7: b"<</S/Launch/F(/bin/touch)/Win<</F(cmd.exe)/P(%b)>>/Next<</S/Launch/F(/usr/bin/touch %b)>>>>"
        % (pwned, pwned),
        8: b"<</Type/Filespec/F(" + pwned + b")/EF<</F 9 0 R>>>>",
        9: stream(b"MZ attached", b"/Type/EmbeddedFile"),
    }
    return with_page(b"/AA<</O 7 0 R/C 6 0 R>>", extra, catalog)(folder)


def external_references(folder: Path) -> Path:
    """A content stream, an XFA form and metadata that ask for a file beside the document."""
    uri = secret_file(folder).as_uri().encode()
    xml = b'<!DOCTYPE x [<!ENTITY e SYSTEM "' + uri + b'">]><x:xmpmeta xmlns:x="adobe:ns:meta/">&e;</x:xmpmeta>'
    outside = b"<</Length 0/F(" + str(folder / "secret.txt").encode() + b")>>stream\n\nendstream"
    extra = {6: stream(xml, b"/Type/Metadata/Subtype/XML"), 7: stream(xml), 8: outside}
    catalog = b"/Metadata 6 0 R/AcroForm<</Fields[]/XFA 7 0 R>>"
    parts = {1: CATALOG[:-2] + catalog + b">>", 3: PAGE.replace(b"/Contents 4 0 R", b"/Contents[4 0 R 8 0 R]"), **extra}
    return changed(parts)(folder)


OUTLINE_LOOP = with_page(
    b"",
    {
        6: b"<</Type/Outlines/First 7 0 R/Last 8 0 R/Count 2>>",
        7: b"<</Title(One)/Parent 6 0 R/Next 8 0 R/First 6 0 R/Dest[3 0 R/Fit]>>",
        8: b"<</Title(Two)/Parent 6 0 R/Next 7 0 R/First 7 0 R/Dest[99 0 R/Fit]>>",
    },
    b"/Outlines 6 0 R",
)
LABEL_LOOP = with_page(
    b"", {6: b"<</Kids[6 0 R 6 0 R]/Nums[0<</S/D/St -2147483648/P(\\000)>>]>>"}, b"/PageLabels 6 0 R"
)
STRUCTURE_LOOP = with_page(
    b"/StructParents 0",
    {6: b"<</Type/StructTreeRoot/K 7 0 R/ParentTree 6 0 R>>", 7: b"<</S/Document/P 6 0 R/K[7 0 R 6 0 R]>>"},
    b"/StructTreeRoot 6 0 R/MarkInfo<</Marked true>>",
)

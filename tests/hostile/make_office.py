"""Hostile DOCX, PPTX and EPUB files, archives that lie, and entities in every format of XML.

What enters: a folder. What leaves: the path of one file in it. Refuses to know what a reader does with it.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from hostile import make_files as m
from hostile.make_files import MARK, MB, Entry, Epub, Maker, entry, patched, read_part, repeated_entry, write
from hostile.make_sheets import OFFICE_KIND, XML, inline, sheet

BODY = "word/document.xml"
SLIDE = "ppt/slides/slide1.xml"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
PARAGRAPH = "<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"
RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"


def docx_with(parts: dict[str, bytes | str | None], *extra: Entry) -> Maker:
    return lambda folder: write(folder, "lease.docx", patched(m.good_docx(), parts, extra))


def docx_body(xml: str, doctype: str = "") -> Maker:
    return docx_with({BODY: f"{XML}{doctype}<w:document {W}><w:body>{xml}</w:body></w:document>"})


# --- archives that lie ----------------------------------------------------------------------------------------------


def docx_bomb(folder: Path) -> Path:
    """document.xml is 1 GB of spaces behind the first paragraph."""
    bomb = repeated_entry(BODY, b" " * MB, 1024)
    return docx_with({BODY: None}, bomb)(folder)


def docx_lying_bomb(folder: Path) -> Path:
    """The same, while the archive says that the part has 1000 bytes."""
    return docx_with({BODY: None}, repeated_entry(BODY, b" " * MB, 1024, size=1000))(folder)


def docx_media_bomb(folder: Path) -> Path:
    """The text is harmless; a picture that no reader needs has 1 GB."""
    return docx_with({}, repeated_entry("word/media/image1.png", bytes(MB), 1024))(folder)


def nested_bomb(folder: Path) -> Path:
    """Ten archives of ten archives of a 100 MB file."""
    inner = m.zip_bytes([repeated_entry("a.txt", bytes(MB), 100)])
    middle = m.zip_bytes([entry(f"{i}.zip", inner) for i in range(10)])
    return write(folder, "lease.zip", m.zip_bytes([entry(f"{i}.zip", middle) for i in range(10)]))


def docx_with_nested_bomb(folder: Path) -> Path:
    inner = m.zip_bytes([repeated_entry("a.txt", bytes(MB), 100)])
    middle = m.zip_bytes([entry(f"{i}.zip", inner) for i in range(10)])
    return docx_with({}, entry("word/embeddings/a.zip", middle))(folder)


def overlapping(folder: Path) -> Path:
    """Every member quotes the next one's header and ends in the same 4 MB of data: 800 MB out of some kilobytes."""
    names = [BODY, "[Content_Types].xml", "_rels/.rels", *(f"word/part{i}.xml" for i in range(197))]
    unit, n = b" " * MB, 4
    payload, content = m.deflate_repeat(unit, n), b""
    members: list[Entry] = []
    for name in reversed(names):
        crc = m.crc_repeat(unit, n, zlib.crc32(content))
        members.append(Entry(name, payload, len(content) + n * MB, crc))
        header = members[-1].local_header()
        payload = b"\0" + struct.pack("<2H", len(header), len(header) ^ 0xFFFF) + header + payload
        content = header + content
    members.reverse()
    body, central, offset = members[0].local_header() + members[0].payload, b"", 0
    for item in members:
        central += item.central_header(offset)
        offset += len(item.local_header()) + 5
    return write(folder, "lease.docx", body + central + m.zip_end(len(members), len(central), len(body)))


def same_data_twice(folder: Path) -> Path:
    """Three hundred names for one local member."""
    kernel = repeated_entry(BODY, b" " * MB, 4)
    body = kernel.local_header() + kernel.payload
    names = [BODY, "[Content_Types].xml", *(f"word/p{i}.xml" for i in range(298))]
    central = b"".join(Entry(name, kernel.payload, kernel.size, kernel.crc).central_header(0) for name in names)
    return write(folder, "lease.docx", body + central + m.zip_end(len(names), len(central), len(body)))


def many_members(folder: Path) -> Path:
    return docx_with({}, *(Entry(f"word/x{i}", b"", 0, 0, method=0) for i in range(60000)))(folder)


def traversal(folder: Path) -> Path:
    """Names that would leave the folder of an extraction."""
    names = ["../pwned", "../../pwned", "..\\..\\pwned", str(folder / "pwned"), "word/../../../pwned", "C:\\pwned"]
    return docx_with({}, *(entry(name, "x") for name in names))(folder)


def locked_zip(folder: Path) -> Path:
    """Every part is marked as encrypted by the ZIP program."""
    parts = [entry(n, m.noise(200), flags=1) for n in ("[Content_Types].xml", "_rels/.rels", BODY)]
    return write(folder, "lease.docx", m.zip_bytes(parts))


ENCRYPTED_OFFICE = m.ole2_bytes(
    {"EncryptedPackage": m.noise(4096), "EncryptionInfo": b"\4\0\4\0\x40\0\0\0<encryption/>"}
)


def wrong_crc(folder: Path) -> Path:
    return docx_with({BODY: None}, entry(BODY, read_part(m.good_docx(), BODY), crc=1))(folder)


def unknown_method(folder: Path) -> Path:
    return docx_with({BODY: None}, entry(BODY, read_part(m.good_docx(), BODY), method=97))(folder)


def cut_docx(keep: float) -> Maker:
    data = m.good_docx()
    return m.saved("lease.docx", data[: int(len(data) * keep)])


def duplicate_parts(folder: Path) -> Path:
    """Two document.xml: what one program checks, the other reads."""
    return docx_with({}, entry(BODY, f"<w:document {W}><w:body>{PARAGRAPH.format(text=MARK)}</w:body></w:document>"))(
        folder
    )


# --- entities: the same three attacks in every XML format -----------------------------------------------------------


def laughs(root: str) -> str:
    lines = [f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10)]
    return f'<!DOCTYPE {root} [<!ENTITY l0 "ha">{"".join(lines)}]>'


def quadratic(root: str) -> str:
    return f'<!DOCTYPE {root} [<!ENTITY l9 "{"ha" * 50000}">]>'


def external(root: str, folder: Path) -> str:
    uri = m.secret_file(folder).as_uri()
    return f'<!DOCTYPE {root} [<!ENTITY l9 SYSTEM "{uri}"><!ENTITY % p SYSTEM "{uri}">%p;]>'


def entity_file(kind: str, attack: str) -> Maker:
    """``attack``: laughs, quadratic or external; ``kind``: the format that carries it."""

    def make(folder: Path) -> Path:
        root = {"docx": "w:document", "xlsx": "worksheet", "pptx": "p:sld", "ods": "office:document-content"}.get(
            kind, "html"
        )
        doctype = (
            external(root, folder) if attack == "external" else {"laughs": laughs, "quadratic": quadratic}[attack](root)
        )
        body = MARK + "&l9;" * (20000 if attack == "quadratic" else 1)
        return _ENTITY_CARRIERS[kind](folder, doctype, body)

    return make


def _in_docx(folder: Path, doctype: str, body: str) -> Path:
    return docx_body(PARAGRAPH.format(text=body), doctype)(folder)


def _in_xlsx(folder: Path, doctype: str, body: str) -> Path:
    return sheet(f'<row r="1">{inline("A1", body)}</row>', doctype=doctype)(folder)


def _in_pptx(folder: Path, doctype: str, body: str) -> Path:
    xml = read_part(m.good_pptx(), SLIDE).replace(MARK, body)
    head, _, rest = xml.partition("?>")
    return write(folder, "lease.pptx", patched(m.good_pptx(), {SLIDE: f"{head}?>{doctype}{rest}"}))


def _in_ods(folder: Path, doctype: str, body: str) -> Path:
    rows = f"<table:table-row>{m.ODS_CELL.format(repeat='', text=body)}</table:table-row>"
    return write(folder, "lease.ods", m.ods_bytes(rows, doctype))


def _in_epub(folder: Path, doctype: str, body: str) -> Path:
    return write(folder, "lease.epub", Epub(chapter=m.CHAPTER.format(doctype=doctype, text=body)).to_bytes())


def _in_epub_opf(folder: Path, doctype: str, body: str) -> Path:
    opf = doctype.replace("html", "package", 1)
    return write(folder, "lease.epub", Epub(doctype=opf, title=body).to_bytes())


def _in_xhtml(folder: Path, doctype: str, body: str) -> Path:
    return write(folder, "lease.xhtml", m.CHAPTER.format(doctype=doctype, text=body))


def _in_html(folder: Path, doctype: str, body: str) -> Path:
    return write(folder, "lease.html", f"{doctype}<html><body><p>{body}</p></body></html>")


def _in_xml(folder: Path, doctype: str, body: str) -> Path:
    return write(folder, "lease.xml", f'<?xml version="1.0"?>{doctype.replace("html", "note", 1)}<note>{body}</note>')


_ENTITY_CARRIERS = {
    "docx": _in_docx,
    "xlsx": _in_xlsx,
    "pptx": _in_pptx,
    "ods": _in_ods,
    "epub": _in_epub,
    "epub_opf": _in_epub_opf,
    "xhtml": _in_xhtml,
    "html": _in_html,
    "xml": _in_xml,
}

# --- DOCX -----------------------------------------------------------------------------------------------------------


def deep_docx(depth: int) -> Maker:
    inside = PARAGRAPH.format(text=MARK)
    return docx_body("<w:sdt><w:sdtContent>" * depth + inside + "</w:sdtContent></w:sdt>" * depth)


def nested_tables(depth: int) -> Maker:
    head = '<w:tbl><w:tblPr/><w:tblGrid><w:gridCol w:w="9"/></w:tblGrid><w:tr><w:tc>'
    return docx_body(head * depth + PARAGRAPH.format(text=MARK) + "</w:tc></w:tr></w:tbl><w:p/>" * depth)


def million_paragraphs(folder: Path) -> Path:
    return docx_body(PARAGRAPH.format(text=MARK) + "<w:p/>" * 1_000_000)(folder)


def long_run(folder: Path) -> Path:
    """Twelve million characters in one text element (the XML parser's own limit is ten)."""
    return docx_body(PARAGRAPH.format(text=MARK + " word" * 2_400_000))(folder)


def style_loop(folder: Path) -> Path:
    style = '<w:style w:type="paragraph" w:styleId="{a}"><w:name w:val="{a}"/><w:basedOn w:val="{b}"/></w:style>'
    styles = (
        f"<w:styles {W}>{style.format(a='A', b='B')}{style.format(a='B', b='A')}{style.format(a='C', b='C')}</w:styles>"
    )
    paragraphs = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{s}"/></w:pPr><w:r><w:t>{MARK}</w:t></w:r></w:p>' for s in ("A", "B", "C")
    )
    body = f"{XML}<w:document {W}><w:body>{paragraphs}</w:body></w:document>"
    return docx_with({BODY: body, "word/styles.xml": XML + styles})(folder)


def bad_grid_span(folder: Path) -> Path:
    cell = '<w:tc><w:tcPr><w:gridSpan w:val="2000000000"/></w:tcPr>' + PARAGRAPH.format(text=MARK) + "</w:tc>"
    return docx_body(f"<w:tbl><w:tblPr/><w:tblGrid/><w:tr>{cell}</w:tr></w:tbl>")(folder)


def outside_target(folder: Path) -> Path:
    """A relationship that leads out of the package to a file beside it."""
    m.secret_file(folder)
    rels = read_part(m.good_docx(), "word/_rels/document.xml.rels")
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    more = f'<Relationship Id="rId99" Type="{kind}" Target="../../../..{folder}/secret.txt"/></Relationships>'
    return docx_with({"word/_rels/document.xml.rels": rels.replace("</Relationships>", more)})(folder)


# --- PPTX -----------------------------------------------------------------------------------------------------------


def many_slides(n: int) -> Maker:
    def make(folder: Path) -> Path:
        deck = m.good_pptx()
        slide, rels = read_part(deck, SLIDE), read_part(deck, "ppt/slides/_rels/slide1.xml.rels")
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/slide"
        types = "".join(
            f'<Override PartName="/ppt/slides/slide{i}.xml" ContentType='
            '"application/vnd.openxmlformats-officedocument.presentationml.slide+xml"/>'
            for i in range(2, n + 1)
        )
        links = "".join(
            f'<Relationship Id="rIdS{i}" Type="{kind}" Target="slides/slide{i}.xml"/>' for i in range(2, n + 1)
        )
        ids = "".join(f'<p:sldId id="{1000 + i}" r:id="rIdS{i}"/>' for i in range(2, n + 1))
        parts: dict[str, bytes | str | None] = {f"ppt/slides/slide{i}.xml": slide for i in range(2, n + 1)}
        parts |= {f"ppt/slides/_rels/slide{i}.xml.rels": rels for i in range(2, n + 1)}
        for name, end, more in (
            ("[Content_Types].xml", "</Types>", types),
            ("ppt/_rels/presentation.xml.rels", "</Relationships>", links),
            ("ppt/presentation.xml", "</p:sldIdLst>", ids),
        ):
            parts[name] = read_part(deck, name).replace(end, more + end)
        return write(folder, "lease.pptx", patched(deck, parts))

    return make


def slide_edit(old: str, new: str) -> Maker:
    xml = read_part(m.good_pptx(), SLIDE).replace(old, new)
    return m.saved("lease.pptx", patched(m.good_pptx(), {SLIDE: xml}))


def deep_groups(depth: int) -> Maker:
    group = '<p:grpSp><p:nvGrpSpPr><p:cNvPr id="9" name="g"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    return slide_edit("</p:spTree>", group * depth + "</p:grpSp>" * depth + "</p:spTree>")


def missing_slide(folder: Path) -> Path:
    return write(folder, "lease.pptx", patched(m.good_pptx(), {SLIDE: None}))


# --- EPUB -----------------------------------------------------------------------------------------------------------


def epub(book: Epub) -> Maker:
    return lambda folder: write(folder, "lease.epub", book.to_bytes())


def epub_outside(folder: Path) -> Path:
    """The reading order names files outside of the book: one of the system and one beside it."""
    m.secret_file(folder)
    ups = "../" * 20
    hrefs = (
        f"{ups}etc/passwd",
        f"{ups}{str(folder)[1:]}/secret.txt",
        f"file://{folder}/secret.txt",
        str(folder / "secret.txt"),
    )
    items = m.EPUB_ITEM.format(id="c1", href="c1.xhtml") + "".join(
        m.EPUB_ITEM.format(id=f"x{i}", href=href) for i, href in enumerate(hrefs)
    )
    spine = '<spine><itemref idref="c1"/>' + "".join(f'<itemref idref="x{i}"/>' for i in range(len(hrefs))) + "</spine>"
    return epub(Epub(items=items, spine=spine))(folder)


def epub_repeated(folder: Path) -> Path:
    """A chapter of 200 KB that the reading order names 100,000 times: 20 GB of text."""
    chapter = m.CHAPTER.format(doctype="", text=" ".join(f"{MARK} {i}" for i in range(3300)))
    return epub(Epub(chapter=chapter, spine="<spine>" + '<itemref idref="c1"/>' * 100_000 + "</spine>"))(folder)


EPUB_LOCKED = Epub(
    chapter=None,
    extra=(
        entry(
            "META-INF/encryption.xml",
            '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData '
            'xmlns="http://www.w3.org/2001/04/xmlenc#"><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"'
            '/><CipherData><CipherReference URI="OEBPS/c1.xhtml"/></CipherData></EncryptedData></encryption>',
        ),
        entry("OEBPS/c1.xhtml", m.noise(4096)),
    ),
)

# --- parts that ask for a page from the network ---------------------------------------------------------------------


def remote_relationship(kind: str, url: str) -> str:
    return f'<Relationship Id="rIdR" Type="{OFFICE_KIND}/{kind}" Target="{url}" TargetMode="External"/></Relationships>'


def docx_remote(site: str, folder: Path) -> Path:
    """A linked picture, a template on a server, and a field that fetches."""
    name = "word/_rels/document.xml.rels"
    rels = read_part(m.good_docx(), name).replace("</Relationships>", remote_relationship("image", f"{site}/i.png"))
    template = f'<Relationships xmlns="{RELATIONSHIPS}">' + remote_relationship("attachedTemplate", f"{site}/t.dotm")
    field = f'<w:fldSimple w:instr="INCLUDEPICTURE {site}/f.png"/>'
    body = f"{XML}<w:document {W}><w:body>{PARAGRAPH.format(text=MARK)}<w:p>{field}</w:p></w:body></w:document>"
    return docx_with({name: rels, "word/_rels/settings.xml.rels": XML + template, BODY: body})(folder)


def pptx_remote(site: str, folder: Path) -> Path:
    name = "ppt/slides/_rels/slide1.xml.rels"
    rels = read_part(m.good_pptx(), name).replace("</Relationships>", remote_relationship("image", f"{site}/i.png"))
    return write(folder, "lease.pptx", patched(m.good_pptx(), {name: rels}))


def epub_remote(site: str, folder: Path) -> Path:
    text = f'{MARK}<img src="{site}/i.png"/><script src="{site}/s.js"/>'
    return epub(Epub(chapter=m.CHAPTER.format(doctype="", text=text)))(folder)


def remote_dtd(kind: str, site: str, folder: Path) -> Path:
    """A document type on a server, and an entity of it."""
    doctype = (
        f'<!DOCTYPE html SYSTEM "{site}/x.dtd" [<!ENTITY % p SYSTEM "{site}/p.dtd">%p;<!ENTITY l9 SYSTEM "{site}/e">]>'
    )
    return _ENTITY_CARRIERS[kind](folder, doctype, MARK + "&l9;")

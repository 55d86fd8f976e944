# ruff: noqa: E501  (markup and layouts are clearer unbroken)
"""Word documents written by hand: python-docx cannot make most of what real ones hold."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import replace

import docx
import pytest

from conftest import Read, Shown
from slimlm.errors import CorruptDocumentError, DocumentTooLargeError, NoTextError
from slimlm.settings import DocumentSettings

Package = Callable[[Mapping[str, str | bytes]], bytes]
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NS = (
    f'xmlns:w="{W}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)
STYLES = """
<w:style w:type="paragraph" w:default="1" w:styleId="Standard"><w:name w:val="Normal"/></w:style>
<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/>
 <w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Klausel"><w:name w:val="Clause"/><w:basedOn w:val="berschrift1"/>
 <w:pPr><w:outlineLvl w:val="9"/><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>
<w:style w:type="paragraph" w:styleId="TOC1"><w:name w:val="toc 1"/></w:style>
"""
NUMBERING = """
<w:abstractNum w:abstractNumId="7">
 <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
 <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl>
 <w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="(%3)"/></w:lvl>
 <w:lvl w:ilvl="3"><w:start w:val="1"/><w:numFmt w:val="lowerRoman"/><w:lvlText w:val="(%4)"/></w:lvl>
</w:abstractNum>
<w:abstractNum w:abstractNumId="8"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val=""/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>
<w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="7"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>
"""
FOOTNOTES = """<w:footnote w:id="0" w:type="separator"><w:p><w:r><w:t>no</w:t></w:r></w:p></w:footnote>
<w:footnote w:id="2"><w:p><w:r><w:t>Net of tax.</w:t></w:r></w:p></w:footnote>"""


def r(text: str, look: str = "") -> str:
    return f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def p(content: str, style: str = "", more: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f"<w:p><w:pPr>{named}{more}</w:pPr>{content if content.startswith('<') else r(content)}</w:p>"


def listed(number: int, level: int = 0) -> str:
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'


@pytest.fixture
def read_body(read: Read, package: Package) -> Callable[..., object]:
    def run(body: str, limits: DocumentSettings | None = None, **parts: str) -> object:
        relations = "".join(
            f'<Relationship Id="r{i}" Type="{OFFICE}/{kind}" Target="{kind}.xml"/>'
            for i, kind in enumerate(("styles", "numbering", "footnotes", "header"))
        )
        files = {
            "_rels/.rels": f'<R><Relationship Id="a" Type="{OFFICE}/officeDocument" Target="word/document.xml"/></R>',
            "word/_rels/document.xml.rels": f"<R>{relations}</R>",
            "word/document.xml": f"<w:document {NS}><w:body>{body}</w:body></w:document>",
            "word/styles.xml": f"<w:styles {NS}>{STYLES}</w:styles>",
            "word/numbering.xml": f"<w:numbering {NS}>{NUMBERING}</w:numbering>",
            "word/footnotes.xml": f"<w:footnotes {NS}>{FOOTNOTES}</w:footnotes>",
            "word/header.xml": f"<w:hdr {NS}>{p('Letterhead')}</w:hdr>",
            **parts,
        }
        return read(package(files), "docx", limits)

    return run


def test_clause_numbers(read_body: Callable[..., object], shown: Shown) -> None:
    body = (
        p("Lease", "Titel") + p("Parties", "berschrift1") + p("The landlord.", "Klausel") + p("The tenant.", "Klausel")
        + p("jointly", more=listed(1, 2)) + p("severally", more=listed(1, 2)) + p("in person", more=listed(1, 3))
        + p("Rent", "berschrift1") + p("Monthly.", "Klausel") + p("bullet", more=listed(2)) + p("no number", "Klausel", listed(0))
        + p("restarted", more=listed(3)) + p("Loop", "Loop")
    )  # fmt: skip
    document = read_body(body)
    assert document.title == "Lease"  # type: ignore[attr-defined]
    assert shown(document) == [  # type: ignore[arg-type]
        "title1: Lease",
        "heading1: 1. Parties",
        "list_item2: 1.1 The landlord.",
        "list_item2: 1.2 The tenant.",
        "list_item3: (a) jointly",
        "list_item3: (b) severally",
        "list_item4: (i) in person",
        "heading1: 2. Rent",
        "list_item2: 2.1 Monthly.",
        "list_item1: bullet",
        "paragraph: no number",
        "list_item1: 5. restarted",
        "paragraph: Loop",
    ]


def test_revisions_fields_notes_and_hidden_text(read_body: Callable[..., object], shown: Shown) -> None:
    body = (
        p(r("Rent is ") + f"<w:ins>{r('£950')}</w:ins><w:del><w:r><w:delText>£900</w:delText></w:r></w:del>" + r(" a month.")
          + '<w:r><w:footnoteReference w:id="2"/></w:r>')
        + p(r("See ") + '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>REF _x \\h</w:instrText></w:r>'
            '<w:r><w:fldChar w:fldCharType="separate"/></w:r>' + r("clause 2") + '<w:r><w:fldChar w:fldCharType="end"/></w:r>')
        + p(r("seen ") + r("unseen ", "<w:vanish/>") + r("again ", '<w:vanish w:val="0"/>') + r("tiny", '<w:sz w:val="2"/>'))
        + p('<w:commentRangeStart w:id="0"/>' + r("m") + r("2", '<w:vertAlign w:val="superscript"/>')
            + '<w:r><w:sym w:font="Wingdings" w:char="F0FE"/><w:noBreakHyphen/><w:t>x</w:t><w:tab/><w:t>y</w:t></w:r>')
        + p(r("merged "), more="<w:rPr><w:del/></w:rPr>") + p("with this")
        + p("<m:oMath><m:f><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r></m:den></m:f></m:oMath>")
        + p("Contents ... 3", "TOC1")
        + f"<w:sdt><w:sdtPr/><w:sdtContent>{p('control')}</w:sdtContent></w:sdt>"
        + "<w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx><w:txbxContent>" + p("in a box")
        + "</w:txbxContent></wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><w:txbxContent>" + p("in a box")
        + "</w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )  # fmt: skip
    document = read_body(body)
    assert {notice.code for notice in document.notices} == {"hidden_text", "comments", "tracked_changes"}  # type: ignore[attr-defined]
    assert shown(document) == [  # type: ignore[arg-type]
        "paragraph: Rent is £950 a month.¹",
        "footnote: 1 Net of tax.",
        "paragraph: See clause 2",
        "paragraph: seen again",
        "paragraph: m²☒-x y",
        "paragraph: merged with this",
        "paragraph: (a)/(b)",
        "paragraph: control",
        "paragraph: in a box",
    ]


def cell(content: str, look: str = "") -> str:
    return f"<w:tc><w:tcPr>{look}</w:tcPr>{content if content.startswith('<') else p(content)}</w:tc>"


def table(*rows: str, look: str = "") -> str:
    return f"<w:tbl><w:tblPr>{look}</w:tblPr>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def test_tables(read_body: Callable[..., object], shown: Shown) -> None:
    bold = "<w:b/>"
    body = (
        table(
            "<w:trPr><w:tblHeader/></w:trPr>" + cell("") + cell("2023", '<w:gridSpan w:val="2"/>'),
            "<w:trPr><w:tblHeader/></w:trPr>" + cell("Item") + cell("Q1") + cell("Q2"),
            cell("Rent", '<w:vMerge w:val="restart"/>') + cell("1") + cell("2"),
            cell("", "<w:vMerge/>") + cell("3") + cell("4"),
        )
        + table(cell("Tenant:") + cell("Ada"), cell("Start") + cell("1 May 2024"))
        + table(cell(p(r("Who", bold))) + cell(p(r("What", bold))), cell("Ada") + cell("Lease"))
        + table(cell(p("Boxed heading") + p("Boxed text.")))
        + table(cell("Outer") + cell(table(cell("in") + cell("ner")) + p("")), cell("x") + cell("y"))
    )
    assert shown(read_body(body)) == [  # type: ignore[arg-type]
        "table_row: Item: Rent; 2023 Q1: 1; 2023 Q2: 2",
        "table_row: Item: Rent; 2023 Q1: 3; 2023 Q2: 4",
        "table_row: Tenant: Ada",
        "table_row: Start: 1 May 2024",
        "table_row: Who: Ada; What: Lease",
        "paragraph: Boxed heading",
        "paragraph: Boxed text.",
        "table_row: Outer: in: ner",
        "table_row: x: y",
    ]


def test_pages_from_rendered_breaks(read_body: Callable[..., object]) -> None:
    turn = "<w:r><w:lastRenderedPageBreak/><w:t>on page two</w:t></w:r>"
    document = read_body(p(r("begins ") + turn) + p("<w:r><w:lastRenderedPageBreak/><w:t>Three</w:t></w:r>"))
    assert [page.kind for page in document.pages] == ["page"] * 3  # type: ignore[attr-defined]
    assert document.text == "begins on page two\n\nThree"  # type: ignore[attr-defined]
    assert document.page_at(document.text.index("two")).number == 2  # type: ignore[attr-defined]
    assert document.page_at(document.text.index("Three")).number == 3  # type: ignore[attr-defined]
    plain = read_body(p('<w:r><w:t>a</w:t><w:br w:type="page"/><w:t>b</w:t></w:r>'))
    assert [page.kind for page in plain.pages] == ["part"]  # type: ignore[attr-defined]


def test_headings_by_look(read_body: Callable[..., object], shown: Shown) -> None:
    body = (
        p(r("Notice of termination", "<w:b/>"))
        + p("Dear Ada, the lease ends.")
        + p(r("Important. ", "<w:b/>") + r("Read it."))
    )
    assert shown(read_body(body))[0] == "heading1: Notice of termination"  # type: ignore[arg-type]
    assert shown(read_body(body))[2] == "paragraph: Important. Read it."  # type: ignore[arg-type]


def test_header_is_read_only_when_the_body_is_empty(read_body: Callable[..., object]) -> None:
    assert read_body("<w:p/>").text == "Letterhead"  # type: ignore[attr-defined]
    assert "Letterhead" not in read_body(p("Body")).text  # type: ignore[attr-defined]


def test_what_python_docx_writes(read: Read, shown: Shown) -> None:
    made = docx.Document()
    made.core_properties.title = "From the properties"
    made.add_heading("Chapter", 1)
    made.add_paragraph("First", style="List Number")
    made.add_paragraph("Second", style="List Number")
    made.add_paragraph("Point", style="List Bullet")
    grid = made.add_table(2, 2)
    for i, text in enumerate(("Name", "Age", "Ada", "36")):
        grid.cell(i // 2, i % 2).text = text
    file = io.BytesIO()
    made.save(file)
    document = read(file.getvalue(), "docx")
    assert document.title == "From the properties"
    assert shown(document)[:4] == [
        "heading1: Chapter",
        "list_item1: 1. First",
        "list_item1: 2. Second",
        "list_item1: Point",
    ]


def test_limits_and_damage(read_body: Callable[..., object], read: Read, package: Package) -> None:
    with pytest.raises(DocumentTooLargeError):
        read_body(table(*[cell("a") * 50] * 30), replace(DocumentSettings(), max_cells=1000))
    with pytest.raises(NoTextError):
        read_body("<w:p/>", **{"word/header.xml": f"<w:hdr {NS}/>"})
    with pytest.raises(CorruptDocumentError):
        read(package({"word/document.xml": "<w:document"}), "docx")
    with pytest.raises(CorruptDocumentError):
        read(package({"other.xml": "<a/>"}), "docx")
    with pytest.raises(CorruptDocumentError):
        read(b"PK\x03\x04 nothing", "docx")

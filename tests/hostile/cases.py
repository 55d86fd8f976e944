"""Which hostile file has to end how: one line per file.

What enters: the makers. What leaves: tables of cases. A case may allow several ends where more than one is right (a
damaged PDF may be repaired or refused); an end that is not named is a failure, and so is any other exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hostile import make_files as m
from hostile import make_office as o
from hostile import make_pdf as p
from hostile import make_sheets as s
from hostile import make_text as t
from slimlm import errors as e
from slimlm.settings import DocumentSettings

HARD_LIMIT_S = 30.0
NO_OCR = DocumentSettings(ocr="off")
IMPATIENT = DocumentSettings(ocr="off", timeout_s=4.0)  # for files that no parser gets through

# Ends that several attacks share.
CORRUPT: tuple[type[e.DocumentError], ...] = (e.CorruptDocumentError,)
TOO_MUCH = (e.DocumentTooLargeError, e.SuspiciousArchiveError, e.DocumentMemoryError)  # refused for its size
TOO_SLOW = (*TOO_MUCH, e.DocumentTimeoutError)
NOTHING = (e.EmptyDocumentError, e.NoTextError)
UNREADABLE = (e.CorruptDocumentError, e.UnsupportedDocumentError)
IMAGE = (e.NoTextError,)
BINARY: tuple[type[e.DocumentError], ...] = (e.UnsupportedDocumentError,)
PICTURES = {"bmp", "webp_header"}  # kinds of pictures that need not be read, but may be
PICTURE = (*BINARY, *IMAGE, *CORRUPT)


@dataclass(frozen=True)
class Case:
    """``opens`` is a piece of the text that has to be there when the file opens; None: it must not open."""

    name: str
    make: m.Maker
    opens: str | None = None
    errors: tuple[type[e.DocumentError], ...] = ()
    bound_s: float = 5.0
    settings: DocumentSettings = NO_OCR
    format: str = ""
    absent: tuple[str, ...] = field(default=())  # must not be in the text
    hint: str = ""  # a word that the hint has to say

    def __str__(self) -> str:
        return self.name


def opens(name: str, make: m.Maker, *errors: type[e.DocumentError], text: str = m.MARK, bound_s: float = 5.0) -> Case:
    """The file opens with ``text``; or, where errors are given, may end in one of them."""
    return Case(name, make, text, errors, bound_s)


def fails(name: str, make: m.Maker, *errors: type[e.DocumentError], bound_s: float = 5.0, hint: str = "") -> Case:
    return Case(name, make, None, errors, bound_s, hint=hint)


WRONG_ENDINGS = (
    *(
        Case(name, m.saved(filename, data), m.MARK, format=kind)
        for name, filename, data, kind in (
            ("pdf_named_docx", "lease.docx", p.good_pdf(), "pdf"),
            ("pdf_without_ending", "lease", p.good_pdf(), "pdf"),
            ("docx_named_pdf", "lease.pdf", m.good_docx(), "docx"),
            ("docx_without_ending", "lease", m.good_docx(), "docx"),
            ("docx_named_zip", "lease.zip", m.good_docx(), "docx"),
            ("pptx_named_xlsx", "lease.xlsx", m.good_pptx(), "pptx"),
            ("xlsx_named_docx", "lease.docx", m.good_xlsx(), "xlsx"),
            ("xlsx_named_xls", "lease.xls", m.good_xlsx(), "xlsx"),
            ("xls_named_xlsx", "lease.xlsx", m.good_xls(), "xls"),
            ("ods_named_txt", "lease.txt", m.good_ods(), "ods"),
            ("epub_named_pdf", "lease.pdf", m.Epub().to_bytes(), "epub"),
            ("html_named_pdf", "lease.pdf", m.good_html(), "html"),
            ("html_named_doc", "lease.doc", m.good_html(), "html"),
            ("markdown_named_pdf", "lease.pdf", m.good_markdown(), ""),
            ("text_named_docx", "lease.docx", m.MARK.encode(), ""),
            ("text_without_ending", "lease", m.MARK.encode(), ""),
            ("capital_ending", "LEASE.PDF", p.good_pdf(), "pdf"),
        )
    ),
    fails("png_named_pdf", m.saved("lease.pdf", m.image_bytes("PNG")), *IMAGE),
    fails("jpeg_named_txt", m.saved("lease.txt", m.image_bytes("JPEG")), *IMAGE),
    fails("tiff_named_docx", m.saved("lease.docx", m.image_bytes("TIFF")), *IMAGE),
)


def _no_document(name: str) -> Case:
    kinds = PICTURE if name in PICTURES else UNREADABLE if "named" in name else BINARY
    return fails(name, m.not_a_document(name), *kinds)


NO_DOCUMENTS = (
    *(_no_document(name) for name in m.NOT_DOCUMENTS if not name.startswith("ole2")),
    fails("ole2_doc", m.not_a_document("ole2_doc"), e.UnsupportedDocumentError, hint="DOCX"),
    fails("ole2_ppt", m.not_a_document("ole2_ppt"), e.UnsupportedDocumentError, hint="PPTX"),
    fails("ole2_msg", m.not_a_document("ole2_msg"), e.UnsupportedDocumentError),
    opens("pickle", m.pickle_bomb, e.UnsupportedDocumentError, text="touch"),
)

PDF = (
    fails("pdf_user_password", p.encrypted("secret", "owner"), e.EncryptedDocumentError),
    opens("pdf_owner_password", p.encrypted("", "owner")),
    fails("pdf_unknown_encryption", p.UNKNOWN_LOCK, e.EncryptedDocumentError, e.CorruptDocumentError),
    fails("pdf_header_only", p.raw(b"%PDF-1.7\n"), *CORRUPT),
    fails("pdf_header_and_noise", p.raw(b"%PDF-1.7\n" + m.noise(50_000)), *CORRUPT),
    fails("pdf_cut_at_2_percent", p.cut(0.02), *CORRUPT),
    opens("pdf_cut_at_30_percent", p.cut(0.3), *CORRUPT, *NOTHING),
    opens("pdf_cut_at_70_percent", p.cut(0.7), *CORRUPT, *NOTHING),
    opens("pdf_cut_before_trailer", p.cut(-60), *CORRUPT),
    opens("pdf_cut_last_bytes", p.cut(-8)),
    opens("pdf_broken_startxref", p.broken_xref),
    opens("pdf_wrong_xref_offsets", p.wrong_xref_offsets, *CORRUPT),
    opens("pdf_xref_loop", p.xref_loop, *CORRUPT),
    opens("pdf_xref_stream_bomb", p.xref_stream_bomb, *CORRUPT, *TOO_MUCH),
    opens("pdf_object_stream_bomb", p.object_stream_bomb, *CORRUPT, *TOO_MUCH, *NOTHING),
    fails("pdf_no_root", p.changed({1: b"null"}), *CORRUPT),
    fails("pdf_no_pages", p.NO_PAGES, *CORRUPT, *NOTHING),
    opens("pdf_page_tree_loop", p.PAGE_TREE_LOOP, *CORRUPT, *NOTHING),
    opens("pdf_deep_page_tree", p.deep_page_tree(5000), *CORRUPT, *NOTHING),
    opens("pdf_count_lies_high", p.count_lies(2_000_000_000), *CORRUPT, *TOO_MUCH),
    opens("pdf_count_lies_some", p.count_lies(3)),
    opens("pdf_count_negative", p.count_lies(-5), *CORRUPT, *NOTHING),
    fails("pdf_10000_pages", p.many_pages(10_000), e.DocumentTooLargeError),
    opens("pdf_page_huge", p.mediabox(b"[0 0 1000000 1000000]")),
    opens("pdf_page_infinite", p.mediabox(b"[-1e38 -1e38 1e38 1e38]")),
    opens("pdf_page_flat", p.mediabox(b"[0 0 0 0]")),
    opens("pdf_page_box_garbage", p.mediabox(b"[(a) null 99 0 R]")),
    opens("pdf_page_rotated_oddly", p.with_page(b"/Rotate 37/UserUnit 1e30")),
    opens("pdf_deep_array", p.deep_array(100_000), *CORRUPT, *NOTHING),
    opens("pdf_deep_array_in_content", p.changed({4: p.stream(p.SHOW_MARK + b" [" * 200_000)}), *CORRUPT),
    opens("pdf_deep_graphics_state", p.changed({4: p.stream(b"q " * 500_000 + p.SHOW_MARK)}), *CORRUPT, *TOO_SLOW),
    fails("pdf_content_bomb", p.content_bomb, *TOO_SLOW, *CORRUPT, *NOTHING, bound_s=HARD_LIMIT_S),
    Case("pdf_text_bomb", p.text_bomb, m.MARK, TOO_SLOW, 10.0, IMPATIENT),
    opens("pdf_one_long_line", p.one_long_line, *TOO_SLOW, text=m.MARK[:20], bound_s=HARD_LIMIT_S),
    opens("pdf_long_filter_chain", p.long_filter_chain, *CORRUPT, *NOTHING),
    opens("pdf_image_declared_huge", p.HUGE_IMAGE),
    opens("pdf_image_bomb", p.image_bomb, *TOO_MUCH, bound_s=HARD_LIMIT_S),
    opens("pdf_broken_image_formats", p.IMAGE_FORMATS),
    opens("pdf_recursive_form", p.RECURSIVE_FORM),
    Case("pdf_mutual_forms", p.MUTUAL_FORMS, m.MARK, TOO_SLOW, 10.0, IMPATIENT),
    Case("pdf_form_laughs", p.form_laughs(12), m.MARK, TOO_SLOW, 10.0, IMPATIENT),
    fails("pdf_image_only", p.image_only(), e.NoTextError),
    opens("pdf_garbage_font", p.GARBAGE_FONT, *NOTHING, text=""),
    opens("pdf_font_loop", p.FONT_LOOP, *CORRUPT, *NOTHING, text=""),
    opens("pdf_type3_loop", p.TYPE3_LOOP, *CORRUPT, *NOTHING, text=""),
    opens("pdf_text_means_nul", p.to_unicode("0000"), *NOTHING, text=""),
    opens("pdf_text_means_surrogate", p.to_unicode("D800"), *NOTHING, text=""),
    opens("pdf_text_means_noncharacter", p.to_unicode("FFFE"), *NOTHING, text=""),
    opens("pdf_text_means_much", p.to_unicode("0041" * 500), *NOTHING, text=""),
    opens("pdf_text_means_bidi", p.to_unicode("202E"), *NOTHING, text=""),
    opens("pdf_nul_in_text", p.NULS, text="first of each month."),
    opens("pdf_nul_in_title", p.NUL_TITLE),
    opens("pdf_actions", p.actions),
    opens("pdf_external_references", p.external_references),
    opens("pdf_header_at_offset", p.header_at_offset),
    opens("pdf_and_zip", p.pdf_and_zip),
    opens("pdf_outline_loop", p.OUTLINE_LOOP),
    opens("pdf_label_loop", p.LABEL_LOOP),
    opens("pdf_structure_loop", p.STRUCTURE_LOOP),
)

ENTITIES = tuple(
    opens(f"{kind}_{attack}", o.entity_file(kind, attack), *CORRUPT, *TOO_MUCH, text="850 pounds")
    for kind in ("docx", "xlsx", "pptx", "ods", "epub", "epub_opf", "xhtml", "html")
    for attack in ("laughs", "quadratic", "external")
) + tuple(
    opens(f"xml_{attack}", o.entity_file("xml", attack), *UNREADABLE, *TOO_MUCH, text="850 pounds")
    for attack in ("laughs", "quadratic", "external")
)

ARCHIVES = (
    fails("docx_bomb", o.docx_bomb, *TOO_MUCH),
    fails("docx_lying_bomb", o.docx_lying_bomb, *TOO_MUCH, *CORRUPT),
    opens("docx_media_bomb", o.docx_media_bomb, *TOO_MUCH),
    fails("xlsx_bomb", s.xlsx_bomb, *TOO_MUCH),
    fails("nested_bomb", o.nested_bomb, e.UnsupportedDocumentError, *TOO_MUCH),
    opens("docx_with_nested_bomb", o.docx_with_nested_bomb, *TOO_MUCH),
    fails("docx_overlapping", o.overlapping, e.SuspiciousArchiveError, e.CorruptDocumentError),
    fails("docx_same_data_twice", o.same_data_twice, e.SuspiciousArchiveError, e.CorruptDocumentError),
    opens("docx_many_members", o.many_members, *TOO_MUCH, *CORRUPT),
    opens("docx_traversal", o.traversal, e.SuspiciousArchiveError, e.CorruptDocumentError),
    fails("docx_locked_zip", o.locked_zip, e.EncryptedDocumentError),
    fails("docx_encrypted", m.saved("lease.docx", o.ENCRYPTED_OFFICE), e.EncryptedDocumentError),
    fails("xlsx_encrypted", m.saved("lease.xlsx", o.ENCRYPTED_OFFICE), e.EncryptedDocumentError),
    fails("docx_wrong_crc", o.wrong_crc, *CORRUPT),
    fails("docx_unknown_method", o.unknown_method, *CORRUPT),
    fails("docx_cut_at_30_bytes", m.saved("lease.docx", m.good_docx()[:30]), *UNREADABLE),
    fails("docx_cut_at_50_percent", o.cut_docx(0.5), *CORRUPT),
    fails("docx_cut_at_99_percent", o.cut_docx(0.99), *CORRUPT),
    opens("docx_duplicate_parts", o.duplicate_parts, *CORRUPT, e.SuspiciousArchiveError),
    opens("docx_archive_comment", m.saved("lease.docx", m.good_docx() + bytes(300)), *CORRUPT),
)

OFFICE = (
    fails("docx_no_document", o.docx_with({o.BODY: None}), *UNREADABLE),
    opens("docx_no_content_types", o.docx_with({"[Content_Types].xml": None}), *UNREADABLE),
    opens("docx_no_styles", o.docx_with({"word/styles.xml": None}), *CORRUPT),
    fails("docx_body_noise", o.docx_with({o.BODY: m.noise(4096)}), *CORRUPT),
    fails("docx_body_empty", o.docx_with({o.BODY: b""}), *CORRUPT, *NOTHING),
    fails("docx_no_paragraphs", o.docx_body(""), *NOTHING),
    opens("docx_deep_100", o.deep_docx(100), *CORRUPT),
    opens("docx_deep_50000", o.deep_docx(50_000), *CORRUPT),
    opens("docx_nested_tables_60", o.nested_tables(60), *CORRUPT),
    opens("docx_nested_tables_2000", o.nested_tables(2000), *CORRUPT),
    opens("docx_million_paragraphs", o.million_paragraphs, *TOO_SLOW, bound_s=HARD_LIMIT_S),
    opens("docx_long_run", o.long_run, *CORRUPT, *TOO_MUCH, bound_s=15.0),
    opens("docx_style_loop", o.style_loop),
    opens("docx_bad_grid_span", o.bad_grid_span),
    opens("docx_outside_target", o.outside_target, *CORRUPT),
    fails("xlsx_million_cells", s.many_cells(1000, 1000), e.DocumentTooLargeError, bound_s=15.0),
    opens("xlsx_far_apart", s.far_apart, *TOO_MUCH),
    opens("xlsx_lying_dimension", s.lying_dimension),
    opens("xlsx_beyond_last_cell", s.beyond_last_cell, *CORRUPT, *TOO_MUCH),
    opens("xlsx_string_out_of_range", s.shared_string_out_of_range, *CORRUPT),
    fails("xlsx_shared_string_bomb", s.shared_string_bomb, *TOO_MUCH, bound_s=HARD_LIMIT_S),
    opens("xlsx_header_bomb", s.header_bomb, *TOO_MUCH, text="Name", bound_s=15.0),
    fails("xlsx_merge_bomb", s.merge_bomb, *TOO_MUCH, bound_s=15.0),
    opens("xlsx_formulas", s.formulas),
    fails("xlsx_no_sheets", s.no_sheets, *CORRUPT, *NOTHING),
    fails("xls_noise", m.saved("lease.xls", m.ole2_bytes({})[:8] + m.noise(9000)), *UNREADABLE),
    fails("xls_workbook_noise", s.xls_missing_stream, *UNREADABLE),
    opens("xls_fat_loop", s.xls_fat_loop, *UNREADABLE, *TOO_SLOW),
    fails("xls_empty_container", m.saved("lease.xls", m.ole2_bytes({})), *UNREADABLE),
    fails(
        "xls_password",
        m.saved("lease.xls", m.ole2_bytes({"Workbook": m.biff8(m.MARK, encrypted=True)})),
        e.EncryptedDocumentError,
    ),
    opens("ods_rows_1e9", s.ods_rows(1_000_000_000), *TOO_MUCH),
    opens("ods_blank_rows_1e9", s.ods_rows(1_000_000_000, blank=True), *TOO_MUCH),
    opens("ods_blank_rows_to_sheet_end", s.ods_rows(1_048_575, blank=True)),
    opens("ods_columns_1e9", s.ods_columns(1_000_000_000), *TOO_MUCH),
    opens("ods_rows_negative", s.ods_rows(-1), *CORRUPT),
    fails("ods_encrypted", m.saved("lease.ods", s.ODS_ENCRYPTED), e.EncryptedDocumentError),
    opens("pptx_3000_slides", o.many_slides(3000), *TOO_SLOW, bound_s=HARD_LIMIT_S),
    opens("pptx_groups_40", o.deep_groups(40), *CORRUPT),
    opens("pptx_groups_5000", o.deep_groups(5000), *CORRUPT),
    opens("pptx_geometry_overflow", o.slide_edit("<a:off ", '<a:off x="99999999999999999999" '), *CORRUPT),
    fails("pptx_missing_slide", o.missing_slide, *CORRUPT, *NOTHING),
    opens("epub_no_spine", o.epub(m.Epub(spine="")), *CORRUPT, *NOTHING),
    opens("epub_spine_to_nothing", o.epub(m.Epub(spine='<spine><itemref idref="zz"/></spine>')), *CORRUPT, *NOTHING),
    fails("epub_no_chapter", o.epub(m.Epub(chapter=None)), *CORRUPT, *NOTHING),
    opens("epub_no_container", o.epub(m.Epub(container=None)), *UNREADABLE),
    opens("epub_outside", o.epub_outside, *CORRUPT),
    opens("epub_repeated", o.epub_repeated, *TOO_SLOW, text="850 pounds", bound_s=HARD_LIMIT_S),
    fails("epub_locked", o.epub(o.EPUB_LOCKED), e.EncryptedDocumentError),
)

HTML = (
    opens("html_100k_divs", t.html("<div>" * 100_000 + "deepest" + "</div>" * 100_000)),
    opens("html_100k_bold", t.html("<b>" * 100_000)),
    opens("html_tag_flood", t.tag_flood, *TOO_SLOW, bound_s=HARD_LIMIT_S),
    opens("html_formatting_flood", t.formatting_flood(20_000), *TOO_SLOW, bound_s=HARD_LIMIT_S),
    opens("html_many_attributes", t.many_attributes(50_000), *TOO_SLOW, bound_s=15.0),
    opens("html_open_comment", t.html("<!--" + "a" * 5_000_000)),
    opens("html_comment_openers", t.html("<!-" * 300_000)),
    opens("html_open_tag", t.html("<a href='" + "x" * 3_000_000)),
    opens("html_nested_tables", t.html("<table><tr><td>" * 5_000), *CORRUPT, *TOO_SLOW),
    opens("html_nested_lists", t.html("<ul><li>x" * 5_000), *CORRUPT, *TOO_SLOW),
    opens("html_wide_span", t.html("<table><tr><td colspan=1000000000 rowspan=65534>x</td></tr></table>"), *TOO_MUCH),
    opens(
        "html_many_spans",
        t.html("<table>" + "<tr>" + "<td colspan=1000 rowspan=1000>x</td>" * 200 + "</tr></table>"),
        *TOO_SLOW,
        bound_s=HARD_LIMIT_S,
    ),
    opens("html_nuls", t.html("<p>\0a\0</p><\0p>"), *BINARY),
    opens("html_bad_references", t.html("<p>&#xD800;&#0;&#x110000;&#99999999999;&notanentity;&#x202E;</p>")),
    opens("html_plaintext", t.html("<plaintext></body></html>")),
    opens("html_nested_frames", t.html("<select><option>" * 10_000 + "<svg><math><template>" * 2_000)),
    opens("html_wrong_charset", t.html(head='<meta charset="utf-16">', text=m.MARK + " caf\u00e9")),
    fails("html_empty", m.saved("lease.html", b"<!DOCTYPE html><html><head></head><body></body></html>"), *NOTHING),
)

MARKDOWN = tuple(
    opens(f"markdown_{name}", t.markdown(text), *TOO_SLOW, bound_s=15.0) for name, text in t.MARKDOWN_FLOODS.items()
)

TEXT = (
    *(opens(f"text_{name}", t.plain(data), bound_s=10.0) for name, data in t.TEXTS.items()),
    *(opens(f"text_{name}", t.plain(data), e.UnsupportedDocumentError) for name, data in t.DIRTY_TEXTS.items()),
    *(opens(f"table_{name}", t.plain(data, "t.csv"), *TOO_MUCH, bound_s=15.0) for name, data in t.TABLES.items()),
    opens("text_1e7_characters_on_a_line", t.long_line(10_000_000), bound_s=15.0),
    fails("text_3e7_characters", t.long_line(30_000_000), e.DocumentTooLargeError, bound_s=15.0),
    fails("text_600_mb", t.huge_sparse, e.DocumentTooLargeError),
    fails("text_empty", t.plain(b""), e.EmptyDocumentError),
    fails("text_white_space", t.plain(" \n\t\r\n\u00a0\u2003\u3000" * 500), *NOTHING),
    fails("text_bom_only", t.plain(b"\xef\xbb\xbf"), *NOTHING),
    fails("text_zero_width_only", t.plain("\u200b\u200c\u2060\ufeff" * 20), *NOTHING),
    fails("text_nuls_only", t.plain(bytes(5000)), *NOTHING, e.UnsupportedDocumentError),
    fails("pdf_named_empty", t.plain(b"", "lease.pdf"), e.EmptyDocumentError),
    fails("docx_white_space", t.plain(b"   \n", "lease.docx"), *NOTHING),
)

IMAGES = (
    fails("png_bomb", t.png_bomb, *TOO_MUCH, *IMAGE),
    fails("png_text_bomb", t.png_text_bomb, *TOO_MUCH, *IMAGE, *CORRUPT),
    fails("png_bad_crc", t.png_bad_crc, *CORRUPT, *IMAGE),
    fails("png_1x1", t.picture("PNG", "lease.png", (1, 1)), *IMAGE),
    fails("png_header_only", m.saved("lease.png", m.image_bytes("PNG")[:20]), *UNREADABLE, *IMAGE),
    fails("png_animated", t.apng, *IMAGE),
    fails("jpeg_declared_huge", t.jpeg_declared_huge, *TOO_MUCH, *IMAGE, *CORRUPT),
    fails("jpeg_cut_at_50_percent", t.jpeg_cut(0.5), *CORRUPT, *IMAGE),
    fails("jpeg_cut_at_1_percent", t.jpeg_cut(0.01), *UNREADABLE, *IMAGE),
    fails("tiff_1000_frames", m.saved("lease.tif", t.tiff_bytes(1000)), *IMAGE, *TOO_MUCH),
    fails("tiff_loop", m.saved("lease.tif", t.tiff_bytes(3, loop=True)), *CORRUPT, *IMAGE, *TOO_MUCH),
    fails("tiff_huge_counts", t.tiff_huge_counts, *CORRUPT, *IMAGE, *TOO_MUCH),
)

ALL = (
    *WRONG_ENDINGS,
    *NO_DOCUMENTS,
    *PDF,
    *ENTITIES,
    *ARCHIVES,
    *OFFICE,
    *HTML,
    *MARKDOWN,
    *TEXT,
    *IMAGES,
)

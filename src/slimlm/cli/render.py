"""Records -> lines for people. Pure functions; wording of the command line lives here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from slimlm.assistant.records import (
    Answer,
    Citation,
    Claim,
    Coverage,
    Outline,
    OutlineEntry,
    Suggestion,
    Summary,
)
from slimlm.cli.lines import BLANK, Line, Span, Style, line, table
from slimlm.cli.safe_text import safe_line
from slimlm.documents.records import Document, Page

if TYPE_CHECKING:
    from slimlm.retrieval.store import LibraryEntry  # brings the database

MAX_QUOTE_CHARS = 600  # a longer quote (a whole list) is cut on the screen; JSON carries all of it
MAX_RANGES = 8
SHORT_LABEL_CHARS = 5  # 12, iv, A-3; longer ones name a slide, a sheet or a chapter
_FORMATS = {
    "pdf": "PDF", "docx": "Word", "pptx": "PowerPoint", "xlsx": "Excel", "xls": "Excel", "ods": "OpenDocument sheet",
    "html": "HTML", "epub": "EPUB", "markdown": "Markdown", "text": "text", "image": "image",
}  # fmt: skip
_LANGUAGES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip
_WITHOUT_SPACES = ("zh", "ja", "th")


def place(citation: Citation) -> str:
    """Where a person finds it: ``p. 3 · Rent``, ``Slide 4``, ``sheet Budget``; "" where there is only one place."""
    spot = page_name(citation.page_kind, citation.page_label, citation.page)
    parts = [spot]
    if citation.section and citation.section != citation.page_label:
        parts.append(safe_line(citation.section))
    return " · ".join(part for part in parts if part)


def page_name(kind: str, label: str, number: int) -> str:
    label = safe_line(label)
    if kind == "page":
        return f"p. {label or number}"
    if kind == "slide":
        return f"slide {label or number}" if (label or "0").isdigit() else label
    if kind == "sheet":
        return f"sheet {label or number}"
    return "" if not label or label.isdigit() else label


def source(citation: Citation) -> str:
    where = place(citation)
    return safe_line(citation.document_name) + (f", {where}" if where else "")


def quote(citation: Citation, indent: int = 2) -> Line:
    """“quote” — name, p. 3 · Section."""
    return Line((Span(f"“{shortened(citation.quote)}”", "quote"), Span(f" — {source(citation)}", "dim")), indent)


def shortened(text: str) -> str:
    text = safe_line(text)
    return text if len(text) <= MAX_QUOTE_CHARS else text[: MAX_QUOTE_CHARS - 1].rsplit(" ", 1)[0] + " …"


# --- answers and summaries --------------------------------------------------------------------------------------------


def claim_with_quotes(claim: Claim) -> list[Line]:
    """The claim and under it the words it rests on; a claim that *is* the quote is shown once."""
    if says_itself(claim):
        return [quote(claim.citations[0], indent=0)]
    return [line(claim.text), *(quote(citation) for citation in claim.citations)]


def says_itself(claim: Claim) -> bool:
    return (
        claim.support == "quoted"
        and len(claim.citations) == 1
        and safe_line(claim.text) == safe_line(claim.citations[0].quote)
    )


def claim_in_flow(claim: Claim) -> list[Span]:
    """A sentence of a paragraph, and where it stands."""
    mark = marks(claim)
    return [Span(" " + safe_line(claim.text)), Span(f" [{mark}]" if mark else "", "dim")]


def claim_as_point(claim: Claim) -> Line:
    mark = marks(claim)
    spans = [Span(safe_line(claim.text))]
    if mark:
        spans.append(Span(f" [{mark}]", "dim"))
    return Line(tuple(spans), indent=2, mark="• ")


def marks(claim: Claim) -> str:
    """The pages a claim rests on."""
    names = (page_name(c.page_kind, c.page_label, c.page) for c in claim.citations)
    return ", ".join(dict.fromkeys(name for name in names if name))


def not_found(answer: Answer, n_documents: int) -> list[Line]:
    lines = [line("Not in this document." if n_documents == 1 else "Not in these documents.", "warning")]
    if answer.closest:
        lines.append(line("The closest passages:", "dim"))
        lines += [quote(citation) for citation in answer.closest]
    return lines


def coverage(value: Coverage, document: Document) -> Line:
    """Which part of the document a summary rests on."""
    unit = "sentence" if value.sentences == 1 else "sentences"
    complete = value.sentences_read >= value.sentences
    if complete:
        text = f"Read: all {value.sentences:,} {unit}"
    else:
        text = f"Read: {value.sentences_read:,} of {value.sentences:,} {unit} ({value.share:.0%})"
    if len(document.pages) > 1:
        text += f" on {pages(document)}"
    if value.pages_without_text:
        text += f"; {unit_of(document)}s without text: {ranges(value.pages_without_text)}"
    return line(text + ".", "dim" if complete and not value.pages_without_text else "warning")


def ranges(numbers: Sequence[int]) -> str:
    """1-3, 7, 9-12."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    words = [str(a) if a == b else f"{a}–{b}" for a, b in found[:MAX_RANGES]]
    return ", ".join(words) + (", …" if len(found) > MAX_RANGES else "")


def summary_quotes(summary: Summary) -> list[Line]:
    """The words behind each point that is not itself a quote."""
    cited = dict.fromkeys(c for point in summary.points if not says_itself(point) for c in point.citations)
    return [quote(citation) for citation in cited]


def results(citations: Sequence[Citation]) -> list[Line]:
    """Passages found, best first."""
    if not citations:
        return [line("Nothing like that was found.", "warning")]
    return [
        Line(item.spans, indent=0, mark=f"{number:>2}  ")
        for number, item in enumerate((quote(citation) for citation in citations), 1)
    ]


# --- outline, questions, pages ----------------------------------------------------------------------------------------


def heading(text: str) -> list[Line]:
    return [BLANK, line(text, "heading")]


def about(outline: Outline, document: Document) -> list[Line]:
    """Two lines that say what has been opened."""
    name = safe_line(document.name)
    facts = [
        name if safe_line(outline.title) not in ("", name) else "",
        _FORMATS.get(outline.format, outline.format),
        pages(document) if len(document.pages) > 1 or unit_of(document) != "part" else "",
        length(outline, document),
        _LANGUAGES.get(outline.language, ""),
    ]
    return [line(outline.title or name, "title"), line(" · ".join(f for f in facts if f), "dim")]


def pages(document: Document) -> str:
    """3 pages, 8 slides, 4 sheets."""
    return count(len(document.pages), unit_of(document))


def unit_of(document: Document) -> str:
    return document.pages[0].kind if document.pages else "page"


def length(outline: Outline, document: Document) -> str:
    """In words; in characters where words are not set apart."""
    if outline.language in _WITHOUT_SPACES:
        return count(sum(not c.isspace() for c in document.text), "character")
    return count(outline.n_words, "word")


def outline(value: Outline, document: Document, limit: int | None = None, key_sentences: bool = True) -> list[Line]:
    """``limit``: how many headings at most."""
    lines = about(value, document)
    lines += [line(f"Note: {notice}", "warning") for notice in value.notices]
    headings = [e for i, e in enumerate(value.entries) if i or safe_line(e.title) != safe_line(value.title)]
    entries = shown_entries(headings, limit)
    if entries:
        lines += heading("Contents")
        top = min(entry.level for entry in entries)
        lines += [_entry(entry, entry.level - top, value.n_pages > 1) for entry in entries]
        if len(entries) < len(headings):
            lines.append(line(f"… {len(headings) - len(entries)} more", "dim", indent=2))
    if key_sentences and value.key_sentences:
        lines += heading("Key sentences")
        lines += [_key_sentence(citation) for citation in value.key_sentences]
    return lines


def shown_entries(entries: Sequence[OutlineEntry], limit: int | None) -> Sequence[OutlineEntry]:
    """All of them, or the highest levels that fit, or the first ones."""
    if limit is None or len(entries) <= limit + 2:  # "1 more" would take as much room
        return entries
    for level in sorted({entry.level for entry in entries}, reverse=True):
        kept = [entry for entry in entries if entry.level < level]
        if 3 <= len(kept) <= limit:
            return kept
    return entries[:limit]


def _page_of(entry: OutlineEntry) -> str:
    label = safe_line(entry.page_label)
    if label == safe_line(entry.title):
        return ""
    return f"p. {label}" if len(label) <= SHORT_LABEL_CHARS else label


def _entry(entry: OutlineEntry, depth: int, many_pages: bool) -> Line:
    spans = [Span(safe_line(entry.title))]
    where = _page_of(entry) if many_pages else ""
    if where:
        spans.append(Span(f" · {where}", "dim"))
    return Line(tuple(spans), indent=2 + 2 * min(depth, 6))


def _key_sentence(citation: Citation) -> Line:
    where = place(citation)
    spans = [Span(f"“{shortened(citation.quote)}”", "quote")]
    if where:
        spans.append(Span(f" — {where}", "dim"))
    return Line(tuple(spans), indent=2)


def suggestion(item: Suggestion, number: int) -> Line:
    where = place(item.citation)
    spans = [Span(item.question)]
    if where:
        spans.append(Span(f" — {where}", "dim"))
    return Line(tuple(spans), indent=2, mark=f"{number}  ")


def page_title(page: Page) -> str:
    if page.kind == "page":
        return f"page {safe_line(page.label) or page.number}"
    return page_name(page.kind, page.label, page.number) or "the whole text"


def find_page(document: Document, wanted: str) -> Page | None:
    """By what a person calls it, else by its number."""
    wanted = safe_line(wanted).casefold()
    for page in document.pages:
        if wanted in (safe_line(page.label).casefold(), page_title(page).casefold()):
            return page
    if wanted.isascii() and wanted.isdigit():
        return next((page for page in document.pages if page.number == int(wanted)), None)
    return None


# --- library and models -----------------------------------------------------------------------------------------------


def library(entries: Iterable[LibraryEntry]) -> list[Line]:
    rows = []
    for entry in entries:
        title = entry.title if entry.title != entry.name else ""
        pages = count(entry.n_pages, "page")
        rows.append((entry.id[:8], safe_line(entry.name), pages, entry.opened[:10], safe_line(title)))
    styles: tuple[Style, ...] = ("dim", "plain", "dim", "dim", "dim")
    return table(rows, styles)


def count(number: int, unit: str) -> str:
    return f"{number:,} {unit}" + ("" if number == 1 else "s")


def megabytes(n_bytes: int) -> str:
    """Decimal, as package indexes and disks count."""
    if n_bytes >= 1_000_000_000:
        return f"{n_bytes / 1e9:.1f} GB"
    return f"{max(n_bytes / 1e6, 0.1):.0f} MB" if n_bytes >= 1_000_000 else f"{n_bytes / 1e3:.0f} kB"

"""What the assistant says: claims with citations, never a claim without one. Plain data for CLI, page and API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from slimlm.documents.records import Box, Document

SummaryStyle = Literal["line", "paragraph", "points", "sections"]
SUMMARY_STYLES: tuple[SummaryStyle, ...] = ("line", "paragraph", "points", "sections")

# quoted: the document's own sentence. verified: the model's wording, every part of it checked against the quotes.
Support = Literal["quoted", "verified"]
# answered: claims hold the answer. not_found: nothing in the documents supports one; ``closest`` may still help.
AnswerStatus = Literal["answered", "not_found"]


@dataclass(frozen=True, slots=True)
class Citation:
    """An exact span of a document: ``document.text[start:end] == quote``, always."""

    document_id: str
    document_name: str
    start: int
    end: int
    quote: str
    page: int  # 1-based number of the page, slide, sheet or part
    page_label: str  # how a person calls it
    page_kind: str
    section: str  # title of the innermost section, "" when there is none
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    text: str
    citations: tuple[Citation, ...]
    support: Support


@dataclass(frozen=True, slots=True)
class Answer:
    question: str
    status: AnswerStatus
    claims: tuple[Claim, ...] = ()
    closest: tuple[Citation, ...] = ()  # for not_found: the passages that come nearest
    language: str = "en"  # of the question
    note: str = ""  # something the person should know (the model does not speak this language, ...)
    confidence: float = 0.0  # estimated probability that the documents answer the question

    @property
    def text(self) -> str:
        """What is shown: the claims, or the plain statement that the document does not say."""
        if self.claims:
            return "\n".join(claim.text for claim in self.claims)
        return NOT_FOUND

    @property
    def citations(self) -> tuple[Citation, ...]:
        """Every citation once, in the order of the claims."""
        return tuple(dict.fromkeys(citation for claim in self.claims for citation in claim.citations))


NOT_FOUND = "The document does not say."


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which part of the documents a summary is based on. All of it, unless reading was stopped."""

    sentences_read: int
    sentences: int
    pages_without_text: tuple[int, ...] = ()

    @property
    def share(self) -> float:
        return self.sentences_read / self.sentences if self.sentences else 0.0


@dataclass(frozen=True, slots=True)
class SummaryPart:
    """Points under one heading; the title is "" for summaries that are not by section."""

    title: str
    points: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    document_id: str
    style: SummaryStyle
    parts: tuple[SummaryPart, ...]
    coverage: Coverage
    note: str = ""

    @property
    def points(self) -> tuple[Claim, ...]:
        return tuple(point for part in self.parts for point in part.points)

    @property
    def text(self) -> str:
        joiner = " " if self.style in ("line", "paragraph") else "\n"
        return joiner.join(point.text for point in self.points)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A question that is known to have a supported answer, and where."""

    question: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    title: str
    level: int
    page: int
    page_label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Outline:
    """Useful before any model speaks: made from the text alone, in well under a second."""

    document_id: str
    title: str
    format: str
    language: str
    n_pages: int
    n_words: int
    entries: tuple[OutlineEntry, ...]
    key_sentences: tuple[Citation, ...]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """What is being done. ``total`` 0 means unknown."""

    stage: Literal["reading", "indexing", "finding", "writing", "checking"]
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """Passages found; they are shown at once, before the model has written anything."""

    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    """A claim that has passed its checks, as soon as it has."""

    claim: Claim
    section: str = ""


@dataclass(frozen=True, slots=True)
class Suggested:
    suggestion: Suggestion


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of every stream: the whole result."""

    result: Answer | Summary | tuple[Suggestion, ...]


Event = Progress | Evidence | Delta | Suggested | Done


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange of a chat."""

    question: str  # as typed
    resolved: str  # with "it", "that clause" filled in
    answer: Answer | Summary | tuple[Suggestion, ...]


def cite(document: Document, start: int, end: int) -> Citation:
    """The citation of ``document.text[start:end]``, trimmed of white space."""
    while start < end and document.text[start].isspace():
        start += 1
    while end > start and document.text[end - 1].isspace():
        end -= 1
    page = document.page_at(start)
    section = document.section_at(start)
    return Citation(
        document_id=document.id,
        document_name=document.name,
        start=start,
        end=end,
        quote=document.text[start:end],
        page=page.number,
        page_label=page.label,
        page_kind=page.kind,
        section=section.title if section else "",
        boxes=document.boxes(start, end),
    )

"""A document, and an assistant with scripted events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from slimlm.assistant.records import (
    Answer,
    Citation,
    Claim,
    Coverage,
    Delta,
    Done,
    Event,
    Outline,
    OutlineEntry,
    Progress,
    Suggested,
    Suggestion,
    Summary,
    SummaryPart,
    cite,
)
from slimlm.documents.records import Block, Document, Page, Section
from slimlm.errors import DocumentNotFoundError, NotInLibraryError

TEXT = "Tenancy\nThe rent is 950 euros a month.\nThe deposit is 1900 euros."
RENT = (8, 38)
DEPOSIT = (39, 65)


def make_document(name: str = "lease.pdf", text: str = TEXT) -> Document:
    return Document(
        id="ab" * 32,
        name=name,
        format="pdf",
        title="Tenancy",
        text=text,
        pages=(Page(1, "page", "1", 0, 38), Page(2, "page", "ii", 38, len(text))),
        blocks=(Block("paragraph", 0, len(text), 1),),
        sections=(Section("Tenancy", 1, 0, len(text), 1),),
    )


def quoted(document: Document, span: tuple[int, int]) -> Claim:
    citation = cite(document, *span)
    return Claim(citation.quote, (citation,), "quoted")


class FakeLibrary:
    def get(self, ref: str) -> Document:
        raise NotInLibraryError(f"no {ref}")


class FakeAssistant:
    """``raises``: what every stream ends with instead of a result."""

    def __init__(self, raises: BaseException | None = None) -> None:
        self.document = make_document()
        self.library = FakeLibrary()
        self.raises = raises
        self.asked: list[str] = []
        self.closed = False

    def open(self, path: str | Path, progress: Any = None, cancel: Any = None) -> Document:
        if not Path(path).exists():
            raise DocumentNotFoundError(f"There is no file {Path(path).name!r}.")
        if progress is not None:
            progress(Progress("reading", 1, 2))
        return self.document

    def outline(self, document: Document) -> Outline:
        return Outline(
            document.id, "Tenancy", "pdf", "en", 2, 12, (OutlineEntry("Rent", 1, 1, "1", 0, 5),),
            (cite(document, *RENT),),
        )  # fmt: skip

    def ask(self, documents: Any, question: str, cancel: Any = None) -> Iterator[Event]:
        self.asked.append(question)
        if self.raises is not None:
            raise self.raises
        yield Progress("finding")
        if "rent" not in question:
            yield Done(Answer(question, "not_found", closest=(cite(self.document, *DEPOSIT),)))
            return
        claim = Claim("950 euros a month.", (cite(self.document, *RENT),), "verified")
        yield Delta(claim)
        yield Done(Answer(question, "answered", (claim,), confidence=0.91))

    def request(self, documents: Any, text: str, cancel: Any = None, near: Citation | None = None) -> Iterator[Event]:
        return self.ask(documents, text, cancel)

    def summarize(self, document: Document, style: Any = "paragraph", cancel: Any = None) -> Iterator[Event]:
        claims = (quoted(document, RENT), quoted(document, DEPOSIT))
        yield Progress("writing")
        yield from (Delta(claim) for claim in claims)
        yield Done(Summary(document.id, style, (SummaryPart("", claims),), Coverage(2, 2, (2,))))

    def suggest(self, document: Document, count: int = 3, cancel: Any = None) -> Iterator[Event]:
        suggestion = Suggestion("How much is the rent?", cite(document, *RENT))
        yield Suggested(suggestion)
        yield Done((suggestion,))

    def search(self, documents: Document | Sequence[Document], query: str, limit: int = 5) -> tuple[Citation, ...]:
        return (cite(self.document, *RENT),)[:limit]

    def close(self) -> None:
        self.closed = True

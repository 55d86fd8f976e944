"""Records -> the JSON of ``--json``. The shape is documented in docs/cli.md and only ever gains keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from slimlm.assistant.records import (
    Answer,
    Citation,
    Claim,
    Delta,
    Done,
    Event,
    Evidence,
    Outline,
    Progress,
    Suggested,
    Suggestion,
    Summary,
)
from slimlm.documents.records import Document
from slimlm.errors import SlimLMError

if TYPE_CHECKING:
    from slimlm.retrieval.store import LibraryEntry  # brings the database

Json = dict[str, Any]


def document(value: Document, opened_from: str) -> Json:
    """``opened_from``: file, library or stdin."""
    return {
        "id": value.id,
        "name": value.name,
        "title": value.title,
        "format": value.format,
        "pages": len(value.pages),
        "opened_from": opened_from,
        "notices": [{"code": notice.code, "message": notice.message} for notice in value.notices],
    }


def citation(value: Citation) -> Json:
    """``start`` and ``end`` are character offsets into the document's text: ``text[start:end] == quote``."""
    return {
        "document": value.document_name,
        "document_id": value.document_id,
        "page": value.page,
        "page_label": value.page_label,
        "page_kind": value.page_kind,
        "section": value.section,
        "start": value.start,
        "end": value.end,
        "quote": value.quote,
        "boxes": [{"page": b.page, "x0": b.x0, "y0": b.y0, "x1": b.x1, "y1": b.y1} for b in value.boxes],
    }


def claim(value: Claim) -> Json:
    return {"text": value.text, "support": value.support, "citations": [citation(c) for c in value.citations]}


def answer(value: Answer) -> Json:
    return {
        "question": value.question,
        "status": value.status,
        "text": value.text,
        "claims": [claim(item) for item in value.claims],
        "closest": [citation(item) for item in value.closest],
        "language": value.language,
        "confidence": round(value.confidence, 4),
        "note": value.note,
    }


def summary(value: Summary) -> Json:
    return {
        "document_id": value.document_id,
        "style": value.style,
        "text": value.text,
        "parts": [{"title": part.title, "points": [claim(point) for point in part.points]} for part in value.parts],
        "coverage": {
            "sentences_read": value.coverage.sentences_read,
            "sentences": value.coverage.sentences,
            "share": round(value.coverage.share, 4),
            "pages_without_text": list(value.coverage.pages_without_text),
        },
        "note": value.note,
    }


def suggestion(value: Suggestion) -> Json:
    return {"question": value.question, "citation": citation(value.citation)}


def outline(value: Outline) -> Json:
    return {
        "document_id": value.document_id,
        "title": value.title,
        "format": value.format,
        "language": value.language,
        "pages": value.n_pages,
        "words": value.n_words,
        "entries": [asdict(entry) for entry in value.entries],
        "key_sentences": [citation(item) for item in value.key_sentences],
        "notices": list(value.notices),
    }


def result(value: Answer | Summary | tuple[Suggestion, ...]) -> Json:
    """Under the name of what it is."""
    if isinstance(value, Answer):
        return {"answer": answer(value)}
    if isinstance(value, Summary):
        return {"summary": summary(value)}
    return {"suggestions": [suggestion(item) for item in value]}


def event(value: Event) -> Json:
    """One line of ``--stream``."""
    match value:
        case Progress():
            return {"event": "progress", "stage": value.stage, "done": value.done, "total": value.total}
        case Evidence():
            return {"event": "evidence", "citations": [citation(item) for item in value.citations]}
        case Delta():
            return {"event": "claim", "claim": claim(value.claim), "section": value.section}
        case Suggested():
            return {"event": "suggestion", "suggestion": suggestion(value.suggestion)}
        case Done():
            return {"event": "done", **result(value.result)}


def library(entries: Iterable[LibraryEntry]) -> list[Json]:
    return [library_entry(entry) for entry in entries]


def library_entry(entry: LibraryEntry) -> Json:
    return {
        "id": entry.id,
        "name": entry.name,
        "title": entry.title,
        "format": entry.format,
        "pages": entry.n_pages,
        "words": entry.n_words,
        "bytes": entry.n_bytes,
        "added": entry.added,
        "opened": entry.opened,
        "path": entry.path,
    }


def error(value: SlimLMError) -> Json:
    return {"error": {"code": value.code, "message": value.message, "hint": value.hint, "exit_code": value.exit_code}}

"""Kept results <-> plain data. Citations are kept as offsets and cut from the document again when read."""

from __future__ import annotations

import json
from typing import Any

from slimlm.assistant.records import Claim, Coverage, Suggestion, Summary, SummaryPart, cite
from slimlm.documents.records import Document


def write_summary(summary: Summary) -> dict[str, Any]:
    return {
        "style": summary.style,
        "note": summary.note,
        "coverage": [summary.coverage.sentences_read, summary.coverage.sentences, *summary.coverage.pages_without_text],
        "parts": [[part.title, [_claim(point) for point in part.points]] for part in summary.parts],
    }


def read_summary(payload: str, document: Document) -> Summary | None:
    """None when the payload is not what this version writes: it is then made again."""
    try:
        data = json.loads(payload)
        parts = tuple(
            SummaryPart(title, tuple(_read_claim(item, document) for item in points)) for title, points in data["parts"]
        )
        read, total, *empty = data["coverage"]
        return Summary(document.id, data["style"], parts, Coverage(read, total, tuple(empty)), data["note"])
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def write_suggestions(suggestions: tuple[Suggestion, ...]) -> list[Any]:
    return [[s.question, s.citation.start, s.citation.end] for s in suggestions]


def read_suggestions(payload: str, document: Document) -> tuple[Suggestion, ...] | None:
    try:
        return tuple(Suggestion(str(q), cite(document, int(a), int(b))) for q, a, b in json.loads(payload))
    except (ValueError, TypeError):
        return None


def _claim(claim: Claim) -> list[Any]:
    return [claim.text, claim.support, [[c.start, c.end] for c in claim.citations]]


def _read_claim(item: list[Any], document: Document) -> Claim:
    text, support, spans = item
    return Claim(text, tuple(cite(document, start, end) for start, end in spans), support)

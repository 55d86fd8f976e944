"""Runs a question suite through the assistant and counts what came out right."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from slimlm.assistant.assistant import Assistant
from slimlm.assistant.chat import last_result
from slimlm.assistant.grounding import check_claim
from slimlm.assistant.records import SUMMARY_STYLES, Answer, Citation, Claim, Summary
from slimlm.documents.records import Document
from slimlm.evaluation.questions import SuiteQuestion, holds_answer, holds_evidence
from slimlm.retrieval.records import Sentence


@dataclass(frozen=True, slots=True)
class QuestionResult:
    id: str
    kind: str
    scope: str
    language: str
    question: str
    status: str
    confidence: float
    answer: str
    support: str  # of the first claim: "quoted", "verified" or ""
    right: bool  # answered and holds an accepted answer; for unanswerable questions: refused
    extract_right: bool  # the best passage alone holds an accepted answer
    evidence_top1: bool
    evidence_top3: bool
    quotes_exact: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class DocumentResult:
    document: str
    suggestions: tuple[str, ...]
    suggestions_supported: int
    points: int
    points_supported: int
    points_exact: int


def run_questions(
    assistant: Assistant,
    folder: Path,
    questions: Sequence[SuiteQuestion],
    report: Callable[[int, int], None] | None = None,
) -> list[QuestionResult]:
    results: list[QuestionResult] = []
    documents: dict[str, Document] = {}
    for n, item in enumerate(questions):
        if report is not None:
            report(n, len(questions))
        if item.document not in documents:
            documents[item.document] = assistant.open(folder / item.document)
        results.append(_ask(assistant, documents[item.document], item))
    return results


def _ask(assistant: Assistant, document: Document, item: SuiteQuestion) -> QuestionResult:
    passages = [c.quote for c in assistant.search(document, item.question, 6 if item.scope == "all" else 3)]
    started = time.perf_counter()
    answer = last_result(assistant.ask(document, item.question))
    seconds = time.perf_counter() - started
    assert isinstance(answer, Answer)
    refused = answer.status == "not_found"
    cited = answer.citations + answer.closest
    top = passages if item.scope == "all" else passages[:1]
    return QuestionResult(
        id=item.id,
        kind=item.kind,
        scope=item.scope,
        language=item.language,
        question=item.question,
        status=answer.status,
        confidence=round(answer.confidence, 4),
        answer=answer.text,
        support=answer.claims[0].support if answer.claims else "",
        right=(not refused and holds_answer(answer.text, item)) if item.answerable else refused,
        extract_right=item.answerable and bool(top) and holds_answer(" ".join(top), item),
        evidence_top1=item.answerable and holds_evidence(top, item),
        evidence_top3=item.answerable and holds_evidence(passages, item),
        quotes_exact=all(_exact(document, c) for c in cited),
        seconds=round(seconds, 3),
    )


def _exact(document: Document, citation: Citation) -> bool:
    return bool(citation.quote) and document.text[citation.start : citation.end] == citation.quote


def run_documents(assistant: Assistant, files: Sequence[Path], count: int = 3) -> list[DocumentResult]:
    """Suggestions and summaries of each document; a suggestion counts when asking it gives an answer at its source."""
    results: list[DocumentResult] = []
    for file in files:
        document = assistant.open(file)
        suggestions = last_result(assistant.suggest(document, count))
        assert isinstance(suggestions, tuple)
        supported = 0
        for suggestion in suggestions:
            answer = last_result(assistant.ask(document, suggestion.question))
            assert isinstance(answer, Answer)
            supported += answer.status == "answered" and any(
                c.start <= suggestion.citation.start < c.end
                or suggestion.citation.start <= c.start < suggestion.citation.end
                for c in answer.citations
            )
        points: list[Claim] = []
        for style in SUMMARY_STYLES:
            summary = last_result(assistant.summarize(document, style))
            assert isinstance(summary, Summary)
            points += summary.points
        results.append(
            DocumentResult(
                document=file.name,
                suggestions=tuple(s.question for s in suggestions),
                suggestions_supported=supported,
                points=len(points),
                points_supported=sum(_supported(point) for point in points),
                points_exact=sum(all(_exact(document, c) for c in point.citations) for point in points),
            )
        )
    return results


def _supported(point: Claim) -> bool:
    """A quoted point is its citation; a written one must pass the checks again, from its citations alone."""
    if not point.citations:
        return False
    if point.support == "quoted":
        return " ".join(point.text.split()) == " ".join(point.citations[0].quote.split())
    evidence = [Sentence(i, c.start, c.end, c.quote, 0, c.page, "paragraph") for i, c in enumerate(point.citations)]
    return check_claim(point.text, evidence).supported


def figures(questions: Sequence[QuestionResult], documents: Sequence[DocumentResult] = ()) -> dict[str, Any]:
    """The shares that floors are set on; None where nothing was counted."""
    answerable = [r for r in questions if r.kind in ("literal", "paraphrase")]
    single = [r for r in answerable if r.scope == "single"]

    def share(items: Sequence[QuestionResult], name: str) -> float | None:
        return round(sum(getattr(r, name) for r in items) / len(items), 4) if items else None

    suggested = sum(len(d.suggestions) for d in documents)
    points = sum(d.points for d in documents)
    return {
        "questions": len(questions),
        "quotes_exact": share(questions, "quotes_exact"),
        "evidence_top1": share(answerable, "evidence_top1"),
        "evidence_top3": share(answerable, "evidence_top3"),
        "evidence_top1_paraphrase": share([r for r in single if r.kind == "paraphrase"], "evidence_top1"),
        "answer_right": share(answerable, "right"),
        "answer_right_single": share(single, "right"),
        "answer_right_all": share([r for r in answerable if r.scope == "all"], "right"),
        "extract_right": share(answerable, "extract_right"),
        # The same questions, shown the same way: does writing ever make an answer worse than its best passage?
        "answer_right_when_answered": share([r for r in single if r.status == "answered"], "right"),
        "extract_right_when_answered": share([r for r in single if r.status == "answered"], "extract_right"),
        "refused_absent": share([r for r in questions if r.kind == "absent"], "right"),
        "refused_lookalike": share([r for r in questions if r.kind == "lookalike"], "right"),
        "wrongly_refused": round(sum(r.status == "not_found" for r in answerable) / max(len(answerable), 1), 4),
        "verified_share": round(sum(r.support == "verified" for r in answerable) / max(len(answerable), 1), 4),
        "verified_right": share([r for r in answerable if r.support == "verified"], "right"),
        "suggestions_supported": round(sum(d.suggestions_supported for d in documents) / suggested, 4)
        if suggested
        else None,
        "suggestions_per_document": round(suggested / len(documents), 2) if documents else None,
        "points_supported": round(sum(d.points_supported for d in documents) / points, 4) if points else None,
        "points_exact": round(sum(d.points_exact for d in documents) / points, 4) if points else None,
        "seconds_per_answer": round(sum(r.seconds for r in questions) / max(len(questions), 1), 3),
    }


def as_rows(items: Sequence[QuestionResult] | Sequence[DocumentResult]) -> list[dict[str, Any]]:
    return [asdict(item) for item in items]

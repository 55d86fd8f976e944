"""A question suite: questions about documents, with their evidence and accepted answers. JSON lines, one a question."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from slimlm.errors import UsageError

Kind = Literal["literal", "paraphrase", "absent", "lookalike"]
_LOOSE = re.compile(r"[\s|]+")


@dataclass(frozen=True, slots=True)
class SuiteQuestion:
    """``answers``: any one of them shows a right answer; with scope "all", every one must be there.

    ``kind`` "absent": the subject is not in the document. "lookalike": its words are, the answer is not.
    """

    id: str
    document: str
    question: str
    kind: Kind
    answers: tuple[str, ...]
    evidence: tuple[str, ...]
    scope: str
    language: str

    @property
    def answerable(self) -> bool:
        return self.kind in ("literal", "paraphrase")


def load_questions(path: Path) -> tuple[SuiteQuestion, ...]:
    """Raises ``UsageError`` naming the line that is wrong."""
    found: list[SuiteQuestion] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
            data["answers"], data["evidence"] = tuple(data["answers"]), tuple(data["evidence"])
            found.append(SuiteQuestion(**data))
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(f"{path.name}, line {number}: {error}.", "Each line is one question as JSON.") from error
    return tuple(found)


def normal(text: str) -> str:
    """What counts when texts are compared: letters and figures, without case, width or spacing."""
    return _LOOSE.sub(" ", unicodedata.normalize("NFKC", text).casefold().replace("’", "'")).strip()


def holds_answer(text: str, question: SuiteQuestion) -> bool:
    """Is a right answer contained in ``text``?"""
    shown = normal(text)
    dense = shown.replace(" ", "")
    hits = [normal(answer) in shown or normal(answer).replace(" ", "") in dense for answer in question.answers]
    return all(hits) if question.scope == "all" else any(hits)


def holds_evidence(passages: Sequence[str], question: SuiteQuestion) -> bool:
    """Is one of ``passages`` (or, with scope "all", are they together) the evidence that the suite names?"""
    matched = [any(_same(passage, evidence) for passage in passages) for evidence in question.evidence]
    return all(matched) if question.scope == "all" else any(matched)


def _same(passage: str, evidence: str) -> bool:
    """The passage holds the evidence, or is a telling part of it. Table rows: every cell of the evidence is there."""
    here = normal(passage).replace(" ", "")
    wanted = normal(evidence).replace(" ", "")
    if wanted in here or (len(here) >= 20 and here in wanted):
        return True
    cells = [normal(cell).replace(" ", "") for cell in evidence.split("|") if cell.strip()]
    return len(cells) > 1 and all(cell in here for cell in cells)

"""JSON lines -> documents with questions whose evidence is found in the document's own sentences.

What enters: a file of documents (form: ``recipes/data/README.md``). What leaves: ``Quizzed`` documents, each with a
search index, and questions with the sentences that answer them: none for a question that the document does not answer.
This module refuses to know torch.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.readers.registry import reader_for
from slimlm.documents.source import Source
from slimlm.errors import NoTextError, UsageError
from slimlm.evaluation.questions import normal
from slimlm.retrieval.question import read_question
from slimlm.retrieval.search import SearchIndex
from slimlm.settings import DocumentSettings

_MARKS = re.compile(r"[\s*_`]+")  # what Markdown may put between the letters of a quotation
_MIN_CHARS = 20  # a sentence this long that lies inside the evidence is the evidence
_SHARED = 0.75  # share of an answer's words that one sentence must hold when it holds none of them literally


@dataclass(frozen=True, slots=True)
class Asked:
    """``evidence``: indices of sentences that answer; ``doubtful``: of sentences that may, neither right nor wrong."""

    text: str
    evidence: tuple[int, ...]
    doubtful: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Quizzed:
    index: SearchIndex
    questions: tuple[Asked, ...]
    language: str


def read_own(path: Path) -> Iterator[Quizzed]:
    """Documents written for this project: Markdown with quoted evidence. Raises ``UsageError`` naming the line."""
    for number, record in _lines(path):
        try:
            index = index_of(record["text"], "markdown")
            asked = [(q["q"], q["kind"], q.get("evidence", ""), q.get("answer", "")) for q in record["questions"]]
            language = record["language"]
        except (AttributeError, KeyError, TypeError, NoTextError) as error:
            raise UsageError(f"{path.name}, line {number}: {error!r}.", "See recipes/data/README.md.") from error
        questions = []
        for text, kind, evidence, answer in asked:
            found = () if kind == "lookalike" else _quoted(index, evidence, answer)
            if found or kind == "lookalike":
                questions.append(Asked(text, found))
        if questions:
            yield Quizzed(index, tuple(questions), language)


def read_open(path: Path, caps: dict[str, int]) -> Iterator[Quizzed]:
    """Open question sets (``docassist-open``): the evidence is the sentence that holds the answer.

    ``caps``: source -> questions taken of it at most; other sources are left out.
    """
    taken = dict.fromkeys(caps, 0)
    for _, record in _lines(path):
        source = record["source"]
        if taken.get(source, 0) >= caps.get(source, 0):
            continue
        index = index_of(record["document"], "text")
        if len(index.sentences) < 3:
            continue
        questions = []
        for item in record["qa"][: caps[source] - taken[source]]:
            asked = (
                _answered(index, item["q"], item.get("refs") or [item["a"]])
                if item["answerable"]
                else Asked(item["q"], ())
            )
            if asked is not None:
                questions.append(asked)
        taken[source] += len(questions)
        if questions:
            yield Quizzed(index, tuple(questions), "en")


def index_of(text: str, kind: str) -> SearchIndex:
    """The text as the assistant would read it from a file of this kind."""
    limits = DocumentSettings()
    builder = DocumentBuilder(limits)
    title = reader_for(kind)(Source("document", text.encode(), kind), limits, builder, lambda _: None)
    return SearchIndex(builder.finish(digest="", name="document", kind=kind, title=title, n_bytes=len(text)))


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    with _text(path) as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except ValueError as error:
                    raise UsageError(f"{path.name}, line {number}: {error}.", "Each line is one document.") from error


def _text(path: Path) -> IO[str]:
    if path.suffix == ".zst":
        import zstandard  # noqa: PLC0415  (of the extra)

        return cast("IO[str]", zstandard.open(path, "rt", encoding="utf-8"))
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def _bare(text: str) -> str:
    return _MARKS.sub("", normal(text))


def _quoted(index: SearchIndex, evidence: str, answer: str) -> tuple[int, ...]:
    wanted, answered = _bare(evidence.strip("-*• ")), _bare(answer)
    if not wanted:
        return ()
    found = []
    for sentence in index.sentences:
        here = _bare(sentence.text)
        if wanted in here or (len(here) >= _MIN_CHARS and here in wanted and answered in here):
            found.append(sentence.index)
    if not found:  # a table row: its cells stand apart
        cells = [cell for cell in map(_bare, evidence.split("|")) if cell]
        if len(cells) > 1:
            found = [s.index for s in index.sentences if all(cell in _bare(s.text) for cell in cells)]
    return tuple(found)


def _answered(index: SearchIndex, text: str, answers: Sequence[str]) -> Asked | None:
    """Of several sentences that hold the answer, the one nearest to the question is the evidence."""
    evidence: set[int] = set()
    doubtful: set[int] = set()
    asked = set(read_question(text).terms)
    for answer in answers:
        wanted = normal(answer)
        holders = [s.index for s in index.sentences if wanted in normal(s.text)]
        if not holders:
            words = set(re.findall(r"\w+", wanted))
            shares = [
                (len(words & set(re.findall(r"\w+", normal(s.text)))) / max(len(words), 1), s.index)
                for s in index.sentences
            ]
            best = max(shares)
            holders = [best[1]] if len(words) >= 3 and best[0] >= _SHARED else []
        if holders:
            best_index = max(holders, key=lambda i: len(asked & index.terms.sets[i]))
            evidence.add(best_index)
            doubtful.update(i for i in holders if i != best_index)
    return Asked(text, tuple(sorted(evidence)), tuple(sorted(doubtful - evidence))) if evidence else None

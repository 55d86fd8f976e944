"""One document of DocAssist with what a teacher or a person wrote about it; JSON lines in and out.

What enters: lines of a ``.jsonl`` or ``.jsonl.zst`` file. What leaves: frozen records, or a ``UsageError`` that names
the line. This module refuses to know who wrote the texts and what they are used for.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO, get_args

from slimlm.errors import MissingExtraError, UsageError

Split = Literal["train", "dev", "test"]


@dataclass(frozen=True, slots=True)
class Answered:
    """A question about the document. ``references``: other answers that count as right.

    ``borrowed``: an unanswerable question that was asked of another document, and not written to look like this one's.
    """

    question: str
    answer: str
    answerable: bool = True
    references: tuple[str, ...] = ()
    borrowed: bool = False


@dataclass(frozen=True, slots=True)
class DocAssistRecord:
    """``group``: documents that must stay in one split. ``provenance``: who made the texts, how, from what."""

    id: str
    document: str
    source: str
    licence: str
    split: Split
    group: str = ""
    domain: str = ""
    summary: str = ""  # "" where nobody wrote one
    other_summaries: tuple[str, ...] = ()
    questions: tuple[Answered, ...] = ()
    provenance: tuple[tuple[str, str], ...] = ()

    @property
    def suggested(self) -> tuple[str, ...]:
        """The three questions that suggested ones are measured against; empty where there are fewer."""
        found = tuple(dict.fromkeys(q.question for q in self.questions if q.answerable))[:3]
        return found if len(found) == 3 else ()


def read_records(path: Path) -> Iterator[DocAssistRecord]:
    """Stream a file's records. Raises ``UsageError`` (with the line number), ``MissingExtraError`` (``.zst``)."""
    with _opened(path) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield parse_record(json.loads(line))
                except (ValueError, TypeError, KeyError, AttributeError) as error:
                    reason = f"{type(error).__name__}: {error}"
                    raise UsageError(
                        f"{path.name}, line {number} is no DocAssist record ({reason}).",
                        "Each line is one JSON object with id, document, source, licence and split.",
                    ) from error


def write_records(path: Path, records: Iterable[DocAssistRecord]) -> int:
    """Write a plain ``.jsonl`` file, whole or not at all; returns how many."""
    partial = path.with_name(path.name + ".partial")
    count = 0
    with partial.open("w", encoding="utf-8") as file:
        for record in records:
            file.write(json.dumps(record_json(record), ensure_ascii=False) + "\n")
            count += 1
    partial.replace(path)
    return count


def parse_record(data: dict[str, Any]) -> DocAssistRecord:
    """Raises ``ValueError``, ``TypeError`` or ``KeyError`` for what is no record."""
    split = data["split"]
    if split not in get_args(Split):
        raise ValueError(f"split is {split!r}")
    for name in ("id", "document", "source", "licence"):
        if not isinstance(data[name], str) or not data[name].strip():
            raise ValueError(f"{name} is missing")
    return DocAssistRecord(
        id=data["id"],
        document=data["document"],
        source=data["source"],
        licence=data["licence"],
        split=split,
        group=str(data.get("group") or data["id"]),
        domain=str(data.get("domain") or ""),
        summary=str(data.get("summary") or ""),
        other_summaries=tuple(str(text) for text in _values(data.get("summary_alt"))),
        questions=tuple(_question(item) for item in data.get("qa") or ()),
        provenance=tuple(sorted((str(k), str(v)) for k, v in (data.get("provenance") or {}).items())),
    )


def record_json(record: DocAssistRecord) -> dict[str, Any]:
    """The inverse of ``parse_record``."""
    data: dict[str, Any] = {name: getattr(record, name) for name in ("id", "source", "licence", "domain", "document")}
    data |= {"group": record.group, "split": record.split, "summary": record.summary or None}
    data["summary_alt"] = list(record.other_summaries) or None
    data["qa"] = [
        {
            "q": q.question,
            "a": q.answer,
            "answerable": q.answerable,
            "refs": list(q.references),
            "synthetic": q.borrowed,
        }
        for q in record.questions
    ]
    data["provenance"] = dict(record.provenance) or None
    return data


def _question(item: dict[str, Any]) -> Answered:
    question, answer = item["q"], item["a"]
    if not isinstance(question, str) or not question.strip() or not isinstance(answer, str):
        raise ValueError("a question or its answer is missing")
    references = tuple(str(text) for text in item.get("refs") or ())
    return Answered(question, answer, bool(item.get("answerable", True)), references, bool(item.get("synthetic")))


def _values(found: Any) -> list[Any]:
    if isinstance(found, dict):
        return list(found.values())
    return list(found or ())


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        raw = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path} can't be read ({error.strerror}).", "Name a .jsonl or .jsonl.zst file.") from error
    with raw:
        if path.suffix != ".zst":
            yield io.TextIOWrapper(raw, "utf-8")
            return
        try:
            import zstandard  # noqa: PLC0415  (an extra)
        except ImportError as error:
            raise MissingExtraError.of("Reading .zst files", "lab") from error
        with zstandard.ZstdDecompressor().stream_reader(raw) as stream:
            yield io.TextIOWrapper(stream, "utf-8")

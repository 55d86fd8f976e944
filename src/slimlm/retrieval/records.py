"""Sentences, hits, and the embedder and the reranker that search may use. Standard library alone."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sentence:
    """A unit of search: a sentence, a list item, a table row or a heading. ``document.text[start:end]`` is its text."""

    index: int  # position in the document's sentence list
    start: int
    end: int
    text: str
    block: int  # index into document.blocks
    page: int
    kind: str  # the block's kind
    headings: tuple[str, ...] = ()  # titles of the sections around it, outermost first


@dataclass(frozen=True, slots=True)
class Hit:
    """A sentence found for a question. Scores are comparable within one search; ``score`` is what ranks."""

    sentence: Sentence
    score: float
    lexical: float = 0.0
    dense: float = 0.0  # cosine, -1 to 1; 0 without an embedder


class Embedder(Protocol):
    """Text -> unit vectors. Implemented by the engine room; search works without one."""

    @property
    def name(self) -> str:
        """Identifies model and settings: vectors of different names are never compared."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes for which the vectors mean something."""
        ...

    def embed(self, texts: Sequence[str]) -> list[array[float]]:
        """One L2-normalized vector (``array('f')``) a text."""
        ...


class Reranker(Protocol):
    """How well passages explain a question. Implemented by the engine room; search works without one."""

    @property
    def name(self) -> str:
        """Identifies model and wording: scores of different names are never compared."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes for which the scores mean something."""
        ...

    def score(self, passages: Sequence[str], question: str, cancel: threading.Event | None = None) -> list[float]:
        """A passage's mean log-probability (natural) of a token of ``question`` read after it: at most 0, in order."""
        ...

    def prior(self, question: str) -> float:
        """The same after no passage: ``score - prior`` is what the passage tells, comparable between questions."""
        ...

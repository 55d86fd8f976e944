"""Sentences, hits, and the reading model that search may use. Standard library alone."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


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
    dense: float = 0.0  # cosine, -1 to 1; 0 without a reader


Role = Literal["query", "passage"]


class Reader(Protocol):
    """A small model that finds and judges, and never writes. Implemented by the engine room; search works without."""

    @property
    def name(self) -> str:
        """Identifies model and weights: vectors and scores of different names are never compared."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes for which vectors and scores mean something."""
        ...

    def embed(
        self, texts: Sequence[str], role: Role = "passage", cancel: threading.Event | None = None
    ) -> list[array[float]]:
        """One L2-normalized vector (``array('f')``) a text; a question's is near those of passages that answer it."""
        ...

    def read(self, question: str, passages: Sequence[str], cancel: threading.Event | None = None) -> list[float]:
        """Log-odds (nats) that each passage answers ``question``, in order; "none of them" has 0."""
        ...

"""What is known of a (question, sentence) pair, as numbers: the input of ranking and of the answerability signal."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from itertools import pairwise
from operator import mul

from slimlm.retrieval.answer_types import has_type
from slimlm.retrieval.index import TermIndex
from slimlm.retrieval.question import Question
from slimlm.retrieval.thesaurus import WEIGHT as SYNONYM_WEIGHT
from slimlm.retrieval.thesaurus import synonyms


@dataclass(frozen=True, slots=True)
class PairFeatures:
    """Each between about 0 and 1. Coverage is weighted by how rare a term is in the document."""

    coverage: float  # share of the question's terms that the sentence holds
    coverage_around: float  # ... or its headings or neighbours
    coverage_heading: float  # ... its headings alone
    bm25: float  # relative to the best sentence of the document
    dense: float  # cosine of question and sentence
    dense_rank: float  # cosine relative to the best of the document: 1 is the best itself
    typed: float  # 1 when the kind of answer asked for is there; 0.5 when any kind fits
    pairs: float  # share of the question's neighbouring terms that are neighbours here too
    heading: float  # 1 for a heading itself
    row: float  # 1 for a table row
    brief: float  # 1 for very short sentences, falling to 0 at 20 words

    def as_tuple(self) -> tuple[float, ...]:
        return astuple(self)


# Cosines of e5 lie between 0.7 and 1: a passage 0.03 behind the best is far behind.
DENSE_SCALE = 30.0
FEATURE_NAMES = tuple(field.name for field in fields(PairFeatures))


def cosine(a: array[float], b: array[float]) -> float:
    """Of unit vectors: their dot product."""
    return float(sum(map(mul, a, b)))


class QuestionView:
    """A question seen against one document: term weights computed once for all its candidates."""

    def __init__(self, question: Question, index: TermIndex) -> None:
        self.question = question
        self._index = index
        unique = list(dict.fromkeys(question.terms))
        raw = {term: index.idf(term) for term in unique}
        total = sum(raw.values()) or 1.0
        self.weights = {term: value / total for term, value in raw.items()}
        self._pairs = set(pairwise(question.terms))

    @property
    def missing(self) -> float:
        """Weight of the question's terms that occur nowhere in the document, not even as a synonym."""
        return sum(
            weight
            for term, weight in self.weights.items()
            if not self._index.occurs(term) and not any(map(self._index.occurs, synonyms(term)))
        )

    def features(self, i: int, bm25: float, best_bm25: float, dense: float | None, best_dense: float) -> PairFeatures:
        """``i``: index of the sentence. ``dense``: cosine, or None without a reader."""
        sentence, own = self._index.sentences[i], self._index.sets[i]
        around = own | self._index.headings(i) | self._index.neighbours(i)
        listed = self._index.terms[i]
        here = set(pairwise(listed)) if self._pairs else set()
        kind = self.question.expects
        return PairFeatures(
            coverage=self._covered(own),
            coverage_around=self._covered(around),
            coverage_heading=self._covered(self._index.headings(i)),
            bm25=bm25 / best_bm25 if best_bm25 > 0 else 0.0,
            dense=dense or 0.0,
            dense_rank=math.exp(-DENSE_SCALE * max(best_dense - dense, 0.0)) if dense is not None else 0.0,
            typed=0.5 if kind is None else float(has_type(sentence.text, kind)),
            pairs=len(self._pairs & here) / len(self._pairs) if self._pairs else 0.0,
            heading=float(sentence.kind in ("title", "heading")),
            row=float(sentence.kind == "table_row"),
            brief=max(0.0, 1 - len(listed) / 20),
        )

    def _covered(self, terms: frozenset[str]) -> float:
        return sum(weight * self.meets(term, terms) for term, weight in self.weights.items())

    def meets(self, term: str, terms: frozenset[str]) -> float:
        """1 when ``terms`` hold the question's term, less when they hold a synonym, else 0."""
        if term in terms:
            return 1.0
        return SYNONYM_WEIGHT if synonyms(term) & terms else 0.0


def linear(weights: Sequence[float], values: Sequence[float]) -> float:
    return float(sum(map(mul, weights, values)))

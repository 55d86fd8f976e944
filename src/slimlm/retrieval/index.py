"""The words of one document, counted: which sentences hold which terms. BM25 over sentences with their surroundings."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from slimlm.retrieval.records import Sentence
from slimlm.retrieval.thesaurus import WEIGHT as SYNONYM_WEIGHT
from slimlm.retrieval.thesaurus import synonyms
from slimlm.retrieval.words import terms

# Okapi BM25 (Robertson et al. 1994). Sentences differ less in length than documents do: a low b.
_K1, _B = 1.2, 0.3
# A term in a sentence's headings or in its neighbours counts for part of one in the sentence itself.
HEADING_WEIGHT, NEIGHBOUR_WEIGHT = 0.45, 0.2


class TermIndex:
    """Built once for a document (about 1 s for half a million words); searched in milliseconds."""

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self.sentences = sentences
        self.terms: list[tuple[str, ...]] = [tuple(terms(s.text)) for s in sentences]
        self.sets: list[frozenset[str]] = [frozenset(t) for t in self.terms]
        self._heading_sets: dict[tuple[str, ...], frozenset[str]] = {}
        self._postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for i, found in enumerate(self.terms):
            for term, count in Counter(found).items():
                self._postings[term].append((i, count))
        self._mean_length = sum(map(len, self.terms)) / len(self.terms) if self.terms else 1.0
        self._by_heading: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for i, sentence in enumerate(sentences):
            if sentence.headings:
                self._by_heading[sentence.headings].append(i)

    def idf(self, term: str) -> float:
        """Rarity of a term in this document, over 0; highest for terms that do not occur at all."""
        n, df = len(self.sentences), len(self._postings.get(term, ()))
        return math.log(1 + (n - df + 0.5) / (df + 0.5))

    def occurs(self, term: str) -> bool:
        return term in self._postings

    def headings(self, index: int) -> frozenset[str]:
        """Terms of the headings around sentence ``index``."""
        titles = self.sentences[index].headings
        if titles not in self._heading_sets:
            self._heading_sets[titles] = frozenset(t for title in titles for t in terms(title))
        return self._heading_sets[titles]

    def neighbours(self, index: int) -> frozenset[str]:
        """Terms of the sentences before and after, in the same block or the one beside it."""
        found: set[str] = set()
        for other in (index - 1, index + 1):
            if 0 <= other < len(self.sentences):
                near = abs(self.sentences[other].block - self.sentences[index].block) <= 1
                found |= self.sets[other] if near else frozenset()
        return frozenset(found)

    def bm25(self, query: Iterable[str]) -> dict[int, float]:
        """Scores of every sentence that shares a term with ``query``, itself or through headings and neighbours."""
        scores: dict[int, float] = defaultdict(float)
        wanted = dict.fromkeys(query, 1.0)
        for term in list(wanted):
            for synonym in synonyms(term):
                wanted.setdefault(synonym, SYNONYM_WEIGHT)
        for term, weight in wanted.items():
            idf = self.idf(term) * weight
            for i, count in self._postings.get(term, ()):
                length = _K1 * (1 - _B + _B * len(self.terms[i]) / self._mean_length)
                gain = idf * count * (_K1 + 1) / (count + length)
                scores[i] += gain
                for other in (i - 1, i + 1):
                    if 0 <= other < len(self.sentences) and term not in self.sets[other]:
                        scores[other] += NEIGHBOUR_WEIGHT * idf
            for members in self._by_heading.values():
                if term in self.headings(members[0]):
                    for i in members:
                        scores[i] += HEADING_WEIGHT * idf
        return scores

"""Question -> the sentences that hold its answer, best first. Words and, when an embedder is there, meaning."""

from __future__ import annotations

import heapq
import json
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources

from slimlm.documents.records import Document
from slimlm.retrieval.features import FEATURE_NAMES, PairFeatures, QuestionView, cosine, linear
from slimlm.retrieval.index import TermIndex
from slimlm.retrieval.question import Question
from slimlm.retrieval.records import Embedder, Hit, Reranker, Sentence
from slimlm.retrieval.sentences import split_sentences

# Sentences that are embedded when a document is opened. A longer document embeds, per question, only the best
# candidates by words: 3,000 sentences are about 60 pages.
EAGER_SENTENCES = 3000
LAZY_CANDIDATES = 120
# A best sentence this far ahead is right 9 times in 10: it is not read again (a question in plain words of the text).
CLEAR_MARGIN = 1.0
RERANKED = 4  # read by the chat model, where there is one: about 60 tokens each, a quarter of a second each
CANDIDATES = 60  # by words, and as many by meaning: these get all the features


@dataclass(frozen=True, slots=True)
class Weights:
    """Learned by ``recipes/fit_ranking.py`` on open question sets; one number a feature of ``PairFeatures``."""

    with_dense: tuple[float, ...]
    without_dense: tuple[float, ...]
    told: float = 0.0  # of ``Found.told``, added for the best few


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """The shipped weights; order and names are checked against the features of this version."""
    data = json.loads(resources.files("slimlm.retrieval").joinpath("ranking.json").read_text("utf-8"))
    assert tuple(data["features"]) == FEATURE_NAMES, "ranking.json was fitted for other features"
    return Weights(tuple(data["with_dense"]), tuple(data["without_dense"]), float(data["told"]))


@dataclass(frozen=True, slots=True)
class Found:
    """A hit with everything known about it, for the answerability signal.

    ``told``: how much likelier the question is after this passage than after none, in nats a token; None where no
    reranker has read it.
    """

    hit: Hit
    features: PairFeatures
    told: float | None = None


class SearchIndex:
    """One document, searchable. Words at once; meaning after ``embed`` (or lazily, for long documents)."""

    def __init__(
        self, document: Document, embedder: Embedder | None = None, vectors: Sequence[array[float]] | None = None
    ) -> None:
        self.document = document
        self.sentences: tuple[Sentence, ...] = split_sentences(document)
        self.terms = TermIndex(self.sentences)
        self.embedder = embedder
        self.reranker: Reranker | None = None
        self._vectors: dict[int, array[float]] = dict(enumerate(vectors)) if vectors is not None else {}
        self.weights = load_weights()
        self._words: dict[str, array[float]] = {}
        self._read: dict[str, dict[int, float]] = {}  # question -> sentence -> what the reranker said

    @property
    def vectors(self) -> dict[int, array[float]]:
        """Sentence index -> vector, as far as they are known."""
        return self._vectors

    def attach(self, embedder: Embedder, vectors: Mapping[int, array[float]]) -> None:
        """Give an index that was built from words alone its embedder, and vectors known from before."""
        self.embedder = embedder
        self._vectors.update(vectors)

    def pending(self) -> list[int]:
        """Sentences that ``embed`` still has to embed; none for documents that are embedded lazily."""
        if self.embedder is None or len(self.sentences) > EAGER_SENTENCES:
            return []
        return [s.index for s in self.sentences if s.index not in self._vectors]

    def embed(self, indices: Sequence[int]) -> None:
        """Embed these sentences now. Callers pass slices of ``pending()`` so that they can show progress and stop."""
        if self.embedder is None or not indices:
            return
        vectors = self.embedder.embed([self.passage(i) for i in indices])
        self._vectors.update(zip(indices, vectors, strict=True))

    def passage(self, i: int) -> str:
        """A sentence as it is embedded: short ones take the nearest heading along, which says what they are about."""
        sentence = self.sentences[i]
        if sentence.headings and (len(sentence.text) < 200 or sentence.kind in ("table_row", "list_item")):
            return f"{sentence.headings[-1]}: {sentence.text}"
        return sentence.text

    def search(self, question: Question, limit: int = 10, *, read: bool = True) -> list[Found]:
        """The best ``limit`` sentences, best first; empty when nothing in the document relates to the question.

        ``read``: let the reranker read the best few, where there is one (about a second); False is at once.
        """
        bm25 = self.terms.bm25(question.terms)
        dense = self._dense(question, bm25)
        candidates = set(heapq.nlargest(CANDIDATES, bm25, key=bm25.__getitem__))
        candidates |= set(heapq.nlargest(CANDIDATES, dense, key=dense.__getitem__))
        best_bm25 = max(bm25.values(), default=0.0)
        best_dense = max(dense.values(), default=0.0)
        view = QuestionView(question, self.terms)
        weights = self.weights.with_dense if dense else self.weights.without_dense
        found: list[Found] = []
        for i in candidates:
            features = view.features(i, bm25.get(i, 0.0), best_bm25, dense.get(i) if dense else None, best_dense)
            score = linear(weights, features.as_tuple())
            found.append(Found(Hit(self.sentences[i], score, features.bm25, features.dense), features))
        best = heapq.nlargest(max(limit, RERANKED), found, key=lambda f: (f.hit.score, -f.hit.sentence.index))
        return (self._rerank(question, best) if read else best)[:limit]

    def _rerank(self, question: Question, found: list[Found]) -> list[Found]:
        """Put the best few in the order of how well they explain the question, as the chat model sees it."""
        if self.reranker is None or question.language not in ("und", *self.reranker.languages) or len(found) < 2:
            return found
        if found[0].hit.score - found[1].hit.score >= CLEAR_MARGIN:
            return found
        head, tail = found[:RERANKED], found[RERANKED:]
        told = self._told(question.text, [f.hit.sentence.index for f in head])
        judged = [
            Found(replace(f.hit, score=f.hit.score + self.weights.told * value), f.features, value)
            for f, value in zip(head, told, strict=True)
        ]
        judged.sort(key=lambda f: -f.hit.score)
        return judged + tail

    def _told(self, question: str, indices: Sequence[int]) -> list[float]:
        """What each sentence tells of the question; read once, though search is asked again (suggested, then asked)."""
        assert self.reranker is not None
        known = self._read.setdefault(question, {})
        new = [i for i in indices if i not in known]
        if new:
            prior = self.reranker.prior(question)
            scores = self.reranker.score([self.passage(i) for i in new], question)
            known.update((i, score - prior) for i, score in zip(new, scores, strict=True))
        return [known[i] for i in indices]

    def word_vectors(self, wanted: Sequence[str]) -> dict[str, array[float]]:
        """Vectors of single words, each computed once; empty without an embedder."""
        if self.embedder is None:
            return {}
        new = [word for word in dict.fromkeys(wanted) if word not in self._words]
        if new:
            self._words.update(zip(new, self.embedder.embed(new), strict=True))
        return {word: self._words[word] for word in wanted}

    def view(self, question: Question) -> QuestionView:
        return QuestionView(question, self.terms)

    def _dense(self, question: Question, bm25: dict[int, float]) -> dict[int, float]:
        if self.embedder is None or not self.sentences:
            return {}
        if len(self.sentences) > EAGER_SENTENCES:
            wanted = heapq.nlargest(LAZY_CANDIDATES, bm25, key=bm25.__getitem__)
            self.embed([i for i in wanted if i not in self._vectors])
        else:
            self.embed(self.pending())
        query = self.embedder.embed([question.text])[0]
        return {i: cosine(query, vector) for i, vector in self._vectors.items()}

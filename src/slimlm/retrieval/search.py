"""Question -> the sentences that hold its answer, best first. By words; with a reading model also by meaning.

First all sentences are ranked by words (BM25, coverage, kinds of answers) and by the similarity of vectors. Then the
reading model reads the best few beside the question and says how likely each one answers it: that decides.
"""

from __future__ import annotations

import heapq
import json
import threading
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources

from slimlm.documents.records import Document
from slimlm.retrieval.features import FEATURE_NAMES, PairFeatures, QuestionView, cosine, linear
from slimlm.retrieval.index import TermIndex
from slimlm.retrieval.question import Question
from slimlm.retrieval.records import Hit, Reader, Sentence
from slimlm.retrieval.sentences import refers_back, split_sentences

# Sentences that are embedded when a document is opened. A longer document embeds, per question, only the best
# candidates by words: 1,500 sentences are about 40 pages.
EAGER_SENTENCES = 1500
LAZY_CANDIDATES = 120
CANDIDATES = 60  # by words, and as many by meaning: these get all the features
READ = 16  # of these, the best are read: 98 of 100 times the right one is among them (docs/log.md)
# Characters of a passage beside the sentence itself, which must come through whole: the reading model takes about 600.
HEADING_CHARS, LEAD_CHARS = 80, 100
_MAX_LEAD_DISTANCE = 40  # list items between an item and the line that introduces its list


@dataclass(frozen=True, slots=True)
class Weights:
    """Learned by ``recipes/fit_ranking.py``; one number a feature of ``PairFeatures``."""

    with_reader: tuple[float, ...]
    without_reader: tuple[float, ...]
    blend: float = 0.0  # what the first ranking counts beside what the reader says


@lru_cache(maxsize=1)
def load_weights() -> Weights:
    """The shipped weights; order and names are checked against the features of this version."""
    data = json.loads(resources.files("slimlm.retrieval").joinpath("ranking.json").read_text("utf-8"))
    assert tuple(data["features"]) == FEATURE_NAMES, "ranking.json was fitted for other features"
    return Weights(tuple(data["with_reader"]), tuple(data["without_reader"]), float(data["blend"]))


@dataclass(frozen=True, slots=True)
class Found:
    """A hit with everything known about it, for the answerability signal.

    ``read``: log-odds that it answers the question, as the reading model says; None where it was not read.
    """

    hit: Hit
    features: PairFeatures
    read: float | None = None


class SearchIndex:
    """One document, searchable. Words at once; meaning after ``embed`` (or lazily, for long documents)."""

    def __init__(
        self, document: Document, reader: Reader | None = None, vectors: Sequence[array[float]] | None = None
    ) -> None:
        self.document = document
        self.sentences: tuple[Sentence, ...] = split_sentences(document)
        self.terms = TermIndex(self.sentences)
        self.reader = reader
        self._vectors: dict[int, array[float]] = dict(enumerate(vectors)) if vectors is not None else {}
        self.weights = load_weights()
        self._read: dict[str, dict[int, float]] = {}  # question -> sentence -> what the reader said

    @property
    def vectors(self) -> dict[int, array[float]]:
        """Sentence index -> vector, as far as they are known."""
        return self._vectors

    def attach(self, reader: Reader, vectors: Mapping[int, array[float]]) -> None:
        """Give an index that was built from words alone its reading model, and vectors known from before."""
        self.reader = reader
        self._vectors.update(vectors)

    def pending(self) -> list[int]:
        """Sentences that ``embed`` still has to embed; none for documents that are embedded lazily."""
        if self.reader is None or len(self.sentences) > EAGER_SENTENCES:
            return []
        return [s.index for s in self.sentences if s.index not in self._vectors]

    def embed(self, indices: Sequence[int], cancel: threading.Event | None = None) -> None:
        """Embed these sentences now. Callers pass slices of ``pending()`` so that they can show progress and stop."""
        if self.reader is None or not indices:
            return
        vectors = self.reader.embed([self.passage(i) for i in indices], "passage", cancel)
        self._vectors.update(zip(indices, vectors, strict=True))

    def passage(self, i: int) -> str:
        """A sentence as the reading model sees it: with its heading, and with what it cannot be understood without.

        The model was trained on exactly this form (``lab/reader/examples.py``).
        """
        sentence = self.sentences[i]
        heading = [" ".join(sentence.headings[-1].split())[:HEADING_CHARS] + ":"] if sentence.headings else []
        lead = [text if len(text) <= LEAD_CHARS else "…" + text[-LEAD_CHARS:] for text in self._lead(sentence)]
        return " ".join([*heading, *lead, sentence.text])

    def _lead(self, sentence: Sentence) -> list[str]:
        """The line that introduces the list of a list item; the sentence before one that only refers back."""
        if sentence.kind == "list_item":
            j = sentence.index
            while j > 0 and self.sentences[j].kind == "list_item" and sentence.index - j < _MAX_LEAD_DISTANCE:
                j -= 1
            lead = self.sentences[j]
            introduces = lead.kind not in ("list_item", "heading", "title") and lead.text.rstrip().endswith((":", "："))
            return [lead.text] if introduces else []
        before = self.sentences[sentence.index - 1] if sentence.index else None
        if before is not None and before.block == sentence.block and refers_back(sentence.text):
            return [before.text]
        return []

    def search(
        self, question: Question, limit: int = 10, *, read: bool = True, cancel: threading.Event | None = None
    ) -> list[Found]:
        """The best ``limit`` sentences, best first; empty when nothing in the document relates to the question.

        ``read``: let the reading model read the best few, where there is one (a part of a second); False is at once.
        Raises ``CancelledError``.
        """
        bm25 = self.terms.bm25(question.terms)
        dense = self._dense(question, bm25, cancel)
        candidates = set(heapq.nlargest(CANDIDATES, bm25, key=bm25.__getitem__))
        candidates |= set(heapq.nlargest(CANDIDATES, dense, key=dense.__getitem__))
        best_bm25 = max(bm25.values(), default=0.0)
        best_dense = max(dense.values(), default=0.0)
        view = QuestionView(question, self.terms)
        weights = self.weights.with_reader if dense else self.weights.without_reader
        found: list[Found] = []
        for i in candidates:
            features = view.features(i, bm25.get(i, 0.0), best_bm25, dense.get(i) if dense else None, best_dense)
            score = linear(weights, features.as_tuple())
            found.append(Found(Hit(self.sentences[i], score, features.bm25, features.dense), features))
        best = heapq.nlargest(max(limit, READ), found, key=lambda f: (f.hit.score, -f.hit.sentence.index))
        return (self._reread(question, best, cancel) if read and self.reader is not None else best)[:limit]

    def _reread(self, question: Question, found: list[Found], cancel: threading.Event | None) -> list[Found]:
        """Put the best few in the order of what the reading model says; the others follow as they were."""
        head, tail = found[:READ], found[READ:]
        odds = self._odds(question.text, [f.hit.sentence.index for f in head], cancel)
        blend = self.weights.blend
        judged = [
            Found(replace(f.hit, score=value + blend * f.hit.score), f.features, value)
            for f, value in zip(head, odds, strict=True)
        ]
        judged.sort(key=lambda f: -f.hit.score)
        if not tail:
            return judged
        shift = min(judged[-1].hit.score - tail[0].hit.score, 0.0)
        return judged + [replace(f, hit=replace(f.hit, score=f.hit.score + shift)) for f in tail]

    def _odds(self, question: str, indices: Sequence[int], cancel: threading.Event | None) -> list[float]:
        """What the reader says of each sentence; read once, though search is asked again (suggested, then asked)."""
        assert self.reader is not None
        known = self._read.setdefault(question, {})
        new = [i for i in indices if i not in known]
        if new:
            known.update(zip(new, self.reader.read(question, [self.passage(i) for i in new], cancel), strict=True))
        return [known[i] for i in indices]

    def view(self, question: Question) -> QuestionView:
        return QuestionView(question, self.terms)

    def _dense(self, question: Question, bm25: dict[int, float], cancel: threading.Event | None) -> dict[int, float]:
        if self.reader is None or not self.sentences:
            return {}
        if len(self.sentences) > EAGER_SENTENCES:
            wanted = heapq.nlargest(LAZY_CANDIDATES, bm25, key=bm25.__getitem__)
            self.embed([i for i in wanted if i not in self._vectors], cancel)
        else:
            self.embed(self.pending(), cancel)
        query = self.reader.embed([question.text], "query", cancel)[0]
        return {i: cosine(query, vector) for i, vector in self._vectors.items()}

"""Which sentences say most of what a document says: key sentences without a model, in well under a second.

A sentence scores by how much of the document's own vocabulary it carries (centrality), where it stands, and whether it
states something (figures, names) rather than refers to something. Sections share the places so that every part of the
document is heard, and sentences that repeat each other are taken once (maximal marginal relevance).
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from slimlm.retrieval.index import TermIndex
from slimlm.retrieval.records import Sentence

_REFERS = re.compile(
    r"^(?:this|that|these|those|it|they|he|she|such|however|therefore|also|but|and|in addition|see)\b", re.I
)
_STATES = re.compile(r"\d|[€$£¥%]")
_BOILERPLATE = re.compile(
    r"^(?:page \d|copyright|©|all rights reserved|table of contents|contents$|figure \d|fig\. \d)", re.I
)
_SIGNATURE = re.compile(
    r"^(?:signed|signature|yours (?:sincerely|faithfully)|kind regards|best regards|dear\b|sincerely)", re.I
)

_STOPS = frozenset('.!?;:"”’)]»。！？」؟')


@dataclass(frozen=True, slots=True)
class KeySentence:
    sentence: Sentence
    score: float


def key_sentences(index: TermIndex, limit: int, within: Sequence[int] | None = None) -> list[KeySentence]:
    """The ``limit`` most telling sentences in document order. ``within``: only these sentence indices."""
    pool = [i for i in (range(len(index.sentences)) if within is None else within) if _eligible(index, i)]
    if not pool:
        pool = [i for i in (range(len(index.sentences)) if within is None else within) if index.terms[i]]
    scores = _scores(index, pool)
    chosen = _diverse(index, scores, limit)
    return [KeySentence(index.sentences[i], scores[i]) for i in sorted(chosen)]


def _eligible(index: TermIndex, i: int) -> bool:
    sentence = index.sentences[i]
    if sentence.kind in ("title", "heading", "code", "footnote") or len(index.terms[i]) < 4:
        return False
    text = sentence.text
    letters = sum(c.isalpha() for c in text)
    return letters > 0.5 * len(text) and not _BOILERPLATE.match(text) and not _SIGNATURE.match(text)


def _scores(index: TermIndex, pool: Sequence[int]) -> dict[int, float]:
    frequency = Counter(t for i in pool for t in index.sets[i])
    total = len(pool) or 1
    # The document's own vocabulary: frequent enough to be its subject, weighted down when it is everywhere.
    weight = {t: math.log1p(n) * math.log(1 + total / n) for t, n in frequency.items() if n > 1 and len(t) > 1}
    norm = math.sqrt(sum(w * w for w in weight.values())) or 1.0
    scores: dict[int, float] = {}
    for rank, i in enumerate(pool):
        sentence, terms = index.sentences[i], index.sets[i]
        central = sum(weight.get(t, 0.0) for t in terms) / (norm * math.sqrt(len(terms)))
        length = len(index.terms[i])
        whole = sentence.kind == "table_row" or sentence.text.rstrip()[-1:] in _STOPS
        opens = rank == 0 and length >= 8 and whole
        shape = 1.0 if 8 <= length <= 30 or opens else 0.75
        # The first sentence mostly says what the document is: who, with whom, about what.
        early = 2.2 if opens else 1.0 + 0.6 * math.exp(-rank / max(3.0, total / 12))
        first = 1.15 if i == 0 or index.sentences[i - 1].kind in ("title", "heading") else 1.0
        states = 1.12 if _STATES.search(sentence.text) else 1.0
        refers = 0.5 if _REFERS.match(sentence.text) else 1.0
        kind = {"table_row": 0.5, "list_item": 0.85, "caption": 0.6}.get(sentence.kind, 1.0)
        ends = 0.7 if sentence.text.rstrip().endswith((":", "?", "：", "？")) else 1.0
        stop = 1.0 if whole else 0.55  # an address or a caption says little
        scores[i] = stop * central * shape * early * first * states * refers * kind * ends
    return scores


def _diverse(index: TermIndex, scores: dict[int, float], limit: int) -> list[int]:
    """Greedy choice: each step the best of what is left after what is already said has been taken off."""
    left = dict(heapq.nlargest(max(60, 8 * limit), scores.items(), key=lambda item: item[1]))
    heard: Counter[tuple[str, ...]] = Counter()
    chosen: list[int] = []
    while left and len(chosen) < limit:
        best = max(left, key=lambda i: left[i] * 0.82 ** heard[index.sentences[i].headings])
        chosen.append(best)
        heard[index.sentences[best].headings] += 1
        del left[best]
        for i in left:
            left[i] *= 1 - 0.8 * _overlap(index.sets[i], index.sets[best])
    return chosen


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    return len(a & b) / min(len(a), len(b)) if a and b else 0.0

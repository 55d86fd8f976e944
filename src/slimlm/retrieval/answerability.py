"""Does the best passage really answer the question? A calibrated probability from several weak signals.

Questions that only borrow a document's vocabulary ("look-alikes") score as high in search as real ones; what gives
them away is a hole: a content word of the question, a number or a name, that nothing near the passage corresponds to,
or an answer of the wrong kind. Weights are learned (``recipes/fit_ranking.py``); nothing here knows a document.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from importlib import resources

from slimlm.retrieval.features import cosine, linear
from slimlm.retrieval.question import read_question
from slimlm.retrieval.search import Found, SearchIndex
from slimlm.retrieval.vocabulary import STOP_WORDS
from slimlm.retrieval.words import fold, words


@dataclass(frozen=True, slots=True)
class AnswerabilityFeatures:
    coverage: float  # of the best passage, see PairFeatures
    coverage_around: float
    dense: float
    dense_square: float  # lets the curve bend: very high similarity says little more
    typed: float
    pairs: float
    missing: float  # weight of the question's terms that occur nowhere in the document
    number_missing: float  # 1 when the question names a figure that the document does not hold
    name_missing: float  # share of capitalized names of the question that the document does not hold
    hole: float  # weight of the heaviest term that neither the passage nor its surroundings hold
    soft_coverage: float  # coverage where near-synonyms count for as much as they are similar
    soft_hole: float  # the heaviest hole that no word of the passage comes near to
    margin: float  # how far the best passage is ahead of the third
    contrast: float  # similarity of the best passage above the mean of the candidates
    alien: float  # how far the strangest content word of the question is from every word of the best five passages
    alien_mean: float  # the same, mean over the words that the passages lack
    expected_missing: float  # 1 when the kind of answer asked for is in none of the best three passages
    told: float  # what the best passage tells of the question, as the chat model reads it; 0 without a reranker
    has_told: float
    has_dense: float

    def as_tuple(self) -> tuple[float, ...]:
        return astuple(self)


FEATURE_NAMES = tuple(field.name for field in fields(AnswerabilityFeatures))


@dataclass(frozen=True, slots=True)
class Model:
    """Logistic regression; the threshold is set where the share of wrongly refused questions is acceptable."""

    with_dense: tuple[float, ...]
    bias_with_dense: float
    threshold_with_dense: float
    without_dense: tuple[float, ...]
    bias_without_dense: float
    threshold_without_dense: float


@lru_cache(maxsize=1)
def load_model() -> Model:
    data = json.loads(resources.files("slimlm.retrieval").joinpath("answerability.json").read_text("utf-8"))
    assert tuple(data["features"]) == FEATURE_NAMES, "answerability.json was fitted for other features"
    on, off = data["with_dense"], data["without_dense"]
    return Model(
        tuple(on["weights"]), on["bias"], on["threshold"], tuple(off["weights"]), off["bias"], off["threshold"]
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    answerable: bool
    probability: float


def judge(index: SearchIndex, question_text: str, found: Sequence[Found]) -> Verdict:
    """``found``: what ``index.search`` gave for this question, best first."""
    if not found:
        return Verdict(False, 0.0)
    features = answerability_features(index, question_text, found)
    model = load_model()
    dense = features.has_dense > 0
    weights, bias = (
        (model.with_dense, model.bias_with_dense) if dense else (model.without_dense, model.bias_without_dense)
    )
    probability = 1 / (1 + math.exp(-(linear(weights, features.as_tuple()) + bias)))
    threshold = model.threshold_with_dense if dense else model.threshold_without_dense
    return Verdict(probability >= threshold, probability)


def answerability_features(index: SearchIndex, question_text: str, found: Sequence[Found]) -> AnswerabilityFeatures:
    view = index.view(read_question(question_text))
    best = found[0]
    i = best.hit.sentence.index
    around = index.terms.sets[i] | index.terms.headings(i) | index.terms.neighbours(i)
    holes = {t: w * (1 - view.meets(t, around)) for t, w in view.weights.items() if t not in around}
    similar = _similar(index, question_text, i, holes)
    soft = {t: w * (1 - similar.get(t, 0.0)) for t, w in holes.items()}
    content = frozenset(view.question.terms)
    strange = _strangeness(index, question_text, content, [f.hit.sentence.index for f in found[:5]])
    numbers = [w.terms[0] for w in words(question_text) if w.is_number]
    names = _names(question_text)
    pair = best.features
    third = found[2].hit.score if len(found) > 2 else 0.0
    return AnswerabilityFeatures(
        coverage=pair.coverage,
        coverage_around=pair.coverage_around,
        dense=pair.dense,
        dense_square=pair.dense * pair.dense,
        typed=pair.typed,
        pairs=pair.pairs,
        missing=view.missing,
        number_missing=float(any(not index.terms.occurs(n) for n in numbers)),
        name_missing=sum(not index.terms.occurs(n) for n in names) / len(names) if names else 0.0,
        hole=max(holes.values(), default=0.0),
        soft_coverage=1.0 - sum(soft.values()),
        soft_hole=max(soft.values(), default=0.0),
        margin=best.hit.score - third,
        contrast=pair.dense - sum(f.features.dense for f in found) / len(found),
        alien=max(strange, default=0.0),
        alien_mean=sum(strange) / len(strange) if strange else 0.0,
        expected_missing=float(all(f.features.typed == 0.0 for f in found[:3])),
        told=best.told or 0.0,
        has_told=float(best.told is not None),
        has_dense=pair.has_dense,
    )


def _names(text: str) -> list[str]:
    """Terms of capitalized words that do not begin the question."""
    return [w.terms[0] for w in words(text) if w.start > 0 and w.text[:1].isupper() and fold(w.text) not in STOP_WORDS]


def _strangeness(
    index: SearchIndex, question_text: str, content: frozenset[str], passages: Sequence[int]
) -> list[float]:
    """For each content word of the question that the passages lack: 0 when a word there means the same, up to 1.

    ``content``: the question's content terms; words that only ask are no strangers.
    """
    here: set[str] = set()
    terms_here: set[str] = set()
    for i in passages:
        text = " ".join([*index.sentences[i].headings[-1:], index.sentences[i].text])
        for word in words(text):
            terms_here.update(word.terms)
            if not word.is_number and fold(word.text) not in STOP_WORDS:
                here.add(word.text.lower())
    asked = [
        w.text.lower()
        for w in words(question_text)
        if not w.is_number
        and fold(w.text) not in STOP_WORDS
        and not set(w.terms) & terms_here
        and w.terms[0] in content
    ]
    vectors = index.word_vectors([*asked, *sorted(here)]) if asked else {}
    if not vectors:
        return []
    return [1.0 - max((cosine(vectors[w], vectors[o]) for o in here), default=0.0) for w in asked]


def _similar(index: SearchIndex, question_text: str, i: int, holes: dict[str, float]) -> dict[str, float]:
    """For each hole, how near the nearest word of the passage and its headings comes (0 to 1, rescaled cosine)."""
    if index.embedder is None or not holes:
        return {}
    asked = {t: w.text.lower() for w in words(question_text) for t in w.terms if t in holes}
    near = [index.sentences[j] for j in (i - 1, i, i + 1) if 0 <= j < len(index.sentences)]
    text = " ".join([*index.sentences[i].headings[-1:], *(s.text for s in near)])
    here = sorted({w.text.lower() for w in words(text) if not w.is_number and fold(w.text) not in STOP_WORDS})[:80]
    vectors = index.word_vectors([*asked.values(), *here])
    found: dict[str, float] = {}
    for term, word in asked.items():
        best = max((cosine(vectors[word], vectors[other]) for other in here), default=0.0)
        # Unrelated words score about 0.25 with MiniLM, near-synonyms about 0.6 and more.
        found[term] = min(max((best - 0.25) / 0.5, 0.0), 1.0)
    return found

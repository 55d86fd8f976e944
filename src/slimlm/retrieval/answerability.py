"""Does the best passage really answer the question? A calibrated probability from several signals.

Questions that only borrow a document's vocabulary ("look-alikes") score as high in search as real ones. What tells them
apart is the reading model, which was trained on such questions; beside it, and alone where there is none, stand signals
of words: a content word, number or name of the question that nothing near the passage corresponds to, or an answer of
the wrong kind. Weights are learned (``recipes/fit_ranking.py``); nothing here knows a document.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from functools import lru_cache
from importlib import resources

from slimlm.retrieval.features import linear
from slimlm.retrieval.question import Question
from slimlm.retrieval.search import Found, SearchIndex
from slimlm.retrieval.vocabulary import STOP_WORDS
from slimlm.retrieval.words import fold, words


@dataclass(frozen=True, slots=True)
class AnswerabilityFeatures:
    read: float  # log-odds that one of the passages read answers; 0 without a reading model
    ahead: float  # how much of that is due to the best passage: log-odds of the best against the others
    coverage: float  # of the best passage, see PairFeatures
    coverage_around: float
    typed: float
    pairs: float
    missing: float  # weight of the question's terms that occur nowhere in the document
    number_missing: float  # 1 when the question names a figure that the document does not hold
    name_missing: float  # share of capitalized names of the question that the document does not hold
    hole: float  # weight of the heaviest term that neither the passage nor its surroundings hold
    expected_missing: float  # 1 when the kind of answer asked for is in none of the best three passages

    def as_tuple(self) -> tuple[float, ...]:
        return astuple(self)


FEATURE_NAMES = tuple(field.name for field in fields(AnswerabilityFeatures))


@dataclass(frozen=True, slots=True)
class Model:
    """Logistic regression; the threshold is set where the share of wrongly refused questions is acceptable."""

    weights: tuple[float, ...]
    bias: float
    threshold: float


@lru_cache(maxsize=2)
def load_model(name: str) -> Model:
    """``name``: with_reader or without_reader."""
    data = json.loads(resources.files("slimlm.retrieval").joinpath("answerability.json").read_text("utf-8"))
    assert tuple(data["features"]) == FEATURE_NAMES, "answerability.json was fitted for other features"
    return Model(tuple(data[name]["weights"]), data[name]["bias"], data[name]["threshold"])


@dataclass(frozen=True, slots=True)
class Verdict:
    answerable: bool
    probability: float


def judge(index: SearchIndex, question: Question, found: Sequence[Found]) -> Verdict:
    """``found``: what ``index.search`` gave for this question, best first."""
    if not found:
        return Verdict(False, 0.0)
    model = load_model("without_reader" if found[0].read is None else "with_reader")
    features = answerability_features(index, question, found)
    probability = 1 / (1 + math.exp(-(linear(model.weights, features.as_tuple()) + model.bias)))
    return Verdict(probability >= model.threshold, probability)


def answerability_features(index: SearchIndex, question: Question, found: Sequence[Found]) -> AnswerabilityFeatures:
    view = index.view(question)
    best = found[0]
    i = best.hit.sentence.index
    around = index.terms.sets[i] | index.terms.headings(i) | index.terms.neighbours(i)
    holes = [w * (1 - view.meets(t, around)) for t, w in view.weights.items() if t not in around]
    numbers = [w.terms[0] for w in words(question.text) if w.is_number]
    names = _names(question.text)
    odds = [f.read for f in found if f.read is not None]
    pair = best.features
    return AnswerabilityFeatures(
        read=_log_sum_exp(odds) if odds else 0.0,
        ahead=odds[0] - _log_sum_exp(odds[1:]) if len(odds) > 1 else 0.0,
        coverage=pair.coverage,
        coverage_around=pair.coverage_around,
        typed=pair.typed,
        pairs=pair.pairs,
        missing=view.missing,
        number_missing=float(any(not index.terms.occurs(n) for n in numbers)),
        name_missing=sum(not index.terms.occurs(n) for n in names) / len(names) if names else 0.0,
        hole=max(holes, default=0.0),
        expected_missing=float(all(f.features.typed == 0.0 for f in found[:3])),
    )


def _log_sum_exp(values: Sequence[float]) -> float:
    largest = max(values)
    return largest + math.log(sum(math.exp(v - largest) for v in values))


def _names(text: str) -> list[str]:
    """Terms of capitalized words that do not begin the question."""
    return [w.terms[0] for w in words(text) if w.start > 0 and w.text[:1].isupper() and fold(w.text) not in STOP_WORDS]

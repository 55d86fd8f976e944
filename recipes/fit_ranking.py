"""Learn the weights of ranking and of the answerability signal from the suite's development split.

    python recipes/fit_ranking.py --cache /tmp/fit-cache

Writes ``ranking.json`` and ``answerability.json`` of ``slimlm.retrieval`` and prints what cross-validation over
documents says of them. The test split is never read. About ten minutes on two idle cores with an empty cache.

Weights learned on Wikipedia-like question sets were worse here (docs/log.md): their questions repeat the text's words.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
import sys
import tempfile
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/quality")]

from measure import settings_in  # noqa: E402

from slimlm.assistant.models import start_embedder, start_reranker  # noqa: E402
from slimlm.documents import read_document  # noqa: E402
from slimlm.evaluation.questions import SuiteQuestion, holds_evidence, load_questions  # noqa: E402
from slimlm.retrieval import answerability, features  # noqa: E402
from slimlm.retrieval.answerability import answerability_features  # noqa: E402
from slimlm.retrieval.question import read_question  # noqa: E402
from slimlm.retrieval.records import Embedder, Reranker  # noqa: E402
from slimlm.retrieval.search import RERANKED, SearchIndex, Weights  # noqa: E402

PACKAGE = ROOT / "src/slimlm/retrieval"
SUITE = ROOT / "tests/quality"
FOLDS = 10
Array = NDArray[np.float64]


class CachedEmbedder:
    """Each text is embedded once, also over several runs."""

    def __init__(self, inner: Embedder, known: dict[str, array[float]]) -> None:
        self._inner, self.known = inner, known
        self.name, self.languages = inner.name, inner.languages

    def embed(self, texts: Sequence[str]) -> list[array[float]]:
        new = [t for t in dict.fromkeys(texts) if t not in self.known]
        if new:
            self.known.update(zip(new, self._inner.embed(new), strict=True))
        return [self.known[t] for t in texts]


class CachedReranker:
    """Each (passage, question) is read once, also over several runs."""

    def __init__(self, inner: Reranker, known: dict[tuple[str, str], float]) -> None:
        self._inner, self.known = inner, known
        self.name, self.languages = inner.name, inner.languages

    def score(self, passages: Sequence[str], question: str, cancel: object = None) -> list[float]:
        new = [p for p in dict.fromkeys(passages) if (p, question) not in self.known]
        for passage, score in zip(new, self._inner.score(new, question) if new else [], strict=True):
            self.known[passage, question] = score
        return [self.known[p, question] for p in passages]

    def prior(self, question: str) -> float:
        if ("", question) not in self.known:
            self.known["", question] = self._inner.prior(question)
        return self.known["", question]


@dataclass
class Item:
    """A question, its candidates' features (rows) and which of them are right."""

    question: SuiteQuestion
    index: SearchIndex
    ids: list[int]
    rows: Array
    right: NDArray[np.bool_]
    told: Array  # NaN where the reranker does not know the language


def items_of(questions: Sequence[SuiteQuestion], indices: dict[str, SearchIndex], n: int) -> list[Item]:
    made: list[Item] = []
    for q in questions:
        index = indices[q.document]
        found = index.search(read_question(q.question), n)
        if not found:
            continue
        right = [q.answerable and holds_evidence([f.hit.sentence.text], q) for f in found]
        told = [np.nan if f.told is None else f.told for f in found]
        rows = np.array([f.features.as_tuple() for f in found], dtype=float)
        made.append(Item(q, index, [f.hit.sentence.index for f in found], rows, np.array(right), np.array(told)))
    return made


def fit_ranking(items: Sequence[Item], l2: float = 1e-2) -> Array:
    """Listwise softmax: the right sentences should get the probability among the candidates (Adam, 400 steps)."""
    usable = [e for e in items if e.right.any()]
    w = np.zeros(len(features.FEATURE_NAMES))
    m, v = np.zeros_like(w), np.zeros_like(w)
    for step in range(1, 401):
        gradient = -l2 * w
        for e in usable:
            p = _softmax(e.rows @ w)
            gradient += ((p * e.right / (p * e.right).sum()) - p) @ e.rows / len(usable)
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        w = w + 0.1 * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    return w


def _softmax(x: Array) -> Array:
    e = np.exp(x - x.max())
    return np.asarray(e / e.sum())


def hits(items: Sequence[Item], w: Array, k: int, beta: float = 0.0) -> list[bool]:
    """Is a right sentence among the first k? ``beta``: weight of what the reranker says, for the best few."""
    found = []
    for e in items:
        scores = e.rows @ w
        order = np.argsort(-scores)
        head = order[:RERANKED]
        if beta and not np.isnan(e.told[head]).all():
            told = np.where(np.isnan(e.told[head]), np.nanmin(e.told[head]), e.told[head])
            head = head[np.argsort(-(scores[head] + beta * told))]
        found.append(bool(e.right[head[:k]].any()))
    return found


def fit_logistic(x: Array, y: Array, l2: float = 0.1) -> tuple[Array, float]:
    """Newton's method on standardized features, weights returned for the raw ones; both classes weigh the same."""
    mean, scale = x.mean(0), np.where(x.std(0) > 1e-9, x.std(0), 1.0)
    z = np.hstack([(x - mean) / scale, np.ones((len(x), 1))])
    weight = np.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    w = np.zeros(z.shape[1])
    penalty = l2 * len(x) * np.eye(len(w))
    penalty[-1, -1] = 0
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ w))
        h = (z * (weight * p * (1 - p))[:, None]).T @ z + penalty
        w = w + np.linalg.solve(h, z.T @ (weight * (y - p)) - penalty @ w)
    raw = w[:-1] / scale
    return raw, float(w[-1] - (mean / scale) @ w[:-1])


def folds(items: Sequence[Item]) -> list[set[str]]:
    documents = sorted({e.question.document for e in items})
    random.Random(0).shuffle(documents)
    return [set(documents[i::FOLDS]) for i in range(FOLDS)]


def cross_validate_ranking(items: Sequence[Item], betas: Sequence[float]) -> None:
    single = [e for e in items if e.question.answerable and e.question.scope == "single"]
    for beta in betas:
        right: dict[tuple[str, int], list[bool]] = {}
        for held in folds(single):
            w = fit_ranking([e for e in single if e.question.document not in held])
            for kind in ("literal", "paraphrase"):
                test = [e for e in single if e.question.document in held and e.question.kind == kind]
                for k in (1, 3):
                    right.setdefault((kind, k), []).extend(hits(test, w, k, beta))
        print(f"  reranker weight {beta}: " + ", ".join(f"{k} top-{n} {np.mean(v):.3f}" for (k, n), v in right.items()))


def fit_answerability(items: Sequence[Item], wrong_refusals: float) -> dict[str, Any]:
    used = [e for e in items if e.question.scope == "single" or not e.question.answerable]
    found = [e.index.search(read_question(e.question.question), 12) for e in used]
    used, found = [e for e, f in zip(used, found, strict=True) if f], [f for f in found if f]
    x = np.array(
        [answerability_features(e.index, e.question.question, f).as_tuple() for e, f in zip(used, found, strict=True)]
    )
    y = np.array([float(e.question.answerable) for e in used])
    kinds = np.array([e.question.kind for e in used])
    held_out = np.zeros(len(y))
    for held in folds(used):
        mask = np.array([e.question.document in held for e in used])
        w, b = fit_logistic(x[~mask], y[~mask])
        held_out[mask] = 1 / (1 + np.exp(-(x[mask] @ w + b)))
    threshold = float(np.quantile(held_out[y > 0], wrong_refusals))
    shares = {k: round(float((held_out[kinds == k] < threshold).mean()), 3) for k in sorted(set(kinds))}
    print(f"  refused at {wrong_refusals:.0%} wrong refusals (cross-validated): {shares}")
    w, b = fit_logistic(x, y)
    return {"weights": [round(float(v), 4) for v in w], "bias": round(b, 4), "threshold": round(threshold, 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, help="file that keeps vectors and likelihoods between runs")
    parser.add_argument("--beta", type=float, default=3.0, help="weight of the reranker, chosen by cross-validation")
    parser.add_argument("--wrong-refusals", type=float, default=0.1, help="share of answerable questions given up")
    args = parser.parse_args()
    known: tuple[dict[str, array[float]], dict[tuple[str, str], float]] = ({}, {})
    if args.cache and args.cache.exists():
        known = pickle.loads(args.cache.read_bytes())
    questions = load_questions(SUITE / "questions/dev.jsonl")
    documents = {name: read_document(SUITE / "corpus/dev" / name) for name in sorted({q.document for q in questions})}
    ranked: dict[str, Any] = {"features": features.FEATURE_NAMES}
    judged: dict[str, Any] = {"features": answerability.FEATURE_NAMES}
    with tempfile.TemporaryDirectory() as home:
        settings = settings_in(Path(home))
        embedder, reranker = start_embedder(settings), start_reranker(settings)
        assert embedder is not None
        assert reranker is not None
        for name in ("without_dense", "with_dense"):
            print(name)
            dense = CachedEmbedder(embedder, known[0]) if name == "with_dense" else None
            indices = {d: SearchIndex(document, dense) for d, document in documents.items()}
            single = [e for e in items_of(questions, indices, 60) if e.question.scope == "single"]
            w = fit_ranking(single)
            for index in indices.values():
                index.weights = Weights(tuple(map(float, w)), tuple(map(float, w)), args.beta)
                index.reranker = CachedReranker(reranker, known[1]) if dense else None
            if dense:
                cross_validate_ranking(items_of(questions, indices, 60), (0.0, 1.0, 2.0, 3.0, 4.0))
            ranked[name] = [round(float(v), 4) for v in w]
            judged[name] = fit_answerability(items_of(questions, indices, 60), args.wrong_refusals)
            if args.cache:
                args.cache.write_bytes(pickle.dumps(known))
    ranked["told"] = args.beta
    (PACKAGE / "ranking.json").write_text(json.dumps(ranked, indent=1) + "\n")
    (PACKAGE / "answerability.json").write_text(json.dumps(judged, indent=1) + "\n")


if __name__ == "__main__":
    main()

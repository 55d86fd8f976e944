"""Learn the weights of ranking and of the answerability signal from the suite's development split.

    python recipes/fit_ranking.py --cache /tmp/fit-cache

Writes ``ranking.json`` and ``answerability.json`` of ``slimlm.retrieval`` and prints what cross-validation over
documents says of them. The test split is never read. A few minutes on two idle cores with an empty cache.

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

from slimlm.assistant.models import start_reader  # noqa: E402
from slimlm.documents import read_document  # noqa: E402
from slimlm.evaluation.questions import SuiteQuestion, holds_evidence, load_questions  # noqa: E402
from slimlm.retrieval import answerability, features  # noqa: E402
from slimlm.retrieval.answerability import answerability_features  # noqa: E402
from slimlm.retrieval.question import read_question  # noqa: E402
from slimlm.retrieval.records import Reader, Role  # noqa: E402
from slimlm.retrieval.search import READ, SearchIndex, Weights  # noqa: E402

PACKAGE = ROOT / "src/slimlm/retrieval"
SUITE = ROOT / "tests/quality"
FOLDS = 10
Array = NDArray[np.float64]


class CachedReader:
    """Each text is embedded, and each (question, passage) read, once: also over several runs."""

    def __init__(self, inner: Reader, known: dict[Any, Any]) -> None:
        self._inner, self.known = inner, known.setdefault(inner.name, {})
        self.name, self.languages = inner.name, inner.languages

    def embed(self, texts: Sequence[str], role: Role = "passage", cancel: object = None) -> list[array[float]]:
        new = [t for t in dict.fromkeys(texts) if (role, t) not in self.known]
        for text, vector in zip(new, self._inner.embed(new, role) if new else [], strict=True):
            self.known[role, text] = vector
        return [self.known[role, t] for t in texts]

    def read(self, question: str, passages: Sequence[str], cancel: object = None) -> list[float]:
        new = [p for p in dict.fromkeys(passages) if (0, question, p) not in self.known]
        for passage, odds in zip(new, self._inner.read(question, new) if new else [], strict=True):
            self.known[0, question, passage] = odds
        return [self.known[0, question, p] for p in passages]


@dataclass
class Item:
    """A question, its candidates' features (rows) and which of them are right."""

    question: SuiteQuestion
    index: SearchIndex
    rows: Array
    right: NDArray[np.bool_]


def items_of(questions: Sequence[SuiteQuestion], indices: dict[str, SearchIndex], n: int) -> list[Item]:
    made: list[Item] = []
    for q in questions:
        index = indices[q.document]
        found = index.search(read_question(q.question), n, read=False)
        if found:
            right = [q.answerable and holds_evidence([f.hit.sentence.text], q) for f in found]
            rows = np.array([f.features.as_tuple() for f in found], dtype=float)
            made.append(Item(q, index, rows, np.array(right)))
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


def rank_of(items: Sequence[Item]) -> dict[str, int]:
    """Question -> the place of its right sentence in the first ranking (a large number: not found), cross-validated."""
    found: dict[str, int] = {}
    for held in folds(items):
        w = fit_ranking([e for e in items if e.question.document not in held])
        for e in items:
            if e.question.document in held:
                order = np.argsort(-(e.rows @ w))
                found[e.question.id] = int(np.argmax(e.right[order])) if e.right.any() else 10_000
    return found


def report_ranks(title: str, items: Sequence[Item], ranks: dict[str, int]) -> None:
    for kind in ("literal", "paraphrase"):
        places = np.array([ranks[e.question.id] for e in items if e.question.kind == kind])
        shares = {f"top-{k}": round(float((places < k).mean()), 3) for k in (1, 3, READ)}
        print(f"  {title}, {kind} ({len(places)}): {shares}")


def read_ranks(items: Sequence[Item]) -> dict[str, int]:
    """The same after the reading model has read the best."""
    found: dict[str, int] = {}
    for e in items:
        hits = e.index.search(read_question(e.question.question), READ)
        right = [holds_evidence([f.hit.sentence.text], e.question) for f in hits]
        found[e.question.id] = right.index(True) if any(right) else 10_000
    return found


def fit_answerability(items: Sequence[Item], wrong_refusals: float) -> dict[str, Any]:
    used = [e for e in items if e.question.scope == "single" or not e.question.answerable]
    rows = []
    for e in used:
        question = read_question(e.question.question)
        rows.append(answerability_features(e.index, question, e.index.search(question, READ)).as_tuple())
    x, y = np.array(rows), np.array([float(e.question.answerable) for e in used])
    kinds = np.array([e.question.kind for e in used])
    held_out = np.zeros(len(y))
    for held in folds(used):
        mask = np.array([e.question.document in held for e in used])
        w, b = fit_logistic(x[~mask], y[~mask])
        held_out[mask] = 1 / (1 + np.exp(-(x[mask] @ w + b)))
    for share in sorted({0.05, 0.08, 0.1, wrong_refusals}):
        threshold = float(np.quantile(held_out[y > 0], share))
        shares = {str(k): round(float((held_out[kinds == k] < threshold).mean()), 3) for k in sorted(set(kinds))}
        print(f"  refused at {share:.0%} wrong refusals (cross-validated): {shares}")
    threshold = float(np.quantile(held_out[y > 0], wrong_refusals))
    w, b = fit_logistic(x, y)
    return {"weights": [round(float(v), 4) for v in w], "bias": round(b, 4), "threshold": round(threshold, 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, help="file that keeps vectors and scores between runs")
    parser.add_argument("--blend", type=float, default=0.4, help="weight of the first ranking beside the reading model")
    parser.add_argument("--wrong-refusals", type=float, default=0.08, help="share of answerable questions given up")
    args = parser.parse_args()
    known: dict[Any, Any] = pickle.loads(args.cache.read_bytes()) if args.cache and args.cache.exists() else {}
    questions = load_questions(SUITE / "questions/dev.jsonl")
    documents = {name: read_document(SUITE / "corpus/dev" / name) for name in sorted({q.document for q in questions})}
    ranked: dict[str, Any] = {"features": features.FEATURE_NAMES}
    judged: dict[str, Any] = {"features": answerability.FEATURE_NAMES}
    with tempfile.TemporaryDirectory() as home:
        reader = start_reader(settings_in(Path(home)))
        assert reader is not None
        for name in ("without_reader", "with_reader"):
            print(name)
            cached = CachedReader(reader, known) if name == "with_reader" else None
            indices = {d: SearchIndex(document, cached) for d, document in documents.items()}
            single = [
                e for e in items_of(questions, indices, 60) if e.question.answerable and e.question.scope == "single"
            ]
            report_ranks("first ranking (cross-validated)", single, rank_of(single))
            w = tuple(map(float, fit_ranking(single)))
            for blend in sorted({0.0, 0.1, 0.2, 0.3, 0.5, args.blend}) if cached else ():
                for index in indices.values():
                    index.weights = Weights(w, w, blend)
                report_ranks(f"read, blend {blend}", single, read_ranks(single))
            for index in indices.values():
                index.weights = Weights(w, w, args.blend)
            ranked[name] = [round(float(v), 4) for v in w]
            judged[name] = fit_answerability(items_of(questions, indices, 60), args.wrong_refusals)
            if args.cache:
                args.cache.write_bytes(pickle.dumps(known))
    ranked["blend"] = args.blend
    (PACKAGE / "ranking.json").write_text(json.dumps(ranked, indent=1) + "\n")
    (PACKAGE / "answerability.json").write_text(json.dumps(judged, indent=1) + "\n")


if __name__ == "__main__":
    main()
